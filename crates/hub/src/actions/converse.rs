//! Speaks with a counterparty about one consignment: asks its adapter what is known and what to say, writes that down, says
//! it, writes the answer down, and asks again, until there is nothing more to say or it must wait.
//!
//! Three steps that are never mixed: the exchange is written, it is done with no transaction open, its reply is recorded.
//! After a crash an exchange without a reply reads as silence, and the adapter decides what that means.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use kvitt_adapters::route::{Consignment, Entry, Learned, Member, Reply, Request, Route, Sender, Sent, Step, Then};
use kvitt_adapters::routes;
use kvitt_adapters::routes::avtalegiro;
use kvitt_domain::delivery::{AttemptId, Event, State, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::retry::RetryPolicy;
use tracing::Instrument as _;

use crate::actions::look_back::{self, Earlier, Journeys};
use crate::actions::move_delivery::{Move, claim_of, move_from};
use crate::actions::say::{self, Keys, seed, while_leased};
use crate::actions::{claims, look_up, open_bill, plan_invoice};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::artefact::Sealed;
use crate::store::company::Company;
use crate::store::consignment::{self, StoredEntry};
use crate::store::delivery::StoredAttempt;
use crate::store::event::NewEvent;
use crate::store::job::{self, Leased};
use crate::store::suppression::{self, Suppressed};
use crate::store::{Tx, artefact, delivery, invoice, transmission};
use crate::transport::Committing;

/// A reply that is known must reach the log: a doubt that nobody needed to have is worse than waiting for the database.
const RECORD_AGAIN: Duration = Duration::from_secs(2);
/// How much longer a spared counterparty's letters wait for each time they have waited already: a quarter of it, so that ten
/// thousand letters of a day-long outage do not ask every minute.
const SPARED_SHARE: i64 = 4;
/// And never longer than this. The second half of each wait is chance, so that those that came together do not come back together
/// every time: whoever else has something to say would wait behind all of them.
const SPARED_AT_MOST_MS: i64 = 30 * 60_000;
/// Members whose words one transaction hears, so that a lot of a thousand does not keep all other writers waiting.
const HEARD_AT_A_TIME: usize = 40;
/// Deliveries that a line of the log names at most.
const SHOWN: usize = 5;

/// One consignment as it is worked on. Only its log grows: a closed lot never changes.
struct Conversation {
    route: &'static dyn Route,
    consignment: Consignment,
    attempts: Vec<StoredAttempt>,
    /// The attempts that may have been accepted on an earlier journey: a person had them repeated while that was in doubt.
    doubtful: Vec<AttemptId>,
    log: Vec<StoredEntry>,
    /// The words that were heard already, by attempt.
    heard: HashMap<AttemptId, Word>,
    /// The attempts whose payers were told of their claims, as far as this run knows.
    told: HashSet<AttemptId>,
    /// Whether nothing more is to be said, whatever still arrives.
    finished: bool,
}

impl Conversation {
    fn entries(&self) -> Vec<Entry> {
        self.log.iter().map(|stored| stored.entry.clone()).collect()
    }

    /// Whether a person wants one of it called back: then something is said although all have moved on.
    fn is_called_back(&self) -> bool {
        self.log.iter().any(|stored| matches!(stored.entry, Entry::CallBack { .. }))
    }

    /// Whether something that is to be said hands over what it travels with.
    fn hands_over(&self, then: &Then) -> bool {
        match then {
            Then::Send(request) | Then::SendAt { request, .. } | Then::Retry { request, .. } => {
                routes::hands_over(&self.consignment, request)
            }
            Then::Finished => false,
        }
    }

    /// The claims in it that would be handed in too late now: the lot was closed in time, but not said.
    fn late(&self, now: Timestamp) -> Vec<AttemptId> {
        avtalegiro::late(&self.consignment, now)
    }

    /// When the last line was entered, on the business clock.
    fn last_at(&self) -> Timestamp {
        self.log.last().map_or(self.consignment.closed_at, |stored| stored.entry.at())
    }

    /// The number of the last line that was read.
    fn last_entry(&self) -> i64 {
        self.log.last().map_or(0, |stored| stored.number)
    }

    /// Who wanted an attempt back last.
    fn wanted_back_by(&self, of: AttemptId) -> Option<&str> {
        self.log.iter().rev().find_map(|stored| match &stored.entry {
            Entry::CallBack { attempt, by, .. } if *attempt == of => Some(by.as_str()),
            _ => None,
        })
    }
}

/// Does a [`job::Kind::Converse`] job.
pub async fn converse(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    // The waiting time that this job was given has passed for so many faults in a row; it is used up by the first request.
    let mut waited_for = Some(job.faults);
    let Some(mut conversation) = load(hub, company, &job.subject).await? else {
        // Something arrived for an attempt that travels again, in a lot that is still open: its time will come.
        return hub.end(job).await;
    };
    loop {
        if let Some(unanswered) = conversation.log.iter().find(|entry| !entry.answered) {
            record_crash(hub, company, job, unanswered).await?;
            conversation.log = log(hub, company, job).await?;
            continue;
        }
        let mut step = conversation.route.next(&conversation.consignment, &conversation.entries())?;
        hear_ahead(hub, company, job, &mut conversation, &mut step).await?;
        if conversation.hands_over(&step.then) && all_tell_of_nothing(hub, company, &conversation).await? {
            let withdrawn = |attempt: &StoredAttempt| (attempt.id, Word::Withdrawn { by: claims::BY.to_owned() });
            step.known.extend(conversation.attempts.iter().map(withdrawn));
            return finish(hub, company, job, &conversation, step).await;
        }
        if !conversation.finished && conversation.hands_over(&step.then) && !conversation.late(hub.clock().business()).is_empty()
        {
            let why = Fault::fatal(codes::ROUTE_TOO_LATE).with("route", conversation.route.name());
            let waiting = Waiting { due_at: Some(hub.clock().business_ms()), faults: job.faults, why };
            return wait_or_move_on(hub, company, job, &conversation, step, waiting).await;
        }
        let said = match step.then.clone() {
            Then::Finished => return finish(hub, company, job, &conversation, step).await,
            // Its members have moved on. What arrived is heard, and nothing is said that nobody waits for; least of all is anything
            // handed over: some of them may travel elsewhere.
            then if conversation.finished && (!conversation.is_called_back() || conversation.hands_over(&then)) => {
                return finish(hub, company, job, &conversation, step).await;
            }
            Then::Send(request) => say(hub, company, job, &mut conversation, step, request).await?,
            Then::SendAt { after, request } => {
                let due_at = conversation.last_at().checked_add(after).unwrap_or(Timestamp::MAX).as_millisecond();
                if hub.clock().business_ms() < due_at {
                    let why = format!("{} asks again", conversation.route.name());
                    return give_back(hub, company, job, step, due_at, 0, why).await;
                }
                say(hub, company, job, &mut conversation, step, request).await?
            }
            Then::Retry { request, faults, .. } if waited_for == Some(i64::from(faults)) => {
                say(hub, company, job, &mut conversation, step, request).await?
            }
            Then::Retry { why, faults, .. } => return wait(hub, company, job, &conversation, step, &why, faults).await,
        };
        match said {
            Said::Answered => waited_for = None,
            Said::AskedAgain => {}
            Said::NotNow => return Ok(()),
        }
        conversation.log = log(hub, company, job).await?;
    }
}

/// Whether everything that travels here is the notice of a claim that is gone: it says that nothing is to be paid, which is wrong now.
async fn all_tell_of_nothing(hub: &Hub, company: &Company, conversation: &Conversation) -> Result<bool> {
    let mut db = hub.db().read().await?;
    for attempt in &conversation.attempts {
        let is_doubtful = conversation.doubtful.contains(&attempt.id);
        if is_doubtful || !claims::is_gone(&mut db, company, attempt.purpose, &attempt.invoice).await? {
            return Ok(false);
        }
    }
    Ok(!conversation.attempts.is_empty())
}

async fn log(hub: &Hub, company: &Company, job: &Leased) -> Result<Vec<StoredEntry>> {
    consignment::log(&mut *hub.db().read().await?, &company.id, &company.key, &job.subject).await
}

/// What became of something that was to be said.
enum Said {
    /// It was said; the answer, silence included, is in the log.
    Answered,
    /// The log has grown since it was read (a register's newer answers, a person's wish, a receipt): what is to be said may be something
    /// else.
    AskedAgain,
    /// The counterparty is spared; the job was given back, or ended where waiting has no more use.
    NotNow,
}

/// The latest words that the log of a consignment holds, heard or not: one for each member, `None` where nothing is known yet. An
/// open lot has none; an adapter that cannot go on knows nothing.
pub async fn words(hub: &Hub, company: &Company, id: &str) -> Result<Vec<(AttemptId, Option<Word>)>> {
    let Some(conversation) = load(hub, company, id).await? else { return Ok(Vec::new()) };
    let entries: Vec<Entry> = conversation.log.iter().map(|stored| stored.entry.clone()).collect();
    let known = conversation.route.next(&conversation.consignment, &entries).map(|step| step.known).unwrap_or_default();
    let word_on = |attempt: AttemptId| known.iter().rev().find(|(about, _)| *about == attempt).map(|(_, word)| word.clone());
    Ok(conversation.attempts.iter().map(|attempt| (attempt.id, word_on(attempt.id))).collect())
}

/// The consignment with everything that its route needs; `None` while its lot is open.
async fn load(hub: &Hub, company: &Company, id: &str) -> Result<Option<Conversation>> {
    let mut db = hub.db().read().await?;
    let stored =
        consignment::by_id(&mut db, &company.id, id).await?.ok_or_else(|| Error::NotFound(format!("consignment {id}")))?;
    if stored.state == "open" {
        return Ok(None);
    }
    let route = routes::by_name(&stored.route).ok_or_else(|| Error::Damaged(format!("no route is called {}", stored.route)))?;
    let mut members = Vec::new();
    let (mut attempts, mut doubtful) = (Vec::new(), Vec::new());
    let public = hub.config().public_address.as_deref();
    let mut files = artefact::in_lot(&mut db, &company.id, id, public).await?;
    let well_travelled = consignment::well_travelled(&mut db, &company.id, id).await?;
    let mut journeys = Journeys::of(company);
    let travelling = delivery::attempts_in(&mut db, &company.id, &company.key, id).await?;
    let invoices = invoice::in_lot(&mut db, &company.id, &company.key, id).await?;
    for (attempt, invoice) in travelling.into_iter().zip(invoices) {
        let mut artefacts = files.remove(&attempt.id).unwrap_or_default();
        artefacts.sort_by_key(|file| file.role != kvitt_adapters::route::ArtefactRole::Pdf);
        let Earlier { said, perhaps_sent } = match well_travelled.contains(&attempt.id) {
            true => journeys.before(&mut db, id, attempt.id).await?,
            false => Earlier::default(),
        };
        if perhaps_sent {
            doubtful.push(attempt.id);
        }
        members.push(Member {
            attempt: attempt.id,
            purpose: attempt.purpose,
            opened_at: Timestamp::from_millisecond(attempt.opened_at)
                .map_err(|_| Error::Damaged(format!("attempt {} has no time", attempt.id)))?,
            invoice: invoice.body.invoice,
            recipient: invoice.body.recipient,
            metadata: invoice.body.metadata,
            artefacts,
            bill_address: public.map(|public| open_bill::address(public, company, &invoice.id)),
            claim: claim_of(&mut db, company, &stored.route, attempt.id).await?,
            said,
            perhaps_sent,
        });
        attempts.push(attempt);
    }
    let closed_at =
        Timestamp::from_millisecond(stored.closed_at).map_err(|_| Error::Damaged(format!("consignment {id} has no time")))?;
    let consignment = Consignment {
        id: uuid::Uuid::parse_str(id).map_err(|_| Error::Damaged(format!("{id} is no consignment's id")))?,
        number: u64::try_from(stored.number).unwrap_or(0),
        transmission: transmission::of_consignment(&mut db, &company.id, id).await?,
        closed_at,
        company: Sender { name: company.name.clone(), org_number: company.org_number.clone() },
        setup: match avtalegiro::setup::way_of(&stored.lane) {
            Some(way) => avtalegiro::setup::completed(Some(&stored.setup), &plan_invoice::house(hub.config()), way),
            None => stored.setup,
        },
        members,
    };
    let log = consignment::log(&mut db, &company.id, &company.key, id).await?;
    let heard = attempts.iter().filter_map(|attempt| Some((attempt.id, attempt.word.clone()?))).collect();
    Ok(Some(Conversation {
        route,
        consignment,
        attempts,
        doubtful,
        log,
        heard,
        told: HashSet::new(),
        finished: stored.state == "finished",
    }))
}

/// A process died between writing an exchange and recording its reply: what it left reads as silence, for ever.
async fn record_crash(hub: &Hub, company: &Company, job: &Leased, unanswered: &StoredEntry) -> Result<()> {
    let Entry::Exchange(exchange) = &unanswered.entry else {
        return Err(Error::Damaged("something that arrived waits for an answer".into()));
    };
    record(hub, company, job, unanswered.number, exchange.reply.clone()).await
}

/// Records a reply, and tries again while only the database is at fault and the lease holds.
async fn record(hub: &Hub, company: &Company, job: &Leased, number: i64, reply: Reply) -> Result<()> {
    let began = std::time::Instant::now();
    loop {
        let outcome = record_once(hub, company, job, number, &reply).await;
        match outcome {
            Err(Error::Database(_) | Error::NotCommitted(_)) if began.elapsed() < job::LEASE / 2 => {
                tokio::time::sleep(RECORD_AGAIN).await;
            }
            // A commit whose answer was lost: the reply is there already.
            Err(Error::Conflict) if is_answered(hub, company, job, number).await? => return Ok(()),
            other => return other,
        }
    }
}

async fn record_once(hub: &Hub, company: &Company, job: &Leased, number: i64, reply: &Reply) -> Result<()> {
    let (company, job, reply, machine_now) = (company.clone(), job.clone(), reply.clone(), hub.clock().machine_ms());
    hub.write(move |tx| {
        let (company, job, reply) = (company.clone(), job.clone(), reply.clone());
        async move {
            job::hold(tx, &job, machine_now).await?;
            consignment::record_reply(tx, &company.id, &company.key, &job.subject, number, &reply).await
        }
        .boxed()
    })
    .await
}

async fn is_answered(hub: &Hub, company: &Company, job: &Leased, number: i64) -> Result<bool> {
    let log = consignment::log(&mut *hub.db().read().await?, &company.id, &company.key, &job.subject).await?;
    Ok(log.iter().any(|entry| entry.number == number && entry.answered))
}

/// Says one thing, unless the counterparty is being spared.
async fn say(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    conversation: &mut Conversation,
    step: Step,
    request: Request,
) -> Result<Said> {
    let counterparty = request.counterparty();
    let now = hub.clock().business_ms();
    if let Err(until) = hub.breaker().may_call(&counterparty, now) {
        hold_off(hub, company, job, conversation, step, until).await?;
        return Ok(Said::NotNow);
    }
    let Some(keys) = fresh_keys(hub, company, job, conversation, &step, &request).await? else {
        return Ok(Said::NotNow);
    };
    let keys = match keys {
        Fresh::All(keys) => keys,
        Fresh::AskedAgain => return Ok(Said::AskedAgain),
    };
    let (request, drawn) = say::made(hub, company, request).await?;
    let outgoing = say::prepare(hub, company, &request, &keys, &drawn).await?;
    let Some(number) = begin(hub, company, job, conversation, step, request.clone(), drawn.sealed).await? else {
        return Ok(Said::AskedAgain);
    };
    crate::failpoint!("after_exchange_written");
    let deliveries: Vec<&str> = conversation.attempts.iter().take(SHOWN).map(|attempt| attempt.delivery.as_str()).collect();
    let span = tracing::info_span!("exchange", exchange = number, deliveries = deliveries.join(" "), %counterparty);
    let begun = std::time::Instant::now();
    let reply = carry(hub, company, job, outgoing, number).instrument(span.clone()).await?;
    let (heard, took) = (say::answered(&reply), begun.elapsed());
    span.in_scope(|| tracing::info!(answered = heard, ms = took.as_millis() as u64, "an exchange is over"));
    hub.meters().exchange(&counterparty, heard, took);
    crate::failpoint!("before_reply_recorded");
    hub.breaker().note(&counterparty, heard, hub.clock().business_ms());
    record(hub, company, job, number, reply).await?;
    crate::failpoint!("after_reply_recorded");
    Ok(Said::Answered)
}

/// What is known of the keys that a request needs.
enum Fresh {
    /// All of them.
    All(Keys),
    /// Some had grown old, and the register answered anew; that is in the log now.
    AskedAgain,
}

/// The keys that a register gave, fresh enough to be used; `None` where the register cannot be asked now and the job was given
/// back. A register that says yes without a key, twice in a row, makes no sense.
async fn fresh_keys(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    conversation: &Conversation,
    step: &Step,
    request: &Request,
) -> Result<Option<Fresh>> {
    let needed = request.found_keys();
    let route = conversation.route.name();
    let all: HashSet<AttemptId> = needed.iter().copied().collect();
    let wanted = conversation.attempts.iter().filter(|attempt| all.contains(&attempt.id));
    let keys = look_up::keys(hub, company, route, wanted.map(|attempt| (attempt.id, attempt.delivery.as_str()))).await?;
    let old: Vec<AttemptId> = needed.into_iter().filter(|attempt| !keys.contains_key(attempt)).collect();
    if old.is_empty() {
        return Ok(Some(Fresh::All(keys)));
    }
    if matches!(conversation.log.last().map(|stored| &stored.entry), Some(Entry::LookedUp { answers, .. })
        if old.iter().all(|attempt| answers.iter().any(|(answered, _)| answered == attempt)))
    {
        return Err(Error::Damaged(format!("the register of {route} says yes and gives no key")));
    }
    match look_up::ask_anew(hub, company, job, route, &old).await? {
        Ok(answers) => {
            let note = Entry::LookedUp { answers, at: hub.clock().business() };
            let (company, job) = (company.clone(), job.clone());
            let (now, machine_now) = (hub.clock().business_ms(), hub.clock().machine_ms());
            let step = step.clone();
            hub.write(move |tx| {
                let (company, job, step, note) = (company.clone(), job.clone(), step.clone(), note.clone());
                async move {
                    job::hold(tx, &job, machine_now).await?;
                    learn(tx, &company, &job, &step, now).await?;
                    consignment::note(tx, &company.id, &company.key, &job.subject, &note, now).await
                }
                .boxed()
            })
            .await?;
            Ok(Some(Fresh::AskedAgain))
        }
        Err(why) => {
            // Nothing of this lot is said before the register answers; it waits like after a fault of its own counterparty.
            let faults = u32::try_from(job.faults).unwrap_or(0) + 1;
            wait(hub, company, job, conversation, step.clone(), &why, faults).await?;
            Ok(None)
        }
    }
}

/// Writes down what is about to be said, as the next line of the log that was read; `None` where another line came meanwhile: what
/// was worked out from the log before it is not said.
async fn begin(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    conversation: &Conversation,
    step: Step,
    request: Request,
    files: Vec<Sealed>,
) -> Result<Option<i64>> {
    let (company, job, read) = (company.clone(), job.clone(), conversation.last_entry());
    let (now, machine_now) = (hub.clock().business_ms(), hub.clock().machine_ms());
    // Of a request over HTTP nobody can say where on its way it was lost: it counts as sent from the moment it is written down.
    let committing_at = match &request {
        Request::Http(request) if !request.is_question => machine_now,
        Request::Http(_) | Request::Smtp(_) | Request::Put(_) | Request::Look { .. } => 0,
    };
    let (request, files) = (Arc::new(request), Arc::new(files));
    hub.write(move |tx| {
        let (company, job, step, request, files) = (company.clone(), job.clone(), step.clone(), request.clone(), files.clone());
        async move {
            job::hold(tx, &job, machine_now).await?;
            if !consignment::is_as_read(tx, &company.id, &job.subject, read).await? {
                return Ok(None);
            }
            learn(tx, &company, &job, &step, now).await?;
            for file in files.iter() {
                artefact::insert(tx, &company.id, file, now).await?;
            }
            let begun = consignment::begin_exchange(tx, &company.id, &company.key, &job.subject, &request, now, committing_at);
            Ok(Some(begun.await?))
        }
        .boxed()
    })
    .await
}

async fn carry(hub: &Hub, company: &Company, job: &Leased, outgoing: crate::transport::Outgoing, number: i64) -> Result<Reply> {
    let marked = Arc::new(AtomicBool::new(false));
    let committing: Committing<'_> = {
        let (marked, hub, company, job) = (marked.clone(), hub.clone(), company.clone(), job.clone());
        Box::new(move || {
            async move {
                let machine_now = hub.clock().machine_ms();
                // Set before the write: a mark whose commit was not heard of may be on disk.
                marked.store(true, Ordering::Release);
                hub.write(move |tx| {
                    let (company, job) = (company.clone(), job.clone());
                    async move {
                        job::hold(tx, &job, machine_now).await?;
                        consignment::mark_committing(tx, &company.id, &job.subject, number, machine_now).await
                    }
                    .boxed()
                })
                .await?;
                crate::failpoint!("after_committing_mark");
                Ok(())
            }
            .boxed()
        })
    };
    let is_http = matches!(outgoing, crate::transport::Outgoing::Http { .. });
    // Each step of a conversation has its own time-out; this one is for what they add up to.
    let limited = tokio::time::timeout(say::LONGEST, hub.carrier().carry(outgoing, committing));
    match while_leased(hub, job, limited).await? {
        Ok(reply) => reply,
        Err(_) => {
            let sent = if is_http || marked.load(Ordering::Acquire) { Sent::Unknown } else { Sent::No };
            Ok(Reply::Silence { sent, what: format!("no end within {} seconds", say::LONGEST.as_secs()) })
        }
    }
}

