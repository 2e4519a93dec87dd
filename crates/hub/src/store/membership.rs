//! Who may do what in which company.

use kvitt_domain::person::Role;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO membership (company_id, person_id, role, since_at) VALUES ($1, $2, $3, $4)";
const ROLE_OF: &str = "SELECT role FROM membership WHERE company_id = $1 AND person_id = $2";
const OF_COMPANY: &str = "SELECT m.person_id, m.role, m.since_at, p.email, p.name \
    FROM membership m JOIN person p ON p.person_id = m.person_id WHERE m.company_id = $1 ORDER BY p.name, p.email";
const OF_PERSON: &str = "SELECT m.company_id, c.org_number, c.name, m.role \
    FROM membership m JOIN company c ON c.company_id = m.company_id WHERE m.person_id = $1 ORDER BY c.name, c.org_number";
const CHANGE: &str = "UPDATE membership SET role = $1 WHERE company_id = $2 AND person_id = $3";
const REMOVE: &str = "DELETE FROM membership WHERE company_id = $1 AND person_id = $2";
/// The rows stay as they are, and nobody else can change them until this transaction ends.
const LOCK_ADMINS: &str = "UPDATE membership SET role = role WHERE company_id = $1 AND role = 'admin'";

/// A person of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The person's id.
    pub person: String,
    /// The address that they sign in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when: business time, Unix milliseconds.
    pub since_at: i64,
}

/// A company of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The company's id.
    pub company: String,
    /// Nine digits.
    pub org_number: String,
    /// Its name.
    pub name: String,
    /// What the person may do there.
    pub role: Role,
}

/// Lets a person use a company. They must not have been let before.
pub async fn insert(tx: &mut Tx<'_>, company: &str, person: &str, role: Role, now: i64) -> Result<()> {
    sqlx::query(INSERT).bind(company).bind(person).bind(role.name()).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// What a person may do in a company.
pub async fn role_of(db: &mut AnyConnection, company: &str, person: &str) -> Result<Option<Role>> {
    let role: Option<String> = sqlx::query_scalar(ROLE_OF).bind(company).bind(person).fetch_optional(db).await?;
    role.map(|name| read_role(&name)).transpose()
}

/// The people of a company, by name.
pub async fn of_company(db: &mut AnyConnection, company: &str) -> Result<Vec<Member>> {
    sqlx::query(OF_COMPANY).bind(company).fetch_all(db).await?.iter().map(read_member).collect()
}

/// The companies of a person, by name.
pub async fn of_person(db: &mut AnyConnection, person: &str) -> Result<Vec<Use>> {
    let rows = sqlx::query(OF_PERSON).bind(person).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let role: String = row.try_get("role")?;
            Ok(Use {
                company: row.try_get("company_id")?,
                org_number: row.try_get("org_number")?,
                name: row.try_get("name")?,
                role: read_role(&role)?,
            })
        })
        .collect()
}

/// Changes what a person may do. Answers whether they use the company.
pub async fn change(tx: &mut Tx<'_>, company: &str, person: &str, role: Role) -> Result<bool> {
    one(sqlx::query(CHANGE).bind(role.name()).bind(company).bind(person).execute(tx.db()).await?.rows_affected())
}

/// Lets a person no longer use a company. Answers whether they did.
pub async fn remove(tx: &mut Tx<'_>, company: &str, person: &str) -> Result<bool> {
    one(sqlx::query(REMOVE).bind(company).bind(person).execute(tx.db()).await?.rows_affected())
}

/// Counts the administrators of a company; until the transaction ends nobody else makes them fewer.
pub async fn lock_admins(tx: &mut Tx<'_>, company: &str) -> Result<u64> {
    Ok(sqlx::query(LOCK_ADMINS).bind(company).execute(tx.db()).await?.rows_affected())
}

fn one(rows: u64) -> Result<bool> {
    match rows {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::Conflict),
    }
}

fn read_role(name: &str) -> Result<Role> {
    Role::named(name).ok_or_else(|| Error::Damaged(format!("no role is called {name}")))
}

fn read_member(row: &AnyRow) -> Result<Member> {
    let role: String = row.try_get("role")?;
    Ok(Member {
        person: row.try_get("person_id")?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: read_role(&role)?,
        since_at: row.try_get("since_at")?,
    })
}
