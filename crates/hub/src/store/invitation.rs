//! Invitations to use a company: each a link that counts once. The token in it is stored as a digest only.

use kvitt_domain::person::Role;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO invitation (company_id, invitation_id, token_digest, email, name, role, made_by, until) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const BY_TOKEN: &str = "SELECT company_id, invitation_id, email, name, role, made_by, until FROM invitation \
    WHERE token_digest = $1 AND until > $2";
const OF_COMPANY: &str = "SELECT company_id, invitation_id, email, name, role, made_by, until FROM invitation \
    WHERE company_id = $1 AND until > $2 ORDER BY invitation_id";
const REMOVE: &str = "DELETE FROM invitation WHERE company_id = $1 AND invitation_id = $2";
const FORGET: &str = "DELETE FROM invitation WHERE until < $1";

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The company's id.
    pub company: String,
    /// UUIDv7 text.
    pub id: String,
    /// The address that they will sign in with, in small letters.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they will be able to do.
    pub role: Role,
    /// Who invited them.
    pub made_by: String,
    /// How long it counts: machine time, Unix milliseconds.
    pub until: i64,
}

/// Stores an invitation to a company.
pub async fn insert(tx: &mut Tx<'_>, company: &str, invitation: &Invitation, token_digest: &str) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(&invitation.id)
        .bind(token_digest)
        .bind(&invitation.email)
        .bind(&invitation.name)
        .bind(invitation.role.name())
        .bind(&invitation.made_by)
        .bind(invitation.until)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The invitation of a token, where it counts at a machine time.
pub async fn by_token(db: &mut AnyConnection, digest: &str, machine_ms: i64) -> Result<Option<Invitation>> {
    sqlx::query(BY_TOKEN).bind(digest).bind(machine_ms).fetch_optional(db).await?.map(|row| read(&row)).transpose()
}

/// The invitations of a company that count at a machine time, oldest first.
pub async fn of_company(db: &mut AnyConnection, company: &str, machine_ms: i64) -> Result<Vec<Invitation>> {
    sqlx::query(OF_COMPANY).bind(company).bind(machine_ms).fetch_all(db).await?.iter().map(read).collect()
}

/// Ends an invitation. Answers whether there was one.
pub async fn remove(tx: &mut Tx<'_>, company: &str, id: &str) -> Result<bool> {
    Ok(sqlx::query(REMOVE).bind(company).bind(id).execute(tx.db()).await?.rows_affected() > 0)
}

/// Forgets those that counted until a machine time.
pub async fn forget(tx: &mut Tx<'_>, until: i64) -> Result<u64> {
    Ok(sqlx::query(FORGET).bind(until).execute(tx.db()).await?.rows_affected())
}

fn read(row: &AnyRow) -> Result<Invitation> {
    let role: String = row.try_get("role")?;
    Ok(Invitation {
        company: row.try_get("company_id")?,
        id: row.try_get("invitation_id")?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: Role::named(&role).ok_or_else(|| Error::Damaged(format!("no role is called {role}")))?,
        made_by: row.try_get("made_by")?,
        until: row.try_get("until")?,
    })
}
