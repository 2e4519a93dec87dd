//! Metadata read, field by field, and refused with all faults at once.

use jiff::civil::date;
use kvitt_domain::Language;
use kvitt_domain::plan::RouteName;
use kvitt_domain::recipient::{Metadata, RecipientType};
use kvitt_formats::metadata::{self, FIELDS};

use crate::lines;

fn read(json: &str) -> Metadata {
    metadata::read(json.as_bytes()).unwrap_or_else(|faults| panic!("{json}: {}", lines(&faults)))
}

fn refused(json: &str, expected: &str) {
    let faults = metadata::read(json.as_bytes()).expect_err(json);
    assert_eq!(lines(&faults), expected, "{json}");
}

#[test]
fn every_field_is_read() {
    let metadata = read(
        r#"{ "version": "1.1", "recipient_type": "consumer", "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
             "routing": { "route_order": ["netbank", "email", "print"], "disabled_routes": ["dpi"] },
             "recipient_email": "Kari@Example.no", "recipient_phone_number": "0047 999 00 001",
             "recipient_date_of_birth": "1955-11-10", "recipient_efaktura_id": "012345678", "recipient_ssn": "10915596784",
             "lang": "EN", "sender_comment": " Takk for handelen! ", "email_settings": { "attach_xml": false }, "plan_id": "plan_x" }"#,
    );
    let routes = |names: &[&str]| names.iter().map(|name| RouteName::new(*name)).collect::<Vec<_>>();
    let expected = Metadata {
        recipient_type: Some(RecipientType::Consumer),
        uuid: "0f8fad5b-d9cb-469f-a165-70867728950e".parse().ok(),
        route_order: routes(&["avtalegiro", "efaktura", "email", "print"]),
        disabled_routes: routes(&["dpi"]),
        recipient_email: Some("Kari@example.no".to_owned()),
        recipient_phone: Some("+4799900001".to_owned()),
        recipient_born_on: Some(date(1955, 11, 10)),
        recipient_efaktura_identifier: Some("012345678".to_owned()),
        recipient_identity: Some("10915596784".to_owned()),
        language: Some(Language::English),
        sender_comment: Some("Takk for handelen!".to_owned()),
        attach_xml: Some(false),
        plan_id: Some("plan_x".to_owned()),
    };
    assert_eq!(metadata, expected);
    let serialised = serde_json::to_string(&metadata).expect("metadata is JSON");
    assert!(!serialised.contains("10915596784"));
}

