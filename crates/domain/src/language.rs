//! The languages that Kvitt speaks, and the one message catalogue that feeds faults, pages, letters, PDFs and the command line.
//!
//! The catalogue is `messages/nb.toml` and `messages/en.toml`, one key per sentence, `{name}` where a value goes in.
//! A test proves that both languages hold the same keys with the same values, and that every fault code has its sentence.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A language that the catalogue holds completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    /// Norwegian bokmål, the default.
    #[default]
    #[serde(rename = "nb")]
    Bokmal,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// Every language, in the order in which pages offer them.
    pub const ALL: [Language; 2] = [Language::Bokmal, Language::English];

    /// The BCP 47 tag: `nb` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Language::Bokmal => "nb",
            Language::English => "en",
        }
    }

    /// The language of a tag such as `nb`, `no`, `NO`, `en-GB`; `None` where the catalogue has no such language.
    pub fn named(tag: &str) -> Option<Language> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).to_ascii_lowercase();
        match primary.as_str() {
            "nb" | "no" | "nn" => Some(Language::Bokmal),
            "en" => Some(Language::English),
            _ => None,
        }
    }

    /// The sentence under `key` with each `{name}` replaced. A missing key answers the key itself, which a test makes impossible
    /// for every key that the code names as a constant.
    pub fn text(self, key: &str, values: &[(&str, &str)]) -> String {
        match catalogue(self).get(key) {
            Some(template) => fill(template, values),
            None => key.to_owned(),
        }
    }

    /// Whether the catalogue holds `key`.
    pub fn has(self, key: &str) -> bool {
        catalogue(self).contains_key(key)
    }

    /// Every key of the catalogue, in order.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        catalogue(self).keys().map(String::as_str)
    }
}

fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        match after.find('}') {
            Some(close) => {
                let name = &after[..close];
                match values.iter().find(|(known, _)| *known == name) {
                    Some((_, value)) => filled.push_str(value),
                    // A value that the caller does not have reads as a dash, never as a brace.
                    None => filled.push('–'),
                }
                rest = &after[close + 1..];
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn catalogue(language: Language) -> &'static BTreeMap<String, String> {
    static BOKMAL: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    static ENGLISH: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let (cell, source) = match language {
        Language::Bokmal => (&BOKMAL, include_str!("../messages/nb.toml")),
        Language::English => (&ENGLISH, include_str!("../messages/en.toml")),
    };
    cell.get_or_init(|| {
        let tables: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(source).expect("the catalogue is part of the program and a test reads it");
        tables
            .into_iter()
            .flat_map(|(table, entries)| entries.into_iter().map(move |(key, text)| (format!("{table}.{key}"), text)))
            .collect()
    })
}
