//! Asks whoever must be asked about an agreement, hears what they say, and looks again when it is time: the payment service, and
//! the signing service where another provider has the agreement.
//!
//! What is said is written down before it is said, in the log under the agreement's id, and the answer after. A process that dies in
//! between asks again: the question before an order, the service's own memory of an order, and the key of a signing request make
//! that harmless.

use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use kvitt_adapters::agreements::{self, Matter};
use kvitt_adapters::route::{HttpRequest, Reply, Request, Sender};
use kvitt_domain::agreement::course::{Event, LOOK_EVERY, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::retry::RetryPolicy;
use uuid::Uuid;

use crate::actions::move_agreement::{Move, move_agreement};
use crate::actions::say;
use crate::error::Result;
use crate::hub::Hub;
use crate::store::agreement::{self, StoredAgreement};
use crate::store::company::Company;
use crate::store::consignment;
use crate::store::job::{self, Leased};

/// Does a [`crate::store::job::Kind::AdvanceAgreement`] job: one question and what follows from its answer.
pub async fn advance_agreement(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let stored = agreement::by_id(&mut *hub.db().read().await?, &company.id, &company.key, &job.subject).await?;
    let at = hub.clock().business();
    if let State::Spreading { until } = stored.course.state
        && until <= at
    {
        return go_on(hub, company, job, Some(Event::SpreadOver { at }), None).await;
    }
    let sender = Sender { name: company.name.clone(), org_number: company.org_number.clone() };
    let config = &hub.config().avtalegiro;
    let (Some(service), Ok(id)) = (&config.service, Uuid::parse_str(&stored.id)) else {
        let why = Fault::fatal(codes::AGREEMENT_NOT_CONFIGURED).at("avtalegiro.service").with("text", "avtalegiro.service");
        return later(hub, job, &why).await;
    };
    let signs = matches!(stored.course.state, State::RequestingSignature { .. } | State::WaitingForSignature { .. });
    if signs && config.signing.is_none() {
        let why = Fault::fatal(codes::AGREEMENT_NOT_CONFIGURED).at("avtalegiro.signing").with("text", "avtalegiro.signing");
        return later(hub, job, &why).await;
    }
    let matter = Matter {
        id,
        course: &stored.course,
        company: &sender,
        customer_unit: config.customer_unit(),
        service,
        signing: config.signing.as_deref().unwrap_or_default(),
        language: company.settings.language,
    };
    let Some(request) = agreements::next(&matter, crate::ids::new_id()) else {
        return go_on(hub, company, job, None, None).await;
    };
    let reply = match say(hub, company, job, &stored, request).await? {
        Ok(reply) => reply,
        Err(why) => return later(hub, job, &why).await,
    };
    match agreements::heard(&matter, &reply, hub.clock().business()) {
        Ok(event) => go_on(hub, company, job, event, Some(&stored)).await,
        Err(why) => later(hub, job, &why).await,
    }
}

/// Writes it down, says it, writes the answer down. The inner error is a fault that passes: it was not said.
async fn say(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    stored: &StoredAgreement,
    request: HttpRequest,
) -> Result<std::result::Result<Reply, Fault>> {
    let request = Request::Http(Box::new(request));
    let counterparty = request.counterparty();
    if hub.breaker().may_call(&counterparty, hub.clock().business_ms()).is_err() {
        let text = format!("{counterparty} is being spared");
        return Ok(Err(Fault::fatal(codes::COUNTERPARTY_SILENT).with("text", text)));
    }
    let outgoing = say::prepare(hub, company, &request, &say::Keys::new(), &say::Drawn::default()).await?;
    let (begun, agreement, leased) = (company.clone(), stored.id.clone(), job.clone());
    let (now, machine_now) = (hub.clock().business_ms(), hub.clock().machine_ms());
    let number = hub
        .write(move |tx| {
            let (company, agreement, request, leased) = (begun.clone(), agreement.clone(), request.clone(), leased.clone());
            async move {
                job::hold(tx, &leased, machine_now).await?;
                consignment::begin_exchange(tx, &company.id, &company.key, &agreement, &request, now, machine_now).await
            }
            .boxed()
        })
        .await?;
    let limited = tokio::time::timeout(say::LONGEST, hub.carrier().carry(outgoing, say::no_mark()));
    let reply = match say::while_leased(hub, job, limited).await? {
        Ok(reply) => reply?,
        Err(_) => Reply::Silence { sent: kvitt_adapters::route::Sent::Unknown, what: "no answer in time".to_owned() },
    };
    hub.breaker().note(&counterparty, say::answered(&reply), hub.clock().business_ms());
    let (company, agreement, answer) = (company.clone(), stored.id.clone(), reply.clone());
    hub.write(move |tx| {
        let (company, agreement, answer) = (company.clone(), agreement.clone(), answer.clone());
        async move { consignment::record_reply(tx, &company.id, &company.key, &agreement, number, &answer).await }.boxed()
    })
    .await?;
    Ok(Ok(reply))
}

/// Applies what was heard and gives the job back until it is time to ask again, or ends it. A person may have moved the agreement
/// while it was asked about: then what was heard is of a state that is gone, and is asked anew.
async fn go_on(hub: &Hub, company: &Company, job: &Leased, event: Option<Event>, asked: Option<&StoredAgreement>) -> Result<()> {
    let (company, job, now) = (company.clone(), job.clone(), hub.clock().business_ms());
    let customer_unit = hub.config().avtalegiro.customer_unit().to_owned();
    let asked_version = asked.map(|asked| asked.version);
    hub.write(move |tx| {
        let (company, job, event, customer_unit) = (company.clone(), job.clone(), event.clone(), customer_unit.clone());
        async move {
            let before = agreement::by_id(tx.db(), &company.id, &company.key, &job.subject).await?;
            let is_current = asked_version.is_none_or(|version| version == before.version);
            let from = before.course.state.clone();
            let after = match event.filter(|_| is_current) {
                Some(event) => {
                    let what = Move { company: &company, customer_unit: &customer_unit, now };
                    move_agreement(tx, &what, &before, event).await?
                }
                None => before.course,
            };
            match after.asks_after() {
                None => job::end(tx, &job, now).await,
                // The same is to be said again at once: it got an answer that moves nothing, and will get it again.
                Some(Duration::ZERO) if is_current && after.state == from => {
                    job::again(tx, &job, now + ms(LOOK_EVERY), 0, "").await
                }
                Some(after) => job::again(tx, &job, now + ms(after), 0, "").await,
            }
        }
        .boxed()
    })
    .await
}

/// After a fault that passes: by the retry policy at first, later as often as for news.
async fn later(hub: &Hub, job: &Leased, why: &Fault) -> Result<()> {
    let now: Timestamp = hub.clock().business();
    let faults = job.faults + 1;
    let next = RetryPolicy::default().next(usize::try_from(faults).unwrap_or(usize::MAX), say::seed(&job.id), now);
    let at_most = now.as_millisecond() + ms(LOOK_EVERY);
    let due_at = next.map_or(at_most, |at| at.as_millisecond().min(at_most));
    let said = why.value("text").unwrap_or_else(|| why.code.name());
    let (job, why) = (job.clone(), without_identity_numbers(said).into_owned());
    hub.write(move |tx| {
        let (job, why) = (job.clone(), why.clone());
        async move { job::again(tx, &job, due_at, faults, &why).await }.boxed()
    })
    .await
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
