//! What somebody does to many invoices or drafts at once: looked at first, then done one by one by a job, each as if it had been asked for
//! alone. One that cannot be done stops no other.

use futures_util::FutureExt;
use kvitt_adapters::routes;
use kvitt_domain::delivery::{Event, Purpose, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::{Plan, Verdict};
use sqlx::AnyConnection;

use crate::actions::choose_route::foresee;
use crate::actions::finalise_draft::finalise;
use crate::actions::judge_draft;
use crate::actions::keep_card;
use crate::actions::reroute_invoice::{Instead, reroute_invoice};
use crate::actions::settle::{Decided, Settlement, settle};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::bulk::{self, Act, BulkState, Foreseen, Item, Outcome, StoredBulk};
use crate::store::company::Company;
use crate::store::draft::{self, DraftState};
use crate::store::invoice::{self, StoredInvoice};
use crate::store::job::{self, Kind, Leased, Urgency};
use crate::store::{consignment, delivery};

/// Items at once: what somebody can look through before they say yes.
pub const MOST: usize = 500;
/// Items that a job does before it lets others have their turn.
const AT_A_TIME: usize = 25;
/// Runs of the job after which what fails in one item is the item's own.
const TRIES: i64 = 4;

fn seen_of(stored: &StoredInvoice) -> Foreseen {
    let document = &stored.body.invoice;
    Foreseen {
        number: document.number.clone(),
        recipient: document.buyer.name.clone(),
        payable: Some(document.totals.payable),
        version: 0,
        route: None,
        needs_lookup: false,
        price: None,
        faults: Vec::new(),
    }
}

fn sent_by(seen: Foreseen, plan: &Plan) -> Foreseen {
    let Some(rung) = plan.chosen() else {
        let reasons = plan.rungs.iter().filter_map(|rung| match &rung.verdict {
            Verdict::Closed { reasons } => reasons.first().cloned(),
            Verdict::Open { .. } | Verdict::NeedsLookup { .. } => None,
        });
        let mut faults: Vec<Fault> = reasons.collect();
        if faults.is_empty() {
            faults.push(Fault::fatal(codes::BULK_NO_ROUTE));
        }
        return refused(seen, faults);
    };
    let (price, needs_lookup) = match &rung.verdict {
        Verdict::Open { price, .. } => (*price, false),
        Verdict::NeedsLookup { price, .. } => (*price, true),
        Verdict::Closed { .. } => (None, false),
    };
    Foreseen { route: Some(rung.route.clone()), price, needs_lookup, ..seen }
}

fn refused(seen: Foreseen, faults: Vec<Fault>) -> Foreseen {
    Foreseen { faults, ..seen }
}

/// Keeps what somebody chose with what would happen to each, to be looked at: what is begun later is what was shown. Ids that are no
/// invoices (or drafts) of the company are left out. `is_cut` says that more were found than are taken.
pub async fn plan(hub: &Hub, company: &Company, act: Act, ids: Vec<String>, is_cut: bool, by: &str) -> Result<StoredBulk> {
    let is_cut = is_cut || ids.len() > MOST;
    let mut items: Vec<Item> = Vec::new();
    for id in ids.into_iter().take(MOST) {
        if items.iter().any(|known| known.id == id) {
            continue;
        }
        let seen = match foresee_one(hub, company, act, &id).await {
            Ok(seen) => seen,
            Err(error) if is_of_the_item(&error) => Some(failed(&id, &error)),
            Err(error) => return Err(error),
        };
        items.extend(seen.map(|seen| Item { id, seen, is_begun: false, outcome: None }));
    }
    if items.is_empty() {
        return Err(Error::refused(Fault::fatal(codes::BULK_EMPTY)));
    }
    let new = StoredBulk {
        id: crate::ids::new_id().to_string(),
        act,
        state: BulkState::Planned,
        by: by.to_owned(),
        items,
        is_cut,
        changed_at: hub.clock().business_ms(),
        version: 1,
    };
    let (company, kept) = (company.clone(), new.clone());
    hub.write(move |tx| {
        let (company, new) = (company.clone(), kept.clone());
        async move { bulk::insert(tx, &company.id, &company.key, &new).await }.boxed()
    })
    .await?;
    Ok(new)
}

/// Whether an error says something of one item, and nothing of the others.
fn is_of_the_item(error: &Error) -> bool {
    matches!(error, Error::Damaged(_) | Error::Io { .. } | Error::Adapter(_))
}

fn failed(id: &str, error: &Error) -> Foreseen {
    tracing::error!(item = id, error = error as &dyn std::error::Error, "an item of many cannot be looked at");
    Foreseen {
        number: String::new(),
        recipient: String::new(),
        payable: None,
        version: 0,
        route: None,
        needs_lookup: false,
        price: None,
        faults: vec![Fault::fatal(codes::HUB_FAILED)],
    }
}

/// The one with an id.
pub async fn find(hub: &Hub, company: &Company, id: &str) -> Result<StoredBulk> {
    let found = bulk::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    found.ok_or_else(|| Error::NotFound("what was to be done to many".into()))
}

/// What would happen to one, as things are now. `None` for what is no thing of the company's.
async fn foresee_one(hub: &Hub, company: &Company, act: Act, id: &str) -> Result<Option<Foreseen>> {
    match act {
        Act::Finalise => foresee_draft(hub, company, id).await,
        act => foresee_invoice(hub, company, act, id).await,
    }
}

async fn foresee_invoice(hub: &Hub, company: &Company, act: Act, id: &str) -> Result<Option<Foreseen>> {
    let mut db = hub.db().read().await?;
    let stored = match invoice::by_id(&mut db, &company.id, &company.key, id).await {
        Ok(stored) => stored,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let bill = delivery::of_bill(&mut db, &company.id, &company.key, id).await?;
    let seen = seen_of(&stored);
    if act == Act::Recall {
        let is_asked = is_asked_for(&mut db, company, &bill.delivery.state).await?;
        return Ok(Some(match may_recall(&bill.delivery.state) {
            Ok(()) if is_asked => refused(seen, vec![Fault::fatal(codes::BULK_ASKED)]),
            Ok(()) => seen,
            Err(fault) => refused(seen, vec![fault]),
        }));
    }
    drop(db);
    if let Err(no) = bill.delivery.clone().apply(Event::Reopened { by: "-".to_owned() }) {
        return Ok(Some(refused(seen, vec![no.fault()])));
    }
    let stored = match instead(act, &stored) {
        Ok(Some(instead)) => instead.aimed(stored),
        Ok(None) => stored,
        Err(fault) => return Ok(Some(refused(seen, vec![fault]))),
    };
    let plan = Box::pin(foresee(hub, company, &bill, &stored)).await?;
    Ok(Some(sent_by(seen, &plan)))
}

/// Whether a counterparty has been asked to give back what it took, and has not answered yet.
async fn is_asked_for(db: &mut AnyConnection, company: &Company, state: &State) -> Result<bool> {
    let Some((_, attempt)) = state.may_be_called_back() else { return Ok(false) };
    for consignment in consignment::of_attempt(db, &company.id, attempt).await? {
        if consignment::is_wished_back(db, &company.id, &consignment, attempt).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn may_recall(state: &State) -> std::result::Result<(), Fault> {
    if let Some((route, _)) = state.may_be_called_back() {
        let can = routes::by_name(route.as_str()).is_some_and(|route| route.can_be_called_back());
        return if can { Ok(()) } else { Err(Fault::fatal(codes::CALL_BACK_IMPOSSIBLE).with("route", route)) };
    }
    let delivery = kvitt_domain::delivery::Delivery { tried: Vec::new(), state: state.clone() };
    delivery.apply(Event::Cancelled { by: "-".to_owned() }).map(|_| ()).map_err(|refused| refused.fault())
}

/// Where an invoice goes instead, as far as the hub knows by itself.
fn instead(act: Act, stored: &StoredInvoice) -> std::result::Result<Option<Instead>, Fault> {
    let recipient = &stored.body.recipient;
    let lacks = |term: &str| Fault::fatal(codes::BULK_ADDRESS).at(term);
    match act {
        Act::Print if recipient.address.line1.is_none() && recipient.address.postal_code.is_none() => Err(lacks("address")),
        Act::Print => Ok(Some(Instead::Print { name: recipient.name.clone(), address: Box::new(recipient.address.clone()) })),
        Act::Email => match &recipient.email {
            Some(to) => Ok(Some(Instead::Email { to: to.clone() })),
            None => Err(lacks("email")),
        },
        Act::Resend | Act::Recall | Act::Finalise => Ok(None),
    }
}

async fn foresee_draft(hub: &Hub, company: &Company, id: &str) -> Result<Option<Foreseen>> {
    let found = draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    let Some(stored) = found else { return Ok(None) };
    let judged = judge_draft::judge(hub, company, &stored.body.draft).await?;
    let seen = Foreseen {
        number: stored.number.clone(),
        recipient: judged.invoice.buyer.name.clone(),
        payable: Some(judged.sums.with_vat),
        version: stored.version,
        route: None,
        needs_lookup: false,
        price: None,
        faults: Vec::new(),
    };
    if stored.state == DraftState::Final {
        return Ok(Some(refused(seen, vec![Fault::fatal(codes::BULK_FINAL_ALREADY)])));
    }
    if !judged.faults.is_empty() {
        return Ok(Some(refused(seen, judged.faults)));
    }
    match Box::pin(judge_draft::plan(hub, company, &stored.body.draft)).await {
        // A draft without an open route becomes an invoice all the same, and waits.
        Ok((_, planned)) => Ok(Some(Foreseen { faults: Vec::new(), ..sent_by(seen, &planned.plan) })),
        Err(Error::Refused(faults)) => Ok(Some(refused(seen, faults))),
        Err(error) => Err(error),
    }
}

/// Lets be done what was shown, in the name of whoever says so. What could not be done is not tried.
pub async fn begin(hub: &Hub, company: &Company, id: &str, by: &str) -> Result<()> {
    let by = by.to_owned();
    turn(hub, company, id, move |mut bulk| {
        if !matches!(bulk.state, BulkState::Planned | BulkState::Stopped) {
            return None;
        }
        bulk.state = BulkState::Going;
        bulk.by.clone_from(&by);
        for item in bulk.items.iter_mut().filter(|item| item.outcome.is_none() && !item.seen.faults.is_empty()) {
            item.outcome = Some(Outcome::Refused(item.seen.faults.clone()));
        }
        Some(bulk)
    })
    .await
}

/// Lets no more of it be done.
pub async fn stop(hub: &Hub, company: &Company, id: &str) -> Result<()> {
    turn(hub, company, id, |bulk| (bulk.state == BulkState::Going).then_some(StoredBulk { state: BulkState::Stopped, ..bulk }))
        .await
}

async fn turn(
    hub: &Hub,
    company: &Company,
    id: &str,
    next: impl Fn(StoredBulk) -> Option<StoredBulk> + Clone + Send + Sync + 'static,
) -> Result<()> {
    let (company, id, now) = (company.clone(), id.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id, next) = (company.clone(), id.clone(), next.clone());
        async move {
            let before = bulk::by_id(tx.db(), &company.id, &company.key, &id).await?;
            let before = before.ok_or_else(|| Error::NotFound("what was to be done to many".into()))?;
            let Some(after) = next(before) else { return Ok(()) };
            bulk::save(tx, &company.id, &company.key, &StoredBulk { changed_at: now, ..after.clone() }).await?;
            if after.state == BulkState::Going {
                job::enqueue(tx, &company.id, Kind::DoBulk, &id, Urgency::Ordinary, now, now).await?;
            }
            Ok(())
        }
        .boxed()
    })
    .await
}

/// Forgets what was only looked at.
pub async fn forget(hub: &Hub, company: &Company, id: &str) -> Result<()> {
    let known = find(hub, company, id).await?;
    let company = company.clone();
    hub.write(move |tx| {
        let (company, known) = (company.clone(), known.clone());
        async move {
            match bulk::remove(tx, &company.id, &known.id, known.version).await? {
                true => Ok(()),
                false => Err(keep_card::changed("draft", "")),
            }
        }
        .boxed()
    })
    .await
}

/// Does a [`Kind::DoBulk`] job: the next items, and then others have their turn.
pub async fn do_bulk(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    for _ in 0..AT_A_TIME {
        let known = bulk::by_id(&mut *hub.db().read().await?, &company.id, &company.key, &job.subject).await?;
        let Some(going) = known.filter(|known| known.state == BulkState::Going) else { return hub.end(job).await };
        let Some(place) = going.items.iter().position(|item| item.outcome.is_none()) else {
            note(hub, company, job, |bulk| bulk.state = BulkState::Done).await?;
            return hub.end(job).await;
        };
        let item = going.items[place].clone();
        if !item.is_begun {
            // Before anything is done: whoever finds it so after a crash knows that it may have been.
            note(hub, company, job, move |bulk| bulk.items[place].is_begun = true).await?;
        }
        let done = std::panic::AssertUnwindSafe(do_one(hub, company, &going, &item)).catch_unwind().await;
        let outcome = match done {
            Ok(Ok(outcome)) => outcome,
            // A disk or a counterparty may be well again soon; what stays wrong with one item stops no other.
            Ok(Err(error)) if is_of_the_item(&error) && job.runs < TRIES => return Err(error),
            Ok(Err(error)) if !is_of_the_item(&error) => return Err(error),
            Ok(Err(_)) | Err(_) => {
                tracing::error!(item = item.id, "an item of many cannot be done");
                Outcome::Refused(vec![Fault::fatal(codes::HUB_FAILED)])
            }
        };
        note(hub, company, job, move |bulk| bulk.items[place].outcome = Some(outcome.clone())).await?;
    }
    let (job, now) = (job.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let job = job.clone();
        async move { job::again(tx, &job, now, 0, "").await }.boxed()
    })
    .await
}

/// Does one as it was shown, as if it had been asked for alone. Where something else would happen by now it is left to a person; one that
/// was begun before a crash and cannot be done any more has been done. What could be done still has not been.
async fn do_one(hub: &Hub, company: &Company, going: &StoredBulk, item: &Item) -> Result<Outcome> {
    let id = item.id.as_str();
    if going.act == Act::Finalise {
        return Box::pin(do_draft(hub, company, item)).await;
    }
    let Some(now) = Box::pin(foresee_one(hub, company, going.act, id)).await? else {
        return Ok(Outcome::Refused(vec![Fault::fatal(codes::BULK_GONE)]));
    };
    if !now.is_same(&item.seen) {
        return Ok(match item.is_begun && !now.faults.is_empty() {
            true => Outcome::Done(None),
            false => changed(now.faults),
        });
    }
    match do_invoice(hub, company, going.act, id, &going.by).await {
        Ok(()) => Ok(Outcome::Done(None)),
        Err(Error::Refused(faults)) => Ok(Outcome::Refused(faults)),
        Err(error) => Err(error),
    }
}

fn changed(mut faults: Vec<Fault>) -> Outcome {
    faults.insert(0, Fault::fatal(codes::BULK_CHANGED));
    Outcome::Refused(faults)
}

async fn do_draft(hub: &Hub, company: &Company, item: &Item) -> Result<Outcome> {
    let found = draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, &item.id).await?;
    let Some(stored) = found else { return Ok(Outcome::Refused(vec![Fault::fatal(codes::BULK_GONE)])) };
    if stored.state == DraftState::Open {
        let now = foresee_draft(hub, company, &item.id).await?;
        if let Some(now) = now.filter(|now| !now.is_same(&item.seen)) {
            return Ok(changed(now.faults));
        }
    }
    // One that has its number was begun by somebody: it is only accepted.
    match finalise(hub, company, &item.id, item.seen.version).await {
        Ok(done) => Ok(Outcome::Done(Some(done.invoice))),
        Err(Error::Refused(faults)) => Ok(Outcome::Refused(faults)),
        Err(error) => Err(error),
    }
}