/// Hears what a step knows of many, some at a time, before the transaction that goes with its request: a word that was heard
/// already is not heard again. Where every member comes back nobody knows whose fault it was, and the next lots are half as
/// large, so that a culprit ends alone.
async fn hear_ahead(hub: &Hub, company: &Company, job: &Leased, conversation: &mut Conversation, step: &mut Step) -> Result<()> {
    let heard = &mut conversation.heard;
    step.known.retain(|(attempt, word)| heard.get(attempt) != Some(word));
    for (attempt, word) in &step.known {
        heard.insert(*attempt, word.clone());
    }
    let returned = step.known.iter().filter(|(_, word)| matches!(word, Word::Returned { .. })).count();
    let all_returned = returned > 1 && returned == conversation.consignment.members.len();
    let halves = all_returned.then(|| u32::try_from(returned.div_ceil(2)).unwrap_or(u32::MAX));
    // What is said again in every step is done once; and of a conversation that is over nobody waits for a word.
    let (told, finished) = (&mut conversation.told, conversation.finished);
    step.learned.retain(|learned| match learned {
        Learned::Claimed { attempt } => told.insert(*attempt),
        Learned::Overdue { .. } => !finished,
        Learned::AddressDead { .. } | Learned::CallBackFailed { .. } => true,
    });
    if halves.is_none() && step.known.len() <= HEARD_AT_A_TIME && step.learned.len() <= HEARD_AT_A_TIME {
        return Ok(());
    }
    for known in std::mem::take(&mut step.known).chunks(HEARD_AT_A_TIME) {
        let (company, job, known) = (company.clone(), job.clone(), known.to_vec());
        let (now, machine_now) = (hub.clock().business_ms(), hub.clock().machine_ms());
        hub.write(move |tx| {
            let (company, job, known) = (company.clone(), job.clone(), known.clone());
            async move {
                job::hold(tx, &job, machine_now).await?;
                for (attempt, word) in &known {
                    hear(tx, &company, &job, *attempt, word, halves, now).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await?;
    }
    for learned in std::mem::take(&mut step.learned).chunks(HEARD_AT_A_TIME) {
        let step = Step { known: vec![], learned: learned.to_vec(), then: Then::Finished };
        let (company, job) = (company.clone(), job.clone());
        let (now, machine_now) = (hub.clock().business_ms(), hub.clock().machine_ms());
        hub.write(move |tx| {
            let (company, job, step) = (company.clone(), job.clone(), step.clone());
            async move {
                job::hold(tx, &job, machine_now).await?;
                learn(tx, &company, &job, &step, now).await
            }
            .boxed()
        })
        .await?;
    }
    Ok(())
}

/// Applies what a step knows. A word is applied once: only when it differs from the last one of its attempt.
async fn learn(tx: &mut Tx<'_>, company: &Company, job: &Leased, step: &Step, now: i64) -> Result<()> {
    for (attempt, word) in &step.known {
        hear(tx, company, job, *attempt, word, None, now).await?;
    }
    for learned in &step.learned {
        match learned {
            Learned::AddressDead { address, why } => {
                let suppressed = Suppressed { address: address.clone(), why: why.clone() };
                suppression::insert(tx, &company.id, &company.key, &suppressed, now).await?;
            }
            Learned::Claimed { attempt } => claims::tell_payer(tx, company, *attempt, job.urgency, now).await?,
            Learned::Overdue { why } => {
                // It concerns whoever travels there, and is told on the first: a lot of thousands is one thing to ask about.
                let first = consignment::members(tx.db(), &company.id, &job.subject).await?.into_iter().next();
                let Some(first) = first else { continue };
                let invoice = delivery::attempt(tx.db(), &company.id, &company.key, first).await?.invoice;
                tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &invoice, why)?);
            }
            Learned::CallBackFailed { attempt, wish, why } => {
                if consignment::refuse_wish(tx, &company.id, &job.subject, *attempt, *wish).await? {
                    let invoice = delivery::attempt(tx.db(), &company.id, &company.key, *attempt).await?.invoice;
                    tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &invoice, why)?);
                }
            }
        }
    }
    Ok(())
}

