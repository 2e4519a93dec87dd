//! Direct debit from the first agreement to the last krone, with the sandbox's MPS, bank, mail server and print shop: agreements taken over
//! from another provider, mandates, two hundred invoices, claims by the service, by file and made elsewhere, notices in the netbank, by
//! e-mail and on paper, some claims called back, and what the bank tells of all of them.
//!
//! [`PAYERS`] says what must become of each payer's invoice; `stage.rs` is who plays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::calendar::BankCalendar;
use kvitt_hub::desk::{Ask, Course, Decision, MoneyAsk};

use crate::harness::{Sandbox, kvitt, wait_for};
use stage::{ACCOUNTS, Bill, COMPANY, CUSTOMERS, Stage};

mod stage;

/// What the rail makes of a payer's claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It stands.
    Stands,
    /// It is refused when it comes, for the mandate is gone.
    Refused,
    /// There is no mandate, so that none is made.
    None,
}

/// A payer of the sandbox's (docs/sandbox.md), and what must become of the invoice.
#[derive(Debug)]
struct Payer {
    /// The last two digits of the customer part.
    digits: u64,
    claim: Claim,
    wants_notice: bool,
    /// Where the money stands in the end, what a person could do, and how many payments are placed with the invoice.
    money: (&'static str, &'static str, usize),
    /// What `kvitt explain` must say.
    told: &'static [&'static str],
}

const fn claimed(digits: u64, money: (&'static str, &'static str, usize), told: &'static [&'static str]) -> Payer {
    Payer { digits, claim: Claim::Stands, wants_notice: true, money, told }
}

const PAID: (&str, &str, usize) = ("paid", "nothing", 1);
const REOPENED: (&str, &str, usize) = ("reopened", "remind", 0);
const TWICE: (&str, &str, usize) = ("overpaid", "ask_bank_then_refund", 2);
const UNTOUCHED: (&str, &str, usize) = ("open", "nothing", 0);

const SAYS_PAID: &[&str] = &["The money is paid", "in, exactly"];
const SAYS_REOPENED: &[&str] =
    &["Claimed, but not debited.", "open again after a debit that did not happen", ": did not happen", "send a reminder"];

/// Anybody who is not in [`PAYERS`].
const ORDINARY: Payer = claimed(0, PAID, SAYS_PAID);

const PAYERS: [Payer; 13] = [
    // No cover.
    claimed(1, REOPENED, SAYS_REOPENED),
    // The claim exceeds what the mandate allows.
    claimed(2, REOPENED, SAYS_REOPENED),
    // The mandate is deleted between the look-up and the claim.
    Payer {
        claim: Claim::Refused,
        ..claimed(3, UNTOUCHED, &["✗ AvtaleGiro", "The bank knows no active mandate for the claim any more", "The money is open"])
    },
    // Wants no notice.
    Payer { wants_notice: false, ..claimed(4, PAID, SAYS_PAID) },
    // Is debited, and pays by hand too.
    claimed(5, TWICE, &["The money is overpaid", "once more", "ask the bank whether it takes"]),
    // Is debited twice by the bank's mistake.
    claimed(6, TWICE, &["The money is overpaid", "once more", "ask the bank whether it takes"]),
    // No cover; pays by hand with a wrong KID. The payment is parked, until a person places it.
    claimed(7, REOPENED, &["Claimed, but not debited.", "The money is paid", "by hand"]),
    // No cover; pays half by hand.
    claimed(8, ("reopened", "remind", 1), &["open again after a debit that did not happen", "a part", "send a reminder"]),
    // No cover; pays a hundred kroner too much by hand.
    claimed(9, ("overpaid", "refund", 1), &["The money is overpaid", "too much", "Pay 100.00 NOK back"]),
    // Is debited, and has it reversed.
    claimed(10, ("reversed", "find_out_why", 2), &["The money is taken back", "taken back by the bank", "find out why"]),
    // Never made a mandate.
    Payer { claim: Claim::None, ..claimed(11, UNTOUCHED, &["– AvtaleGiro", "claim.no_mandate", "The money is open"]) },
    // Made a mandate the morning after the first list.
    claimed(12, PAID, SAYS_PAID),
    // Wanted notices, and none any more since that morning.
    Payer { wants_notice: false, ..claimed(13, PAID, SAYS_PAID) },
];

fn payer(bill: Bill) -> &'static Payer {
    PAYERS.iter().find(|payer| payer.digits == bill.customer % 100).unwrap_or(&ORDINARY)
}

/// Whether the bank debits it, once.
fn is_debited(bill: Bill) -> bool {
    !matches!(payer(bill).digits, 1 | 2 | 3 | 7 | 8 | 9 | 11) && !CALLED_BACK.contains(&bill)
}

/// Called back in time: by the service, where the notice stands in the netbank; and by file, where it went by e-mail.
const CALLED_BACK: [Bill; 2] = [Bill { account: 0, customer: 21 }, Bill { account: 1, customer: 21 }];
/// Called back too late.
const TOO_LATE: Bill = Bill { account: 0, customer: 22 };

