//! Events: no gap under any load, and no change unseen.

use futures_util::future::join_all;
use kvitt_hub::error::Result;
use kvitt_hub::store::Tx;
use kvitt_hub::store::company::Company;
use kvitt_hub::store::event::{self, Moved, NewEvent};
use serde_json::json;
use sqlx::{AnyConnection, Connection, Executor};

use crate::databases::{Bench, NOW, each_database};

fn tell(tx: &mut Tx<'_>, company: &Company, at: i64, subject: &str) -> Result<()> {
    let payload = json!({ "buyer": "Kåre Ødegård" });
    let event = NewEvent::new(&company.id, &company.key, at, "invoice.accepted", subject, &payload)?;
    tx.tell(event.moving(Moved { machine: "delivery", from: "choosing", to: "queued", version: 2 }));
    Ok(())
}

async fn tell_many(bench: &'static Bench, count: i64) {
    bench
        .write(move |tx| {
            Box::pin(async move {
                for at in 0..count {
                    tell(tx, &bench.a, NOW + at, "i1")?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_told_is_read_back() {
    each_database(async |bench| {
        tell_many(bench, 1).await;
        let mut db = bench.read().await;
        let told = event::of_subject(&mut db, &bench.a.id, &bench.a.key, "i1").await.unwrap();
        assert_eq!(told.len(), 1);
        let told = &told[0];
        assert_eq!((told.seq, told.at, told.kind.as_str(), told.subject.as_str()), (1, NOW, "invoice.accepted", "i1"));
        assert_eq!(
            (told.machine.as_str(), told.from.as_str(), told.to.as_str(), told.version),
            ("delivery", "choosing", "queued", 2)
        );
        assert_eq!(told.payload, json!({ "buyer": "Kåre Ødegård" }));
        assert_eq!(event::of_subject(&mut db, &bench.a.id, &bench.a.key, "i2").await.unwrap(), []);
    })
    .await;
}

/// Writers side by side on both companies, a third of them failing: each company's events are 1, 2, 3… in commit order, and a
/// reader that follows the cursor meanwhile misses none.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_have_no_gap_under_many_writers() {
    const WRITERS: usize = 60;
    each_database(async |bench| {
        let writers = (0..WRITERS).map(|writer| {
            bench.write(move |tx| {
                Box::pin(async move {
                    let subject = format!("writer {writer}");
                    tell(tx, &bench.b, NOW, &subject)?;
                    tell(tx, &bench.a, NOW, &subject)?;
                    tell(tx, &bench.a, NOW, &subject)?;
                    if writer % 3 == 0 { Err(kvitt_hub::Error::NotFound("on purpose".into())) } else { Ok(()) }
                })
            })
        });
        let follow = async {
            let (mut seen, mut seq) = (Vec::new(), 0);
            while seq < 80 {
                let page = event::after(&mut *bench.read().await, &bench.a.id, &bench.a.key, seq, 7).await.unwrap();
                seen.extend(page.iter().map(|event| event.seq));
                seq = seen.last().copied().unwrap_or(0);
                tokio::task::yield_now().await;
            }
            seen
        };
        let (outcomes, seen) = tokio::join!(join_all(writers), follow);
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 40, "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
        assert_eq!(seen, (1..=80).collect::<Vec<i64>>());
        let mut db = bench.read().await;
        assert_eq!(event::verify(&mut db, &bench.a.id, &bench.a.key).await.unwrap(), Ok(80));
        assert_eq!(event::verify(&mut db, &bench.b.id, &bench.b.key).await.unwrap(), Ok(40));
        let told = event::after(&mut db, &bench.a.id, &bench.a.key, 0, 100).await.unwrap();
        for pair in told.chunks(2) {
            assert_eq!(pair[0].subject, pair[1].subject, "one transaction's events stand together");
        }
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_tampering_is_found() {
    // Each leaves the table well formed.
    let tamperings = [
        "UPDATE event SET at = at + 1 WHERE seq = 3",
        "UPDATE event SET kind = 'invoice.refused' WHERE seq = 3",
        "UPDATE event SET subject = 'i2' WHERE seq = 3",
        "UPDATE event SET machine = 'sale' WHERE seq = 3",
        "UPDATE event SET from_state = 'sending' WHERE seq = 3",
        "UPDATE event SET to_state = 'seen' WHERE seq = 3",
        "UPDATE event SET version = 9 WHERE seq = 3",
        "UPDATE event SET payload_digest = 'x', payload = CAST('' AS BYTEA) WHERE seq = 3",
        "UPDATE event SET hash = 'x' WHERE seq = 3",
        "DELETE FROM event WHERE seq = 3",
        "DELETE FROM event WHERE seq = 5",
        "DELETE FROM event",
        "UPDATE company_head SET last_seq = 4",
        "UPDATE company_head SET last_hash = 'x'",
    ];
    each_database(async |bench| {
        tell_many(bench, 5).await;
        let mut connection = AnyConnection::connect(&bench.url).await.unwrap();
        for tampering in tamperings {
            // Within a transaction that is taken back: each begins with a whole chain.
            let mut transaction = connection.begin().await.unwrap();
            assert_eq!(event::verify(&mut transaction, &bench.a.id, &bench.a.key).await.unwrap(), Ok(5));
            let sql = sqlx::AssertSqlSafe(for_backend(bench, tampering));
            transaction.execute(sql).await.unwrap();
            let verdict = event::verify(&mut transaction, &bench.a.id, &bench.a.key).await.unwrap();
            assert!(verdict.is_err(), "unseen: {tampering}");
            transaction.rollback().await.unwrap();
        }
        connection.close().await.unwrap();
    })
    .await;
}

/// SQLite has no BYTEA to cast to.
fn for_backend(bench: &Bench, sql: &str) -> String {
    match bench.db.backend() {
        kvitt_hub::store::Backend::Sqlite => sql.replace("CAST('' AS BYTEA)", "x''"),
        kvitt_hub::store::Backend::Postgres => sql.replace("CAST('' AS BYTEA)", "''::bytea"),
    }
}

#[tokio::test]
async fn another_payload_is_found_when_it_is_read() {
    each_database(async |bench| {
        tell_many(bench, 2).await;
        let swap = "UPDATE event SET payload = (SELECT payload FROM event WHERE seq = 1) WHERE seq = 2";
        bench.meddle(swap).await;
        assert!(event::after(&mut *bench.read().await, &bench.a.id, &bench.a.key, 0, 10).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn an_erased_payload_leaves_the_chain_whole() {
    each_database(async |bench| {
        tell_many(bench, 3).await;
        bench.meddle(&for_backend(bench, "UPDATE event SET payload = CAST('' AS BYTEA) WHERE seq = 2")).await;
        let mut db = bench.read().await;
        assert_eq!(event::verify(&mut db, &bench.a.id, &bench.a.key).await.unwrap(), Ok(3));
        let payloads: Vec<bool> = event::after(&mut db, &bench.a.id, &bench.a.key, 0, 10)
            .await
            .unwrap()
            .iter()
            .map(|event| event.payload.is_null())
            .collect();
        assert_eq!(payloads, [false, true, false]);
    })
    .await;
}

#[tokio::test]
async fn two_equal_events_have_different_digests() {
    each_database(async |bench| {
        tell_many(bench, 1).await;
        tell_many(bench, 1).await;
        let mut connection = bench.read().await;
        let digests: Vec<String> =
            sqlx::query_scalar("SELECT payload_digest FROM event ORDER BY seq").fetch_all(&mut *connection).await.unwrap();
        assert_ne!(digests[0], digests[1], "a payload cannot be guessed from its digest");
    })
    .await;
}