async fn hear(
    tx: &mut Tx<'_>,
    company: &Company,
    job: &Leased,
    attempt: AttemptId,
    word: &Word,
    lot_at_most: Option<u32>,
    now: i64,
) -> Result<()> {
    let (stored, current) = delivery::with_attempt(tx.db(), &company.id, &company.key, attempt).await?;
    if stored.word.as_ref() == Some(word) {
        return Ok(());
    }
    if matches!(word, Word::Returned { .. }) {
        consignment::come_back(tx, &company.id, &job.subject, attempt).await?;
    }
    let newest = consignment::of_attempt(tx.db(), &company.id, attempt).await?.pop();
    if newest.as_deref() != Some(job.subject.as_str()) {
        return hear_of_an_older_journey(tx, company, &stored, word, now).await;
    }
    delivery::save_word(tx, &company.id, &company.key, attempt, word).await?;
    let what = Move { company, delivery: &stored.delivery, urgency: job.urgency, lot_at_most, now };
    match move_from(tx, &what, &current, Event::Said { attempt, word: word.clone() }).await {
        Ok(()) => Ok(()),
        // The machine has no place for this word: it is kept, a person is told, and nothing else changes.
        Err(Error::Refused(faults)) => {
            tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &stored.invoice, &faults)?);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// The attempt travels again since (a person had it repeated, or it was returned to a new lot): what is said of its earlier
/// journey moves nothing, but that it arrived, or came back, a person must know. It is told once, when it is first said.
async fn hear_of_an_older_journey(
    tx: &mut Tx<'_>,
    company: &Company,
    stored: &StoredAttempt,
    word: &Word,
    now: i64,
) -> Result<()> {
    let why = match word {
        Word::HandedOver { receipt } | Word::Delivered { receipt } => {
            Fault::warning(codes::DELIVERY_LATE_ACCEPTANCE).with("receipt", receipt)
        }
        Word::Seen => Fault::warning(codes::DELIVERY_LATE_ACCEPTANCE),
        Word::Refused { why } => why.clone(),
        Word::InDoubt { .. } | Word::TooLate { .. } | Word::Returned { .. } | Word::Withdrawn { .. } => return Ok(()),
    };
    tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &stored.invoice, &why)?);
    Ok(())
}

