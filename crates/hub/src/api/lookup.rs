//! Whether a recipient can be reached, asked before any invoice: `GET /v1/lookup/consumers` as the clients of Nordic ERPs ask it, the
//! same by `POST` for who must give a fødselsnummer, and `GET /v1/lookup/receivers`.
//!
//! An address stands in logs on the way, so that a fødselsnummer is taken in a body only. Nothing of the person is kept; an event tells
//! that somebody asked, and the verdict.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use kvitt_adapters::register::Answer;
use kvitt_adapters::routes::{self, efaktura};
use kvitt_domain::fault::{Code, Fault, codes};
use kvitt_domain::identifiers::IdentityNumber;
use kvitt_domain::invoice::Address;
use kvitt_domain::recipient::{Recipient, RecipientType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actions::look_up::{self, Identity};
use crate::actions::move_delivery::setup_of;
use crate::api::access::Caller;
use crate::api::problem::{Answered, Problem, ProblemBody};
use crate::api::request::{Asked, InJson};
use crate::hub::Hub;

/// Whom to look for.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsumerAsked {
    /// A fødselsnummer. Used only where the company's set-up says that the law lets it, and kept nowhere.
    ssn: Option<String>,
    #[schema(format = "date")]
    date_of_birth: Option<String>,
    /// International form, such as `+4790000001`.
    phone_number: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    /// Taken and not needed: the rail has ended references.
    reference_number: Option<String>,
    /// `yes2all`, `vipps`, `dpi`, `cv`; all where none is named.
    routes: Vec<String>,
}

/// The fields of a query, of which several may be given with brackets.
const FIELDS: &[&str] =
    &["date_of_birth", "phone_number", "email", "first_name", "last_name", "postal_code", "city", "reference_number", "routes"];
const ROUTES: &[&str] = &["yes2all", "vipps", "dpi", "cv"];

/// What is known of a consumer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consumer {
    /// The id of the question: of the event that tells of it, and in the register's log. Empty where no register was asked.
    reference_id: String,
    routes: ConsumerRoutes,
}

/// By which ways.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ConsumerRoutes {
    #[serde(skip_serializing_if = "Option::is_none")]
    yes2all: Option<RouteStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vipps: Option<RouteStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpi: Option<RouteStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cv: Option<RouteStatus>,
}

/// Whether a way reaches them.
#[derive(Debug, Serialize, ToSchema)]
pub struct RouteStatus {
    /// `RECEIVING`, `NOT_RECEIVING`, `NOT_AVAILABLE` (nobody can say), `TEMPORARY_UNAVAILABLE` (ask again).
    #[schema(pattern = "^(RECEIVING|NOT_RECEIVING|NOT_AVAILABLE|TEMPORARY_UNAVAILABLE)$")]
    status: &'static str,
    /// Why so, in a sentence.
    details: String,
    /// The stable code of the reason; empty where there is none.
    code: String,
    /// The consumer's number with eFaktura. It may change at any time: an invoice is looked up anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    efaktura_identifier: Option<String>,
}

