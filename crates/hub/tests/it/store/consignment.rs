//! Lots, consignments and their logs: numbers without gaps, members that never change, and what a crash leaves behind.

use futures_util::future::join_all;
use jiff::Timestamp;
use kvitt_adapters::letter::Letter;
use kvitt_adapters::route::{Arrived, Entry, Reply, Request, RouteSetup, Sent, SmtpStage};
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::consignment::{self, NewArrival};
use serde_json::json;

use crate::databases::{Bench, NOW, each_database};
use crate::sample;

async fn open(bench: &'static Bench, lot: &'static str) {
    bench.write(move |tx| Box::pin(consignment::open(tx, &bench.a.id, lot, "email", NOW))).await.unwrap();
}

async fn join(bench: &'static Bench, lot: &'static str, attempt: u128) -> Result<()> {
    bench
        .write(move |tx| {
            Box::pin(async move {
                let (id, members, version) = consignment::open_lot(tx, &bench.a.id, "email").await?.ok_or(Error::Conflict)?;
                assert_eq!(id, lot);
                consignment::join(tx, &bench.a.id, lot, members, version, sample::attempt(attempt)).await
            })
        })
        .await
}

async fn close(bench: &'static Bench, lot: &'static str) -> Result<i64> {
    bench
        .write(move |tx| {
            Box::pin(async move {
                let setup = RouteSetup(json!({ "from": "faktura@nordlys.example" }));
                consignment::close(tx, &bench.a.id, lot, "email", &setup, NOW + 5).await
            })
        })
        .await
}

async fn open_lot(bench: &'static Bench, route: &'static str) -> Option<(String, i64, i64)> {
    bench.write(move |tx| Box::pin(async move { consignment::open_lot(tx, &bench.a.id, route).await })).await.unwrap()
}

