//! Proof that the judge can say no: worlds that were broken on purpose, each in one thing, and what the judge must say of it. A law
//! that no broken world breaks would hold whatever the hub does.
//!
//! Only the world is broken, what a database or a story says, or what people do; nothing in the hub helps. The same run without
//! anything broken is judged good first.

use jiff::Timestamp;
use kvitt_hub::actions::apply_mandates::Covers;
use kvitt_hub::actions::explain::{self, Story};
use kvitt_hub::actions::import_bank_file::{BankFile, Content, import_bank_file};
use kvitt_hub::actions::match_payment::{self, Decision};
use kvitt_hub::actions::show_payments::{self, Wanted};
use kvitt_hub::hub::Hub;
use kvitt_sandbox::counterparties::bank::claims::{Claim, Identity};
use kvitt_sandbox::counterparties::bank::day::{Cause, Payment};
use kvitt_sandbox::counterparties::bank::{Bank, Record};
use kvitt_sandbox::counterparties::{Kind, Order, Point};
use serde_json::{Value, json};

use super::branch::minor;
use super::debits::{ACCOUNTS, paid_to};
use super::hub::beginning_ms;
use super::play::{Answer, Play};
use super::shift::Shift;
use super::world::today;
use super::{judge, money};
use crate::documents::{COMPANIES, Document, Wishes};

const HOUR_MS: i64 = 3_600_000;
/// Until then everything has been handed over that goes at once.
const UNDER_WAY_MS: i64 = 2 * HOUR_MS;
/// Until then every debit is over, and known.
const OVER_MS: i64 = 35 * 24 * HOUR_MS;

/// The documents of the run, by their places. The last is a letter to a server that takes it, and whose answer nobody understands.
mod places {
    /// Debited by the service's claim.
    pub const DEBITED: usize = 0;
    /// Claimed by file, and not debited.
    pub const UNPAID: usize = 1;
    /// Claimed by the service, and paid by hand before it is due.
    pub const PAID_BEFORE: usize = 2;
    /// A letter by e-mail.
    pub const LETTER: usize = 3;
    /// The same again.
    pub const AGAIN: usize = 4;
}

fn documents() -> Vec<Document> {
    let company = COMPANIES[0].0;
    let claimed = |account: usize, customer: u64, index: u64| {
        let wishes = Wishes {
            due_in_days: 14,
            has_picture: false,
            paid_to: Some(paid_to(&ACCOUNTS[account], customer, index)),
            ..Wishes::in_order(&["avtalegiro"], today())
        };
        wishes.document(company, format!("{}", 7000 + index), index)
    };
    let letter = |name: &str, index: u64| {
        let wishes = Wishes { email: Some(format!("{name}+{index}@kunde.example")), ..Wishes::in_order(&["email"], today()) };
        wishes.document(company, format!("{}", 7000 + index), index)
    };
    let written = letter("kari", 3);
    vec![claimed(0, 20, 0), claimed(1, 1, 1), claimed(0, 22, 2), written.clone(), written, letter("garblesaccepted", 5)]
}

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// The mail server takes a letter twice.
    MailServerDoubles,
    /// The mail server forgets a letter that it took.
    MailServerForgets,
    /// MPS gets a claim that the bank has from somebody else too.
    ClaimedTwice,
    /// Something is claimed that nobody invoiced.
    ClaimOfNobody,
    /// The bank has a claim that was called back.
    CalledBackInVain,
    /// The bank has it, and nobody was told.
    NobodyIsTold,
    /// The bank forgets what it debited.
    BankForgets,
    /// Somebody claims an invoice that went by e-mail.
    LetterIsClaimed,
    /// Nobody hears the answer to a hand-in.
    AnswerIsLost,
    /// The same document is two invoices.
    AcceptedTwice,
    /// Nobody works.
    NobodyWorks,
    /// Nobody settles doubts.
    NobodySettles,
    /// A job is past its limit.
    StuckJob,
    /// An event is gone.
    EventIsGone,
    /// An event is changed.
    EventIsChanged,
    /// A story shows what it must not.
    StoryShowsIdentity,
    /// The bank's ledger has a debit twice.
    DebitedTwice,
    /// A payment that is nobody's is gone from the database.
    KroneIsGone,
    /// So is an invoice's.
    KroneOfInvoiceIsGone,
    /// A payment is told under another number.
    KroneIsToldTwice,
    /// A person gives a payment to another invoice.
    KroneIsMisplaced,
    /// A person takes a payment from its invoice.
    KroneIsTakenAway,
    /// The bank has debited what it never told of.
    KroneIsUntold,
    /// The sums of an invoice are others than those of its payments.
    SumsAreChanged,
    /// A sound file is refused.
    SoundFileIsRefused,
    /// Nobody watches the claims.
    NobodyWatches,
    /// The bank debited what counts as unpaid.
    UnpaidIsDebited,
    /// The claim goes out after the money came.
    ClaimOfPaid,
    /// Nothing is done about a claim of what is paid.
    NobodyCallsBack,
    /// A claim is given up on its due date.
    GivenUpEarly,
    /// A claim is given up long after it is known.
    GivenUpLate,
}

