//! The story of an invoice in words: what was done is read from [`explain`](crate::actions::explain), how it is said is here.

use kvitt_domain::collection::Proposal;
use kvitt_domain::delivery::{Purpose, State, Word};
use kvitt_domain::fault::Fault;
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::plan::{OrderFrom, Plan, Rung, Standing, Verdict};
use serde_json::Value;

use crate::actions::explain;
use crate::actions::show_payments::{MoneyStory, PaymentShown};
use crate::web::frame::{Badge, Html, Mood, icon};
use crate::web::invoices::route_title;
use crate::web::words::Words;

/// Something that a person can do: the button's value, its words, and what it means.
pub struct Act {
    pub what: &'static str,
    pub purpose: &'static str,
    pub text: String,
    pub meaning: String,
    pub is_main: bool,
}

/// What became of one delivery.
pub struct Course {
    pub state: Badge,
    pub since: String,
    pub order: String,
    pub rungs: Vec<RungShown>,
    pub cost: Option<String>,
    pub earlier: Vec<(String, Vec<RungShown>)>,
}

/// One route of the ladder.
pub struct RungShown {
    pub standing: Badge,
    pub icon: Html,
    pub class: &'static str,
    pub route: String,
    pub price: String,
    pub latest: String,
    /// What is wrong, what would change it, and its code.
    pub reasons: Vec<(String, String, String)>,
}

/// Something that happened.
pub struct Moment {
    pub at: String,
    pub mood: &'static str,
    pub icon: Html,
    pub text: String,
    pub detail: String,
    pub moved: Option<(String, String)>,
}

/// The money of the invoice.
pub struct Money {
    pub standing: Badge,
    pub left: String,
    pub payable: String,
    pub claim: Option<(String, String)>,
    pub payments: Vec<(String, String, String)>,
    pub credits: Vec<(String, String)>,
    pub proposal: Option<String>,
}

/// Where it stands, in one sentence.
pub fn sentence(story: &explain::Story, words: Words) -> String {
    let state = &story.bill.delivery.state;
    let route = state.route().map(|route| words.name("route", route.as_str())).unwrap_or_default();
    let since = words.time(story.bill.since);
    words.with(&format!("invoice.stands.{}", state.name()), &[("route", &route), ("since", &since)])
}

/// Why a delivery stands where it does, where that needs a reason: what is wrong, and what to do.
pub fn why(state: &State, words: Words) -> Vec<(String, String)> {
    let faults = match state {
        State::InDoubt { why, .. } | State::Waiting { why, .. } => std::slice::from_ref(why),
        State::Parked { why } => why.as_slice(),
        _ => &[],
    };
    faults.iter().map(|fault| words.fault(fault)).collect()
}

/// What a person can do with a delivery in a state.
pub fn acts(state: &State, purpose: Purpose, words: Words) -> Vec<Act> {
    let whats: &[&'static str] = match state {
        State::InDoubt { .. } => &["sent", "unsent", "repeat"],
        State::Parked { .. } => &["reopen", "cancel"],
        State::Choosing | State::Waiting { .. } | State::Queued { .. } => &["cancel"],
        state if state.may_be_called_back().is_some() => &["cancel"],
        _ => &[],
    };
    let act = |(index, what): (usize, &&'static str)| Act {
        what,
        purpose: purpose.name(),
        text: words.t(&format!("invoice.act.{what}")),
        meaning: words.t(&format!("invoice.act.{what}.meaning")),
        is_main: index == 0 && *what != "cancel",
    };
    whats.iter().enumerate().map(act).collect()
}

/// What a person could do about the money.
pub fn advice(story: &explain::Story, words: Words) -> Option<String> {
    story.money.as_ref().and_then(|money| proposal(&money.money.proposal, words))
}

fn proposal(proposal: &Proposal, words: Words) -> Option<String> {
    if *proposal == Proposal::Nothing {
        return None;
    }
    let amount = proposal.amount().map(|amount| words.money(amount)).unwrap_or_default();
    Some(words.0.text(&format!("proposal.{}", proposal.name()), &[("amount", &amount)]))
}

/// A delivery with its ladder.
pub fn course(course: &explain::Course, words: Words) -> Course {
    let last = course.plans.last();
    let tried = |route: &str| course.attempts.iter().rfind(|attempt| attempt.route == route);
    let of = |plan: &Plan, is_last: bool| -> Vec<RungShown> {
        plan.rungs
            .iter()
            .map(|one| {
                let word = if is_last { tried(one.route.as_str()).and_then(|attempt| attempt.word.as_ref()) } else { None };
                rung(one, word, words)
            })
            .collect()
    };
    let earlier = course.plans.iter().rev().skip(1);
    Course {
        state: crate::web::invoices::badge(course.delivery.state.name(), words),
        since: words.time(course.since),
        order: last.map(|plan| words.name("order_from", order_name(plan.order_from))).unwrap_or_default(),
        rungs: last.map(|plan| of(plan, true)).unwrap_or_default(),
        cost: last.and_then(|plan| cost(plan, words)),
        earlier: earlier.map(|plan| (words.time(plan.made_at), of(plan, false))).collect(),
    }
}

