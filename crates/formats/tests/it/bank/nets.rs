//! What a NETS file of good form says, and what of its form is forgiven.

use kvitt_formats::bank::{Item, verify};

use super::{example, items, told};

#[test]
fn payments_and_mandates() {
    insta::assert_snapshot!("payments_and_mandates", told(&items(&example("payments_and_mandates.txt"))));
}

#[test]
fn claims_and_cancellations() {
    insta::assert_snapshot!("claims_and_cancellations", told(&items(&example("claims_and_cancellations.txt"))));
}

/// The lines of an item are kept as they stood.
#[test]
fn nothing_of_an_item_is_lost() {
    for file in ["payments_and_mandates.txt", "claims_and_cancellations.txt"] {
        let bytes = example(file);
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
        let mut kept = 0;
        for item in items(&bytes) {
            let (line, raw) = match &item {
                Item::Claim(claim) => (claim.line, &claim.raw),
                Item::Cancellation(cancellation) => (cancellation.line, &cancellation.raw),
                Item::Mandate(mandate) => (mandate.line, &mandate.raw),
                Item::Payment(payment) => (payment.line, &payment.raw),
                _ => continue,
            };
            for (at, raw) in raw.lines().enumerate() {
                assert_eq!(raw, lines[usize::try_from(line).unwrap() - 1 + at], "{file}:{line}");
                kept += 1;
            }
        }
        let items = lines.iter().filter(|line| line.len() == 80 && !matches!(&line[6..8], b"10" | b"20" | b"88" | b"89"));
        assert_eq!(kept, items.count(), "{file}");
    }
}

/// Every form of the same file says the same.
#[test]
fn forms_that_are_forgiven() {
    for file in ["payments_and_mandates.txt", "claims_and_cancellations.txt"] {
        let bytes = example(file);
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let expected = told(&items(&bytes));
        let latin1 = |text: String| -> Vec<u8> { text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect() };
        let trimmed = |line: &str| {
            let rest = line.trim_end_matches('0');
            // Unused positions as blanks, which some system then cut away.
            if line.starts_with("NY000010") && rest.len() <= 31 { line[..31].to_owned() } else { line.to_owned() }
        };
        let forms = [
            ("LF", text.replace("\r\n", "\n")),
            ("no last line end", text.trim_end().to_owned()),
            ("no last LF", text.trim_end_matches('\n').to_owned()),
            ("blank lines at the end", format!("{text}\r\n   \r\n\r\n")),
            ("the end-of-file mark of DOS", format!("{text}\u{1A}")),
            ("blanks behind the records", text.replace("\r\n", "   \r\n")),
            (
                "blanks in unused positions",
                text.replace("00000000000000000000000000000000000000000000000\r\n", &format!("{}\r\n", " ".repeat(47))),
            ),
            ("lines without their last blanks", text.lines().map(|line| trimmed(line) + "\r\n").collect()),
        ];
        for (form, text) in forms {
            let bytes = latin1(text);
            let verdict = verify(&*bytes);
            assert!(verdict.is_valid(), "{file}, {form}: {}", crate::lines(&verdict.faults));
            assert_eq!(told(&items(&bytes)), expected, "{file}, {form}");
        }
    }
}

/// However the bytes come, the items are the same.
#[test]
fn a_source_may_give_a_few_bytes_at_a_time() {
    for file in ["payments_and_mandates.txt", "claims_and_cancellations.txt", "camt054_batch.xml", "camt053_statement.xml"] {
        let bytes = example(file);
        let expected = told(&items(&bytes));
        for size in [1, 2, 7, 79, 80, 81, 82, 83, 100] {
            let source = std::io::BufReader::with_capacity(size, &*bytes);
            let read: Vec<Item> = kvitt_formats::bank::read(source).map(|item| item.unwrap()).collect();
            assert_eq!(told(&read), expected, "{file}, {size} bytes at a time");
        }
    }
}

/// Several transmissions in one file, as some banks put them.
#[test]
fn transmissions_follow_each_other() {
    let twice = [example("payments_and_mandates.txt"), example("claims_and_cancellations.txt")].concat();
    let verdict = verify(&*twice);
    assert!(verdict.is_valid(), "{}", crate::lines(&verdict.faults));
    assert_eq!(verdict.tally.transmissions, 2);
}

/// A payment keeps its key when the file comes again, and no two of a file share one.
#[test]
fn keys_tell_payments_apart() {
    for file in ["payments_and_mandates.txt", "camt054_batch.xml"] {
        let keys = || -> Vec<String> {
            let payments = items(&example(file)).into_iter().filter_map(|item| match item {
                Item::Payment(payment) => Some(payment.key()),
                _ => None,
            });
            payments.collect()
        };
        let (once, mut apart) = (keys(), keys());
        assert_eq!(once, apart);
        apart.sort();
        apart.dedup();
        assert_eq!(apart.len(), once.len(), "{once:?}");
    }
}
