//! How a request is read: its body within limits of size and time, its form, its query. Whatever is wrong gets a typed answer, and an
//! unknown field is wrong.

use std::time::Duration;

use axum::Form;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use kvitt_domain::fault::{Fault, codes};
use serde::de::DeserializeOwned;

use crate::api::problem::{Answered, Problem, masked};

/// The most bytes of a document with its files: as many as the largest route takes as one file.
pub const LARGEST_DOCUMENT: usize = 50 * 1024 * 1024;
/// The most bytes of any other body.
const LARGEST_FORM: usize = 256 * 1024;
/// How long a body may take to come.
const WAIT: Duration = Duration::from_secs(60);
/// The most fields of a form.
const MOST_FIELDS: usize = 200;

/// The media type of a body without its parameters, in lower case; empty where none is given.
pub fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A body that the operation does not take.
pub fn not_taken(given: &str, allowed: &str) -> Problem {
    Problem::of(Fault::fatal(codes::REQUEST_MEDIA_TYPE).with("media_type", given).with("allowed", allowed))
}

/// A body of at most so many bytes that comes in time.
pub async fn bytes(headers: &HeaderMap, body: Body, most: usize) -> Answered<Bytes> {
    within(headers, body, most, WAIT).await
}

async fn within(headers: &HeaderMap, body: Body, most: usize, wait: Duration) -> Answered<Bytes> {
    let too_large = || Problem::of(Fault::fatal(codes::REQUEST_TOO_LARGE).with("bytes", most));
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > most) {
        return Err(too_large());
    }
    match tokio::time::timeout(wait, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // Past the limit, or the caller went away and hears nothing of it.
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(Problem::of(Fault::fatal(codes::REQUEST_TOO_SLOW))),
    }
}

/// A body in JSON.
#[derive(Debug)]
pub struct InJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for InJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Answered<InJson<T>> {
        let (parts, body) = request.into_parts();
        let given = media_type(&parts.headers);
        if !(given == "application/json" || given.ends_with("+json")) {
            return Err(not_taken(&given, "application/json"));
        }
        let bytes = bytes(&parts.headers, body, LARGEST_FORM).await?;
        if bytes.is_empty() {
            return Err(Problem::of(Fault::fatal(codes::REQUEST_EMPTY)));
        }
        // Every body here is an object; read by position, a list would pass for one.
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => serde_json::from_slice(&bytes).map(InJson).map_err(Problem::unreadable),
            _ => Err(Problem::unreadable("the body is no JSON object")),
        }
    }
}

/// The fields of a query, in their order. `a[]` is `a`.
#[derive(Debug, Default)]
pub struct Asked(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answered<Asked> {
        let Query(fields) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|cause| Problem::unreadable(cause.body_text()))?;
        match fields.iter().find(|(name, value)| name.contains('\0') || value.contains('\0')) {
            // No database stores it in a text, and nothing that is asked for has it.
            Some((name, _)) => Err(Problem::value(&plain(name).replace('\0', ""), "U+0000")),
            None => Ok(Asked(fields.into_iter().map(|(name, value)| (plain(&name), value)).collect())),
        }
    }
}

/// The name of a field without the brackets that say that there may be several.
fn plain(name: &str) -> String {
    name.strip_suffix("[]").unwrap_or(name).to_owned()
}

impl Asked {
    /// Refuses fields that the operation does not know: a misspelt filter would be no filter.
    pub fn only(self, known: &[&str]) -> Answered<Asked> {
        let unknown = self.0.iter().find(|(name, _)| !known.contains(&name.as_str()));
        match unknown {
            None => Ok(self),
            Some((name, _)) => Err(unknown_field(name, known)),
        }
    }

    /// A field that may be given once.
    pub fn one(&self, name: &str) -> Answered<Option<&str>> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(second)) => Err(Problem::value(name, second)),
        }
    }

    /// A field that may be given several times.
    pub fn many<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same query for another page, for a header that a log may keep.
    pub fn turned_to(&self, page: i64, per_page: i64) -> String {
        let others = self.0.iter().filter(|(name, _)| !["page", "per_page"].contains(&name.as_str()));
        let mut url = reqwest::Url::parse("http://hub").expect("it is an address");
        let paged = [("page".to_owned(), page.to_string()), ("per_page".to_owned(), per_page.to_string())];
        let others = others.map(|(name, value)| (masked(name), masked(value)));
        url.query_pairs_mut().extend_pairs(others.chain(paged));
        url.query().unwrap_or_default().to_owned()
    }

    /// A number in a range, or what counts where none is given.
    pub fn number(&self, name: &str, range: std::ops::RangeInclusive<i64>, otherwise: i64) -> Answered<i64> {
        let Some(text) = self.one(name)? else { return Ok(otherwise) };
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| Problem::value(name, text))
    }
}

