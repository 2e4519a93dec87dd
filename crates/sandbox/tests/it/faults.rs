//! Each fault at each point: what a client meets, and what the ledger holds afterwards.

use crate::harness::Stage;

const NONSENSE: &str = "S~ <html><body>502 Bad Gateway</body></html>";

/// Orders one fault that strikes once, follows the conversation, and counts what was taken.
fn check(at: &str, kind: &str, taken: usize, conversation: &str) {
    let stage = Stage::new();
    let delay = if kind == "delay" { r#","delay_ms":20"# } else { "" };
    stage.fault(&format!(r#"{{"counterparty":"mail","at":"{at}","kind":"{kind}","times":1{delay}}}"#));
    let conversation = conversation.replace("{nonsense}", NONSENSE);
    stage.talk(&conversation);
    assert_eq!(stage.ledger().len(), taken, "{at} {kind}");
    assert_eq!(stage.json("/faults")[0]["struck"], 1, "{at} {kind}");
}

#[test]
fn at_connect() {
    check("connect", "refuse", 0, "S: 421 4.3.2\nS: closed");
    check("connect", "drop", 0, "S: closed");
    check("connect", "accept_then_drop", 0, "S: closed");
    check("connect", "delay", 0, "S: 220\nC: NOOP\nS: 250");
    check("connect", "duplicate", 0, "S: 220\nS: 220\nC: NOOP\nS: 250");
    check("connect", "garble", 0, "{nonsense}\nS: closed");
}

const HELLO: &str = "S: 220\nC: EHLO hub.example\nS: 250\nC: MAIL FROM:<a@b.example>\n";

#[test]
fn at_mail() {
    let mail = |kind, rest: &str| check("mail", kind, 0, &format!("{HELLO}{rest}"));
    mail("refuse", "S: 451 4.3.0\nC: RCPT TO:<kari@a.example>\nS: 503");
    mail("drop", "S: closed");
    mail("accept_then_drop", "S: closed");
    mail("delay", "S: 250\nC: RCPT TO:<kari@a.example>\nS: 250");
    mail("duplicate", "S: 250\nS: 250\nC: RCPT TO:<kari@a.example>\nS: 250");
    mail("garble", "{nonsense}\nC: RCPT TO:<kari@a.example>\nS: 503");
}

#[test]
fn at_rcpt() {
    let rcpt = |kind, rest: &str| check("rcpt", kind, 0, &format!("{{open}}\nC: RCPT TO:<kari@a.example>\n{rest}"));
    rcpt("refuse", "S: 451 4.3.0\nC: DATA\nS: 503");
    rcpt("drop", "S: closed");
    rcpt("accept_then_drop", "S: closed");
    rcpt("delay", "S: 250 2.1.5");
    rcpt("duplicate", "S: 250 2.1.5\nS: 250 2.1.5\nC: NOOP\nS: 250 2.0.0");
    rcpt("garble", "{nonsense}\nC: DATA\nS: 503");
}

const TO_DATA: &str = "{open}\nC: RCPT TO:<kari@a.example>\nS: 250\nC: DATA\n";

#[test]
fn at_data() {
    let data = |kind, taken, rest: &str| check("data", kind, taken, &format!("{TO_DATA}{rest}"));
    data("refuse", 0, "S: 451 4.3.0\nC: NOOP\nS: 250");
    data("drop", 0, "S: closed");
    data("accept_then_drop", 0, "S: 354\nS: closed");
    data("delay", 1, "S: 354\n{letter 1}\nS: 250");
    data("duplicate", 1, "S: 354\nS: 354\n{letter 1}\nS: 250");
    data("garble", 0, "{nonsense}\nC: NOOP\nS: 250");
}

#[test]
fn at_the_final_dot() {
    let dot = |kind, taken, rest: &str| check("dot", kind, taken, &format!("{TO_DATA}S: 354\n{{letter 1}}\n{rest}"));
    dot("refuse", 0, "S: 451 4.3.0\nC: NOOP\nS: 250");
    dot("drop", 0, "S: closed");
    dot("accept_then_drop", 1, "S: closed");
    dot("delay", 1, "S: 250");
    dot("duplicate", 2, "S: 250\nC: NOOP\nS: 250 2.0.0");
    dot("garble", 0, "{nonsense}\nC: NOOP\nS: 250");
}

#[test]
fn at_the_reply_the_letter_is_taken_whatever_is_said() {
    let reply = |kind, rest: &str| check("reply", kind, 1, &format!("{TO_DATA}S: 354\n{{letter 1}}\n{rest}"));
    reply("refuse", "S: 451 4.3.0\nC: NOOP\nS: 250");
    reply("drop", "S: closed");
    reply("accept_then_drop", "S: closed");
    reply("delay", "S: 250");
    reply("duplicate", "S: 250 2.6.0\nS: 250 2.6.0\nC: NOOP\nS: 250 2.0.0");
    reply("garble", "{nonsense}\nC: NOOP\nS: 250");
}

#[test]
fn a_fault_for_one_recipient_spares_the_others_until_it_is_deleted() {
    let stage = Stage::new();
    let id = stage.fault(r#"{"counterparty":"mail","at":"dot","kind":"refuse","to":"kari*@kunde.example"}"#);
    assert!(stage.send("ola@kunde.example", "1").starts_with("250"));
    assert!(stage.send("Kari+2@kunde.example", "1").starts_with("451"));
    assert_eq!(stage.http("DELETE", &format!("/faults/{id}"), "").0, 204);
    assert_eq!(stage.http("DELETE", &format!("/faults/{id}"), "").0, 404);
    assert!(stage.send("kari+2@kunde.example", "1").starts_with("250"));
    stage.fault(r#"{"counterparty":"mail","at":"dot","kind":"refuse"}"#);
    assert_eq!(stage.http("DELETE", "/faults", "").0, 204);
    assert!(stage.json("/faults").as_array().unwrap().is_empty());
}

#[test]
fn a_fault_that_refuses_a_letter_does_not_use_up_the_persona() {
    let stage = Stage::new();
    stage.fault(r#"{"counterparty":"mail","at":"dot","kind":"refuse","times":1}"#);
    assert!(stage.send("dropsafterdot@a.example", "1").starts_with("451"));
    assert_eq!(stage.send("dropsafterdot@a.example", "1"), "");
    assert_eq!(stage.ledger().len(), 1);
}
