//! A mail client that others wrote talks with the sandbox: proof that it speaks SMTP and not merely our dialect.
//! Encryption is tried in `tls.rs`, there too with a client side that others wrote.

use kvitt_sandbox::{PASSWORD, USER};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Message, SmtpTransport, Transport};

use crate::harness::Stage;

const SUBJECT: &str = "Faktura for strøm på Bø, med så langt emne at det må deles på flere kodede ord";
const FILE: &str = "strøm på en veldig lang dag i et veldig langt filnavn som må brytes over flere linjer.pdf";

fn message(to: &str) -> Message {
    let text = "Kjære kunde på Bø,\n\nOrganisation number: 999999999\nInvoice number: 2026-77\n";
    let pdf = Attachment::new(FILE.to_owned());
    Message::builder()
        .from("Fjord Kraft <faktura@fjord.example>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject(SUBJECT)
        .multipart(
            MultiPart::mixed()
                .singlepart(SinglePart::plain(text.to_owned()))
                .singlepart(pdf.body(b"%PDF-1.7".repeat(100), ContentType::parse("application/pdf").unwrap())),
        )
        .unwrap()
}

fn client(stage: &Stage, password: &str) -> SmtpTransport {
    SmtpTransport::builder_dangerous("127.0.0.1")
        .port(stage.sandbox().smtp().port())
        .credentials(Credentials::new(USER.to_owned(), password.to_owned()))
        .build()
}

#[test]
fn its_letter_is_taken_and_read() {
    let stage = Stage::new();
    let reply = client(&stage, PASSWORD).send(&message("Kari <kari@kunde.example>")).unwrap();
    assert!(reply.is_positive());
    let list = stage.json("/mailbox");
    let entry = &list[0];
    assert_eq!(entry["subject"], SUBJECT);
    assert_eq!(entry["attachments"][0]["name"], FILE);
    assert_eq!(entry["attachments"][0]["bytes"], 800);
    assert_eq!(stage.ledger_keys(), ["999999999/2026-77/kari@kunde.example"]);
}

#[test]
fn it_understands_the_refusals() {
    let stage = Stage::new();
    let send = |password, to| client(&stage, password).send(&message(to)).unwrap_err();
    assert!(send(PASSWORD, "hardbounce@kunde.example").is_permanent());
    assert!(send(PASSWORD, "greylisted@kunde.example").is_transient());
    assert!(send("wrong", "kari@kunde.example").is_permanent());
    assert!(stage.ledger().is_empty());
}
