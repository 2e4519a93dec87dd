//! The tables of records in `docs/bank-files.md` are written from the tables that reader and writer use.

use std::fmt::Write as _;

use kvitt_formats::bank::layout::{ALL, Kind};

const BEGIN: &str = "<!-- written by a test from crates/formats/src/bank/layout.rs -->\n";

#[test]
fn the_page_shows_the_records_as_they_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bank-files.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (text, stored) = page.split_once(BEGIN).expect("the page has its mark");
    let tables = tables();
    if std::env::var("KVITT_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(path, format!("{text}{BEGIN}{tables}")).expect("the page can be written");
        return;
    }
    assert!(stored == tables, "docs/bank-files.md is not what layout.rs says; run this test with KVITT_BLESS=1");
}

fn tables() -> String {
    let mut text = String::new();
    for record in ALL {
        let prefixes: Vec<String> = record.prefixes.iter().map(|prefix| format!("`{prefix}`")).collect();
        write!(text, "\n### {}\n\n{}\n\n| positions | field | holds |\n|---|---|---|\n", record.title, prefixes.join(", "))
            .expect("a String takes all");
        for field in record.fields.iter().skip(1) {
            let positions = if field.length == 1 { field.from.to_string() } else { format!("{}-{}", field.from, field.to()) };
            writeln!(text, "| {positions} | {} | {} |", field.name.replace('_', " "), holds(field.kind))
                .expect("a String takes all");
        }
    }
    text
}

fn holds(kind: Kind) -> &'static str {
    match kind {
        Kind::Prefix => "the record's name",
        Kind::Number => "a number, zeros before it",
        Kind::Digits => "digits",
        Kind::Date => "DDMMYY; zeros are none",
        Kind::Kid => "KID, blanks before it",
        Kind::Text => "text, blanks after it",
        Kind::Letter => "one character",
        Kind::Zeros => "zeros; read whatever it is",
        Kind::Blanks => "blanks; read whatever it is",
    }
}
