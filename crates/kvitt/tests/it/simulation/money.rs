//! The judge of the money: one debit of an invoice, every krone once, no claim of what is paid, and an end to every claim.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::collection::{Claim, Collection, Command, Event};
use kvitt_domain::delivery::{self, AttemptId, Delivery};
use kvitt_hub::actions::explain::Story;
use kvitt_hub::actions::show_payments::{self, MoneyStory, Wanted};
use kvitt_hub::hub::Hub;
use kvitt_sandbox::counterparties::bank::day::{Cause, Payment};
use serde_json::Value;

use super::debits;
use super::play::Play;
use crate::documents::{COMPANIES, Document, PaidTo};

/// Payments of a run, all on one page.
const PAGE: u32 = 1_000;
/// Bank days after the last due date of a run by which it is known what was not debited: a day until money moves, one until it is
/// told of, and the three that are waited anyway.
const KNOWN_AFTER: u16 = 6;
/// A person was told that a debit may come, or comes, although the money is here.
const TOLD_OF_THE_DEBIT: [&str; 3] = ["collection.paid_while_claimed", "call_back.refused", "call_back.unconfirmed"];

/// The bank's own ledger has one debit of an invoice at most. What it debits by its own mistake is another line.
pub fn one_debit_each(play: &Play) -> Vec<String> {
    let world = play.world();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for line in world.branch.ledger.iter().filter(|line| line.kind == Cause::Debit.kind()) {
        *times.entry(line.invoice.as_deref().unwrap_or_default()).or_default() += 1;
    }
    times.iter().filter(|(_, times)| **times > 1).map(|(kid, times)| format!("KID {kid}: debited {times} times")).collect()
}

/// What tells one movement of money from another, as both sides see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Krone {
    paid_to: PaidTo,
    minor: i64,
    booked_on: Date,
}

impl Krone {
    fn of(payment: &Payment) -> Krone {
        let paid_to = PaidTo { account: payment.account.clone(), kid: payment.kid.clone().unwrap_or_default() };
        Krone { paid_to, minor: payment.signed_minor(), booked_on: payment.booked_on }
    }
}

/// Every krone that the bank moved was told, and is there once: with the invoice that its KID names, or parked where it names none.
pub async fn payments(play: &Play, hub: &Hub) -> Vec<String> {
    let (mut wrong, mut moved) = (Vec::new(), BTreeMap::<Krone, i64>::new());
    for payment in play.world().branch.bank.payments() {
        if !payment.is_told {
            wrong.push(format!("payment {} of the bank was never told", payment.number));
        }
        *moved.entry(Krone::of(payment)).or_default() += 1;
    }
    let asked_by: BTreeMap<&PaidTo, &Document> =
        play.accepted().into_values().map(|at| (&play.documents[at].paid_to, &play.documents[at])).collect();
    for (number, _) in COMPANIES {
        let company = hub.company(Some(number)).await.expect("a company of the template");
        let shown = show_payments::payments(hub, &company, &Wanted::default(), None, PAGE).await.expect("payments").0;
        for payment in shown {
            let kid = payment.payment.kid.clone().unwrap_or_default();
            let paid_to = PaidTo { account: payment.payment.bank_account.clone(), kid };
            let document = asked_by.get(&paid_to).copied();
            let is_right = match (payment.state.as_str(), document) {
                ("matched", Some(document)) => payment.invoice.as_ref() == Some(&document.number) && document.company == number,
                ("parked", None) => true,
                _ => false,
            };
            if !is_right {
                let (state, of) = (&payment.state, payment.invoice.as_deref().unwrap_or("-"));
                wrong.push(format!("payment of {paid_to:?}: {state}, invoice {of}, {:?}", payment.why.map(|why| why.code)));
            }
            let krone = Krone { paid_to, minor: payment.payment.net().minor(), booked_on: payment.payment.booked_on };
            *moved.entry(krone).or_default() -= 1;
        }
    }
    let uneven = moved.iter().filter(|(_, left)| **left != 0);
    wrong.extend(uneven.map(|(krone, left)| match *left > 0 {
        true => format!("{krone:?}: the hub misses it {left} times"),
        false => format!("{krone:?}: the hub has it {} times too often", -left),
    }));
    wrong
}

/// Judges the money of an invoice that could be claimed, and answers where it stands.
pub fn judge(play: &Play, document: &Document, story: &Story) -> Result<Vec<(String, String)>, String> {
    let Some(money) = &story.money else { return Err("its money is nowhere".to_owned()) };
    let stops = follow(&story.events, money)?;
    sums(money)?;
    no_claim_of_what_is_paid(play, document, story, &stops)?;
    end_of_claim(play, document, story, money)?;
    let end = format!("{} after {}", money.money.standing.name(), money.money.claim.name());
    Ok(vec![(end, document.number.clone())])
}

