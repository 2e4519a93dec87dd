//! The protocol itself: what a client may say when.

use crate::harness::{Stage, eventually};

fn check(conversation: &str) {
    Stage::new().talk(conversation);
}

#[test]
fn a_letter_from_greeting_to_farewell() {
    let stage = Stage::new();
    stage.talk(
        "{open}
         C: RCPT TO:<Kari+1@kunde.example>
         S: 250 2.1.5
         C: DATA
         S: 354
         {letter 1001}
         S: 250 2.6.0 Taken as letter 1
         C: QUIT
         S: 221
         S: closed",
    );
    assert_eq!(stage.ledger_keys(), ["999999999/1001/kari+1@kunde.example"]);
}

#[test]
fn each_recipient_has_a_line_and_a_mailbox() {
    let stage = Stage::new();
    stage.talk(
        "{open}\nC: RCPT TO:<kari@a.example>\nS: 250\nC: RCPT TO:<ola@b.example>\nS: 250\nC: DATA\nS: 354\n{letter 7}\nS: 250",
    );
    assert_eq!(stage.ledger_keys(), ["999999999/7/kari@a.example", "999999999/7/ola@b.example"]);
    let box_of_ola = stage.json("/mailbox?address=OLA@b.example");
    assert_eq!((box_of_ola[0]["id"].as_u64(), box_of_ola[1].is_null()), (Some(2), true));
}

#[test]
fn commands_in_the_wrong_order() {
    check(
        "S: 220
         C: MAIL FROM:<a@b.example>
         S: 503
         C: AUTH PLAIN AGt2aXR0AHNhbmRib3g=
         S: 503
         C: HELO hub.example
         S: 250
         C: RCPT TO:<kari@a.example>
         S: 503
         C: DATA
         S: 503
         C: MAIL FROM:<a@b.example>
         S: 250
         C: MAIL FROM:<a@b.example>
         S: 503
         C: DATA
         S: 503
         C: RCPT TO:<kari@a.example>
         S: 250
         C: RSET
         S: 250
         C: DATA
         S: 503
         C: NOOP
         S: 250
         C: VRFY kari
         S: 252
         C: HELP
         S: 214
         C: HEI
         S: 500",
    );
}

#[test]
fn logging_in() {
    let table = [
        "C: AUTH PLAIN AGt2aXR0AHNhbmRib3g=\nS: 235 2.7.0\nC: AUTH PLAIN AGt2aXR0AHNhbmRib3g=\nS: 503",
        "C: AUTH PLAIN\nS: 334\nC: AGt2aXR0AHNhbmRib3g=\nS: 235",
        "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: a3ZpdHQ=\nS: 334 UGFzc3dvcmQ6\nC: c2FuZGJveA==\nS: 235",
        "C: AUTH LOGIN a3ZpdHQ=\nS: 334 UGFzc3dvcmQ6\nC: c2FuZGJveA==\nS: 235",
        "C: AUTH PLAIN AGt2aXR0AHdyb25n\nS: 535 5.7.8",
        "C: AUTH PLAIN =\nS: 535",
        "C: AUTH PLAIN !\nS: 501",
        "C: AUTH LOGIN\nS: 334\nC: *\nS: 501",
        "C: AUTH CRAM-MD5\nS: 504",
    ];
    let stage = Stage::new();
    for exchange in table {
        stage.talk(&format!("S: 220\nC: EHLO hub.example\nS: 250\n{exchange}"));
    }
}

#[test]
fn stuffed_dots_are_taken_out_and_other_dots_do_not_end_a_letter() {
    let stage = Stage::new();
    stage.talk(
        "{open}
         C: RCPT TO:<kari@a.example>
         S: 250
         C: DATA
         S: 354
         C: Subject: dots
         C:
         C: ..
         C: ..two
         C: . not the end
         C: .
         S: 250",
    );
    assert_eq!(stage.get("/mailbox/1"), "Subject: dots\r\n\r\n.\r\n.two\r\n not the end\r\n");
}

#[test]
fn a_letter_that_breaks_the_rules_is_refused_and_the_connection_goes_on() {
    let long = "x".repeat(999);
    let table = [
        ("C| Subject: x\\r\\n\\nsmuggled\\n.\\n\\r\\n.\\r\\n".to_owned(), "550 5.6.11"),
        ("C| a\\rb\\r\\n.\\r\\n".to_owned(), "550 5.6.11"),
        (format!("C: {long}\nC: ."), "554 5.6.0"),
    ];
    let stage = Stage::new();
    for (letter, reply) in table {
        stage.talk(&format!(
            "{{open}}\nC: RCPT TO:<kari@a.example>\nS: 250\nC: DATA\nS: 354\n{letter}\nS: {reply}\nC: NOOP\nS: 250"
        ));
    }
    assert!(stage.ledger().is_empty());
}

