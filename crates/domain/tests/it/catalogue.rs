//! The message catalogue is complete in every language, and `docs/faults.md` is written from it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use kvitt_domain::Language;
use kvitt_domain::calendar::HolidayName;
use kvitt_domain::delivery::State;
use kvitt_domain::fault::{Fixer, codes};

/// The `{names}` in a template, read back by filling none of them in: an unknown name reads as a dash, so ask the source.
fn placeholders(source: &str, table: &str, key: &str) -> BTreeSet<String> {
    let value = &toml::from_str::<toml::Table>(source).unwrap()[table][key];
    let template = value.as_str().unwrap();
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

const SOURCES: [(Language, &str); 2] =
    [(Language::Bokmal, include_str!("../../messages/nb.toml")), (Language::English, include_str!("../../messages/en.toml"))];

#[test]
fn every_fault_code_has_its_sentences() {
    let mut lacking = Vec::new();
    for code in codes::ALL {
        for table in ["fault", "remedy"] {
            for language in Language::ALL {
                if !language.has(&format!("{table}.{code}")) {
                    lacking.push(format!("code {code} has no sentence in [{table}] of messages/{}.toml", language.tag()));
                }
            }
        }
    }
    assert!(lacking.is_empty(), "\n{}", lacking.join("\n"));
}

#[test]
fn every_sentence_has_its_code() {
    for key in Language::default().keys() {
        if let Some(name) = key.strip_prefix("fault.").or_else(|| key.strip_prefix("remedy.")) {
            assert!(kvitt_domain::Code::named(name).is_some(), "messages/*.toml has {key}, but codes.rs has no code {name}");
        }
    }
}

#[test]
fn code_names_are_unique() {
    let names: BTreeSet<&str> = codes::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), codes::ALL.len(), "two constants in codes.rs share a name");
}

#[test]
fn languages_hold_the_same_keys_and_values() {
    let keys = |language: Language| -> BTreeSet<&str> { language.keys().collect() };
    let bokmal = keys(Language::Bokmal);
    for language in Language::ALL {
        let theirs = keys(language);
        let missing: Vec<_> = bokmal.difference(&theirs).collect();
        let extra: Vec<_> = theirs.difference(&bokmal).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "messages/{}.toml lacks {missing:?} and has {extra:?} alone",
            language.tag()
        );
    }
    for key in bokmal {
        let (table, key) = key.split_once('.').unwrap();
        let names = SOURCES.map(|(_, source)| placeholders(source, table, key));
        assert_eq!(names[0], names[1], "the values of {table}.{key} differ between languages");
    }
}

#[test]
fn sentences_name_only_values_that_their_code_documents() {
    let codes_source = include_str!("../../src/fault/codes.rs");
    for code in codes::ALL {
        let line = codes_source.lines().position(|line| line.contains(&format!("= \"{code}\","))).unwrap();
        let doc: Vec<&str> = codes_source
            .lines()
            .take(line)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .take_while(|l| l.trim().starts_with("///"))
            .collect();
        for table in ["fault", "remedy"] {
            for name in placeholders(SOURCES[0].1, table, code.name()) {
                let documented = name == "term" || name == "place" || doc.iter().any(|line| line.contains(&format!("`{name}`")));
                assert!(documented, "{table}.{code} uses {{{name}}}; say in codes.rs that the code has that value");
            }
        }
    }
}

#[test]
fn every_enum_that_people_see_has_its_words() {
    use kvitt_domain::agreement::{AgreementKind, AgreementState, ClaimWay, NoticePolicy};
    use kvitt_domain::invoice::DocumentKind;
    use kvitt_domain::mandate::MandateStatus;
    use kvitt_domain::plan::{OrderFrom, Standing};
    use kvitt_domain::recipient::RecipientType;

    fn check(table: &str, value: impl serde::Serialize) {
        let json = serde_json::to_value(value).unwrap();
        let key = format!("{table}.{}", json.as_str().unwrap());
        assert!(Language::default().has(&key), "messages/nb.toml has no {key}");
    }
    [Standing::Chosen, Standing::InReserve, Standing::Skipped, Standing::Failed]
        .into_iter()
        .for_each(|value| check("standing", value));
    [OrderFrom::Document, OrderFrom::Customer, OrderFrom::Company, OrderFrom::Default]
        .into_iter()
        .for_each(|value| check("order_from", value));
    [RecipientType::Consumer, RecipientType::Business].into_iter().for_each(|value| check("recipient_type", value));
    [DocumentKind::Invoice, DocumentKind::CreditNote].into_iter().for_each(|value| check("document", value));
    [AgreementKind::MainVendor, AgreementKind::Avtalegiro].into_iter().for_each(|value| check("agreement", value));
    use AgreementState::{Active, Ended, Pending, Refused, Spreading};
    [Pending, Spreading, Active, Refused, Ended].into_iter().for_each(|value| check("agreement_state", value));
    NoticePolicy::ALL.into_iter().for_each(|value| check("notice_policy", value));
    ClaimWay::ALL.into_iter().for_each(|value| check("claim_way", value));
    [MandateStatus::Active, MandateStatus::Inactive].into_iter().for_each(|value| check("mandate_status", value));
    FIXERS.into_iter().for_each(|value| check("fixer", value));
    for name in State::NAMES {
        assert!(Language::default().has(&format!("state.{name}")), "messages/nb.toml has no state.{name}");
    }
    for name in HolidayName::ALL {
        assert!(Language::default().has(&format!("holiday.{}", name.key())), "{}", name.key());
    }
}

const FIXERS: [Fixer; 4] = [Fixer::Sender, Fixer::Recipient, Fixer::Operator, Fixer::Counterparty];

#[test]
fn the_page_of_faults_is_current() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults.md"));
    let page = page_of_faults();
    if std::env::var("KVITT_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(&path, &page).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        stored, page,
        "docs/faults.md is not what the catalogue says; run this test with KVITT_BLESS=1 and look at the difference"
    );
}

/// One section per fault code, in the order of `codes.rs`, `{values}` left open.
fn page_of_faults() -> String {
    let mut page = String::from(
        "# Fault codes\n\nWritten by a test from `crates/domain/src/fault/codes.rs` and `crates/domain/messages/`: change those, then run\n\
         `KVITT_BLESS=1 cargo test -p kvitt-domain --test it`.\n\n\
         Codes are stable: one may be retired, none is ever renamed or used for something else. Words in braces are values of the single fault.\n",
    );
    let [bokmal, english] = SOURCES.map(|(_, source)| toml::from_str::<toml::Table>(source).unwrap());
    for code in codes::ALL {
        let text = |table: &toml::Table, part: &str| table[part][code.name()].as_str().unwrap().to_owned();
        let who = english["fixer"][serde_json::to_value(code.fixer()).unwrap().as_str().unwrap()].as_str().unwrap().to_owned();
        write!(
            page,
            "\n## `{code}`\n\nWho can mend it: {who}.\n\n| | What is wrong | What to do |\n|---|---|---|\n| en | {} | {} |\n| nb | {} | {} |\n",
            text(&english, "fault"),
            text(&english, "remedy"),
            text(&bokmal, "fault"),
            text(&bokmal, "remedy"),
        )
        .unwrap();
    }
    page
}
