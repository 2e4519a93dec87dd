//! How a company's customer is known again in its invoices, so that a choice of routes can be kept for one customer.

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, codes};
use crate::identifiers::{OrgNumber, without_identity_numbers};
use crate::invoice::Party;

/// The longest customer number that is kept. EN 16931 sets no length; accounting systems stay far below.
const LONGEST: usize = 80;

/// No invoice is looked up by more numbers than this, whatever it holds.
const MOST_KEYS: usize = 8;

/// What a customer is known by. Written `org:988077917` or `number:10045`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CustomerKey {
    /// The organisation number.
    OrgNumber(OrgNumber),
    /// The company's own number for the customer, as it stands in its invoices (BT-46). Where the invoice names a scheme it is part of
    /// it, as in `0088:7300010000001`.
    Number(String),
}

impl CustomerKey {
    /// Reads a key: `org:` or `number:` before it says which it is; without either, what can be an organisation number is one.
    ///
    /// # Errors
    /// `org_number.invalid`; `term.invalid` for an empty number, one of more than 80 characters, and a fødselsnummer, which is never kept
    /// as a customer number.
    pub fn parse(text: &str) -> Result<CustomerKey, Fault> {
        let text = text.trim();
        if let Some(org_number) = text.strip_prefix("org:") {
            return OrgNumber::parse(org_number).map(CustomerKey::OrgNumber);
        }
        match (text.strip_prefix("number:"), OrgNumber::parse(text)) {
            (None, Ok(org_number)) => Ok(CustomerKey::OrgNumber(org_number)),
            (named, _) => CustomerKey::number(named.unwrap_or(text)).ok_or_else(|| {
                Fault::fatal(codes::TERM_INVALID).at("BT-46").with("value", text.chars().take(LONGEST).collect::<String>())
            }),
        }
    }

    fn number(text: &str) -> Option<CustomerKey> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
        (fits && without_identity_numbers(text) == text).then(|| CustomerKey::Number(text.to_owned()))
    }

    /// By what the buyer of an invoice may be known, the surest first: the organisation number (BT-47, BT-48 or BT-49), then each
    /// buyer identifier (BT-46) in the order of the document. The buyer reference (BT-10) is none of them: it names a person or an
    /// order, and changes from invoice to invoice.
    pub fn of_buyer(buyer: &Party) -> Vec<CustomerKey> {
        let numbers = buyer.identifiers.iter().filter_map(|identifier| match &identifier.scheme {
            Some(scheme) if !scheme.trim().is_empty() => {
                CustomerKey::number(&format!("{}:{}", scheme.trim(), identifier.value.trim()))
            }
            _ => CustomerKey::number(&identifier.value),
        });
        buyer.org_number().map(CustomerKey::OrgNumber).into_iter().chain(numbers).take(MOST_KEYS).collect()
    }
}

impl std::fmt::Display for CustomerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CustomerKey::OrgNumber(number) => write!(f, "org:{}", number.as_str()),
            CustomerKey::Number(number) => write!(f, "number:{number}"),
        }
    }
}

impl From<CustomerKey> for String {
    fn from(key: CustomerKey) -> String {
        key.to_string()
    }
}

impl TryFrom<String> for CustomerKey {
    type Error = String;
    fn try_from(text: String) -> Result<CustomerKey, String> {
        CustomerKey::parse(&text).map_err(|fault| format!("{text} is no customer: {}", fault.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_written_alike() {
        let check = |text: &str, written: &str| {
            let key = CustomerKey::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
            assert_eq!(key.to_string(), written);
            assert_eq!(CustomerKey::parse(written), Ok(key), "{written}");
        };
        check("988077917", "org:988077917");
        check("988 077 917", "org:988077917");
        check("number:988077917", "number:988077917");
        check(" 10045 ", "number:10045");
        check("number:0088:7300010000001", "number:0088:7300010000001");
        check("988077918", "number:988077918");
    }

    #[test]
    fn an_org_number_is_surer_than_a_customer_number() {
        use crate::invoice::{Identifier, Party};
        let keys = |buyer: Party| -> Vec<String> { CustomerKey::of_buyer(&buyer).iter().map(ToString::to_string).collect() };
        let identifier =
            |value: &str, scheme: Option<&str>| Identifier { value: value.to_owned(), scheme: scheme.map(str::to_owned) };
        assert_eq!(keys(Party::default()), [""; 0]);
        let buyer = Party {
            legal_registration: Some(identifier("988077917", Some("0192"))),
            identifiers: vec![identifier("10045", None), identifier("7300010000001", Some("0088")), identifier(" ", None)],
            ..Party::default()
        };
        assert_eq!(keys(buyer), ["org:988077917", "number:10045", "number:0088:7300010000001"]);
    }

    #[test]
    fn what_is_no_customer() {
        let long = "1".repeat(81);
        for (text, code) in [
            ("", "term.invalid"),
            ("number: ", "term.invalid"),
            ("10915596784", "term.invalid"),
            (long.as_str(), "term.invalid"),
            ("org:988077918", "org_number.invalid"),
        ] {
            assert_eq!(CustomerKey::parse(text).map_err(|fault| fault.code.name()), Err(code), "{text}");
        }
    }
}
