//! The questions about money: bank accounts, KIDs, bank files, payments.

use serde::{Deserialize, Serialize};

use crate::actions::apply_mandates::Covers;
use crate::actions::import_bank_file::{BankFile, Content, import_bank_file};
use crate::actions::{match_payment, set_bank_account, show_payments};
use crate::desk::{Answer, BankAccountSettings, Decision, Settling, WantedPayments};
use crate::error::Result;
use crate::hub::Hub;
use crate::store::{bank_account, bank_file};
use crate::transport::folder::name_of;

/// A question about money.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum MoneyAsk {
    /// Set a bank account up for a company, or change what was agreed about it.
    SetBankAccount {
        /// The company's organisation number.
        company: String,
        /// The account: a number or an IBAN.
        account: String,
        /// All that was agreed about it.
        settings: BankAccountSettings,
    },
    /// Forget a bank account of a company.
    RemoveBankAccount {
        /// The company's organisation number.
        company: String,
        /// The account.
        account: String,
    },
    /// A company's bank accounts.
    BankAccounts {
        /// The company's organisation number.
        company: String,
    },
    /// Make a KID that was never made before.
    MakeKid {
        /// The company's organisation number.
        company: String,
        /// The account.
        account: String,
        /// The number of the customer.
        customer: u64,
        /// The number of the invoice; the account's own count gives it where it is left out.
        invoice: Option<u64>,
    },
    /// Take a bank's file in.
    ImportBankFile {
        /// The file: an absolute path on the hub's machine.
        path: std::path::PathBuf,
        /// What its records are of each account's mandates.
        covers: Covers,
    },
    /// The bank files that came, the newest first.
    BankFiles,
    /// A page of a company's payments.
    Payments {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// Which.
        wanted: WantedPayments,
        /// The cursor that the page before ended with.
        after: Option<(i64, String)>,
        /// At most so many.
        limit: u32,
    },
    /// A page of the invoices whose money went another way than in once, each with what a person could do.
    MoneyCases {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// Whether those that are settled since are wanted too.
        settled_too: bool,
        /// The cursor that the page before ended with; empty for the first page.
        after: String,
        /// At most so many.
        limit: u32,
    },
    /// A person decides about a payment.
    DecidePayment {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The payment's id, or the beginning of it.
        payment: String,
        /// What was decided.
        decision: Decision,
        /// Who says so.
        by: String,
    },
    /// A person decides about the money of an invoice.
    SettleMoney {
        /// The company's organisation number; may be left out while there is only one company.
        company: Option<String>,
        /// The invoice's number or id.
        invoice: String,
        /// What was decided.
        settling: Settling,
        /// Who says so.
        by: String,
    },
}

/// Answers a question about money.
pub(super) async fn answer(hub: &Hub, ask: MoneyAsk) -> Result<Answer> {
    Ok(match ask {
        MoneyAsk::SetBankAccount { company, account, settings } => {
            let company = hub.company(Some(&company)).await?;
            set_bank_account::set_bank_account(hub, &company, &account, settings).await?;
            Answer::Done
        }
        MoneyAsk::RemoveBankAccount { company, account } => {
            let company = hub.company(Some(&company)).await?;
            set_bank_account::remove_bank_account(hub, &company, &account).await?;
            Answer::Done
        }
        MoneyAsk::BankAccounts { company } => {
            let company = hub.company(Some(&company)).await?;
            Answer::BankAccounts { accounts: bank_account::all(&mut *hub.db().read().await?, &company.id).await? }
        }
        MoneyAsk::MakeKid { company, account, customer, invoice } => {
            let company = hub.company(Some(&company)).await?;
            let made = set_bank_account::make_kid(hub, &company, &account, customer, invoice).await?;
            Answer::Kid { kid: made.kid.as_str().to_owned(), invoice: made.invoice }
        }
        MoneyAsk::ImportBankFile { path, covers } => {
            let file = BankFile { name: name_of(&path), content: Content::File(path), covers };
            Answer::Imported(Box::new(import_bank_file(hub, file).await?))
        }
        MoneyAsk::BankFiles => {
            Answer::BankFiles { files: bank_file::list(&mut *hub.db().read().await?, bank_file::HOUSE).await? }
        }
        MoneyAsk::Payments { company, wanted, after, limit } => {
            let company = hub.company(company.as_deref()).await?;
            let (payments, next) = show_payments::payments(hub, &company, &wanted, after, limit).await?;
            Answer::Payments { payments, next }
        }
        MoneyAsk::MoneyCases { company, settled_too, after, limit } => {
            let company = hub.company(company.as_deref()).await?;
            let (cases, next) = show_payments::cases(hub, &company, settled_too, &after, limit).await?;
            Answer::MoneyCases { cases, next }
        }
        MoneyAsk::DecidePayment { company, payment, decision, by } => {
            let company = hub.company(company.as_deref()).await?;
            match_payment::decide(hub, &company, &payment, decision, &by).await?;
            Answer::Done
        }
        MoneyAsk::SettleMoney { company, invoice, settling, by } => {
            let company = hub.company(company.as_deref()).await?;
            match_payment::settle(hub, &company, &invoice, settling, &by).await?;
            Answer::Done
        }
    })
}
