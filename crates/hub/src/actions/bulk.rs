//! What somebody does to many invoices or drafts at once: looked at first, then done one by one by a job, each as if it had been asked for
//! alone. One that cannot be done stops no other.

use futures_util::FutureExt;
use kvitt_adapters::routes;
use kvitt_domain::delivery::{Event, Purpose, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::money::Amount;
use kvitt_domain::plan::{Plan, RouteName, Verdict};

use crate::actions::choose_route::foresee;
use crate::actions::finalise_draft::finalise;
use crate::actions::judge_draft;
use crate::actions::keep_card;
use crate::actions::reroute_invoice::{Instead, reroute_invoice};
use crate::actions::settle::{Decided, Settlement, settle};
use crate::actions::write_draft::unknown;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::bulk::{self, Act, BulkState, Item, Outcome, StoredBulk};
use crate::store::company::Company;
use crate::store::delivery;
use crate::store::draft::{self, DraftState};
use crate::store::invoice::{self, StoredInvoice};
use crate::store::job::{self, Kind, Leased, Urgency};

/// Items at once: what somebody can look through before they say yes.
pub const MOST: usize = 500;
/// Items that a job does before it lets others have their turn.
const AT_A_TIME: usize = 25;

/// What would happen to one item.
#[derive(Debug, Clone)]
pub struct Foreseen {
    /// The invoice's number, or the draft's; empty where it has none.
    pub number: String,
    /// Whom it goes to.
    pub recipient: String,
    /// What it asks for.
    pub payable: Option<Amount>,
    /// By which route, where it would be sent.
    pub route: Option<RouteName>,
    /// What that costs, where the price book knows.
    pub price: Option<Amount>,
    /// Why it cannot be done; empty where it can.
    pub faults: Vec<Fault>,
}

impl Foreseen {
    fn of(stored: &StoredInvoice) -> Foreseen {
        let document = &stored.body.invoice;
        Foreseen {
            number: document.number.clone(),
            recipient: document.buyer.name.clone(),
            payable: Some(document.totals.payable),
            route: None,
            price: None,
            faults: Vec::new(),
        }
    }

    fn sent_by(self, plan: &Plan) -> Foreseen {
        let Some(rung) = plan.chosen() else {
            let reasons = plan.rungs.iter().filter_map(|rung| match &rung.verdict {
                Verdict::Closed { reasons } => reasons.first().cloned(),
                Verdict::Open { .. } | Verdict::NeedsLookup { .. } => None,
            });
            let mut faults: Vec<Fault> = reasons.collect();
            if faults.is_empty() {
                faults.push(Fault::fatal(codes::BULK_NO_ROUTE));
            }
            return Foreseen { faults, ..self };
        };
        let price = match &rung.verdict {
            Verdict::Open { price, .. } | Verdict::NeedsLookup { price, .. } => *price,
            Verdict::Closed { .. } => None,
        };
        Foreseen { route: Some(rung.route.clone()), price, ..self }
    }

    fn refused(self, faults: Vec<Fault>) -> Foreseen {
        Foreseen { faults, ..self }
    }
}

/// Keeps what somebody chose, to be looked at. Ids that are no invoices (or drafts) of the company are left out when it is looked at.
pub async fn plan(hub: &Hub, company: &Company, act: Act, ids: Vec<String>, by: &str) -> Result<StoredBulk> {
    let mut items: Vec<Item> = Vec::new();
    for id in ids.into_iter().take(MOST) {
        if !items.iter().any(|known| known.id == id) {
            items.push(Item { id, outcome: None });
        }
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

/// The one with an id.
pub async fn find(hub: &Hub, company: &Company, id: &str) -> Result<StoredBulk> {
    let found = bulk::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    found.ok_or_else(|| Error::NotFound("what was to be done to many".into()))
}

/// What would happen to each, in their order, as things are now. `None` for what is no thing of the company's.
pub async fn foresee_all(hub: &Hub, company: &Company, planned: &StoredBulk) -> Result<Vec<Option<Foreseen>>> {
    let mut all = Vec::with_capacity(planned.items.len());
    for item in &planned.items {
        let one = match planned.act {
            Act::Finalise => foresee_draft(hub, company, &item.id).await?,
            act => foresee_invoice(hub, company, act, &item.id).await?,
        };
        all.push(one);
    }
    Ok(all)
}

async fn foresee_invoice(hub: &Hub, company: &Company, act: Act, id: &str) -> Result<Option<Foreseen>> {
    let mut db = hub.db().read().await?;
    let stored = match invoice::by_id(&mut db, &company.id, &company.key, id).await {
        Ok(stored) => stored,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let bill = delivery::of_bill(&mut db, &company.id, &company.key, id).await?;
    drop(db);
    let seen = Foreseen::of(&stored);
    if act == Act::Recall {
        return Ok(Some(match may_recall(&bill.delivery.state) {
            Ok(()) => seen,
            Err(fault) => seen.refused(vec![fault]),
        }));
    }
    if let Err(refused) = bill.delivery.clone().apply(Event::Reopened { by: "-".to_owned() }) {
        return Ok(Some(seen.refused(vec![refused.fault()])));
    }
    let stored = match instead(act, &stored) {
        Ok(Some(instead)) => instead.aimed(stored),
        Ok(None) => stored,
        Err(fault) => return Ok(Some(seen.refused(vec![fault]))),
    };
    let plan = Box::pin(foresee(hub, company, &bill, &stored)).await?;
    Ok(Some(seen.sent_by(&plan)))
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
        route: None,
        price: None,
        faults: Vec::new(),
    };
    if stored.state == DraftState::Final {
        return Ok(Some(seen.refused(vec![Fault::fatal(codes::BULK_FINAL_ALREADY)])));
    }
    if !judged.faults.is_empty() {
        return Ok(Some(seen.refused(judged.faults)));
    }
    match Box::pin(judge_draft::plan(hub, company, &stored.body.draft)).await {
        // A draft without an open route becomes an invoice all the same, and waits.
        Ok((_, planned)) => Ok(Some(Foreseen { faults: Vec::new(), ..seen.sent_by(&planned.plan) })),
        Err(Error::Refused(faults)) => Ok(Some(seen.refused(faults))),
        Err(error) => Err(error),
    }
}

/// Lets it be done. What is under way or over already stays so.
pub async fn begin(hub: &Hub, company: &Company, id: &str) -> Result<()> {
    turn(hub, company, id, |state| match state {
        BulkState::Planned | BulkState::Stopped => Some(BulkState::Going),
        BulkState::Going | BulkState::Done => None,
    })
    .await
}

/// Lets no more of it be done.
pub async fn stop(hub: &Hub, company: &Company, id: &str) -> Result<()> {
    turn(hub, company, id, |state| (state == BulkState::Going).then_some(BulkState::Stopped)).await
}

async fn turn(
    hub: &Hub,
    company: &Company,
    id: &str,
    next: impl Fn(BulkState) -> Option<BulkState> + Clone + Send + Sync + 'static,
) -> Result<()> {
    let (company, id, now) = (company.clone(), id.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id, next) = (company.clone(), id.clone(), next.clone());
        async move {
            let before = bulk::by_id(tx.db(), &company.id, &company.key, &id).await?;
            let before = before.ok_or_else(|| Error::NotFound("what was to be done to many".into()))?;
            let Some(state) = next(before.state) else { return Ok(()) };
            bulk::save(tx, &company.id, &company.key, &StoredBulk { state, changed_at: now, ..before }).await?;
            if state == BulkState::Going {
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
        let going = known.filter(|known| known.state == BulkState::Going);
        let next = going.as_ref().and_then(|going| going.items.iter().position(|item| item.outcome.is_none()));
        let (Some(going), Some(place)) = (going, next) else { return end(hub, job).await };
        let outcome = do_one(hub, company, &going, &going.items[place].id).await?;
        note(hub, company, job, place, outcome).await?;
    }
    let (job, now) = (job.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let job = job.clone();
        async move { job::again(tx, &job, now, 0, "").await }.boxed()
    })
    .await
}

/// Does one, as if it had been asked for alone. What is wrong with the item is its outcome; what is wrong with the house is an error, and
/// the job goes on later.
async fn do_one(hub: &Hub, company: &Company, going: &StoredBulk, id: &str) -> Result<Outcome> {
    let done = match going.act {
        Act::Finalise => do_draft(hub, company, id).await.map(Some),
        act => do_invoice(hub, company, act, id, &going.by).await.map(|()| None),
    };
    match done {
        Ok(invoice) => Ok(Outcome::Done(invoice)),
        Err(Error::Refused(faults)) => Ok(Outcome::Refused(faults)),
        Err(Error::NotFound(_)) => Ok(Outcome::Refused(vec![Fault::fatal(codes::BULK_GONE)])),
        // What is damaged in one says nothing of the others.
        Err(Error::Damaged(why)) => {
            tracing::error!(item = id, why, "an item of many cannot be done");
            Ok(Outcome::Refused(vec![Fault::fatal(codes::HUB_FAILED)]))
        }
        Err(error) => Err(error),
    }
}

async fn do_draft(hub: &Hub, company: &Company, id: &str) -> Result<String> {
    let found = draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    let stored = found.ok_or_else(unknown)?;
    Ok(Box::pin(finalise(hub, company, id, stored.version)).await?.invoice)
}

async fn do_invoice(hub: &Hub, company: &Company, act: Act, id: &str, by: &str) -> Result<()> {
    let stored = invoice::by_id(&mut *hub.db().read().await?, &company.id, &company.key, id).await?;
    if let Some(instead) = instead(act, &stored).map_err(Error::refused)? {
        return reroute_invoice(hub, company, id, instead, by).await;
    }
    let settlement = if act == Act::Recall { Settlement::Cancel } else { Settlement::Reopen };
    settle(hub, company, Decided { invoice: &stored.id, purpose: Purpose::Bill, settlement }, by).await
}

async fn note(hub: &Hub, company: &Company, job: &Leased, place: usize, outcome: Outcome) -> Result<()> {
    let (company, job, now) = (company.clone(), job.clone(), hub.clock().business_ms());
    let machine_now = hub.clock().machine_ms();
    hub.write(move |tx| {
        let (company, job, outcome) = (company.clone(), job.clone(), outcome.clone());
        async move {
            job::hold(tx, &job, machine_now).await?;
            let known = bulk::by_id(tx.db(), &company.id, &company.key, &job.subject).await?;
            let mut after = known.ok_or_else(|| Error::NotFound("what was to be done to many".into()))?;
            if let Some(item) = after.items.get_mut(place) {
                item.outcome = Some(outcome);
            }
            let is_all = after.items.iter().all(|item| item.outcome.is_some());
            if is_all {
                after.state = BulkState::Done;
            }
            after.changed_at = now;
            bulk::save(tx, &company.id, &company.key, &after).await
        }
        .boxed()
    })
    .await
}

async fn end(hub: &Hub, job: &Leased) -> Result<()> {
    let (job, now, machine_now) = (job.clone(), hub.clock().business_ms(), hub.clock().machine_ms());
    hub.write(move |tx| {
        let job = job.clone();
        async move {
            job::hold(tx, &job, machine_now).await?;
            job::end(tx, &job, now).await
        }
        .boxed()
    })
    .await
}
