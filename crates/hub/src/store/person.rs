//! People who use the pages: who they are and how they like them. What they may do in a company is [`membership`](super::membership).

use kvitt_domain::Language;
use kvitt_domain::person::Theme;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO person (person_id, email, name, password, language, theme, link_until, made_at) \
    VALUES ($1, $2, $3, $4, $5, $6, 0, $7)";
const BY_EMAIL: &str = "SELECT person_id, email, name, password, language, theme FROM person WHERE email = $1";
const BY_ID: &str = "SELECT person_id, email, name, password, language, theme FROM person WHERE person_id = $1";
const BY_LINK: &str =
    "SELECT person_id, email, name, password, language, theme FROM person WHERE link_digest = $1 AND link_until > $2";
const ALL: &str = "SELECT person_id, email, name, password, language, theme FROM person ORDER BY email LIMIT $1";
const ANYBODY: &str = "SELECT person_id FROM person LIMIT 1";
const SAVE_PASSWORD: &str = "UPDATE person SET password = $1, link_digest = NULL, link_until = 0 WHERE person_id = $2";
const SAVE_TASTES: &str = "UPDATE person SET language = $1, theme = $2 WHERE person_id = $3";
const SAVE_LINK: &str = "UPDATE person SET link_digest = $1, link_until = $2 WHERE person_id = $3";

/// People that the operator's list shows at most.
const LISTED: i64 = 10_000;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// UUIDv7 text.
    pub id: String,
    /// What the person signs in with, in small letters.
    pub email: String,
    /// What the person is called.
    pub name: String,
    /// The language of the pages.
    pub language: Language,
    /// Their colours.
    pub theme: Theme,
}

impl Person {
    /// Who they are, as events and invitations name who did something.
    pub fn signature(&self) -> String {
        format!("{} ({})", self.name, self.email)
    }
}

/// A person with the digest of the password.
#[derive(Clone)]
pub struct StoredPerson {
    /// Who.
    pub person: Person,
    /// argon2id, as a PHC string.
    pub password: String,
}

/// Stores a person. The address must be free.
pub async fn insert(tx: &mut Tx<'_>, person: &Person, password: &str, now: i64) -> Result<()> {
    sqlx::query(INSERT)
        .bind(&person.id)
        .bind(&person.email)
        .bind(&person.name)
        .bind(password)
        .bind(person.language.tag())
        .bind(person.theme.name())
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Whether there is anybody.
pub async fn is_anybody(db: &mut AnyConnection) -> Result<bool> {
    let found: Option<String> = sqlx::query_scalar(ANYBODY).fetch_optional(db).await?;
    Ok(found.is_some())
}

/// Everybody, by address.
pub async fn all(db: &mut AnyConnection) -> Result<Vec<Person>> {
    let rows = sqlx::query(ALL).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(|row| read(row).map(|stored| stored.person)).collect()
}

/// Who signs in with an address, given in small letters.
pub async fn by_email(db: &mut AnyConnection, email: &str) -> Result<Option<StoredPerson>> {
    sqlx::query(BY_EMAIL).bind(email).fetch_optional(db).await?.map(|row| read(&row)).transpose()
}

/// The person with an id.
pub async fn by_id(db: &mut AnyConnection, id: &str) -> Result<Option<StoredPerson>> {
    sqlx::query(BY_ID).bind(id).fetch_optional(db).await?.map(|row| read(&row)).transpose()
}

/// Who may set a new password with a link that counts at a machine time.
pub async fn by_link(db: &mut AnyConnection, digest: &str, machine_ms: i64) -> Result<Option<Person>> {
    let row = sqlx::query(BY_LINK).bind(digest).bind(machine_ms).fetch_optional(db).await?;
    row.map(|row| read(&row).map(|stored| stored.person)).transpose()
}

/// Gives a person a new password, and ends the link that there may be to one.
pub async fn save_password(tx: &mut Tx<'_>, id: &str, password: &str) -> Result<()> {
    exactly_one(sqlx::query(SAVE_PASSWORD).bind(password).bind(id).execute(tx.db()).await?.rows_affected())
}

/// Saves how a person likes the pages.
pub async fn save_tastes(tx: &mut Tx<'_>, id: &str, language: Language, theme: Theme) -> Result<()> {
    let saved = sqlx::query(SAVE_TASTES).bind(language.tag()).bind(theme.name()).bind(id).execute(tx.db()).await?;
    exactly_one(saved.rows_affected())
}

/// Gives a person a link to a new password, until a machine time.
pub async fn save_link(tx: &mut Tx<'_>, id: &str, digest: &str, until: i64) -> Result<()> {
    exactly_one(sqlx::query(SAVE_LINK).bind(digest).bind(until).bind(id).execute(tx.db()).await?.rows_affected())
}

fn exactly_one(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::Conflict) }
}

fn read(row: &AnyRow) -> Result<StoredPerson> {
    let (language, theme): (String, String) = (row.try_get("language")?, row.try_get("theme")?);
    Ok(StoredPerson {
        person: Person {
            id: row.try_get("person_id")?,
            email: row.try_get("email")?,
            name: row.try_get("name")?,
            language: Language::named(&language).unwrap_or_default(),
            theme: Theme::named(&theme).unwrap_or_default(),
        },
        password: row.try_get("password")?,
    })
}
