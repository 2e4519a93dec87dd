//! What became of a set of documents: one row each, the refusals with every fault, and the totals. Shown by `show/report.rs`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kvitt_domain::delivery::{State, Word};
use kvitt_domain::fault::Fault;
use kvitt_domain::money::Amount;
use kvitt_domain::plan::{Plan, Standing, Verdict};
use kvitt_hub::desk::{Accepted, Course, Story};
use serde::Serialize;

use crate::desk::Desk;
use crate::exit::Failure;
use crate::oracle::is_taken;
use crate::words::Words;

/// What became of a set of documents. Its JSON is a promise: the totals stand at the top.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The totals.
    #[serde(flatten)]
    pub totals: Totals,
    /// The documents that were accepted.
    pub invoices: Vec<Row>,
    /// The documents that were refused.
    pub refusals: Vec<Refusal>,
}

/// Counts of documents.
#[derive(Debug, Default, Serialize)]
pub struct Totals {
    /// Handed in.
    pub submitted: usize,
    /// Never accepted: nothing of them is stored.
    pub refused: usize,
    /// On disk.
    pub accepted: usize,
    /// Taken by a counterparty: handed over, delivered or seen.
    pub delivered: usize,
    /// Still on their way by themselves.
    pub waiting: usize,
    /// Without an open route: a person decides.
    pub parked: usize,
    /// May have been sent, and nobody can be asked: a person decides.
    pub in_doubt: usize,
    /// Called back before anything left the house.
    pub cancelled: usize,
    /// The delivered ones by route.
    pub by_route: BTreeMap<String, usize>,
    /// The accepted ones by state.
    pub by_state: BTreeMap<String, usize>,
    /// What was paid for sending, by currency.
    pub cost: BTreeMap<String, String>,
}

/// One accepted document.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The file that it came in, where this command handed it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether it had been accepted before: the answer is the one of then, and nothing is sent twice.
    pub again: bool,
    /// The invoice's id.
    pub id: String,
    /// The company's organisation number.
    pub company: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// BT-1.
    pub number: String,
    /// BT-44.
    pub recipient: String,
    /// BT-115, a decimal number.
    pub amount: String,
    /// BT-5.
    pub currency: String,
    /// Every route considered, in the sender's order.
    pub ladder: Vec<Rung>,
    /// The delivery's state.
    pub state: String,
    /// The route that the delivery is on or ended on.
    pub route: Option<String>,
    /// What became of it, in words.
    pub outcome: String,
    /// What sending it cost, a decimal number; absent where nothing was taken or the price book has no price.
    pub cost: Option<String>,
    /// The currency of the cost.
    pub cost_currency: Option<String>,
    /// The cost again, to count with.
    #[serde(skip)]
    pub paid: Option<Amount>,
    /// The amount again, to show.
    #[serde(skip)]
    pub payable: Amount,
    /// Its direct debit, where one was ever claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debit: Option<Debit>,
    /// Where its money stands; absent where it asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    /// What the sender should know of the document.
    pub warnings: Vec<Said>,
}

/// The direct debit of an invoice, and how its payer was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Debit {
    /// How it was claimed: `service`, `file` or `elsewhere`.
    pub way: String,
    /// The KID that it was claimed with.
    pub kid: String,
    /// When the payer is debited, as it was claimed: an ISO date.
    pub due_on: String,
    /// What became of it: `outstanding`, `debited`, `unpaid`, `refused` or `called_back`.
    pub claim: String,
    /// Where telling the payer stands: a delivery's state; absent where nobody tells.
    pub notice: Option<String>,
    /// The route by which the payer was told.
    pub notice_route: Option<String>,
}

/// The money of an invoice in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Money {
    /// `open`, `claimed`, `part_paid`, `paid`, `overpaid`, `credited`, `reversed`, `reopened` or `closed`.
    pub standing: String,
    /// What is owed, a decimal number; below zero where too much came.
    pub left: String,
    /// What a person could do, by name; `nothing` where nothing is to be done.
    pub proposal: String,
    /// What a person could do, in words.
    pub advice: String,
    /// What is owed again, to show.
    #[serde(skip)]
    pub owed: Amount,
}