/// Ends a conversation with what its log says; where that has grown since it was read, it is read again first.
async fn finish(hub: &Hub, company: &Company, job: &Leased, conversation: &Conversation, step: Step) -> Result<()> {
    let (company, job, read, now) = (company.clone(), job.clone(), conversation.last_entry(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, job, step) = (company.clone(), job.clone(), step.clone());
        async move {
            // Whoever lost the job cannot end it either: nothing of this is committed then.
            if !consignment::is_as_read(tx, &company.id, &job.subject, read).await? {
                return job::again(tx, &job, now, 0, "something came while it was worked on").await;
            }
            learn(tx, &company, &job, &step, now).await?;
            consignment::finish(tx, &company.id, &job.subject).await?;
            job::end(tx, &job, now).await
        }
        .boxed()
    })
    .await
}

async fn give_back(hub: &Hub, company: &Company, job: &Leased, step: Step, due_at: i64, faults: i64, why: String) -> Result<()> {
    let (company, job, now) = (company.clone(), job.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, job, step, why) = (company.clone(), job.clone(), step.clone(), why.clone());
        async move {
            learn(tx, &company, &job, &step, now).await?;
            job::again(tx, &job, due_at, faults, &why).await
        }
        .boxed()
    })
    .await
}

/// A passing fault: waits as the policy says, but never past the last moment of a member's due-date budget, which is used for
/// one more try.
async fn wait(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    conversation: &Conversation,
    step: Step,
    why: &Fault,
    faults: u32,
) -> Result<()> {
    let now = hub.clock().business();
    let next = RetryPolicy::default().next(faults as usize, seed(&job.subject), now);
    let waiting = Waiting { due_at: next.map(Timestamp::as_millisecond), faults: i64::from(faults), why: why.clone() };
    wait_or_move_on(hub, company, job, conversation, step, waiting).await
}