fn rung(rung: &Rung, word: Option<&Word>, words: Words) -> RungShown {
    let (mood, picture, class, key) = match rung.standing {
        Standing::Chosen => (Mood::Good, "check", "chosen", "chosen"),
        Standing::InReserve => (Mood::Going, "clock", "reserve", "in_reserve"),
        Standing::Skipped => (Mood::Quiet, "dash", "skipped", "skipped"),
        Standing::Failed => (Mood::Bad, "cross", "failed", "failed"),
    };
    let (latest, faults): (String, Vec<&Fault>) = match &rung.verdict {
        Verdict::Open { latest_send_at, warnings, .. } => {
            let latest = latest_send_at.map(|at| words.with("invoice.latest", &[("at", &words.time(at))]));
            (latest.unwrap_or_default(), warnings.iter().collect())
        }
        Verdict::Closed { reasons } => (String::new(), reasons.iter().collect()),
        Verdict::NeedsLookup { warnings, .. } => (words.t("invoice.needs_lookup"), warnings.iter().collect()),
    };
    let said = match word {
        Some(Word::Refused { why } | Word::TooLate { why } | Word::InDoubt { why } | Word::Returned { why }) => Some(why),
        _ => None,
    };
    let reason = |fault: &Fault| {
        let (sentence, remedy) = words.fault(fault);
        (sentence, remedy, fault.code.name().to_owned())
    };
    RungShown {
        standing: Badge::new(mood, words.title("standing", key)),
        icon: icon(picture),
        class,
        route: route_title(&rung.route, words),
        price: rung.price().map(|price| words.money(price)).unwrap_or_default(),
        latest,
        reasons: faults.into_iter().chain(said).map(reason).collect(),
    }
}

fn order_name(from: OrderFrom) -> &'static str {
    match from {
        OrderFrom::Document => "document",
        OrderFrom::Customer => "customer",
        OrderFrom::Company => "company",
        OrderFrom::Default => "default",
    }
}

fn cost(plan: &Plan, words: Words) -> Option<String> {
    let comparison = plan.comparison()?;
    let name = |route: &kvitt_domain::plan::RouteName| words.name("route", route.as_str());
    let key = match comparison.cheapest.route == comparison.chosen.route {
        true => "invoice.cheapest",
        false => "invoice.dearer",
    };
    let (route, saved) = (name(comparison.cheapest.route), words.money(comparison.saved));
    Some(words.with(key, &[("route", &route), ("saved", &saved)]))
}

/// The money of an invoice.
pub fn money(story: &MoneyStory, words: Words) -> Money {
    let money = &story.money;
    let payment = |of: &PaymentShown| {
        let fit = of.fit.as_deref().map(|fit| words.name("fit", fit)).unwrap_or_default();
        let flow = words.name("flow", of.payment.flow.name());
        (words.date(of.payment.booked_on), words.money(of.payment.net()), format!("{flow}, {fit}"))
    };
    Money {
        standing: crate::web::invoices::money_badge(money.standing.name(), words),
        left: words.money(money.left),
        payable: words.money(money.payable),
        claim: money.claim.of().map(|(_, due_on)| (words.name("claim_state", money.claim.name()), words.date(due_on))),
        payments: story.payments.iter().map(payment).collect(),
        credits: story.credits.iter().map(|(number, amount)| (number.clone(), words.money(*amount))).collect(),
        proposal: proposal(&money.proposal, words),
    }
}

/// An event as it is told.
pub fn moment(event: &Value, words: Words) -> Moment {
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    let (kind, from, to) = (field("kind"), field("from"), field("to"));
    let states = if field("machine") == "collection" { "collection" } else { "state" };
    let moved = (!from.is_empty() && from != to).then(|| (words.name(states, from), words.name(states, to)));
    let (mood, picture) = look(kind, to);
    Moment {
        at: event["at"].as_i64().map(|at| words.time_ms(at)).unwrap_or_default(),
        mood,
        icon: icon(picture),
        text: words.title("event", kind),
        detail: without_identity_numbers(&detail(&event["payload"], words)).into_owned(),
        moved,
    }
}

fn look(kind: &str, to: &str) -> (&'static str, &'static str) {
    let what = kind.split_once('.').map_or("", |(_, what)| what);
    match (what, to) {
        (_, "parked" | "in_doubt") | ("told" | "stuck", _) => ("needed", "hand"),
        ("said_refused" | "said_too_late" | "said_returned" | "reversed" | "claim_unpaid", _) => ("bad", "cross"),
        ("said_delivered" | "said_seen" | "said_handed_over" | "paid" | "debited" | "settled_as_sent", _) => ("good", "check"),
        ("cancelled" | "said_withdrawn" | "closed", _) => ("quiet", "dash"),
        _ => ("going", "clock"),
    }
}

/// What an event says beside its kind: the route, who did it, the counterparty's words, why.
fn detail(payload: &Value, words: Words) -> String {
    let mut parts = Vec::new();
    gather(payload, words, &mut parts);
    parts.dedup();
    parts.join(" · ")
}

fn gather(value: &Value, words: Words, parts: &mut Vec<String>) {
    if let Ok(fault) = serde_json::from_value::<Fault>(value.clone()) {
        parts.push(words.fault(&fault).0);
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("route", Value::String(route)) => parts.push(words.title("route", route)),
                    // A payment is named by its id, which says nothing to people.
                    ("by", Value::String(by)) if uuid::Uuid::parse_str(by).is_ok() => {}
                    ("by", Value::String(by)) => parts.push(words.with("invoice.by", &[("by", by)])),
                    ("receipt", Value::String(receipt)) if !receipt.is_empty() => parts.push(receipt.clone()),
                    ("role", Value::String(role)) => parts.push(words.title("role", role)),
                    ("tried" | "warnings", _) => {}
                    (_, Value::Object(_) | Value::Array(_)) => gather(value, words, parts),
                    _ => {}
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, words, parts)),
        _ => {}
    }
}
