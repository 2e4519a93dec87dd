//! The fields of forms that are sheets: each with its label, what was typed, and what is wrong with it. Labels are the catalogue's table
//! `field`, which the faults name too, so that a fault and its field are called alike; their other texts are in the table `web`, as those of all pages.

use std::fmt::Display;

use askama::Template;
use askama::filters::HtmlSafe;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::invoicing::sheet::Sheet;

use crate::web::form::{Form, Said};
use crate::web::words::Words;

/// The texts of the pages with which a company invoices.
#[derive(Debug, Clone, Copy)]
pub struct Texts(pub Words);

impl Texts {
    /// The text under `web.<key>`.
    pub fn t(self, key: &str) -> String {
        self.0.t(key)
    }

    /// The same with one value.
    pub fn with(self, key: &str, name: &str, value: impl Display) -> String {
        self.0.with(key, &[(name, &value.to_string())])
    }

    /// What a field is called.
    pub fn field(self, name: &str) -> String {
        self.0.name("field", name)
    }
}

/// A form that is a sheet, as it is shown.
#[derive(Debug, Clone)]
pub struct Boxes {
    words: Words,
    sheet: Sheet,
    faults: Vec<Fault>,
}

impl Boxes {
    /// A form with what is in the sheet.
    pub fn of(words: Words, sheet: Sheet) -> Boxes {
        Boxes { words, sheet, faults: Vec::new() }
    }

    /// The same with what is wrong.
    pub fn with(mut self, faults: Vec<Fault>) -> Boxes {
        for fault in faults.iter().filter(|fault| fault.code == codes::FIELD_IDENTITY) {
            // No page shows a fødselsnummer, wherever it was typed.
            let masked = without_identity_numbers(self.sheet.get(&fault.place)).into_owned();
            self.sheet.set(fault.place.clone(), masked);
        }
        self.faults = faults;
        self
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        self.sheet.get(name)
    }

    /// What is wrong, to show above the form: with a way to its field, where the form has it.
    pub fn summary(&self) -> Vec<Said> {
        let said = |fault: &Fault| {
            let (sentence, remedy) = self.words.fault(fault);
            Said { field: self.anchor(&fault.place), sentence: self.placed(&fault.place, sentence), remedy }
        };
        self.faults.iter().map(said).collect()
    }

    /// How many things are wrong, in words.
    pub fn count(&self) -> String {
        match self.faults.len() {
            1 => self.words.t("frame.faults.one"),
            many => self.words.with("frame.faults", &[("count", &many.to_string())]),
        }
    }

    fn anchor(&self, place: &str) -> Option<String> {
        let is_field = !place.is_empty() && !matches!(place, "lines" | "sender" | "files");
        is_field.then(|| place.to_owned())
    }

    /// In which line it is, where it is in one.
    fn placed(&self, place: &str, sentence: String) -> String {
        match place.strip_prefix("line_").and_then(|rest| rest.split_once('_')) {
            Some((number, _)) => format!("{} {number}: {sentence}", Texts(self.words).t("line")),
            None => sentence,
        }
    }

    fn faults_at(&self, name: &str) -> Vec<String> {
        self.faults.iter().filter(|fault| fault.place == name).map(|fault| self.words.fault(fault).0).collect()
    }

    /// A line of text.
    pub fn text(&self, name: &str) -> Field {
        self.labelled(name, self.words.name("field", name))
    }

    /// The same under another label, as in a row of many.
    pub fn labelled(&self, name: &str, label: impl Display) -> Field {
        Field {
            name: name.to_owned(),
            label: label.to_string(),
            hint: String::new(),
            value: self.value(name).to_owned(),
            faults: self.faults_at(name),
            kind: "text",
            mode: "",
            list: "",
            rows: 0,
            options: Vec::new(),
            is_ticked: false,
            is_bare: false,
            class: "",
        }
    }

    /// A field of a row: `line_3_price`. Its label is for those who do not see the head of the table.
    pub fn cell(&self, before: &str, field: &str) -> Field {
        let number = before.trim_end_matches('_').rsplit('_').next().unwrap_or_default();
        let label = format!("{} {number}: {}", Texts(self.words).t("line"), self.words.name("field", field));
        Field { is_bare: true, ..self.labelled(&format!("{before}{field}"), label) }
    }

    /// Several lines of text.
    pub fn area(&self, name: &str) -> Field {
        Field { rows: 3, ..self.text(name) }
    }

    /// A day.
    pub fn date(&self, name: &str) -> Field {
        Field { kind: "date", class: "field--short", ..self.text(name) }
    }

    /// One of several: values and words.
    pub fn choice(&self, name: &str, options: &[(String, String)]) -> Field {
        self.text(name).one_of(options)
    }

    /// A box to tick.
    pub fn tick(&self, name: &str) -> Field {
        let is_ticked = !matches!(self.value(name), "" | "0");
        Field { kind: "checkbox", is_ticked, ..self.text(name) }
    }
}

/// A field with its label, hint and faults.
#[derive(Debug, Clone, Template)]
#[template(path = "part/box.html")]
pub struct Field {
    name: String,
    label: String,
    hint: String,
    value: String,
    faults: Vec<String>,
    kind: &'static str,
    mode: &'static str,
    list: &'static str,
    rows: u32,
    options: Vec<(String, String)>,
    is_ticked: bool,
    /// Without a label that is seen.
    is_bare: bool,
    class: &'static str,
}

/// The template escapes what people wrote.
impl HtmlSafe for Field {}

impl Field {
    /// What belongs in it.
    pub fn hint(mut self, hint: impl Display) -> Field {
        self.hint = hint.to_string();
        self
    }

    /// For a few characters.
    pub fn short(mut self) -> Field {
        self.class = "field--short";
        self
    }

    /// For a number.
    pub fn number(mut self) -> Field {
        self.mode = "decimal";
        self.class = "field--number";
        self
    }

    /// With what a list of the page proposes.
    pub fn proposing(mut self, list: &'static str) -> Field {
        self.list = list;
        self
    }

    /// Another kind of HTML's input.
    pub fn kind(mut self, kind: &'static str) -> Field {
        self.kind = kind;
        self
    }

    /// One of several: values and words. What is chosen and not among them stays a choice.
    pub fn one_of(mut self, options: &[(String, String)]) -> Field {
        self.kind = "choice";
        self.options = options.to_vec();
        if !self.value.is_empty() && !self.options.iter().any(|(value, _)| *value == self.value) {
            self.options.push((self.value.clone(), self.value.clone()));
        }
        self
    }

    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let fault = (!self.faults.is_empty()).then(|| format!("{}-fault", self.name));
        [hint, fault].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The sheet of a form that was sent; its token, version and buttons are not part of it.
pub fn sheet_of(form: &Form) -> Sheet {
    let kept = form.fields().iter().filter(|(name, _)| !matches!(name.as_str(), "token" | "version" | "do"));
    Sheet::of(kept.map(|(name, value)| (name.clone(), value.clone())))
}

/// The version that the form was filled from.
pub fn version_of(form: &Form) -> i64 {
    form.get("version").parse().unwrap_or_default()
}
