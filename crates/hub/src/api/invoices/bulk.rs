//! Many documents in one request: `POST /v1/invoices/bulk`, a ZIP of documents or one JSON object a line.
//!
//! Each document is accepted or refused for itself, as if it had come alone, and its line of the answer is written when it is durable. A
//! sender that did not hear the end sends the same again: what was accepted is answered as the first time. The last line counts, and says
//! that there is nothing after it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt, stream};
use kvitt_domain::fault::{Fault, codes};
use kvitt_formats::container::Bundle;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::actions::accept_invoice::{HandedIn, UnknownSeller, accept_stored};
use crate::api::access::Caller;
use crate::api::invoices::{Invoice, as_accepted};
use crate::api::problem::{Answered, Problem, ProblemBody, masked};
use crate::api::request;
use crate::desk::Wishes;
use crate::http::RequestId;
use crate::hub::Hub;
use crate::store::job::Urgency;

/// Documents that are read and sealed beside each other; commits are shared among them.
const AT_ONCE: usize = 8;

/// One document of a request with JSON lines.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkItem {
    /// XML or a ZIP, base64.
    document: String,
    /// The sender's own id.
    #[serde(default)]
    uuid: Option<Uuid>,
    /// What is said beside it, version 1.1.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
}

/// What became of one document; the last line has `done` instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    /// Its place in the request, from 0.
    index: usize,
    /// Its name in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// 201, or the status that it would have been refused with alone.
    status: u16,
    /// Whether it was accepted before this request.
    again: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<Invoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// The last line of an answer.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BulkDone {
    /// Always true: nothing is missing before this line.
    done: bool,
    /// Documents that are accepted now, also those of before.
    accepted: usize,
    /// Those of them that were accepted before.
    again: usize,
    refused: usize,
}

/// The documents of a request.
enum Documents {
    Archive(Bundle),
    Lines(Arc<[u8]>, Vec<std::ops::Range<usize>>),
}

impl Documents {
    fn count(&self) -> usize {
        match self {
            Documents::Archive(bundle) => bundle.names().count(),
            Documents::Lines(_, lines) => lines.len(),
        }
    }
}

