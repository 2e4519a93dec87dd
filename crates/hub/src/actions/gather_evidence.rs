//! Gathers what is known of one invoice into a bundle that holds offline: what was handed in, what was made of it, every decision with
//! its reasons, what was said to counterparties and what they answered, and every event with its place in the chain.
//!
//! Nothing secret leaves in it: passwords stand in no stored request, what might be a fødselsnummer is masked everywhere but in the files
//! that were handed in, and of a shipment that other recipients shared only the digest is told.

use jiff::Timestamp;
use kvitt_adapters::route::{ArtefactRole, Entry};
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::{Language, plan::Plan};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::AnyConnection;

use crate::actions::explain::{Course, Story, explain};
use crate::api::invoices::follow::PlanShown;
use crate::error::{Error, Result};
use crate::evidence::story::Events;
use crate::evidence::{self, EVENTS, FORMAT, KEYS, Manifest, Packed, Subject, Whose};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::invoice::{StoredInvoice, kind_name};
use crate::store::{artefact, consignment, event};
use crate::vault::sha256;

/// What is told to whoever opens a bundle and has never seen one.
const READ_ME: &str = "\
This is what Kvitt knows of one invoice.

  files/           the invoice as it was handed in, and what was made of it
  story.json       where it stands and how it came there, with its money
  plans.json       every decision about the route, with the reasons
  exchanges.json   what was said to counterparties and what they answered
  events.json      every event, with its place in the company's chain of events
  keys.json        the public key that signed
  manifest.json    every file with its SHA-256
  manifest.jws     the signature of manifest.json (RFC 7515, detached; Ed25519)

It is judged with: kvitt verify FILE --key KEY
where KEY is what the hub itself says under /v1/jwk. Without it the key is only the bundle's own word.
";

/// One entry of what was said and answered.
#[derive(Serialize)]
struct Said {
    attempt: String,
    route: String,
    consignment: String,
    number: i64,
    at: Timestamp,
    /// How many other recipients it was about too; what was said is then not told, only its digest.
    shared_with: usize,
    /// SHA-256 of the entry as it is told, or would be.
    sha256: String,
    entry: Option<Value>,
}

/// The bundle of an invoice.
pub async fn gather_evidence(hub: &Hub, company: &Company, stored: &StoredInvoice) -> Result<Vec<u8>> {
    let mut story = explain(hub, company, &stored.id).await?;
    let mut packed = files(hub, company, stored).await?;
    let mut db = hub.db().read().await?;
    packed.push(own("plans.json", "plans", &plans(&story))?);
    packed.push(own("exchanges.json", "exchanges", &exchanges(&mut db, company, &story).await?)?);
    let told = event::with_links(&mut db, &company.id, &company.key, &stored.id).await?;
    drop(db);
    // They stand in a file of their own, and a link is for the recipient alone.
    story.events.clear();
    story.files.iter_mut().for_each(|file| file.link = None);
    // What was said stands in the exchanges, where what others shared is left out.
    let courses = std::iter::once(&mut story.bill).chain(&mut story.notice);
    courses.flat_map(|course| &mut course.attempts).for_each(|tried| tried.log.clear());
    packed.push(own("story.json", "story", &masked(to_json(&story)?))?);
    let events = Events { company: company.id.clone(), events: told };
    packed.push(own(EVENTS, "events", &events)?);
    let signing = hub.signing().await?;
    packed.push(own(KEYS, "keys", &json!({ "keys": [signing.jwk()] }))?);
    packed.push(Packed {
        path: "READ-ME.txt".to_owned(),
        what: "read_me",
        name: String::new(),
        media_type: "text/plain; charset=utf-8".to_owned(),
        bytes: READ_ME.as_bytes().to_vec(),
    });
    let invoice = &stored.body.invoice;
    let subject = Subject {
        id: stored.id.clone(),
        kind: kind_name(invoice.kind).to_owned(),
        number: without_identity_numbers(&invoice.number).into_owned(),
        issued_on: invoice.issued_on.to_string(),
        accepted_at: story.invoice.accepted_at.to_string(),
    };
    let whose = Whose { id: company.id.clone(), org_number: company.org_number.clone(), name: company.name.clone() };
    let (made_at, span, signing) = (hub.clock().business().to_string(), events.span(), signing.clone());
    // Fifty megabytes take a while to digest.
    let written = tokio::task::spawn_blocking(move || {
        let files = packed.iter().map(Packed::listed).collect();
        let manifest = Manifest { format: FORMAT.to_owned(), made_at, company: whose, invoice: subject, events: span, files };
        evidence::write(&manifest, packed, signing.id(), |text| signing.sign_bytes(text))
    });
    written.await.map_err(|cause| Error::Damaged(format!("gathering evidence failed: {cause}")))?
}