/// Everything that is broken, and what the judge says then.
const BROKEN: [(Broken, &str); 31] = [
    (Broken::MailServerDoubles, "taken by mail while mail has it"),
    (Broken::MailServerForgets, "is not with whom it should be"),
    (Broken::ClaimedTwice, "claimed twice"),
    (Broken::ClaimOfNobody, "claimed, and no document asks for it"),
    (Broken::CalledBackInVain, "cancelled and somebody has it"),
    (Broken::NobodyIsTold, "the bank has the claim, and nobody was told"),
    (Broken::BankForgets, "it counts as debited, and the bank debited nothing"),
    (Broken::LetterIsClaimed, "taken by the bank while mail has it"),
    (Broken::AnswerIsLost, "nobody answered the hand-in"),
    (Broken::AcceptedTwice, "accepted as two invoices"),
    (Broken::NobodyWorks, "does not get on"),
    (Broken::NobodySettles, "after a person settled it"),
    (Broken::StuckJob, "is stuck"),
    (Broken::EventIsGone, "its events say"),
    (Broken::EventIsChanged, "the chain of events"),
    (Broken::StoryShowsIdentity, "its story shows a fødselsnummer"),
    (Broken::DebitedTwice, "debited 2 times"),
    (Broken::KroneIsGone, "the hub misses it 1 times"),
    (Broken::KroneOfInvoiceIsGone, "its payments are 0 in and 0 back"),
    (Broken::KroneIsToldTwice, "the hub has it 1 times too often"),
    (Broken::KroneIsMisplaced, "matched, invoice 7001"),
    (Broken::KroneIsTakenAway, "parked, invoice -"),
    (Broken::KroneIsUntold, "was never told"),
    (Broken::SumsAreChanged, "its events say"),
    (Broken::SoundFileIsRefused, "the hub refused a sound file of the bank"),
    (Broken::NobodyWatches, "its claim never ended"),
    (Broken::UnpaidIsDebited, "it was debited, and counts as unpaid"),
    (Broken::ClaimOfPaid, "claimed, and its money is paid"),
    (Broken::NobodyCallsBack, "paid while it is claimed, and nothing was done"),
    (Broken::GivenUpEarly, "and given up on 2026-12-04"),
    (Broken::GivenUpLate, "and given up as late as 2027-02-01"),
];

/// Makes and judges every run.
pub fn check() {
    assert_eq!(verdict(Broken::Nothing), [""; 0]);
    for (broken, says) in BROKEN {
        let wrong = verdict(broken);
        assert!(wrong.iter().any(|wrong| wrong.contains(says)), "{broken:?}: {says:?} is not in {wrong:#?}");
    }
}

/// The run, broken in one thing, and everything that the judge says is wrong.
fn verdict(broken: Broken) -> Vec<String> {
    let mut play = Play::new(1, false, |_| documents());
    if broken == Broken::MailServerDoubles {
        let doubles = Order {
            counterparty: "mail".to_owned(),
            at: Point::Dot,
            kind: Kind::Duplicate,
            probability: 1.0,
            times: Some(1),
            delay_ms: None,
            to: None,
        };
        play.world().faults.add(doubles).expect("it makes sense");
    }
    let process = play.start();
    let hub = process.hub();
    let wrong = process.block_on(async {
        let mut shift = Shift::begin(&mut play, &hub);
        for at in 0..shift.play.documents.len() {
            shift.hand_in(at).await;
        }
        if broken != Broken::NobodyWorks {
            shift.work_until(beginning_ms() + UNDER_WAY_MS).await;
            under_way(broken, shift.play, &hub).await;
            shift.work_until(beginning_ms() + OVER_MS).await;
        }
        let mut wrong = judge::before_settling(&play, &hub).await;
        if !matches!(broken, Broken::NobodyWorks | Broken::NobodySettles) {
            play.settle_all(&hub).await.expect("it comes to rest");
            // Nothing was ever broken here that takes its time to heal.
            play.healed_at = Some(beginning_ms());
        }
        afterwards(broken, &mut play, &hub).await;
        wrong.extend(judge::before_settling(&play, &hub).await);
        wrong.extend(judge::after_settling(&play, &hub).await.err().unwrap_or_default());
        wrong.extend(of_a_story(broken, &play, &hub).await);
        wrong
    });
    process.kill(hub);
    wrong
}