/// One route of a ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// The route.
    pub route: String,
    /// `chosen`, `in_reserve`, `skipped` or `failed`.
    pub standing: Standing,
    /// Why it was skipped or failed.
    pub reasons: Vec<Said>,
    /// What the sender should know of this route.
    pub warnings: Vec<Said>,
    /// What it costs, a decimal number with its currency.
    pub price: Option<String>,
    /// The latest time at which it may still be sent this way.
    pub latest_send_at: Option<Timestamp>,
}

/// A fault in code and words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Its stable code.
    pub code: String,
    /// Whether it stops anything: `fatal` or `warning`.
    pub severity: kvitt_domain::fault::Severity,
    /// Where: a business term, a place in the file, a field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// In a few words, for tables.
    #[serde(skip)]
    pub short: String,
}

/// One refused document.
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// The file.
    pub file: String,
    /// All that is wrong with it.
    pub faults: Vec<Said>,
}

/// A document that was accepted, and in which file it came.
#[derive(Debug)]
pub struct Taken {
    /// The file.
    pub file: String,
    /// What the hub answered.
    pub accepted: Accepted,
}

/// What became of each, asked now.
pub async fn rows(desk: &Desk, taken: Vec<Taken>, words: Words) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::with_capacity(taken.len());
    for Taken { file, accepted } in taken {
        let story = desk.story(Some(&accepted.company), &accepted.id).await?;
        rows.push(Row::of(&story, Some(file), accepted.again, &accepted.warnings, words));
    }
    Ok(rows)
}

impl Said {
    /// A fault in a language.
    pub fn of(fault: &Fault, words: Words) -> Said {
        Said {
            code: fault.code.to_string(),
            severity: fault.severity,
            place: fault.place.clone(),
            message: fault.sentence(words.0),
            remedy: fault.remedy(words.0),
            short: words.short(fault),
        }
    }

    /// All of a list.
    pub fn all(faults: &[Fault], words: Words) -> Vec<Said> {
        faults.iter().map(|fault| Said::of(fault, words)).collect()
    }
}

impl Report {
    /// Counts.
    pub fn of(invoices: Vec<Row>, refusals: Vec<Refusal>) -> Report {
        let mut totals = Totals {
            submitted: invoices.len() + refusals.len(),
            refused: refusals.len(),
            accepted: invoices.len(),
            ..Totals::default()
        };
        let mut paid: BTreeMap<&'static str, Amount> = BTreeMap::new();
        for row in &invoices {
            totals.count(row);
            if let Some(cost) = row.paid {
                let sum = paid.entry(cost.currency().code()).or_insert(Amount::zero(cost.currency()));
                // Prices are a few kroner each; a sum that does not fit cannot come about.
                *sum = sum.checked_add(cost).unwrap_or(*sum);
            }
        }
        totals.cost = paid.into_iter().map(|(currency, sum)| (currency.to_owned(), sum.to_decimal().to_string())).collect();
        Report { totals, invoices, refusals }
    }
}

impl Totals {
    fn count(&mut self, row: &Row) {
        *self.by_state.entry(row.state.clone()).or_default() += 1;
        match row.state.as_str() {
            "parked" => self.parked += 1,
            "in_doubt" => self.in_doubt += 1,
            "cancelled" => self.cancelled += 1,
            state if is_taken(state) => {
                self.delivered += 1;
                if let Some(route) = &row.route {
                    *self.by_route.entry(route.clone()).or_default() += 1;
                }
            }
            _ => self.waiting += 1,
        }
    }
}

