//! What the counterparties of the sandbox hold of one company: letters, bills, paper, debts and debits; and what goes wrong on purpose.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::money::{Amount, Currency};

use crate::actions::list_invoices::{Wanted as Listed, list};
use crate::api::problem::Problem;
use crate::error::Result;
use crate::hub::Hub;
use crate::store::collection;
use crate::store::company::Company;
use crate::store::following;
use crate::transport::sandbox::{Control, Letter, Line, Movement, Order, Transaction, Wanted};
use crate::web::frame::{Badge, Mood};
use crate::web::words::Words;

/// What one shelf shows, the newest.
const SHOWN: usize = 30;
/// Where the money of an invoice stands that somebody may still pay.
const OWED: [&str; 5] = ["open", "claimed", "part_paid", "reversed", "reopened"];

/// Letters that the mail server took: id, subject, to whom, when.
#[derive(Debug, Default)]
pub(super) struct Letters(pub(super) Vec<(u64, String, String, String)>);

/// Bills that MPS took.
#[derive(Debug, Default)]
pub(super) struct Bills(pub(super) Vec<BillShown>);

#[derive(Debug)]
pub(super) struct BillShown {
    pub(super) kind: String,
    pub(super) kid: String,
    pub(super) amount: String,
    pub(super) due_on: String,
    pub(super) status: Badge,
    pub(super) shown_in: String,
    pub(super) at: String,
}

/// Letters that the print shop took: the invoice, to whom, when.
#[derive(Debug, Default)]
pub(super) struct Paper(pub(super) Vec<(String, String, String)>);

/// What is owed, what is claimed, and what moved.
#[derive(Debug, Default)]
pub(super) struct Debts {
    pub(super) account: String,
    pub(super) owed: Vec<OwedShown>,
    /// Each: KID, amount, due date, status.
    pub(super) claims: Vec<(String, String, String, String)>,
    pub(super) movements: Vec<MovementShown>,
}

#[derive(Debug)]
pub(super) struct OwedShown {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) buyer: String,
    pub(super) left: String,
    pub(super) due_on: String,
    pub(super) has_kid: bool,
}

#[derive(Debug)]
pub(super) struct MovementShown {
    pub(super) kind: String,
    pub(super) kid: String,
    pub(super) amount: String,
    pub(super) on: String,
    pub(super) stage: Badge,
}

/// What goes wrong on purpose.
#[derive(Debug, Default)]
pub(super) struct Switches {
    pub(super) known: Vec<SwitchShown>,
    /// Ordered by somebody else: what, and the number.
    pub(super) other: Vec<(String, u64)>,
}

#[derive(Debug)]
pub(super) struct SwitchShown {
    pub(super) id: &'static str,
    pub(super) whose: String,
    pub(super) text: String,
    /// Numbers by which it is taken away; empty where it is off.
    pub(super) ids: String,
    pub(super) struck: Option<String>,
}

/// Something that a newcomer may have go wrong. What it is stands in the catalogue as `web.sandbox.fault.<id>`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Switch {
    pub(super) id: &'static str,
    pub(super) order: Wanted,
}

const fn fault(id: &'static str, counterparty: &'static str, at: &'static str, kind: &'static str) -> Switch {
    Switch { id, order: Wanted { counterparty, at, kind } }
}

/// All of them.
pub(super) const FAULTS: &[Switch] = &[
    fault("mail_down", "mail", "connect", "drop"),
    fault("mail_busy", "mail", "rcpt", "refuse"),
    fault("mail_doubt", "mail", "reply", "drop"),
    fault("mps_down", "mps", "connect", "drop"),
    fault("mps_lost", "mps", "reply", "drop"),
    fault("mps_nonsense", "mps", "reply", "garble"),
    fault("print_silent", "print", "receipt", "drop"),
    fault("bank_silent", "bank", "receipt", "drop"),
    fault("bank_twice", "bank", "receipt", "duplicate"),
];

