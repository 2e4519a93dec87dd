//! A customer in a company's register: what an invoice, a route and an accounting system need to know of them.
//!
//! Its number and the order of routes stand beside it, for both are found without it; a fødselsnummer never stands in it, only the
//! reference under which the vault holds one. [`read`] makes one of a form, [`Customer::sheet`] fills the form again.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::sheet::{Reader, Sheet};
use crate::fault::{Fault, codes};
use crate::identifiers::{EmailAddress, IdentityNumber, OrgNumber, without_identity_numbers};
use crate::invoice::{Address, Identifier};
use crate::language::Language;
use crate::money::Currency;
use crate::recipient::RecipientType;

/// The longest term of payment, in days: an invoice due later than a year is a slip of the hand, and eFaktura refuses it.
pub const MOST_DAYS: u16 = 365;
/// Digits of an eFaktura identifier.
const EFAKTURA_DIGITS: usize = 9;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The name, as it stands on invoices.
    pub name: String,
    /// Consumer or business.
    pub kind: RecipientType,
    /// The Norwegian organisation number.
    pub org_number: Option<OrgNumber>,
    /// The VAT number of a foreign business.
    pub vat_number: Option<String>,
    /// Where invoices and letters go.
    pub postal: Address,
    /// Where the customer is, if that is elsewhere.
    pub visiting: Address,
    /// Where invoices are sent by e-mail.
    pub email: Option<String>,
    /// International form, or eight Norwegian digits.
    pub phone: Option<String>,
    /// The fax number: accounting systems still have the field.
    pub fax: Option<String>,
    /// The website.
    pub website: Option<String>,
    /// The person to ask for.
    pub contact: Option<String>,
    /// What the customer wants to read as "your reference" (BT-10) where the draft says nothing else.
    pub reference: Option<String>,
    /// The currency of new drafts.
    pub currency: Currency,
    /// The language of invoices and letters.
    pub language: Language,
    /// Days from the invoice date to the due date, where they differ from the company's.
    pub terms_days: Option<u16>,
    /// The Peppol address, where it is not the organisation number.
    pub electronic_address: Option<Identifier>,
    /// The eFaktura identifier, where it is known.
    pub efaktura_identifier: Option<String>,
    /// Date of birth.
    pub born_on: Option<Date>,
    /// Under which reference the vault holds the fødselsnummer.
    pub identity_ref: Option<String>,
    /// What colleagues should know; never on an invoice.
    pub note: Option<String>,
    /// Not offered in new drafts any more. Numbers stay taken.
    #[serde(default)]
    pub archived: bool,
}

/// What is to be done with the fødselsnummer that the vault holds.
#[derive(Clone, PartialEq, Eq)]
pub enum IdentityChange {
    /// Nothing.
    Keep,
    /// This one takes its place.
    Set(IdentityNumber),
    /// It is forgotten.
    Forget,
}

impl std::fmt::Debug for IdentityChange {
    /// Without the number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            IdentityChange::Keep => "Keep",
            IdentityChange::Set(_) => "Set(…)",
            IdentityChange::Forget => "Forget",
        })
    }
}

