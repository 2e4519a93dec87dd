//! Every way in which a file can be damaged a little: a line gone, twice, moved or shortened, a digit of a count, sum, date or
//! amount changed, the end cut off. Each is refused with line, column and reason, or it says exactly what the whole file says.

use std::collections::BTreeMap;
use std::sync::Mutex;

use kvitt_domain::{Fault, Language};
use kvitt_formats::bank::{read, verify};

use super::{example, told};
use crate::shared;

const EXAMPLES: [&str; 2] = ["claims_and_cancellations.txt", "payments_and_mandates.txt"];
const VECTORS: [&str; 6] = [
    "own/atg_minimal_lf.txt",
    "own/atg_claims_and_cancellation.latin1.txt",
    "own/inbound_ocr_and_mandates.latin1.txt",
    "netsgiro/avtalegiro_agreements.txt",
    "netsgiro/avtalegiro_payment_request.txt",
    "netsgiro/ocr_giro_transactions.txt",
];

/// The files that are damaged: those of this repository, and the vectors where they are there.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = EXAMPLES.iter().map(|name| ((*name).to_owned(), example(name))).collect();
    if let Some(folder) = shared("rails") {
        files.extend(
            VECTORS.iter().map(|name| ((*name).to_owned(), std::fs::read(folder.join(name)).expect("the vector is there"))),
        );
    }
    files
}

/// Lines with their ends.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Every fault says where and why, in both languages, with all its values.
fn is_told(fault: &Fault) {
    let number = |name: &str| fault.value(name).and_then(|value| value.parse::<u64>().ok());
    assert!(number("line").is_some_and(|line| line > 0) && number("column").is_some_and(|column| column > 0), "{fault:?}");
    assert!(!fault.place.is_empty(), "{fault:?}");
    if !is_news(fault) {
        return;
    }
    for language in Language::ALL {
        let sentence = fault.sentence(language);
        assert!(!sentence.contains('–') || fault.values.iter().any(|(_, value)| value == "–"), "{sentence}");
    }
}

/// Whether the sentences of this kind of fault were not yet looked at often: they are the same but for their values.
fn is_news(fault: &Fault) -> bool {
    const OFTEN: usize = 100;
    static TOLD: Mutex<BTreeMap<&str, usize>> = Mutex::new(BTreeMap::new());
    let mut told = TOLD.lock().expect("no test ends while it counts");
    let count = told.entry(fault.code.name()).or_default();
    *count += 1;
    *count <= OFTEN
}

/// The faults of a damaged file, each looked at.
fn faults(bytes: &[u8]) -> Vec<Fault> {
    let faults = verify(bytes).faults;
    faults.iter().for_each(is_told);
    faults
}

/// Everything a file says, line numbers and remarks aside.
fn says(bytes: &[u8]) -> String {
    let items: Vec<_> = read(bytes).filter_map(Result::ok).collect();
    let mut said = String::new();
    for line in told(&items).lines().filter(|line| !line.starts_with("remark")) {
        said.push_str(line.split_once(' ').map_or(line, |(_, rest)| rest));
        said.push('\n');
    }
    said
}

#[track_caller]
fn refused(what: &str, bytes: &[u8]) -> Vec<Fault> {
    let faults = faults(bytes);
    assert!(!faults.is_empty(), "{what} is taken:\n{}", String::from_utf8_lossy(bytes));
    faults
}

#[test]
fn a_line_gone_or_twice() {
    for (file, bytes) in files() {
        let lines = lines(&bytes);
        for at in 0..lines.len() {
            let gone = [&lines[..at], &lines[at + 1..]].concat().concat();
            refused(&format!("{file} without line {}", at + 1), &gone);
            let twice = [&lines[..=at], &lines[at..]].concat().concat();
            refused(&format!("{file} with line {} twice", at + 1), &twice);
        }
    }
}

