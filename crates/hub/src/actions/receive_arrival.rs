//! Something arrived by itself: a bounce, a receipt, a returned letter. It enters the log of whom it concerns.
//!
//! The same bytes twice change nothing. What cannot be understood but names an attempt of ours is kept, and a person is told
//! of it on that invoice, because it may be a bounce. What concerns nobody that we know is a stray: whoever brought it keeps
//! it for a person.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::civil::Date;
use kvitt_adapters::route::{Arrival, Arrived, Concerned};
use kvitt_adapters::routes;
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::fault::{Fault, codes};
use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::{self, Company};
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Urgency};
use crate::store::stray::{self, Kept, Stray};
use crate::store::{Tx, claim, consignment, delivery, transmission};
use crate::vault::{Purpose, sha256};

/// Logs that one transaction enters something in: a receipt may concern a whole lot.
const AT_A_TIME: usize = 50;

/// What became of something that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It entered so many logs.
    Entered(usize),
    /// It was there already, or it is nothing that concerns a delivery.
    Nothing,
    /// It cannot be understood but names an attempt of ours: it is kept, and a person is told on that invoice.
    Told,
    /// The same, but too many are kept already: whoever brought it keeps it.
    NoRoom,
    /// It concerns nobody that we know: whoever brought it keeps it for a person.
    Stray,
}

/// What was read of something that arrived.
struct Read {
    concerned: Vec<(Concerned, Arrived)>,
    /// Why no route could read it, and the attempt that it names nevertheless.
    unread: Option<(String, Option<AttemptId>)>,
}

/// Takes in what came through a door, such as `bounces`.
pub async fn receive_arrival(hub: &Hub, arrival: Arrival) -> Result<Received> {
    let (arrival, read) = {
        // A message of megabytes takes its time: not on a thread that answers others.
        let read = tokio::task::spawn_blocking(move || {
            let read = read(&arrival);
            (arrival, read)
        });
        read.await.map_err(|cause| Error::Damaged(format!("reading what arrived failed: {cause}")))?
    };
    let digest = sha256(&arrival.bytes);
    if let Some((why, named)) = read.unread {
        tracing::warn!(door = arrival.door, %digest, %why, "something arrived that cannot be understood");
        let Some(attempt) = named else { return Ok(Received::Stray) };
        return match owner(hub, attempt).await? {
            Some(company) => keep(hub, arrival, digest, why, company, attempt).await,
            None => Ok(Received::Stray),
        };
    }
    let (mut entered, mut unknown) = (0, None);
    let mut places = Places::default();
    let mut of_companies: BTreeMap<String, (Company, Vec<Place>)> = BTreeMap::new();
    for (concerned, arrived) in read.concerned {
        let Some((company, logs)) = places.of(hub, &concerned).await? else {
            unknown = Some(concerned);
            continue;
        };
        let found = logs.into_iter().map(|(attempt, consignment)| Place { attempt, consignment, arrived: arrived.clone() });
        of_companies.entry(company.id.clone()).or_insert_with(|| (company, Vec::new())).1.extend(found);
    }
    for (company, concerned) in of_companies.into_values() {
        for some in concerned.chunks(AT_A_TIME) {
            entered += enter(hub, company.clone(), some.to_vec(), digest.clone()).await?;
        }
    }
    if let Some(concerned) = unknown {
        tracing::warn!(door = arrival.door, %digest, ?concerned, "something arrived for what is not known here");
        return Ok(Received::Stray);
    }
    crate::failpoint!("after_arrival_recorded");
    Ok(if entered > 0 { Received::Entered(entered) } else { Received::Nothing })
}

fn read(arrival: &Arrival) -> Read {
    let (mut concerned, mut unread) = (Vec::new(), Vec::new());
    for route in routes::all() {
        match route.read(arrival) {
            Ok(found) => concerned.extend(found),
            Err(cause) => unread.push(cause.to_string()),
        }
    }
    if !concerned.is_empty() || unread.len() < routes::all().len() {
        return Read { concerned, unread: None };
    }
    let named = routes::all().iter().find_map(|route| route.named_in(arrival));
    Read { concerned, unread: Some((unread.swap_remove(0), named)) }
}

