//! The table of lookup keys: the page that is written from it, and every row against the recipient that comes out.

use kvitt_domain::recipient::{Metadata, Recipient};
use kvitt_formats::lookup_keys::{LOOKUP_KEYS, LookupKey, page};
use kvitt_formats::{metadata, ubl};
use kvitt_rules::arena::Limits;

/// Compares a page of `docs/` with what the tables say; `KVITT_BLESS=1` writes it.
pub fn golden(name: &str, expected: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var("KVITT_BLESS").is_ok_and(|bless| bless == "1") {
        std::fs::write(&path, expected).expect("docs/ can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/{name} is not what its table says; KVITT_BLESS=1 writes it");
}

#[test]
fn the_page_of_lookup_keys_is_the_table() {
    golden("lookup-keys.md", &page());
}

/// The key of a row as the recipient has it.
fn key_of(row: &LookupKey, recipient: &Recipient) -> Option<String> {
    match row.key {
        "eFaktura identifier" => recipient.efaktura_identifier.clone(),
        "date of birth" => recipient.born_on.map(|date| date.to_string()),
        "phone" => recipient.phone.clone(),
        "e-mail" => recipient.email.clone(),
        "name" => Some(recipient.name.clone()),
        "postal code" => recipient.address.postal_code.clone(),
        "city" => recipient.address.city.clone(),
        "organisation number" => recipient.org_number.clone(),
        "Peppol address" => recipient.electronic_address.as_ref().map(|address| address.value.clone()),
        // The number itself is in the vault: the recipient never has it.
        "fødselsnummer (SSN)" => None,
        other => panic!("the test does not know the key {other}"),
    }
}

/// A buyer whose every element of the table has a value of its own.
fn buyer() -> String {
    let party = "<cac:Party>
      <cbc:EndpointID schemeID=\"0192\">991825827</cbc:EndpointID>
      <cac:PostalAddress><cbc:CityName>Ålesund</cbc:CityName><cbc:PostalZone>0601</cbc:PostalZone></cac:PostalAddress>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Bjørk AS</cbc:RegistrationName><cbc:CompanyID schemeID=\"0192\">918130047</cbc:CompanyID>
      </cac:PartyLegalEntity>
      <cac:Contact><cbc:Telephone>+4790000000</cbc:Telephone><cbc:ElectronicMail>document@example.no</cbc:ElectronicMail></cac:Contact>
    </cac:Party>";
    let document = include_str!("../data/invoice_consumer_kid.xml");
    let (head, rest) = document.split_once("<cac:AccountingCustomerParty>").expect("there is a buyer");
    let (_, tail) = rest.split_once("</cac:AccountingCustomerParty>").expect("there is a buyer");
    format!("{head}<cac:AccountingCustomerParty>{party}</cac:AccountingCustomerParty>{tail}")
}

#[test]
fn every_row_is_true_of_the_recipient() {
    let document = buyer();
    let invoice = ubl::read(document.as_bytes(), &Limits::default()).expect("it reads");
    let from_document = Recipient::of(&invoice, &Metadata::default());
    for row in LOOKUP_KEYS {
        match row.element {
            Some(element) => {
                let value = key_of(row, &from_document).unwrap_or_else(|| panic!("{} is not read from {element}", row.key));
                let leaf = element.rsplit('/').next().expect("a path has a last step");
                assert!(document.contains(&format!("{value}</{leaf}>")), "{}: {value} does not stand in {element}", row.key);
            }
            None => assert_eq!(key_of(row, &from_document), None, "{}", row.key),
        }
        if let Some(field) = row.metadata {
            let value = match field {
                "recipient_efaktura_id" => "012345678",
                "recipient_ssn" => "10915596784",
                "recipient_date_of_birth" => "1955-11-10",
                "recipient_phone_number" => "+4799999999",
                "recipient_email" => "metadata@example.no",
                other => panic!("the test does not know the field {other}"),
            };
            let metadata = metadata::read(format!("{{\"{field}\": \"{value}\"}}").as_bytes()).expect("it reads");
            let found = key_of(row, &Recipient::of(&invoice, &metadata)).or(metadata.recipient_identity);
            assert_eq!(found.as_deref(), Some(value), "metadata wins for {}", row.key);
        }
    }
}
