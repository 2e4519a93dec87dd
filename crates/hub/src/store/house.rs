//! What belongs to the house and to no company: its own key, by which database and master keys know each other.
//!
//! The key is made in the start that makes the database, sealed with the master key. Where it does not open, the database was
//! sealed with other keys: nothing in it could be read, and what came in would be sealed with a second set of keys. Such a
//! start is refused.

use std::path::Path;

use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::store::db::Db;
use crate::store::writer::Tx;
use crate::vault::Vault;

const FIND: &str = "SELECT sealed FROM house WHERE name = $1";
const INSERT: &str = "INSERT INTO house (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const SAVE: &str = "UPDATE house SET sealed = $1 WHERE name = $2";

/// The name of the house's key.
const KEY: &str = "key";

/// Reads the master keys that a database was sealed with; a new database gets the folder's keys, and they are made where there
/// are none.
pub async fn unlock(db: &Db, keys: &Path) -> Result<Vault> {
    let known = find(&mut *db.read().await?).await?;
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
                find(tx.db()).await?.ok_or(Error::Conflict)
            })
        })
        .await
}

async fn find(db: &mut AnyConnection) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar(FIND).bind(KEY).fetch_optional(db).await?)
}

/// Seals the house's key with the newest master key.
pub async fn reseal(tx: &mut Tx<'_>, vault: &Vault) -> Result<()> {
    let saved = sqlx::query(SAVE).bind(vault.seal_house_key()).bind(KEY).execute(tx.db()).await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}
