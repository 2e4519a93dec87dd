//! Invoices that come again: begun from a draft, made on their day by a job, ended by a person. Each period has one draft: its row is
//! written in the transaction that makes the draft and moves the recurrence on, so that a job that runs twice finds it made.

use futures_util::FutureExt;
use jiff::civil::{Date, Time};
use kvitt_domain::calendar;
use kvitt_domain::fault::Fault;
use kvitt_domain::invoicing::recurrence::{self as terms, Does, Recurrence};
use kvitt_domain::invoicing::sheet::Sheet;

use crate::actions::finalise_draft::finalise;
use crate::actions::keep_card;
use crate::actions::write_draft::{heading, tell, unknown};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::Tx;
use crate::store::company::Company;
use crate::store::draft::{self, DraftBody, DraftState, StoredDraft};
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Leased, Urgency};
use crate::store::recurrence::{self, StoredRecurrence};

/// When in the morning, in Norway, the invoices of a day are made.
const MADE_AT: Time = Time::constant(6, 0, 0, 0);

/// Lets a draft come again as a form says. The draft itself stays as it is.
pub async fn begin(hub: &Hub, company: &Company, draft_id: &str, sheet: &Sheet) -> Result<StoredRecurrence> {
    let found = draft::by_id(&mut *hub.db().read().await?, &company.id, &company.key, draft_id).await?;
    let stored = found.ok_or_else(unknown)?;
    let recurrence = terms::read(&stored.body.draft, sheet).map_err(Error::Refused)?;
    let (company, now, today) = (company.clone(), hub.clock().business_ms(), calendar::today(hub.clock().business()));
    let id = crate::ids::new_id().to_string();
    hub.write(move |tx| {
        let (company, recurrence, id) = (company.clone(), recurrence.clone(), id.clone());
        async move {
            let name = heading(tx.db(), &company, &recurrence.draft, today).await?.buyer_name;
            let new = StoredRecurrence { id, is_running: true, name, next: 0, recurrence, version: 1 };
            recurrence::insert(tx, &company.id, &company.key, &new, now).await?;
            enqueue(tx, &company, &new, now).await?;
            told(tx, &company, "recurrence.begun", &new, now)?;
            Ok(new)
        }
        .boxed()
    })
    .await
}

/// Lets none come any more. What came stays.
pub async fn end(hub: &Hub, company: &Company, id: &str, version: i64) -> Result<()> {
    let (company, id, now) = (company.clone(), id.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id) = (company.clone(), id.clone());
        async move {
            let before = recurrence::by_id(tx.db(), &company.id, &company.key, &id).await?.ok_or_else(unknown)?;
            if before.version != version {
                return Err(keep_card::changed("draft", &before.name));
            }
            let after = StoredRecurrence { is_running: false, ..before };
            recurrence::save(tx, &company.id, &company.key, &after, now).await?;
            told(tx, &company, "recurrence.ended", &after, now)
        }
        .boxed()
    })
    .await
}

/// Does a [`Kind::RepeatDraft`] job: makes every invoice whose day has come, one after the other.
pub async fn repeat_draft(hub: &Hub, company: &Company, leased: &Leased) -> Result<()> {
    while let Some(made) = Box::pin(make_next(hub, company, &leased.subject)).await? {
        let Made { draft, does } = made;
        if does == Does::Finalise {
            match Box::pin(finalise(hub, company, &draft.id, draft.version)).await {
                Ok(_) => {}
                // A draft that cannot be an invoice waits for a person, who is told of it.
                Err(Error::Refused(faults)) => tell_person(hub, company, &draft.id, faults).await?,
                Err(error) => return Err(error),
            }
        }
    }
    let (company, leased) = (company.clone(), leased.clone());
    let (now, machine_now) = (hub.clock().business_ms(), hub.clock().machine_ms());
    hub.write(move |tx| {
        let (company, leased) = (company.clone(), leased.clone());
        async move {
            job::hold(tx, &leased, machine_now).await?;
            let found = recurrence::by_id(tx.db(), &company.id, &company.key, &leased.subject).await?;
            match found.filter(|found| found.is_running).and_then(|found| due_at(&found)) {
                Some(due_at) => job::again(tx, &leased, due_at, 0, "").await,
                None => job::end(tx, &leased, now).await,
            }
        }
        .boxed()
    })
    .await
}