impl Row {
    /// A row from a story. `warnings` are those of the acceptance.
    pub fn of(story: &Story, file: Option<String>, again: bool, warnings: &[Fault], words: Words) -> Row {
        let header = &story.invoice;
        let cost = cost(story);
        Row {
            file,
            again,
            id: header.id.clone(),
            company: header.company.clone(),
            kind: header.kind.clone(),
            number: header.number.clone(),
            recipient: header.recipient.clone(),
            amount: header.payable.to_decimal().to_string(),
            currency: header.payable.currency().code().to_owned(),
            ladder: ladder(story, words),
            state: story.bill.delivery.state.name().to_owned(),
            route: story.bill.delivery.state.route().map(ToString::to_string),
            outcome: bill_outcome(story, words),
            debit: Debit::of(story),
            money: story.money.as_ref().map(|money| Money::of(&money.money, words)),
            cost: cost.map(|cost| cost.to_decimal().to_string()),
            cost_currency: cost.map(|cost| cost.currency().code().to_owned()),
            paid: cost,
            payable: header.payable,
            warnings: Said::all(warnings, words),
        }
    }
}

impl Debit {
    /// That of an invoice, from what was told of its claims: the last one counts.
    fn of(story: &Story) -> Option<Debit> {
        let last = |kind: &str| story.events.iter().rfind(|event| event["kind"] == kind);
        let text = |event: &serde_json::Value, name: &str| event["payload"][name].as_str().unwrap_or_default().to_owned();
        let opened = last("claim.opened")?;
        let money = story.money.as_ref().map(|money| money.money.claim.name()).filter(|claim| *claim != "none");
        let closed = last("claim.closed").filter(|closed| closed["payload"]["attempt"] == opened["payload"]["attempt"]);
        let claim = match (money, closed) {
            (Some(claim), _) => claim,
            (None, Some(closed)) if text(closed, "why") == "withdrawn" => "called_back",
            (None, Some(_)) => "refused",
            (None, None) => "outstanding",
        };
        let notice = story.notice.as_ref().map(|notice| &notice.delivery.state);
        Some(Debit {
            way: text(opened, "way"),
            kid: text(opened, "kid"),
            due_on: text(opened, "due_on"),
            claim: claim.to_owned(),
            notice: notice.map(|state| state.name().to_owned()),
            notice_route: notice.and_then(State::route).map(ToString::to_string),
        })
    }
}

impl Money {
    fn of(money: &kvitt_hub::desk::Money, words: Words) -> Money {
        Money {
            standing: money.standing.name().to_owned(),
            left: money.left.to_decimal().to_string(),
            proposal: money.proposal.name().to_owned(),
            advice: crate::show::money::proposal(money, words),
            owed: money.left,
        }
    }
}

/// What sending cost, a notice included: the price of every attempt that a counterparty took, or may have taken.
fn cost(story: &Story) -> Option<Amount> {
    let of_notice = story.notice.iter().flat_map(|notice| &notice.attempts);
    let paid = story.bill.attempts.iter().chain(of_notice).filter(|attempt| {
        matches!(attempt.word, Some(Word::HandedOver { .. } | Word::Delivered { .. } | Word::Seen | Word::InDoubt { .. }))
    });
    let mut prices = paid.filter_map(|attempt| attempt.price);
    let first = prices.next()?;
    prices.try_fold(first, Amount::checked_add)
}

/// A plan as rungs.
pub fn rungs(plan: &Plan, words: Words) -> Vec<Rung> {
    let rung = |rung: &kvitt_domain::plan::Rung| {
        let (reasons, warnings, price, latest_send_at) = match &rung.verdict {
            Verdict::Open { price, latest_send_at, warnings } => {
                (Vec::new(), Said::all(warnings, words), *price, *latest_send_at)
            }
            Verdict::NeedsLookup { price, warnings, .. } => (Vec::new(), Said::all(warnings, words), *price, None),
            Verdict::Closed { reasons } => (Said::all(reasons, words), Vec::new(), None, None),
        };
        let price = price.map(|price| price.to_string());
        Rung { route: rung.route.to_string(), standing: rung.standing, reasons, warnings, price, latest_send_at }
    };
    plan.rungs.iter().map(rung).collect()
}

