//! One payment that several files tell of, each in its own way, counts once; and what is two payments is not taken for one.

use kvitt_hub::actions::match_payment::{Decision, decide};
use kvitt_hub::actions::place_payments::Placed;
use kvitt_hub::store::payment;

use super::files::{DAY, Entry, camt, ocr, paid};
use super::{Books, each_book};

const FIRST: &str = "123456782";
const IN: Entry = Entry { reference: "A1", is_credit: true, is_reversal: false, minor: 1000, details: &[(FIRST, 1000)] };
/// What the files call it: the line of the account, and the payment in it.
const LINE: &str = "<AcctSvcrRef>A1</AcctSvcrRef>";
const PAYMENT: &str = "<Refs><AcctSvcrRef>A1-0</AcctSvcrRef></Refs>";

/// A message about [`IN`], and perhaps the same again, that lacks some of it.
fn told(kind: u8, message: &str, entries: &[Entry], lacks: &[&str]) -> String {
    let xml =
        camt(kind, message, entries).replace(&format!("<ValDt><Dt>{DAY}</Dt></ValDt>"), "<ValDt><Dt>2026-11-16</Dt></ValDt>");
    lacks.iter().fold(xml, |xml, lacking| {
        assert!(xml.contains(lacking), "{lacking}");
        xml.replace(lacking, "")
    })
}

/// What becomes of the second of two files that tell of one payment.
async fn check(what: &str, first: &str, second: &str, expected: Placed) {
    each_book(async |books: &Books| {
        books.invoice("1001", FIRST, 1000).await;
        assert_eq!(books.placed(first).await.matched, 1, "{what}");
        assert_eq!(books.placed(second).await, expected, "{what}");
        assert_eq!(books.stands("1001").await, ("paid", 0), "{what}");
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_two_files_of_camt_tell_of_counts_once() {
    let booked = format!("<BookgDt><Dt>{DAY}</Dt></BookgDt>");
    let all: &[&str] = &[LINE, PAYMENT];
    let of = |kind, message, lacks: &[&str]| told(kind, message, &[IN], lacks);
    let notified = |lacks: &[&str]| of(54, "N1", lacks);
    let known = Placed { known: 1, ..Placed::default() };
    let again = Placed { told_twice: 1, ..Placed::default() };
    let parked = Placed { parked: 1, ..Placed::default() };
    check("named alike", &notified(&[]), &of(53, "S1", &[]), known).await;
    check("named alike, sent again", &notified(&[]), &of(54, "N2", &[]), known).await;
    check("named by neither", &notified(all), &of(53, "S1", all), again).await;
    check("named by neither, the statement first", &of(53, "S1", all), &notified(all), again).await;
    check("the line is named in both", &notified(&[]), &of(53, "S1", &[PAYMENT]), again).await;
    check("the notification does not say when it was booked", &notified(&[&booked]), &of(53, "S1", &[]), again).await;
    check("nor that, nor what it is called", &notified(&[&booked, LINE, PAYMENT]), &of(53, "S1", all), again).await;
    check("the other way round", &of(53, "S1", &[]), &notified(&[&booked]), again).await;
    check("not named, sent again", &notified(all), &of(54, "N2", all), parked).await;
    check("named by one", &notified(all), &of(53, "S1", &[]), parked).await;
    check("no reference in common", &notified(&[LINE]), &of(53, "S1", &[PAYMENT]), parked).await;
}

#[tokio::test]
async fn two_payments_without_names_are_two() {
    let all: &[&str] = &[LINE, PAYMENT];
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        assert_eq!(books.placed(&told(54, "N1", &[IN, IN], all)).await.matched, 2);
        assert_eq!(books.placed(&told(53, "S1", &[IN, IN], all)).await.told_twice, 2);
        // All three rails tell of both.
        assert_eq!(books.placed(&ocr(1, &[paid(FIRST, 1000), paid(FIRST, 1000)])).await.told_twice, 2);
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
        assert_eq!(books.placed(&ocr(2, &[paid(FIRST, 1000)])).await.matched, 1, "a third");
    })
    .await;
}

/// What a person says was told before does not stand for a payment that comes later.
#[tokio::test]
async fn what_was_perhaps_told_is_settled_by_a_person() {
    let all: &[&str] = &[LINE, PAYMENT];
    each_book(async |books| {
        books.invoice("1001", FIRST, 1000).await;
        books.placed(&told(54, "N1", &[IN], all)).await;
        books.placed(&told(54, "N2", &[IN], all)).await;
        let (hub, us) = (&books.hub, &books.us);
        let parked = payment::in_state(&mut hub.db().read().await.unwrap(), &us.id, &us.key, "parked", (0, ""), 9).await.unwrap();
        assert!(
            matches!(&parked[0].state, payment::State::Parked { why } if why.code.name() == "payment.perhaps_told"),
            "{:?}",
            parked[0].state
        );
        decide(hub, us, &parked[0].id, Decision::Dismiss, "Kari").await.unwrap();
        let placed = books.placed(&ocr(1, &[paid(FIRST, 1000), paid(FIRST, 1000)])).await;
        assert_eq!((placed.told_twice, placed.matched), (1, 1));
        assert_eq!(books.stands("1001").await, ("overpaid", -1000));
    })
    .await;
}