/// A draft that came again.
struct Made {
    draft: StoredDraft,
    does: Does,
}

/// Makes the next draft where its day has come. A draft that was made and not finalised before a death is found by its run again.
async fn make_next(hub: &Hub, company: &Company, id: &str) -> Result<Option<Made>> {
    let (company, id) = (company.clone(), id.to_owned());
    let (now, today) = (hub.clock().business_ms(), calendar::today(hub.clock().business()));
    hub.write(move |tx| {
        let (company, id) = (company.clone(), id.clone());
        async move {
            let Some(before) = recurrence::by_id(tx.db(), &company.id, &company.key, &id).await? else { return Ok(None) };
            if let Some(unfinished) = left_by_a_death(tx, &company, &before).await? {
                return Ok(Some(Made { draft: unfinished, does: before.recurrence.does }));
            }
            let is_due = before.is_running && before.recurrence.day(before.next).is_some_and(|on| on <= today);
            let Some(draft) = before.recurrence.draft(before.next).filter(|_| is_due) else { return Ok(None) };
            let heading = heading(tx.db(), &company, &draft, today).await?;
            let made = StoredDraft {
                id: crate::ids::new_id().to_string(),
                state: DraftState::Open,
                number: String::new(),
                invoice: String::new(),
                body: DraftBody { draft, fixed: None },
                made_at: now,
                changed_at: now,
                version: 1,
            };
            draft::insert(tx, &company.id, &company.key, &made, &heading).await?;
            recurrence::record(tx, &company.id, &id, before.next, &made.id, now).await?;
            tell(tx, &company, "draft.created", &made, now)?;
            let next = before.next + 1;
            let is_running = before.recurrence.day(next).is_some();
            let does = before.recurrence.does;
            let after = StoredRecurrence { next, is_running, ..before };
            recurrence::save(tx, &company.id, &company.key, &after, now).await?;
            told(tx, &company, "recurrence.made", &after, now)?;
            Ok(Some(Made { draft: made, does }))
        }
        .boxed()
    })
    .await
}

/// The last draft, where it was to be made final by itself and a death came in between: it is as it was made, and nobody touched it.
async fn left_by_a_death(tx: &mut Tx<'_>, company: &Company, of: &StoredRecurrence) -> Result<Option<StoredDraft>> {
    if of.recurrence.does != Does::Finalise {
        return Ok(None);
    }
    let runs = recurrence::runs(tx.db(), &company.id, &of.id).await?;
    let Some((_, id)) = runs.first() else { return Ok(None) };
    let found = draft::by_id(tx.db(), &company.id, &company.key, id).await?;
    // One that a person was told of is theirs.
    let heard = crate::store::event::of_subject(tx.db(), &company.id, &company.key, id).await?;
    let is_theirs = heard.iter().any(|event| event.kind == "person.told");
    Ok(found.filter(|draft| draft.state == DraftState::Open && draft.version == 1 && !is_theirs))
}

async fn tell_person(hub: &Hub, company: &Company, draft: &str, faults: Vec<Fault>) -> Result<()> {
    let (company, draft, now) = (company.clone(), draft.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, draft, faults) = (company.clone(), draft.clone(), faults.clone());
        async move {
            for fault in &faults {
                tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &draft, fault)?);
            }
            Ok(())
        }
        .boxed()
    })
    .await
}

async fn enqueue(tx: &mut Tx<'_>, company: &Company, of: &StoredRecurrence, now: i64) -> Result<()> {
    match due_at(of) {
        Some(due_at) => job::enqueue(tx, &company.id, Kind::RepeatDraft, &of.id, Urgency::Bulk, due_at, now).await,
        None => Ok(()),
    }
}

fn due_at(of: &StoredRecurrence) -> Option<i64> {
    let on: Date = of.recurrence.day(of.next)?;
    Some(calendar::at(on, MADE_AT).as_millisecond())
}

fn told(tx: &mut Tx<'_>, company: &Company, kind: &'static str, of: &StoredRecurrence, now: i64) -> Result<()> {
    let Recurrence { every_months, .. } = of.recurrence;
    let told = serde_json::json!({ "name": of.name, "every_months": every_months, "next": of.next });
    tx.tell(NewEvent::new(&company.id, &company.key, now, kind, &of.id, &told)?);
    Ok(())
}
