//! What the bank writes of our files: a whole transmission refused (L200), a list of those that were received (L226), and the claims
//! of one that were refused or are doubtful (L00202).
//!
//! The forms come as tables with `;` between the columns and a line of column names. Which columns there are is inferred; they are
//! found by name, in whatever order, and others are allowed. The raw bytes are kept by whoever brought them.

use jiff::civil::Date;
use kvitt_domain::identifiers::without_identity_numbers;

use super::DOOR;
use crate::route::{AdapterError, Arrival, Arrived, ClaimVerdict, Concerned};

/// A receipt of ten thousand refused claims has a fifth of this.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// So many characters of the bank's words are kept.
const MOST_WORDS: usize = 500;

/// So many of a code.
const LONGEST_CODE: usize = 20;

/// Whom a receipt concerns and what it says.
pub fn read(arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
    if arrived.door != DOOR {
        return Err(unreadable(format!("it came through the door {}", arrived.door)));
    }
    if arrived.bytes.len() > MOST_BYTES {
        return Err(unreadable(format!("{} bytes are more than a receipt has", arrived.bytes.len())));
    }
    // ISO-8859-1: every byte is a character.
    let text: String = arrived.bytes.iter().copied().map(char::from).collect();
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let columns: Vec<String> = lines.next().unwrap_or_default().split(';').map(|name| name.trim().to_lowercase()).collect();
    let form = form(&columns).ok_or_else(|| unreadable("its first line names no columns of a receipt".to_owned()))?;
    let said = lines.map(|line| {
        let cells: Vec<&str> = line.split(';').map(str::trim).collect();
        form(&Row { columns: &columns, cells: &cells })
    });
    said.collect()
}

type Form = fn(&Row<'_>) -> Result<(Concerned, Arrived), AdapterError>;

/// Which receipt has these columns: each has one that the others lack.
fn form(columns: &[String]) -> Option<Form> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    match () {
        () if !has("transmission") || !has("status") => None,
        () if has("kid") => Some(claim),
        () if has("received_at") => Some(received),
        () => Some(refused),
    }
}

fn unreadable(why: String) -> AdapterError {
    AdapterError::Arrival(format!("it is no receipt for a bank file: {why}"))
}

/// One line of a table.
struct Row<'a> {
    columns: &'a [String],
    cells: &'a [&'a str],
}

impl Row<'_> {
    fn cell(&self, name: &str) -> &str {
        self.columns.iter().position(|column| column == name).and_then(|place| self.cells.get(place)).copied().unwrap_or_default()
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, AdapterError> {
        self.cell(name).parse().map_err(|_| unreadable(format!("{:?} is no {name}", cut(self.cell(name), LONGEST_CODE))))
    }

    fn words(&self) -> (String, String) {
        (cut(self.cell("code"), LONGEST_CODE), cut(self.cell("text"), MOST_WORDS))
    }
}

/// L200: the bank refuses a whole transmission.
fn refused(row: &Row<'_>) -> Result<(Concerned, Arrived), AdapterError> {
    let number = row.number("transmission")?;
    let (code, text) = row.words();
    Ok((Concerned::Transmission { number }, Arrived::TransmissionRefused { number, code, text }))
}

/// L226: the bank has received a transmission.
fn received(row: &Row<'_>) -> Result<(Concerned, Arrived), AdapterError> {
    let number = row.number("transmission")?;
    let words = [cut(row.cell("status"), LONGEST_CODE), cut(row.cell("received_at"), LONGEST_CODE + 10)];
    let text = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let arrived = match row.cell("status") {
        "REFUSED" | "REJECTED" => Arrived::TransmissionRefused { number, code: cut(row.cell("status"), LONGEST_CODE), text },
        _ => Arrived::TransmissionReceived { number, text },
    };
    Ok((Concerned::Transmission { number }, arrived))
}

/// L00202: the bank refuses a claim, or warns of it.
fn claim(row: &Row<'_>) -> Result<(Concerned, Arrived), AdapterError> {
    let number = row.number("transmission")?;
    let verdict = match row.cell("status") {
        "REJECTED" => ClaimVerdict::Rejected,
        "WARNING" => ClaimVerdict::Warning,
        "ACCEPTED" => ClaimVerdict::Accepted,
        other => return Err(unreadable(format!("{:?} is no verdict", cut(other, LONGEST_CODE)))),
    };
    let (code, text) = row.words();
    let arrived = Arrived::ClaimJudged { number, verdict, code, text };
    // An order that is refused as a whole names no claim.
    let kid = row.cell("kid");
    if kid.is_empty() {
        return Ok((Concerned::Transmission { number }, arrived));
    }
    let due_on: Date = row.number("due_date")?;
    let concerned = Concerned::Claim { number, kid: cut(kid, LONGEST_CODE + 5), due_on, amount_ore: row.number("amount_ore")? };
    Ok((concerned, arrived))
}

/// The bank's words on one line, not too many of them, and no fødselsnummer among them.
fn cut(text: &str, most: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    // A KID may look like one and is none: it is digits that we gave.
    let shown = if line.bytes().all(|byte| byte.is_ascii_digit()) { line } else { without_identity_numbers(&line).into_owned() };
    shown.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let bytes = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
        let found = read(&Arrival { door: DOOR, bytes });
        let shown: Vec<String> = match found {
            Ok(found) => found.iter().map(|(concerned, arrived)| format!("{concerned:?} {arrived:?}")).collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(shown.len(), expected.len(), "{shown:?}");
        for (shown, expected) in shown.iter().zip(expected) {
            assert!(expected.split(" … ").all(|part| shown.contains(part)), "{shown}\n{expected}");
        }
    }

    #[test]
    fn the_three_receipts() {
        check(
            "transmission;status;code;text\r\n0000042;REFUSED;F001;Feil i startrecord\r\n",
            &["Transmission { number: 42 } … TransmissionRefused … F001 … Feil i startrecord"],
        );
        check(
            "transmission;received_at;orders;transactions;sum_ore;status\n42;2026-11-02;1;2;100;RECEIVED\n43;2026-11-02;1;1;50;RECEIVED",
            &["number: 42 … TransmissionReceived … RECEIVED 2026-11-02", "number: 43"],
        );
        check(
            "transmission;order;transaction;kid;amount_ore;due_date;status;code;text\r\n\
             42;7;1;123456782;123450;2026-11-16;REJECTED;M001;Mangler fullmakt på kontoen",
            &["Claim { number: 42 … 123456782 … 2026-11-16 … amount_ore: 123450 … Rejected … M001 … på kontoen"],
        );
    }

    #[test]
    fn what_is_none_is_refused_with_its_reason() {
        check("", &["names no columns"]);
        check("a;b\n1;2", &["names no columns"]);
        check("transmission;status;code;text\nx;REFUSED;;", &["is no transmission"]);
        check("transmission;kid;amount_ore;due_date;status\n1;2;3;2026-11-16;PERHAPS", &["is no verdict"]);
    }
}
