//! Bank files of any length: claims by our writer, payments as a bank writes them. The same number gives the same bytes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use jiff::civil::{Date, date};
use kvitt_domain::identifiers::{Kid, KidParts, KidStructure, Modulus};
use kvitt_domain::{Amount, Currency};
use kvitt_formats::bank::OrderKind;
use kvitt_formats::bank::avtalegiro::{NewClaim, NewOrder, Notice, Sending, WriteError, Writer};

use super::{AT_ONCE, failed};
use crate::exit::Failure;

const ACCOUNT: &str = "99991005109";
/// Different claims that a file repeats: enough that nothing is learnt by heart.
const DIFFERENT: u64 = 5_000;
/// The most transactions of one order: their numbers have seven digits.
const MOST_IN_ORDER: u64 = 9_000_000;

/// A claim that owns its texts.
pub struct Made {
    kid: Kid,
    amount: Amount,
    due_on: Date,
    payer: String,
    reference: String,
}

/// Claims to be written again and again.
pub fn some_claims() -> Vec<Made> {
    let parts = KidParts { length: 20, customer: 0..7, kind: None, invoice: 7..19, modulus: Modulus::Mod10 };
    let structure = KidStructure::new(parts).expect("the parts do not overlap");
    let claim = |number: u64| Made {
        kid: structure.generate(number, 2_026_000 + number).expect("the numbers fit"),
        amount: Amount::new(i64::try_from(number * 7919 % 1_000_000 + 100).unwrap_or(100), Currency::NOK),
        due_on: date(2026, 12, 1 + i8::try_from(number % 28).unwrap_or_default()),
        payer: if number.is_multiple_of(3) { format!("BØ {number}") } else { "HANSEN".to_owned() },
        reference: if number.is_multiple_of(2) { format!("Faktura {number}") } else { String::new() },
    };
    (1..=DIFFERENT).map(claim).collect()
}

/// Writes claims until there are so many records, and answers how many there are.
pub fn write(out: impl Write, records: u64, claims: &[Made]) -> Result<u64, WriteError> {
    let mut writer = Writer::begin(out, &Sending { customer_unit: "00229221", number: 2_211_001 })?;
    let (mut left, mut order) = (records.saturating_sub(2), 0);
    while left > 3 {
        order += 1;
        writer.order(&NewOrder { kind: OrderKind::Claims, number: order, account: ACCOUNT })?;
        let transactions = ((left - 2) / 2).min(MOST_IN_ORDER);
        for made in claims.iter().cycle().take(usize::try_from(transactions).unwrap_or(usize::MAX)) {
            let Made { kid, amount, due_on, payer, reference } = made;
            let notice = Notice::ByPayee;
            writer.claim(&NewClaim { kid, amount: *amount, due_on: *due_on, payer, reference, notice })?;
        }
        left -= 2 + 2 * transactions;
    }
    writer.end().map(|total| total.records)
}

/// A file of claims.
pub fn claims(path: &Path, records: u64) -> Result<(), Failure> {
    let file = File::create(path).map_err(failed(path))?;
    let written = write(BufWriter::with_capacity(AT_ONCE, file), records, &some_claims());
    written.map(|_| ()).map_err(|cause| match cause {
        WriteError::Io(cause) => failed(path)(cause),
        WriteError::Refused(fault) => Failure::Refused(vec![fault]),
    })
}

/// A file of payments, one assignment.
pub fn payments(path: &Path, records: u64) -> Result<(), Failure> {
    let file = File::create(path).map_err(failed(path))?;
    let mut out = BufWriter::with_capacity(AT_ONCE, file);
    write_payments(&mut out, (records - 4) / 2).and_then(|()| out.flush()).map_err(failed(path))
}

fn write_payments(out: &mut impl Write, payments: u64) -> std::io::Result<()> {
    write!(out, "NY000010000080800004711{:08}{:049}\r\n", 229_221, 0)?;
    write!(out, "NY090020{:09}{:07}{ACCOUNT}{:045}\r\n", 123_456_789, 1, 0)?;
    let claims = some_claims();
    let mut sum = 0;
    for (number, claim) in (1..=payments).zip(claims.iter().cycle()) {
        let (ore, kid) = (claim.amount.minor(), claim.kid.as_str());
        sum += ore;
        let kind = if number.is_multiple_of(4) { 10 } else { 15 };
        write!(out, "NY09{kind}30{number:07}02122632021{:05}0{ore:017}{kid:>25}{:06}\r\n", number % 100_000, 0)?;
        write!(
            out,
            "NY09{kind}31{number:07}{:010}{:09}{:07}011226{:011}{:022}\r\n",
            number,
            number * 7,
            0,
            97_104_000_000 + number,
            0
        )?;
    }
    write!(out, "NY090088{payments:08}{:08}{sum:017}021226021226021226{:021}\r\n", 2 * payments + 2, 0)?;
    write!(out, "NY000089{payments:08}{:08}{sum:017}021226{:033}\r\n", 2 * payments + 4, 0)
}