#[test]
fn lines_in_another_order() {
    for (file, bytes) in files() {
        let lines = lines(&bytes);
        let says_whole = sorted(&says(&bytes));
        for at in 1..lines.len() {
            let mut moved = lines.clone();
            moved.swap(at - 1, at);
            let moved = moved.concat();
            // Mandates and specifications may stand in any order: then the file says the same.
            if faults(&moved).is_empty() {
                assert_eq!(sorted(&says(&moved)), says_whole, "{file}: line {at} after the next");
            }
        }
    }
}

/// Transactions renumbered and moved are told by a remark; what they say stays.
fn sorted(said: &str) -> Vec<String> {
    let mut letters: Vec<String> = said.split_whitespace().map(|word| word.trim_matches(['[', ']', ',']).to_owned()).collect();
    letters.sort();
    letters
}

#[test]
fn the_end_cut_off() {
    for (file, bytes) in files() {
        let whole = bytes.trim_ascii_end().len();
        for length in 0..whole {
            refused(&format!("{file}, the first {length} bytes"), &bytes[..length]);
        }
        for length in whole..bytes.len() {
            assert!(faults(&bytes[..length]).is_empty(), "{file} without its last line end");
        }
    }
}

/// The same without texts: of these a line may lose the end, and nobody can tell that from blanks.
fn without_texts(said: &str) -> String {
    said.split('"').step_by(2).collect()
}

#[test]
fn a_line_shortened_or_lengthened() {
    for (file, bytes) in files() {
        let lines = lines(&bytes);
        let says_whole = without_texts(&says(&bytes));
        for at in 0..lines.len() {
            let end = if lines[at].ends_with(b"\r\n") { 2 } else { 1 };
            for length in 0..80 {
                let mut shorter = lines.clone();
                shorter[at].drain(length..80);
                let shorter = shorter.concat();
                if faults(&shorter).is_empty() {
                    assert_eq!(without_texts(&says(&shorter)), says_whole, "{file}: line {} of {length}", at + 1);
                }
            }
            let mut longer = lines.clone();
            let place = longer[at].len() - end;
            longer[at].insert(place, b'0');
            let found = refused(&format!("{file}: line {} longer", at + 1), &longer.concat());
            assert_eq!(found[0].place, format!("{}:81", at + 1));
        }
    }
}

/// The positions, from 0, of counts and sums in an end record.
fn totals(line: &[u8]) -> std::ops::Range<usize> {
    match &line[..8] {
        b"NY212488" => 8..24,
        b"NY000089" | b"NY210088" | b"NY213688" | b"NY090088" => 8..41,
        _ => 0..0,
    }
}

#[test]
fn a_digit_of_a_count_or_sum() {
    for (file, bytes) in files() {
        let lines = lines(&bytes);
        for at in 0..lines.len() {
            for column in totals(&lines[at]) {
                let mut changed = lines.clone();
                changed[at][column] = b'0' + (changed[at][column] - b'0' + 1) % 10;
                let found = refused(&format!("{file}: {}:{}", at + 1, column + 1), &changed.concat());
                let expected = if column < 24 { "bank.count" } else { "bank.sum" };
                let of_line = format!(" {}:", at + 1);
                assert!(found.iter().any(|fault| fault.code.name() == expected && fault.place.contains(&of_line)), "{found:?}");
            }
        }
    }
}

#[test]
fn a_digit_of_an_amount_or_of_a_due_date() {
    for (file, bytes) in files() {
        let lines = lines(&bytes);
        for at in 0..lines.len() {
            let is_item = &lines[at][6..8] == b"30";
            for column in if is_item { 32..49 } else { 0..0 } {
                let mut changed = lines.clone();
                changed[at][column] = b'0' + (changed[at][column] - b'0' + 1) % 10;
                refused(&format!("{file}: {}:{}", at + 1, column + 1), &changed.concat());
            }
            let ends_claims = matches!(&lines[at][..8], b"NY210088" | b"NY213688");
            for column in if ends_claims { 41..53 } else { 0..0 } {
                let mut changed = lines.clone();
                changed[at][column] = b'0' + (changed[at][column] - b'0' + 1) % 10;
                refused(&format!("{file}: {}:{}", at + 1, column + 1), &changed.concat());
            }
        }
    }
}

