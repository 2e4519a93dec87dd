//! `POST /v1/plans`: how a document would be delivered, by which routes, when, for how much, and why. Nothing is stored or sent.

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::actions::plan_invoice::plan_invoice;
use crate::api::access::Caller;
use crate::api::invoices::follow::PlanShown;
use crate::api::invoices::send::{InvoiceForm, handed_in};
use crate::api::problem::{Answered, FaultShown, ProblemBody};
use crate::hub::Hub;

/// How a document would be delivered.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRun {
    /// BT-1.
    number: String,
    /// BT-44.
    recipient: String,
    /// Amount and currency.
    payable: String,
    /// Hand the document in with this `plan_id`, and it is accepted only while the same would be decided.
    #[schema(max_length = 4000)]
    plan_id: Option<String>,
    /// Until when the id may be used.
    #[schema(format = "date-time")]
    plan_expires_at: Option<String>,
    plan: PlanShown,
    /// What is to be known of the document itself.
    warnings: Vec<FaultShown>,
}

/// Says how a document would be delivered
///
/// The same body as for `POST /v1/invoices`. Nothing is stored, sent or asked of a register. The `plan_id` of the answer may be demanded
/// when the document is handed in.
#[utoipa::path(post, path = "/v1/plans", tag = "invoices", operation_id = "postV1Plans",
    request_body(content((InvoiceForm = "multipart/form-data"), (String = "application/xml"), (String = "application/zip"))),
    responses((status = 200, description = "The plan", body = DryRun),
        (status = "4XX", description = "It would not be accepted, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post(State(hub): State<Hub>, caller: Caller, request: Request) -> Answered<Json<DryRun>> {
    let planned = plan_invoice(&hub, handed_in(&caller, request, None).await?).await?;
    let language = caller.language();
    let (plan_id, plan_expires_at) = planned.promised.map(|(id, until)| (id, until.to_string())).unzip();
    Ok(Json(DryRun {
        number: planned.number,
        recipient: planned.recipient,
        payable: planned.payable,
        plan_id,
        plan_expires_at,
        plan: PlanShown::of(&planned.plan, language),
        warnings: planned.warnings.iter().map(|fault| FaultShown::of(fault, language)).collect(),
    }))
}
