//! The letter: its words, and its bytes as another program reads them.

use kvitt_adapters::letter::{ComposeError, Letter, compose};
use kvitt_adapters::route::{Artefact, ArtefactRole, Consignment, Member, Request, Then};
use kvitt_adapters::routes;
use kvitt_domain::Language;
use kvitt_domain::invoice::DocumentKind;
use mail_parser::{MessageParser, MimeHeaders};

use crate::sample;

fn letter_of(consignment: &Consignment) -> Letter {
    let email = routes::by_name("email").expect("the route is built");
    match email.next(consignment, &[]).expect("a first step").then {
        Then::Send(Request::Smtp(letter)) => *letter,
        other => panic!("{other:?}"),
    }
}

fn letter(member: Member) -> Letter {
    letter_of(&sample::consignment(vec![member]))
}

fn in_english(mut member: Member) -> Member {
    member.recipient.language = Language::English;
    member
}

fn credit_note(mut member: Member) -> Member {
    member.invoice.kind = DocumentKind::CreditNote;
    member.invoice.number = "K-7".to_owned();
    member
}

#[test]
fn the_words_of_an_invoice() {
    let letter = letter(sample::member());
    assert_eq!(letter.subject, "Faktura 10023 fra Nordlys Kraft AS");
    insta::assert_snapshot!("invoice_nb", letter.text);
    insta::assert_snapshot!("invoice_nb_html", letter.html);
}

#[test]
fn the_words_of_an_invoice_in_english() {
    let letter = letter(in_english(sample::member()));
    assert_eq!(letter.subject, "Invoice 10023 from Nordlys Kraft AS");
    insta::assert_snapshot!("invoice_en", letter.text);
}

#[test]
fn the_words_of_a_credit_note() {
    let bokmal = letter(credit_note(sample::member()));
    assert_eq!(bokmal.subject, "Kreditnota K-7 fra Nordlys Kraft AS");
    insta::assert_snapshot!("credit_note_nb", bokmal.text);
    insta::assert_snapshot!("credit_note_en", letter(credit_note(in_english(sample::member()))).text);
}

/// Recipients' systems read these lines; they stand alone, and each stands once.
#[test]
fn the_number_lines_stand_as_agreed() {
    let check = |member: Member, expected: [&str; 2]| {
        let text = letter(member).text;
        for line in expected {
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line} in:\n{text}");
        }
    };
    check(sample::member(), ["Organisasjonsnummer: 999999999", "Fakturanummer: 10023"]);
    check(credit_note(sample::member()), ["Organisasjonsnummer: 999999999", "Kreditnotanummer: K-7"]);
    check(in_english(sample::member()), ["Organisation number: 999999999", "Invoice number: 10023"]);
    check(credit_note(in_english(sample::member())), ["Organisation number: 999999999", "Credit note number: K-7"]);
}

#[test]
fn a_comment_cannot_forge_a_number_line() {
    let mut member = sample::member();
    member.metadata.sender_comment = Some("Takk!\r\nFakturanummer: 666\u{2028}Organisasjonsnummer: 123".to_owned());
    let text = letter(member).text;
    assert_eq!(text.lines().filter(|line| line.starts_with("Fakturanummer:")).collect::<Vec<_>>(), ["Fakturanummer: 10023"]);
    assert_eq!(text.lines().filter(|line| line.starts_with("Organisasjonsnummer:")).count(), 1);
}

