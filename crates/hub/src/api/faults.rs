//! `GET /v1/faults`: every code that Kvitt answers with, what it means and what to do: where `type` of a problem leads.

use axum::Json;
use axum::extract::Path;
use kvitt_domain::fault::{Code, Fault, codes};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::access::Speaks;
use crate::api::problem::{Answered, Problem, fixer_name};
use crate::api::request::Asked;

/// A code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FaultCode)]
pub struct CodeShown {
    /// Stable: it may be retired, and is never used for anything else.
    code: &'static str,
    /// What is wrong, with `{names}` of values.
    sentence: String,
    /// What to do.
    remedy: String,
    /// Who can mend it: `sender`, `recipient`, `operator` or `counterparty`.
    fixer: &'static str,
}

/// Lists every fault code
#[utoipa::path(get, path = "/v1/faults", tag = "events", operation_id = "getV1Faults",
    responses((status = 200, description = "Every code", body = Vec<CodeShown>)))]
pub async fn list(Speaks(language): Speaks, asked: Asked) -> Answered<Json<Vec<CodeShown>>> {
    asked.only(&[])?;
    Ok(Json(codes::ALL.iter().map(|code| shown(*code, language)).collect()))
}

/// Says what a fault code means
#[utoipa::path(get, path = "/v1/faults/{code}", tag = "events", operation_id = "getV1FaultsCode",
    params(("code" = String, Path, description = "Such as `kid.check_digit`")),
    responses((status = 200, description = "The code", body = CodeShown)))]
pub async fn get(Speaks(language): Speaks, Path(code): Path<String>) -> Answered<Json<CodeShown>> {
    let known = Code::named(&code).ok_or_else(|| Problem::unknown(&code))?;
    Ok(Json(shown(known, language)))
}

fn shown(code: Code, language: kvitt_domain::Language) -> CodeShown {
    let fault = Fault::fatal(code);
    CodeShown {
        code: code.name(),
        sentence: fault.sentence(language),
        remedy: fault.remedy(language),
        fixer: fixer_name(code.fixer()),
    }
}
