//! `kvitt bank-file` and `kvitt kid`: what a person and a program get, and how the commands end.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Ended, kvitt};

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bank").join(name).display().to_string()
}

/// Runs a command that must leave nothing behind.
fn run(arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("none");
    let ended = kvitt(&data, arguments);
    assert!(!data.exists(), "looking leaves nothing behind");
    ended
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An example with one thing changed, in a folder of its own.
fn changed(name: &str, from: &str, to: &str) -> (tempfile::TempDir, PathBuf) {
    let bytes = std::fs::read(example(name)).unwrap();
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = text.replacen(from, to, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text.chars().map(|letter| letter as u8).collect::<Vec<u8>>()).unwrap();
    (folder, path)
}

#[test]
fn a_file_is_shown_with_its_totals() {
    let text = run(&["bank-file", &example("payments_and_mandates.txt")]).with_code(0).stdout;
    for part in ["account 9999.10.05109", "−1,200.50 NOK", "AvtaleGiro", "4,725.49 NOK", "2,126.49 NOK", "✓"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = run(&["bank-file", "--lang", "nb", &example("claims_and_cancellations.txt")]).with_code(0).stdout;
    for part in ["Betalingskrav", "1\u{a0}200,50 NOK", "ÅSE ØRN", "alle antall og summer stemmer"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let totals =
        run(&["bank-file", "--totals", &example("camt054_batch.xml"), &example("camt053_statement.xml")]).with_code(0).stdout;
    assert!(!totals.contains("Kari Nordmann") && totals.contains("All 2 files together"), "{totals}");
}

#[test]
fn one_line_of_json_an_item_and_the_verdict_last() {
    let said = lines(&run(&["bank-file", "--json", &example("payments_and_mandates.txt")]).with_code(0));
    let of = |item: &str| said.iter().filter(|line| line["item"] == item).count();
    assert_eq!((of("payment"), of("mandate"), of("order"), of("verdict")), (9, 5, 3, 1));
    let reversal = said.iter().find(|line| line["type"] == 18).unwrap();
    assert_eq!((reversal["amount"].as_str(), reversal["is_reversal"].as_bool()), (Some("-1200.50"), Some(true)));
    let verdict = said.last().unwrap();
    assert_eq!((verdict["valid"].as_bool(), verdict["format"].as_str()), (Some(true), Some("nets")));
    let payments = verdict["totals"].as_array().unwrap().iter().find(|total| total["kind"] == "payments").unwrap();
    assert_eq!((payments["sum"].as_str(), payments["net"].as_str()), (Some("4725.49"), Some("2126.49")));
}

#[test]
fn a_file_that_does_not_add_up_is_refused() {
    // The second payment's amount.
    let (_folder, path) = changed("payments_and_mandates.txt", "00000000000120050", "00000000000120051");
    let path = path.display().to_string();
    let text = run(&["bank-file", &path]).with_code(1).stdout;
    assert!(text.contains("is refused") && text.contains("Line 23, column 25") && text.contains("[bank.sum]"), "{text}");
    let said = lines(&run(&["bank-file", "--json", "--totals", &path]).with_code(1));
    assert_eq!(said.len(), 1);
    let codes: Vec<&str> = said[0]["faults"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["bank.sum", "bank.sum"]);
    // A file beside it is still shown, and the worse one decides.
    let both = run(&["bank-file", "--totals", &path, &example("camt054_batch.xml")]).with_code(1).stdout;
    assert!(both.contains("✗") && both.contains("✓"), "{both}");
    run(&["bank-file", "there-is-none.txt"]).with_code(3);
}

#[test]
fn kids_are_checked() {
    let ended = run(&["kid", "check", "123456782", "123456785", "20261003-"]).with_code(0);
    assert_eq!(
        ended.stdout,
        "✓ 123456782: the check digit is right (MOD10)\n✓ 123456785: the check digit is right (MOD11)\n\
         ✓ 20261003-: the check digit is right (MOD11)\n  ! It ends in “-”: banks take it by hand, but eFaktura and AvtaleGiro do not.\n"
    );
    let ended = run(&["kid", "check", "123456783", "12A"]).with_code(1);
    assert!(ended.stdout.contains("[kid.check_digit]") && ended.stdout.contains("[kid.form]"), "{ended:?}");
    let ended = run(&["kid", "check", "00000010000020260012", "--structure", "20:1-7", "--json"]).with_code(0);
    let said = ended.json();
    assert_eq!((said[0]["customer"].as_str(), said[0]["invoice"].as_str()), (Some("0000001"), Some("000002026001")));
    run(&["kid", "check", "123456782", "--structure", "5:1-2"]).with_code(1);
}

#[test]
fn kids_are_made() {
    let make = |arguments: &[&str]| run(&[&["kid", "make", "--structure"], arguments].concat());
    let ended = make(&["20:1-7", "--customer", "1", "--invoice", "2026001"]).with_code(0);
    assert_eq!(ended.stdout, "00000010000020260012\n");
    // 20261003 has no MOD11 digit that every rail takes: asked for alone it is refused, in a row it is left out.
    let mod11 = ["9:1-4,mod11", "--customer", "2026", "--invoice", "1003"];
    assert!(make(&mod11).with_code(2).stderr.contains("next invoice number"));
    let said = make(&[&mod11[..], &["--count", "2", "--json"]].concat()).with_code(0).json();
    assert_eq!((said[0]["invoice"].as_u64(), said[1]["invoice"].as_u64()), (Some(1004), Some(1005)));
    make(&["5:1-2", "--customer", "100", "--invoice", "1"]).with_code(2);
    make(&["5:x", "--customer", "1", "--invoice", "1"]).with_code(2);
}