/// An invoice in one line: where the claim or the document stands, the notice of it, the money.
fn expected(bill: Bill) -> String {
    let Payer { claim, wants_notice, money, .. } = payer(bill);
    let way = bill.way();
    let by_reach = match bill.reach() {
        "efaktura" => "delivered efaktura",
        "email" => "handed_over email",
        _ => "handed_over print",
    };
    // Who makes a claim elsewhere hears what becomes of it; the hub sees only that no money comes.
    let (claim, money) = match (claim, way) {
        (Claim::Refused, ClaimWay::Elsewhere) => (&Claim::Stands, &REOPENED),
        _ => (claim, money),
    };
    let is_in_netbank = bill.reach() == "efaktura";
    let (document, notice, (standing, proposal, payments)) = match (claim, way) {
        _ if CALLED_BACK.contains(&bill) && is_in_netbank => ("cancelled -", "cancelled -", &UNTOUCHED),
        _ if CALLED_BACK.contains(&bill) => ("cancelled -", by_reach, &UNTOUCHED),
        (Claim::None, _) | (Claim::Refused, ClaimWay::Service) => (by_reach, "none", money),
        (Claim::Refused, _) => (by_reach, "told and withdrawn", money),
        (Claim::Stands, ClaimWay::Elsewhere) => ("handed_over avtalegiro", by_reach, money),
        (Claim::Stands, _) => ("delivered avtalegiro", by_reach, money),
    };
    // Nobody asked for this notice; the netbank shows the bill all the same.
    let notice = if notice != "none" && !wants_notice && !is_in_netbank { "cancelled -" } else { notice };
    format!("{} {way:?} {:02}: {document}, {notice}, {standing} {proposal} {payments}", bill.number(), bill.customer)
}

/// The same as the hub tells it.
async fn found(stage: &Stage<'_>, bill: Bill) -> String {
    let story = stage.story(bill).await;
    let stands = |course: &Course| {
        let state = &course.delivery.state;
        format!("{} {}", state.name(), state.route().map_or("-", |route| route.as_str()))
    };
    let money = story.money.as_ref().unwrap();
    let mut notice = story.notice.as_ref().map_or("none".to_owned(), &stands);
    if payer(bill).claim == Claim::Refused && bill.way() == ClaimWay::File {
        // The receipt and the letter overtake each other. Where the letter was first, a person is told.
        let is_told =
            story.events.iter().any(|event| event["kind"] == "person.told" && event.to_string().contains("notice.claim_gone"));
        let is_sent = notice == "handed_over email";
        if is_sent == is_told && (is_sent || notice == "cancelled -") {
            notice = "told and withdrawn".to_owned();
        }
    }
    format!(
        "{} {:?} {:02}: {}, {notice}, {} {} {}",
        bill.number(),
        bill.way(),
        bill.customer,
        stands(&story.bill),
        money.money.standing.name(),
        money.money.proposal.name(),
        money.payments.len()
    )
}

#[test]
fn from_the_agreement_to_the_krone() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("data");
    wait_for(async {
        let stage = Stage::open(&sandbox, &data).await;
        stage.activate().await;
        mandates(&stage).await;
        claims_and_notices(&stage).await;
        money(&stage).await;
        ledger(&stage).await;
        parked(&stage).await;
        stage.bench.hub.close().await;
    });
    for bill in Bill::all().into_iter().filter(|bill| bill.customer <= 14) {
        let told = kvitt(&data, &["explain", &bill.number()]).with_code(0).stdout;
        // That a claim made elsewhere was refused, the hub cannot know.
        let is_theirs = payer(bill).claim == Claim::Refused && bill.way() == ClaimWay::Elsewhere;
        let parts = if is_theirs { SAYS_REOPENED } else { payer(bill).told };
        let by_debit = is_debited(bill).then_some("Debited by AvtaleGiro.");
        for part in parts.iter().copied().chain(by_debit) {
            assert!(told.contains(part), "{part} is not in the story of {bill:?}:\n{told}");
        }
        let is_done = bill.customer == 7 || (payer(bill).money.1 == "nothing" && !is_theirs);
        assert_eq!(told.contains("Nothing is left to do"), is_done, "{told}");
    }
}

/// The bank's lists bring them; one comes, and one is changed, the morning after.
async fn mandates(stage: &Stage<'_>) {
    for (account, _) in ACCOUNTS {
        let known = stage.mandates(account).await;
        assert_eq!((known.len(), known.iter().filter(|mandate| !mandate.wants_notice).count()), (98, 1), "{account}");
    }
    stage.until(BankCalendar::default().next_bank_day(stage.today()), 9, 30).await;
    for (account, _) in ACCOUNTS {
        let known = stage.mandates(account).await;
        assert_eq!((known.len(), known.iter().filter(|mandate| !mandate.wants_notice).count()), (99, 2), "{account}");
    }
    let stands = stage.bench.stands(COMPANY).await;
    assert_eq!(stands[0], "active agreement.close_the_old");
}