/// Reads a customer's form. The reference to a fødselsnummer is not a field: the caller keeps it.
///
/// # Errors
/// Every fault, each at its field.
pub fn read(sheet: &Sheet) -> Result<(Customer, IdentityChange), Vec<Fault>> {
    let mut reader = Reader::new(sheet);
    let kind = reader.parsed("kind", RecipientType::parse).unwrap_or_default();
    let name = reader.required("name");
    let org_number = reader.identifier("org_number", OrgNumber::parse);
    if kind == RecipientType::Consumer && org_number.is_some() {
        // A one-man business is a business; the routes of consumers would look for a person.
        reader.fault("org_number", codes::CUSTOMER_CONSUMER_ORG_NUMBER);
    }
    let customer = Customer {
        name,
        kind,
        org_number,
        vat_number: reader.text("vat_number"),
        postal: address(&mut reader, "postal_"),
        visiting: address(&mut reader, "visiting_"),
        email: reader.identifier("email", |text| EmailAddress::parse(text).map(|address| address.to_string())),
        phone: reader.parsed("phone", phone),
        fax: reader.parsed("fax", phone),
        website: reader.text("website"),
        contact: reader.text("contact"),
        reference: reader.text("reference"),
        currency: reader.parsed("currency", |text| Currency::parse(&text.to_uppercase())).unwrap_or(Currency::NOK),
        language: reader.parsed("language", Language::named).unwrap_or_default(),
        terms_days: reader.parsed("terms_days", |text| text.parse().ok().filter(|days| *days <= MOST_DAYS)),
        electronic_address: reader.parsed("electronic_address", electronic_address),
        efaktura_identifier: reader.parsed("efaktura_identifier", |text| {
            (text.len() == EFAKTURA_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
        }),
        born_on: reader.date("born_on"),
        identity_ref: None,
        note: reader.lines("note"),
        archived: reader.ticked("archived"),
    };
    if customer.postal.country.is_none() && (customer.postal.line1.is_some() || customer.postal.city.is_some()) {
        reader.fault("postal_country", codes::FIELD_MISSING);
    }
    let identity = match reader.identifier("identity", IdentityNumber::parse) {
        Some(number) => IdentityChange::Set(number),
        None if reader.ticked("forget_identity") => IdentityChange::Forget,
        None => IdentityChange::Keep,
    };
    reader.finish((customer, identity))
}

impl Customer {
    /// The form, filled in. The fødselsnummer is not in it.
    pub fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.set("kind", self.kind.name());
        sheet.set("name", &self.name);
        sheet.set_some("org_number", self.org_number.as_ref());
        sheet.set_some("vat_number", self.vat_number.as_ref());
        write_address(&mut sheet, "postal_", &self.postal);
        write_address(&mut sheet, "visiting_", &self.visiting);
        for (field, value) in [
            ("email", &self.email),
            ("phone", &self.phone),
            ("fax", &self.fax),
            ("website", &self.website),
            ("contact", &self.contact),
            ("reference", &self.reference),
            ("efaktura_identifier", &self.efaktura_identifier),
            ("note", &self.note),
        ] {
            sheet.set_some(field, value.as_ref());
        }
        sheet.set("currency", self.currency.code());
        sheet.set("language", self.language.tag());
        sheet.set_some("terms_days", self.terms_days);
        let electronic = self.electronic_address.as_ref();
        sheet.set_some(
            "electronic_address",
            electronic.map(|address| format!("{}:{}", address.scheme.as_deref().unwrap_or_default(), address.value)),
        );
        sheet.set_some("born_on", self.born_on);
        if self.archived {
            sheet.set("archived", "1");
        }
        sheet
    }

    /// What the customer is found by, the number set aside.
    pub fn words(&self) -> String {
        let parts = [self.org_number.as_ref().map(OrgNumber::as_str), self.postal.city.as_deref(), self.email.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        format!("{} {}", self.name, parts.join(" "))
    }

    /// The fields in which this customer differs from another, by their names.
    pub fn changed_from(&self, before: &Customer) -> Vec<String> {
        let (one, other) = (before.sheet(), self.sheet());
        let mut changed: Vec<String> = one
            .fields()
            .chain(other.fields())
            .filter(|(name, _)| one.get(name) != other.get(name))
            .map(|(name, _)| name.to_owned())
            .collect();
        if self.identity_ref != before.identity_ref {
            changed.push("identity".to_owned());
        }
        changed.sort();
        changed.dedup();
        changed
    }
}

/// A phone number as people type it, without the blanks. Norwegian ones may leave out `+47`.
fn phone(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '(' | ')' | '.')).collect();
    let international = plain.strip_prefix("00").map(|rest| format!("+{rest}")).unwrap_or(plain);
    let digits = international.strip_prefix('+').unwrap_or(&international);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && (5..=15).contains(&digits.len());
    let is_number = is_number && without_identity_numbers(digits) == digits;
    is_number.then_some(()).map(|()| match international.strip_prefix('+') {
        None if digits.len() == 8 => format!("+47{digits}"),
        _ => international.clone(),
    })
}

