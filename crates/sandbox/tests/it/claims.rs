//! Direct debits through MPS: taken, rejected, cancelled, debited; and the look-up of mandates.

use serde_json::{Value, json};

use crate::harness::Stage;
use crate::mps::{ISSUER, between, id, shipment_of};

pub const ACCOUNT: &str = "99991042764";

/// The KID of the nth invoice of a customer: fifteen digits, the first six the customer's, MOD10.
pub fn kid(customer: u32, invoice: u32) -> String {
    let body = format!("{customer:06}{invoice:08}");
    let double = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let digits = body.bytes().rev().map(|b| u32::from(b - b'0')).enumerate();
    let sum: u32 = digits.map(|(at, digit)| if at % 2 == 0 { double(digit) } else { digit }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A transaction that is a direct debit only.
pub fn claim(id: &str, kid: &str, amount: &str, due_on: &str) -> String {
    format!(
        "<transactions><transactionId>{id}</transactionId><paymentType>AVTALEGIRO</paymentType><documentType>INVOICE</documentType>\
         <kid>{kid}</kid><accountNumber>{ACCOUNT}</accountNumber><amount>{amount}</amount><dueDate>{due_on}</dueDate>\
         <atgInfo><atgNotification>false</atgNotification></atgInfo></transactions>"
    )
}

impl Stage {
    /// An active AvtaleGiro agreement with KIDs of fifteen digits.
    pub fn agree(&self, organisation: &str, account: &str) {
        let order = json!({
            "organisationNumber": organisation, "accountNumber": account,
            "kidStructures": [{"length": 15, "referencePosition": "[1-6]", "modulus": "MOD10"}],
        });
        assert_eq!(self.order("/bank/agreements", &order), json!({"status": "ACTIVE"}));
    }

    /// A control call that works.
    pub fn order(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.http("POST", path, &body.to_string());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!((200..300).contains(&status), "{path}: {answer}");
        answer
    }

    /// Sends claims; the nth has transaction id n of the shipment.
    pub fn send_claims(&self, shipment: u32, claims: &[(&str, &str, &str)]) -> String {
        let all: String =
            claims.iter().zip(1..).map(|((kid, amount, due), n)| claim(&id(shipment, n), kid, amount, due)).collect();
        self.soap("AddShipmentRequest", &shipment_of(shipment, &all))
    }

    /// `atgStatus` as it stands, its elements parted by spaces.
    pub fn claim_status(&self, shipment: u32, n: u32) -> String {
        let ids = format!(
            "<issuer>{ISSUER}</issuer><transactionIds><transactionId>{}</transactionId></transactionIds>",
            id(shipment, n)
        );
        let reply = self.soap("GetTransactionStatusRequest", &ids);
        let status = between(&reply, "<atgStatus><status>", "</atgStatus>");
        status.replace("</status>", "").replace("<rejectionCode>", " ").split("</rejectionCode>").next().unwrap().to_owned()
    }

    fn cancel_claim(&self, shipment: u32, n: u32) -> String {
        let ids = format!(
            "<issuer>{ISSUER}</issuer><transactionIds><transactionId>{}</transactionId></transactionIds>",
            id(shipment, n)
        );
        between(&self.soap("CancelTransactionRequest", &ids), "<atgCancelStatus>", "<").to_owned()
    }

    fn mandate(&self, kid: &str, account: &str) -> String {
        self.soap("GetAtgMandateRequest", &format!("<kid>{kid}</kid><creditAccount>{account}</creditAccount>"))
    }

    /// Kind and key of the bank's lines in the ledger.
    pub fn debits(&self) -> Vec<(String, String)> {
        let text = self.get("/ledger?counterparty=bank");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| (line["kind"].as_str().unwrap().to_owned(), line["key"].as_str().unwrap().to_owned())).collect()
    }
}

/// A Tuesday in 2040, a little after nine in the morning in Oslo.
pub const TUESDAY: &str = "2040-01-03T08:05:00Z";
/// The earliest due date then: four bank days later.
pub const EARLIEST: &str = "2040-01-09";

#[test]
fn a_claim_is_passed_on_and_debited_once() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    let kid = kid(42, 1);
    assert!(stage.send_claims(1, &[(&kid, "499.00", EARLIEST)]).contains("<noOfTransactions>1<"));
    let seen = |at: &str| {
        stage.at(at);
        stage.claim_status(1, 1)
    };
    assert_eq!(stage.claim_status(1, 1), "IN_PROGRESS");
    assert_eq!(seen("2040-01-03T08:05:45Z"), "RECEIVED");
    assert_eq!(seen("2040-01-03T08:06:30Z"), "PROCESSED");
    assert_eq!(seen("2040-01-03T15:59:00Z"), "PROCESSED");
    assert_eq!(seen("2040-01-03T16:01:00Z"), "SENT_TO_BDS");
    assert_eq!(stage.debits(), []);
    assert_eq!(seen("2040-01-09T07:30:00Z"), "SENT_TO_BDS");
    let key = format!("{ACCOUNT}/{kid}/499.00/2040-01-09");
    assert_eq!(stage.debits(), [("debit".to_owned(), key)]);
    stage.advance(r#"{"days": 400}"#);
    assert_eq!(stage.debits().len(), 1);
}

#[test]
fn claims_that_are_rejected() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    let (good, none, deleted) = (kid(42, 1), kid(11, 1), kid(3, 1));
    let spoilt = kid(42, 2) + "0";
    // What is sent, and what becomes of it.
    let table = [
        (good.as_str(), "499.00", EARLIEST, "RECEIVED"),
        (&good, "499.00", EARLIEST, "REJECTED X001"),
        (&good, "499.01", EARLIEST, "RECEIVED"),
        (&good, "499.00", "2040-01-08", "RECEIVED"),
        (&good, "499.00", "2040-01-07", "RECEIVED"),
        (&good, "499.00", "2040-01-06", "REJECTED D001"),
        (&good, "499.00", "2041-01-03", "RECEIVED"),
        (&good, "499.00", "2041-01-04", "REJECTED D002"),
        (&good, "0.00", EARLIEST, "REJECTED A001"),
        (&good, "1000000.01", EARLIEST, "REJECTED A001"),
        (&spoilt, "499.00", EARLIEST, "REJECTED K001"),
        ("000042000000029", "499.00", EARLIEST, "REJECTED K001"),
        (&none, "499.00", EARLIEST, "REJECTED M001"),
        (&deleted, "499.00", EARLIEST, "REJECTED M001"),
    ];
    assert!(stage.mandate(&deleted, ACCOUNT).contains("<atgMandate>"));
    let claims: Vec<_> = table.iter().map(|(kid, amount, due, _)| (*kid, *amount, *due)).collect();
    assert!(stage.send_claims(1, &claims).contains("<noOfTransactions>14<"));
    stage.advance(r#"{"ms": 31000}"#);
    for ((kid, amount, due, expected), n) in table.iter().zip(1..) {
        assert_eq!(stage.claim_status(1, n), *expected, "{n}: {kid} {amount} {due}");
    }
    assert!(!stage.mandate(&deleted, ACCOUNT).contains("<atgMandate>"));
    // The ledger knows what was taken, and the attempt to be paid twice.
    let kinds: Vec<Value> = stage.ledger().iter().map(|line| line["kind"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "claim").count(), 5);
    assert_eq!(kinds.iter().filter(|kind| **kind == "second payment").count(), 1);
    // A later cut-off moves the earliest due date.
    stage.at("2040-01-03T13:00:00Z");
    stage.send_claims(2, &[(&kid(43, 1), "1.00", EARLIEST), (&kid(43, 1), "1.00", "2040-01-10")]);
    stage.advance(r#"{"ms": 31000}"#);
    assert_eq!((stage.claim_status(2, 1).as_str(), stage.claim_status(2, 2).as_str()), ("REJECTED D001", "RECEIVED"));
}

#[test]
fn cancelling_in_time_and_too_late() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    let kids = [kid(42, 1), kid(43, 1), kid(14, 1), kid(11, 1)];
    let claims: Vec<_> = kids.iter().map(|kid| (kid.as_str(), "499.00", EARLIEST)).collect();
    stage.send_claims(1, &claims);
    assert_eq!(stage.cancel_claim(1, 1), "PROCESSING_IN_PROGRESS-TRY_LATER");
    // Due on a Monday; the cut-off is on the Sunday before.
    stage.at("2040-01-08T12:59:00Z");
    let cancelled = |n| stage.cancel_claim(1, n);
    assert_eq!([cancelled(1), cancelled(1), cancelled(3)], ["CANCELLATION_REQUESTED"; 3]);
    assert_eq!(cancelled(4), "NOT_FOUND");
    assert_eq!(stage.claim_status(1, 1), "CANCELLATION_RECEIVED");
    stage.at("2040-01-08T13:01:00Z");
    assert_eq!(cancelled(2), "NOT_ALLOWED");
    let status = |n| stage.claim_status(1, n);
    assert_eq!(status(1), "CANCELLATION_ACCEPTED_BY_BDS");
    assert_eq!((status(2).as_str(), status(3).as_str()), ("SENT_TO_BDS", "CANCELLATION_REJECTED_BY_BDS"));
    stage.at("2040-01-09T07:30:00Z");
    let keys: Vec<String> = stage.debits().into_iter().map(|(_, key)| key).collect();
    let key = |kid: &str| format!("{ACCOUNT}/{kid}/499.00/{EARLIEST}");
    assert_eq!(keys, [key(&kids[1]), key(&kids[2])]);
}

#[test]
fn mandates_are_looked_up_by_the_customer_part() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    let found = |wants: bool| {
        format!(
            "<atgMandate><kid>{}</kid><creditAccount>{ACCOUNT}</creditAccount><notification>{wants}</notification></atgMandate>",
            "KID"
        )
    };
    let shown = |customer: u32| {
        let reply = stage.mandate(&kid(customer, 77), ACCOUNT);
        reply.contains("<atgMandate>").then(|| {
            let mandate = between(&reply, "<atgMandate>", "</atgMandate>");
            format!("<atgMandate>{mandate}</atgMandate>").replace(&kid(customer, 0), "KID")
        })
    };
    assert_eq!(
        [shown(42), shown(4), shown(11), shown(12), shown(101)],
        [Some(found(true)), Some(found(false)), None, None, None]
    );
    let order = |body: Value| stage.order("/bank/mandates", &body)["changed"].clone();
    assert_eq!(order(json!({"accountNumber": ACCOUNT, "from": 99, "to": 300})), 200);
    assert_eq!(order(json!({"accountNumber": ACCOUNT, "kid": kid(4711, 5), "notice": false})), 1);
    assert_eq!(order(json!({"accountNumber": ACCOUNT, "customerPart": "000042", "notice": true})), 0);
    assert_eq!([shown(300), shown(4711)], [Some(found(true)), Some(found(false))]);
    let gone = json!({"accountNumber": ACCOUNT, "customerPart": "004711"});
    assert_eq!(stage.http("DELETE", "/bank/mandates", &gone.to_string()).0, 200);
    assert_eq!(shown(4711), None);
    // The morning after, some have changed their minds.
    stage.at("2040-01-04T06:30:00Z");
    assert_eq!([shown(12), shown(13), shown(42)], [Some(found(true)), Some(found(false)), Some(found(true))]);
    // Nobody else's account.
    assert!(stage.mandate(&kid(42, 1), "86011117947").contains("<errorCode>3102</errorCode>"));
}