/// Follows the events: folded they are the stored collection, and no claim leaves the house of what is paid or quits by then. Answers
/// the events at which a claim had to be stopped.
fn follow(events: &[Value], money: &MoneyStory) -> Result<Vec<i64>, String> {
    let mut collection = Collection::new(money.money.payable);
    let (mut delivery, mut out): (Delivery, Vec<AttemptId>) = (Delivery::new(), Vec::new());
    let mut stops = Vec::new();
    for told in events {
        let seq = told["seq"].as_i64().unwrap_or_default();
        let unread = |error: serde_json::Error| format!("event {seq}: {error}");
        match told["machine"].as_str() {
            Some("collection") => {
                let event: Event = serde_json::from_value(told["payload"]["event"].clone()).map_err(unread)?;
                let (after, commands) = collection.apply(event).map_err(|refused| format!("event {seq}: {refused}"))?;
                if told["to"] != after.state().name() {
                    return Err(format!("event {seq} says {}, and makes the money {}", told["to"], after.state().name()));
                }
                collection = after;
                if commands.iter().any(|command| matches!(command, Command::StopClaim { .. })) {
                    stops.push(seq);
                }
            }
            Some("delivery") => {
                let event: delivery::Event = serde_json::from_value(told["payload"]["event"].clone()).map_err(unread)?;
                delivery = delivery.apply(event.clone()).map_err(|refused| format!("event {seq}: {refused}"))?.0;
                let delivery::Event::LotClosed { attempt } = event else { continue };
                let is_claim = delivery.state.route().is_some_and(|route| route.as_str() == "avtalegiro");
                let is_owed = collection.left().minor() >= collection.payable.minor() && collection.closed_by.is_none();
                // One that is repeated may be with the bank already: it is called back then, or a person is told.
                if is_claim && !is_owed && !out.contains(&attempt) {
                    return Err(format!("event {seq}: claimed, and its money is {}", collection.state().name()));
                }
                out.push(attempt);
            }
            _ => {}
        }
    }
    let said = (collection.state(), collection.sums, collection.claim);
    let stored = (money.money.standing.clone(), money.money.sums, money.money.claim);
    if said == stored { Ok(stops) } else { Err(format!("its events say {said:?}, its money {stored:?}")) }
}

/// The sums of an invoice are those of its payments.
fn sums(money: &MoneyStory) -> Result<(), String> {
    let nets = || money.payments.iter().map(|payment| payment.payment.net().minor());
    let (received, reversed): (i64, i64) = (nets().filter(|net| *net > 0).sum(), -nets().filter(|net| *net < 0).sum::<i64>());
    let sums = money.money.sums;
    match (sums.received, sums.reversed) == (received, reversed) {
        true => Ok(()),
        false => Err(format!("its payments are {received} in and {reversed} back, its sums {sums:?}")),
    }
}

/// Wherever the money of a claimed invoice came another way, its claim did not leave the house, was called back, or a person was told;
/// and where the bank has it still, that person knows.
fn no_claim_of_what_is_paid(play: &Play, document: &Document, story: &Story, stops: &[i64]) -> Result<(), String> {
    let seq = |told: &Value| told["seq"].as_i64().unwrap_or_default();
    let is_told = |told: &Value| {
        let code = told["payload"]["code"].as_str();
        told["kind"] == "person.told" && code.is_some_and(|code| TOLD_OF_THE_DEBIT.contains(&code))
    };
    for stop in stops {
        // Whoever wished it back before is being heard still.
        let is_done = |told: &Value| match told["kind"].as_str() {
            Some("delivery.call_back") => true,
            Some("delivery.said_too_late") => seq(told) > *stop,
            _ => seq(told) > *stop && is_told(told),
        };
        if !story.events.iter().any(is_done) {
            return Err(format!("event {stop}: paid while it is claimed, and nothing was done"));
        }
    }
    let is_claimed = !play.world().branch.standing(&document.paid_to).is_empty();
    if !stops.is_empty() && is_claimed && !story.events.iter().any(is_told) {
        return Err("it was paid while it was claimed, the bank has the claim, and nobody was told".to_owned());
    }
    Ok(())
}

/// Every claim ended as the bank knows that it ended, and in its time.
fn end_of_claim(play: &Play, document: &Document, story: &Story, money: &MoneyStory) -> Result<(), String> {
    let world = play.world();
    let was_debited = world.branch.payments(&document.paid_to).iter().any(|payment| payment.cause == Cause::Debit);
    match (money.money.claim, was_debited) {
        (Claim::Outstanding { .. }, _) => return Err("its claim never ended".to_owned()),
        (Claim::Debited { .. }, false) => return Err("it counts as debited, and the bank debited nothing".to_owned()),
        (Claim::Unpaid { .. }, true) => return Err("it was debited, and counts as unpaid".to_owned()),
        (Claim::None, true) => return Err("it was debited, and no claim of it is known".to_owned()),
        (Claim::Debited { .. }, true) | (Claim::Unpaid { .. } | Claim::None, false) => {}
    }
    let bank_days = BankCalendar::default();
    let (_, last) = debits::accounts_and_last_day(&play.documents);
    let latest = bank_days.add_bank_days(last.unwrap_or(document.due_on), KNOWN_AFTER);
    let day_of = |at: i64| Timestamp::from_millisecond(at).ok().map(calendar::today);
    let healed_on = play.healed_at.and_then(day_of);
    for told in story.events.iter().filter(|told| told["kind"] == "collection.claim_unpaid") {
        let day = told["at"].as_i64().and_then(day_of).ok_or("an event has no time")?;
        if day <= bank_days.add_bank_days(document.due_on, 1) {
            return Err(format!("it was due on {}, and given up on {day}", document.due_on));
        }
        if healed_on.is_some_and(|healed_on| healed_on < document.due_on) && day > latest {
            return Err(format!("it was due on {}, and given up as late as {day}", document.due_on));
        }
    }
    Ok(())
}
