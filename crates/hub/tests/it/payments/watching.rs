//! Direct debits: watched from the moment that they are asked for, and open again when they did not happen.

use std::time::Duration;

use jiff::civil::{Date, date};
use kvitt_domain::calendar;
use kvitt_domain::collection::Event;
use kvitt_hub::actions::match_payment::{Settling, settle};
use kvitt_hub::actions::move_collection::{Move, move_collection};
use kvitt_hub::actions::place_payments::Placed;
use kvitt_hub::actions::set_bank_account::set_bank_account;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::bank_account::{BankAccountSettings, Counts};

use super::files::{ACCOUNT, DAY, Entry, camt, debited, ocr, ocr_of, paid};
use super::{Books, each_book};
use crate::sample;

const FIRST: &str = "123456782";
const SECOND: &str = "200000006";

/// A hub whose business day is this one.
async fn on(books: &Books, day: Date) {
    let noon = calendar::at(day, jiff::civil::time(12, 0, 0, 0)).as_millisecond();
    let ahead = noon - books.hub.clock().business_ms() + i64::try_from(books.hub.clock().offset().as_millis()).unwrap();
    books.hub.move_clock(Duration::from_millis(u64::try_from(ahead).unwrap())).await.unwrap();
    books.hub.work_until_quiet(Duration::ZERO, |_| ()).await.unwrap();
}

async fn claim(books: &Books, invoice: &'static str, attempt: u128, due_on: Date) -> Result<()> {
    let us = books.us.clone();
    let now = books.hub.clock().business_ms();
    let claimed = books.hub.write(move |tx| {
        let us = us.clone();
        Box::pin(async move {
            let event = Event::Claimed { attempt: sample::attempt(attempt), due_on };
            move_collection(tx, Move { company: &us, invoice, now }, event).await.map(|_| ())
        })
    });
    claimed.await
}

#[tokio::test]
async fn a_debit_that_did_not_happen_opens_the_invoice_again() {
    each_book(async |books| {
        let due = date(2031, 11, 17);
        for (number, kid) in [("1001", FIRST), ("1002", SECOND), ("1003", "300000004")] {
            books.invoice(number, kid, 1000).await;
        }
        claim(books, "1001", 1, due).await.unwrap();
        claim(books, "1002", 2, due).await.unwrap();
        claim(books, "1003", 3, date(2031, 12, 1)).await.unwrap();
        assert_eq!(books.stands("1001").await, ("claimed", 1000));
        books.placed(&ocr(1, &[debited(FIRST, 1000)])).await;
        on(books, date(2031, 11, 20)).await;
        assert_eq!(books.stands("1002").await, ("claimed", 1000), "there is still a day");
        something_else(books, 2, date(2031, 11, 18)).await;
        on(books, date(2031, 11, 21)).await;
        assert_eq!(books.stands("1001").await, ("paid", 0));
        assert_eq!(books.stands("1002").await, ("reopened", 1000));
        assert_eq!(books.stands("1003").await, ("claimed", 1000));
        assert_eq!(books.told("1002").await, ["collection.claimed", "collection.claim_unpaid", "person.told"]);
        // Never again by itself; a person may allow it.
        let refused = claim(books, "1002", 4, date(2031, 12, 15)).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(faults) if faults[0].code.name() == "collection.refuses"));
        settle(&books.hub, &books.us, "1002", Settling::Release, "Kari").await.unwrap();
        claim(books, "1002", 4, date(2031, 12, 15)).await.unwrap();
        // The one watch goes on for the others.
        on(books, date(2031, 12, 17)).await;
        something_else(books, 3, date(2031, 12, 16)).await;
        on(books, date(2031, 12, 19)).await;
        assert_eq!(books.stands("1003").await, ("reopened", 1000));
        assert_eq!(books.stands("1002").await, ("reopened", 1000));
        // Late, but here.
        books.placed(&ocr(4, &[debited("300000004", 1000)])).await;
        assert_eq!(books.stands("1003").await, ("paid", 0));
    })
    .await;
}

