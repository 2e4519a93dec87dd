//! The company of a key, as the clients of Nordic ERPs ask for it, and what may be set for it: above all its own order of routes.
//!
//! A client that reads the settings, changes one and sends all of them back is understood: what stands there already changes nothing, and
//! what cannot be changed here is refused, all of it at once.

use axum::Json;
use axum::extract::{Path, State};
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::RouteName;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::actions::add_company::amend_settings;
use crate::api::access::Caller;
use crate::api::problem::{Answered, Problem, ProblemBody};
use crate::api::request::{Asked, InJson, unknown_field};
use crate::hub::Hub;
use crate::store::company::{Company, CompanySettings};

/// A company that the key speaks for.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyOfKey {
    id: String,
    name: String,
    /// The organisation number.
    bid: String,
}

/// Whether a company may send.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyStatus {
    /// Always `NONE`: the operator knows its companies, and nobody is asked to sign for being one.
    auth_state: &'static str,
    auth_email: &'static str,
    /// Always `VERIFIED`.
    company_state: &'static str,
}

/// Lists the companies that the key speaks for
///
/// It is one: a key is a company's.
#[utoipa::path(get, path = "/v1/companies", tag = "company", operation_id = "getV1Companies",
    params(("bid" = Option<String>, Query, description = "Organisation number"), ("country" = Option<String>, Query, description = "ISO 3166-1, two letters")),
    responses((status = 200, description = "The company, unless the filters leave it out", body = Vec<CompanyOfKey>)))]
pub async fn list(caller: Caller, asked: Asked) -> Answered<Json<Vec<CompanyOfKey>>> {
    let asked = asked.only(&["bid", "country"])?;
    let company = caller.company();
    let fits = asked.one("bid")?.is_none_or(|bid| bid.trim() == company.org_number)
        && asked.one("country")?.is_none_or(|country| country.eq_ignore_ascii_case(COUNTRY));
    let of_key = || CompanyOfKey { id: company.id.clone(), name: company.name.clone(), bid: company.org_number.clone() };
    Ok(Json(fits.then(of_key).into_iter().collect()))
}

/// Companies are known by their Norwegian organisation numbers.
const COUNTRY: &str = "NO";

/// Says whether a company may send
#[utoipa::path(get, path = "/v1/companies/{id}/status", tag = "company", operation_id = "getV1CompaniesIdStatus",
    params(("id" = String, Path, description = "The company's id")),
    responses((status = 200, description = "It may", body = CompanyStatus)))]
pub async fn status(caller: Caller, Path(id): Path<String>) -> Answered<Json<CompanyStatus>> {
    match id == caller.company().id {
        true => Ok(Json(MAY_SEND)),
        false => Err(Problem::unknown(&format!("company {id}"))),
    }
}

const MAY_SEND: CompanyStatus = CompanyStatus { auth_state: "NONE", auth_email: "", company_state: "VERIFIED" };

/// Says whether the own company may send
#[utoipa::path(get, path = "/v1/company/authorization", tag = "company", operation_id = "getV1CompanyAuthorization",
    responses((status = 200, description = "It may", body = CompanyStatus)))]
pub async fn authorization(_: Caller) -> Json<CompanyStatus> {
    Json(MAY_SEND)
}

/// A setting that can be changed here: its place, and how a value for it is taken.
struct Changeable {
    place: &'static str,
    take: fn(&mut CompanySettings, &Value) -> Option<()>,
}

/// All of them.
const CHANGEABLE: &[Changeable] = &[
    Changeable {
        place: "/language",
        take: |settings, value| value.as_str().and_then(Language::named).map(|language| settings.language = language),
    },
    Changeable {
        place: "/routing/consumer_route_order",
        take: |settings, value| routes(value).map(|value| settings.consumer_route_order = value),
    },
    Changeable {
        place: "/routing/business_route_order",
        take: |settings, value| routes(value).map(|value| settings.business_route_order = value),
    },
    Changeable { place: "/logos/pdf/content", take: |settings, value| text(value).map(|value| settings.logo = value) },
    Changeable { place: "/texts/before", take: |settings, value| text(value).map(|value| settings.text_before = value) },
    Changeable { place: "/texts/footer", take: |settings, value| text(value).map(|value| settings.footer = value) },
    Changeable { place: "/texts/accent", take: |settings, value| text(value).map(|value| settings.accent = value) },
];

/// Routes by their names; the aliases of Nordic ERPs stand for the routes that they mean.
fn routes(value: &Value) -> Option<Vec<RouteName>> {
    /// More than there are routes and aliases.
    const MOST: usize = 32;
    let names: Option<Vec<&str>> = value.as_array().filter(|names| names.len() <= MOST)?.iter().map(Value::as_str).collect();
    let mut order: Vec<RouteName> = Vec::new();
    for name in names? {
        let meant: &[&str] = match name {
            "netbank" => &["avtalegiro", "efaktura"],
            "vipps" => &["efaktura"],
            name => &[name],
        };
        for route in meant.iter().map(|route| RouteName::new(*route)) {
            if !order.contains(&route) {
                order.push(route);
            }
        }
    }
    Some(order)
}