/// The files of the invoice, as they are stored.
async fn files(hub: &Hub, company: &Company, stored: &StoredInvoice) -> Result<Vec<Packed>> {
    let mut db = hub.db().read().await?;
    let named = artefact::of_invoice(&mut db, &company.id, &stored.id, None).await?;
    let has_own_image = stored.body.invoice.own_image().is_some();
    let mut files = Vec::with_capacity(named.len());
    for (place, file) in (1..).zip(named) {
        // Names are the sender's: a path in an archive is ours.
        let (ending, what) = match file.role {
            ArtefactRole::Xml => ("xml", "received"),
            ArtefactRole::Pdf if has_own_image => ("pdf", "received"),
            ArtefactRole::Pdf => ("pdf", "rendition"),
            ArtefactRole::Attachment => ("bin", "received"),
        };
        let bytes = artefact::read(&mut db, hub.objects(), &company.id, &company.key, &file.digest).await?;
        let path = format!("files/{place}.{ending}");
        files.push(Packed { path, what, name: file.name, media_type: file.media_type, bytes });
    }
    Ok(files)
}

fn plans(story: &Story) -> Value {
    let of = |plans: &[Plan]| plans.iter().map(|plan| PlanShown::of(plan, Language::English)).collect::<Vec<_>>();
    json!({ "bill": of(&story.bill.plans), "notice": story.notice.as_ref().map(|notice| of(&notice.plans)) })
}

async fn exchanges(db: &mut AnyConnection, company: &Company, story: &Story) -> Result<Vec<Said>> {
    let mut said = Vec::new();
    let of_notice = story.notice.iter().flat_map(|notice: &Course| &notice.attempts);
    for tried in story.bill.attempts.iter().chain(of_notice) {
        let attempt = AttemptId(tried.id.parse().map_err(|_| Error::Damaged(format!("{} is no attempt's id", tried.id)))?);
        for id in consignment::of_attempt(db, &company.id, attempt).await? {
            let members = consignment::members(db, &company.id, &id).await?;
            let others = members.iter().filter(|member| **member != attempt).count();
            for stored in consignment::log(db, &company.id, &company.key, &id).await? {
                let (at, shared_with) = match &stored.entry {
                    Entry::Exchange(exchange) => (exchange.at, others),
                    Entry::LookedUp { at, .. } => (*at, others),
                    Entry::Arrived { attempt: concerned, at, .. }
                    | Entry::CallBack { attempt: concerned, at, .. }
                    | Entry::Settled { attempt: concerned, at, .. } => match *concerned == attempt {
                        true => (*at, 0),
                        // Of another recipient alone.
                        false => continue,
                    },
                };
                let entry = masked(to_json(&stored.entry)?);
                said.push(Said {
                    attempt: tried.id.clone(),
                    route: tried.route.clone(),
                    consignment: id.clone(),
                    number: stored.number,
                    at,
                    shared_with,
                    sha256: sha256(entry.to_string().as_bytes()),
                    entry: (shared_with == 0).then_some(entry),
                });
            }
        }
    }
    Ok(said)
}

fn to_json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|cause| Error::Damaged(format!("evidence has no JSON: {cause}")))
}

/// The same with what might be a fødselsnummer masked in every text and number of it.
fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_identity_numbers(&text).into_owned()),
        Value::Number(number) => {
            let text = number.to_string();
            let told = without_identity_numbers(&text);
            if told == text { Value::Number(number) } else { Value::String(told.into_owned()) }
        }
        Value::Array(items) => items.into_iter().map(masked).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, masked(value))).collect(),
        other => other,
    }
}

/// A file that the hub writes of itself.
fn own(path: &str, what: &'static str, value: &impl Serialize) -> Result<Packed> {
    let text = serde_json::to_string_pretty(value).map_err(|cause| Error::Damaged(format!("evidence has no JSON: {cause}")))?;
    let bytes = (text + "\n").into_bytes();
    Ok(Packed { path: path.to_owned(), what, name: String::new(), media_type: "application/json".to_owned(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_might_be_a_fodselsnummer_is_masked_wherever_it_stands() {
        let found = masked(json!({ "a": ["fnr 10915596784", 10_915_596_784_u64, 1_732_300_000_000_u64], "b": { "c": "Kari" } }));
        assert!(!found.to_string().contains("10915596784"), "{found}");
        assert_eq!((&found["a"][2], &found["b"]["c"]), (&json!(1_732_300_000_000_u64), &json!("Kari")));
    }
}