#[test]
fn each_payers_story() {
    let mut stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    // Who, and what happens on the account until a week after the due date, in order.
    let table: [(u32, &[&str]); 13] = [
        (42, &["debit 499.00"]),
        (100, &["debit 499.00"]),
        (1, &[]),
        (2, &[]),
        (4, &["debit 499.00"]),
        (5, &["debit 499.00", "payment 499.00"]),
        (6, &["debit 499.00", "debit by mistake 499.00"]),
        (7, &["payment 499.00"]),
        (8, &["payment 249.50"]),
        (9, &["payment 599.00"]),
        (10, &["debit 499.00", "reversal 499.00"]),
        (12, &["debit 499.00"]),
        (13, &["debit 499.00"]),
    ];
    stage.at("2040-01-04T08:00:00Z");
    for ((customer, _), shipment) in table.iter().zip(1..) {
        stage.send_claims(shipment, &[(&kid(*customer, 1), "499.00", "2040-01-16")]);
    }
    stage.at("2040-01-10T08:00:00Z");
    stage.restart();
    stage.at("2040-01-23T08:00:00Z");
    let payments = stage.json(&format!("/bank/payments?accountNumber={ACCOUNT}"));
    for (customer, expected) in table {
        let kid = kid(customer, 1);
        let is_theirs = |one: &&Value| one["kid"].as_str().unwrap().starts_with(&kid[..6]);
        let mut found: Vec<String> = payments
            .as_array()
            .unwrap()
            .iter()
            .filter(is_theirs)
            .map(|one| format!("{} {}", one["kind"].as_str().unwrap(), one["amount"].as_str().unwrap()))
            .collect();
        found.reverse();
        assert_eq!(found, expected, "{customer}");
        if customer == 7 {
            let wrong = payments.as_array().unwrap().iter().find(is_theirs).unwrap()["kid"].as_str().unwrap();
            assert_ne!(wrong, kid);
        }
    }
    let debits: Vec<String> = stage.debits().into_iter().filter(|(kind, _)| kind == "debit").map(|(_, key)| key).collect();
    let unique: std::collections::HashSet<&String> = debits.iter().collect();
    assert_eq!((debits.len(), unique.len()), (8, 8));
}

#[test]
fn the_worst_day() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    stage.agree(ISSUER, ACCOUNT);
    for customer in 20..28 {
        stage.send_claims(customer, &[(&kid(customer, 1), "100.00", "2040-01-16")]);
    }
    assert_eq!(stage.order("/bank/worst-day", &json!({"on": "2040-01-14"})), json!({"on": "2040-01-16"}));
    stage.at("2040-01-20T08:00:00Z");
    let count = |wanted: &str| stage.debits().iter().filter(|(kind, _)| kind == wanted).count();
    assert_eq!(["debit", "debit by mistake", "reversal", "refund"].map(count), [8, 8, 4, 4]);
}
