//! What a finding means and what to do about it, in bokmål and English: our own words for every rule.
//!
//! The sentences are data (`*.txt` beside this file), one row a rule or a family of rules; a test refuses a rule
//! without a sentence. Nothing here is copied from the publishers' texts.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A language of the sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Norwegian bokmål.
    Bokmal,
    /// English.
    English,
}

/// Who can mend what a rule complains of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MendedBy {
    /// Who wrote the invoice: a missing date, a wrong number.
    Sender,
    /// The customer, who must be asked: a reference, an electronic address.
    Customer,
    /// Whoever makes the software that wrote the file: a sum, a code, the structure.
    Provider,
}

/// Advice on a rule.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// Who can mend it.
    pub mended_by: MendedBy,
    /// The business term or group of EN 16931 (`BT-1`, `BG-25`), where the rule is about one.
    pub term: Option<&'static str>,
    row: &'static Row,
    category: Option<&'static Category>,
}

#[derive(Debug)]
struct Row {
    mended_by: MendedBy,
    term: Option<&'static str>,
    bokmal: &'static str,
    english: &'static str,
}

#[derive(Debug)]
struct Category {
    /// As it stands in the rules' ids.
    family: &'static str,
    bokmal: &'static str,
    english: &'static str,
}

const fn category(family: &'static str, bokmal: &'static str, english: &'static str) -> Category {
    Category { family, bokmal, english }
}

const CATEGORIES: [Category; 9] = [
    category("S", "ordinær sats (S)", "the standard rate (S)"),
    category("Z", "nullsats (Z)", "the zero rate (Z)"),
    category("E", "avgiftsfritt (E)", "exempt from VAT (E)"),
    category("AE", "omvendt avgiftsplikt (AE)", "reverse charge (AE)"),
    category("IC", "levering innen EU (K)", "supply within the EU (K)"),
    category("G", "eksport (G)", "export (G)"),
    category("O", "utenfor avgift (O)", "outside VAT (O)"),
    category("AF", "avgift på Kanariøyene (L)", "tax in the Canary Islands (L)"),
    category("AG", "avgift i Ceuta og Melilla (M)", "tax in Ceuta and Melilla (M)"),
];

/// Advice on a rule by its id; none for an id that no rule has.
pub fn advice(id: &str) -> Option<Advice> {
    let (family, number) = id.rsplit_once('-')?;
    let category = CATEGORIES.iter().find(|category| family.strip_prefix("BR-") == Some(category.family));
    let of_family = || match category {
        Some(_) => ROWS.get(format!("BR-?-{number}").as_str()),
        None => ROWS.get(format!("{family}-?").as_str()),
    };
    let row = ROWS.get(id).or_else(of_family)?;
    Some(Advice { mended_by: row.mended_by, term: row.term, row, category })
}

impl Advice {
    /// What is wrong and what to do, in one or two sentences.
    pub fn sentence(&self, language: Language) -> Cow<'static, str> {
        let text = match language {
            Language::Bokmal => self.row.bokmal,
            Language::English => self.row.english,
        };
        let name = self.category.map(|category| match language {
            Language::Bokmal => category.bokmal,
            Language::English => category.english,
        });
        match name {
            Some(name) if text.contains(PLACEHOLDER) => Cow::Owned(capitalised(text.replace(PLACEHOLDER, name))),
            _ => Cow::Borrowed(text),
        }
    }
}

const PLACEHOLDER: &str = "{category}";

fn capitalised(text: String) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => text,
    }
}

static ROWS: LazyLock<HashMap<&'static str, Row>> = LazyLock::new(|| {
    let files = [include_str!("document.txt"), include_str!("syntax.txt"), include_str!("peppol.txt"), include_str!("vat.txt")];
    let mut rows = HashMap::new();
    for line in files.into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split(" | ").collect();
        let [ids, who, term, bokmal, english] = columns[..] else { unreachable!("a row has five columns: {line}") };
        for id in ids.split(' ') {
            let mended_by = match who {
                "me" => MendedBy::Sender,
                "customer" => MendedBy::Customer,
                _ => MendedBy::Provider,
            };
            let term = (term != "-").then_some(term);
            let before = rows.insert(id, Row { mended_by, term, bokmal, english });
            assert!(before.is_none(), "{id} has two sentences");
        }
    }
    rows
});

#[cfg(test)]
mod tests {
    use super::*;

    /// Every id that stands in the crate's code, families spelt out.
    fn all_ids() -> Vec<String> {
        let mut ids = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let code = std::fs::read_to_string(&path).unwrap();
                    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
                    ids.extend(code.split('"').skip(1).step_by(2).filter(|text| is_id(text)).map(str::to_owned));
                }
            }
        }
        for category in &CATEGORIES {
            ids.extend((1..=10).map(|number| format!("BR-{}-{number:02}", category.family)));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    fn is_id(text: &str) -> bool {
        let families = ["BR", "DE", "DK", "GR", "IS", "IT", "NL", "NO", "PEPPOL", "SE", "UBL", "VALUE"];
        let plain = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
        plain && text.split_once('-').is_some_and(|(family, rest)| families.contains(&family) && rest.len() >= 2)
    }

    #[test]
    fn every_rule_has_a_sentence() {
        let ids = all_ids();
        assert!(ids.len() > 400, "only {} ids", ids.len());
        let missing: Vec<_> = ids.iter().filter(|id| advice(id).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for id in &ids {
            for language in [Language::Bokmal, Language::English] {
                let sentence = advice(id).unwrap().sentence(language);
                assert!(sentence.ends_with('.') && !sentence.contains('{'), "{id}: {sentence}");
            }
        }
    }

    #[test]
    fn every_sentence_has_a_rule() {
        let ids = all_ids();
        let unused: Vec<_> = ROWS.keys().filter(|id| !id.contains('?') && !ids.iter().any(|own| own == *id)).collect();
        assert!(unused.is_empty(), "{unused:?}");
    }

    #[test]
    fn families_speak_of_their_category() {
        let sentence = |id: &str, language| advice(id).unwrap().sentence(language).into_owned();
        assert!(sentence("BR-IC-08", Language::English).contains("supply within the EU (K)"));
        assert!(sentence("BR-AE-02", Language::Bokmal).starts_with("Omvendt avgiftsplikt (AE) er brukt"));
        assert!(advice("BR-99").is_none() && advice("nonsense").is_none());
    }
}
