//! The judge: what must be true after the world was healed, whatever happened before.

use std::collections::BTreeMap;

use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::delivery::{Delivery, Event, Purpose, State};
use kvitt_domain::plan::{Rung, Verdict};
use kvitt_hub::actions::explain::{self, Story};
use kvitt_hub::hub::Hub;
use kvitt_hub::store::delivery;
use serde_json::Value;

use super::actors::of_what;
use super::debits::account_of;
use super::money;
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
        for purpose in Purpose::ALL {
            let mut db = hub.db().read().await.expect("a connection");
            let found = delivery::of_invoice(&mut db, &company.id, &company.key, &id, purpose).await.expect("an answer");
            drop(db);
            let Some(stored) = found else { continue };
            if let Err(why) = compare(play, document, purpose, &stored.delivery.state, Doubts::MayBe) {
                wrong.push(format!("{}{}: {why}", document.number, of_what(purpose)));
            }
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
            Ok(ended) => ends.extend(ended),
            Err(why) => wrong.push(format!("{}: {why}", document.number)),
        }
    }
    wrong.extend(money::one_debit_each(play));
    wrong.extend(money::payments(play, hub).await);
    for (number, _) in COMPANIES {
        let company = hub.company(Some(number)).await.expect("a company of the template");
        if let Err(broken) = explain::verify(hub, &company).await {
            wrong.push(format!("{number}: the chain of events: {broken}"));
        }
    }
    if wrong.is_empty() { Ok(ends) } else { Err(wrong) }
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

/// Answers how one invoice ended, and its money.
async fn one(play: &Play, hub: &Hub, document: &Document, id: &str) -> Result<Vec<(String, String)>, String> {
    let company = hub.company(Some(document.company)).await.map_err(|error| error.to_string())?;
    let story = explain::explain(hub, &company, id).await.map_err(|error| format!("explain: {error}"))?;
    let told = serde_json::to_string(&story).map_err(|error| error.to_string())?;
    if document.identity.as_ref().is_some_and(|identity| told.contains(identity)) {
        return Err("its story shows a fødselsnummer".to_owned());
    }
    for (purpose, course) in [(Purpose::Bill, Some(&story.bill)), (Purpose::Notice, story.notice.as_ref())] {
        let Some(course) = course else { continue };
        let said = |why: String| format!("{why}{}", of_what(purpose));
        let folded = fold(&story.events, purpose).map_err(said)?;
        if folded != course.delivery {
            return Err(said(format!("its events say {folded:?}, its row {:?}", course.delivery)));
        }
        // A server that answers nonsense every time and takes nothing leaves nothing but doubts, however often a person settles them.
        let has_none = play.world().with(document.company, &document.number, purpose).is_empty();
        let is_hopeless = document.described.contains("garbles+") && has_none;
        let doubts = if is_hopeless { Doubts::MayBe } else { Doubts::Settled };
        compare(play, document, purpose, &course.delivery.state, doubts).map_err(said)?;
    }
    let mut ends = vec![end_of(&story)];
    if account_of(document).is_some() {
        ends.extend(money::judge(play, document, &story)?);
    }
    Ok(ends)
}

/// Tells what was said for every invoice, where somebody reads a run that went wrong.
pub async fn tell_all(play: &Play, hub: &Hub) {
    for (id, at) in play.accepted() {
        let company = hub.company(Some(play.documents[at].company)).await.expect("a company of the template");
        let Ok(story) = explain::explain(hub, &company, &id).await else { continue };
        for course in [Some(&story.bill), story.notice.as_ref()].into_iter().flatten() {
            eprintln!("{} is {:?}", story.invoice.number, course.delivery.state);
            for tried in &course.attempts {
                eprintln!("  by {}: {:?}", tried.route, tried.word);
                tried.log.iter().for_each(|line| eprintln!("    {}  {}  {}", line.at, line.said, line.answered));
            }
        }
        for told in &story.events {
            eprintln!("  {} {} {} {}", told["seq"], told["at"], told["kind"], told["payload"]);
        }
    }
}

/// State and route of a document, and why other routes were closed.
fn end_of(story: &Story) -> (String, String) {
    let (state, number) = (&story.bill.delivery.state, &story.invoice.number);
    let route = state.route().map(|route| format!(" by {route}")).unwrap_or_default();
    let closed = story.bill.plans.last().map(|plan| plan.rungs.iter().filter_map(why_closed).collect::<Vec<_>>().join("; "));
    (format!("{}{route}", state.name()), format!("{number}, closed: {}", closed.unwrap_or_default()))
}

/// The delivery as its events make it.
fn fold(events: &[Value], purpose: Purpose) -> Result<Delivery, String> {
    let machine = match purpose {
        Purpose::Bill => "delivery",
        Purpose::Notice => "notice",
    };
    let mut delivery = Delivery::new();
    for told in events.iter().filter(|told| told["machine"] == machine) {
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
fn compare(play: &Play, document: &Document, purpose: Purpose, state: &State, doubts: Doubts) -> Result<(), String> {
    let holders = play.world().with(document.company, &document.number, purpose);
    let way = account_of(document).map(|account| account.way);
    let counterparty = |route: &str| match route {
        "email" => "mail",
        "efaktura" => "mps",
        "avtalegiro" => "bank",
        _ => "print",
    };
    let route = state.route().map(|route| format!(" by {route}")).unwrap_or_default();
    let wrong = |why: &str| Err(format!("{}{route} {why}; with {holders:?}", state.name()));
    match (state, holders.as_slice()) {
        (State::HandedOver { route, .. } | State::Delivered { route, .. } | State::Seen { route, .. }, [holder])
            if holder == counterparty(route.as_str()) =>
        {
            Ok(())
        }
        // Whoever saw a bill has seen it, also where the bank stopped it afterwards.
        (State::Seen { route, .. }, []) if route.as_str() == "efaktura" => Ok(()),
        // What somebody else claims, or does not, nobody here hears.
        (State::HandedOver { route, .. }, []) if route.as_str() == "avtalegiro" && way == Some(ClaimWay::Elsewhere) => Ok(()),
        (State::HandedOver { .. } | State::Delivered { .. } | State::Seen { .. }, _) => wrong("is not with whom it should be"),
        (State::Parked { .. } | State::Cancelled { .. }, []) => Ok(()),
        (State::Parked { .. } | State::Cancelled { .. }, _) => wrong("and somebody has it"),
        (State::InDoubt { .. }, _) if doubts == Doubts::Settled => wrong("after a person settled it"),
        // A mail server cannot be asked; whoever moves files away without a receipt neither.
        (State::InDoubt { route, .. }, [] | [_]) if matches!(route.as_str(), "email" | "print") => Ok(()),
        (State::InDoubt { route, .. }, [] | [_]) if route.as_str() == "avtalegiro" && way == Some(ClaimWay::File) => Ok(()),
        (State::InDoubt { .. }, _) => wrong("with a counterparty that can be asked"),
        (State::Choosing | State::Waiting { .. } | State::Queued { .. } | State::Sending { .. }, _) => wrong("does not get on"),
    }
}
