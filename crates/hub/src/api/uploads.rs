//! How many bytes of bodies lie in memory at the same time. A document may have fifty megabytes and is read whole; without a bound a few
//! callers could take all memory that there is. Who comes when there is no room waits for it, and after a while hears to come again.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use kvitt_domain::fault::{Fault, codes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::problem::Problem;
use crate::api::request::{LARGEST_DOCUMENT, media_type};

/// What a body of so many bytes takes is not counted: every connection needs as much.
const SMALL: usize = 64 * 1024;
/// How long a caller waits for room.
const WAIT: Duration = Duration::from_secs(20);
/// When a caller that found none may come again, in seconds.
const COME_AGAIN_S: u64 = 5;
/// Room is counted in pieces of so many bytes.
const PIECE: usize = 1024;
/// What never has a large body, whatever it says of its length.
const ALWAYS_SMALL: &[&str] = &["/oauth2/token"];

/// Room for bodies.
#[derive(Debug, Clone)]
pub struct Uploads {
    room: Arc<Semaphore>,
    pieces: usize,
}

impl Uploads {
    /// Room for so many bytes.
    pub fn of(bytes: usize) -> Uploads {
        let pieces = (bytes / PIECE).clamp(1, Semaphore::MAX_PERMITS);
        Uploads { room: Arc::new(Semaphore::new(pieces)), pieces }
    }

    /// Room for a body, if there is some within this time. One that is larger than all of it has all of it.
    async fn find(&self, bytes: usize, wait: Duration) -> Option<OwnedSemaphorePermit> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE).min(self.pieces)).ok()?;
        tokio::time::timeout(wait, self.room.clone().acquire_many_owned(pieces)).await.ok()?.ok()
    }
}

/// Lets a request through once there is room for its body, and keeps the room until it is answered.
pub async fn admit(State(uploads): State<Uploads>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let bytes = bytes_of(request.headers());
    if bytes <= SMALL || ALWAYS_SMALL.contains(&path) {
        return next.run(request).await;
    }
    match uploads.find(bytes, WAIT).await {
        Some(room) => keep(next.run(request).await, room),
        None => Problem::of(Fault::fatal(codes::ACCESS_TOO_OFTEN).with("seconds", COME_AGAIN_S))
            .with_header(header::RETRY_AFTER, HeaderValue::from(COME_AGAIN_S))
            .into_response(),
    }
}

/// How many bytes a body may have: what its caller says, or the most where nothing is said.
fn bytes_of(headers: &HeaderMap) -> usize {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let is_open = headers.contains_key(header::TRANSFER_ENCODING);
    declared.unwrap_or(if is_open { LARGEST_DOCUMENT } else { 0 })
}

/// An answer that is written while its documents are read holds their room until its end.
fn keep(response: Response, room: OwnedSemaphorePermit) -> Response {
    if media_type(response.headers()) != "application/x-ndjson" {
        return response;
    }
    let (parts, body) = response.into_parts();
    let held = body.into_data_stream().map(move |chunk| {
        let _room = &room;
        chunk
    });
    Response::from_parts(parts, Body::from_stream(held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_is_shared_and_given_back() {
        let uploads = Uploads::of(100 * PIECE);
        let first = uploads.find(80 * PIECE, Duration::ZERO).await;
        assert!(first.is_some() && uploads.find(30 * PIECE, Duration::ZERO).await.is_none());
        let second = uploads.find(20 * PIECE, Duration::ZERO).await;
        assert!(second.is_some());
        drop((first, second));
        // More than there is, is all there is: the operation itself refuses it.
        let all = uploads.find(usize::MAX / 2, Duration::ZERO).await;
        assert!(all.is_some() && uploads.find(PIECE, Duration::ZERO).await.is_none());
    }

    #[test]
    fn what_does_not_say_its_length_counts_as_the_largest() {
        let check = |name: &'static str, value: &'static str, expected: usize| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static(value))]);
            assert_eq!(bytes_of(&headers), expected, "{name}: {value}");
        };
        check("content-length", "4711", 4711);
        check("transfer-encoding", "chunked", LARGEST_DOCUMENT);
        check("accept", "*/*", 0);
    }
}