/// Sends the invoices, has them claimed and their payers told, and calls three claims back.
async fn claims_and_notices(stage: &Stage<'_>) {
    let calendar = BankCalendar::default();
    let due_on = calendar.add_bank_days(stage.today(), 12);
    stage.send(due_on).await;
    stage.claim_elsewhere(due_on).await;
    // Shipments are closed, claims processed, then bills and letters go; the file is closed in the afternoon.
    for _ in 0..3 {
        stage.pass(Duration::from_mins(5)).await;
    }
    stage.until(stage.today(), 13, 35).await;
    for _ in 0..3 {
        stage.pass(Duration::from_mins(5)).await;
    }
    stage.until(calendar.add_bank_days(stage.today(), 2), 10, 0).await;
    for bill in CALLED_BACK {
        assert_eq!(stage.call_back(bill).await, [""; 0], "{bill:?}");
    }
    let elsewhere = Bill { account: 2, customer: 21 };
    assert_eq!(stage.call_back(elsewhere).await, ["claim.made_elsewhere"]);
    for _ in 0..3 {
        stage.pass(Duration::from_mins(10)).await;
    }
    stage.until(calendar.previous_bank_day(due_on), 14, 5).await;
    assert_eq!(stage.call_back(TOO_LATE).await, ["claim.call_back_too_late"]);
    stage.until(due_on, 9, 0).await;
}

/// The bank tells what happened, bank day after bank day, until everything is over that a payer does.
async fn money(stage: &Stage<'_>) {
    for _ in 0..5 {
        stage.until(BankCalendar::default().next_bank_day(stage.today()), 9, 0).await;
    }
    let mut wrong = Vec::new();
    for bill in Bill::all() {
        let (expected, found) = (expected(bill), found(stage, bill).await);
        if expected != found {
            wrong.push(format!("{expected}\n   found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), Bill::all().len(), wrong.join("\n"));
}

/// The bank's own ledger: one debit of each invoice that could be debited, and none of any other; and the hub has each payment that it was
/// told of once.
async fn ledger(stage: &Stage<'_>) {
    let lines = stage.seen("ledger?counterparty=bank").await;
    let debits: Vec<&str> =
        lines.iter().filter(|line| line["kind"] == "debit").map(|line| line["key"].as_str().unwrap()).collect();
    let kids: BTreeSet<&str> = debits.iter().map(|key| key.split('/').nth(1).unwrap()).collect();
    let debited: BTreeSet<String> =
        Bill::all().into_iter().filter(|bill| is_debited(*bill)).map(|bill| bill.kid().to_string()).collect();
    assert_eq!((debits.len(), kids.len()), (debited.len(), debited.len()), "each once");
    assert_eq!(kids, debited.iter().map(String::as_str).collect());

    let moves = stage.seen("bank/payments").await;
    assert!(moves.iter().all(|payment| payment["told"] == true));
    let known = stage.payments(None).await;
    let mut sums: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
    for payment in &moves {
        let minor: i64 = payment["amount"].as_str().unwrap().replace('.', "").parse().unwrap();
        let sum = sums.entry("bank").or_default();
        *sum = (sum.0 + 1, sum.1 + if payment["kind"] == "reversal" { -minor } else { minor });
    }
    for payment in &known {
        let sum = sums.entry("hub").or_default();
        *sum = (sum.0 + 1, sum.1 + payment.payment.net().minor());
    }
    assert_eq!(sums["bank"], sums["hub"]);
    assert_eq!(CUSTOMERS * 3, Bill::all().len() as u64);
}

/// Payments with a wrong KID wait for a person, who finds the right invoice among the suggestions.
async fn parked(stage: &Stage<'_>) {
    let parked = stage.payments(Some("parked")).await;
    let wrong: Vec<Bill> = Bill::all().into_iter().filter(|bill| payer(*bill).digits == 7).collect();
    assert_eq!(parked.len(), wrong.len(), "{parked:?}");
    for bill in wrong {
        let of_account = |payment: &&kvitt_hub::desk::PaymentShown| payment.payment.bank_account == ACCOUNTS[bill.account].0;
        let payment = parked.iter().find(of_account).unwrap();
        assert_eq!(payment.why.as_ref().unwrap().code.name(), "payment.kid_unknown");
        assert_eq!(payment.suggestions[0].number, bill.number(), "{:?}", payment.suggestions);
        let (payment, invoice) = (payment.id.clone(), payment.suggestions[0].number.clone());
        let decision = Decision::Match { invoice };
        stage.done(Ask::Money(MoneyAsk::DecidePayment { company: None, payment, decision, by: "Ada".to_owned() })).await;
        let money = stage.story(bill).await.money.unwrap();
        assert_eq!((money.money.standing.name(), money.payments.len()), ("paid", 1), "{bill:?}");
    }
}
