//! Does one claimed job, and sees to it that it is ended, given back or put aside whatever happens.

use futures_util::FutureExt;

use crate::actions;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Leased};

/// After an error of ours a job waits this long, times how often it got nowhere.
const AFTER_ERROR_MS: i64 = 2_000;

/// Does a job. Errors are dealt with here: nobody waits for them.
pub async fn run(hub: &Hub, job: Leased) {
    // A panic in an action must not take the worker with it, and counts as an error of ours.
    let outcome = std::panic::AssertUnwindSafe(perform(hub, &job)).catch_unwind().await;
    let error = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(Error::LeaseLost | Error::Stopping)) => return,
        Ok(Err(error)) => error,
        Err(_) => Error::Damaged("the program failed at this job".into()),
    };
    tracing::error!(job = %job.id, kind = job.kind.name(), subject = %job.subject, error = &error as &dyn std::error::Error, "a job failed");
    if let Err(error) = set_aside(hub, &job, &error).await {
        // The lease ends by itself and another run finds the job.
        tracing::error!(job = %job.id, error = &error as &dyn std::error::Error, "a failed job could not be given back");
    }
}

async fn perform(hub: &Hub, job: &Leased) -> Result<()> {
    if job.runs > job::RUNS {
        return Err(Error::Damaged(format!("this job was begun {} times and never got anywhere", job.runs - 1)));
    }
    let company = company::by_id(&mut *hub.db().read().await?, hub.vault(), &job.company).await?;
    match job.kind {
        Kind::ChooseRoute => actions::choose_route::choose_route(hub, &company, job).await,
        Kind::CloseLot => actions::close_lot::close_lot(hub, &company, job).await,
        Kind::Converse => actions::converse::converse(hub, &company, job).await,
    }
}

/// An adapter that cannot go on will not go on next time either; everything else is tried again, up to a limit.
async fn set_aside(hub: &Hub, job: &Leased, error: &Error) -> Result<()> {
    let for_ever = matches!(error, Error::Adapter(_)) || job.runs >= job::RUNS;
    let why = with_causes(error);
    let now = hub.clock().business_ms();
    let company = company::by_id(&mut *hub.db().read().await?, hub.vault(), &job.company).await?;
    let job = job.clone();
    hub.write(move |tx| {
        let (job, why, company) = (job.clone(), why.clone(), company.clone());
        async move {
            if for_ever {
                tx.tell(NewEvent::new(&company.id, &company.key, now, "job.stuck", &job.subject, &why)?);
                job::stick(tx, &job, &why).await
            } else {
                job::again_after_error(tx, &job, now + AFTER_ERROR_MS * job.runs, &why).await
            }
        }
        .boxed()
    })
    .await
}

fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