/// A character that stands nowhere, in each position in turn. What is taken all the same says the same but for texts and numbers
/// that are only names: no amount, count, date or kind ever changes.
#[test]
fn a_character_out_of_place() {
    let amounts = |bytes: &[u8]| verify(bytes).tally;
    for (file, bytes) in files() {
        let expected = amounts(&bytes);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] = b'~';
            if faults(&changed).is_empty() {
                assert_eq!(amounts(&changed), expected, "{file}: byte {at}");
            }
        }
    }
}

/// Orders, items and ends that stand in each other's place.
#[test]
fn records_in_the_wrong_order() {
    for (file, bytes) in files() {
        let lines = lines(&bytes);
        let foreign = [
            "NY210020", "NY210088", "NY213620", "NY213688", "NY212420", "NY212488", "NY090020", "NY090088", "NY000010",
            "NY000089", "NY210230", "NY210231", "NY212149", "NY219330", "NY219470", "NY091530", "NY091531", "NY091532",
            "NY040020", "XX000010",
        ];
        for at in 0..lines.len() {
            for prefix in foreign {
                // Payments of one type or another, claims with one notice or another: these may change places.
                let own = String::from_utf8_lossy(&lines[at][..8]).into_owned();
                let alike = own[..4] == prefix[..4] && own[6..] == prefix[6..] && own[6..] != *"20" && own[6..] != *"88";
                // What Nets passes over is passed over.
                let is_ignored = own == "NY219331" && prefix == "NY212149";
                if own == prefix || alike || is_ignored {
                    continue;
                }
                let mut changed = lines.clone();
                changed[at][..8].copy_from_slice(prefix.as_bytes());
                refused(&format!("{file}: {prefix} in line {}", at + 1), &changed.concat());
            }
        }
    }
}

#[test]
fn camt_damaged() {
    let bytes = example("camt054_batch.xml");
    assert!(faults(&bytes).is_empty());
    let text = String::from_utf8(bytes).unwrap();
    for length in 1..text.trim_end().len() {
        refused(&format!("the first {length} bytes"), &text.as_bytes()[..text.floor_char_boundary(length)]);
    }
    // Each digit of each amount and count of it, and each of its entries and details.
    for (element, codes) in
        [("<Amt", "bank.sum"), ("<NbOfNtries", "bank.count"), ("<Sum", "bank.sum"), ("<NbOfTxs", "bank.count")]
    {
        for (at, _) in text.match_indices(element) {
            let value = at + text[at..].find('>').unwrap() + 1;
            let end = value + text[value..].find('<').unwrap();
            for digit in value..end {
                if !text.as_bytes()[digit].is_ascii_digit() {
                    continue;
                }
                let mut changed = text.clone().into_bytes();
                changed[digit] = b'0' + (changed[digit] - b'0' + 1) % 10;
                let found = refused(&format!("{element} at {digit}"), &changed);
                assert!(found.iter().any(|fault| fault.code.name() == codes), "{found:?}");
            }
        }
    }
    for element in ["Ntry", "TxDtls"] {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let mut from = 0;
        while let Some(start) = text[from..].find(&open).map(|at| from + at) {
            let end = start + text[start..].find(&close).unwrap() + close.len();
            let gone = format!("{}{}", &text[..start], &text[end..]);
            let is_only = element == "TxDtls"
                && gone[..start].trim_end().ends_with("<NtryDtls>")
                && gone[start..].trim_start().starts_with("</NtryDtls>");
            if !is_only {
                refused(&format!("without {element} at {start}"), gone.as_bytes());
            }
            from = end;
        }
    }
}
