//! Shared vectors: identifiers and bank holidays that other implementations were checked against too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::civil::Date;
use kvitt_domain::calendar::BankCalendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::{BankAccount, IdentityNumber, Kid, Modulus, OrgNumber};
use serde_json::Value;

/// The text of a vector file; `None`, said aloud, where the vectors are absent and `KVITT_REQUIRE` does not want them.
fn vector(path: &str) -> Option<String> {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")).join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) => {
            let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
            let required = required.split(',').any(|word| word.trim() == "vectors");
            assert!(!required, "KVITT_REQUIRE wants the vectors, but {path} cannot be read: {error}");
            println!("SKIPPED: {path} is not here; set KVITT_REQUIRE=vectors to make that a failure");
            None
        }
    }
}

#[test]
fn identifiers_agree_with_the_vectors() {
    let Some(text) = vector("rails/own/identifiers.json") else {
        return;
    };
    let tables: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    for (table, entries) in &tables {
        let entries = entries.as_array().unwrap();
        assert!(!entries.is_empty(), "{table} is empty");
        for entry in entries {
            check_identifier(table, entry.as_str().unwrap_or_else(|| entry["number"].as_str().unwrap()));
        }
    }
    // One table holds every number that a body of nine digits can have: no other pair of check digits is taken.
    let derived: BTreeSet<String> = tables["derived_all_for_020132999"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["number"].as_str().unwrap().to_owned())
        .collect();
    let taken: BTreeSet<String> =
        (0..100).map(|checks| format!("020132999{checks:02}")).filter(|number| IdentityNumber::parse(number).is_ok()).collect();
    assert_eq!(taken, derived);
    assert!(tables.len() >= 18, "only {} tables", tables.len());
}

fn check_identifier(table: &str, number: &str) {
    let kid = |modulus: Modulus| Kid::parse(number).is_ok_and(|kid| kid.follows(modulus));
    let (holds, wanted) = match table {
        "kid_mod10_valid" => (kid(Modulus::Mod10), true),
        "kid_mod10_invalid" => (kid(Modulus::Mod10), false),
        "kid_mod11_valid" => (kid(Modulus::Mod11), true),
        "kid_mod11_invalid" => (kid(Modulus::Mod11), false),
        "account_valid" => (BankAccount::parse(number).is_ok(), true),
        "account_invalid" => (BankAccount::parse(number).is_ok(), false),
        "orgnr_valid" => (OrgNumber::parse(number).is_ok(), true),
        "orgnr_invalid" => (OrgNumber::parse(number).is_ok(), false),
        "fnr_invalid" | "fnr_2032_invalid" => (IdentityNumber::parse(number).is_ok(), false),
        _ if table.ends_with("nr_valid")
            || table.starts_with("fnr_")
            || table.starts_with("d_plus_")
            || table.starts_with("derived_") =>
        {
            (IdentityNumber::parse(number).is_ok(), true)
        }
        unknown => panic!("the vectors have a table {unknown} that this test does not know"),
    };
    assert_eq!(holds, wanted, "{table}: {number}");
    let kind = table.split('_').next().unwrap_or(table);
    if kind == "dnr" || kind == "tnr" {
        let number = IdentityNumber::parse(number).unwrap();
        assert_eq!((number.is_d_number(), number.is_synthetic()), (kind == "dnr", kind == "tnr"), "{table}");
    }
}

#[test]
fn bank_holidays_agree_with_the_vectors() {
    let Some(text) = vector("rails/own/bank_holidays_2025_2035.csv") else {
        return;
    };
    let calendar = BankCalendar::default();
    let mut wanted: BTreeMap<Date, &str> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let date: Date = cells.next().unwrap().parse().unwrap();
        let weekday = cells.next().unwrap();
        assert!(format!("{:?}", date.weekday()).starts_with(weekday), "{line}");
        wanted.insert(date, cells.next().unwrap());
    }
    let ours: BTreeMap<Date, &str> =
        (2025..=2035).flat_map(|year| calendar.holidays(year)).map(|day| (day.on, day.name.key())).collect();
    assert_eq!(ours.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    for (date, name) in &ours {
        let theirs = wanted[date].to_lowercase();
        let word = name.split('_').next().unwrap_or(name);
        let fixed = ["new_year", "labour_day", "constitution_day", "christmas_eve", "christmas_day", "boxing_day"].contains(name);
        assert!(fixed || theirs.contains(word), "{date} is {name} here and {theirs} there");
        assert!(!calendar.is_bank_day(*date), "{date}");
    }
    // And nothing else on a weekday is closed.
    let mut date = jiff::civil::date(2025, 1, 1);
    while date.year() <= 2035 {
        let weekday = date.weekday().to_monday_one_offset() <= 5;
        assert_eq!(calendar.is_bank_day(date), weekday && !wanted.contains_key(&date), "{date}");
        date = date.tomorrow().unwrap();
    }
}

/// The same rules on a table of our own, so that a clone without the shared vectors tests them too.
#[test]
fn identifiers_of_our_own() {
    let check = |result: Result<(), Fault>, expected: Option<kvitt_domain::Code>| {
        assert_eq!(result.err().map(|fault| fault.code), expected)
    };
    check(Kid::parse("123456783").map(drop), Some(codes::KID_CHECK_DIGIT));
    check(Kid::parse("12345674").map(drop), None);
    check(BankAccount::parse("9999.10.42764").map(drop), None);
    check(OrgNumber::parse("918 130 047").map(drop), None);
    check(OrgNumber::parse("918 130 048").map(drop), Some(codes::ORG_NUMBER_INVALID));
    check(IdentityNumber::parse("50846202355").map(drop), None);
    check(IdentityNumber::parse("50846202356").map(drop), Some(codes::IDENTITY_INVALID));
}
