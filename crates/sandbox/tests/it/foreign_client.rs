//! A mail client that others wrote talks with the sandbox: proof that it speaks SMTP and not merely our dialect.

use std::fs;

use kvitt_sandbox::{PASSWORD, USER};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};

use crate::harness::Stage;

fn message(to: &str) -> Message {
    let text = "Kjære kunde på Bø,\n\nOrganisation number: 999999999\nInvoice number: 2026-77\n"
        .to_owned();
    let pdf = Attachment::new(
        "strøm på en veldig lang dag i et veldig langt filnavn som må brytes over flere linjer.pdf"
            .to_owned(),
    );
    Message::builder()
        .from("Fjord Kraft <faktura@fjord.example>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject("Faktura for strøm på Bø, med så langt emne at det må deles på flere kodede ord")
        .multipart(
            MultiPart::mixed()
                .singlepart(SinglePart::plain(text))
                .singlepart(pdf.body(
                    b"%PDF-1.7".repeat(100),
                    ContentType::parse("application/pdf").unwrap(),
                )),
        )
        .unwrap()
}

fn tls(stage: &Stage) -> TlsParameters {
    let authority =
        Certificate::from_pem(&fs::read(stage.sandbox().certificate()).unwrap()).unwrap();
    TlsParameters::builder("localhost".to_owned())
        .add_root_certificate(authority)
        .build()
        .unwrap()
}

fn check(stage: &Stage, port: u16, tls: Tls) {
    let client = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(port)
        .tls(tls)
        .credentials(Credentials::new(USER.to_owned(), PASSWORD.to_owned()))
        .build();
    let reply = client.send(&message("Kari <kari@kunde.example>")).unwrap();
    assert!(reply.is_positive());
    let entry = stage
        .json("/mailbox")
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        entry["subject"],
        "Faktura for strøm på Bø, med så langt emne at det må deles på flere kodede ord"
    );
    assert_eq!(
        entry["attachments"][0]["name"],
        "strøm på en veldig lang dag i et veldig langt filnavn som må brytes over flere linjer.pdf"
    );
    assert_eq!(entry["attachments"][0]["bytes"], 800);
    assert_eq!(
        stage.ledger_keys().pop().unwrap(),
        "999999999/2026-77/kari@kunde.example"
    );
}

#[test]
fn in_the_clear_with_starttls_and_with_tls() {
    let stage = Stage::new();
    check(&stage, stage.sandbox().smtp().port(), Tls::None);
    check(
        &stage,
        stage.sandbox().smtp().port(),
        Tls::Required(tls(&stage)),
    );
    check(
        &stage,
        stage.sandbox().smtps().unwrap().port(),
        Tls::Wrapper(tls(&stage)),
    );
}

#[test]
fn it_understands_the_refusals() {
    let stage = Stage::new();
    let client = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(stage.sandbox().smtp().port())
        .build();
    assert!(
        client
            .send(&message("hardbounce@kunde.example"))
            .unwrap_err()
            .is_permanent()
    );
    assert!(
        client
            .send(&message("greylisted@kunde.example"))
            .unwrap_err()
            .is_transient()
    );
    let wrong = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(stage.sandbox().smtp().port())
        .credentials(Credentials::new(USER.to_owned(), "wrong".to_owned()))
        .build();
    assert!(
        wrong
            .send(&message("kari@kunde.example"))
            .unwrap_err()
            .is_permanent()
    );
}
