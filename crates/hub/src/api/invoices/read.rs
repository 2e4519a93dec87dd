//! One invoice, in the form that the caller wants, and its files.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use kvitt_adapters::route::{Artefact, ArtefactRole};

use crate::actions::freeze_rendition;
use crate::api::access::Caller;
use crate::api::invoices::{Invoice, find, shown};
use crate::api::problem::{Answered, Problem};
use crate::api::request::Asked;
use crate::error::Error;
use crate::hub::Hub;
use crate::store::artefact;
use crate::store::invoice::StoredInvoice;

/// Shows an invoice, or its XML or PDF
#[utoipa::path(get, path = "/v1/invoices/{id}", tag = "invoices", operation_id = "getV1InvoicesId",
    params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours"),
        ("return_format" = Option<String>, Query, description = "`ORIGINAL`, `PEPPOLBIS30` or `FINVOICE30`: the XML as it was handed in; \
         `ORIGINAL_IMAGE`: the sender's own PDF; `GENERATED_IMAGE`: Kvitt's; `ORIGINAL_OR_GENERATED_IMAGE`: the one that the recipient gets")),
    responses((status = 200, description = "The invoice", content((Invoice = "application/json"), (String = "application/xml"), (String = "application/pdf")))))]
pub async fn get(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>, asked: Asked) -> Answered<Response> {
    let asked = asked.only(&["return_format"])?;
    let format = asked.one("return_format")?;
    let stored = find(&hub, &caller, &id).await?;
    let Some(format) = format else { return Ok(Json(shown(&hub, &caller, &stored).await?).into_response()) };
    let files = artefact::of_invoice(&mut *hub.db().read().await?, &caller.company().id, &stored.id, None).await?;
    let of = |role| files.iter().find(|file| file.role == role);
    let missing = || Problem::unknown(&format!("{format} {id}"));
    match format {
        "ORIGINAL" => file(&hub, &caller, of(ArtefactRole::Xml).ok_or_else(missing)?).await,
        "PEPPOLBIS30" | "FINVOICE30" if shown(&hub, &caller, &stored).await?.source_format == format => {
            file(&hub, &caller, of(ArtefactRole::Xml).ok_or_else(missing)?).await
        }
        "PEPPOLBIS30" | "FINVOICE30" => Err(missing()),
        "ORIGINAL_IMAGE" => {
            let own = of(ArtefactRole::Pdf).filter(|_| stored.body.invoice.own_image().is_some());
            file(&hub, &caller, own.ok_or_else(missing)?).await
        }
        "GENERATED_IMAGE" if stored.body.invoice.own_image().is_some() => Err(missing()),
        "GENERATED_IMAGE" | "ORIGINAL_OR_GENERATED_IMAGE" => match of(ArtefactRole::Pdf) {
            Some(pdf) => file(&hub, &caller, pdf).await,
            None => Ok(answer(
                &format!("{}.pdf", stored.body.invoice.number),
                "application/pdf",
                drawn(&hub, &caller, &stored).await?,
            )),
        },
        other => Err(Problem::value("return_format", other)),
    }
}

/// The PDF that the recipient will get, before it is frozen.
async fn drawn(hub: &Hub, caller: &Caller, stored: &StoredInvoice) -> Answered<Vec<u8>> {
    Ok(freeze_rendition::preview(hub, caller.company(), stored).await?)
}

/// A file of an invoice
#[utoipa::path(get, path = "/v1/invoices/{id}/files/{file_id}", tag = "invoices", operation_id = "getV1InvoicesIdFilesFileId",
    params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours"), ("file_id" = String, Path, description = "The file's number")),
    responses((status = 200, description = "The bytes", content_type = "application/octet-stream", body = String)))]
pub async fn get_file(State(hub): State<Hub>, caller: Caller, Path((id, file_id)): Path<(String, String)>) -> Answered<Response> {
    let stored = find(&hub, &caller, &id).await?;
    let files = artefact::of_invoice(&mut *hub.db().read().await?, &caller.company().id, &stored.id, None).await?;
    let number = file_id.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let found = number.and_then(|at| files.get(at)).ok_or_else(|| Problem::unknown(&format!("file {file_id}")))?;
    file(&hub, &caller, found).await
}

async fn file(hub: &Hub, caller: &Caller, file: &Artefact) -> Answered<Response> {
    let company = caller.company();
    let read = artefact::read(&mut *hub.db().read().await?, hub.objects(), &company.id, &company.key, &file.digest).await;
    match read {
        Ok(bytes) => Ok(answer(&file.name, &file.media_type, bytes)),
        Err(Error::NotFound(_)) => Err(Problem::unknown(&file.name)),
        Err(error) => Err(error.into()),
    }
}

/// Bytes under their name. Never run by a browser, whatever the sender wrote into them.
fn answer(name: &str, media_type: &str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    let media_type = HeaderValue::from_str(media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::CONTENT_DISPOSITION, crate::http::attached(name));
    (headers, bytes).into_response()
}