/// The next due date of an invoice that is not paid, after today; of the newest fifty.
pub(super) async fn next_due(hub: &Hub, company: &Company, now: Timestamp) -> Result<Option<Date>> {
    let today = calendar::today(now);
    let due = owed(hub, company).await?.into_iter().filter_map(|line| line.due_on?.parse::<Date>().ok());
    Ok(due.filter(|on| *on > today).min())
}

async fn owed(hub: &Hub, company: &Company) -> Result<Vec<following::Line>> {
    let lines = list(hub, company, &Listed::default()).await?.lines;
    Ok(lines.into_iter().filter(|line| line.kind == "invoice" && OWED.contains(&line.money.as_str())).collect())
}

/// What a customer owes.
pub(super) struct Debt {
    pub(super) number: String,
    pub(super) account: String,
    pub(super) kid: Option<String>,
    pub(super) left_minor: i64,
}

/// What is left of an invoice; nothing where it asks for none, or is paid.
pub(super) async fn debt(hub: &Hub, company: &Company, invoice: &str) -> Result<Option<Debt>> {
    let stored = collection::of_invoice(&mut *hub.db().read().await?, &company.id, invoice).await?;
    Ok(stored.and_then(|stored| {
        let left_minor = stored.candidate.collection.left().minor();
        let debt = Debt { number: stored.candidate.number, account: stored.account, kid: stored.candidate.kid, left_minor };
        (left_minor > 0 && !debt.account.is_empty()).then_some(debt)
    }))
}

/// The letters of a company, the newest first.
pub(super) async fn letters(control: &Control, company: &Company, words: Words) -> Result<Letters> {
    let letters = control.letters(&company.org_number).await?;
    let shown = |letter: Letter| (letter.id, masked(&letter.subject), masked(&letter.to), words.time(letter.at));
    Ok(Letters(letters.into_iter().rev().take(SHOWN).map(shown).collect()))
}

/// One letter of a company.
pub(super) async fn letter(control: &Control, company: &Company, id: u64) -> std::result::Result<Letter, Problem> {
    let letters = control.letters(&company.org_number).await?;
    let found = letters.into_iter().find(|letter| letter.id == id);
    found.ok_or_else(|| Problem::of(Fault::fatal(codes::PAGE_UNKNOWN)))
}

/// The bills of a company, the newest first.
pub(super) async fn bills(control: &Control, company: &Company, words: Words) -> Result<Bills> {
    let standing = control.transactions(&company.org_number).await?;
    let standing: BTreeMap<&str, &Transaction> = standing.iter().map(|one| (one.transaction_id.as_str(), one)).collect();
    let lines = control.ledger("mps", &company.org_number).await?;
    let shown = |line: &Line| {
        let bill = line.bill.as_ref()?;
        let known = standing.get(bill.transaction.as_str());
        let places = known.map(|known| known.shown_in.as_slice()).unwrap_or_default();
        Some(BillShown {
            kind: words.t(if line.kind == "claim" { "sandbox.bill.claim" } else { "sandbox.bill.efaktura" }),
            kid: bill.kid.clone().unwrap_or_default(),
            amount: kroner(&bill.amount, words),
            due_on: words.date(bill.due_on),
            status: known.map_or_else(|| Badge::new(Mood::Quiet, "–"), |known| status(known)),
            shown_in: places.iter().map(|place| words.t(&format!("sandbox.seen.{place}"))).collect::<Vec<_>>().join(", "),
            at: words.time(line.at),
        })
    };
    Ok(Bills(lines.iter().rev().filter_map(shown).take(SHOWN).collect()))
}

