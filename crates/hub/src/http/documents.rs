//! The files that letters link to, and the headers that whatever belongs to a recipient goes with.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::actions::open_bill::LIVES_MS;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::{artefact, company};

/// A file behind a link.
pub async fn get(State(hub): State<Hub>, Path((company, link)): Path<(String, String)>) -> Response {
    match find(&hub, &company, &link).await {
        Ok(found) => found,
        Err(Error::NotFound(_)) => {
            (StatusCode::NOT_FOUND, "There is no document at this address, or its time is over.\n").into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a linked document could not be read");
            (StatusCode::INTERNAL_SERVER_ERROR, "The document cannot be shown now. Please try again later.\n").into_response()
        }
    }
}

async fn find(hub: &Hub, company: &str, link: &str) -> Result<Response> {
    let gone = || Error::NotFound("the document".into());
    let mut db = hub.db().read().await?;
    let company = company::by_id(&mut db, hub.vault(), company).await?;
    let (name, media_type, digest, accepted_at) = artefact::by_link(&mut db, &company.id, link).await?.ok_or_else(gone)?;
    if hub.clock().business_ms() - accepted_at > LIVES_MS {
        return Err(gone());
    }
    let bytes = artefact::read(&mut db, hub.objects(), &company.id, &company.key, &digest).await?;
    let mut headers = private();
    let media_type = HeaderValue::from_str(&media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CONTENT_DISPOSITION, inline(&name));
    // An attachment may be HTML: it must not run as a page of ours.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'"),
    );
    Ok((headers, bytes).into_response())
}

/// Never indexed, never kept by others, never told to where a link leads.
pub fn private() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow, noarchive"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
}

/// Saved under its name, and not shown.
pub fn attached(name: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("attachment; filename=\"{}\"", safe(name))).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Shown where it can be, and saved under its name.
pub fn inline(name: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("inline; filename=\"{}\"", safe(name))).unwrap_or(HeaderValue::from_static("inline"))
}

/// A file name that no header and no file system can misread.
fn safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect()
}