async fn owner(hub: &Hub, attempt: AttemptId) -> Result<Option<Company>> {
    let mut db = hub.db().read().await?;
    match delivery::company_of_attempt(&mut db, attempt).await? {
        Some(id) => Ok(Some(company::by_id(&mut db, hub.vault(), &id).await?)),
        None => Ok(None),
    }
}

/// What is to be entered, and where.
#[derive(Debug, Clone)]
struct Place {
    attempt: AttemptId,
    /// The consignment's id; `None` while its lot is open.
    consignment: Option<String>,
    arrived: Arrived,
}

/// A consignment that a receipt names: by route, organisation number and number.
type Named = (&'static str, String, u64);

/// A consignment that is ours: its company, its id and its members.
type Ours = (Company, String, Vec<AttemptId>);

/// Finds the logs of those whom something concerns. A receipt names its job for every letter: it is looked up once.
#[derive(Default)]
struct Places {
    jobs: BTreeMap<Named, Option<Ours>>,
    transmissions: BTreeMap<u32, Option<Ours>>,
}

impl Places {
    /// The company and the logs; `None` where nobody here is concerned.
    async fn of(&mut self, hub: &Hub, concerned: &Concerned) -> Result<Option<(Company, Vec<(AttemptId, Option<String>)>)>> {
        let (route, org_number, number, named) = match concerned {
            Concerned::Attempt(attempt) => {
                let Some(company) = owner(hub, *attempt).await? else { return Ok(None) };
                let newest = newest(&mut *hub.db().read().await?, &company, *attempt).await?;
                return Ok(Some((company, vec![(*attempt, newest)])));
            }
            Concerned::Consignment { route, org_number, number, attempt } => (*route, org_number, *number, *attempt),
            Concerned::Transmission { number } => return self.in_transmission(hub, *number, None).await,
            Concerned::Claim { number, kid, due_on, amount_ore } => {
                return self.in_transmission(hub, *number, Some((kid, *due_on, *amount_ore))).await;
            }
        };
        let key = (route, org_number.clone(), number);
        if !self.jobs.contains_key(&key) {
            let found = job_named(hub, route, org_number, number).await?;
            self.jobs.insert(key.clone(), found);
        }
        let Some(Some((company, id, members))) = self.jobs.get(&key) else { return Ok(None) };
        // A shop that names a letter which was not in the job is not believed.
        let concerned = members.iter().filter(|member| named.is_none_or(|named| named == **member));
        let logs: Vec<_> = concerned.map(|member| (*member, Some(id.clone()))).collect();
        Ok((!logs.is_empty()).then(|| (company.clone(), logs)))
    }
}

impl Places {
    /// The members of the consignment whose file has a number; the one that makes a claim, where one is named. A bank that names a
    /// claim which was not in the file is not believed.
    async fn in_transmission(
        &mut self,
        hub: &Hub,
        number: u32,
        claim: Option<(&str, Date, i64)>,
    ) -> Result<Option<(Company, Vec<(AttemptId, Option<String>)>)>> {
        let known = match self.transmissions.entry(number) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let mut db = hub.db().read().await?;
                let found = match transmission::by_number(&mut db, number).await? {
                    None => None,
                    Some((company, id)) => {
                        let company = company::by_id(&mut db, hub.vault(), &company).await?;
                        let members = consignment::members(&mut db, &company.id, &id).await?;
                        Some((company, id, members))
                    }
                };
                unknown.insert(found)
            }
        };
        let Some((company, id, members)) = known else { return Ok(None) };
        let concerned = match claim {
            None => members.clone(),
            Some((kid, due_on, amount_ore)) => {
                let mut db = hub.db().read().await?;
                claim::in_consignment(&mut db, &company.id, id, kid, due_on, amount_ore).await?.into_iter().collect()
            }
        };
        let logs: Vec<_> = concerned.into_iter().map(|member| (member, Some(id.clone()))).collect();
        Ok((!logs.is_empty()).then(|| (company.clone(), logs)))
    }
}

