//! The order of routes that a company keeps for one of its customers.

use kvitt_domain::customer::CustomerKey;
use kvitt_domain::plan::RouteName;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const SET: &str = "INSERT INTO customer_route_order (company_id, customer, route_order, changed_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (company_id, customer) DO UPDATE SET route_order = $3, changed_at = $4";
const REMOVE: &str = "DELETE FROM customer_route_order WHERE company_id = $1 AND customer = $2";
const OF: &str = "SELECT route_order FROM customer_route_order WHERE company_id = $1 AND customer = $2";
const ALL: &str =
    "SELECT customer, route_order FROM customer_route_order WHERE company_id = $1 AND customer > $2 ORDER BY customer LIMIT $3";

/// One customer's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerOrder {
    /// The customer.
    pub customer: CustomerKey,
    /// The routes, in order; one alone means no fallback.
    pub order: Vec<RouteName>,
}

/// Keeps an order for a customer, in place of the one that was there.
pub async fn set(tx: &mut Tx<'_>, company: &str, wanted: &CustomerOrder, now: i64) -> Result<()> {
    let order = serde_json::to_string(&wanted.order).map_err(|cause| Error::Damaged(format!("a route order: {cause}")))?;
    sqlx::query(SET).bind(company).bind(wanted.customer.to_string()).bind(order).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// Forgets a customer's order. Answers whether there was one.
pub async fn remove(tx: &mut Tx<'_>, company: &str, customer: &CustomerKey) -> Result<bool> {
    let removed = sqlx::query(REMOVE).bind(company).bind(customer.to_string()).execute(tx.db()).await?;
    Ok(removed.rows_affected() == 1)
}

/// The order of the first of these keys that has one: of an invoice's keys, the surest comes first.
pub async fn of(db: &mut AnyConnection, company: &str, keys: &[CustomerKey]) -> Result<Option<Vec<RouteName>>> {
    for key in keys {
        let order: Option<String> = sqlx::query_scalar(OF).bind(company).bind(key.to_string()).fetch_optional(&mut *db).await?;
        if let Some(order) = order {
            return read(key.to_string(), &order).map(Some);
        }
    }
    Ok(None)
}

/// At most `limit` orders of a company, by the text of their keys, after one of them; an empty text is before all.
pub async fn page(db: &mut AnyConnection, company: &str, after: &str, limit: i64) -> Result<Vec<CustomerOrder>> {
    let rows = sqlx::query(ALL).bind(company).bind(after).bind(limit).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let (customer, order): (String, String) = (row.try_get("customer")?, row.try_get("route_order")?);
            let order = read(customer.clone(), &order)?;
            let customer = CustomerKey::parse(&customer).map_err(|_| Error::Damaged(format!("{customer} is no customer")))?;
            Ok(CustomerOrder { customer, order })
        })
        .collect()
}

fn read(customer: String, order: &str) -> Result<Vec<RouteName>> {
    serde_json::from_str(order).map_err(|cause| Error::Damaged(format!("the route order of {customer}: {cause}")))
}