/// Says whether a consumer can be reached
///
/// A fødselsnummer is never taken in an address: use `POST` for it.
#[utoipa::path(get, path = "/v1/lookup/consumers", tag = "lookup", operation_id = "getV1LookupConsumers",
    params(("date_of_birth" = Option<String>, Query, format = Date, description = "`YYYY-MM-DD`"),
        ("phone_number" = Option<String>, Query, description = "International form"), ("email" = Option<String>, Query),
        ("first_name" = Option<String>, Query), ("last_name" = Option<String>, Query), ("postal_code" = Option<String>, Query),
        ("city" = Option<String>, Query), ("reference_number" = Option<String>, Query, description = "Taken and not needed"),
        ("routes" = Option<Vec<String>>, Query, description = "`yes2all`, `vipps`, `dpi`, `cv`; all where none is named")),
    responses((status = 200, description = "What the registers say", body = Consumer),
        (status = "4XX", description = "Nobody could be asked with this", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn consumers(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<Json<Consumer>> {
    if asked.one("ssn")?.is_some() {
        return Err(Problem::of(Fault::fatal(codes::LOOKUP_IDENTITY_IN_ADDRESS).at("ssn")));
    }
    let asked = asked.only(FIELDS)?;
    let one = |name: &str| asked.one(name).map(|value| value.map(str::to_owned));
    let asked = ConsumerAsked {
        ssn: None,
        date_of_birth: one("date_of_birth")?,
        phone_number: one("phone_number")?,
        email: one("email")?,
        first_name: one("first_name")?,
        last_name: one("last_name")?,
        postal_code: one("postal_code")?,
        city: one("city")?,
        reference_number: one("reference_number")?,
        routes: asked.many("routes").flat_map(|routes| routes.split(',')).map(str::to_owned).collect(),
    };
    answer(&hub, &caller, asked).await
}

/// Says whether a consumer can be reached, with what may stand in no address
#[utoipa::path(post, path = "/v1/lookup/consumers", tag = "lookup", operation_id = "postV1LookupConsumers",
    request_body = ConsumerAsked,
    responses((status = 200, description = "What the registers say", body = Consumer),
        (status = "4XX", description = "Nobody could be asked with this", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_consumers(
    State(hub): State<Hub>,
    caller: Caller,
    InJson(asked): InJson<ConsumerAsked>,
) -> Answered<Json<Consumer>> {
    answer(&hub, &caller, asked).await
}

async fn answer(hub: &Hub, caller: &Caller, asked: ConsumerAsked) -> Answered<Json<Consumer>> {
    if let Some(unknown) = asked.routes.iter().find(|route| !ROUTES.contains(&route.as_str())) {
        return Err(Problem::value("routes", unknown));
    }
    let wants = |route: &str| asked.routes.is_empty() || asked.routes.iter().any(|known| known == route);
    let language = caller.language();
    let not_available = |key: &str| RouteStatus {
        status: "NOT_AVAILABLE",
        details: language.text(&format!("lookup.{key}"), &[]),
        code: String::new(),
        efaktura_identifier: None,
    };
    let mut consumer = Consumer {
        reference_id: String::new(),
        routes: ConsumerRoutes {
            yes2all: None,
            vipps: wants("vipps").then(|| not_available("vipps")),
            dpi: wants("dpi").then(|| not_available("dpi")),
            cv: wants("cv").then(|| not_available("cv")),
        },
    };
    if wants("yes2all") {
        let (reference, status) = yes_to_all(hub, caller, &asked).await?;
        (consumer.reference_id, consumer.routes.yes2all) = (reference, Some(status));
    }
    Ok(Json(consumer))
}

/// Faults that the caller can mend by asking with something else.
const ASKED_WITH_TOO_LITTLE: &[Code] = &[codes::EFAKTURA_NO_LOOKUP_KEY, codes::EFAKTURA_IDENTITY_KEPT];

async fn yes_to_all(hub: &Hub, caller: &Caller, asked: &ConsumerAsked) -> Answered<(String, RouteStatus)> {
    let (recipient, identity) = recipient(asked)?;
    let told = |status, fault: &Fault| RouteStatus {
        status,
        details: fault.sentence(caller.language()),
        code: fault.code.name().to_owned(),
        efaktura_identifier: None,
    };
    let company = caller.company();
    let setup = setup_of(&mut *hub.db().read().await.map_err(Problem::from)?, company, efaktura::NAME).await?;
    let register = routes::by_name(efaktura::NAME).and_then(|route| route.register());
    let cannot = register.map(|register| register.check(&setup, &recipient)).unwrap_or_default();
    if cannot.iter().any(|fault| ASKED_WITH_TOO_LITTLE.contains(&fault.code)) {
        return Err(Problem::all(cannot));
    }
    if let Some(fault) = cannot.first() {
        return Ok((String::new(), told("NOT_AVAILABLE", fault)));
    }
    let heard = look_up::inquire(hub, company, efaktura::NAME, &recipient, identity, &caller.by()).await?;
    Ok(match heard {
        Err(why) => (String::new(), told("TEMPORARY_UNAVAILABLE", &why)),
        Ok(heard) => {
            let status = match &heard.found.answer {
                Answer::No { why } => told("NOT_RECEIVING", why),
                Answer::Unknown { why } => told("TEMPORARY_UNAVAILABLE", why),
                Answer::Yes => RouteStatus {
                    status: "RECEIVING",
                    details: caller.language().text("lookup.receiving", &[]),
                    code: String::new(),
                    efaktura_identifier: heard.found.key,
                },
            };
            (heard.message.to_string(), status)
        }
    })
}

fn recipient(asked: &ConsumerAsked) -> Answered<(Recipient, Option<Identity>)> {
    let given = |value: &Option<String>| value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let born_on = match &asked.date_of_birth {
        None => None,
        Some(text) => Some(text.parse::<Date>().map_err(|_| Problem::value("date_of_birth", text))?),
    };
    let identity = match given(&asked.ssn) {
        None => None,
        Some(text) => {
            let number = IdentityNumber::parse(&text).map_err(|fault| Problem::of(fault.at("ssn")))?.reveal();
            Some(Identity { reference: crate::ids::new_id().to_string(), number })
        }
    };
    let name = [given(&asked.first_name), given(&asked.last_name)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let recipient = Recipient {
        kind: RecipientType::Consumer,
        name,
        address: Address { postal_code: given(&asked.postal_code), city: given(&asked.city), ..Address::default() },
        email: given(&asked.email),
        phone: given(&asked.phone_number),
        born_on,
        identity_ref: identity.as_ref().map(|identity| identity.reference.clone()),
        ..Recipient::default()
    };
    Ok((recipient, identity))
}

/// Says which businesses can be reached over a network
///
/// Always refused as yet: no access point is connected, and a list without receivers would say that there are none.
#[utoipa::path(get, path = "/v1/lookup/receivers", tag = "lookup", operation_id = "getV1LookupReceivers",
    params(("network" = Vec<String>, Query, description = "Such as `PEPPOL`"), ("eia" = Option<String>, Query), ("bid" = Option<String>, Query),
        ("name" = Option<String>, Query), ("country" = Option<Vec<String>>, Query), ("document_type" = Option<Vec<String>>, Query),
        ("allow_eia_variants" = Option<String>, Query), ("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query)),
    responses((status = 422, description = "The network cannot be asked", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn receivers(_: Caller, asked: Asked) -> Answered<()> {
    let known = ["network", "eia", "bid", "name", "country", "document_type", "allow_eia_variants", "page", "per_page"];
    let asked = asked.only(&known)?;
    let networks: Vec<&str> = asked.many("network").collect();
    if networks.is_empty() {
        return Err(Problem::missing("network"));
    }
    let not_connected = |network: &&str| Fault::fatal(codes::LOOKUP_NETWORK).at("network").with("network", network);
    Err(Problem::all(networks.iter().map(not_connected).collect()))
}