#[test]
fn nothing_and_null_are_absent() {
    for json in
        ["{}", "\u{feff}{}", r#"{"uuid": null, "routing": null, "email_settings": {"xml_format": null}}"#, r#"{"version":"1.1"}"#]
    {
        assert_eq!(read(json), Metadata::default(), "{json}");
    }
}

#[test]
fn the_older_words_of_routes_are_replaced() {
    for (order, expected) in [
        (r#"["netbank", "vipps", "email"]"#, "avtalegiro efaktura email"),
        (r#"["vipps", "netbank"]"#, "efaktura avtalegiro"),
        (r#"["einvoice"]"#, "peppol"),
        (r#"["efaktura", "silent_failure"]"#, "efaktura"),
        ("[]", ""),
    ] {
        let metadata = read(&format!(r#"{{"routing": {{"route_order": {order}}}}}"#));
        let found: Vec<&str> = metadata.route_order.iter().map(RouteName::as_str).collect();
        assert_eq!(found.join(" "), expected, "{order}");
        let flat = read(&format!(r#"{{"route_order": {order}}}"#));
        assert_eq!(flat.route_order, metadata.route_order);
    }
    assert_eq!(read(r#"{"lang": "SE"}"#).language, Some(Language::English));
    assert_eq!(read(r#"{"email_settings": {"xml_format": "PEPPOLBIS30"}}"#).attach_xml, Some(true));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    for (json, expected) in [
        (r#"{"version": "2.0"}"#, "metadata.value | version | field=version, value=2.0"),
        (r#"{"recipient_type": "person"}"#, "metadata.value | recipient_type | field=recipient_type, value=person"),
        (r#"{"uuid": "1"}"#, "metadata.value | uuid | field=uuid, value=1"),
        (r#"{"route_order": "email"}"#, "metadata.value | route_order | field=routing.route_order, value=email"),
        (
            r#"{"route_order": ["silent_failure"]}"#,
            "metadata.value | route_order | field=routing.route_order, value=silent_failure",
        ),
        (r#"{"route_order": ["E-mail"]}"#, "metadata.value | route_order | field=routing.route_order, value=E-mail"),
        (r#"{"recipient_email": "kari"}"#, "metadata.value | recipient_email | field=recipient_email, value=kari"),
        (r#"{"recipient_phone": "99900001"}"#, "metadata.value | recipient_phone | field=recipient_phone_number, value=99900001"),
        (
            r#"{"recipient_date_of_birth": "10.11.1955"}"#,
            "metadata.value | recipient_date_of_birth | field=recipient_date_of_birth, value=10.11.1955",
        ),
        (
            r#"{"recipient_efaktura_id": 123456789}"#,
            "metadata.value | recipient_efaktura_id | field=recipient_efaktura_id, value=(number)",
        ),
        (r#"{"lang": "Klingon"}"#, "metadata.value | lang | field=lang, value=Klingon"),
        (
            r#"{"email_settings": {"attach_xml": "yes"}}"#,
            "metadata.value | email_settings.attach_xml | field=email_settings.attach_xml, value=yes",
        ),
        (
            r#"{"recipent_type": "consumer"}"#,
            "metadata.unreadable | recipent_type | why=recipent_type is unknown; did you mean recipient_type?",
        ),
        (r#"{"routing": {"order": []}}"#, "metadata.unreadable | routing.order | why=routing.order is unknown"),
        (r#"{"routing": []}"#, "metadata.unreadable | routing | why=it must be an object"),
        (r#"{"lang": "EN", "language": "NO"}"#, "metadata.unreadable | language | why=lang is given twice"),
        (r#"{"lang": "EN", "lang": "NO"}"#, "metadata.unreadable |  | why=the field lang stands twice at line 1 column 28"),
        ("[]", "metadata.unreadable |  | why=it must be one JSON object"),
        ("{", "metadata.unreadable |  | why=EOF while parsing an object at line 1 column 1"),
        (
            r#"{"version": "2", "colour": 1}"#,
            "metadata.value | version | field=version, value=2\nmetadata.unreadable | colour | why=colour is unknown",
        ),
    ] {
        refused(json, expected);
    }
    let many: Vec<String> = (0..101).map(|at| format!("\"a{at}\": 1")).collect();
    let faults = metadata::read(format!("{{{}}}", many.join(",")).as_bytes()).expect_err("too many");
    assert!(lines(&faults).contains("an object has more than 100 fields"), "{}", lines(&faults));
    let long = format!("{{\"sender_comment\": \"{}\"}}", "x".repeat(metadata::MAX_BYTES));
    refused(&long, "metadata.unreadable |  | why=it has more than 65536 bytes");
}

#[test]
fn a_fødselsnummer_is_never_repeated() {
    refused(r#"{"recipient_ssn": "10915596783"}"#, "identity.invalid | recipient_ssn");
    refused(r#"{"recipient_ssn": 10915596784}"#, "identity.invalid | recipient_ssn");
    refused(r#"{"recipient_ssn": "12345"}"#, "identity.invalid | recipient_ssn");
    for misplaced in [
        r#"{"recipient_email": "10915596784"}"#,
        r#"{"uuid": "109155 96784"}"#,
        r#"{"10915596784": 1}"#,
        r#"{"10915596784": 1, "10915596784": 2}"#,
        r#"{"route_order": ["10915596784"]}"#,
        r#"{"lang": "1091-5596-784"}"#,
    ] {
        let faults = metadata::read(misplaced.as_bytes()).expect_err(misplaced);
        let shown = format!("{faults:?}");
        assert!(!shown.contains("5596") && !shown.contains("96784"), "{shown}");
    }
}

#[test]
fn the_page_of_fields_is_the_table() {
    let mut page = String::from(
        "# Metadata: what a sender says beside the document\n\n\
         One JSON object, version 1.1: `metadata.json` in a ZIP, or the metadata part of a call. A field in another object is written\n\
         with a dot here: `routing.route_order` is `{\"routing\": {\"route_order\": [...]}}`. Unknown fields are refused.\n\n\
         This page is written by a test from `crates/formats/src/metadata.rs`.\n\n\
         | field | also | values | meaning |\n|---|---|---|---|\n",
    );
    for field in FIELDS {
        let also: Vec<String> = field.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        page.push_str(&format!("| `{}` | {} | {} | {} |\n", field.name, also.join(", "), field.values, field.meaning));
    }
    crate::lookup_keys::golden("metadata.md", &page);
}
