//! Networks that the company is registered with. There is one: `BANK`, the main agreement for consumer invoices, which is ordered,
//! signed for and ended here as the clients of Nordic ERPs do it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kvitt_domain::agreement::course::Subject;
use kvitt_domain::agreement::{AgreementKind, AgreementState};
use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::actions::order_agreement::{self, AgreementAsk, AgreementShown, Which};
use crate::api::access::Caller;
use crate::api::problem::{Answered, FaultShown, Problem, ProblemBody};
use crate::api::request::{Asked, InJson};
use crate::hub::Hub;
use crate::vault::sha256;

/// The network of the main agreement.
const BANK: &str = "BANK";
/// The one profile that it has.
const INVOICE: &str = "INVOICE";

/// A registration to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProfile {
    /// `BANK`.
    network: String,
    /// `INVOICE`.
    #[serde(default)]
    profiles: Vec<String>,
    #[serde(default)]
    network_settings: NetworkSettings,
}

/// Who signs, should another provider have the agreement.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSettings {
    /// Somebody with signing rights.
    name: Option<String>,
    email: Option<String>,
    /// `true`: they have signed already. Counts from programs whose vendor key the operator has listed; from others it is refused.
    #[schema(value_type = Option<String>)]
    agreement_signed: Option<Value>,
}

/// A registration to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedProfile {
    network_settings: NetworkSettings,
}

/// A registration with a network.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    #[schema(format = "uuid")]
    id: String,
    #[schema(pattern = "^(active|pending|error)$")]
    status: &'static str,
    /// Where it stands, exactly: a state of the documentation.
    state: String,
    /// What must be known or done about it now.
    last_event: Option<ProfileEvent>,
    profiles: Vec<&'static str>,
    /// The organisation number.
    endpoint_id: String,
    /// `0192`.
    scheme: &'static str,
    /// `BANK`.
    network: &'static str,
    network_settings: SignerShown,
    /// All that must be known or done about it.
    advice: Vec<FaultShown>,
}

/// Who signs.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignerShown {
    name: String,
    email: String,
}

/// Something to know of a registration.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileEvent {
    message: String,
    #[schema(format = "date-time")]
    created_at: String,
}

/// Registers the company with a network
///
/// `BANK` orders the main agreement for consumer invoices: whoever calls accepts its terms. It is active at once where nobody has it; else
/// the person in `network_settings` is asked by e-mail to sign for the take-over. `GET /v1/services/b2cno` tells how it goes.
#[utoipa::path(post, path = "/v1/company/profiles", tag = "company", operation_id = "postV1CompanyProfiles", request_body = NewProfile,
    responses((status = 201, description = "It is ordered", body = Profile),
        (status = "4XX", description = "It is not, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post(
    State(hub): State<Hub>,
    caller: Caller,
    InJson(wanted): InJson<NewProfile>,
) -> Answered<(StatusCode, Json<Profile>)> {
    let unsupported = |field: &str, value: &str| {
        Problem::of(Fault::fatal(codes::REQUEST_UNSUPPORTED).at(field).with("field", field).with("value", value))
    };
    if wanted.network != BANK {
        return Err(unsupported("network", &wanted.network));
    }
    if let Some(other) = wanted.profiles.iter().find(|profile| profile.as_str() != INVOICE) {
        return Err(unsupported("profiles", other));
    }
    let NetworkSettings { name, email, agreement_signed } = wanted.network_settings;
    let vouched_by = vouched(&hub, &caller, agreement_signed.as_ref())?;
    let signer = (name.is_some() || email.is_some()).then(|| (name.unwrap_or_default(), email.unwrap_or_default()));
    if vouched_by.is_some() && signer.is_none() {
        return Err(Problem::missing("network_settings.name"));
    }
    let order = AgreementAsk::Order { subject: Subject::MainVendor, accepted_by: Some(caller.by()), signer, vouched_by };
    order_agreement::change(&hub, caller.company(), order).await?;
    let ordered = main(&hub, &caller).await?.ok_or_else(|| Problem::unknown("profile"))?;
    Ok((StatusCode::CREATED, Json(shown(&ordered, &caller))))
}

/// The name under which a program's word counts that somebody has signed; `None` where it does not say so.
fn vouched(hub: &Hub, caller: &Caller, said: Option<&Value>) -> Answered<Option<String>> {
    const FIELD: &str = "network_settings.agreement_signed";
    match said {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
        Some(Value::String(text)) if text == "false" || text.is_empty() => return Ok(None),
        Some(Value::Bool(true)) => {}
        Some(Value::String(text)) if text == "true" => {}
        Some(other) => return Err(Problem::value(FIELD, other)),
    }
    let digest = sha256(caller.vendor().as_bytes());
    let counts =
        !caller.vendor().is_empty() && hub.config().api.signing_vendors.iter().any(|known| known.eq_ignore_ascii_case(&digest));
    match counts {
        true => Ok(Some(format!("{} ({})", caller.by(), &digest[..12]))),
        false => Err(Problem::of(Fault::fatal(codes::AGREEMENT_VOUCHER).at(FIELD))),
    }
}

async fn main(hub: &Hub, caller: &Caller) -> Answered<Option<AgreementShown>> {
    let all = order_agreement::list(hub, caller.company()).await?;
    Ok(all.into_iter().find(|agreement| agreement.course.kind() == AgreementKind::MainVendor && status(agreement).is_some()))
}

/// `None` for one that is over: it is no registration any more.
fn status(agreement: &AgreementShown) -> Option<&'static str> {
    match agreement.course.agreement(&agreement.customer_unit).state {
        AgreementState::Active | AgreementState::Spreading => Some("active"),
        AgreementState::Pending => Some("pending"),
        AgreementState::Refused => Some("error"),
        AgreementState::Ended => None,
    }
}