#[test]
fn limits() {
    let many: String = (0..100).map(|n| format!("C: RCPT TO:<k{n}@a.example>\nS: 250\n")).collect();
    check(&format!("{{open}}\n{many}C: RCPT TO:<one.more@a.example>\nS: 452 4.5.3"));
    check("S: 220\nC: EHLO hub.example\nS: 250\nC: MAIL FROM:<a@b.example> SIZE=31457281\nS: 552 5.3.4");
    check(&format!("S: 220\nC: EHLO {}\nS: 500", "x".repeat(13_000)));
    check(&format!("S: 220\n{}C: HEI\nS: 421\nS: closed", "C: HEI\nS: 500\n".repeat(20)));
}

#[test]
fn the_door_closes_when_the_house_is_full_and_opens_again() {
    let stage = Stage::new();
    let mut guests: Vec<_> = (0..256).map(|_| stage.talk("S: 220")).collect();
    stage.talk("S: 421 4.7.0\nS: closed");
    guests.pop().unwrap().follow("C: QUIT\nS: 221\nS: closed");
    eventually(|| (!stage.connect().reply().starts_with("421")).then_some(()));
}

#[test]
fn a_letter_that_is_too_large_is_read_to_its_dot_and_refused() {
    let stage = Stage::new();
    let mut client = stage.talk("{open}\nC: RCPT TO:<kari@a.example>\nS: 250\nC: DATA\nS: 354");
    let block = format!("{}\r\n", "x".repeat(900)).repeat(1000);
    for _ in 0..=kvitt_sandbox::LARGEST_LETTER / block.len() {
        client.send(block.as_bytes());
    }
    client.follow("C: .\nS: 552 5.3.4\nC: NOOP\nS: 250");
}

#[test]
fn commands_may_come_in_one_packet() {
    check(
        "S: 220
         C| EHLO hub.example\\r\\nMAIL FROM:<a@b.example>\\r\\nRCPT TO:<nobody@example.com>\\r\\nRCPT TO:<kari@a.example>\\r\\nDATA\\r\\n
         S: 250
         S: 250 2.1.0
         S: 550 5.1.2
         S: 250 2.1.5
         S: 354
         {letter 1}
         S: 250 2.6.0",
    );
}

#[test]
fn a_letter_without_labels_is_told_by_its_subject() {
    let stage = Stage::new();
    stage.talk(
        "{open}\nC: RCPT TO:<kari@a.example>\nS: 250\nC: DATA\nS: 354\nC: Subject: Hei\nC:\nC: Hvordan gikk det?\nC: .\nS: 250",
    );
    let line = &stage.ledger()[0];
    assert_eq!((line["kind"].as_str(), line["key"].as_str()), (Some("unreadable letter"), Some("-/Hei/kari@a.example")));
    assert!(line["company"].is_null() && line["invoice"].is_null());
}

#[test]
fn sixty_four_senders_at_once_give_exact_counts() {
    let stage = Stage::new();
    std::thread::scope(|scope| {
        for sender in 0..64 {
            let stage = &stage;
            scope.spawn(move || {
                let mut client = stage.connect();
                client.follow("S: 220\nC: EHLO hub.example\nS: 250");
                for invoice in 0..5 {
                    client.follow(&format!(
                        "C: MAIL FROM:<faktura@fjord.example>\nS: 250\nC: RCPT TO:<kari@a.example>\nS: 250\nC: DATA\nS: 354\n{{letter {sender}-{invoice}}}\nS: 250"
                    ));
                }
                // Two letters of each sender are the same letter to its recipient.
                client.follow("C: MAIL FROM:<faktura@fjord.example>\nS: 250\nC: RCPT TO:<ola@a.example>\nS: 250\nC: DATA\nS: 354\n{letter shared}\nS: 250");
            });
        }
    });
    let mut keys = stage.ledger_keys();
    assert_eq!(keys.iter().filter(|key| *key == "999999999/shared/ola@a.example").count(), 64);
    assert_eq!(keys.len(), 64 * 6);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 64 * 5 + 1);
    let mut ids: Vec<u64> =
        stage.json("/mailbox").as_array().unwrap().iter().map(|entry| entry["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=384).collect::<Vec<_>>());
}