async fn job_named(hub: &Hub, route: &str, org_number: &str, number: u64) -> Result<Option<(Company, String, Vec<AttemptId>)>> {
    let mut db = hub.db().read().await?;
    let Some(company) = company::by_org_number(&mut db, hub.vault(), org_number).await? else { return Ok(None) };
    let Some(id) = consignment::by_number(&mut db, &company.id, route, number).await? else { return Ok(None) };
    let members = consignment::members(&mut db, &company.id, &id).await?;
    Ok(Some((company, id, members)))
}

/// An attempt that was repeated travelled in several consignments; the last one carries the conversation on.
async fn newest(db: &mut AnyConnection, company: &Company, attempt: AttemptId) -> Result<Option<String>> {
    Ok(consignment::of_attempt(db, &company.id, attempt).await?.pop())
}

/// Enters what arrived for some attempts of one company in one transaction. Answers how many of them are news.
async fn enter(hub: &Hub, company: Company, places: Vec<Place>, digest: String) -> Result<usize> {
    let now = hub.clock().business_ms();
    hub.write(move |tx| {
        let (company, places, digest) = (company.clone(), places.clone(), digest.clone());
        async move {
            let mut news = 0;
            for place in &places {
                news += usize::from(enter_in(tx, &company, place, &digest, now).await?);
            }
            Ok(news)
        }
        .boxed()
    })
    .await
}

/// Enters what arrived for one attempt in the consignment in which it travelled last, unless it is there already.
pub async fn enter_one(
    tx: &mut Tx<'_>,
    company: &Company,
    attempt: AttemptId,
    arrived: &Arrived,
    digest: &str,
    now: i64,
) -> Result<bool> {
    let consignment = newest(tx.db(), company, attempt).await?;
    enter_in(tx, company, &Place { attempt, consignment, arrived: arrived.clone() }, digest, now).await
}

async fn enter_in(tx: &mut Tx<'_>, company: &Company, place: &Place, digest: &str, now: i64) -> Result<bool> {
    let Place { attempt, consignment: Some(id), arrived } = place else { return Ok(false) };
    // One file may concern many attempts of a consignment, and say several things of one.
    let said =
        serde_json::to_string(arrived).map_err(|cause| Error::Damaged(format!("what arrived cannot be written: {cause}")))?;
    let digest = sha256(format!("{digest} {attempt} {said}").as_bytes());
    let arrival = consignment::NewArrival { attempt: *attempt, arrived, digest: &digest, at: now };
    let new = consignment::record_arrival(tx, &company.id, &company.key, id, &arrival).await?;
    if new {
        job::enqueue(tx, &company.id, Kind::Converse, id, Urgency::Ordinary, now, now).await?;
    }
    Ok(new)
}

/// Keeps what cannot be understood, sealed, and tells a person in the same transaction.
async fn keep(
    hub: &Hub,
    arrival: Arrival,
    digest: String,
    why: String,
    company: Company,
    attempt: AttemptId,
) -> Result<Received> {
    let content = company.key.seal(Purpose::Stray, &digest, &arrival.bytes);
    let at = hub.clock().business_ms();
    let stray = Arc::new(Stray { company: company.id.clone(), digest, door: arrival.door, content, why, at });
    let kept = hub
        .write(move |tx| {
            let (stray, company) = (stray.clone(), company.clone());
            async move {
                let kept = stray::keep(tx, &stray).await?;
                if kept == Kept::New {
                    tell_person(tx, &company, attempt, &stray).await?;
                }
                Ok(kept)
            }
            .boxed()
        })
        .await?;
    Ok(match kept {
        Kept::New | Kept::Known => Received::Told,
        Kept::NoRoom => Received::NoRoom,
    })
}

async fn tell_person(tx: &mut Tx<'_>, company: &Company, attempt: AttemptId, stray: &Stray) -> Result<()> {
    let invoice = delivery::attempt(tx.db(), &company.id, &company.key, attempt).await?.invoice;
    let fault = Fault::warning(codes::COUNTERPARTY_GARBLED).with("code", stray.door).with("text", &stray.why);
    tx.tell(NewEvent::new(&company.id, &company.key, stray.at, "person.told", &invoice, &fault)?);
    Ok(())
}