fn status(of: &Transaction) -> Badge {
    let mood = match of.status.as_str() {
        "ACCEPTED" => Mood::Good,
        "REJECTED" | "STOPPED" => Mood::Bad,
        "CANCELLED" => Mood::Quiet,
        _ => Mood::Going,
    };
    let text = [Some(of.status.clone()), of.rejection_code.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Badge::new(mood, text)
}

/// A company's letters on paper, the newest first.
pub(super) async fn paper(control: &Control, company: &Company, words: Words) -> Result<Paper> {
    let lines = control.ledger("print", &company.org_number).await?;
    let shown = |line: Line| (masked(&line.invoice.unwrap_or_default()), masked(&line.recipient), words.time(line.at));
    Ok(Paper(lines.into_iter().rev().take(SHOWN).map(shown).collect()))
}

/// What is owed to a company, and what the bank knows of its account.
pub(super) async fn debts(hub: &Hub, control: &Control, company: &Company, account: &str, words: Words) -> Result<Debts> {
    let mut shown = Vec::new();
    for line in owed(hub, company).await?.into_iter().take(SHOWN) {
        let Some(debt) = debt(hub, company, &line.id).await? else { continue };
        shown.push(OwedShown {
            left: words.money(Amount::new(debt.left_minor, line.payable.currency())),
            has_kid: debt.kid.is_some(),
            due_on: line.due_on.as_deref().map(|on| words.date_text(on)).unwrap_or_default(),
            number: line.number,
            buyer: line.buyer,
            id: line.id,
        });
    }
    if account.is_empty() {
        return Ok(Debts { owed: shown, ..Debts::default() });
    }
    let claims = control.claims(account).await?.into_iter().take(SHOWN).map(|claim| {
        let status = [claim.status, claim.rejection_code].into_iter().flatten().collect::<Vec<_>>().join(" ");
        (claim.kid, kroner(&claim.amount, words), words.date(claim.due_date), status)
    });
    let movements = control.movements(account).await?.into_iter().take(SHOWN);
    Ok(Debts {
        owed: shown,
        claims: claims.collect(),
        movements: movements.map(|one| movement(one, words)).collect(),
        account: account.to_owned(),
    })
}

fn movement(one: Movement, words: Words) -> MovementShown {
    let stage = match (one.booked, one.told) {
        (false, _) => Badge::new(Mood::Going, words.t("sandbox.stage.coming")),
        (true, false) => Badge::new(Mood::Going, words.t("sandbox.stage.booked")),
        (true, true) => Badge::new(Mood::Good, words.t("sandbox.stage.told")),
    };
    let key = format!("sandbox.moved.{}", one.kind.replace(' ', "_"));
    MovementShown {
        kind: if words.has(&key) { words.t(&key) } else { one.kind },
        kid: one.kid.unwrap_or_default(),
        amount: kroner(&one.amount, words),
        on: words.date(one.booked_on),
        stage,
    }
}

/// What goes wrong on purpose.
pub(super) async fn switches(control: &Control, words: Words) -> Result<Switches> {
    let standing = control.faults().await?;
    let is_it = |switch: &Switch, order: &Order| {
        let Wanted { counterparty, at, kind } = switch.order;
        order.counterparty == counterparty && order.at == at && order.kind == kind && order.to.is_none()
    };
    let known = FAULTS.iter().map(|switch| {
        let on: Vec<&Order> = standing.iter().filter(|order| is_it(switch, order)).collect();
        let struck: u32 = on.iter().map(|order| order.struck).sum();
        SwitchShown {
            id: switch.id,
            whose: words.t(&format!("sandbox.party.{}", switch.order.counterparty)),
            text: words.t(&format!("sandbox.fault.{}", switch.id)),
            ids: on.iter().map(|order| order.id.to_string()).collect::<Vec<_>>().join(" "),
            struck: (struck > 0).then(|| words.with("sandbox.struck", &[("count", &struck.to_string())])),
        }
    });
    let other = standing.iter().filter(|order| !FAULTS.iter().any(|switch| is_it(switch, order)));
    let text = |order: &Order| {
        let Order { counterparty, at, kind, to, .. } = order;
        masked(&format!("{counterparty} {at} {kind} {}", to.as_deref().unwrap_or_default()))
    };
    Ok(Switches { known: known.collect(), other: other.map(|order| (text(order), order.id)).collect() })
}

/// Kroner with two decimals as people write them.
fn kroner(amount: &str, words: Words) -> String {
    let value = amount.parse().ok().and_then(|value| Amount::from_decimal(value, Currency::NOK));
    value.map_or_else(|| amount.to_owned(), |value| words.money(value))
}

fn masked(text: &str) -> String {
    without_identity_numbers(text).into_owned()
}