/// The counterparty is being spared. What was never said, or was certainly not accepted, waits like after a fault, within the
/// same limits; the longer it has waited the longer, so that a crowd does not ask for ever. A question about something that
/// was accepted has no such limit.
async fn hold_off(hub: &Hub, company: &Company, job: &Leased, conversation: &Conversation, step: Step, until: i64) -> Result<()> {
    let now = hub.clock().business_ms();
    let closed_at = conversation.consignment.closed_at;
    let waited = now - closed_at.as_millisecond();
    let due_at = until.max(now + spared_wait(&job.subject, waited, now));
    let why = Fault::fatal(codes::COUNTERPARTY_SILENT);
    let nothing_said = !conversation.log.iter().any(|stored| matches!(stored.entry, Entry::Exchange(_)));
    // Of a finished lot only what was handed over is called back: that waits, and nothing travels on.
    if conversation.finished || (!nothing_said && !matches!(step.then, Then::Retry { .. })) {
        return give_back(hub, company, job, step, due_at, job.faults, why.code.name().to_owned()).await;
    }
    let longest = RetryPolicy::default().longest();
    let in_time = closed_at.checked_add(longest).is_ok_and(|end| due_at <= end.as_millisecond());
    let waiting = Waiting { due_at: in_time.then_some(due_at), faults: job.faults, why };
    wait_or_move_on(hub, company, job, conversation, step, waiting).await
}

