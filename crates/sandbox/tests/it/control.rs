//! Clock, evidence and pages over HTTP, and how wrong requests are answered.

use serde_json::{Value, json};

use crate::harness::Stage;

#[test]
fn the_clock_moves_forward_only() {
    let stage = Stage::new();
    assert_eq!(stage.json("/clock")["offset_ms"], 0);
    stage.advance(r#"{"ms": 1500}"#);
    stage.advance(r#"{"days": 14}"#);
    let clock = stage.json("/clock");
    assert_eq!(clock["offset_ms"], 14 * 86_400_000 + 1500);
    assert!(clock["now"].as_str().unwrap().ends_with('Z'), "{clock}");
    assert!(clock["next_at"].as_str().unwrap().ends_with('Z') && clock["unfetched"] == 0, "{clock}");
    stage.send("kari@a.example", "1");
    // As times, not as text: a fraction of a second drops its last zeros.
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time(&stage.ledger()[0]["at"]) >= time(&clock["now"]));
}

#[test]
fn the_ledger_by_counterparty_and_company() {
    let stage = Stage::new();
    stage.send("kari@a.example", "1");
    let line = stage.ledger().remove(0);
    let mut fields: Vec<&String> = line.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["at", "company", "counterparty", "digest", "invoice", "key", "kind", "recipient"]);
    let expected = json!(["mail", "letter", "999999999", "1", "kari@a.example"]);
    let found: Value =
        ["counterparty", "kind", "company", "invoice", "recipient"].iter().map(|name| line[*name].clone()).collect();
    assert_eq!(found, expected);
    for (query, lines) in
        [("counterparty=mail", 1), ("counterparty=bank", 0), ("company=999999999", 1), ("company=1&counterparty=mail", 0)]
    {
        assert_eq!(stage.get(&format!("/ledger?{query}")).lines().count(), lines, "{query}");
    }
}

#[test]
fn the_mailbox_shows_what_a_recipient_finds() {
    let stage = Stage::new();
    stage.send("kari@a.example", "1");
    let list = stage.json("/mailbox?address=kari@a.example");
    let entry = &list[0];
    assert_eq!(entry["subject"], "Faktura 1 fra Fjord Kraft på strøm");
    assert_eq!((entry["from"].as_str(), entry["to"].as_str()), (Some("faktura@fjord.example"), Some("kari@a.example")));
    let file = &entry["attachments"][0];
    assert_eq!(
        (file["name"].as_str(), file["type"].as_str(), file["bytes"].as_u64()),
        (Some("strøm.pdf"), Some("application/pdf"), Some(10))
    );
    assert_eq!(file["sha256"], stage.ledger()[0]["digest"]);
    assert_eq!(stage.get("/mailbox/1"), crate::harness::letter("1"));
    assert_eq!(stage.get("/mailbox/1/attachments/0"), "%PDF-1.7 1");
    assert_eq!(stage.json("/mailbox?address=ola@a.example"), json!([]));
    assert_eq!((entry["company"].as_str(), entry["invoice"].as_str()), (Some("999999999"), Some("1")));
    assert_eq!(stage.json("/mailbox?company=999999999").as_array().unwrap().len(), 1);
    assert_eq!(stage.json("/mailbox?company=1"), json!([]));
    assert!(stage.get("/mailbox/1/text").contains("999"), "{}", stage.get("/mailbox/1/text"));
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let table = [
        ("POST", "/faults", "", 400, "EOF"),
        (
            "POST",
            "/faults",
            r#"{"counterparty":"mail","at":"lunch","kind":"drop"}"#,
            400,
            "unknown variant `lunch`, expected one of",
        ),
        ("POST", "/faults", r#"{"counterparty":"mail","at":"dot"}"#, 400, "missing field `kind`"),
        ("POST", "/faults", r#"{"counterparty":"mail","at":"dot","kind":"drop","often":1}"#, 400, "unknown field `often`"),
        ("POST", "/faults", r#"{"counterparty":"mail","at":"dot","kind":"drop","probability":7}"#, 400, "probability"),
        ("POST", "/clock/advance", "{}", 400, "either"),
        ("POST", "/clock/advance", r#"{"ms":1,"days":1}"#, 400, "either"),
        ("POST", "/clock/advance", r#"{"ms":-1}"#, 400, "forward only"),
        ("POST", "/clock/advance", r#"{"days":99999999999999999}"#, 400, "100 years"),
        ("GET", "/ledger?compny=1", "", 400, "unknown field"),
        ("GET", "/mailbox/seven", "", 400, "seven"),
        ("GET", "/mailbox/7", "", 404, "no such letter"),
        ("GET", "/mailbox/..%2Fledger.jsonl", "", 400, "ledger"),
        ("DELETE", "/faults/7", "", 404, "no such fault"),
        ("GET", "/nowhere", "", 404, "/ lists them"),
    ];
    let stage = Stage::new();
    for (method, path, body, status, message) in table {
        let (found, answer) = stage.http(method, path, body);
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(found, status, "{method} {path} {body}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(message), "{method} {path} {body}: {answer}");
    }
    stage.send("kari@a.example", "1");
    assert_eq!(stage.http("GET", "/mailbox/1/attachments/1", "").0, 404);
    assert_eq!(stage.http("POST", "/faults", &" ".repeat(70_000)).0, 413);
}

#[test]
fn the_front_page_says_test_and_its_links_work() {
    let stage = Stage::new();
    let page = stage.get("/");
    assert!(page.contains("TEST"));
    for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        stage.get(link);
    }
}