/// A file that tells of a day on which somebody else paid.
async fn something_else(books: &Books, transmission: u32, day: Date) {
    books.placed(&ocr_of(ACCOUNT, day, transmission, &[paid("", 1)])).await;
}

/// Nobody imports files, or the drop is down: nothing is known of those who paid.
#[tokio::test]
async fn no_file_is_not_the_word_that_nothing_was_debited() {
    each_book(async |books| {
        let due = date(2031, 11, 17);
        for (number, kid, attempt) in [("1001", FIRST, 1), ("1002", SECOND, 2)] {
            books.invoice(number, kid, 1000).await;
            claim(books, number, attempt, due).await.unwrap();
        }
        let silence = async || books.told(&books.us.id).await.iter().filter(|kind| *kind == "person.told").count();
        on(books, date(2031, 11, 17)).await;
        something_else(books, 1, due).await;
        for day in [date(2031, 11, 20), date(2031, 11, 21), date(2031, 11, 24), date(2031, 12, 5)] {
            assert_eq!(silence().await, usize::from(day > date(2031, 11, 21)), "{day}");
            on(books, day).await;
            assert_eq!((books.stands("1001").await, books.stands("1002").await), (("claimed", 1000), ("claimed", 1000)), "{day}");
        }
        // The file of the day comes at last, and another a day later: who is not in them was not debited.
        books.placed(&ocr_of(ACCOUNT, due, 2, &[debited(FIRST, 1000)])).await;
        something_else(books, 3, date(2031, 11, 18)).await;
        on(books, date(2031, 12, 8)).await;
        assert_eq!((books.stands("1001").await, books.stands("1002").await), (("paid", 0), ("reopened", 1000)));
        assert_eq!(silence().await, 1);
    })
    .await;
}

/// Files come where money moves: the one of the day is the last that an account with little of it hears of for weeks.
#[tokio::test]
async fn the_file_of_the_day_is_enough_once_the_day_is_over() {
    each_book(async |books| {
        let due = date(2031, 11, 17);
        for (number, kid, attempt) in [("1001", FIRST, 1), ("1002", SECOND, 2)] {
            books.invoice(number, kid, 1000).await;
            claim(books, number, attempt, due).await.unwrap();
        }
        on(books, date(2031, 11, 18)).await;
        books.placed(&ocr_of(ACCOUNT, due, 1, &[debited(FIRST, 1000)])).await;
        on(books, date(2031, 11, 21)).await;
        assert_eq!((books.stands("1001").await, books.stands("1002").await), (("paid", 0), ("reopened", 1000)));
    })
    .await;
}

/// A statement tells of the days before it was made also where nothing moved on them.
#[tokio::test]
async fn a_statement_without_entries_tells_that_nothing_was_debited() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        claim(books, "1001", 1, date(2031, 11, 17)).await.unwrap();
        on(books, date(2031, 11, 20)).await;
        books.placed(&camt(53, "S1", &[]).replace("2026-11-17T", "2031-11-20T")).await;
        on(books, date(2031, 11, 21)).await;
        assert_eq!(books.stands("1001").await, ("reopened", 1000));
    })
    .await;
}

/// A statement that tells of a sum does not say whose debits are in it.
#[tokio::test]
async fn a_sum_is_not_the_word_that_nothing_was_debited() {
    const SUM: Entry = Entry { reference: "B1", is_credit: true, is_reversal: false, minor: 1500, details: &[] };
    each_book(async |books| {
        let due = date(2031, 11, 17);
        books.invoice("1001", FIRST, 1000).await;
        claim(books, "1001", 1, due).await.unwrap();
        on(books, date(2031, 11, 20)).await;
        let statement = camt(53, "S1", &[SUM]).replace("2026-11-17T", "2031-11-20T").replace("2026-11-17", "2031-11-17");
        assert_eq!(books.placed(&statement).await.parked, 1);
        on(books, date(2031, 11, 21)).await;
        assert_eq!(books.stands("1001").await, ("claimed", 1000));
        // The payments of the sum: this one is not among them.
        books.placed(&ocr_of(ACCOUNT, due, 1, &[paid(SECOND, 1500)])).await;
        on(books, date(2031, 11, 24)).await;
        assert_eq!(books.stands("1001").await, ("reopened", 1000));
    })
    .await;
}