/// What happens, or is broken, while everything is under way.
async fn under_way(broken: Broken, play: &mut Play, hub: &Hub) {
    let paid = play.documents[places::PAID_BEFORE].clone();
    play.world().pays_by_hand(&paid);
    match broken {
        Broken::ClaimedTwice => claim(play, |identity| {
            let due_on = identity.due_on.tomorrow().expect("a day");
            Identity { due_on, ..identity }
        }),
        Broken::ClaimOfNobody => claim(play, |identity| {
            let kid = paid_to(&ACCOUNTS[0], 20, 77).kid;
            Identity { kid, ..identity }
        }),
        Broken::LetterIsClaimed => {
            let mut world = play.world();
            let known = world.taken.iter_mut().find(|taken| taken.line.counterparty == "mail").expect("a letter");
            // The letter was of the invoice that is claimed now.
            known.number = paid.number;
            let seen = world.branch.bank.newest_claims().count();
            world.branch.look_again(seen);
            world.look_at_claims();
        }
        Broken::NobodyWatches => change(hub, "DELETE FROM job WHERE kind = 'watch_claims'").await,
        _ => {}
    }
}

/// What is broken when everything is over.
async fn afterwards(broken: Broken, play: &mut Play, hub: &Hub) {
    let identity = play.documents[places::LETTER].number.clone();
    match broken {
        Broken::MailServerForgets => play.world().taken.retain(|taken| taken.line.counterparty != "mail"),
        Broken::AnswerIsLost => drop(play.answers.remove(&places::AGAIN)),
        Broken::AcceptedTwice => {
            let id = play.answers[&places::DEBITED].clone();
            play.answers.insert(places::AGAIN, id);
        }
        Broken::StuckJob => {
            let company = play.company_ids[0].clone();
            change(hub, &STICK.replace("COMPANY", &company)).await;
        }
        Broken::EventIsGone => change(hub, "DELETE FROM event WHERE kind = 'delivery.said_handed_over'").await,
        Broken::EventIsChanged => change(hub, "UPDATE event SET at = at + 1 WHERE seq = 3").await,
        Broken::StoryShowsIdentity => play.documents.iter_mut().for_each(|document| document.identity = Some(identity.clone())),
        Broken::DebitedTwice => {
            let mut world = play.world();
            let debit = world.branch.ledger.iter().find(|line| line.kind == Cause::Debit.kind()).expect("a debit").clone();
            world.branch.ledger.push(debit);
        }
        Broken::KroneIsGone => change(hub, "DELETE FROM payment WHERE state = 'parked'").await,
        Broken::KroneOfInvoiceIsGone => {
            let of_it = "DELETE FROM payment WHERE invoice_id IN (SELECT invoice_id FROM collection WHERE number = '7000')";
            change(hub, of_it).await;
        }
        Broken::CalledBackInVain | Broken::NobodyIsTold => claim_again(play, places::PAID_BEFORE),
        Broken::BankForgets => play.world().branch.bank = Bank::default(),
        Broken::KroneIsToldTwice => tell_again(play, hub).await,
        Broken::KroneIsMisplaced => decide(play, hub, Decision::Match { invoice: "7001".to_owned() }).await,
        Broken::KroneIsTakenAway => decide(play, hub, Decision::Unmatch).await,
        Broken::KroneIsUntold => debit(play, places::UNPAID, false),
        Broken::UnpaidIsDebited => debit(play, places::UNPAID, true),
        Broken::SumsAreChanged => {
            change(hub, "UPDATE collection SET received_minor = received_minor + 1 WHERE number = '7000'").await
        }
        Broken::SoundFileIsRefused => {
            let mut world = play.world();
            let bytes = world.branch.told[0].clone();
            world.leave_again("sound.txt", bytes);
            world.file_moved("sound.txt", false);
        }
        _ => {}
    }
}

