//! Each persona, as a client meets it.

use crate::harness::Stage;

/// Follows one conversation after MAIL on a fresh sandbox and counts what the ledger holds.
fn check(taken: usize, conversation: &str) -> Stage {
    let stage = Stage::new();
    stage.talk(&format!("{{open}}\n{conversation}"));
    assert_eq!(stage.ledger().len(), taken, "{conversation}");
    stage
}

const NONSENSE: &str = "S~ <html><body>502 Bad Gateway</body></html>";

#[test]
fn unknown_people_are_never_written_to() {
    check(0, "C: RCPT TO:<kari@example.com>\nS: 550 5.1.2\nC: RCPT TO:<kari@kunde.no>\nS: 550 5.1.2\nC: DATA\nS: 503");
}

#[test]
fn hardbounce() {
    check(0, "C: RCPT TO:<hardbounce+1@kunde.example>\nS: 550 5.1.1\nC: DATA\nS: 503");
}

#[test]
fn greylisted_is_taken_the_second_time() {
    check(
        1,
        "C: RCPT TO:<greylisted@kunde.example>
         S: 451 4.7.1
         C: RCPT TO:<greylisted+other@kunde.example>
         S: 451 4.7.1
         C: RCPT TO:<Greylisted@kunde.example>
         S: 250
         C: DATA
         S: 354
         {letter 1}
         S: 250",
    );
    check(
        0,
        "C: RCPT TO:<greylisted+times=2@a.example>\nS: 451\nC: RCPT TO:<greylisted+times=2@a.example>\nS: 451\nC: RCPT TO:<greylisted+times=2@a.example>\nS: 250",
    );
}

#[test]
fn greylisting_knows_a_sender_again_whatever_follows_its_plus() {
    Stage::new().talk(
        "S: 220
         C: EHLO hub.example
         S: 250
         C: MAIL FROM:<bounces+first@fjord.example>
         S: 250
         C: RCPT TO:<greylisted@kunde.example>
         S: 451 4.7.1
         C: RSET
         S: 250
         C: MAIL FROM:<bounces+second@fjord.example>
         S: 250
         C: RCPT TO:<greylisted@kunde.example>
         S: 250
         C: RSET
         S: 250
         C: MAIL FROM:<bounces@other.example>
         S: 250
         C: RCPT TO:<greylisted@kunde.example>
         S: 451 4.7.1",
    );
}

#[test]
fn mailboxfull_until_some_hours_have_passed() {
    let stage = check(0, "C: RCPT TO:<mailboxfull@kunde.example>\nS: 452 4.2.2");
    stage.advance(r#"{"ms": 14000000}"#);
    stage.talk("{open}\nC: RCPT TO:<mailboxfull@kunde.example>\nS: 452 4.2.2");
    stage.advance(r#"{"ms": 400000}"#);
    stage.talk("{open}\nC: RCPT TO:<mailboxfull@kunde.example>\nS: 250\nC: DATA\nS: 354\n{letter 1}\nS: 250");
    assert_eq!(stage.ledger().len(), 1);
}

#[test]
fn rejectscontent() {
    check(0, "C: RCPT TO:<rejectscontent@kunde.example>\nS: 250\nC: DATA\nS: 354\n{letter 1}\nS: 554 5.6.0\nC: NOOP\nS: 250");
}

#[test]
fn dropsmidletter_twice_then_takes_the_letter() {
    let stage = Stage::new();
    for _ in 0..2 {
        stage.talk("{open}\nC: RCPT TO:<dropsmidletter@kunde.example>\nS: 250\nC: DATA\nS: 354\nS: closed");
        assert!(stage.ledger().is_empty());
    }
    assert!(stage.send("dropsmidletter@kunde.example", "1").starts_with("250"));
    assert_eq!(stage.ledger().len(), 1);
}

#[test]
fn dropsafterdot_has_taken_the_letter_and_does_it_once_for_each_invoice() {
    let stage = Stage::new();
    let to = "dropsafterdot+1@kunde.example";
    assert_eq!(stage.send(to, "1"), "");
    assert_eq!(stage.ledger_keys(), ["999999999/1/dropsafterdot+1@kunde.example"]);
    assert_eq!(stage.send(to, "2"), "");
    // Sending it again is what a hub must not do: the ledger then shows the key twice.
    assert!(stage.send(to, "1").starts_with("250"));
    assert_eq!(stage.ledger().len(), 3);
}

#[test]
fn slow_answers_in_the_end() {
    check(1, "C: RCPT TO:<slow+after=20ms@kunde.example>\nS: 250\nC: DATA\nS: 354\n{letter 1}\nS: 250");
}

#[test]
fn garbles_has_not_taken_the_letter_and_garblesaccepted_has() {
    check(0, &format!("C: RCPT TO:<garbles@kunde.example>\nS: 250\nC: DATA\nS: 354\n{{letter 1}}\n{NONSENSE}\nC: NOOP\nS: 250"));
    check(
        1,
        &format!(
            "C: RCPT TO:<garblesaccepted@kunde.example>\nS: 250\nC: DATA\nS: 354\n{{letter 1}}\n{NONSENSE}\nC: NOOP\nS: 250"
        ),
    );
}

#[test]
fn demandslogin() {
    check(0, "C: RCPT TO:<demandslogin@kunde.example>\nS: 530 5.7.0");
    Stage::new().talk(
        "S: 220
         C: EHLO hub.example
         S: 250
         C: AUTH PLAIN AGt2aXR0AHNhbmRib3g=
         S: 235
         C: MAIL FROM:<a@b.example>
         S: 250
         C: RCPT TO:<demandslogin@kunde.example>
         S: 250",
    );
}

#[test]
fn one_letter_to_several_is_taken_for_all_or_none() {
    check(
        0,
        "C: RCPT TO:<kari@a.example>\nS: 250\nC: RCPT TO:<rejectscontent@a.example>\nS: 250\nC: DATA\nS: 354\n{letter 1}\nS: 554",
    );
}

#[test]
fn the_page_for_newcomers_names_every_persona() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sandbox.md")).unwrap();
    let personas = Stage::new().json("/personas");
    for persona in personas.as_array().unwrap() {
        let (name, dials) = (persona["name"].as_str().unwrap(), persona["dials"].as_str().unwrap());
        assert!(
            page.lines().any(|line| line.starts_with(&format!("| `{name}` |")) && line.contains(dials)),
            "{name} is missing in docs/sandbox.md"
        );
    }
}
