//! What a company decides once for all its invoices: who it is to its customers, terms, numbers, ledger accounts.

use serde::{Deserialize, Serialize};

use super::customer::{MOST_DAYS, address, write_address};
use super::ledger::{self, LedgerAccount};
use super::numbering::Numbering;
use super::sheet::{Reader, Sheet};
use super::vat;
use crate::fault::Fault;
use crate::identifiers::{BankAccount, EmailAddress};
use crate::invoice::Address;

/// Days from the invoice date to the due date, unless company or customer say otherwise: the usual term in Norway.
const USUAL_DAYS: u16 = 14;

/// A company's settings for writing invoices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InvoicingSettings {
    /// Who the company is to its customers.
    pub sender: Sender,
    /// Days from the invoice date to the due date.
    pub terms_days: u16,
    /// The number series.
    pub numbering: Numbering,
    /// The VAT code of a new line.
    pub vat_code: String,
    /// The ledger accounts that lines may name.
    pub ledger_accounts: Vec<LedgerAccount>,
}

/// The company as its invoices show it. Name and organisation number are the company's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sender {
    /// Where the company is.
    pub address: Address,
    /// Whom customers write to.
    pub email: Option<String>,
    /// Whom customers call.
    pub phone: Option<String>,
    /// The website.
    pub website: Option<String>,
    /// "Our reference" where a draft names nobody else.
    pub contact: Option<String>,
    /// Whether the company stands in the VAT register: then its invoices say `MVA` (bokføringsforskriften § 5-1-2).
    pub vat_registered: bool,
    /// Whether it stands in the register of business enterprises, as companies with limited liability must say (foretaksregisterloven
    /// § 10-2).
    pub in_business_register: bool,
    /// Where customers pay to, eleven digits.
    pub bank_account: Option<String>,
}

impl Default for Sender {
    fn default() -> Sender {
        Sender {
            address: Address { country: Some("NO".into()), ..Address::default() },
            email: None,
            phone: None,
            website: None,
            contact: None,
            vat_registered: true,
            in_business_register: true,
            bank_account: None,
        }
    }
}

impl Default for InvoicingSettings {
    fn default() -> InvoicingSettings {
        InvoicingSettings {
            sender: Sender::default(),
            terms_days: USUAL_DAYS,
            numbering: Numbering::default(),
            vat_code: "3".into(),
            ledger_accounts: ledger::standard(),
        }
    }
}

/// Reads the settings' form.
///
/// # Errors
/// Every fault, each at its field.
pub fn read(sheet: &Sheet) -> Result<InvoicingSettings, Vec<Fault>> {
    let mut reader = Reader::new(sheet);
    let settings = InvoicingSettings {
        sender: Sender {
            address: address(&mut reader, "sender_"),
            email: reader.identifier("sender_email", |text| EmailAddress::parse(text).map(|address| address.to_string())),
            phone: reader.text("sender_phone"),
            website: reader.text("sender_website"),
            contact: reader.text("sender_contact"),
            vat_registered: reader.ticked("vat_registered"),
            in_business_register: reader.ticked("in_business_register"),
            bank_account: reader.identifier("bank_account", |text| BankAccount::parse(text).map(|account| account.to_string())),
        },
        terms_days: reader.parsed("terms_days", |text| text.parse().ok().filter(|days| *days <= MOST_DAYS)).unwrap_or(USUAL_DAYS),
        numbering: Numbering::read(&mut reader),
        vat_code: reader.parsed("vat_code", |text| vat::named(text).map(|code| code.code.clone())).unwrap_or_else(|| "3".into()),
        ledger_accounts: ledger::read(&mut reader),
    };
    reader.finish(settings)
}

impl InvoicingSettings {
    /// The form, filled in.
    pub fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::default();
        let sender = &self.sender;
        write_address(&mut sheet, "sender_", &sender.address);
        for (field, value) in [
            ("sender_email", &sender.email),
            ("sender_phone", &sender.phone),
            ("sender_website", &sender.website),
            ("sender_contact", &sender.contact),
            ("bank_account", &sender.bank_account),
        ] {
            sheet.set_some(field, value.as_ref());
        }
        for (field, ticked) in [("vat_registered", sender.vat_registered), ("in_business_register", sender.in_business_register)]
        {
            sheet.set_some(field, ticked.then_some("1"));
        }
        sheet.set("terms_days", self.terms_days);
        self.numbering.write(&mut sheet);
        sheet.set("vat_code", &self.vat_code);
        ledger::write(&mut sheet, &self.ledger_accounts);
        sheet
    }

    /// The ledger account with a number.
    pub fn ledger_account(&self, number: &str) -> Option<&LedgerAccount> {
        self.ledger_accounts.iter().find(|account| account.number == number)
    }

    /// The ledger account on which something with a VAT code is sold: the code's usual one, else the first with that code.
    pub fn account_for(&self, vat_code: &str) -> Option<&LedgerAccount> {
        let usual = vat::named(vat_code).and_then(|code| self.ledger_account(&code.account));
        usual
            .filter(|account| account.vat_code == vat_code)
            .or_else(|| self.ledger_accounts.iter().find(|account| account.vat_code == vat_code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_filled_and_read_again() {
        let mut settings = InvoicingSettings::default();
        settings.sender.bank_account = Some("86011117947".into());
        settings.sender.in_business_register = false;
        settings.numbering.invoice.end = Some(50_000);
        settings.numbering.credit_note = Some(super::super::numbering::Series::from(50_001));
        assert_eq!(read(&settings.sheet()).unwrap(), settings);
        assert_eq!(settings.account_for("33").unwrap().number, "3030");
    }

    #[test]
    fn settings_are_checked_when_they_are_typed() {
        let mut sheet = InvoicingSettings::default().sheet();
        sheet.set("bank_account", "8601.11.17948");
        sheet.set("customer_end", "99999");
        sheet.set("project_start", "");
        sheet.set("ledger_2_number", "3000");
        sheet.set("ledger_3_vat_code", "99");
        let told: Vec<String> = read(&sheet).unwrap_err().iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
        assert_eq!(
            told,
            [
                "account.invalid bank_account",
                "field.invalid customer_end",
                "field.missing project_start",
                "field.repeated ledger_2_number",
                "field.invalid ledger_3_vat_code",
            ]
        );
    }
}