#[test]
fn html_in_any_field_shows_as_text() {
    const ATTACK: &str = "<script>alert(\"x\")</script>'&";
    let mut member = sample::member();
    member.recipient.name = ATTACK.to_owned();
    member.invoice.number = ATTACK.to_owned();
    member.invoice.payment[0].remittance = Some(ATTACK.to_owned());
    member.invoice.payment[0].accounts[0].number = ATTACK.to_owned();
    member.metadata.sender_comment = Some(ATTACK.to_owned());
    member.artefacts = vec![Artefact {
        link: Some(format!("https://kvitt.example/{ATTACK}")),
        ..sample::file(ArtefactRole::Attachment, ATTACK, "text/plain", 6_000_000)
    }];
    let mut consignment = sample::consignment(vec![member]);
    consignment.company.name = ATTACK.to_owned();
    consignment.company.org_number = ATTACK.to_owned();
    consignment.setup.0["text_before"] = ATTACK.into();
    consignment.setup.0["footer"] = ATTACK.into();
    let letter = letter_of(&consignment);
    assert!(!letter.html.contains("<script"), "{}", letter.html);
    assert!(!letter.html.contains("alert(\"x\")"), "{}", letter.html);
    assert_eq!(letter.html.matches("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;").count(), 15);
}

#[test]
fn the_html_part_fetches_nothing() {
    let html = letter(sample::member()).html;
    for remote in ["src=", "url(", "<img", "<link", "@import", "http:", "https:"] {
        assert!(!html.contains(remote), "{remote}");
    }
}

/// The number is synthetic (month + 80).
#[test]
fn no_national_identity_number_leaves_in_a_letter() {
    let mut member = sample::member();
    member.metadata.recipient_identity = Some("10915596784".to_owned());
    member.recipient.identity_ref = Some("vault-ref-1".to_owned());
    member.metadata.sender_comment = Some("Gjelder 10915596784 og 109155 96784.".to_owned());
    let letter = letter(member);
    let bytes = compose(&letter, &[sample::pdf()]).expect("a letter");
    for secret in ["10915596784", "96784", "vault-ref-1"] {
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
        assert!(!letter.text.contains(secret) && !letter.html.contains(secret));
    }
}

#[test]
fn large_files_go_as_links_and_none_is_dropped() {
    let mut member = sample::member();
    let linked = |file: Artefact| Artefact { link: Some(format!("https://kvitt.example/f/{}", file.name)), ..file };
    let large = |name: &str| sample::file(ArtefactRole::Attachment, name, "application/pdf", 5_000_000);
    member.artefacts = vec![
        sample::pdf().0,
        linked(large("bilder.pdf")),
        large("uten-lenke.pdf"),
        linked(sample::file(ArtefactRole::Xml, "faktura.xml", "application/xml", 9_000)),
    ];
    let names = |letter: &Letter| letter.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    let without_xml = letter(member.clone());
    assert_eq!(names(&without_xml), ["faktura-10023.pdf", "uten-lenke.pdf"]);
    assert!(without_xml.text.contains("\nbilder.pdf: https://kvitt.example/f/bilder.pdf\n"), "{}", without_xml.text);
    assert!(without_xml.html.contains("href=\"https://kvitt.example/f/bilder.pdf\""));
    assert!(!without_xml.text.contains("faktura.xml"));
    // The XML comes with the letter, or as a link, only where somebody wants it.
    member.metadata.attach_xml = Some(true);
    assert!(letter(member.clone()).text.contains("\nfaktura.xml: https://kvitt.example/f/faktura.xml\n"));
    member.artefacts.drain(1..3);
    assert_eq!(names(&letter(member)), ["faktura-10023.pdf", "faktura.xml"]);
}

#[test]
fn the_same_letter_is_the_same_bytes() {
    let consignment = sample::consignment(vec![sample::member()]);
    let first = letter_of(&consignment);
    let stored: Letter = serde_json::from_str(&serde_json::to_string(&first).expect("JSON")).expect("a letter");
    assert_eq!(first, stored);
    let files = [sample::pdf()];
    let bytes = compose(&first, &files).expect("a letter");
    assert_eq!(bytes, compose(&letter_of(&consignment), &files).expect("a letter"));
    assert_eq!(bytes, compose(&stored, &files).expect("a letter"));
}

