//! Deliveries, plans and attempts: of two who save at once, one wins and the other hears of it.

use futures_util::future::join_all;
use jiff::Timestamp;
use kvitt_domain::delivery::{Delivery, Purpose, State, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::{OrderFrom, Plan, RouteName, Rung, Standing, Verdict};
use kvitt_domain::recipient::RecipientType;
use kvitt_domain::{Amount, Currency};
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::delivery::{self, NewDelivery, StoredAttempt, StoredDelivery};
use kvitt_hub::store::invoice;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

async fn accepted(bench: &'static Bench, count: usize) {
    bench
        .write(move |tx| {
            Box::pin(async move {
                for index in 0..count {
                    sample::accept(tx, &bench.a, &sample::stored(&format!("i{index}"), &index.to_string())).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

async fn find(bench: &'static Bench, id: &str) -> StoredDelivery {
    delivery::by_id(&mut *bench.read().await, &bench.a.id, &bench.a.key, id).await.unwrap()
}

async fn save(bench: &'static Bench, before: &StoredDelivery, after: Delivery, now: i64) -> Result<()> {
    let before = before.clone();
    bench
        .write(move |tx| {
            let (before, after) = (before.clone(), after.clone());
            Box::pin(async move { delivery::save(tx, &bench.a.id, &bench.a.key, &before, &after, now).await })
        })
        .await
}

fn queued(attempt: u128) -> Delivery {
    Delivery { tried: vec![], state: State::Queued { route: RouteName::new("email"), attempt: sample::attempt(attempt) } }
}

#[tokio::test]
async fn a_delivery_is_found_by_id_and_by_invoice() {
    each_database(async |bench| {
        accepted(bench, 1).await;
        let found = find(bench, "di0").await;
        let wanted = StoredDelivery {
            id: "di0".into(),
            invoice: "i0".into(),
            purpose: Purpose::Bill,
            delivery: Delivery::new(),
            since: NOW,
            version: 1,
        };
        assert_eq!(found, wanted);
        let mut db = bench.read().await;
        assert_eq!(delivery::of_bill(&mut db, &bench.a.id, &bench.a.key, "i0").await.unwrap(), wanted);
        let notice = delivery::of_invoice(&mut db, &bench.a.id, &bench.a.key, "i0", Purpose::Notice).await.unwrap();
        assert_eq!(notice, None);
        assert!(matches!(delivery::by_id(&mut db, &bench.a.id, &bench.a.key, "nope").await, Err(Error::NotFound(_))));
        assert!(matches!(delivery::of_bill(&mut db, &bench.a.id, &bench.a.key, "nope").await, Err(Error::NotFound(_))));
    })
    .await;
}

#[tokio::test]
async fn an_invoice_has_one_delivery_for_each_purpose() {
    each_database(async |bench| {
        accepted(bench, 1).await;
        let insert = async |id: &'static str, purpose| {
            let new = NewDelivery { id, invoice: "i0", purpose };
            bench.write(move |tx| Box::pin(async move { delivery::insert(tx, &bench.a.id, &bench.a.key, new, NOW).await })).await
        };
        assert!(insert("another", Purpose::Bill).await.unwrap_err().is_retryable());
        insert("notice", Purpose::Notice).await.unwrap();
        assert!(insert("another", Purpose::Notice).await.unwrap_err().is_retryable());
        let mut db = bench.read().await;
        let found =
            async |purpose| delivery::of_invoice(&mut *bench.read().await, &bench.a.id, &bench.a.key, "i0", purpose).await;
        assert_eq!(found(Purpose::Notice).await.unwrap().unwrap().id, "notice");
        assert_eq!(found(Purpose::Bill).await.unwrap().unwrap().id, "di0");
        let listed = invoice::list(&mut db, &bench.a.id, (i64::MIN, ""), 9).await.unwrap();
        assert_eq!(listed.len(), 1, "a list shows the invoice once");
    })
    .await;
}

#[tokio::test]
async fn a_state_keeps_the_time_at_which_it_began() {
    each_database(async |bench| {
        accepted(bench, 1).await;
        save(bench, &find(bench, "di0").await, queued(1), NOW + 10).await.unwrap();
        assert_eq!((find(bench, "di0").await.since, find(bench, "di0").await.version), (NOW + 10, 2));
        save(bench, &find(bench, "di0").await, queued(2), NOW + 20).await.unwrap();
        assert_eq!((find(bench, "di0").await.since, find(bench, "di0").await.version), (NOW + 10, 3));
    })
    .await;
}

/// Twenty who have read the same version save at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_save_at_once_exactly_one_wins() {
    each_database(async |bench| {
        accepted(bench, 1).await;
        let before = find(bench, "di0").await;
        let outcomes = join_all((1..=20).map(|attempt| save(bench, &before, queued(attempt), NOW))).await;
        let won: Vec<usize> = (0..20).filter(|index| outcomes[*index].is_ok()).collect();
        assert_eq!(won.len(), 1);
        assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(|error| matches!(error, Error::Conflict)));
        let after = find(bench, "di0").await;
        assert_eq!((after.delivery, after.version), (queued(won[0] as u128 + 1), 2));
    })
    .await;
}

#[tokio::test]
async fn deliveries_are_counted_and_listed_by_state() {
    each_database(async |bench| {
        accepted(bench, 4).await;
        save(bench, &find(bench, "di2").await, queued(1), NOW + 20).await.unwrap();
        save(bench, &find(bench, "di0").await, queued(2), NOW + 30).await.unwrap();
        let mut db = bench.read().await;
        let mut counts = delivery::count(&mut db, &bench.a.id).await.unwrap();
        counts.sort();
        assert_eq!(counts, [("choosing".to_owned(), 2), ("queued".to_owned(), 2)]);
        let ids = |list: Vec<StoredDelivery>| list.into_iter().map(|found| found.id).collect::<Vec<String>>();
        let queued = delivery::in_state(&mut db, &bench.a.id, &bench.a.key, "queued", 10).await.unwrap();
        assert_eq!(ids(queued), ["di2", "di0"], "those that came into it first");
        let one = delivery::in_state(&mut db, &bench.a.id, &bench.a.key, "choosing", 1).await.unwrap();
        assert_eq!(ids(one), ["di1"]);
        assert_eq!(delivery::in_state(&mut db, &bench.a.id, &bench.a.key, "parked", 10).await.unwrap(), []);
    })
    .await;
}

pub(super) fn plan(at: i64) -> Plan {
    Plan {
        made_at: Timestamp::from_millisecond(at).unwrap(),
        recipient_type: RecipientType::Consumer,
        order_from: OrderFrom::Default,
        rungs: vec![Rung {
            route: RouteName::new("efaktura"),
            standing: Standing::Skipped,
            verdict: Verdict::Closed { reasons: vec![Fault::fatal(codes::ROUTE_NOT_BUILT).with("route", "efaktura")] },
        }],
        price_book: Some("example".into()),
        warnings: vec![],
    }
}

#[tokio::test]
async fn every_decision_record_is_kept_as_it_was_made() {
    each_database(async |bench| {
        accepted(bench, 2).await;
        for (delivery, at) in [("di0", 1), ("di1", 2), ("di0", 3)] {
            bench
                .write(move |tx| {
                    Box::pin(async move { delivery::insert_plan(tx, &bench.a.id, &bench.a.key, delivery, &plan(NOW + at)).await })
                })
                .await
                .unwrap();
        }
        let mut db = bench.read().await;
        assert_eq!(delivery::plans(&mut db, &bench.a.id, &bench.a.key, "di0").await.unwrap(), [plan(NOW + 1), plan(NOW + 3)]);
        assert_eq!(delivery::plans(&mut db, &bench.a.id, &bench.a.key, "di1").await.unwrap(), [plan(NOW + 2)]);
        assert_eq!(delivery::plans(&mut db, &bench.a.id, &bench.a.key, "di9").await.unwrap(), []);
    })
    .await;
}

fn attempt(number: i64, price: Option<Amount>, give_up_at: Option<i64>) -> StoredAttempt {
    StoredAttempt {
        id: sample::attempt(number.unsigned_abs().into()),
        delivery: "di0".into(),
        invoice: "i0".into(),
        purpose: Purpose::Bill,
        number,
        route: "email".into(),
        price,
        give_up_at,
        word: None,
        opened_at: NOW,
    }
}

#[tokio::test]
async fn attempts_are_numbered_and_carry_the_latest_word() {
    each_database(async |bench| {
        let priced = attempt(1, Some(Amount::new(150, Currency::NOK)), Some(NOW + 99));
        let free = attempt(2, None, None);
        let both = [free.clone(), priced.clone()];
        bench
            .write(move |tx| {
                let both = both.clone();
                Box::pin(async move {
                    let new = NewDelivery { id: "di0", invoice: "i0", purpose: Purpose::Bill };
                    delivery::insert(tx, &bench.a.id, &bench.a.key, new, NOW).await?;
                    for attempt in &both {
                        delivery::insert_attempt(tx, &bench.a.id, attempt).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        let mut db = bench.read().await;
        assert_eq!(delivery::attempts(&mut db, &bench.a.id, &bench.a.key, "di0").await.unwrap(), [priced.clone(), free.clone()]);
        assert_eq!(delivery::attempt(&mut db, &bench.a.id, &bench.a.key, priced.id).await.unwrap(), priced);
        assert_eq!(delivery::company_of_attempt(&mut db, priced.id).await.unwrap(), Some(bench.a.id.clone()));
        assert_eq!(delivery::company_of_attempt(&mut db, sample::attempt(9)).await.unwrap(), None);

        for word in [Word::HandedOver { receipt: "250 2.0.0 Ok".into() }, Word::Seen] {
            let said = word.clone();
            bench
                .write(move |tx| {
                    let said = said.clone();
                    Box::pin(async move { delivery::save_word(tx, &bench.a.id, &bench.a.key, sample::attempt(1), &said).await })
                })
                .await
                .unwrap();
            let found = delivery::attempt(&mut db, &bench.a.id, &bench.a.key, priced.id).await.unwrap();
            assert_eq!(found.word, Some(word));
        }
        assert_eq!(delivery::attempt(&mut db, &bench.a.id, &bench.a.key, free.id).await.unwrap().word, None);
        let unknown = bench
            .write(move |tx| Box::pin(delivery::save_word(tx, &bench.a.id, &bench.a.key, sample::attempt(9), &Word::Seen)))
            .await;
        assert!(unknown.is_err());
    })
    .await;
}
