//! Vouchers as plain CSV, one posting a line: for every accounting system that reads a table.
//!
//! UTF-8 with its mark, so that spreadsheets read å; semicolons between fields, a comma in amounts, as Norwegian spreadsheets want them.

use std::io::{self, Write};

use kvitt_domain::voucher::{Voucher, VoucherKind};

use crate::saft::amount;

/// The first line.
const COLUMNS: [&str; 16] = [
    "voucher_type",
    "voucher_number",
    "date",
    "account",
    "debit",
    "credit",
    "vat_code",
    "vat_percent",
    "vat_amount",
    "customer_number",
    "customer_name",
    "organisation_number",
    "invoice_number",
    "kid",
    "due_date",
    "project",
];

/// What a spreadsheet would take for a formula when it stands first in a field.
const FORMULA: [char; 5] = ['=', '+', '@', '\t', '\r'];

/// Writes the first line.
///
/// # Errors
/// It cannot be written.
pub fn begin(to: &mut impl Write) -> io::Result<()> {
    write!(to, "\u{feff}{}\r\n", COLUMNS.join(";"))
}

/// Writes a voucher, a line for each posting.
///
/// # Errors
/// It cannot be written.
pub fn voucher(to: &mut impl Write, voucher: &Voucher) -> io::Result<()> {
    let kind = match voucher.kind {
        VoucherKind::Invoice => "invoice",
        VoucherKind::CreditNote => "credit_note",
        VoucherKind::Payment => "payment",
    };
    let comma = |minor: i64| amount(minor).replace('.', ",");
    for posting in &voucher.postings {
        let side = |is_mine: bool| if is_mine { comma(posting.minor.abs()) } else { String::new() };
        let tax = posting.tax.as_ref();
        let fields = [
            kind.to_owned(),
            voucher.number.clone(),
            voucher.on.to_string(),
            posting.account.clone(),
            side(posting.minor > 0),
            side(posting.minor < 0),
            tax.map(|tax| tax.code.clone()).unwrap_or_default(),
            tax.map(|tax| tax.percent.to_string().replace('.', ",")).unwrap_or_default(),
            tax.map(|tax| comma(tax.minor)).unwrap_or_default(),
            voucher.debtor.id.clone(),
            voucher.debtor.name.clone(),
            voucher.debtor.org_number.clone().unwrap_or_default(),
            voucher.invoice.clone(),
            voucher.kid.clone().unwrap_or_default(),
            voucher.due_on.map(|due| due.to_string()).unwrap_or_default(),
            voucher.project.clone().unwrap_or_default(),
        ];
        let line: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        write!(to, "{}\r\n", line.join(";"))?;
    }
    Ok(())
}

fn quoted(field: &str) -> String {
    let safe = if field.starts_with(FORMULA) { format!("'{field}") } else { field.to_owned() };
    if safe.contains([';', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}
