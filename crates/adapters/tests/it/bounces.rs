//! Messages that came to the bounce address, in `bounces/*.eml`: invented, in the forms that mail systems use.

use kvitt_adapters::route::{AdapterError, Arrival, Arrived, Concerned};
use kvitt_adapters::routes;
use kvitt_domain::delivery::AttemptId;
use proptest::prelude::*;

use crate::sample::ATTEMPT;

fn read(bytes: &[u8]) -> Result<Vec<(AttemptId, Arrived)>, AdapterError> {
    let email = routes::by_name("email").expect("the route is built");
    let found = email.read(&Arrival { door: "bounces", bytes: bytes.to_vec() })?;
    let attempts = found.into_iter().map(|(concerned, arrived)| match concerned {
        Concerned::Attempt(attempt) => (attempt, arrived),
        Concerned::Consignment { .. } | Concerned::Transmission { .. } | Concerned::Claim { .. } => {
            panic!("a bounce names its letter")
        }
    });
    Ok(attempts.collect())
}

/// What a fixture says, in one line.
fn check(name: &str, expected: &str) {
    let path = format!("{}/tests/it/bounces/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("a fixture can be read");
    // Messages come with either line end.
    for bytes in [text.replace("\r\n", "\n"), text.replace("\r\n", "\n").replace('\n', "\r\n")] {
        let shown = match read(bytes.as_bytes()) {
            Err(AdapterError::Arrival(why)) => format!("refused: {why}"),
            Err(other) => panic!("{name}: {other}"),
            Ok(found) if found.is_empty() => "nothing".to_owned(),
            Ok(found) => {
                let [(attempt, arrived)] = found.as_slice() else { panic!("{name}: concerns several") };
                assert_eq!(*attempt, ATTEMPT, "{name}");
                match arrived {
                    Arrived::Bounced { status, text } => format!("bounced {status} {text}"),
                    Arrived::Delayed { text } => format!("delayed {text}"),
                    Arrived::PassedOn { text } => format!("passed on {text}"),
                    other => panic!("{other:?} is no word of a mail server"),
                }
            }
        };
        assert_eq!(shown, expected, "{name}");
    }
}

#[test]
fn a_failed_report() {
    check("postfix_failed", "bounced 5.1.1 550 5.1.1 <kare@post.example>: Recipient address rejected: User unknown");
}

#[test]
fn a_delayed_report_is_no_bounce() {
    check("postfix_delayed", "delayed connect to mx.post.example[192.0.2.1]:25: Connection timed out");
}

#[test]
fn a_report_that_a_forwarding_sent_elsewhere_is_found_by_the_returned_letter() {
    check("found_by_message_id", "bounced 5.2.2 552 5.2.2 Mailbox full");
}

#[test]
fn a_report_of_success_says_that_the_letter_was_passed_on() {
    check("delivered", "passed on This is the mail system at host mx.post.example.");
}

#[test]
fn one_of_several_that_an_address_stands_for_is_enough() {
    check("expanded_list", "passed on This is the mail system at host mx.post.example.");
}

#[test]
fn a_report_by_the_exchange_kind_of_server() {
    check("exchange", "bounced 5.1.10 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup");
}

#[test]
fn a_bounce_in_words_only() {
    check(
        "words_only",
        "bounced 5.1.1 Hi. This is the mail program at mx.post.example. I could not deliver your message to this address. <kare@post.example>: Sorry, no mailbox here by that name. (#5.1.1) --- Below this line is a copy of the message. Return-Path: <bounces+0199a0de-0000-7000-8000-0000000000a1@retur.nordlys.example> Subject: Faktura 10023 fra Nordlys Kraft AS",
    );
}

#[test]
fn an_automatic_reply_is_no_bounce() {
    check("out_of_office", "nothing");
}

#[test]
fn a_letter_from_a_person_is_not_thrown_away() {
    check("from_a_person", "refused: it is neither a delivery report nor an automatic reply");
}

#[test]
fn a_report_of_somebody_elses_letter_is_refused() {
    check("not_ours", "refused: the report names no letter of ours");
}

#[test]
fn what_is_no_message_is_refused() {
    assert!(matches!(read(b""), Err(AdapterError::Arrival(_))));
    assert!(matches!(read(&[0xff; 64]), Err(AdapterError::Arrival(_))));
}

#[test]
fn a_report_that_was_cut_short_is_read_or_refused() {
    let folder = format!("{}/tests/it/bounces", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).expect("fixtures are part of the crate") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a fixture can be read");
        for end in 0..bytes.len() {
            drop(read(&bytes[..end]));
        }
    }
}

proptest! {
    /// Pieces of messages in any order: the parser's own turns, which random bytes never reach.
    #[test]
    fn pieces_of_messages_are_read_or_refused(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24)) {
        drop(read(pieces.concat().as_bytes()));
    }
}

const PIECES: [&str; 20] = [
    "Content-Type: multipart/report; report-type=delivery-status; boundary=\"a\"\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: message/rfc822\n",
    "Content-Type: message/delivery-status\n",
    "Content-Type: text/plain; charset=\"utf-16\"\n",
    "Content-Type: text/rfc822-headers\n",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "From: MAILER-DAEMON@post.example\n",
    "To: bounces+0199a0de-0000-7000-8000-0000000000a1@retur.example\n",
    "Auto-Submitted: auto-replied\n",
    "Action: failed\n",
    "Status: 5.1.1\n",
    "Diagnostic-Code: smtp; 550 \u{f8}\n",
    " =C3=\n",
    "\n",
    "\r\n",
    "--a\n",
    "--b--\r\n",
    "--a--\n",
];
