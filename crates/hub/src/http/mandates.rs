//! The page on which a customer goes on to the rail's form for a mandate, and the one that the form leads back to. No script, no
//! cookie; what the form says to the browser is shown and believed by nobody: mandates come from the rail.

use std::collections::HashMap;
use std::fmt::Write as _;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kvitt_domain::Language;

use super::bills::{escaped, html};
use super::documents::private;
use crate::actions::offer_mandate::{self, Form};
use crate::error::Error;
use crate::hub::Hub;

/// The page of an offer, with a button that posts the rail's form.
pub async fn page(State(hub): State<Hub>, Path((company, offer)): Path<(String, String)>) -> Response {
    match offer_mandate::form(&hub, &company, &offer).await {
        Ok(form) => shown(&form),
        Err(error) => missing(&error),
    }
}

/// Where the rail's form leads back to.
pub async fn back(
    State(hub): State<Hub>,
    Path((company, offer)): Path<(String, String)>,
    Query(given): Query<HashMap<String, String>>,
) -> Response {
    let form = match offer_mandate::form(&hub, &company, &offer).await {
        Ok(form) => form,
        Err(error) => return missing(&error),
    };
    let said = if given.get("status").is_some_and(|status| status == "OK") { "done" } else { "not_done" };
    let words = |key: &str| escaped(&form.language.text(&format!("mandate_page.{said}.{key}"), &[("payee", &form.payee)]));
    let title = words("title");
    let main = format!("<h1>{title}</h1>\n<p>{}</p>\n", words("text"));
    (headers(None), html(form.language, &title, &main)).into_response()
}

fn shown(form: &Form) -> Response {
    let words = |key: &str| escaped(&form.language.text(&format!("mandate_page.{key}"), &[("payee", &form.payee)]));
    let title = words("title");
    let mut main =
        format!("<h1>{title}</h1>\n<p>{}</p>\n<form method=\"post\" action=\"{}\">\n", words("text"), escaped(&form.action));
    for (name, value) in &form.fields {
        let _ = writeln!(main, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value));
    }
    let _ = write!(main, "<button type=\"submit\">{}</button>\n</form>\n", words("button"));
    (headers(Some(&form.action)), html(form.language, &title, &main)).into_response()
}

/// Nothing is loaded, and a form goes nowhere but to the rail.
fn headers(action: Option<&str>) -> HeaderMap {
    let mut headers = private();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let origin = action.and_then(|action| reqwest::Url::parse(action).ok()).map(|url| url.origin().ascii_serialization());
    let forms = origin.unwrap_or_else(|| "'none'".to_owned());
    let policy =
        format!("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action {forms}");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers
}

/// What is not there, or cannot be read, looks the same to whoever guesses.
fn missing(error: &Error) -> Response {
    let (status, why) = match error {
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "gone"),
        error => {
            tracing::error!(error = error as &dyn std::error::Error, "the offer of a mandate could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "later")
        }
    };
    let mut main = String::new();
    for language in Language::ALL {
        let words = |key: &str| escaped(&language.text(&format!("mandate_page.{why}.{key}"), &[]));
        let _ = write!(
            main,
            "<section lang=\"{}\">\n<h1>{}</h1>\n<p>{}</p>\n</section>\n",
            language.tag(),
            words("title"),
            words("text")
        );
    }
    let first = Language::default();
    let title = escaped(&first.text(&format!("mandate_page.{why}.title"), &[]));
    (status, headers(None), html(first, &title, &main)).into_response()
}
