//! Ledger accounts of sales: the numbers under which the books know an income. Not where money lies: that is a bank account.

use serde::{Deserialize, Serialize};

use super::sheet::{Reader, Sheet};
use crate::fault::codes;

/// Ledger accounts of one company at most: the sales part of a chart is a page.
pub const MOST: usize = 200;

/// A ledger account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerAccount {
    /// Its number: digits.
    pub number: String,
    /// Its name.
    pub name: String,
    /// The VAT code of what is sold on it.
    pub vat_code: String,
}

/// The sales accounts that a company begins with, after the Norwegian standard chart of accounts (NS 4102). Names are the books',
/// in Norwegian.
pub fn standard() -> Vec<LedgerAccount> {
    [
        ("3000", "Salgsinntekt, avgiftspliktig", "3"),
        ("3010", "Salgsinntekt, avgiftspliktig, middels sats", "31"),
        ("3020", "Salgsinntekt, råfisk", "32"),
        ("3030", "Salgsinntekt, avgiftspliktig, lav sats", "33"),
        ("3100", "Salgsinntekt, avgiftsfri, innenlands", "5"),
        ("3110", "Salgsinntekt, omvendt avgiftsplikt", "51"),
        ("3120", "Salgsinntekt, avgiftsfri, utførsel", "52"),
        ("3200", "Salgsinntekt, unntatt avgiftsplikt", "6"),
        ("3900", "Annen driftsrelatert inntekt", "7"),
    ]
    .into_iter()
    .map(|(number, name, vat_code)| LedgerAccount { number: number.into(), name: name.into(), vat_code: vat_code.into() })
    .collect()
}

/// Reads the rows `ledger_1_number`, `ledger_1_name`, `ledger_1_vat_code` and so on; rows without a number are left out.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<LedgerAccount> {
    let mut accounts: Vec<LedgerAccount> = Vec::new();
    for row in 1..=MOST {
        reader.within(format!("ledger_{row}_"));
        if reader.raw("number").is_empty() && reader.raw("name").is_empty() {
            continue;
        }
        let number = reader.required("number");
        let is_number = number.len() <= 10 && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            reader.fault("number", codes::FIELD_INVALID);
        }
        if accounts.iter().any(|known| known.number == number) {
            reader.fault("number", codes::FIELD_REPEATED);
        }
        let name = reader.required("name");
        let vat_code = reader.required("vat_code");
        if !vat_code.is_empty() && super::vat::named(&vat_code).is_none() {
            reader.fault("vat_code", codes::FIELD_INVALID);
        }
        accounts.push(LedgerAccount { number, name, vat_code });
    }
    reader.within("");
    accounts
}

/// Writes them.
pub(super) fn write(sheet: &mut Sheet, accounts: &[LedgerAccount]) {
    for (row, account) in (1..).zip(accounts) {
        sheet.set(format!("ledger_{row}_number"), &account.number);
        sheet.set(format!("ledger_{row}_name"), &account.name);
        sheet.set(format!("ledger_{row}_vat_code"), &account.vat_code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vat_code_has_its_account_in_the_standard_chart() {
        let accounts = standard();
        for code in super::super::vat::norwegian() {
            let account = accounts.iter().find(|account| account.number == code.account);
            assert_eq!(account.map(|account| account.vat_code.as_str()), Some(code.code.as_str()));
        }
    }
}
