//! Files from banks: each once, by the digest of its bytes, kept in pieces so that one of a million payments is never in memory.
//!
//! A file that came by the operator's door may tell of every company, and belongs to none: its company is [`HOUSE`], and it is sealed
//! with the key of the house. What it says of a company's customers is sealed with that company's key, in [`crate::store::payment`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::actions::apply_mandates::Covers;
use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{Purpose, Vault};

const INSERT: &str = "INSERT INTO bank_file (company_id, digest, name, format, bytes, parts, mandates, state, ownerless, report, \
    received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'reading', 0, $8, $9)";
const BY_DIGEST: &str = "SELECT digest, name, format, bytes, parts, mandates, state, ownerless, received_at FROM bank_file \
    WHERE company_id = $1 AND digest = $2";
const LIST: &str = "SELECT digest, name, format, bytes, parts, mandates, state, ownerless, received_at FROM bank_file \
    WHERE company_id = $1 ORDER BY received_at DESC, digest LIMIT $2";
const UNFINISHED: &str = "SELECT digest, name, format, bytes, parts, mandates, state, ownerless, received_at FROM bank_file \
    WHERE company_id = $1 AND state <> 'read' ORDER BY received_at, digest LIMIT $2";
const READ_AGAIN: &str = "UPDATE bank_file SET state = 'again' WHERE company_id = $1 AND ownerless > 0 AND state = 'read'";
const LISTS_ALL: &str = "UPDATE bank_file SET state = 'reading', mandates = $1 WHERE company_id = $2 AND digest = $3";
// What was asked for while it was read is not undone by that: the same file as a list of all mandates.
const FINISH: &str = "UPDATE bank_file SET state = $1, ownerless = $2, report = $3 \
    WHERE company_id = $4 AND digest = $5 AND mandates = $6 AND state <> 'read'";
const REPORT: &str = "SELECT report FROM bank_file WHERE company_id = $1 AND digest = $2";
const ADD_PART: &str = "INSERT INTO bank_file_part (company_id, digest, number, content) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (company_id, digest, number) DO UPDATE SET content = excluded.content";
const PART: &str = "SELECT content FROM bank_file_part WHERE company_id = $1 AND digest = $2 AND number = $3";
const FORGET_PARTS: &str = "DELETE FROM bank_file_part WHERE company_id = $1 AND digest IN \
    (SELECT digest FROM bank_file WHERE company_id = $1 AND received_at < $2 AND state = 'read' AND ownerless = 0)";

/// Whose a file is that belongs to no company.
pub const HOUSE: &str = "";
/// Bytes of a piece, before it is compressed.
pub const PIECE: usize = 1 << 20;
/// Files that one list shows at most.
const LISTED: i64 = 1_000;

/// A file as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct StoredFile {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its name.
    pub name: String,
    /// `nets`, `camt053` or `camt054`.
    pub format: String,
    /// How long it is.
    pub bytes: i64,
    /// In how many pieces it lies.
    pub parts: i64,
    /// What its records are of each account's mandates.
    pub covers: Covers,
    /// Whether all of it was read.
    pub is_read: bool,
    /// Whether it is being read once more, for an account that has an owner only now: what it says is as old as the file.
    #[serde(default)]
    pub is_old: bool,
    /// Payments in it on accounts that no company here has.
    pub ownerless: i64,
    /// When it came: business time, Unix milliseconds.
    pub received_at: i64,
}

