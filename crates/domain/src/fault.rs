//! What is wrong, where, and what to do: `{code, severity, place, value}` with a sentence in every language.
//!
//! Codes are stable: one may be retired, none is ever reused. The list is [`codes`]; the sentences are in the catalogue under
//! `fault.<code>` (what is wrong) and `remedy.<code>` (what to do). `docs/faults.md` is written from both by a test.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Language;

pub mod codes;

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

    /// The same fault with a named value for its sentence.
    pub fn with(mut self, name: &str, value: impl ToString) -> Fault {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// Whether it stops anything.
    pub fn is_fatal(&self) -> bool {
        self.severity == Severity::Fatal
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        language.text(&format!("fault.{}", self.code.name), &self.pairs())
    }

    /// What to do about it, in one sentence.
    pub fn remedy(&self, language: Language) -> String {
        language.text(&format!("remedy.{}", self.code.name), &self.pairs())
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        let place = ("place", self.place.as_str());
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(std::iter::once(place)).collect()
    }
}
