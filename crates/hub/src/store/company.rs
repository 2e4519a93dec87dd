//! Companies: the tenants. Every other function of the store takes a company's id first.

use kvitt_adapters::route::RouteSetup;
use kvitt_domain::Language;
use kvitt_domain::plan::RouteName;
use kvitt_domain::recipient::RecipientType;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::event;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Vault};

const INSERT: &str =
    "INSERT INTO company (company_id, org_number, name, settings, sealed_key, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
const BY_ORG_NUMBER: &str = "SELECT company_id, org_number, name, settings, sealed_key FROM company WHERE org_number = $1";
const BY_ID: &str = "SELECT company_id, org_number, name, settings, sealed_key FROM company WHERE company_id = $1";
const ALL: &str = "SELECT company_id, org_number, name, settings, sealed_key FROM company ORDER BY company_id LIMIT $1";
const IDS_AFTER: &str = "SELECT company_id FROM company WHERE company_id > $1 ORDER BY company_id LIMIT $2";
const KEYS_AFTER: &str = "SELECT company_id, sealed_key FROM company WHERE company_id > $1 ORDER BY company_id LIMIT $2";
const SAVE_SETTINGS: &str = "UPDATE company SET settings = $1 WHERE company_id = $2";
const SAVE_KEY: &str = "UPDATE company SET sealed_key = $1 WHERE company_id = $2";
const SET_ROUTE: &str = "INSERT INTO route_setup (company_id, route, setup) VALUES ($1, $2, $3) \
    ON CONFLICT (company_id, route) DO UPDATE SET setup = excluded.setup";
const ROUTES: &str = "SELECT route, setup FROM route_setup WHERE company_id = $1";

/// Companies that one list shows at most; an operator with more pages through them in the web.
const LISTED: i64 = 10_000;

/// A company, with its key open.
#[derive(Debug, Clone)]
pub struct Company {
    /// UUIDv7 text.
    pub id: String,
    /// Nine digits.
    pub org_number: String,
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: CompanySettings,
    /// Its data key.
    pub key: CompanyKey,
}

/// What a company decides for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompanySettings {
    /// The language of its own pages and faults.
    pub language: Language,
    /// Its order of routes for consumers; empty means the default.
    pub consumer_route_order: Vec<RouteName>,
    /// Its order of routes for businesses; empty means the default.
    pub business_route_order: Vec<RouteName>,
    /// The accent colour of its PDFs as `#rrggbb`.
    pub accent: Option<String>,
    /// Its logo, PNG or JPEG, base64.
    pub logo: Option<String>,
    /// A text before the lines of its PDFs.
    pub text_before: Option<String>,
    /// A text at the foot of its PDFs.
    pub footer: Option<String>,
}

impl CompanySettings {
    /// The company's own order for a kind of recipient, if it has one.
    pub fn route_order(&self, kind: RecipientType) -> Option<&[RouteName]> {
        let order = match kind {
            RecipientType::Consumer => &self.consumer_route_order,
            RecipientType::Business => &self.business_route_order,
        };
        (!order.is_empty()).then_some(order.as_slice())
    }
}

/// Stores a new company and begins its chain of events. The organisation number must be free.
pub async fn insert(tx: &mut Tx<'_>, company: &Company, sealed_key: &[u8], now: i64) -> Result<()> {
    let settings = settings_json(&company.settings)?;
    sqlx::query(INSERT)
        .bind(&company.id)
        .bind(&company.org_number)
        .bind(&company.name)
        .bind(settings)
        .bind(sealed_key)
        .bind(now)
        .execute(tx.db())
        .await?;
    event::begin(tx, &company.id).await
}

/// The company with an organisation number.
pub async fn by_org_number(db: &mut AnyConnection, vault: &Vault, org_number: &str) -> Result<Option<Company>> {
    let row = sqlx::query(BY_ORG_NUMBER).bind(org_number).fetch_optional(db).await?;
    row.map(|row| read(&row, vault)).transpose()
}

/// The company with an id.
pub async fn by_id(db: &mut AnyConnection, vault: &Vault, id: &str) -> Result<Company> {
    let row = sqlx::query(BY_ID).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, vault)).transpose()?.ok_or_else(|| Error::NotFound("the company".into()))
}

/// All companies, oldest first.
pub async fn all(db: &mut AnyConnection, vault: &Vault) -> Result<Vec<Company>> {
    let rows = sqlx::query(ALL).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(|row| read(row, vault)).collect()
}

/// The ids of at most `limit` companies after an id, in order; their keys stay closed.
pub async fn ids_after(db: &mut AnyConnection, after: &str, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(IDS_AFTER).bind(after).bind(limit).fetch_all(db).await?)
}

/// At most `limit` companies after an id, in the order of their ids: each with its data key as it lies sealed.
pub async fn keys_after(db: &mut AnyConnection, after: &str, limit: i64) -> Result<Vec<(String, Vec<u8>)>> {
    let rows = sqlx::query(KEYS_AFTER).bind(after).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Saves a company's settings.
pub async fn save_settings(tx: &mut Tx<'_>, company: &str, settings: &CompanySettings) -> Result<()> {
    let settings = settings_json(settings)?;
    let saved = sqlx::query(SAVE_SETTINGS).bind(settings).bind(company).execute(tx.db()).await?;
    exactly_one(saved.rows_affected())
}

/// Saves a company's key, sealed anew.
pub async fn save_key(tx: &mut Tx<'_>, company: &str, sealed: &[u8]) -> Result<()> {
    let saved = sqlx::query(SAVE_KEY).bind(sealed).bind(company).execute(tx.db()).await?;
    exactly_one(saved.rows_affected())
}

/// Sets a route up, or changes its set-up.
pub async fn set_route(tx: &mut Tx<'_>, company: &str, route: &str, setup: &RouteSetup) -> Result<()> {
    sqlx::query(SET_ROUTE).bind(company).bind(route).bind(setup.0.to_string()).execute(tx.db()).await?;
    Ok(())
}

/// The routes that a company has set up.
pub async fn routes(db: &mut AnyConnection, company: &str) -> Result<Vec<(String, RouteSetup)>> {
    let rows = sqlx::query(ROUTES).bind(company).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let (route, setup): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let setup =
                serde_json::from_str(&setup).map_err(|cause| Error::Damaged(format!("the set-up of {route}: {cause}")))?;
            Ok((route, RouteSetup(setup)))
        })
        .collect()
}

fn settings_json(settings: &CompanySettings) -> Result<String> {
    serde_json::to_string(settings).map_err(|cause| Error::Damaged(format!("a company's settings: {cause}")))
}

fn exactly_one(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::Conflict) }
}

fn read(row: &AnyRow, vault: &Vault) -> Result<Company> {
    let id: String = row.try_get("company_id")?;
    let settings: String = row.try_get("settings")?;
    let sealed: Vec<u8> = row.try_get("sealed_key")?;
    Ok(Company {
        key: vault.company_key(&id, &sealed)?,
        org_number: row.try_get("org_number")?,
        name: row.try_get("name")?,
        settings: serde_json::from_str(&settings)
            .map_err(|cause| Error::Damaged(format!("the settings of a company: {cause}")))?,
        id,
    })
}
