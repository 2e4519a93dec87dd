//! Closes a lot whose time has come, unless it was full before.

use futures_util::FutureExt;

use crate::actions::move_delivery::{self, Closing, Late};
use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::consignment;
use crate::store::job::{self, Leased};

/// Does a [`job::Kind::CloseLot`] job.
pub async fn close_lot(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let (company, job) = (company.clone(), job.clone());
    let now = hub.clock().business_ms();
    hub.write(move |tx| {
        let (company, job) = (company.clone(), job.clone());
        async move {
            let lot = consignment::by_id(tx.db(), &company.id, &job.subject).await?;
            if let Some(lot) = lot.filter(|lot| lot.state == "open") {
                let what = Closing { lot: &job.subject, route: &lot.route, urgency: job.urgency, late: Late::MovesOn, now };
                move_delivery::close_lot(tx, &company, &what).await?;
            }
            job::end(tx, &job, now).await
        }
        .boxed()
    })
    .await
}
