//! The API: what programs ask for over HTTP, in the shapes that Nordic ERPs already speak, and on the same paths what those never told.
//!
//! A request passes [`access`] (who calls, and may it) and reaches one operation; [`scopes`] is the table of all of them. What goes
//! wrong is a [`problem`], whatever it is. The OpenAPI document is made from the operations and lies in `docs/openapi.json`; a test
//! holds it to the router, and every operation to the table.

pub mod access;
pub mod billing;
pub mod companies;
pub mod events;
pub mod faults;
pub mod invoices;
pub mod lookup;
pub mod notifications;
pub mod oauth;
pub mod paging;
pub mod payments;
pub mod plans;
pub mod problem;
pub mod profiles;
pub mod repeat;
pub mod request;
pub mod scopes;
pub mod services;
pub mod tokens;
pub mod users;

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use kvitt_domain::fault::{Fault, codes};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::api::access::Limits;
use crate::api::problem::Problem;
use crate::api::scopes::{OPERATIONS, SCOPES, Wants};
use crate::hub::Hub;

/// The API of a hub.
pub fn router(hub: &Hub) -> Router {
    let limits = Arc::new(Limits::new(hub.config().api.requests_per_second));
    let (operations, document) = operations().split_for_parts();
    let document = Arc::new(finished(document));
    let guard = middleware::from_fn_with_state((hub.clone(), limits), access::authorise);
    let once = middleware::from_fn_with_state(hub.clone(), repeat::once);
    // The last is the first that a request meets: who asks is known before what was answered to them.
    let operations =
        operations.method_not_allowed_fallback(wrong_method).route_layer(once).route_layer(guard).with_state(hub.clone());
    let describe = axum::routing::get(move || async move { Json(document.as_ref().clone()) });
    operations.route("/openapi.json", describe).merge(viewer()).fallback(no_such_path)
}

/// The document to look at and to try, at `/docs`. Whoever signs in there does so in that tab alone: nothing of it is kept.
fn viewer() -> Router {
    // It styles its elements itself and draws its icons from data.
    const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
    let config = Config::new(["/openapi.json"]).persist_authorization(false).try_it_out_enabled(true).filter(true);
    let policy = middleware::map_response(async |mut response: Response| {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        response
    });
    Router::from(SwaggerUi::new("/docs").config(config)).layer(policy)
}

/// The OpenAPI document, with what each operation wants of its caller and how it refuses.
pub fn document() -> OpenApi {
    finished(operations().into_openapi())
}

fn operations() -> OpenApiRouter<Hub> {
    OpenApiRouter::with_openapi(OpenApi::default())
        .routes(routes!(oauth::token))
        .routes(routes!(oauth::current))
        .routes(routes!(oauth::authenticated))
        .routes(routes!(oauth::jwk))
        .routes(routes!(faults::list))
        .routes(routes!(faults::get))
        .routes(routes!(events::get))
        .routes(routes!(notifications::list, notifications::post))
        .routes(routes!(notifications::get, notifications::delete))
        .routes(routes!(notifications::enable))
        .routes(routes!(notifications::log))
        .routes(routes!(notifications::replay))
        .routes(routes!(notifications::rotate))
        .routes(routes!(notifications::test))
        .routes(routes!(plans::post))
        .routes(routes!(invoices::send::post, invoices::list::get))
        .routes(routes!(invoices::bulk::post))
        .routes(routes!(invoices::read::get, invoices::send::put))
        .routes(routes!(invoices::read::get_file))
        .routes(routes!(invoices::follow::actions))
        .routes(routes!(invoices::follow::delivery))
        .routes(routes!(invoices::evidence::get))
        .routes(routes!(invoices::follow::recall))
        .routes(routes!(services::b2cno))
        .routes(routes!(services::consumers))
        .routes(routes!(services::company_consumers))
        .routes(routes!(invoices::reroute::print))
        .routes(routes!(invoices::reroute::email))
        .routes(routes!(invoices::reroute::einvoice))
        .routes(routes!(payments::of_invoice))
        .routes(routes!(payments::list))
        .routes(routes!(payments::decide))
        .routes(routes!(lookup::consumers, lookup::post_consumers))
        .routes(routes!(lookup::receivers))
        .routes(routes!(companies::list))
        .routes(routes!(companies::status))
        .routes(routes!(companies::authorization))
        .routes(routes!(companies::get, companies::patch))
        .routes(routes!(users::list, users::post))
        .routes(routes!(users::get, users::patch, users::delete))
        .routes(routes!(users::post_role))
        .routes(routes!(profiles::list, profiles::post))
        .routes(routes!(profiles::get, profiles::patch, profiles::delete))
        .routes(routes!(billing::transactions))
        .routes(routes!(billing::routes))
        .routes(routes!(services::atg, services::order::post))
        .routes(routes!(services::atg_of, services::order::patch))
        .routes(routes!(services::mandates))
}

