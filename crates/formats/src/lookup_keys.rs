//! Where each key of the recipient registers comes from: the UBL element, the metadata field, and which wins.
//!
//! The table is data, `docs/lookup-keys.md` is written from it by a test, and other tests prove each row against
//! [`kvitt_domain::recipient::Recipient::of`].

use std::fmt::Write;

/// One key and its sources. The metadata field always wins over the element.
pub struct LookupKey {
    /// What the key is.
    pub key: &'static str,
    /// The metadata field, where there is one.
    pub metadata: Option<&'static str>,
    /// The business term of EN 16931.
    pub term: Option<&'static str>,
    /// The UBL element below `AccountingCustomerParty/Party`.
    pub element: Option<&'static str>,
    /// What else there is to know.
    pub note: &'static str,
}

/// Every key, strongest first.
pub const LOOKUP_KEYS: &[LookupKey] = &[
    LookupKey {
        key: "eFaktura identifier",
        metadata: Some("recipient_efaktura_id"),
        term: None,
        element: None,
        note: "Given by the sender, it makes the lookup needless. UBL has no element for it.",
    },
    LookupKey {
        key: "fødselsnummer (SSN)",
        metadata: Some("recipient_ssn"),
        term: None,
        element: None,
        note: "UBL has no element for it, and EHF uses none. A number like one in EndpointID, PartyIdentification or \
               PartyLegalEntity/CompanyID is refused, never taken for the key.",
    },
    LookupKey {
        key: "date of birth",
        metadata: Some("recipient_date_of_birth"),
        term: None,
        element: None,
        note: "EN 16931 has no term for it: Person/BirthDate of UBL is not read.",
    },
    LookupKey {
        key: "phone",
        metadata: Some("recipient_phone_number"),
        term: Some("BT-57"),
        element: Some("cac:Contact/cbc:Telephone"),
        note: "As written in the document; the metadata wants the international form.",
    },
    LookupKey {
        key: "e-mail",
        metadata: Some("recipient_email"),
        term: Some("BT-58"),
        element: Some("cac:Contact/cbc:ElectronicMail"),
        note: "Also where the e-mail route sends to.",
    },
    LookupKey {
        key: "name",
        metadata: None,
        term: Some("BT-44"),
        element: Some("cac:PartyLegalEntity/cbc:RegistrationName"),
        note: "cac:PartyName/cbc:Name where there is no registered name. Registers may swap first and last name.",
    },
    LookupKey {
        key: "postal code",
        metadata: None,
        term: Some("BT-53"),
        element: Some("cac:PostalAddress/cbc:PostalZone"),
        note: "As text, leading zeros kept.",
    },
    LookupKey { key: "city", metadata: None, term: Some("BT-52"), element: Some("cac:PostalAddress/cbc:CityName"), note: "" },
    LookupKey {
        key: "organisation number",
        metadata: None,
        term: Some("BT-47"),
        element: Some("cac:PartyLegalEntity/cbc:CompanyID"),
        note: "With scheme 0192 in Norway. Businesses only.",
    },
    LookupKey {
        key: "Peppol address",
        metadata: None,
        term: Some("BT-49"),
        element: Some("cbc:EndpointID"),
        note: "With its EAS scheme in schemeID. Businesses only.",
    },
];

/// The table as a page.
pub fn page() -> String {
    let mut page = String::from(
        "# Where the keys of a lookup come from\n\n\
         A recipient is found by what the invoice says of its buyer and what the metadata says beside it. **Metadata wins.** The\n\
         elements stand below `cac:AccountingCustomerParty/cac:Party`. Which keys are enough, and in which order they are tried, is\n\
         the register's page.\n\n\
         This page is written by a test from `crates/formats/src/lookup_keys.rs`.\n\n\
         | key | metadata field | UBL element | term | |\n|---|---|---|---|---|\n",
    );
    for row in LOOKUP_KEYS {
        let code = |text: Option<&str>| text.map_or("none".to_owned(), |text| format!("`{text}`"));
        let (metadata, element) = (code(row.metadata), code(row.element));
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| {} | {metadata} | {element} | {} | {} |", row.key, row.term.unwrap_or("none"), row.note);
    }
    page
}