/// Stores a new file, all of whose pieces are stored. The digest must be free: ask first, in the same transaction.
pub async fn insert(tx: &mut Tx<'_>, owner: &str, file: &StoredFile) -> Result<()> {
    sqlx::query(INSERT)
        .bind(owner)
        .bind(&file.digest)
        .bind(&file.name)
        .bind(&file.format)
        .bind(file.bytes)
        .bind(file.parts)
        .bind(mandates(file.covers))
        .bind(Vec::new())
        .bind(file.received_at)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The file with a digest.
pub async fn by_digest(db: &mut AnyConnection, owner: &str, digest: &str) -> Result<Option<StoredFile>> {
    let row = sqlx::query(BY_DIGEST).bind(owner).bind(digest).fetch_optional(db).await?;
    row.map(|row| read(&row)).transpose()
}

/// The files, the newest first.
pub async fn list(db: &mut AnyConnection, owner: &str) -> Result<Vec<StoredFile>> {
    let rows = sqlx::query(LIST).bind(owner).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// The files that were not read to their end, the oldest first.
pub async fn unfinished(db: &mut AnyConnection, owner: &str) -> Result<Vec<StoredFile>> {
    let rows = sqlx::query(UNFINISHED).bind(owner).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Lets every file be read again that told of accounts of nobody: one of them has an owner now. Answers how many.
pub async fn read_again(tx: &mut Tx<'_>, owner: &str) -> Result<u64> {
    Ok(sqlx::query(READ_AGAIN).bind(owner).execute(tx.db()).await?.rows_affected())
}

/// Lets a file be read again as one that lists all mandates.
pub async fn lists_all_mandates(tx: &mut Tx<'_>, owner: &str, digest: &str) -> Result<()> {
    let said = sqlx::query(LISTS_ALL).bind(mandates(Covers::All)).bind(owner).bind(digest).execute(tx.db()).await?;
    if said.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// What became of reading a file to its end.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    /// SHA-256 of its bytes.
    pub digest: &'a str,
    /// What its records were taken for, of each account's mandates.
    pub covers: Covers,
    /// Payments and mandates in it on accounts that no company here has.
    pub ownerless: i64,
    /// Whether one of those accounts has an owner since it was asked about: then the file is read once more.
    pub has_new_owner: bool,
}

/// Notes that all of a file was read, and what was found in it. `false`, and nothing is changed, where somebody asked meanwhile that it
/// be read otherwise.
pub async fn finish<R: Serialize>(
    tx: &mut Tx<'_>,
    vault: &Vault,
    owner: &str,
    finished: Finished<'_>,
    report: &R,
) -> Result<bool> {
    let json = serde_json::to_vec(report).map_err(|cause| Error::Damaged(format!("a report has no JSON: {cause}")))?;
    let sealed = vault.seal_house(Purpose::BankFile, report_row(finished.digest), &json);
    let done = sqlx::query(FINISH)
        .bind(if finished.has_new_owner { "again" } else { "read" })
        .bind(finished.ownerless)
        .bind(sealed)
        .bind(owner)
        .bind(finished.digest)
        .bind(mandates(finished.covers))
        .execute(tx.db())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// What was found in a file; `None` before it was read to its end.
pub async fn report<R: DeserializeOwned>(db: &mut AnyConnection, vault: &Vault, owner: &str, digest: &str) -> Result<Option<R>> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(REPORT).bind(owner).bind(digest).fetch_optional(db).await?;
    let Some(sealed) = sealed.filter(|sealed| !sealed.is_empty()) else { return Ok(None) };
    let json = vault.open_house(Purpose::BankFile, report_row(digest), &sealed)?;
    serde_json::from_slice(&json).map(Some).map_err(|cause| Error::Damaged(format!("the report of a bank file: {cause}")))
}

/// Seals a piece of a file, for [`add_part`].
pub fn seal_part(vault: &Vault, digest: &str, number: i64, piece: &[u8]) -> Vec<u8> {
    vault.seal_house_compressed(Purpose::BankFile, part_row(digest, number), piece)
}

/// Stores a piece with what [`seal_part`] made of it. The same again is harmless.
pub async fn add_part(tx: &mut Tx<'_>, owner: &str, digest: &str, number: i64, sealed: &[u8]) -> Result<()> {
    sqlx::query(ADD_PART).bind(owner).bind(digest).bind(number).bind(sealed).execute(tx.db()).await?;
    Ok(())
}

/// A piece of a file: 1, 2, 3…
pub async fn part(db: &mut AnyConnection, vault: &Vault, owner: &str, digest: &str, number: i64) -> Result<Vec<u8>> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(PART).bind(owner).bind(digest).bind(number).fetch_optional(db).await?;
    let sealed = sealed.ok_or_else(|| Error::NotFound(format!("piece {number} of the bank file {digest}")))?;
    vault.open_house_compressed(Purpose::BankFile, part_row(digest, number), &sealed)
}

/// Forgets the bytes of files that came before a time. What was found in them, and each payment's own lines, stay.
pub async fn forget_parts(tx: &mut Tx<'_>, owner: &str, before: i64) -> Result<u64> {
    Ok(sqlx::query(FORGET_PARTS).bind(owner).bind(before).execute(tx.db()).await?.rows_affected())
}

fn mandates(covers: Covers) -> &'static str {
    match covers {
        Covers::Some => "some",
        Covers::All => "all",
    }
}

fn report_row(digest: &str) -> String {
    format!("{digest} report")
}

fn part_row(digest: &str, number: i64) -> String {
    format!("{digest} {number}")
}

fn read(row: &AnyRow) -> Result<StoredFile> {
    let (state, of_all): (String, String) = (row.try_get("state")?, row.try_get("mandates")?);
    Ok(StoredFile {
        digest: row.try_get("digest")?,
        name: row.try_get("name")?,
        format: row.try_get("format")?,
        bytes: row.try_get("bytes")?,
        parts: row.try_get("parts")?,
        covers: if of_all == mandates(Covers::All) { Covers::All } else { Covers::Some },
        is_read: state == "read",
        is_old: state == "again",
        ownerless: row.try_get("ownerless")?,
        received_at: row.try_get("received_at")?,
    })
}