/// How long one letter of a spared counterparty waits that has waited so long already.
fn spared_wait(subject: &str, waited: i64, now: i64) -> i64 {
    let longest = (waited / SPARED_SHARE).clamp(0, SPARED_AT_MOST_MS);
    let chance = seed(&format!("{subject} {now}")) % (longest.unsigned_abs() / 2 + 1);
    longest - i64::try_from(chance).unwrap_or(0)
}

/// What is waited for.
struct Waiting {
    /// When to try again; `None` where the policy has run out.
    due_at: Option<i64>,
    /// The trailing faults for which that time was chosen.
    faults: i64,
    /// Why.
    why: Fault,
}

/// Waits, unless the budget of some members is over: what is waiting was not accepted on this journey, so those go to their next
/// route, and the rest of the lot into a new one. Where an earlier journey is in doubt, that doubt comes back to a person.
async fn wait_or_move_on(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    conversation: &Conversation,
    mut step: Step,
    waiting: Waiting,
) -> Result<()> {
    let now = hub.clock().business_ms();
    let late = conversation.late(hub.clock().business());
    let in_time = |attempt: &StoredAttempt| {
        waiting.due_at.is_some() && attempt.give_up_at.is_none_or(|give_up| now < give_up) && !late.contains(&attempt.id)
    };
    if let Some(due_at) = waiting.due_at
        && conversation.attempts.iter().all(in_time)
    {
        let last_moment = conversation.attempts.iter().filter_map(|attempt| attempt.give_up_at).min();
        let due_at = last_moment.map_or(due_at, |last| due_at.min(last));
        return give_back(hub, company, job, step, due_at, waiting.faults, waiting.why.code.name().to_owned()).await;
    }
    for attempt in &conversation.attempts {
        let wanted_back = conversation.wanted_back_by(attempt.id);
        let word = match (waiting.due_at, wanted_back) {
            _ if conversation.doubtful.contains(&attempt.id) => {
                Word::InDoubt { why: Fault::fatal(codes::DELIVERY_IN_DOUBT).with("route", &attempt.route) }
            }
            // It was not accepted, and goes nowhere else.
            (_, Some(by)) => Word::Withdrawn { by: by.to_owned() },
            (Some(_), None) if in_time(attempt) => Word::Returned { why: waiting.why.clone() },
            (Some(_), None) => Word::TooLate { why: Fault::fatal(codes::ROUTE_TOO_LATE).with("route", &attempt.route) },
            (None, None) => Word::TooLate { why: Fault::fatal(codes::RETRIES_EXHAUSTED).with("route", &attempt.route) },
        };
        step.known.push((attempt.id, word));
    }
    finish(hub, company, job, conversation, step).await
}