/// A field that an operation does not know.
pub fn unknown_field(name: &str, known: &[&str]) -> Problem {
    let fault = Fault::fatal(codes::REQUEST_UNKNOWN_FIELD).at(name).with("field", name).with("near", known.join(", "));
    Problem::of(fault)
}

/// A part of a form: a field's value, or a file with its name.
#[derive(Debug)]
pub struct Part {
    /// Its name, without brackets.
    pub name: String,
    /// The file's name, where it is a file.
    pub file: Option<String>,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A form, as multipart or URL-encoded.
pub async fn form(request: Request, most: usize) -> Answered<Vec<Part>> {
    match media_type(request.headers()).as_str() {
        "multipart/form-data" => multipart(request, most).await,
        "application/x-www-form-urlencoded" => {
            let (parts, body) = request.into_parts();
            let bytes = bytes(&parts.headers, body, LARGEST_FORM).await?;
            let request = Request::from_parts(parts, Body::from(bytes));
            let read = Form::<Vec<(String, String)>>::from_request(request, &()).await;
            let Form(fields) = read.map_err(|cause| Problem::unreadable(cause.body_text()))?;
            Ok(fields
                .into_iter()
                .map(|(name, value)| Part { name: plain(&name), file: None, bytes: value.into_bytes() })
                .collect())
        }
        other => Err(not_taken(other, "multipart/form-data, application/x-www-form-urlencoded")),
    }
}

async fn multipart(request: Request, most: usize) -> Answered<Vec<Part>> {
    let (mut parts, body) = request.into_parts();
    let bytes = bytes(&parts.headers, body, most).await?;
    // What the length was is known now; the reader below takes it in from memory.
    parts.headers.remove(header::CONTENT_LENGTH);
    let mut request = Request::from_parts(parts, Body::from(bytes));
    DefaultBodyLimit::disable().apply(&mut request);
    let unreadable = |cause: axum::extract::multipart::MultipartError| Problem::unreadable(cause.body_text());
    let mut form = Multipart::from_request(request, &()).await.map_err(|cause| Problem::unreadable(cause.body_text()))?;
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if parts.len() >= MOST_FIELDS {
            return Err(Problem::unreadable(format!("the form has more than {MOST_FIELDS} fields")));
        }
        let name = plain(field.name().unwrap_or_default());
        let file = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.map_err(unreadable)?.to_vec();
        parts.push(Part { name, file, bytes });
    }
    Ok(parts)
}

impl Part {
    /// The value as text.
    pub fn text(&self) -> Answered<&str> {
        let text = std::str::from_utf8(&self.bytes).map_err(|_| Problem::unreadable(format!("{} is not UTF-8", self.name)))?;
        if text.contains('\0') { Err(Problem::value(&self.name, "U+0000")) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn a_body_that_is_too_large_or_too_slow_is_refused() {
        let chunks = |chunks: &[&'static str]| stream::iter(chunks.to_vec()).map(Ok::<_, std::io::Error>);
        let check = async |length: Option<&str>, body: Body, expected: Result<&str, &str>| {
            let mut headers = HeaderMap::new();
            if let Some(length) = length {
                headers.insert(header::CONTENT_LENGTH, length.parse().unwrap());
            }
            let taken = within(&headers, body, 8, Duration::ZERO).await;
            let taken = taken.as_deref().map_err(|problem| problem.faults()[0].code.name());
            assert_eq!(taken, expected.map(str::as_bytes), "{length:?}");
        };
        let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        check(Some("8"), Body::from_stream(chunks(&["<invo", "x/>"])), Ok("<invox/>")).await;
        // What says so itself is not waited for.
        check(Some("9"), never(), Err("request.too_large")).await;
        check(None, Body::from_stream(chunks(&["<invo", "ice/>"]).chain(stream::pending())), Err("request.too_large")).await;
        check(Some("8"), never(), Err("request.too_slow")).await;
        check(None, Body::from_stream(chunks(&["<inv"]).chain(stream::pending())), Err("request.too_slow")).await;
        check(None, Body::empty(), Ok("")).await;
    }
}
