//! The judge: what must be true after the world was healed, whatever happened before.

use std::collections::BTreeMap;

use kvitt_domain::delivery::{Delivery, Event, State};
use kvitt_domain::plan::{Rung, Verdict};
use kvitt_hub::actions::explain;
use kvitt_hub::hub::Hub;
use kvitt_hub::store::delivery;
use serde_json::Value;

use super::play::{Answer, Play};
use crate::documents::{COMPANIES, Document};

/// Judges where a run has come to rest and nobody has settled its doubts yet.
pub async fn before_settling(play: &Play, hub: &Hub) -> Vec<String> {
    let mut wrong = play.world().wrong.clone();
    wrong.extend(play.stuck(hub).await);
    wrong.extend(answers(play));
    for (id, at) in play.accepted() {
        let document = &play.documents[at];
        let company = hub.company(Some(document.company)).await.expect("a company of the template");
        let mut db = hub.db().read().await.expect("a connection");
        let stored = delivery::of_bill(&mut db, &company.id, &company.key, &id).await.expect("a delivery");
        drop(db);
        if let Err(why) = compare(&stored.delivery.state, &holders(play, document), Doubts::MayBe) {
            wrong.push(format!("{}: {why}", document.number));
        }
    }
    wrong
}

/// Judges a run whose doubts a person has settled. Answers how each accepted invoice ended: state and route, and why other routes
/// were closed. The error is everything that is wrong.
pub async fn after_settling(play: &Play, hub: &Hub) -> Result<Vec<(String, String)>, Vec<String>> {
    let mut wrong = play.world().wrong.clone();
    wrong.extend(play.stuck(hub).await);
    let mut ends = Vec::new();
    for (id, at) in play.accepted() {
        let document = &play.documents[at];
        match one(play, hub, document, &id).await {
            Ok(end) => ends.push(end),
            Err(why) => wrong.push(format!("{}: {why}", document.number)),
        }
    }
    for (number, _) in COMPANIES {
        let company = hub.company(Some(number)).await.expect("a company of the template");
        if let Err(broken) = explain::verify(hub, &company).await {
            wrong.push(format!("{number}: the chain of events: {broken}"));
        }
    }
    if wrong.is_empty() { Ok(ends) } else { Err(wrong) }
}

fn holders(play: &Play, document: &Document) -> Vec<String> {
    play.world().holders(document.company, &document.number).into_iter().map(str::to_owned).collect()
}

fn why_closed(rung: &Rung) -> Option<String> {
    let Verdict::Closed { reasons } = &rung.verdict else { return None };
    let codes: Vec<&str> = reasons.iter().map(|fault| fault.code.name()).collect();
    Some(format!("{} ({})", rung.route, codes.join(", ")))
}

/// The same document always has the same answer, and of two documents under one number one is refused.
fn answers(play: &Play) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut accepted: BTreeMap<(&str, &str), (&str, usize)> = BTreeMap::new();
    for (at, document) in play.documents.iter().enumerate() {
        match play.answers.get(&at) {
            None => wrong.push(format!("{}: nobody answered the hand-in", document.number)),
            Some(Answer::Refused(why)) if why.contains("number.duplicate") => {}
            Some(Answer::Refused(why)) => wrong.push(format!("{}: {why}", document.number)),
            Some(Answer::Accepted(id)) => {
                let known = accepted.entry((document.company, &document.number)).or_insert((id, at));
                if known.0 != id || play.documents[known.1].amount != document.amount {
                    wrong.push(format!("{}: accepted as two invoices", document.number));
                }
            }
        }
    }
    for document in &play.documents {
        if !accepted.contains_key(&(document.company, document.number.as_str())) {
            wrong.push(format!("{}: no document under this number was accepted", document.number));
        }
    }
    wrong
}

async fn one(play: &Play, hub: &Hub, document: &Document, id: &str) -> Result<(String, String), String> {
    let company = hub.company(Some(document.company)).await.map_err(|error| error.to_string())?;
    let story = explain::explain(hub, &company, id).await.map_err(|error| format!("explain: {error}"))?;
    let told = serde_json::to_string(&story).map_err(|error| error.to_string())?;
    if document.identity.as_ref().is_some_and(|identity| told.contains(identity)) {
        return Err("its story shows a fødselsnummer".to_owned());
    }
    let folded = fold(&story.events)?;
    if folded != story.bill.delivery {
        return Err(format!("its events say {folded:?}, its row {:?}", story.bill.delivery));
    }
    // A server that answers nonsense every time and takes nothing leaves nothing but doubts, however often a person settles them.
    let holders = holders(play, document);
    let is_hopeless = document.described.contains("garbles+") && holders.is_empty();
    compare(&story.bill.delivery.state, &holders, if is_hopeless { Doubts::MayBe } else { Doubts::Settled })?;
    let route = story.bill.delivery.state.route().map(|route| format!(" by {route}")).unwrap_or_default();
    let closed = story.bill.plans.last().map(|plan| plan.rungs.iter().filter_map(why_closed).collect::<Vec<_>>().join("; "));
    let end = format!("{}{route}", story.bill.delivery.state.name());
    Ok((end, format!("{}, closed: {}", document.number, closed.unwrap_or_default())))
}

/// The delivery as its events make it.
fn fold(events: &[Value]) -> Result<Delivery, String> {
    let mut delivery = Delivery::new();
    for told in events.iter().filter(|told| told["machine"] == "delivery") {
        let event: Event = serde_json::from_value(told["payload"]["event"].clone()).map_err(|error| error.to_string())?;
        delivery = delivery.apply(event).map_err(|refused| format!("event {}: {refused}", told["seq"]))?.0;
        if told["to"] != delivery.state.name() {
            return Err(format!("event {} says {}, and makes it {}", told["seq"], told["to"], delivery.state.name()));
        }
    }
    Ok(delivery)
}

/// Whether doubts may be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubts {
    MayBe,
    Settled,
}

/// What the hub says, beside who has it.
fn compare(state: &State, holders: &[String], doubts: Doubts) -> Result<(), String> {
    let counterparty = |route: &str| match route {
        "email" => "mail",
        "efaktura" => "mps",
        _ => "print",
    };
    let wrong = |why: &str| Err(format!("{} {why}; with {holders:?}", state.name()));
    match (state, holders) {
        (State::HandedOver { route, .. } | State::Delivered { route, .. } | State::Seen { route, .. }, [holder])
            if holder == counterparty(route.as_str()) =>
        {
            Ok(())
        }
        // Whoever saw a bill has seen it, also where the bank stopped it afterwards.
        (State::Seen { route, .. }, []) if route.as_str() == "efaktura" => Ok(()),
        (State::HandedOver { .. } | State::Delivered { .. } | State::Seen { .. }, _) => wrong("is not with whom it should be"),
        (State::Parked { .. } | State::Cancelled { .. }, []) => Ok(()),
        (State::Parked { .. } | State::Cancelled { .. }, _) => wrong("and somebody has it"),
        (State::InDoubt { .. }, _) if doubts == Doubts::Settled => wrong("after a person settled it"),
        // A mail server cannot be asked; a print shop that moves jobs away without a receipt neither.
        (State::InDoubt { route, .. }, [] | [_]) if matches!(route.as_str(), "email" | "print") => Ok(()),
        (State::InDoubt { .. }, _) => wrong("with a counterparty that can be asked"),
        (State::Choosing | State::Waiting { .. } | State::Queued { .. } | State::Sending { .. }, _) => wrong("does not get on"),
    }
}