/// `0192:988077917`: scheme (EAS) and value.
fn electronic_address(text: &str) -> Option<Identifier> {
    let (scheme, value) = text.split_once(':')?;
    let is_scheme = scheme.len() == 4 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_value = without_identity_numbers(value) == value
        && !value.is_empty()
        && value.len() <= 50
        && !value.chars().any(char::is_whitespace);
    (is_scheme && is_value).then(|| Identifier { value: value.to_owned(), scheme: Some(scheme.to_owned()) })
}

/// The fields of an address; `prefix` stands before their names.
pub(super) fn address(reader: &mut Reader<'_>, prefix: &str) -> Address {
    let mut text = |field: &str| reader.text(&format!("{prefix}{field}"));
    let (line1, line2, city, postal_code) = (text("line1"), text("line2"), text("city"), text("postal_code"));
    let country = reader.parsed(&format!("{prefix}country"), country);
    Address { line1, line2, line3: None, city, postal_code, subdivision: None, country }
}

/// Writes them.
pub(super) fn write_address(sheet: &mut Sheet, prefix: &str, address: &Address) {
    for (field, value) in [
        ("line1", &address.line1),
        ("line2", &address.line2),
        ("city", &address.city),
        ("postal_code", &address.postal_code),
        ("country", &address.country),
    ] {
        sheet.set_some(format!("{prefix}{field}"), value.as_ref());
    }
}

/// ISO 3166-1 alpha-2, in any case.
fn country(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    (upper.len() == 2 && upper.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kari() -> Sheet {
        Sheet::of([
            ("kind", "consumer"),
            ("name", "Kari Ødegård"),
            ("email", "kari@post.example"),
            ("phone", "912 34 567"),
            ("postal_line1", "Storgata 1"),
            ("postal_postal_code", "0155"),
            ("postal_city", "Oslo"),
            ("postal_country", "no"),
            ("terms_days", "21"),
            ("born_on", "3.2.1980"),
            ("identity", "10915596784"),
            ("electronic_address", "0088:7300010000001"),
        ])
    }

    #[test]
    fn a_form_is_read_and_filled_again() {
        let (customer, identity) = read(&kari()).unwrap();
        assert!(matches!(identity, IdentityChange::Set(_)));
        assert_eq!(customer.phone.as_deref(), Some("+4791234567"));
        assert_eq!(customer.postal.country.as_deref(), Some("NO"));
        let (again, identity) = read(&customer.sheet()).unwrap();
        assert_eq!((&again, identity), (&customer, IdentityChange::Keep));
        let moved = Customer { email: None, archived: true, ..customer.clone() };
        assert_eq!(moved.changed_from(&customer), ["archived", "email"]);
        assert!(!format!("{customer:?}").contains("10915596784"));
    }

    #[test]
    fn all_faults_at_once() {
        let check = |change: &[(&str, &str)], expected: &[&str]| {
            let mut sheet = kari();
            change.iter().for_each(|(field, value)| sheet.set(*field, value));
            let faults = read(&sheet).err().unwrap_or_default();
            let told: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
            assert_eq!(told, expected);
        };
        check(&[], &[]);
        check(
            &[("name", ""), ("email", "kari"), ("phone", "12x")],
            &["field.missing name", "email.invalid email", "field.invalid phone"],
        );
        check(&[("org_number", "988077917")], &["customer.consumer_org_number org_number"]);
        check(&[("kind", "business"), ("org_number", "988077918")], &["org_number.invalid org_number"]);
        check(&[("postal_country", "")], &["field.missing postal_country"]);
        check(
            &[("postal_country", "NOR"), ("terms_days", "366"), ("currency", "KR")],
            &[
                "field.invalid postal_country",
                "field.invalid currency",
                "field.invalid terms_days",
                "field.missing postal_country",
            ],
        );
        check(&[("identity", "10915596785")], &["identity.invalid identity"]);
        check(&[("name", "Kari 10915596784")], &["field.identity name"]);
    }
}
