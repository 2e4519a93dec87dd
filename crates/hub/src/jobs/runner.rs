//! Does one claimed job, and sees to it that it is ended, given back or put aside whatever happens.

use futures_util::FutureExt;
use kvitt_domain::identifiers::without_identity_numbers;
use tracing::Instrument as _;

use crate::actions;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Leased};

/// After an error of ours a job waits this long, twice as long each time that it got nowhere again…
const AFTER_ERROR_MS: i64 = 2_000;
/// …but never longer than this.
const AFTER_ERRORS_AT_MOST_MS: i64 = 30 * 60_000;

/// Does a job. Errors are dealt with here: nobody waits for them.
pub async fn run(hub: &Hub, job: Leased) {
    // A panic in an action must not take the worker with it, and counts as an error of ours.
    // Every line of the log that is written on the way says for which job: its subject is the delivery or the consignment.
    let span = tracing::info_span!("job", job = %job.id, kind = job.kind.name(), subject = %job.subject, company = %job.company);
    let outcome = std::panic::AssertUnwindSafe(perform(hub, &job)).catch_unwind().instrument(span).await;
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
        Kind::LookUp => actions::look_up::look_up(hub, &company, job).await,
        Kind::AdvanceAgreement => actions::advance_agreement::advance_agreement(hub, &company, job).await,
        Kind::FetchMandates => actions::fetch_mandates::fetch_mandates(hub, &company, job).await,
        Kind::WatchClaims => actions::watch_claims::watch_claims(hub, &company, job).await,
        Kind::TellWebhook => actions::tell_webhook::tell_webhook(hub, &company, job).await,
        Kind::FinaliseDraft => actions::finalise_draft::finalise_draft(hub, &company, job).await,
        Kind::RepeatDraft => actions::repeat_draft::repeat_draft(hub, &company, job).await,
        Kind::DoBulk => Box::pin(actions::bulk::do_bulk(hub, &company, job)).await,
    }
}

/// An adapter that cannot go on will not go on next time either, and what fails ten times over half an hour needs a person.
/// A database or disk that fails is not the job's fault: it waits for as long as that lasts, and its runs stay below the limit.
async fn set_aside(hub: &Hub, job: &Leased, error: &Error) -> Result<()> {
    let excused = matches!(error, Error::Database(_) | Error::NotCommitted(_) | Error::Io { .. } | Error::Conflict);
    let for_ever = matches!(error, Error::Adapter(_)) || (!excused && job.runs >= job::RUNS);
    // The causes may quote a counterparty or a sender; a fødselsnummer among their words stays out of the row.
    let why = without_identity_numbers(&with_causes(error)).into_owned();
    let now = hub.clock().business_ms();
    if !for_ever {
        let wait = AFTER_ERROR_MS.saturating_mul(1 << job.runs.clamp(0, 20)).min(AFTER_ERRORS_AT_MOST_MS);
        let runs = if excused { job.runs.min(job::RUNS - 1) } else { job.runs };
        let mut job = job.clone();
        job.runs = runs;
        return hub
            .write(move |tx| {
                let (job, why) = (job.clone(), why.clone());
                async move { job::again_after_error(tx, &job, now + wait, &why).await }.boxed()
            })
            .await;
    }
    let company = company::by_id(&mut *hub.db().read().await?, hub.vault(), &job.company).await.ok();
    if let (Some(company), Kind::Converse) = (&company, job.kind)
        && actions::converse::give_up(hub, company, job).await.is_ok()
    {
        return Ok(());
    }
    let job = job.clone();
    hub.write(move |tx| {
        let (job, why, company) = (job.clone(), why.clone(), company.clone());
        async move {
            // Without the company's key nothing can be told, but the job is put aside and counted all the same.
            if let Some(company) = company {
                tx.tell(NewEvent::new(&company.id, &company.key, now, "job.stuck", &job.subject, &why)?);
            }
            job::stick(tx, &job, &why).await
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
