//! The writer: what it has answered is stored, what it has not answered is whole or nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::event::{self, NewEvent};
use kvitt_hub::store::{Backend, Tx, invoice};
use tokio::sync::watch;

use crate::databases::{Bench, NOW, each_database};

/// Remembers a key and tells of it: one row and one event.
async fn remember(tx: &mut Tx<'_>, bench: &Bench, key: &str) -> Result<()> {
    invoice::remember(tx, &bench.a.id, key, "digest", "i1", NOW).await?;
    tx.tell(NewEvent::new(&bench.a.id, &bench.a.key, NOW, "key.remembered", key, &())?);
    Ok(())
}

/// The keys of `0..count` that are stored, after seeing that the events tell of the same.
async fn remembered(bench: &'static Bench, count: usize) -> Vec<usize> {
    let mut db = bench.read().await;
    let mut found = Vec::new();
    for key in 0..count {
        let stored = invoice::answered(&mut db, &bench.a.id, &key.to_string()).await.unwrap().is_some();
        let told = event::of_subject(&mut db, &bench.a.id, &bench.a.key, &key.to_string()).await.unwrap().len();
        assert_eq!(usize::from(stored), told, "row and event of {key} go together");
        if stored {
            found.push(key);
        }
    }
    assert!(event::verify(&mut db, &bench.a.id, &bench.a.key).await.unwrap().is_ok());
    found
}

/// On one thread every action is handed in before the writer wakes: on SQLite they share one group.
#[tokio::test]
async fn a_failing_action_undoes_only_itself() {
    each_database(async |bench| {
        let actions = (0..9_usize).map(|key| {
            bench.write(move |tx| {
                Box::pin(async move {
                    remember(tx, bench, &key.to_string()).await?;
                    match key % 3 {
                        0 => Err(Error::NotFound("on purpose".into())),
                        // A statement that the database itself refuses: PostgreSQL then refuses the rest of the transaction.
                        1 => invoice::remember(tx, &bench.a.id, &key.to_string(), "again", "i1", NOW).await,
                        _ => Ok(()),
                    }
                })
            })
        });
        let outcomes = join_all(actions).await;
        let done: Vec<usize> = (0..9).filter(|key| outcomes[*key].is_ok()).collect();
        assert_eq!(done, [2, 5, 8]);
        assert_eq!(remembered(bench, 9).await, done);
    })
    .await;
}

/// A constraint that is looked at only by COMMIT. On SQLite the commit is shared, and so is its failure.
#[tokio::test]
async fn a_failed_commit_fails_every_member_of_its_group() {
    each_database(async |bench| {
        bench.meddle("CREATE TABLE parent (x BIGINT PRIMARY KEY)").await;
        bench.meddle("CREATE TABLE child (x BIGINT REFERENCES parent (x) DEFERRABLE INITIALLY DEFERRED)").await;
        let actions = (0..5_usize).map(|key| {
            bench.write(move |tx| {
                Box::pin(async move {
                    remember(tx, bench, &key.to_string()).await?;
                    if key == 3 {
                        sqlx::query("INSERT INTO child (x) VALUES (7)").execute(tx.db()).await?;
                    }
                    Ok(())
                })
            })
        });
        // The writer is kept busy until all of them wait.
        let (busy, mut is_busy) = watch::channel(false);
        let (open, is_open) = watch::channel(false);
        let before = tokio::spawn(bench.write(move |_| {
            let (busy, mut is_open) = (busy.clone(), is_open.clone());
            Box::pin(async move {
                busy.send_replace(true);
                is_open.wait_for(|open| *open).await.expect("it is opened");
                Ok(())
            })
        }));
        is_busy.wait_for(|busy| *busy).await.expect("it runs");
        let (outcomes, _) = tokio::join!(join_all(actions), async { open.send_replace(true) });
        before.await.expect("it ends").expect("it does nothing");
        let done: Vec<usize> = (0..5).filter(|key| outcomes[*key].is_ok()).collect();
        match bench.db.backend() {
            Backend::Sqlite => {
                assert!(done.is_empty());
                assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Error::NotCommitted(_)))), "{outcomes:?}");
            }
            Backend::Postgres => assert_eq!(done, [0, 1, 2, 4]),
        }
        assert_eq!(remembered(bench, 5).await, done);
        bench.write(move |tx| Box::pin(remember(tx, bench, "3"))).await.expect("the writer goes on");
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_nothing() {
    each_database(async |bench| {
        {
            let mut asked = std::pin::pin!(bench.write(move |tx| Box::pin(remember(tx, bench, "0"))));
            assert!(futures_util::poll!(&mut asked).is_pending());
        }
        while invoice::answered(&mut *bench.read().await, &bench.a.id, "0").await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(remembered(bench, 1).await, [0]);
    })
    .await;
}

/// Runs an action that meets a conflict `conflicts` times; answers how often it ran and how it ended.
async fn conflicts(bench: &'static Bench, conflicts: usize) -> (usize, Result<()>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let outcome = bench
        .write(move |tx| {
            let counted = counted.clone();
            Box::pin(async move {
                remember(tx, bench, &conflicts.to_string()).await?;
                if counted.fetch_add(1, Ordering::Relaxed) < conflicts { Err(Error::Conflict) } else { Ok(()) }
            })
        })
        .await;
    (runs.load(Ordering::Relaxed), outcome)
}

#[tokio::test]
async fn a_conflict_is_tried_three_times() {
    each_database(async |bench| {
        assert!(matches!(conflicts(bench, 0).await, (1, Ok(()))));
        assert!(matches!(conflicts(bench, 2).await, (3, Ok(()))));
        assert!(matches!(conflicts(bench, 3).await, (3, Err(Error::Conflict))));
        assert_eq!(remembered(bench, 4).await, [0, 2], "each stored once, however often it ran");
    })
    .await;
}

#[tokio::test]
async fn an_action_that_panics_takes_nobody_with_it() {
    each_database(async |bench| {
        let panics = bench.write(move |tx| {
            Box::pin(async move {
                remember(tx, bench, "0").await?;
                panic!("on purpose")
            })
        });
        let (panicked, beside): (Result<()>, Result<()>) =
            tokio::join!(panics, bench.write(move |tx| Box::pin(remember(tx, bench, "1"))));
        assert!(matches!(panicked, Err(Error::NotCommitted(_))), "{panicked:?}");
        beside.unwrap();
        bench.write(move |tx| Box::pin(remember(tx, bench, "2"))).await.unwrap();
        assert_eq!(remembered(bench, 3).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn closing_lets_what_waits_finish() {
    each_database(async |bench| {
        let beside = kvitt_hub::store::Db::open(&bench.url).await.unwrap();
        let writer = beside.writer();
        let actions = join_all(
            (0..100_usize).map(|key| writer.run(move |tx| Box::pin(async move { remember(tx, bench, &key.to_string()).await }))),
        );
        let (outcomes, ()) = tokio::join!(actions, beside.close());
        for outcome in outcomes {
            outcome.unwrap();
        }
        assert_eq!(remembered(bench, 100).await.len(), 100);
        let late = writer.run(move |tx| Box::pin(remember(tx, bench, "late"))).await;
        assert!(matches!(late, Err(Error::Stopping)), "{late:?}");
    })
    .await;
}