#[tokio::test]
async fn a_lot_opens_fills_closes_and_finishes() {
    each_database(async |bench| {
        assert_eq!(open_lot(bench, "email").await, None);
        open(bench, "lot").await;
        for attempt in [7, 3] {
            join(bench, "lot", attempt).await.unwrap();
        }
        let mut db = bench.read().await;
        assert_eq!(open_lot(bench, "email").await, Some(("lot".to_owned(), 2, 3)));
        assert_eq!(open_lot(bench, "print").await, None);
        let row = consignment::by_id(&mut db, &bench.a.id, "lot").await.unwrap().unwrap();
        assert_eq!((row.state.as_str(), row.number, row.closed_at), ("open", 0, 0));

        assert_eq!(close(bench, "lot").await.unwrap(), 1);
        let row = consignment::by_id(&mut db, &bench.a.id, "lot").await.unwrap().unwrap();
        assert_eq!((row.route.as_str(), row.state.as_str(), row.number, row.closed_at), ("email", "closed", 1, NOW + 5));
        assert_eq!(row.setup, RouteSetup(json!({ "from": "faktura@nordlys.example" })), "settings are frozen with the lot");
        let members = consignment::members(&mut db, &bench.a.id, "lot").await.unwrap();
        assert_eq!(members, [sample::attempt(7), sample::attempt(3)], "in the order in which they came");

        let late = bench.write(move |tx| Box::pin(consignment::join(tx, &bench.a.id, "lot", 2, 4, sample::attempt(9)))).await;
        assert!(matches!(late, Err(Error::Conflict)), "a closed lot takes nobody");
        bench.write(move |tx| Box::pin(consignment::finish(tx, &bench.a.id, "lot"))).await.unwrap();
        assert_eq!(consignment::by_id(&mut db, &bench.a.id, "lot").await.unwrap().unwrap().state, "finished");
        assert_eq!(consignment::members(&mut db, &bench.a.id, "lot").await.unwrap().len(), 2);
        assert!(consignment::by_id(&mut db, &bench.a.id, "nothing").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn an_attempt_remembers_every_consignment_that_it_travelled_in() {
    each_database(async |bench| {
        for lot in ["first", "second"] {
            open(bench, lot).await;
            join(bench, lot, 7).await.unwrap();
            close(bench, lot).await.unwrap();
        }
        let travelled = consignment::of_attempt(&mut *bench.read().await, &bench.a.id, sample::attempt(7)).await.unwrap();
        assert_eq!(travelled, ["first", "second"]);
    })
    .await;
}

/// Closers and joiners at once: one closer gets the number, and nobody is in the lot whom the closer did not freeze.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_close_a_lot_one_gets_its_number() {
    each_database(async |bench| {
        open(bench, "lot").await;
        join(bench, "lot", 1).await.unwrap();
        let closers = join_all((0..8).map(|_| close(bench, "lot")));
        let joiners = join_all((2..10).map(|attempt| join(bench, "lot", attempt)));
        let (closed, joined) = tokio::join!(closers, joiners);
        let numbers: Vec<i64> = closed.iter().filter_map(|outcome| outcome.as_ref().ok()).copied().collect();
        assert_eq!(numbers, [1]);
        assert!(closed.iter().filter_map(|outcome| outcome.as_ref().err()).all(|error| matches!(error, Error::Conflict)));
        let members = consignment::members(&mut *bench.read().await, &bench.a.id, "lot").await.unwrap();
        assert_eq!(members.len(), 1 + joined.iter().filter(|outcome| outcome.is_ok()).count());
    })
    .await;
}

/// Each company's consignments of a route are 1, 2, 3… whatever fails between.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_are_never_reused_or_skipped() {
    const LOTS: [&str; 8] = ["l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7"];
    each_database(async |bench| {
        for lot in LOTS {
            open(bench, lot).await;
        }
        let closers = LOTS.into_iter().enumerate().map(|(index, lot)| {
            bench.write(move |tx| {
                Box::pin(async move {
                    let number = consignment::close(tx, &bench.a.id, lot, "email", &RouteSetup(json!({})), NOW).await?;
                    if index % 2 == 0 { Ok(number) } else { Err(Error::NotFound("on purpose".into())) }
                })
            })
        });
        let mut numbers: Vec<i64> = join_all(closers).await.into_iter().flatten().collect();
        for lot in LOTS.into_iter().skip(1).step_by(2) {
            numbers.push(close(bench, lot).await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    })
    .await;
}

pub(super) fn request() -> Request {
    Request::Smtp(Box::new(Letter {
        server: "email".into(),
        envelope_from: "bounces+7@retur.nordlys.example".into(),
        envelope_to: "kari@post.example".into(),
        from: ("Nordlys Kraft AS".into(), "faktura@nordlys.example".into()),
        reply_to: None,
        to: ("Kari".into(), "kari@post.example".into()),
        subject: "Faktura 10023".into(),
        date: Timestamp::from_millisecond(NOW).unwrap(),
        message_id: "7@nordlys.example".into(),
        language: "nb".into(),
        text: "Hei".into(),
        html: "<p>Hei</p>".into(),
        files: vec![],
    }))
}

fn accepted() -> Reply {
    Reply::Smtp { stage: SmtpStage::Dot, code: 250, text: "2.0.0 Ok".into() }
}

async fn begin(bench: &'static Bench) -> i64 {
    bench
        .write(move |tx| {
            Box::pin(async move { consignment::begin_exchange(tx, &bench.a.id, &bench.a.key, "lot", &request(), NOW, 0).await })
        })
        .await
        .unwrap()
}

async fn mark(bench: &'static Bench, number: i64) -> Result<()> {
    bench.write(move |tx| Box::pin(consignment::mark_committing(tx, &bench.a.id, "lot", number, 1))).await
}

async fn reply(bench: &'static Bench, number: i64, reply: Reply) -> Result<()> {
    bench
        .write(move |tx| {
            let reply = reply.clone();
            Box::pin(async move { consignment::record_reply(tx, &bench.a.id, &bench.a.key, "lot", number, &reply).await })
        })
        .await
}

async fn replies(bench: &'static Bench) -> Vec<(i64, Reply, bool)> {
    let log = consignment::log(&mut *bench.read().await, &bench.a.id, &bench.a.key, "lot").await.unwrap();
    log.into_iter()
        .filter_map(|line| match line.entry {
            Entry::Exchange(exchange) => {
                assert_eq!(exchange.request, request());
                Some((line.number, exchange.reply, line.answered))
            }
            Entry::Arrived { .. } | Entry::LookedUp { .. } | Entry::CallBack { .. } | Entry::Settled { .. } => None,
        })
        .collect()
}

/// The mark is what tells a certain silence from an uncertain one after the process died.
#[tokio::test]
async fn a_missing_reply_reads_as_silence_by_its_mark() {
    each_database(async |bench| {
        let first = begin(bench).await;
        let silence = |sent| Reply::Silence { sent, what: "the process ended before the reply was recorded".into() };
        assert_eq!(replies(bench).await, [(first, silence(Sent::No), false)]);
        mark(bench, first).await.unwrap();
        assert!(matches!(mark(bench, first).await, Err(Error::Conflict)), "the point of no return is passed once");
        assert_eq!(replies(bench).await, [(first, silence(Sent::Unknown), false)]);
        reply(bench, first, accepted()).await.unwrap();
        assert_eq!(replies(bench).await, [(first, accepted(), true)]);
        assert!(mark(bench, 99).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn the_first_reply_stays() {
    each_database(async |bench| {
        let number = begin(bench).await;
        reply(bench, number, accepted()).await.unwrap();
        let late = Reply::Silence { sent: Sent::Unknown, what: "time-out".into() };
        assert!(matches!(reply(bench, number, late).await, Err(Error::Conflict)));
        assert_eq!(replies(bench).await, [(number, accepted(), true)]);
        assert!(reply(bench, 99, accepted()).await.is_err(), "what was not said has no reply");
    })
    .await;
}

async fn arrive(bench: &'static Bench, lot: &'static str, digest: &'static str) -> bool {
    bench
        .write(move |tx| {
            Box::pin(async move {
                let arrived = Arrived::Bounced { status: "5.1.1".into(), text: "no such user".into() };
                let new = NewArrival { attempt: sample::attempt(7), arrived: &arrived, digest, at: NOW };
                consignment::record_arrival(tx, &bench.a.id, &bench.a.key, lot, &new).await
            })
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_arrival_enters_a_log_once() {
    each_database(async |bench| {
        begin(bench).await;
        let entered = join_all((0..6).map(|_| arrive(bench, "lot", "digest"))).await;
        assert_eq!(entered.iter().filter(|entered| **entered).count(), 1);
        assert!(arrive(bench, "lot", "another").await);
        assert!(arrive(bench, "elsewhere", "digest").await, "another log has not heard of it");
        let log = consignment::log(&mut *bench.read().await, &bench.a.id, &bench.a.key, "lot").await.unwrap();
        assert_eq!(log.iter().map(|line| line.number).collect::<Vec<i64>>(), [1, 2, 3]);
        let arrived = Arrived::Bounced { status: "5.1.1".into(), text: "no such user".into() };
        let at = Timestamp::from_millisecond(NOW).unwrap();
        assert_eq!(log[1].entry, Entry::Arrived { attempt: sample::attempt(7), arrived, at });
        assert!(log[1].answered);
    })
    .await;
}

/// What is about to be said was worked out from the log as it was read: a wish to call something back that came since is not passed over.
#[tokio::test]
async fn a_log_that_has_grown_is_not_as_it_was_read() {
    each_database(async |bench| {
        open(bench, "lot").await;
        join(bench, "lot", 1).await.unwrap();
        close(bench, "lot").await.unwrap();
        let as_read = async |last: i64| {
            bench.write(move |tx| Box::pin(consignment::is_as_read(tx, &bench.a.id, "lot", last))).await.unwrap()
        };
        assert!(as_read(0).await);
        bench
            .write(move |tx| {
                Box::pin(async move {
                    let at = Timestamp::UNIX_EPOCH;
                    let note = Entry::CallBack { attempt: sample::attempt(1), by: "Kari".into(), at, file: None };
                    consignment::note(tx, &bench.a.id, &bench.a.key, "lot", &note, NOW).await
                })
            })
            .await
            .unwrap();
        assert_eq!((as_read(0).await, as_read(1).await), (false, true));
    })
    .await;
}

#[tokio::test]
async fn a_wish_that_failed_is_noted_once() {
    each_database(async |bench| {
        open(bench, "lot").await;
        join(bench, "lot", 1).await.unwrap();
        close(bench, "lot").await.unwrap();
        let under_way = async || {
            let mut db = bench.read().await;
            consignment::is_wished_back(&mut db, &bench.a.id, "lot", sample::attempt(1)).await.unwrap()
        };
        let wish = async || {
            bench.write(move |tx| Box::pin(consignment::wish_back(tx, &bench.a.id, "lot", sample::attempt(1)))).await.unwrap();
        };
        let refuse = async |wish: u32| {
            bench
                .write(move |tx| Box::pin(consignment::refuse_wish(tx, &bench.a.id, "lot", sample::attempt(1), wish)))
                .await
                .unwrap()
        };
        assert!(!under_way().await);
        wish().await;
        assert!(under_way().await);
        assert_eq!((refuse(1).await, refuse(1).await, under_way().await), (true, false, false));
        wish().await;
        assert!(under_way().await);
        assert_eq!((refuse(1).await, refuse(2).await, under_way().await), (false, true, false));
    })
    .await;
}