fn shown(agreement: &AgreementShown, caller: &Caller) -> Profile {
    let at = jiff::Timestamp::from_millisecond(agreement.changed_at).unwrap_or_default().to_string();
    let advice: Vec<FaultShown> = agreement.advice.iter().map(|fault| FaultShown::of(fault, caller.language())).collect();
    let signer = agreement.course.order.as_ref().and_then(|order| order.signer.as_ref());
    Profile {
        id: agreement.id.clone(),
        status: status(agreement).unwrap_or("error"),
        state: agreement.course.state.name().to_owned(),
        last_event: agreement
            .advice
            .first()
            .map(|fault| ProfileEvent { message: fault.sentence(caller.language()), created_at: at }),
        profiles: vec![INVOICE],
        endpoint_id: caller.company().org_number.clone(),
        scheme: "0192",
        network: BANK,
        network_settings: SignerShown {
            name: signer.map(|signer| signer.name.clone()).unwrap_or_default(),
            email: signer.map(|signer| signer.email.clone()).unwrap_or_default(),
        },
        advice,
    }
}

/// Lists the company's registrations
#[utoipa::path(get, path = "/v1/company/profiles", tag = "company", operation_id = "getV1CompanyProfiles",
    params(("network" = Option<Vec<String>>, Query, description = "Only these networks"),
        ("status" = Option<Vec<String>>, Query, description = "`active`, `pending`, `error`")),
    responses((status = 200, description = "The registrations", body = Vec<Profile>)))]
pub async fn list(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<Json<Vec<Profile>>> {
    let asked = asked.only(&["network", "status"])?;
    let (networks, states): (Vec<&str>, Vec<&str>) = (asked.many("network").collect(), asked.many("status").collect());
    if let Some(unknown) = states.iter().find(|state| !["active", "pending", "error"].contains(state)) {
        return Err(Problem::value("status", unknown));
    }
    let profile = main(&hub, &caller).await?.map(|agreement| shown(&agreement, &caller));
    let fits = |profile: &Profile| {
        (networks.is_empty() || networks.contains(&profile.network)) && (states.is_empty() || states.contains(&profile.status))
    };
    Ok(Json(profile.into_iter().filter(fits).collect()))
}

async fn find(hub: &Hub, caller: &Caller, id: &str) -> Answered<AgreementShown> {
    main(hub, caller).await?.filter(|found| found.id == id).ok_or_else(|| Problem::unknown(&format!("profile {id}")))
}

/// Shows a registration
#[utoipa::path(get, path = "/v1/company/profiles/{id}", tag = "company", operation_id = "getV1CompanyProfilesId",
    params(("id" = uuid::Uuid, Path, description = "Its id")), responses((status = 200, description = "The registration", body = Profile)))]
pub async fn get(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Profile>> {
    Ok(Json(shown(&find(&hub, &caller, &id).await?, &caller)))
}

/// Names who signs for a registration
#[utoipa::path(patch, path = "/v1/company/profiles/{id}", tag = "company", operation_id = "patchV1CompanyProfilesId", request_body = ChangedProfile,
    params(("id" = uuid::Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The registration", body = Profile),
        (status = "4XX", description = "Nobody is asked, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn patch(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    InJson(wanted): InJson<ChangedProfile>,
) -> Answered<Json<Profile>> {
    find(&hub, &caller, &id).await?;
    let NetworkSettings { name, email, agreement_signed } = wanted.network_settings;
    if vouched(&hub, &caller, agreement_signed.as_ref())?.is_some() {
        // The order is under way: only the signer's own word moves it now.
        return Err(Problem::value("network_settings.agreement_signed", "true"));
    }
    let signer = (name.unwrap_or_default(), email.unwrap_or_default());
    let which = Which { kind: AgreementKind::MainVendor, account: None };
    order_agreement::change(&hub, caller.company(), AgreementAsk::NameSigner { which, signer }).await?;
    Ok(Json(shown(&find(&hub, &caller, &id).await?, &caller)))
}

/// Ends a registration
#[utoipa::path(delete, path = "/v1/company/profiles/{id}", tag = "company", operation_id = "deleteV1CompanyProfilesId",
    params(("id" = uuid::Uuid, Path, description = "Its id")), responses((status = 204, description = "It is being ended")))]
pub async fn delete(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<StatusCode> {
    find(&hub, &caller, &id).await?;
    let which = Which { kind: AgreementKind::MainVendor, account: None };
    order_agreement::change(&hub, caller.company(), AgreementAsk::End { which, by: caller.by() }).await?;
    Ok(StatusCode::NO_CONTENT)
}
