//! The company's agreements with the rails, and the mandates that its payers gave: where they stand, in the shapes that the clients of
//! Nordic ERPs read. [`order`] orders and changes them.

pub mod order;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use jiff::Timestamp;
use kvitt_domain::agreement::{AgreementKind, AgreementState, NoticePolicy};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::mandate::Mandate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::actions::find_mandates::{self, MandateAsk};
use crate::actions::order_agreement::{self, AgreementShown};
use crate::api::access::Caller;
use crate::api::paging::{paging, window};
use crate::api::problem::{Answered, FaultShown, Problem};
use crate::api::request::Asked;
use crate::desk::Answer;
use crate::hub::Hub;

/// Where the main agreement for consumer invoices stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct MainAgreement {
    /// `ACTIVE`, `RESERVED` (on its way, or another provider has it), `FREE` (never ordered, or over) or `FAULT` (refused).
    #[schema(pattern = "^(ACTIVE|FREE|RESERVED|FAULT|ERROR)$")]
    status: &'static str,
    /// The same, exactly: a state of the documentation; empty where it was never ordered.
    state: String,
    /// What must be done or known.
    advice: Vec<FaultShown>,
}

/// Says where the main agreement for consumer invoices stands
#[utoipa::path(get, path = "/v1/services/b2cno", tag = "services", operation_id = "getV1ServicesB2Cno",
    responses((status = 200, description = "Where it stands", body = MainAgreement)))]
pub async fn b2cno(State(hub): State<Hub>, caller: Caller) -> Answered<Json<MainAgreement>> {
    let all = order_agreement::list(&hub, caller.company()).await?;
    let main = all.iter().find(|agreement| agreement.course.kind() == AgreementKind::MainVendor);
    Ok(Json(MainAgreement {
        status: match main.map(standing) {
            Some(AgreementState::Active | AgreementState::Spreading) => "ACTIVE",
            Some(AgreementState::Pending) => "RESERVED",
            Some(AgreementState::Refused) => "FAULT",
            Some(AgreementState::Ended) | None => "FREE",
        },
        state: main.map(|main| main.course.state.name().to_owned()).unwrap_or_default(),
        advice: main.map(|main| advice(main, &caller)).unwrap_or_default(),
    }))
}

fn standing(agreement: &AgreementShown) -> AgreementState {
    agreement.course.agreement(&agreement.customer_unit).state
}

fn advice(agreement: &AgreementShown, caller: &Caller) -> Vec<FaultShown> {
    agreement.advice.iter().map(|fault| FaultShown::of(fault, caller.language())).collect()
}

/// An agreement about direct debits to a bank account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Atg)]
pub struct AtgShown {
    account_number: String,
    /// Digits of the first structure's KIDs, check digit included.
    kid_length: String,
    /// Where the customer stands in the first structure's KIDs, such as `1-6`.
    reference_position: String,
    /// Where the payment type stands in them; empty where it does not.
    payment_type_position: String,
    /// Whether payers who asked to be told are told on paper where nothing else reaches them.
    notification_by_print: bool,
    /// The same by e-mail.
    notification_by_email: bool,
    #[schema(pattern = "^(INACTIVE|ACTIVE|PENDING)$")]
    status: &'static str,
    /// The same, exactly: a state of the documentation.
    state: String,
    #[schema(format = "date-time")]
    updated_at: String,
    /// What must be done or known.
    advice: Vec<FaultShown>,
}

/// Lists the agreements about direct debits
#[utoipa::path(get, path = "/v1/services/atg", tag = "services", operation_id = "getV1ServicesAtg",
    responses((status = 200, description = "One for each bank account", body = Vec<AtgShown>)))]
pub async fn atg(State(hub): State<Hub>, caller: Caller) -> Answered<Json<Vec<AtgShown>>> {
    Ok(Json(debits(&hub, &caller).await?))
}

/// Shows the agreement about direct debits to a bank account
#[utoipa::path(get, path = "/v1/services/atg/{account_number}", tag = "services", operation_id = "getV1ServicesAtgAccountNumber",
    params(("account_number" = String, Path, description = "Eleven digits")),
    responses((status = 200, description = "The agreement", body = AtgShown)))]
pub async fn atg_of(State(hub): State<Hub>, caller: Caller, Path(account): Path<String>) -> Answered<Json<AtgShown>> {
    let found = debits(&hub, &caller).await?.into_iter().find(|debit| debit.account_number == account);
    found.map(Json).ok_or_else(|| Problem::unknown(&format!("agreement {account}")))
}

async fn debits(hub: &Hub, caller: &Caller) -> Answered<Vec<AtgShown>> {
    let all = order_agreement::list(hub, caller.company()).await?;
    Ok(all.iter().filter_map(|agreement| debit_of(agreement, caller)).collect())
}

fn debit_of(agreement: &AgreementShown, caller: &Caller) -> Option<AtgShown> {
    let view = agreement.course.agreement(&agreement.customer_unit);
    let (account, debit) = view.account.zip(view.debit)?;
    let parts = debit.structures.first().map(|structure| structure.parts().clone());
    let position = |range: &std::ops::Range<usize>| format!("{}-{}", range.start + 1, range.end);
    let is_told = debit.notice != NoticePolicy::Never;
    Some(AtgShown {
        account_number: account,
        kid_length: parts.as_ref().map(|parts| parts.length.to_string()).unwrap_or_default(),
        reference_position: parts.as_ref().map(|parts| position(&parts.customer)).unwrap_or_default(),
        payment_type_position: parts.and_then(|parts| parts.kind).map(|(range, _)| position(&range)).unwrap_or_default(),
        notification_by_print: is_told,
        notification_by_email: is_told,
        status: match view.state {
            AgreementState::Active | AgreementState::Spreading => "ACTIVE",
            AgreementState::Pending => "PENDING",
            AgreementState::Refused | AgreementState::Ended => "INACTIVE",
        },
        state: agreement.course.state.name().to_owned(),
        updated_at: Timestamp::from_millisecond(agreement.changed_at).unwrap_or_default().to_string(),
        advice: advice(agreement, caller),
    })
}

