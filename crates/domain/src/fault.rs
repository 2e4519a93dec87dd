//! What is wrong, where, and what to do: `{code, severity, place, value}` with a sentence in every language.
//!
//! Codes are stable: one may be retired, none is ever reused. The list is [`codes`]; the sentences are in the catalogue under
//! `fault.<code>` (what is wrong) and `remedy.<code>` (what to do). `docs/faults.md` is written from both by a test.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Language;
use crate::identifiers::without_identity_numbers;
use words::in_words;

pub mod codes;
mod words;

/// A stable name for one kind of fault, such as `kid.check_digit`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    name: &'static str,
    fixer: Fixer,
}

/// Who can mend a fault: faults are grouped by it wherever they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixer {
    /// The one who made the document: change it and send it again.
    Sender,
    /// The recipient: an address, a consent, a mandate of theirs.
    Recipient,
    /// The company or the operator of this Kvitt: a setting, an agreement, a limit.
    Operator,
    /// The counterparty: wait, or call them.
    Counterparty,
}

impl Code {
    pub(crate) const fn new(name: &'static str, fixer: Fixer) -> Code {
        Code { name, fixer }
    }

    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Who can mend it.
    pub fn fixer(self) -> Fixer {
        self.fixer
    }

    /// The code with this name, retired ones included.
    pub fn named(name: &str) -> Option<Code> {
        codes::ALL.iter().copied().find(|code| code.name == name)
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        let name = String::deserialize(deserializer)?;
        Code::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no fault code is called {name}")))
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Shown, stops nothing.
    Warning,
    /// Stops the document or the route.
    Fatal,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where: a business term, an XPath with line and column, a metadata field, a setting. Empty = the whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// The values that the sentence names, in order. Never a fødselsnummer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
}

impl Fault {
    /// A fault that stops the document or the route.
    pub fn fatal(code: Code) -> Fault {
        Fault { code, severity: Severity::Fatal, place: String::new(), values: Vec::new() }
    }

    /// A fault that is shown and stops nothing.
    pub fn warning(code: Code) -> Fault {
        Fault { code, severity: Severity::Warning, place: String::new(), values: Vec::new() }
    }

    /// The same fault at a place.
    pub fn at(mut self, place: impl Into<String>) -> Fault {
        self.place = place.into();
        self
    }

    /// The same fault with a named value for its sentence. A fødselsnummer in the value is masked, wherever it came from.
    pub fn with(mut self, name: &str, value: impl ToString) -> Fault {
        self.values.push((name.to_owned(), without_identity_numbers(&value.to_string()).into_owned()));
        self
    }

    /// The value of this name, where it has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it stops anything.
    pub fn is_fatal(&self) -> bool {
        self.severity == Severity::Fatal
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        self.text("fault", language)
    }

    /// What to do about it, in one sentence.
    pub fn remedy(&self, language: Language) -> String {
        self.text("remedy", language)
    }

    fn text(&self, table: &str, language: Language) -> String {
        let mut values: Vec<(&str, String)> =
            self.values.iter().map(|(name, value)| (name.as_str(), in_words(name, value, language))).collect();
        values.push(("term", in_words("term", &self.place, language)));
        values.push(("place", self.place.clone()));
        // Advice comes from outside the catalogue, in each language.
        if let Some((_, advice)) = self.values.iter().find(|(name, _)| name == language.tag()) {
            values.push(("advice", advice.clone()));
        }
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        language.text(&format!("{table}.{}", self.code.name), &values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_words() {
        let check = |fault: Fault, bokmal: &str, english: &str| {
            assert_eq!(fault.sentence(Language::Bokmal), bokmal);
            assert_eq!(fault.sentence(Language::English), english);
        };
        check(
            Fault::fatal(codes::ROUTE_NOT_SET_UP).with("route", "dpi"),
            "Ruten digital postkasse er ikke satt opp for bedriften.",
            "The route digital mailbox is not set up for the company.",
        );
        check(
            Fault::fatal(codes::DATE_ORDER)
                .at("BT-9")
                .with("date", "2026-01-01")
                .with("other_term", "BT-2")
                .with("other_date", "2026-02-01"),
            "Feltet forfallsdato (BT-9) er 01.01.2026, som er før fakturadato (BT-2), 01.02.2026.",
            "The field due date (BT-9) is 2026-01-01, which is before invoice date (BT-2), 2026-02-01.",
        );
        check(
            Fault::fatal(codes::TERM_MISSING).at("BG-25[2]/BT-153"),
            "Feltet varens navn (BG-25[2]/BT-153) mangler.",
            "The field item name (BG-25[2]/BT-153) is missing.",
        );
        check(
            Fault::fatal(codes::TERM_MISSING).at("/Invoice/cbc:ID, line 3"),
            "Feltet /Invoice/cbc:ID, line 3 mangler.",
            "The field /Invoice/cbc:ID, line 3 is missing.",
        );
    }

    #[test]
    fn no_value_holds_a_national_identity_number() {
        let fault = Fault::fatal(codes::METADATA_VALUE).with("field", "recipient_phone").with("value", "109155 96784");
        assert!(!format!("{fault:?}").contains("1091"), "{fault:?}");
    }
}
