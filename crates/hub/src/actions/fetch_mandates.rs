//! Fetches the mandates of an account: when its agreement comes into force, and four times a day from then on.
//!
//! Bank files bring every change, and are read whenever they come (the bank's drop). Where there is no such drop, the rail is asked
//! about each mandate that is known, one KID at a time, which is all that its published interface offers. [`look_up`] is also what a
//! person asks for one KID: so a mandate that no file told of becomes known.

use std::time::Duration;

use futures_util::FutureExt;
use kvitt_adapters::mandates::{self, Question};
use kvitt_adapters::route::Request;
use kvitt_domain::agreement::AgreementState;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::mandate::MandateRecord;
use kvitt_domain::retry::RetryPolicy;
use serde::Serialize;

use crate::actions::apply_mandates::{apply_answer, read_anew};
use crate::actions::say;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Leased};
use crate::store::{agreement, mandate};

/// Four times a day.
pub const EVERY: Duration = Duration::from_secs(6 * 3600);

/// Questions of one run: at a second each, well within the time between two runs, and no flood for the rail.
const AT_MOST: i64 = 500;

/// Does a [`crate::store::job::Kind::FetchMandates`] job.
pub async fn fetch_mandates(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let stored = agreement::by_id(&mut *hub.db().read().await?, &company.id, &company.key, &job.subject).await?;
    let view = stored.course.agreement("");
    let (AgreementState::Active, Some(account)) = (view.state, view.account) else {
        return hub.end(job).await;
    };
    read_anew(hub, company, &account).await?;
    let config = &hub.config().avtalegiro;
    let (Some(_), None) = (&config.service, &config.files) else {
        return again(hub, job, EVERY, 0, "").await;
    };
    let mut asked = 0;
    for kid in to_ask(hub, company, &account).await? {
        let answered = say::while_leased(hub, job, look_up(hub, company, &account, &kid)).await?;
        if let Err(error) = answered {
            let Error::Refused(faults) = error else { return Err(error) };
            return stopped(hub, company, job, &faults).await;
        }
        asked += 1;
    }
    if asked > 0 {
        tell(hub, company, &account, asked).await?;
    }
    again(hub, job, EVERY, 0, "").await
}

/// The KIDs to ask about, those first that were asked about longest ago.
async fn to_ask(hub: &Hub, company: &Company, account: &str) -> Result<Vec<String>> {
    let mut db = hub.db().read().await?;
    let since = hub.clock().business_ms() - ms(EVERY) / 2;
    let known = mandate::not_looked_up_since(&mut db, &company.id, &company.key, account, since, AT_MOST).await?;
    Ok(known.into_iter().map(|known| known.mandate.kid).collect())
}

/// Asks the rail about the mandate of a KID, and applies the answer. `Refused` with a fault that passes where it did not answer, or
/// with the reason why it cannot be asked.
pub async fn look_up(hub: &Hub, company: &Company, account: &str, kid: &str) -> Result<MandateRecord> {
    let Some(service) = &hub.config().avtalegiro.service else {
        return Err(Error::refused(Fault::fatal(codes::AGREEMENT_NOT_CONFIGURED).at("avtalegiro.service")));
    };
    let (message, about) = (crate::ids::new_id(), Question { kid, bank_account: account });
    let request = Request::Http(Box::new(mandates::ask(service, message, about)));
    let counterparty = request.counterparty();
    if hub.breaker().may_call(&counterparty, hub.clock().business_ms()).is_err() {
        let text = format!("{counterparty} is being spared");
        return Err(Error::refused(Fault::fatal(codes::COUNTERPARTY_SILENT).with("text", text)));
    }
    let outgoing = say::prepare(hub, company, &request, &say::Keys::new(), &say::Drawn::default()).await?;
    let Ok(reply) = tokio::time::timeout(say::LONGEST, hub.carrier().carry(outgoing, say::no_mark())).await else {
        return Err(Error::refused(Fault::fatal(codes::COUNTERPARTY_SILENT).with("text", "no answer in time")));
    };
    let reply = reply?;
    hub.breaker().note(&counterparty, say::answered(&reply), hub.clock().business_ms());
    let record = mandates::answer(about, &reply).map_err(Error::refused)?;
    let (company, account, answered) = (company.clone(), account.to_owned(), record.clone());
    let (at, message) = (hub.clock().business(), message.to_string());
    hub.write(move |tx| {
        let (company, account, record, message) = (company.clone(), account.clone(), answered.clone(), message.clone());
        async move { apply_answer(tx, &company, &account, &record, &message, at).await }.boxed()
    })
    .await?;
    Ok(record)
}

#[derive(Serialize)]
struct Told<'a> {
    account: &'a str,
    asked: u64,
}

async fn tell(hub: &Hub, company: &Company, account: &str, asked: u64) -> Result<()> {
    let (company, account, now) = (company.clone(), account.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, account) = (company.clone(), account.clone());
        async move {
            let told = Told { account: &account, asked };
            tx.tell(NewEvent::new(&company.id, &company.key, now, "mandates.looked_up", &company.id, &told)?);
            Ok(())
        }
        .boxed()
    })
    .await
}

/// Where another provider fetches the mandates a person must know; anything else passes.
async fn stopped(hub: &Hub, company: &Company, job: &Leased, faults: &[Fault]) -> Result<()> {
    let Some(why) = faults.first() else { return again(hub, job, EVERY, 0, "").await };
    let words = without_identity_numbers(why.value("text").unwrap_or_else(|| why.code.name())).into_owned();
    if why.code == codes::MANDATE_ELSEWHERE {
        if job.faults == 0 {
            let (company, subject, why, now) = (company.clone(), job.subject.clone(), why.clone(), hub.clock().business_ms());
            hub.write(move |tx| {
                let (company, subject, why) = (company.clone(), subject.clone(), why.clone());
                async move {
                    tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &subject, &why)?);
                    Ok(())
                }
                .boxed()
            })
            .await?;
        }
        return again(hub, job, EVERY, job.faults + 1, &words).await;
    }
    let (faults, now) = (job.faults + 1, hub.clock().business());
    let next = RetryPolicy::default().next(usize::try_from(faults).unwrap_or(usize::MAX), say::seed(&job.id), now);
    let wait = next.and_then(|at| Duration::try_from(at.duration_since(now)).ok()).unwrap_or(EVERY).min(EVERY);
    again(hub, job, wait, faults, &words).await
}

async fn again(hub: &Hub, job: &Leased, wait: Duration, faults: i64, why: &str) -> Result<()> {
    let (job, due_at, why) = (job.clone(), hub.clock().business_ms() + ms(wait), why.to_owned());
    hub.write(move |tx| {
        let (job, why) = (job.clone(), why.clone());
        async move { job::again(tx, &job, due_at, faults, &why).await }.boxed()
    })
    .await
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