/// What is broken in what is told of an invoice.
async fn of_a_story(broken: Broken, play: &Play, hub: &Hub) -> Vec<String> {
    let (at, change): (usize, fn(&mut Vec<Value>)) = match broken {
        Broken::ClaimOfPaid => (places::DEBITED, |events| {
            let debited = events.iter().position(|event| event["kind"] == "collection.debited").expect("it was debited");
            let event = events.remove(debited);
            let closed = events.iter().position(|event| event["kind"] == "delivery.lot_closed").expect("it went out");
            events.insert(closed, event);
        }),
        Broken::NobodyCallsBack => (places::PAID_BEFORE, |events| {
            events.retain(|event| event["kind"] != "delivery.call_back" && event["kind"] != "person.told");
        }),
        Broken::NobodyIsTold => (places::PAID_BEFORE, |events| events.retain(|event| event["kind"] != "person.told")),
        Broken::BankForgets => (places::DEBITED, |_| {}),
        Broken::GivenUpEarly => (places::UNPAID, |events| give_up(events, "2026-12-04T12:00:00Z")),
        Broken::GivenUpLate => (places::UNPAID, |events| give_up(events, "2027-02-01T12:00:00Z")),
        _ => return Vec::new(),
    };
    let document = &play.documents[at];
    let Some(Answer::Accepted(id)) = play.answers.get(&at) else { panic!("it was accepted") };
    let company = hub.company(Some(document.company)).await.expect("a company of the template");
    let mut story: Story = explain::explain(hub, &company, id).await.expect("a story");
    change(&mut story.events);
    money::judge(play, document, &story).err().into_iter().collect()
}

fn give_up(events: &mut [Value], at: &str) {
    let at: Timestamp = at.parse().expect("a time");
    let given_up = events.iter_mut().find(|event| event["kind"] == "collection.claim_unpaid").expect("it was given up");
    given_up["at"] = json!(at.as_millisecond());
}

/// A job that is past its limit.
const STICK: &str = "INSERT INTO job (company_id, job_id, kind, subject, urgency, due_at, faults, runs, pokes, lease, lease_until, \
    stuck, why, made_at) VALUES ('COMPANY', 'j', 'converse', 's', 1, 0, 0, 11, 0, '', 0, 1, 'why', 0)";

/// Changes the database behind the hub's back.
async fn change(hub: &Hub, sql: &str) {
    let sql = sql.to_owned();
    hub.write(move |tx| {
        let sql = sql.clone();
        Box::pin(async move {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(tx.db()).await?;
            Ok(())
        })
    })
    .await
    .expect("it can be changed");
}

/// The payment of the first invoice goes another way.
async fn decide(play: &Play, hub: &Hub, decision: Decision) {
    let company = hub.company(Some(play.documents[places::DEBITED].company)).await.expect("a company of the template");
    let shown = show_payments::payments(hub, &company, &Wanted::default(), None, 100).await.expect("payments").0;
    let of_it = shown.iter().find(|payment| payment.invoice.as_deref() == Some("7000")).expect("it was paid");
    match_payment::decide(hub, &company, &of_it.id, Decision::Unmatch, "Ada").await.expect("it can be taken away");
    if decision != Decision::Unmatch {
        match_payment::decide(hub, &company, &of_it.id, decision, "Ada").await.expect("it can be placed");
    }
}

/// The bank gets one more claim, which is like one that it has but for something.
fn claim(play: &Play, other: impl FnOnce(Identity) -> Identity) {
    let mut world = play.world();
    let now = world.now();
    let known = world.branch.bank.newest_claims().next().expect("a claim").claim.clone();
    world.branch.bank.claim("once more".to_owned(), other(known.identity), &known.provider, now, &mut Vec::new());
    world.look_at_claims();
}

/// The bank has the claim of an invoice again, as far as its own books say.
fn claim_again(play: &Play, at: usize) {
    let kid = &play.documents[at].paid_to.kid;
    let mut world = play.world();
    let known = world.branch.bank.newest_claims().find(|kept| kept.claim.identity.kid == *kid).expect("a claim").claim.clone();
    world.branch.bank.remember(Record::Claim(Claim { id: "again".to_owned(), ..known }));
}

/// The bank debits an invoice once more, as far as its own books say.
fn debit(play: &mut Play, at: usize, is_told: bool) {
    let document = play.documents[at].clone();
    let mut world = play.world();
    let payment = Payment {
        number: 900,
        account: document.paid_to.account.clone(),
        kid: Some(document.paid_to.kid.clone()),
        minor: minor(&document.amount),
        cause: Cause::Debit,
        booked_on: document.due_on,
        payer: "99990500000".to_owned(),
        text: None,
        key: "once more".to_owned(),
        is_booked: true,
        is_told,
    };
    let now = world.now();
    world.branch.bank.remember(Record::Payment { payment, at: now });
}

/// A file of the bank comes again under another number, and calls its payments something else.
async fn tell_again(play: &mut Play, hub: &Hub) {
    let told = play.world().branch.told.clone();
    let texts = told.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let text = texts.into_iter().find(|text| text.contains("NY0915300000001")).expect("a file with a debit");
    let text = text.replace("NY0915300000001", "NY0915300000007").replace("NY0915310000001", "NY0915310000007");
    let file = BankFile { name: "again.txt".to_owned(), content: Content::Bytes(text.into_bytes().into()), covers: Covers::Some };
    import_bank_file(hub, file).await.expect("a sound file");
}