async fn do_invoice(hub: &Hub, company: &Company, act: Act, id: &str, by: &str) -> Result<()> {
    let stored = invoice::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    if let Some(instead) = instead(act, &stored).map_err(Error::refused)? {
        return reroute_invoice(hub, company, id, instead, by).await;
    }
    let settlement = if act == Act::Recall { Settlement::Cancel } else { Settlement::Reopen };
    settle(hub, company, Decided { invoice: &stored.id, purpose: Purpose::Bill, settlement }, by).await
}

/// Writes down what became of it, as long as the job is held.
async fn note(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    change: impl Fn(&mut StoredBulk) + Clone + Send + Sync + 'static,
) -> Result<()> {
    let (company, job, now) = (company.clone(), job.clone(), hub.clock().business_ms());
    let machine_now = hub.clock().machine_ms();
    hub.write(move |tx| {
        let (company, job, change) = (company.clone(), job.clone(), change.clone());
        async move {
            job::hold(tx, &job, machine_now).await?;
            let known = bulk::by_id(tx.db(), &company.id, &company.key, &job.subject).await?;
            let mut after = known.ok_or_else(|| Error::NotFound("what was to be done to many".into()))?;
            change(&mut after);
            after.changed_at = now;
            bulk::save(tx, &company.id, &company.key, &after).await
        }
        .boxed()
    })
    .await
}
