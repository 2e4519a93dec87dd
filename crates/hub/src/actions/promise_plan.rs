//! Plans that a sender may hold the hub to. `POST /v1/plans` answers what would be decided and an id; whoever hands the document in with
//! that id has it accepted only while the same would be decided, and else hears what is different.
//!
//! Nothing is stored for it. The id holds what was decided, for which document and until when, sealed with the company's key: no other
//! company can open it, and nobody can make one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::money::Amount;
use kvitt_domain::plan::{Plan, RouteName, Standing, Verdict};
use kvitt_domain::recipient::Metadata;
use serde::{Deserialize, Serialize};

use crate::actions::accept_invoice::{HandedIn, Readable};
use crate::actions::plan_invoice::plan_for;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::vault::{Purpose, sha256};

/// What every id begins with.
const PREFIX: &str = "plan_";
/// The longest id: six routes need a tenth of it.
const LONGEST: usize = 4_000;
/// How long a plan may be demanded: time for a person to look at a batch.
const LASTS: SignedDuration = SignedDuration::from_hours(1);

/// What was decided, of which document, and until when it may be demanded.
#[derive(Debug, Serialize, Deserialize)]
struct Promise {
    /// What was planned for.
    document: String,
    /// Business time, Unix milliseconds.
    expires_at: i64,
    ladder: Vec<Step>,
}

/// A route of the ladder: what of it makes a difference to the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    route: RouteName,
    standing: Standing,
    /// Minor units and currency.
    price: Option<(i64, String)>,
}

/// The id of a plan for a document, and until when it may be demanded.
pub fn promise(company: &Company, handed: &HandedIn, metadata: &Metadata, plan: &Plan) -> Result<(String, Timestamp)> {
    let expires_at = plan.made_at + LASTS;
    let promise = Promise { document: digest(handed, metadata), expires_at: expires_at.as_millisecond(), ladder: ladder(plan) };
    let sealed = company.key.seal_compressed_json(Purpose::PlanPromise, "", &promise)?;
    Ok((format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed)), expires_at))
}

/// Refuses a document whose plan is not the one that its sender demands.
///
/// # Errors
/// `plan.unknown`, `plan.expired`, `plan.other_document`, or `plan.changed` with every difference.
pub async fn hold(hub: &Hub, company: &Company, handed: &HandedIn, readable: &Readable, id: &str) -> Result<()> {
    let refused = |code| Error::refused(Fault::fatal(code).at("plan_id"));
    let sealed = id.strip_prefix(PREFIX).filter(|_| id.len() <= LONGEST).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let opened = sealed.and_then(|sealed| company.key.open_compressed_json::<Promise>(Purpose::PlanPromise, "", &sealed).ok());
    let promise = opened.ok_or_else(|| refused(codes::PLAN_UNKNOWN))?;
    if hub.clock().business_ms() >= promise.expires_at {
        return Err(refused(codes::PLAN_EXPIRED));
    }
    if promise.document != digest(handed, &readable.metadata) {
        return Err(refused(codes::PLAN_OTHER_DOCUMENT));
    }
    let now = ladder(&plan_for(hub, Some(company), readable).await?);
    match now == promise.ladder {
        true => Ok(()),
        false => Err(Error::Refused(differences(&promise.ladder, &now))),
    }
}

/// What makes it the same document: its bytes and what is said beside them, but for the sender's own id and the plan that is demanded.
fn digest(handed: &HandedIn, metadata: &Metadata) -> String {
    let said = Metadata { uuid: None, plan_id: None, ..metadata.clone() };
    let identity = said.recipient_identity.clone().unwrap_or_default();
    let said = serde_json::to_string(&said).unwrap_or_default();
    sha256([sha256(&handed.bytes), sha256(said.as_bytes()), sha256(identity.as_bytes())].concat().as_bytes())
}

fn ladder(plan: &Plan) -> Vec<Step> {
    let step = |rung: &kvitt_domain::plan::Rung| {
        let price = match &rung.verdict {
            Verdict::Open { price, .. } | Verdict::NeedsLookup { price, .. } => *price,
            Verdict::Closed { .. } => None,
        };
        let price = price.map(|price: Amount| (price.minor(), price.currency().code().to_owned()));
        Step { route: rung.route.clone(), standing: rung.standing, price }
    };
    plan.rungs.iter().map(step).collect()
}

/// The routes that would be tried, then each route that is another.
fn differences(before: &[Step], after: &[Step]) -> Vec<Fault> {
    let usable = |steps: &[Step]| {
        let open = steps.iter().filter(|step| matches!(step.standing, Standing::Chosen | Standing::InReserve));
        let names: Vec<&str> = open.map(|step| step.route.as_str()).collect();
        if names.is_empty() { "–".to_owned() } else { names.join(", ") }
    };
    let mut faults =
        vec![Fault::fatal(codes::PLAN_CHANGED).at("plan_id").with("before", usable(before)).with("after", usable(after))];
    let price = |step: &Step| match &step.price {
        Some((minor, currency)) => format!("{}.{:02} {currency}", minor / 100, minor.abs() % 100),
        None => "–".to_owned(),
    };
    for step in after {
        let Some(known) = before.iter().find(|known| known.route == step.route) else { continue };
        if known.standing != step.standing {
            let fault = Fault::fatal(codes::PLAN_ROUTE_CHANGED).at("plan_id").with("route", &step.route);
            faults.push(fault.with("other_standing", standing(known)).with("standing", standing(step)));
        }
        if known.price != step.price {
            let fault = Fault::fatal(codes::PLAN_PRICE_CHANGED).at("plan_id").with("route", &step.route);
            faults.push(fault.with("before", price(known)).with("after", price(step)));
        }
    }
    faults
}

fn standing(step: &Step) -> &'static str {
    match step.standing {
        Standing::Chosen => "chosen",
        Standing::InReserve => "in_reserve",
        Standing::Skipped => "skipped",
        Standing::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_named() {
        let step = |route: &str, standing, minor: Option<i64>| Step {
            route: RouteName::new(route),
            standing,
            price: minor.map(|minor| (minor, "NOK".to_owned())),
        };
        let before = [step("email", Standing::Chosen, Some(100)), step("print", Standing::InReserve, Some(1590))];
        let after = [step("email", Standing::Skipped, None), step("print", Standing::Chosen, Some(1690))];
        let said: Vec<String> = differences(&before, &after)
            .iter()
            .map(|fault| {
                let values: Vec<String> = fault.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{} {}", fault.code, values.join(" "))
            })
            .collect();
        assert_eq!(
            said,
            [
                "plan.changed before=email, print after=print",
                "plan.route_changed route=email other_standing=chosen standing=skipped",
                "plan.price_changed route=email before=1.00 NOK after=–",
                "plan.route_changed route=print other_standing=in_reserve standing=chosen",
                "plan.price_changed route=print before=15.90 NOK after=16.90 NOK",
            ]
        );
    }
}