/// What no operation says of itself: who may call it, how it refuses, what the whole is.
fn finished(document: OpenApi) -> OpenApi {
    const NAME: &str = "oauth2";
    let scopes = SCOPES
        .iter()
        .map(|scope| (scope.name, if scope.meaning.is_empty() { "Granted; no operation wants it yet." } else { scope.meaning }));
    let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth2/token", Scopes::from_iter(scopes)));
    let info = InfoBuilder::new()
        .title("Kvitt")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Invoices to recipients by the best route that they can receive. Every refusal is a problem with a stable code; /v1/faults has them all."))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let mut document = OpenApiBuilder::from(document).info(info).build();
    let components = document.components.get_or_insert_with(Default::default);
    components.add_security_scheme(NAME, SecurityScheme::OAuth2(OAuth2::new([flow])));
    for described in OPERATIONS {
        let Some(item) = document.paths.paths.get_mut(described.path) else { continue };
        let slot = match described.method {
            Method::GET => &mut item.get,
            Method::POST => &mut item.post,
            Method::PUT => &mut item.put,
            Method::PATCH => &mut item.patch,
            _ => &mut item.delete,
        };
        let Some(operation) = slot else { continue };
        let wanted: &[&[&str]] = match described.wants {
            Wants::Nothing => &[],
            Wants::Token => &[&[]],
            Wants::OneOf(_) => &[],
        };
        let mut security: Vec<SecurityRequirement> =
            wanted.iter().map(|scopes| SecurityRequirement::new(NAME, scopes.iter().copied())).collect();
        if let Wants::OneOf(one_of) = described.wants {
            security.extend(one_of.iter().map(|scope| SecurityRequirement::new(NAME, [*scope])));
        }
        operation.security = Some(security);
        refuses(operation, described.wants);
    }
    document
}

/// Adds the refusals that every operation has.
fn refuses(operation: &mut Operation, wants: Wants) {
    let problem = |description: &str| {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        ResponseBuilder::new().description(description).content("application/problem+json", content).build()
    };
    let responses = &mut operation.responses.responses;
    if !responses.contains_key("4XX") {
        responses.insert("4XX".to_owned(), problem("Not done, and why").into());
    }
    if wants != Wants::Nothing {
        responses.insert("401".to_owned(), problem("No token, or not a good one").into());
        responses.insert("403".to_owned(), problem("The token has no scope for this").into());
    }
    responses.insert("429".to_owned(), problem("Too many requests; Retry-After says when the next is answered").into());
    responses.insert("503".to_owned(), problem("The hub is stopping").into());
}

async fn no_such_path() -> Response {
    Problem::of(Fault::fatal(codes::PATH_UNKNOWN)).into_response()
}

async fn wrong_method(method: Method) -> Response {
    let mut response = Problem::of(Fault::fatal(codes::METHOD_UNKNOWN).with("method", method)).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