/// A text; empty or null for none.
fn text(value: &Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text.clone()).filter(|text| !text.is_empty())),
        _ => None,
    }
}

/// What is set for a company, in the groups that the clients of Nordic ERPs know, and two of our own.
fn shown(company: &Company, settings: &CompanySettings) -> Value {
    let order = |order: &[RouteName]| order.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "details": { "name": company.name, "bid": company.org_number, "country": COUNTRY },
        "send_invoice_general": { "stop_duplicate_numbers": true, "hold_multiple_recipients": true },
        "logos": { "pdf": { "content": settings.logo.as_deref().unwrap_or_default() } },
        "language": settings.language.tag(),
        "routing": {
            "consumer_route_order": order(&settings.consumer_route_order),
            "business_route_order": order(&settings.business_route_order),
        },
        "texts": {
            "before": settings.text_before.as_deref().unwrap_or_default(),
            "footer": settings.footer.as_deref().unwrap_or_default(),
            "accent": settings.accent.as_deref().unwrap_or_default(),
        },
    })
}

/// Shows what is set for the company
///
/// `routing` is its own order of routes (empty: the default order), `texts` what stands on its PDFs. The other groups are those of the
/// API that this one follows; what Kvitt does always is told as it is.
#[utoipa::path(get, path = "/v1/company/settings", tag = "company", operation_id = "getV1CompanySettings",
    params(("fields" = Option<Vec<String>>, Query, description = "Only these groups")),
    responses((status = 200, description = "The settings", body = Object)))]
pub async fn get(caller: Caller, asked: Asked) -> Answered<Json<Value>> {
    let asked = asked.only(&["fields"])?;
    let all = shown(caller.company(), &caller.company().settings);
    let wanted: Vec<&str> = asked.many("fields").flat_map(|fields| fields.split(',')).filter(|field| !field.is_empty()).collect();
    if let Some(unknown) = wanted.iter().find(|field| all.get(**field).is_none()) {
        return Err(Problem::value("fields", unknown));
    }
    let Value::Object(groups) = all else { return Ok(Json(all)) };
    let is_wanted = |group: &String| wanted.is_empty() || wanted.contains(&group.as_str());
    Ok(Json(Value::Object(groups.into_iter().filter(|(group, _)| is_wanted(group)).collect())))
}

/// Changes settings of the company
///
/// What is left out stays as it is, and what stands there already changes nothing. `/language`, `/routing/…`, `/texts/…` and
/// `/logos/pdf/content` can be changed here; anything else is refused.
#[utoipa::path(patch, path = "/v1/company/settings", tag = "company", operation_id = "patchV1CompanySettings",
    request_body = Object,
    responses((status = 200, description = "The settings as they are now", body = Object),
        (status = "4XX", description = "Nothing is changed, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn patch(State(hub): State<Hub>, caller: Caller, InJson(wanted): InJson<Map<String, Value>>) -> Answered<Json<Value>> {
    let company = caller.company();
    let known = shown(company, &company.settings);
    let (mut changes, mut faults) = (Vec::new(), Vec::new());
    sort_out(&Value::Object(wanted), &known, "", &mut changes, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::all(faults));
    }
    let amend = move |settings: &mut CompanySettings| {
        for (change, value) in &changes {
            // Taken once before, so that it is taken now.
            let _ = (change.take)(settings, value);
        }
    };
    let amended = amend_settings(&hub, company, &caller.by(), amend).await?;
    Ok(Json(shown(company, &amended)))
}

/// Sorts what is wanted into changes and faults.
fn sort_out(
    wanted: &Value,
    known: &Value,
    place: &str,
    changes: &mut Vec<(&'static Changeable, Value)>,
    faults: &mut Vec<Fault>,
) {
    if let Some(change) = CHANGEABLE.iter().find(|change| change.place == place) {
        match (change.take)(&mut CompanySettings::default(), wanted) {
            Some(()) => changes.push((change, wanted.clone())),
            None => faults.extend(Problem::value(place, wanted).faults().iter().cloned()),
        }
        return;
    }
    match (wanted, known) {
        (Value::Object(wanted), Value::Object(known)) => {
            for (name, value) in wanted {
                let inner = format!("{place}/{name}");
                match known.get(name) {
                    Some(known) => sort_out(value, known, &inner, changes, faults),
                    None if place.is_empty() && !IN_OTHERS.contains(&name.as_str()) => {
                        let groups: Vec<&str> = known.keys().map(String::as_str).collect();
                        faults.extend(unknown_field(name, &groups).faults().iter().cloned());
                    }
                    // Nothing is asked for by nothing.
                    None if is_nothing(value) => {}
                    None => faults.push(unchangeable(&inner, value)),
                }
            }
        }
        (wanted, known) if wanted == known => {}
        (wanted, _) => faults.push(unchangeable(place, wanted)),
    }
}

/// Groups of the API that this one follows, of which nothing is settable here.
const IN_OTHERS: &[&str] =
    &["address", "invoice_notifications", "send_invoice_email", "send_invoice_print", "checks", "email_reports"];

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn unchangeable(place: &str, value: &Value) -> Fault {
    Fault::fatal(codes::REQUEST_UNSUPPORTED).at(place).with("field", place).with("value", value)
}
