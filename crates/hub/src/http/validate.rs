//! `POST /v1/validate`: one document in, what the rules say of it out, as `kvitt validate --json` says it.
//!
//! Nothing is stored, and nobody need say who asks. A document that breaks every rule is still answered with 200: only a request that
//! cannot be judged is refused, as every other is.

use std::sync::Arc;
use std::thread;

use axum::Json;
use axum::extract::{Request, State};
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_rules::RuleSet;
use tokio::sync::Semaphore;

use crate::api::access::Speaks;
use crate::api::problem::{Answered, Problem};
use crate::api::request::{self, Asked, LARGEST_DOCUMENT};
use crate::error::Error;
use crate::hub::Hub;
use crate::validation::{Validated, day, validate};

/// What documents come as; bytes without a type are taken too.
const TAKEN: &[&str] =
    &["application/xml", "text/xml", "application/zip", "application/x-zip-compressed", "application/octet-stream"];

/// Documents judged at the same time: one a core, so that others are still answered and memory has a bound.
#[derive(Debug)]
pub struct Bench(Semaphore);

impl Bench {
    /// Room for one document a core.
    pub fn new() -> Bench {
        Bench(Semaphore::new(thread::available_parallelism().map_or(1, usize::from)))
    }
}

/// Answers the request.
pub async fn post(
    State((hub, bench)): State<(Hub, Arc<Bench>)>,
    Speaks(language): Speaks,
    asked: Asked,
    request: Request,
) -> Answered<Json<Validated>> {
    let on = match asked.one("on")? {
        Some(text) => text.parse::<Date>().map_err(|_| Problem::value("on", text))?,
        None => calendar::today(hub.clock().business()),
    };
    let given = request::media_type(request.headers());
    if !is_taken(&given) {
        return Err(request::not_taken(&given, "application/xml, application/zip"));
    }
    let (parts, body) = request.into_parts();
    let bytes = request::bytes(&parts.headers, body, LARGEST_DOCUMENT).await?;
    if bytes.is_empty() {
        return Err(Problem::of(Fault::fatal(codes::REQUEST_EMPTY)));
    }
    let _room = bench.0.acquire().await.map_err(|_| Problem::from(Error::Stopping))?;
    // Judging is milliseconds of work, of a long invoice many: not on a thread that answers others.
    let judged = tokio::task::spawn_blocking(move || validate("", &bytes, RuleSet::in_force(day(on)), language)).await;
    let judged = judged.map_err(|cause| Error::Damaged(format!("a document could not be judged: {cause}")));
    Ok(Json(judged.map_err(Problem::from)?))
}

/// XML and ZIP under their names, and bytes without one.
fn is_taken(media_type: &str) -> bool {
    media_type.is_empty() || TAKEN.contains(&media_type) || media_type.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_and_zip_are_taken() {
        for (media_type, expected) in [
            ("application/xml", true),
            ("text/xml", true),
            ("application/vnd.ubl+xml", true),
            ("application/zip", true),
            ("application/octet-stream", true),
            ("", true),
            ("application/json", false),
            ("text/html", false),
        ] {
            assert_eq!(is_taken(media_type), expected, "{media_type}");
        }
    }
}