/// The newest plan as rungs; a failed rung says what its counterparty answered, not only that it was tried.
fn ladder(story: &Story, words: Words) -> Vec<Rung> {
    let Some(plan) = story.bill.plans.last() else { return Vec::new() };
    let mut rungs = rungs(plan, words);
    for rung in rungs.iter_mut().filter(|rung| rung.standing == Standing::Failed) {
        let tried = story.bill.attempts.iter().rev().find(|attempt| attempt.route == rung.route);
        if let Some(Word::Refused { why } | Word::TooLate { why }) = tried.and_then(|attempt| attempt.word.as_ref()) {
            rung.reasons = vec![Said::of(why, words)];
        }
    }
    rungs
}

/// The route whose attempts are claims.
const AVTALEGIRO: &str = "avtalegiro";

/// What became of an invoice, in one sentence: of a claim, whether the payer was debited.
pub fn bill_outcome(story: &Story, words: Words) -> String {
    use kvitt_domain::collection::Claim;
    let state = &story.bill.delivery.state;
    let is_claimed = state.route().is_some_and(|route| route.as_str() == AVTALEGIRO) && is_taken(state.name());
    match story.money.as_ref().map(|money| money.money.claim) {
        Some(Claim::Debited { .. }) if is_claimed => words.say("outcome.debited", &[]),
        Some(Claim::Unpaid { .. }) if is_claimed => words.say("outcome.not_debited", &[]),
        _ => outcome(&story.bill, words),
    }
}

/// What became of a delivery, in one sentence.
pub fn outcome(course: &Course, words: Words) -> String {
    let state = &course.delivery.state;
    let route = state.route().map(|route| words.name("route", route.as_str())).unwrap_or_default();
    match state {
        State::HandedOver { .. } | State::Delivered { .. } | State::Seen { .. } => {
            let tries = tries(course);
            let claims = state.route().is_some_and(|route| route.as_str() == AVTALEGIRO);
            let said = match state {
                State::HandedOver { .. } if claims => words.say("outcome.claim_handed_over", &[]),
                State::Delivered { .. } if claims => words.say("outcome.claimed", &[]),
                State::HandedOver { .. } => words.say("outcome.handed_over", &[("route", &route)]),
                State::Delivered { .. } => words.say("outcome.delivered", &[("route", &route)]),
                _ => words.say("outcome.seen", &[("route", &route)]),
            };
            match tries {
                0 | 1 => said,
                more => format!("{said} {}", words.say("outcome.tries", &[("tries", &more.to_string())])),
            }
        }
        State::InDoubt { .. } => words.say("outcome.in_doubt", &[("route", &route)]),
        State::Parked { .. } => words.say("outcome.parked", &[]),
        State::Cancelled { by } => words.say("outcome.cancelled", &[("by", by)]),
        State::Choosing | State::Waiting { .. } | State::Queued { .. } | State::Sending { .. } => waiting(course, words),
    }
}

/// How often it was tried to hand the newest attempt over.
fn tries(course: &Course) -> usize {
    course.attempts.last().map_or(0, |attempt| attempt.log.iter().filter(|line| line.is_try).count())
}

fn waiting(course: &Course, words: Words) -> String {
    let next = course.jobs.iter().map(|job| job.due_at).min().map(|at| words.time_ms(at));
    let answered = course.attempts.last().and_then(|attempt| attempt.log.last()).map(|line| line.answered.as_str());
    if course.jobs.iter().any(|job| job.stuck) {
        return words.say("outcome.stuck", &[]);
    }
    match (next, answered) {
        (Some(next), Some(answered)) => words.say("outcome.again", &[("next", &next), ("answered", answered)]),
        (Some(next), None) => words.say("outcome.next", &[("next", &next)]),
        (None, _) => words.name("state", course.delivery.state.name()),
    }
}
