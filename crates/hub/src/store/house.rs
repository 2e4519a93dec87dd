//! What belongs to the house and to no company: its own key, by which database and master keys know each other, and what it notes
//! of itself, such as how far business time was moved.
//!
//! The key is made in the start that makes the database, sealed with the master key. Where it does not open, the database was
//! sealed with other keys: nothing in it could be read, and what came in would be sealed with a second set of keys. Such a
//! start is refused.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::store::db::Db;
use crate::store::writer::Tx;
use crate::vault::{Purpose, Vault};

const FIND: &str = "SELECT sealed FROM house WHERE name = $1";
const INSERT: &str = "INSERT INTO house (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const SAVE: &str = "UPDATE house SET sealed = $1 WHERE name = $2";

const NOTE: &str = "INSERT INTO house (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";

/// The name of the house's key.
const KEY: &str = "key";

/// What the house notes of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// How far business time is ahead of the machine's, in milliseconds.
    ClockOffset,
    /// From which backup the database was put back, and what that left in doubt.
    Restored,
    /// The key that tokens of the API are signed with.
    SigningKey,
    /// The code with which the first person makes their user.
    FirstRunCode,
}

impl Note {
    fn name(self) -> &'static str {
        match self {
            Note::ClockOffset => "clock offset",
            Note::Restored => "restored",
            Note::SigningKey => "signing key",
            Note::FirstRunCode => "first run code",
        }
    }
}

/// Reads the master keys that a database was sealed with; a new database gets the folder's keys, and they are made where there
/// are none.
pub async fn unlock(db: &Db, keys: &Path) -> Result<Vault> {
    let known = find(&mut *db.read().await?, KEY).await?;
    let (vault, sealed) = match known {
        // No key is made here: it would be the first file of a folder that is to be put back.
        Some(sealed) => (Vault::read(keys)?, sealed),
        None => {
            let vault = Vault::open(keys)?;
            let sealed = first(db, vault.new_house_key()).await?;
            (vault, sealed)
        }
    };
    match vault.enter_house(&sealed) {
        Ok(()) => Ok(vault),
        Err(Error::Damaged(_)) => Err(Error::CannotStart(format!(
            "this database was made with other keys than those in {}; put the keys folder back that belongs to it",
            keys.display()
        ))),
        Err(error) => Err(error),
    }
}

/// Keeps the first key of the house, and answers the one that was kept: another hub on the same database may be faster.
async fn first(db: &Db, sealed: Vec<u8>) -> Result<Vec<u8>> {
    db.writer()
        .run(move |tx| {
            let sealed = sealed.clone();
            Box::pin(async move {
                sqlx::query(INSERT).bind(KEY).bind(sealed).execute(tx.db()).await?;
                find(tx.db(), KEY).await?.ok_or(Error::Conflict)
            })
        })
        .await
}

async fn find(db: &mut AnyConnection, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar(FIND).bind(name).fetch_optional(db).await?)
}

/// Writes a note, sealed with the house's key, over the one of that name.
pub async fn note<T: Serialize>(tx: &mut Tx<'_>, vault: &Vault, note: Note, value: &T) -> Result<()> {
    let json = serde_json::to_vec(value).map_err(|cause| Error::Damaged(format!("a note has no JSON: {cause}")))?;
    let sealed = vault.seal_house(Purpose::Note, note.name(), &json);
    sqlx::query(NOTE).bind(note.name()).bind(sealed).execute(tx.db()).await?;
    Ok(())
}

/// Keeps a note unless there is one of its name already, and answers the one that is kept: another hub on the same database may be
/// faster.
pub async fn note_first<T: Serialize + DeserializeOwned>(tx: &mut Tx<'_>, vault: &Vault, note: Note, value: &T) -> Result<T> {
    let json = serde_json::to_vec(value).map_err(|cause| Error::Damaged(format!("a note has no JSON: {cause}")))?;
    let sealed = vault.seal_house(Purpose::Note, note.name(), &json);
    sqlx::query(INSERT).bind(note.name()).bind(sealed).execute(tx.db()).await?;
    noted(tx.db(), vault, note).await?.ok_or(Error::Conflict)
}

/// Reads a note, if there is one.
pub async fn noted<T: DeserializeOwned>(db: &mut AnyConnection, vault: &Vault, note: Note) -> Result<Option<T>> {
    let Some(sealed) = find(db, note.name()).await? else { return Ok(None) };
    let json = vault.open_house(Purpose::Note, note.name(), &sealed)?;
    serde_json::from_slice(&json).map(Some).map_err(|cause| Error::Damaged(format!("the note {}: {cause}", note.name())))
}

/// Seals the house's key with the newest master key.
pub async fn reseal(tx: &mut Tx<'_>, vault: &Vault) -> Result<()> {
    let saved = sqlx::query(SAVE).bind(vault.seal_house_key()).bind(KEY).execute(tx.db()).await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}