#[test]
fn another_program_reads_what_was_meant() {
    let letter = letter(sample::member());
    let bytes = compose(&letter, &[sample::pdf()]).expect("a letter");
    assert!(bytes.is_ascii(), "seven bits pass every server");
    assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 998 + 1), "RFC 5322 2.1.1");
    let text = String::from_utf8(bytes.clone()).expect("ASCII");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends with CRLF");

    let message = MessageParser::default().parse(&bytes).expect("a message");
    assert_eq!(message.subject(), Some(letter.subject.as_str()));
    assert_eq!(message.message_id(), Some("0199a0de-0000-7000-8000-0000000000a1@retur.nordlys.example"));
    assert_eq!(message.date().map(|date| date.to_rfc3339()), Some("2026-11-02T09:30:00Z".to_owned()));
    let address = |address: Option<&mail_parser::Address<'_>>| {
        let first = address.and_then(|address| address.first()).expect("an address");
        (first.name().unwrap_or_default().to_owned(), first.address().unwrap_or_default().to_owned())
    };
    assert_eq!(address(message.from()), ("Nordlys Kraft AS".to_owned(), "faktura@nordlys.example".to_owned()));
    assert_eq!(address(message.to()), ("Kåre Ødegård".to_owned(), "kare@post.example".to_owned()));
    assert_eq!(address(message.reply_to()).1, "kundeservice@nordlys.example");
    assert_eq!(message.header_raw("Content-Language").map(str::trim), Some("nb"));
    assert_eq!(letter.envelope_from, "bounces+0199a0de-0000-7000-8000-0000000000a1@retur.nordlys.example");
    let crlf = |text: &str| text.replace('\n', "\r\n");
    assert_eq!(message.body_text(0).expect("a text part").trim_end(), crlf(&letter.text).trim_end());
    assert_eq!(message.body_html(0).expect("an HTML part").trim_end(), crlf(&letter.html).trim_end());
    let [file] = message.attachments().collect::<Vec<_>>()[..] else { panic!("one file") };
    assert_eq!(file.attachment_name(), Some("faktura-10023.pdf"));
    assert_eq!(file.contents(), sample::pdf().1);
    assert_eq!(message.attachments().count(), 1);
}

#[test]
fn names_cannot_add_headers() {
    let mut member = sample::member();
    member.recipient.name = "Kåre\r\nBcc: <spy@evil.example>".to_owned();
    member.invoice.number = "1\r\nX-Evil: yes".to_owned();
    let mut file = sample::pdf();
    file.0.name = "fak\"tura\r\nX-Evil: yes.pdf".to_owned();
    file.0.media_type = "multipart/mixed; boundary=x".to_owned();
    member.artefacts = vec![file.0.clone()];
    let bytes = compose(&letter(member), &[file]).expect("a letter");
    let message = MessageParser::default().parse(&bytes).expect("a message");
    assert!(message.bcc().is_none());
    assert!(message.headers_raw().all(|(name, _)| name != "X-Evil"));
    let text = String::from_utf8(bytes).expect("ASCII");
    assert!(!text.contains("\nX-Evil") && !text.contains("\nBcc"), "{text}");
    assert!(text.contains("application/octet-stream"), "a composite type is no plain file");
}

#[test]
fn a_letter_never_goes_with_a_file_missing_or_cut_short() {
    let letter = letter(sample::member());
    let (artefact, mut bytes) = sample::pdf();
    assert!(matches!(compose(&letter, &[]), Err(ComposeError::Files(_))));
    bytes.pop();
    assert!(matches!(compose(&letter, &[(artefact.clone(), bytes)]), Err(ComposeError::Files(_))));
    let other = Artefact { digest: "another".to_owned(), ..artefact };
    assert!(matches!(compose(&letter, &[(other, sample::pdf().1)]), Err(ComposeError::Files(_))));
}

#[test]
fn a_consignment_that_cannot_be_is_an_error() {
    let email = routes::by_name("email").expect("the route is built");
    assert!(email.next(&sample::consignment(vec![]), &[]).is_err());
    assert!(email.next(&sample::consignment(vec![sample::member(), sample::member()]), &[]).is_err());
    let mut member = sample::member();
    member.recipient.email = None;
    assert!(email.next(&sample::consignment(vec![member]), &[]).is_err());
}