/// A payer's standing permission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mandate)]
pub struct MandateShown {
    kid: String,
    /// The payer's bank account, where the rail gives it; it is never made up.
    account_number: Option<String>,
    /// The company's bank account that it is for.
    creditor_account: String,
    /// `1`: the payer wants to be told of claims; `0`.
    #[schema(pattern = "^[01]$")]
    notification: &'static str,
    #[schema(pattern = "^(ACTIVE|INACTIVE)$")]
    status: &'static str,
    /// The customer part of the KID, by the agreement's structures.
    reference_nr: Option<String>,
    /// The payment type in the KID, where its structure has a place for one.
    payment_type: Option<String>,
    #[schema(format = "date-time")]
    updated_at: String,
    /// The same under the name of the documentation.
    #[schema(format = "date-time")]
    updated_timestamp: String,
}

/// Lists the mandates of the company's payers
#[utoipa::path(get, path = "/v1/services/atg/mandates", tag = "services", operation_id = "getV1ServicesAtgMandates",
    params(("query" = Option<String>, Query, description = "A KID, of the mandate or of any invoice; a customer number; a payer's bank account"),
        ("timestamp" = Option<String>, Query, format = DateTime, description = "RFC 3339: changed since"),
        ("status" = Option<String>, Query, pattern = "^(IN)?ACTIVE$", description = "`ACTIVE` or `INACTIVE`"),
        ("parse_values" = Option<String>, Query, description = "Taken and not needed: KIDs are always read"),
        ("page" = Option<i64>, Query, minimum = 1, maximum = 10000, description = "1 by default"),
        ("per_page" = Option<i64>, Query, minimum = 1, maximum = 100, description = "20 by default")),
    responses((status = 200, description = "A page; its headers tell of the others", body = Vec<MandateShown>)))]
pub async fn mandates(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<(HeaderMap, Json<Vec<MandateShown>>)> {
    let asked = asked.only(&["query", "timestamp", "status", "parse_values", "page", "per_page"])?;
    let (page, per_page) = window(&asked)?;
    let since = match asked.one("timestamp")? {
        None => Timestamp::MIN,
        Some(text) => text.parse().map_err(|_| Problem::value("timestamp", text))?,
    };
    let active = match asked.one("status")? {
        None => None,
        Some("ACTIVE") => Some(true),
        Some("INACTIVE") => Some(false),
        Some(other) => return Err(Problem::value("status", other)),
    };
    let is_asked = |mandate: &Mandate| mandate.updated_at >= since && active.is_none_or(|active| mandate.is_active() == active);
    let mut found: Vec<Mandate> = Vec::new();
    let mut ask = match asked.one("query")? {
        Some(text) => MandateAsk::Find { text: text.to_owned() },
        None => MandateAsk::List { after: <(String, String)>::default() },
    };
    loop {
        let Answer::Mandates { mandates, next } = find_mandates::ask(&hub, caller.company(), ask).await? else { break };
        found.extend(mandates.into_iter().filter(is_asked));
        match next {
            Some(after) => ask = MandateAsk::List { after },
            None => break,
        }
    }
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let skip = usize::try_from((page - 1) * per_page).unwrap_or(usize::MAX);
    let shown = found.iter().skip(skip).take(usize::try_from(per_page).unwrap_or(0)).map(shown).collect();
    Ok((paging("/v1/services/atg/mandates", &asked, page, per_page, total), Json(shown)))
}

fn shown(mandate: &Mandate) -> MandateShown {
    let at = mandate.updated_at.to_string();
    MandateShown {
        kid: mandate.kid.clone(),
        account_number: mandate.payer_account.clone(),
        creditor_account: mandate.bank_account.clone(),
        notification: if mandate.wants_notice { "1" } else { "0" },
        status: if mandate.is_active() { "ACTIVE" } else { "INACTIVE" },
        reference_nr: mandate.reading.as_ref().map(|reading| reading.customer.clone()),
        payment_type: mandate.reading.as_ref().and_then(|reading| reading.payment_type.clone()),
        updated_at: at.clone(),
        updated_timestamp: at,
    }
}

/// Links to consumers, which the rail has ended
///
/// Always 410 `service.discontinued`: recipients are found through Yes to All.
#[utoipa::path(get, path = "/v1/services/b2cno/consumers", tag = "services", operation_id = "getV1ServicesB2CnoConsumers",
    responses((status = 410, description = "Ended", body = crate::api::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn consumers(_: Caller) -> Answered<()> {
    Err(Problem::of(Fault::fatal(codes::SERVICE_DISCONTINUED).with("value", "CV-link")))
}

/// Links to consumers, which the rail has ended
///
/// Always 410 `service.discontinued`: recipients are found through Yes to All.
#[utoipa::path(get, path = "/v1/company/consumers", tag = "services", operation_id = "getV1CompanyConsumers",
    responses((status = 410, description = "Ended", body = crate::api::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn company_consumers(caller: Caller) -> Answered<()> {
    consumers(caller).await
}
