//! What was sent by which route in a month: what an operator bills by, on the path that the clients of Nordic ERPs ask, and the same with
//! prices on a path of our own.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use jiff::{ToSpan, tz::TimeZone};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::access::Caller;
use crate::api::invoices::AmountShown;
use crate::api::problem::{Answered, Problem};
use crate::api::request::Asked;
use crate::hub::Hub;
use crate::store::delivery::{self, Sent};

/// A count of a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct BilledAction {
    company_id: String,
    company_name: String,
    company_bid: String,
    /// Always `Kvitt`.
    software_name: &'static str,
    /// `SEND_AVTALEGIRO`, `SEND_EFAKTURA`, `SEND_EMAIL`, `SEND_PRINT` …
    action_name: String,
    #[schema(minimum = 0)]
    action_count: i64,
}

/// What a route carried in a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct RouteCarried {
    route: String,
    /// Documents that left the house: invoices, credit notes and notices of claims.
    #[schema(minimum = 0)]
    sent: i64,
    /// What they cost by the price book of each day; one for each currency.
    cost: Vec<AmountShown>,
}

/// Counts what the company sent in a month, by route
///
/// Counted in the month, Oslo time, in which the document was accepted.
#[utoipa::path(get, path = "/api/billing/v2/reports/billing_company_transactions", tag = "billing",
    operation_id = "getApiBillingV2ReportsBillingCompanyTransactions",
    params(("year" = i64, Query, minimum = 2000, maximum = 2100), ("month" = i64, Query, minimum = 1, maximum = 12)),
    responses((status = 200, description = "A count for each route that sent anything", body = Vec<BilledAction>)))]
pub async fn transactions(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<Json<Vec<BilledAction>>> {
    let company = caller.company();
    let mut counts: Vec<BilledAction> = Vec::new();
    for carried in carried(&hub, &caller, &asked.only(&["year", "month"])?).await? {
        counts.push(BilledAction {
            company_id: company.id.clone(),
            company_name: company.name.clone(),
            company_bid: company.org_number.clone(),
            software_name: "Kvitt",
            action_name: format!("SEND_{}", carried.route.to_ascii_uppercase()),
            action_count: carried.sent,
        });
    }
    Ok(Json(counts))
}

/// Counts what the company sent in a month, by route, with what it cost
#[utoipa::path(get, path = "/v1/reports/routes", tag = "billing", operation_id = "getV1ReportsRoutes",
    params(("year" = i64, Query, minimum = 2000, maximum = 2100), ("month" = i64, Query, minimum = 1, maximum = 12)),
    responses((status = 200, description = "The routes that sent anything", body = Vec<RouteCarried>)))]
pub async fn routes(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<Json<Vec<RouteCarried>>> {
    Ok(Json(carried(&hub, &caller, &asked.only(&["year", "month"])?).await?))
}

async fn carried(hub: &Hub, caller: &Caller, asked: &Asked) -> Answered<Vec<RouteCarried>> {
    let number = |name: &'static str, range: std::ops::RangeInclusive<i64>| match asked.one(name)? {
        None => Err(Problem::missing(name)),
        Some(_) => asked.number(name, range, 0),
    };
    let (from, to) = month(number("year", 2000..=2100)?, number("month", 1..=12)?)?;
    let sent =
        delivery::sent_of_accepted(&mut *hub.db().read().await.map_err(Problem::from)?, &caller.company().id, from, to).await?;
    let mut carried: Vec<RouteCarried> = Vec::new();
    for Sent { route, count, price } in sent {
        let known = carried.iter().position(|known| known.route == route);
        let place = known.unwrap_or_else(|| {
            carried.push(RouteCarried { route, sent: 0, cost: Vec::new() });
            carried.len() - 1
        });
        carried[place].sent += count;
        carried[place].cost.extend(price.map(AmountShown::from));
    }
    Ok(carried)
}

/// The first moment of a month in Oslo and that of the next: Unix milliseconds.
fn month(year: i64, month: i64) -> Answered<(i64, i64)> {
    let refused = || Problem::value("month", month);
    let (year, month) = (i16::try_from(year).map_err(|_| refused())?, i8::try_from(month).map_err(|_| refused())?);
    let oslo = TimeZone::get("Europe/Oslo").map_err(|_| refused())?;
    let first = Date::new(year, month, 1).map_err(|_| refused())?;
    let next = first.checked_add(1.month()).map_err(|_| refused())?;
    let at = |date: Date| date.to_zoned(oslo.clone()).map(|zoned| zoned.timestamp().as_millisecond()).map_err(|_| refused());
    Ok((at(first)?, at(next)?))
}
