//! Plans a delivery and sends it on its way: the first open route that was not tried, or parked with every reason.

use std::sync::Arc;

use futures_util::FutureExt;
use kvitt_adapters::route::{AdapterError, ArtefactRole, Document};
use kvitt_domain::delivery::{AttemptId, Event, State};
use kvitt_domain::fault::Fault;
use kvitt_domain::plan::{Plan, Rung, Standing, Verdict};

use crate::actions::freeze_rendition::{self, NewRendition};
use crate::actions::move_delivery::{Move, move_delivery};
use crate::actions::plan_invoice::{Known, pdf_bytes};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::delivery::{StoredAttempt, StoredDelivery};
use crate::store::invoice::StoredInvoice;
use crate::store::job::{self, Leased};
use crate::store::{Tx, artefact, delivery, invoice};

struct Prepared {
    before: StoredDelivery,
    stored: StoredInvoice,
    plan: Plan,
    rendition: Option<NewRendition>,
    now: i64,
}

/// Does a [`job::Kind::ChooseRoute`] job.
pub async fn choose_route(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let prepared = Arc::new(prepare(hub, company, job).await?);
    let (company, job, machine_now) = (company.clone(), job.clone(), hub.clock().machine_ms());
    hub.write(move |tx| {
        let (company, job, prepared) = (company.clone(), job.clone(), prepared.clone());
        async move {
            job::hold(tx, &job, machine_now).await?;
            write(tx, &company, &job, &prepared).await?;
            let after = delivery::by_id(tx.db(), &company.id, &company.key, &job.subject).await?;
            match after.delivery.state {
                State::Waiting { until, why } => job::again(tx, &job, until.as_millisecond(), 0, why.code.name()).await,
                _ => job::end(tx, &job, prepared.now).await,
            }
        }
        .boxed()
    })
    .await
}

async fn prepare(hub: &Hub, company: &Company, job: &Leased) -> Result<Prepared> {
    let now = hub.clock().business();
    let mut db = hub.db().read().await?;
    let before = delivery::by_id(&mut db, &company.id, &company.key, &job.subject).await?;
    let stored = invoice::by_id(&mut db, &company.id, &company.key, &before.invoice).await?;
    let known = Known::read(&mut db, company, &stored.body.recipient).await?;
    let files = artefact::of_invoice(&mut db, &company.id, &stored.id, None).await?;
    drop(db);
    let body = &stored.body;
    let bytes_of = |role| files.iter().filter(move |file| file.role == role).map(|file| file.bytes);
    // The attachments of a stored invoice are artefacts: their bytes are counted here, as they were with the document itself.
    let enclosed: u64 = bytes_of(ArtefactRole::Attachment).sum();
    let letter_bytes = pdf_bytes(bytes_of(ArtefactRole::Pdf).next()) + enclosed;
    let document =
        Document { invoice: &body.invoice, recipient: &body.recipient, metadata: &body.metadata, pdf_bytes: letter_bytes };
    let plan = known.plan(hub, Some(company), &document, &body.broken_rules, &before.delivery.tried, now);
    let rendition = match plan.chosen() {
        Some(_) => freeze_rendition::render(hub, company, &stored).await?,
        None => None,
    };
    Ok(Prepared { before, stored, plan, rendition, now: now.as_millisecond() })
}

async fn write(tx: &mut Tx<'_>, company: &Company, job: &Leased, prepared: &Prepared) -> Result<()> {
    let Prepared { before, stored, plan, rendition, now } = prepared;
    let what = Move { company, delivery: &before.id, urgency: job.urgency, now: *now };
    let current = delivery::by_id(tx.db(), &company.id, &company.key, &before.id).await?;
    if current.version != before.version {
        // Something happened since the plan was made; the job runs again and plans on what is true then.
        return Err(Error::Conflict);
    }
    match current.delivery.state {
        State::Waiting { .. } => {
            move_delivery(tx, &what, Event::Woken).await?;
        }
        State::Choosing => {}
        // It was cancelled, or another run of this job chose before: nothing is left to choose.
        _ => return Ok(()),
    }
    delivery::insert_plan(tx, &company.id, &company.key, &before.id, plan).await?;
    let Some(rung) = plan.chosen() else {
        move_delivery(tx, &what, Event::NoRouteOpen { why: reasons(plan) }).await?;
        return Ok(());
    };
    let Verdict::Open { price, .. } = &rung.verdict else {
        return Err(AdapterError::Log(format!("the register that {} needs is not part of this version", rung.route)).into());
    };
    if let Some(rendition) = rendition {
        freeze_rendition::freeze(tx, company, stored, rendition, *now).await?;
    }
    let attempt = StoredAttempt {
        id: AttemptId(uuid::Uuid::now_v7()),
        delivery: before.id.clone(),
        invoice: before.invoice.clone(),
        number: delivery::attempts(tx.db(), &company.id, &company.key, &before.id).await?.len() as i64 + 1,
        route: rung.route.as_str().to_owned(),
        price: *price,
        give_up_at: give_up_at(plan, rung),
        word: None,
        opened_at: *now,
    };
    delivery::insert_attempt(tx, &company.id, &attempt).await?;
    move_delivery(tx, &what, Event::RouteChosen { route: rung.route.clone(), attempt: attempt.id }).await?;
    Ok(())
}

/// The due-date budget: an outage may hold the document until the next open route must be used to be in time; where there is
/// no next one, until this route's own last moment.
fn give_up_at(plan: &Plan, chosen: &Rung) -> Option<i64> {
    let latest = |rung: &Rung| match rung.verdict {
        Verdict::Open { latest_send_at, .. } => latest_send_at.map(|at| at.as_millisecond()),
        Verdict::Closed { .. } | Verdict::NeedsLookup { .. } => None,
    };
    match plan.rungs.iter().find(|rung| rung.standing == Standing::InReserve) {
        Some(next) => latest(next),
        None => latest(chosen),
    }
}

fn reasons(plan: &Plan) -> Vec<Fault> {
    let closed = plan.rungs.iter().filter_map(|rung| match &rung.verdict {
        Verdict::Closed { reasons } => Some(reasons),
        Verdict::Open { .. } | Verdict::NeedsLookup { .. } => None,
    });
    closed.flatten().cloned().collect()
}