/// Hands many invoices in
///
/// A ZIP whose files are documents (XML, or a ZIP of XML, PDF and attachments), or one JSON object a line. The answer is one JSON object a
/// line, in the order of the request, each written when its document is durable, and a last one that counts. One that is refused stops no
/// other. Send the same again where the last line did not come.
#[utoipa::path(post, path = "/v1/invoices/bulk", tag = "invoices", operation_id = "postV1InvoicesBulk",
    request_body(content((String = "application/zip"), (BulkItem = "application/x-ndjson"))),
    responses((status = 200, description = "A line for each document, and one at the end", body = BulkResult, content_type = "application/x-ndjson"),
        (status = "4XX", description = "The request as a whole cannot be read", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post(
    State(hub): State<Hub>,
    caller: Caller,
    Extension(RequestId(id)): Extension<RequestId>,
    request: Request,
) -> Answered<Response> {
    let documents = Arc::new(documents(request).await?);
    let count = documents.count();
    let lines = stream::iter(0..count)
        .map(move |index| {
            let (hub, caller, documents, id) = (hub.clone(), caller.clone(), documents.clone(), id.clone());
            async move { one(&hub, &caller, documents, index, &id).await }
        })
        .buffered(AT_ONCE);
    // What is counted goes on with the lines; after the last of them it becomes a line itself.
    let told = stream::unfold((Box::pin(lines), Some(BulkDone::default())), |(mut lines, done)| async move {
        let mut done = done?;
        match lines.next().await {
            Some(result) => {
                match result.invoice {
                    Some(_) => done.accepted += 1,
                    None => done.refused += 1,
                }
                done.again += usize::from(result.again);
                Some((line(&result), (lines, Some(done))))
            }
            None => {
                done.done = true;
                Some((line(&done), (lines, None)))
            }
        }
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(told)).into_response())
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

async fn documents(request: Request) -> Answered<Documents> {
    let media_type = request::media_type(request.headers());
    let (parts, body) = request.into_parts();
    let bytes = async || request::bytes(&parts.headers, body, Bundle::BUDGET.archive_bytes).await;
    let bytes: Arc<[u8]> = match media_type.as_str() {
        "application/zip" | "application/x-zip-compressed" | "application/x-ndjson" => bytes().await?.as_ref().into(),
        other => return Err(request::not_taken(other, "application/zip, application/x-ndjson")),
    };
    if bytes.is_empty() {
        return Err(Problem::of(Fault::fatal(codes::REQUEST_EMPTY)));
    }
    if media_type != "application/x-ndjson" {
        let opened = tokio::task::spawn_blocking(move || Bundle::open(bytes, &Bundle::BUDGET)).await;
        let opened = opened.map_err(Problem::unreadable)?;
        return opened.map(Documents::Archive).map_err(Problem::all);
    }
    let mut lines = Vec::new();
    let mut from = 0;
    for part in bytes.split(|byte| *byte == b'\n') {
        if !part.iter().all(u8::is_ascii_whitespace) {
            lines.push(from..from + part.len());
        }
        from += part.len() + 1;
    }
    match lines.len() {
        0 => Err(Problem::of(Fault::fatal(codes::REQUEST_EMPTY))),
        count if count > Bundle::BUDGET.files => Err(Problem::unreadable(format!("more than {} lines", Bundle::BUDGET.files))),
        _ => Ok(Documents::Lines(bytes, lines)),
    }
}

async fn one(hub: &Hub, caller: &Caller, documents: Arc<Documents>, index: usize, id: &str) -> BulkResult {
    let name = match documents.as_ref() {
        Documents::Archive(bundle) => bundle.names().nth(index).map(str::to_owned),
        Documents::Lines(..) => None,
    };
    let accepted = accept(hub, caller, documents, index, name.clone()).await;
    let name = name.as_deref().map(masked);
    match accepted {
        Ok((invoice, again)) => {
            BulkResult { index, name, status: StatusCode::CREATED.as_u16(), again, invoice: Some(invoice), problem: None }
        }
        Err(problem) => BulkResult {
            index,
            name,
            status: problem.status().as_u16(),
            again: false,
            invoice: None,
            problem: Some(problem.body(caller.language(), id)),
        },
    }
}

async fn accept(
    hub: &Hub,
    caller: &Caller,
    documents: Arc<Documents>,
    index: usize,
    name: Option<String>,
) -> Answered<(Invoice, bool)> {
    // Expanding takes as long as reading: not on a thread that answers others.
    let taken = tokio::task::spawn_blocking(move || take(&documents, index)).await.map_err(Problem::unreadable)?;
    let (bytes, metadata, uuid) = taken?;
    let handed = HandedIn {
        company: Some(caller.company().org_number.clone()),
        name,
        bytes,
        metadata,
        wishes: Wishes { uuid, ..Wishes::default() },
        key: None,
        unknown_seller: UnknownSeller::Refuse,
        urgency: Urgency::Bulk,
    };
    let (accepted, stored) = accept_stored(hub, caller.company(), handed).await?;
    Ok((as_accepted(&stored, None), accepted.again))
}

type Taken = (Vec<u8>, Option<String>, Option<Uuid>);

fn take(documents: &Documents, index: usize) -> Answered<Taken> {
    match documents {
        Documents::Archive(bundle) => {
            let bytes = bundle.document(index).ok_or_else(|| Problem::unknown("document"))?.map_err(Problem::all)?;
            Ok((bytes, None, None))
        }
        Documents::Lines(bytes, lines) => {
            let line = &bytes[lines[index].clone()];
            if line.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
                return Err(Problem::unreadable("the line is no JSON object"));
            }
            let item: BulkItem = serde_json::from_slice(line).map_err(Problem::unreadable)?;
            let document =
                STANDARD.decode(item.document.trim()).map_err(|cause| Problem::unreadable(format!("document: {cause}")))?;
            Ok((document, item.metadata.map(|metadata| metadata.to_string()), item.uuid))
        }
    }
}
