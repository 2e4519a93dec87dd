//! The reasons, one by one: what is said of a file that is wrong in one way.

use kvitt_formats::bank::{MAX_FAULTS, verify};

use super::example;

/// The claims file with lines changed, as text; lines count from 1.
fn with(file: &str, change: impl Fn(&mut Vec<String>)) -> Vec<u8> {
    let text: String = example(file).iter().map(|byte| char::from(*byte)).collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    lines.iter().flat_map(|line| line.chars().map(|letter| letter as u8).chain(*b"\r\n").collect::<Vec<u8>>()).collect()
}

#[track_caller]
fn check(bytes: &[u8], expected: &[&str]) {
    let verdict = verify(bytes);
    let found = crate::lines(&verdict.faults);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "\n{found}");
}

const CLAIMS: &str = "claims_and_cancellations.txt";
const PAYMENTS: &str = "payments_and_mandates.txt";

#[test]
fn no_file_at_all() {
    check(b"", &["bank.empty | 1:1 | line=1, column=1"]);
    check(b"\r\n\n", &["bank.empty | 1:1 | line=1, column=1"]);
    check(b"%PDF-1.7 ...", &["bank.unknown_file | 1:1 | line=1, column=1, found=%PDF-1.7"]);
    check(b"\nhello", &["bank.unknown_file | 2:1 | line=2, column=1, found=hello"]);
    check(b"NO", &["bank.line_length | 1:3 | line=1, column=3, found=2"]);
    let other = format!("NY04{:076}\n", 0);
    check(other.as_bytes(), &["bank.record_unknown | 1:1 | line=1, column=1, value=NY040000"]);
}

/// A text editor that saves in UTF-8 makes lines longer.
#[test]
fn a_file_saved_in_utf8() {
    let text: String = example(CLAIMS).iter().map(|byte| char::from(*byte)).collect();
    let verdict = verify(text.as_bytes());
    assert_eq!(verdict.faults[0].code.name(), "bank.encoding", "{:?}", verdict.faults);
    check(format!("\u{feff}{text}").as_bytes(), &["bank.encoding | 1:1 | line=1, column=1"]);
}

#[test]
fn counts_sums_and_dates() {
    check(
        &with(CLAIMS, |lines| lines.last_mut().unwrap().replace_range(8..16, "00000009")),
        &["bank.count | NY000089/transactions 19:9 | line=19, column=9, what=transactions, stated=9, computed=5"],
    );
    check(
        &with(CLAIMS, |lines| lines.last_mut().unwrap().replace_range(16..24, "00000007")),
        &["bank.count | NY000089/records 19:17 | line=19, column=17, what=records, stated=7, computed=19"],
    );
    check(
        &with(CLAIMS, |lines| lines.last_mut().unwrap().replace_range(41..47, "010127")),
        &["bank.date_range | NY000089/first_date 19:42 | line=19, column=42, bank_field=first_date, stated_date=2027-01-01, \
           computed_date=2026-12-21"],
    );
}

#[test]
fn fields() {
    check(
        &with(CLAIMS, |lines| lines[2].replace_range(15..21, "310227")),
        &["bank.field | NY212130/due_date 3:16 | line=3, column=16, bank_field=due_date, value=310227"],
    );
    // The first character that is out of place is where it is.
    check(
        &with(CLAIMS, |lines| lines[2].replace_range(40..41, "x")),
        &["bank.field | NY212130/amount 3:41 | line=3, column=41, bank_field=amount, value=00000000x00049900"],
    );
    check(
        &with(CLAIMS, |lines| lines[2].replace_range(49..74, &" ".repeat(25))),
        &["bank.field | NY212130/kid 3:50 | line=3, column=50, bank_field=kid, value="],
    );
    check(
        &with(CLAIMS, |lines| lines[4].replace_range(19..20, "3")),
        &["bank.field | NY212149/column 5:20 | line=5, column=20, bank_field=column, value=3"],
    );
    check(
        &with(PAYMENTS, |lines| lines[2].replace_range(31..32, "+")),
        &["bank.field | NY091530/sign 3:32 | line=3, column=32, bank_field=sign, value=+"],
    );
}

#[test]
fn records() {
    check(
        &with(CLAIMS, |lines| lines[3].replace_range(8..15, "0000007")),
        &["bank.transaction_mixed | NY212131/transaction 4:9 | line=4, column=9, value=7, expected=1"],
    );
    check(
        &with(CLAIMS, |lines| {
            // Two items of the second claim become the first one's number.
            lines[7].replace_range(8..15, "0000001");
            lines[8].replace_range(8..15, "0000001");
        }),
        &["bank.transaction_order | NY210230/transaction 8:9 | line=8, column=9, value=1, previous=1"],
    );
    check(
        &with(CLAIMS, |lines| {
            lines.remove(0);
        }),
        &[
            "bank.record_misplaced | NY210020 1:1 | line=1, column=1, record=claims_start, expected_record=transmission_start",
            "bank.record_misplaced | NY213620 12:1 | line=12, column=1, record=cancellations_start, expected_record=transmission_start",
            "bank.record_misplaced | NY000089 18:1 | line=18, column=1, record=transmission_end, expected_record=transmission_start",
        ],
    );
    check(
        &with(PAYMENTS, |lines| {
            lines.pop();
        }),
        &["bank.cut_short | 32:80 | line=32, column=80, expected_record=transmission_end"],
    );
}

#[test]
fn a_file_of_nothing_but_faults_fills_no_memory() {
    let mut bytes = Vec::new();
    for _ in 0..1000 {
        bytes.extend_from_slice(format!("NY04{:076}\n", 0).as_bytes());
    }
    let verdict = verify(&*bytes);
    assert_eq!(verdict.faults.len(), MAX_FAULTS);
    assert_eq!(verdict.faults_left_out, 900);
}

/// A disk that fails is told once, and what was open is not called complete.
#[test]
fn a_source_that_fails() {
    struct Failing(usize);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::other("the disk is gone"));
            }
            let line = format!("NY0000105555555500000010000808{:050}\n", 0);
            let count = line.len().min(buffer.len()).min(self.0);
            buffer[..count].copy_from_slice(&line.as_bytes()[..count]);
            self.0 -= count;
            Ok(count)
        }
    }
    let verdict = verify(std::io::BufReader::new(Failing(81)));
    let found = crate::lines(&verdict.faults);
    assert_eq!(
        found,
        "bank.unreadable | 2:1 | line=2, column=1, why=the disk is gone\n\
         bank.cut_short | 1:80 | line=1, column=80, expected_record=transmission_end"
    );
    let verdict = verify(std::io::BufReader::new(Failing(0)));
    assert_eq!(crate::lines(&verdict.faults), "bank.unreadable | 1:1 | line=1, column=1, why=the disk is gone");
}
