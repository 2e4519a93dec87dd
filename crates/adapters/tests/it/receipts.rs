//! What print shops write of their jobs, and what strangers may write in their place.

use kvitt_adapters::route::{AdapterError, Arrival, Arrived, Concerned};
use kvitt_adapters::routes;
use kvitt_domain::delivery::AttemptId;
use proptest::prelude::*;
use serde_json::json;

use crate::sample;

fn read(text: &str) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
    let print = routes::by_name("print").expect("the route is built");
    print.read(&Arrival { door: "receipts", bytes: text.as_bytes().to_vec() })
}

const LETTER: &str = "0199a0de-0000-7000-8000-0000000000a1";

fn receipt(rest: &serde_json::Value) -> String {
    let mut receipt = json!({ "format": "kvitt-print-receipt", "version": 1, "job": "kvitt-988077917-000042" });
    for (name, value) in rest.as_object().expect("members") {
        receipt[name] = value.clone();
    }
    receipt.to_string()
}

fn of_job(attempt: Option<AttemptId>) -> Concerned {
    Concerned::Consignment { route: "print", org_number: "988077917".to_owned(), number: 42, attempt }
}

#[test]
fn receipts_name_a_job_and_its_letters() {
    let says = |status: &str| {
        let letter =
            json!({ "letter": LETTER, "status": status, "at": "2026-11-23T04:10:00Z", "code": "c", "text": "Two\nlines" });
        let read = read(&receipt(&json!({ "letters": [letter] }))).expect("a receipt");
        let [(concerned, arrived)] = <[_; 1]>::try_from(read).expect("one letter");
        assert_eq!(concerned, of_job(Some(sample::ATTEMPT)));
        arrived
    };
    let (code, text) = ("c".to_owned(), "Two lines".to_owned());
    for stage in ["taken", "printed", "posted"] {
        let text = "2026-11-23T04:10:00Z c Two lines".to_owned();
        assert_eq!(says(stage), Arrived::Progress { stage: stage.to_owned(), text });
    }
    assert_eq!(says("unprintable"), Arrived::Unprintable { code: code.clone(), text: text.clone() });
    assert_eq!(says("returned"), Arrived::CameBack { code, text });
}

#[test]
fn a_job_is_refused_as_a_whole() {
    let refused = receipt(&json!({ "refused": { "code": "digest", "text": "letters/0001-1-document.pdf" } }));
    let arrived = Arrived::JobRefused { code: "digest".to_owned(), text: "letters/0001-1-document.pdf".to_owned() };
    assert_eq!(read(&refused), Ok(vec![(of_job(None), arrived)]));
}

#[test]
fn what_is_no_receipt_is_refused() {
    let letter = json!({ "letter": LETTER, "status": "taken" });
    for wrong in [
        String::new(),
        "[]".to_owned(),
        receipt(&json!({})),
        receipt(&json!({ "letters": [] })),
        receipt(&json!({ "letters": [letter], "version": 2 })),
        receipt(&json!({ "letters": [letter], "format": "kvitt-print-job" })),
        receipt(&json!({ "letters": [letter], "job": "kvitt-988077917-42" })),
        receipt(&json!({ "letters": [{ "letter": "1", "status": "taken" }] })),
        receipt(&json!({ "letters": [{ "letter": LETTER, "status": "eaten" }] })),
    ] {
        assert!(matches!(read(&wrong), Err(AdapterError::Arrival(_))), "{wrong}");
    }
    let print = routes::by_name("print").expect("the route is built");
    let fine = receipt(&json!({ "letters": [letter] })).into_bytes();
    assert!(print.read(&Arrival { door: "bounces", bytes: fine }).is_err(), "receipts come through their own door");
}

#[test]
fn an_unreadable_receipt_that_names_a_letter_is_told_there() {
    let print = routes::by_name("print").expect("the route is built");
    let unread = receipt(&json!({ "letters": [{ "letter": LETTER, "status": "eaten" }] }));
    let named = |door, bytes: &str| print.named_in(&Arrival { door, bytes: bytes.as_bytes().to_vec() });
    assert_eq!(named("receipts", &unread), Some(sample::ATTEMPT));
    assert_eq!(named("bounces", &unread), None);
    assert_eq!(named("receipts", "{}"), None);
}

#[test]
fn a_strangers_words_are_cut_and_masked() {
    let letter =
        json!({ "letter": LETTER, "status": "returned", "code": "x".repeat(500), "text": "født 10915596784 ".repeat(200) });
    let read = read(&receipt(&json!({ "letters": [letter] }))).expect("a receipt");
    let [(_, Arrived::CameBack { code, text })] = read.as_slice() else { panic!("{read:?}") };
    assert!(code.len() <= 60 && text.chars().count() <= 500 && !text.contains("10915596784"), "{text}");
}

/// Whatever a shop, or a stranger in its drop, writes: it is read or refused.
#[test]
fn receipts_of_any_bytes_are_read_or_refused() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let print = routes::by_name("print").expect("the route is built");
        let arrival = Arrival { door: "receipts", bytes: bytes.to_vec() };
        drop(print.read(&arrival));
        print.named_in(&arrival);
    });
}

proptest! {
    /// The members of receipts with any values: the turns that random bytes never reach.
    #[test]
    fn receipts_of_any_values_are_read_or_refused(
        job in prop_oneof!["kvitt-[0-9]{8,10}-[0-9]{5,22}", ".*"],
        letter in prop_oneof![Just(LETTER.to_owned()), ".*"],
        status in prop_oneof!["taken|printed|posted|unprintable|returned", ".*"],
        text in any::<String>(),
        version in any::<i64>(),
    ) {
        let written = receipt(&json!({ "job": job, "letters": [{ "letter": letter, "status": status, "text": text }] }));
        if let Ok(read) = read(&written) {
            prop_assert_eq!(read.len(), 1);
        }
        drop(read(&receipt(&json!({ "version": version, "letters": [] }))));
    }
}