/// Whichever file comes first, a debit answers its claim, and nobody is told to call it back where the bank says what it was.
#[tokio::test]
async fn a_debit_that_camt_tells_of_is_a_debit() {
    const DEBIT: Entry = Entry { reference: "A1", is_credit: true, is_reversal: false, minor: 1000, details: &[(FIRST, 1000)] };
    let family = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd></Fmly></Domn></BkTxCd><NtryDtls>";
    let unsaid = camt(54, "N1", &[DEBIT]);
    let said = unsaid.replace("<NtryDtls>", family);
    let told = ocr(1, &[debited(FIRST, 1000)]);
    for (files, alarms) in [
        (vec![said.clone()], 0),
        (vec![said.clone(), told.clone()], 0),
        (vec![told.clone(), said], 0),
        (vec![told.clone(), unsaid.clone()], 0),
        // Nothing says yet that it was a debit.
        (vec![unsaid, told], 1),
    ] {
        each_book(async |books| {
            books.invoice("1001", FIRST, 1000).await;
            claim(books, "1001", 1, DAY).await.unwrap();
            for file in &files {
                books.placed(file).await;
            }
            let money = books.money("1001").await;
            assert_eq!((money.state().name(), money.claim.name(), money.proposal().name()), ("paid", "debited", "nothing"));
            assert_eq!(books.told("1001").await.iter().filter(|kind| *kind == "person.told").count(), alarms, "{files:?}");
        })
        .await;
    }
}

/// Where camt counts alone, OCR giro says of what it does not count that it was a debit.
#[tokio::test]
async fn the_rail_that_does_not_count_still_says_what_was_a_debit() {
    const DEBIT: Entry = Entry { reference: "A1", is_credit: true, is_reversal: false, minor: 1000, details: &[(FIRST, 1000)] };
    each_book(async |books| {
        let settings = BankAccountSettings { counts: Counts::Camt, ..BankAccountSettings::default() };
        set_bank_account(&books.hub, &books.us, ACCOUNT, settings).await.unwrap();
        books.invoice("1001", FIRST, 1000).await;
        claim(books, "1001", 1, DAY).await.unwrap();
        books.placed(&ocr(1, &[debited(FIRST, 1000)])).await;
        books.placed(&camt(54, "N1", &[DEBIT])).await;
        let money = books.money("1001").await;
        assert_eq!((money.state().name(), money.claim.name()), ("paid", "debited"));
        assert_eq!(books.told("1001").await, ["collection.claimed", "collection.debit_seen", "collection.paid"]);
    })
    .await;
}

/// A customer has one KID for all invoices: a debit is for the one that was claimed, and a debit that comes twice for none.
#[tokio::test]
async fn a_debit_with_a_shared_kid_is_for_the_invoice_that_was_claimed() {
    each_book(async |books| {
        for number in ["1001", "1002", "1003"] {
            books.invoice(number, FIRST, 500).await;
        }
        claim(books, "1002", 1, DAY).await.unwrap();
        claim(books, "1003", 2, DAY.tomorrow().unwrap()).await.unwrap();
        assert_eq!(books.placed(&ocr(1, &[debited(FIRST, 500), debited(FIRST, 500)])).await, matched_and_parked(1, 1));
        let standing = async || [books.stands("1001").await.0, books.stands("1002").await.0, books.stands("1003").await.0];
        assert_eq!(standing().await, ["open", "paid", "claimed"]);
        // What is paid by hand is for the one that nobody debits, and then for the other.
        books.placed(&ocr(2, &[paid(FIRST, 500)])).await;
        assert_eq!(standing().await, ["paid", "paid", "claimed"]);
        books.placed(&ocr(3, &[paid(FIRST, 500)])).await;
        assert_eq!(standing().await, ["paid", "paid", "paid"]);
    })
    .await;
    // Where claims are made elsewhere, nothing says which was claimed.
    each_book(async |books| {
        for number in ["1001", "1002"] {
            books.invoice(number, FIRST, 500).await;
        }
        assert_eq!(books.placed(&ocr(1, &[debited(FIRST, 500)])).await, matched_and_parked(1, 0));
    })
    .await;
}

