//! Invoices that come again: each period once, whatever dies in between, and what cannot be sent waits for a person.

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use kvitt_domain::calendar;
use kvitt_domain::invoice::DocumentKind;
use kvitt_domain::invoicing::draft::{Draft, DraftLine};
use kvitt_hub::actions::{repeat_draft, write_draft};
use kvitt_hub::failpoint;
use kvitt_hub::store::draft::{self, DraftState, Listed};
use kvitt_hub::store::recurrence::{self, StoredRecurrence};

use super::{Office, each_office, refused, sheet};

/// A recurrence that began so many months ago.
async fn begun(office: &Office, months_ago: i32, more: &[(&str, &str)]) -> StoredRecurrence {
    let customer = office.customer_of(&[("name", "Kari Nordmann"), ("kind", "consumer")]).await;
    let line = DraftLine::of("Leie", "1000".parse().unwrap(), "3");
    let pattern = Draft { customer: Some(customer), lines: vec![line], ..Draft::new(DocumentKind::Invoice) };
    let pattern = write_draft::begin(&office.hub, &office.us, pattern).await.unwrap();
    let today = calendar::today(office.hub.clock().business());
    let first = today.checked_sub(months_ago.months()).unwrap().to_string();
    let mut fields = vec![("every_months", "1"), ("first_on", first.as_str())];
    fields.extend_from_slice(more);
    let begun = repeat_draft::begin(&office.hub, &office.us, &pattern.id, &sheet(&fields)).await.unwrap();
    // The pattern is no draft of the recurrence's.
    write_draft::discard(&office.hub, &office.us, &pattern.id, pattern.version).await.unwrap();
    begun
}

async fn in_state(office: &Office, state: DraftState) -> Vec<Listed> {
    draft::list(&mut office.hub.db().read().await.unwrap(), &office.us.id, state, (i64::MAX, ""), 99).await.unwrap()
}

async fn work(office: &Office) {
    office.hub.work_until_quiet(Duration::ZERO, |_| {}).await.unwrap();
}

#[tokio::test]
async fn each_period_has_one_draft() {
    each_office(async |office| {
        office.set_up().await;
        let of = begun(office, 2, &[]).await;
        // Today's is made at six in the morning.
        office.hub.move_clock(Duration::from_secs(24 * 3600)).await.unwrap();
        work(office).await;
        assert_eq!(in_state(office, DraftState::Open).await.len(), 3);
        work(office).await;
        let mut db = office.hub.db().read().await.unwrap();
        let after = recurrence::by_id(&mut db, &office.us.id, &office.us.key, &of.id).await.unwrap().unwrap();
        assert_eq!((after.next, after.is_running), (3, true));
        let runs = recurrence::runs(&mut db, &office.us.id, &of.id).await.unwrap();
        let mut periods = Vec::new();
        for (_, id) in &runs {
            let made = draft::by_id(&mut db, &office.us.id, &office.us.key, id).await.unwrap().unwrap();
            periods.push(made.body.draft.period.unwrap());
        }
        assert!(periods.windows(2).all(|pair| pair[1].to.unwrap().tomorrow().unwrap() == pair[0].from.unwrap()), "{periods:?}");
        drop(db);
        repeat_draft::end(&office.hub, &office.us, &of.id, after.version).await.unwrap();
        office.hub.move_clock(Duration::from_secs(70 * 24 * 3600)).await.unwrap();
        work(office).await;
        assert_eq!(in_state(office, DraftState::Open).await.len(), 3, "what was ended comes no more");
        assert_eq!(refused(repeat_draft::end(&office.hub, &office.us, &of.id, after.version).await), ["entry.changed "]);
        assert_eq!(refused(repeat_draft::end(&office.hub, &office.other, &of.id, 1).await), ["entry.unknown "]);
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_by_itself_is_sent_once_though_the_process_dies() {
    each_office(async |office| {
        office.set_up().await;
        begun(office, 1, &[("finalises", "1"), ("in_arrears", "1")]).await;
        office.hub.move_clock(Duration::from_secs(24 * 3600)).await.unwrap();
        let reached = Arc::new(tokio::sync::Notify::new());
        let at = reached.clone();
        failpoint::hold(Some(Box::new(move |name| {
            let (at, is_here) = (at.clone(), name == "after_number_taken");
            Box::pin(async move {
                if is_here {
                    at.notify_one();
                    std::future::pending::<()>().await;
                }
            })
        })));
        let jobs = kvitt_hub::store::job::every();
        let times =
            kvitt_hub::store::job::Times { business: office.hub.clock().business_ms(), machine: office.hub.clock().machine_ms() };
        let (us, seat) = (office.us.id.clone(), office.hub.seat().clone());
        let leased = office
            .hub
            .write(move |tx| {
                let (us, seat, jobs) = (us.clone(), seat.clone(), jobs.clone());
                Box::pin(async move {
                    kvitt_hub::store::job::claim(tx, &seat, &us, &jobs, kvitt_hub::store::job::Wanted::any(9), times).await
                })
            })
            .await
            .unwrap();
        let leased = leased.into_iter().find(|job| job.kind == kvitt_hub::store::job::Kind::RepeatDraft).unwrap();
        tokio::select! {
            () = kvitt_hub::jobs::runner::run(&office.hub, leased) => panic!("it was not held"),
            () = reached.notified() => {}
        }
        failpoint::hold(None);
        let seat = office.hub.seat().clone();
        office
            .hub
            .write(move |tx| {
                let seat = seat.clone();
                Box::pin(async move { kvitt_hub::store::job::release_of(tx, &seat).await })
            })
            .await
            .unwrap();
        office.hub.move_clock(Duration::from_secs(25 * 3600)).await.unwrap();
        work(office).await;
        let made = in_state(office, DraftState::Final).await;
        let mut numbers: Vec<&str> = made.iter().map(|made| made.number.as_str()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, ["10001", "10002"]);
        assert!(in_state(office, DraftState::Open).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_by_itself_waits_for_a_person() {
    each_office(async |office| {
        // Nobody said where customers pay to.
        begun(office, 0, &[("finalises", "1"), ("until", "2099-01-01")]).await;
        office.hub.move_clock(Duration::from_secs(24 * 3600)).await.unwrap();
        work(office).await;
        let open = in_state(office, DraftState::Open).await;
        assert_eq!(open.len(), 1);
        assert_eq!(office.told(&open[0].id).await, ["draft.created", "person.told"]);
    })
    .await;
}