/// The program itself cannot carry a conversation on. What was certainly not accepted goes to its next route; what may have
/// been is in doubt. Either way a person can do something, and nothing waits for a job that never comes back.
pub async fn give_up(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let Some(conversation) = load(hub, company, &job.subject).await? else { return hub.end(job).await };
    if !any_is_sending(hub, company, &conversation.attempts).await? {
        // Nothing that waits depends on it: what is left, perhaps a bounce, is better seen as a stuck job than not at all.
        return Err(Error::NotFound("a delivery that waits for this conversation".into()));
    }
    let this_journey = look_back::perhaps_sent(&conversation.log);
    let why = Fault::fatal(codes::DELIVERY_FAILED_HERE).with("route", conversation.route.name());
    let known = conversation.attempts.iter().map(|attempt| {
        let doubtful = this_journey || conversation.doubtful.contains(&attempt.id);
        let word = match conversation.wanted_back_by(attempt.id) {
            _ if doubtful => Word::InDoubt { why: why.clone() },
            Some(by) => Word::Withdrawn { by: by.to_owned() },
            None => Word::TooLate { why: why.clone() },
        };
        (attempt.id, word)
    });
    finish(hub, company, job, &conversation, Step { known: known.collect(), learned: vec![], then: Then::Finished }).await
}

async fn any_is_sending(hub: &Hub, company: &Company, attempts: &[StoredAttempt]) -> Result<bool> {
    let mut db = hub.db().read().await?;
    for attempt in attempts {
        let state = delivery::by_id(&mut db, &company.id, &company.key, &attempt.delivery).await?.delivery.state;
        if matches!(state, State::Sending { attempt: current, .. } if current == attempt.id) {
            return Ok(true);
        }
    }
    Ok(false)
}