/// OCR giro says what was debited, and camt brings the money: it is for the invoice whose debit it was.
#[tokio::test]
async fn money_that_comes_after_the_word_of_its_debit_is_for_the_same_invoice() {
    const DEBIT: Entry = Entry { reference: "A1", is_credit: true, is_reversal: false, minor: 500, details: &[(FIRST, 500)] };
    let family = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd></Fmly></Domn></BkTxCd><NtryDtls>";
    let again = Entry { reference: "A2", ..DEBIT };
    for is_said in [false, true] {
        let file = |entries: &[Entry]| match is_said {
            true => camt(54, "N1", entries).replace("<NtryDtls>", family),
            false => camt(54, "N1", entries),
        };
        each_book(async |books| {
            let settings = BankAccountSettings { counts: Counts::Camt, ..BankAccountSettings::default() };
            set_bank_account(&books.hub, &books.us, ACCOUNT, settings).await.unwrap();
            for number in ["1001", "1002", "1003", "1004"] {
                books.invoice(number, FIRST, 500).await;
            }
            for (number, attempt) in [("1002", 1), ("1003", 2), ("1004", 3)] {
                claim(books, number, attempt, DAY).await.unwrap();
            }
            // Of two debits each is another's.
            books.placed(&ocr(1, &[debited(FIRST, 500), debited(FIRST, 500)])).await;
            assert_eq!(books.placed(&file(&[DEBIT, again])).await, matched_and_parked(2, 0), "{is_said}");
            let standing = [books.stands("1001").await.0, books.stands("1002").await.0, books.stands("1003").await.0];
            assert_eq!((standing, books.stands("1004").await.0), (["open", "paid", "paid"], "claimed"), "{is_said}");
        })
        .await;
    }
}

fn matched_and_parked(matched: u64, parked: u64) -> Placed {
    Placed { matched, parked, ..Placed::default() }
}

#[tokio::test]
async fn what_is_credited_in_part_or_closed_while_it_is_claimed_is_told_at_once() {
    each_book(async |books| {
        for (number, kid, attempt) in [("1001", FIRST, 1), ("1002", SECOND, 2), ("1003", "300000004", 3)] {
            books.invoice(number, kid, 1000).await;
            claim(books, number, attempt, DAY).await.unwrap();
        }
        books.credit_note("5001", 300, &["1001"]).await;
        books.placed(&ocr(1, &[paid(SECOND, 400)])).await;
        settle(&books.hub, &books.us, "1003", Settling::Close, "Kari").await.unwrap();
        let (cases, _) = kvitt_hub::actions::show_payments::cases(&books.hub, &books.us, false, "", 9).await.unwrap();
        let shown: Vec<_> = cases.iter().map(|case| (case.number.as_str(), case.money.proposal.name())).collect();
        assert_eq!(shown, [("1001", "stop_claim"), ("1002", "stop_claim"), ("1003", "stop_claim")]);
        for number in ["1001", "1002", "1003"] {
            assert_eq!(books.told(number).await.last().map(String::as_str), Some("person.told"), "{number}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_paid_by_hand_while_it_is_claimed_is_told_at_once() {
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        claim(books, "1001", 1, DAY).await.unwrap();
        books.placed(&ocr(1, &[paid(FIRST, 1000)])).await;
        assert_eq!(books.told("1001").await, ["collection.claimed", "collection.paid", "person.told"]);
        assert_eq!(books.money("1001").await.proposal().name(), "stop_claim");
    })
    .await;
}
