//! Keeps the order of routes for one customer of a company, or forgets it.

use futures_util::FutureExt;
use kvitt_domain::customer::CustomerKey;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::RouteName;

use crate::actions::add_company::faults_of_order;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::customer_order::{self, CustomerOrder};
use crate::store::event::NewEvent;

/// Keeps an order for a customer; an empty one forgets it. Every fault at once. Deliveries that have chosen their route stay on it.
pub async fn set_customer_order(hub: &Hub, company: &Company, customer: &str, order: Vec<RouteName>) -> Result<()> {
    let mut faults = faults_of_order("route_order", &order);
    let customer = match CustomerKey::parse(customer) {
        Ok(customer) if faults.is_empty() => customer,
        Ok(_) => return Err(Error::Refused(faults)),
        Err(fault) => {
            faults.insert(0, fault);
            return Err(Error::Refused(faults));
        }
    };
    let (company, now) = (company.clone(), hub.clock().business_ms());
    let wanted = CustomerOrder { customer, order };
    hub.write(move |tx| {
        let (company, wanted) = (company.clone(), wanted.clone());
        async move {
            if !wanted.order.is_empty() {
                customer_order::set(tx, &company.id, &wanted, now).await?;
            } else if !customer_order::remove(tx, &company.id, &wanted.customer).await? {
                let missing = Fault::fatal(codes::CUSTOMER_ORDER_UNKNOWN).with("customer", &wanted.customer);
                return Err(Error::refused(missing));
            }
            tx.tell(NewEvent::new(&company.id, &company.key, now, "company.customer_order_set", &company.id, &wanted)?);
            Ok(())
        }
        .boxed()
    })
    .await
}
