//! Bank accounts: which company has which, and what was agreed with the bank about their KIDs.

use kvitt_domain::identifiers::KidStructure;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const SET: &str = "INSERT INTO bank_account (company_id, account, settings, changed_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (company_id, account) DO UPDATE SET settings = excluded.settings, changed_at = excluded.changed_at";
const OF: &str = "SELECT account, settings FROM bank_account WHERE company_id = $1 AND account = $2";
const ALL: &str = "SELECT account, settings FROM bank_account WHERE company_id = $1 ORDER BY account LIMIT $2";
const OWNER: &str = "SELECT company_id FROM bank_account WHERE account = $1 ORDER BY company_id LIMIT 1";
const REMOVE: &str = "DELETE FROM bank_account WHERE company_id = $1 AND account = $2";

/// Bank accounts of one company that one list shows at most.
const LISTED: i64 = 1_000;

/// A company's bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    /// As [`kvitt_domain::payment::account_key`] writes it.
    pub account: String,
    /// What was agreed about it.
    pub settings: BankAccountSettings,
}

/// What was agreed with the bank about an account, and what is made of an invoice that does not follow it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankAccountSettings {
    /// How KIDs are made for it: none, or up to three structures. New ones are made by the first.
    pub kid_structures: Vec<KidStructure>,
    /// What is made of an invoice whose KID follows no structure, or stands on another invoice already.
    pub kid_rule: KidRule,
    /// The rail whose files count, where payments on the account are told of by two.
    pub counts: Counts,
}

/// What is made of an invoice whose KID is not as agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KidRule {
    /// Its sender is warned.
    #[default]
    Warn,
    /// It is refused.
    Refuse,
}

/// Which files count for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// All; what OCR giro and camt both tell of, with the same KID, amount and day, counts once.
    #[default]
    All,
    /// OCR giro alone.
    Ocr,
    /// camt alone.
    Camt,
}

impl Counts {
    /// Whether what a rail tells counts.
    pub fn counts(self, rail: &str) -> bool {
        match self {
            Counts::All => true,
            Counts::Ocr => rail == "ocr",
            Counts::Camt => rail == "camt",
        }
    }
}

/// Stores an account of a company, in place of what was known of it. That no other company has it is the caller's to ask.
pub async fn set(tx: &mut Tx<'_>, company: &str, account: &BankAccount, now: i64) -> Result<()> {
    let settings =
        serde_json::to_string(&account.settings).map_err(|cause| Error::Damaged(format!("a bank account: {cause}")))?;
    sqlx::query(SET).bind(company).bind(&account.account).bind(settings).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// A company's account, by its key.
pub async fn of(db: &mut AnyConnection, company: &str, account: &str) -> Result<Option<BankAccount>> {
    let row = sqlx::query(OF).bind(company).bind(account).fetch_optional(db).await?;
    row.map(|row| read(&row)).transpose()
}

/// A company's accounts, by their numbers.
pub async fn all(db: &mut AnyConnection, company: &str) -> Result<Vec<BankAccount>> {
    let rows = sqlx::query(ALL).bind(company).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// The company that has an account: what arrives names nothing else.
pub async fn owner(db: &mut AnyConnection, account: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(OWNER).bind(account).fetch_optional(db).await?)
}

/// Forgets an account of a company. Answers whether it had it.
pub async fn remove(tx: &mut Tx<'_>, company: &str, account: &str) -> Result<bool> {
    Ok(sqlx::query(REMOVE).bind(company).bind(account).execute(tx.db()).await?.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<BankAccount> {
    let (account, settings): (String, String) = (row.try_get("account")?, row.try_get("settings")?);
    let settings =
        serde_json::from_str(&settings).map_err(|cause| Error::Damaged(format!("the bank account {account}: {cause}")))?;
    Ok(BankAccount { account, settings })
}
