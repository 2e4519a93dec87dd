//! What is known of an invoice in one signed file, for whoever has to be shown it.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::actions::accept_invoice::file_stem;
use crate::actions::gather_evidence::gather_evidence;
use crate::api::access::Caller;
use crate::api::invoices::find;
use crate::api::problem::{Answered, masked};
use crate::hub::Hub;

/// Gathers the evidence of an invoice
///
/// A ZIP with the document as it was handed in, what was made of it, every decision with its reasons, what was said and answered, and
/// every event; a manifest has the SHA-256 of each file and is signed with the hub's key of `/v1/jwk`. `kvitt verify` judges it offline.
#[utoipa::path(get, path = "/v1/invoices/{id}/evidence", tag = "invoices", operation_id = "getV1InvoicesIdEvidence",
    params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 200, description = "The bundle", content_type = "application/zip", body = String)))]
pub async fn get(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Response> {
    let stored = find(&hub, &caller, &id).await?;
    let bundle = gather_evidence(&hub, caller.company(), &stored).await?;
    let name = format!("evidence-{}.zip", file_stem(&masked(&stored.body.invoice.number)));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::CONTENT_DISPOSITION, crate::http::attached(&name));
    Ok((headers, bundle).into_response())
}
