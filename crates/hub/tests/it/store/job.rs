//! The queue: every job is done, none by two at once, and no wish for it is forgotten.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use kvitt_hub::error::{Error, Result};
use kvitt_hub::store::job::{self, Kind, LEASE, Leased, Seat, Times, Urgency, Wanted};

use crate::databases::{Bench, NOW, each_database};

/// A machine time at which the tests begin.
const MACHINE: i64 = 1_000_000;

fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).unwrap()
}

async fn enqueue(bench: &'static Bench, subject: &str, urgency: Urgency, due_at: i64) {
    let subject = subject.to_owned();
    bench
        .write(move |tx| {
            let subject = subject.clone();
            Box::pin(async move { job::enqueue(tx, &bench.a.id, Kind::Converse, &subject, urgency, due_at, NOW).await })
        })
        .await
        .unwrap();
}

async fn claim_at(bench: &'static Bench, seat: &'static str, limit: usize, now: Times) -> Vec<Leased> {
    let claim = bench.write(move |tx| {
        Box::pin(async move { job::claim(tx, &Seat::named(seat), &bench.a.id, &job::every(), Wanted::any(limit), now).await })
    });
    claim.await.unwrap()
}

async fn claim(bench: &'static Bench, limit: usize, business: i64, machine: i64) -> Vec<Leased> {
    claim_at(bench, "seat", limit, Times { business, machine }).await
}

/// Runs one of the runner's functions on a job that it holds.
macro_rules! with_job {
    ($bench:expr, $leased:expr, |$tx:ident, $job:ident| $call:expr) => {{
        let leased: Leased = $leased.clone();
        $bench
            .write(move |$tx| {
                let $job = leased.clone();
                Box::pin(async move { $call.await })
            })
            .await
    }};
}

fn subjects(jobs: &[Leased]) -> Vec<&str> {
    jobs.iter().map(|job| job.subject.as_str()).collect()
}

#[tokio::test]
async fn the_most_urgent_come_first_then_the_oldest() {
    each_database(async |bench| {
        for (subject, urgency, due_at) in [
            ("bulk early", Urgency::Bulk, NOW - 50),
            ("ordinary late", Urgency::Ordinary, NOW - 1),
            ("person late", Urgency::Interactive, NOW),
            ("person tomorrow", Urgency::Interactive, NOW + 1),
            ("ordinary early", Urgency::Ordinary, NOW - 9),
            ("person early", Urgency::Interactive, NOW - 5),
        ] {
            enqueue(bench, subject, urgency, due_at).await;
        }
        assert_eq!(subjects(&claim(bench, 3, NOW, MACHINE).await), ["person early", "person late", "ordinary early"]);
        assert_eq!(subjects(&claim(bench, 9, NOW, MACHINE).await), ["ordinary late", "bulk early"]);
        assert_eq!(subjects(&claim(bench, 9, NOW, MACHINE).await), [""; 0], "tomorrow's is not due");
        let tomorrow = claim(bench, 9, NOW + 1, MACHINE).await;
        assert_eq!(subjects(&tomorrow), ["person tomorrow"]);
        assert_eq!((tomorrow[0].urgency, tomorrow[0].kind, tomorrow[0].runs), (Urgency::Interactive, Kind::Converse, 1));
    })
    .await;
}

/// Claimers side by side, in small bites, until nothing is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_job_is_claimed_twice() {
    const JOBS: usize = 200;
    each_database(async |bench| {
        for index in 0..JOBS {
            enqueue(bench, &index.to_string(), Urgency::Ordinary, NOW).await;
        }
        let claimers = (0..8).map(|_| async {
            let mut mine = Vec::new();
            loop {
                let bite = claim(bench, 7, NOW, MACHINE).await;
                if bite.is_empty() && job_count(bench, "lease = ''").await == 0 {
                    return mine;
                }
                assert!(bite.len() <= 7);
                mine.extend(bite.into_iter().map(|job| job.subject));
            }
        });
        let claimed: Vec<String> = join_all(claimers).await.into_iter().flatten().collect();
        assert_eq!(claimed.len(), JOBS);
        assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), JOBS);
    })
    .await;
}

async fn job_count(bench: &'static Bench, which: &str) -> i64 {
    let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM job WHERE {which}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut *bench.read().await).await.unwrap()
}

#[tokio::test]
async fn asking_again_keeps_one_job_the_soonest_and_most_urgent() {
    each_database(async |bench| {
        enqueue(bench, "s", Urgency::Ordinary, NOW + 100).await;
        enqueue(bench, "s", Urgency::Interactive, NOW + 200).await;
        enqueue(bench, "s", Urgency::Bulk, NOW + 50).await;
        let mut db = bench.read().await;
        let jobs = job::of_subject(&mut db, &bench.a.id, "s").await.unwrap();
        assert_eq!(jobs.len(), 1);
        assert_eq!((jobs[0].due_at, jobs[0].kind.as_str(), jobs[0].made_at), (NOW + 50, "converse", NOW));
        assert_eq!(claim(bench, 1, NOW + 50, MACHINE).await[0].urgency, Urgency::Interactive);
        bench
            .write(move |tx| Box::pin(job::enqueue(tx, &bench.a.id, Kind::CloseLot, "s", Urgency::Bulk, NOW, NOW)))
            .await
            .unwrap();
        assert_eq!(job::of_subject(&mut db, &bench.a.id, "s").await.unwrap().len(), 2, "another kind is another job");
    })
    .await;
}

#[tokio::test]
async fn a_lease_ends_by_machine_time_and_its_holder_hears_of_it() {
    each_database(async |bench| {
        enqueue(bench, "s", Urgency::Ordinary, NOW).await;
        let first = claim(bench, 1, NOW, MACHINE).await.remove(0);
        let end = MACHINE + lease_ms();
        assert!(claim(bench, 1, NOW, end - 1).await.is_empty());
        with_job!(bench, first, |tx, job| job::hold(tx, &job, MACHINE + 10)).unwrap();
        assert!(claim(bench, 1, NOW, end).await.is_empty(), "it was held for longer");

        let second = claim(bench, 1, NOW, end + 10).await.remove(0);
        assert_eq!((second.id.as_str(), second.runs), (first.id.as_str(), 2));
        let lost = |outcome: Result<()>| assert!(matches!(outcome, Err(Error::LeaseLost)), "{outcome:?}");
        lost(with_job!(bench, first, |tx, job| job::hold(tx, &job, end)));
        lost(with_job!(bench, first, |tx, job| job::end(tx, &job, NOW)));
        lost(with_job!(bench, first, |tx, job| job::again(tx, &job, NOW, 1, "late")));
        lost(with_job!(bench, first, |tx, job| job::again_after_error(tx, &job, NOW, "late")));
        lost(with_job!(bench, first, |tx, job| job::stick(tx, &job, "late")));
        with_job!(bench, second, |tx, job| job::end(tx, &job, NOW)).unwrap();
        assert_eq!(job_count(bench, "1 = 1").await, 0);
        lost(with_job!(bench, second, |tx, job| job::end(tx, &job, NOW)));
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_for_while_it_runs_runs_again() {
    each_database(async |bench| {
        enqueue(bench, "s", Urgency::Ordinary, NOW).await;
        let running = claim(bench, 1, NOW, MACHINE).await.remove(0);
        enqueue(bench, "s", Urgency::Ordinary, NOW).await;
        with_job!(bench, running, |tx, job| job::end(tx, &job, NOW + 3)).unwrap();
        let again = claim(bench, 1, NOW + 3, MACHINE).await.remove(0);
        with_job!(bench, again, |tx, job| job::end(tx, &job, NOW + 3)).unwrap();
        assert_eq!(job_count(bench, "1 = 1").await, 0, "and is then done");
    })
    .await;
}

/// The runner decided to wait before it could know of the wish; the wish is newer than the decision.
#[tokio::test]
async fn a_wish_during_a_run_is_not_postponed_by_its_retry() {
    each_database(async |bench| {
        enqueue(bench, "s", Urgency::Ordinary, NOW).await;
        let running = claim(bench, 1, NOW, MACHINE).await.remove(0);
        enqueue(bench, "s", Urgency::Ordinary, NOW + 1).await;
        with_job!(bench, running, |tx, job| job::again(tx, &job, NOW + 86_400_000, 4, "greylisted")).unwrap();
        let again = claim(bench, 1, NOW + 1, MACHINE).await;
        assert_eq!(again.len(), 1, "it is due at once");
        assert_eq!(again[0].faults, 0, "and its waiting time is chosen anew");

        with_job!(bench, again[0], |tx, job| job::again(tx, &job, NOW + 86_400_000, 4, "greylisted")).unwrap();
        assert!(claim(bench, 1, NOW + 1, MACHINE).await.is_empty(), "without a wish it waits");
    })
    .await;
}

#[tokio::test]
async fn a_retry_remembers_its_faults_and_an_error_its_runs() {
    each_database(async |bench| {
        enqueue(bench, "s", Urgency::Ordinary, NOW).await;
        let running = claim(bench, 1, NOW, MACHINE).await.remove(0);
        with_job!(bench, running, |tx, job| job::again_after_error(tx, &job, NOW, "the disk is full")).unwrap();
        let running = claim(bench, 1, NOW, MACHINE).await.remove(0);
        assert_eq!(running.runs, 2, "runs that got nowhere count");
        with_job!(bench, running, |tx, job| job::again(tx, &job, NOW + 60, 3, "451 later")).unwrap();
        assert!(claim(bench, 1, NOW + 59, MACHINE).await.is_empty());
        let shown = job::list(&mut *bench.read().await, &bench.a.id).await.unwrap();
        assert_eq!((shown[0].due_at, shown[0].faults, shown[0].why.as_str()), (NOW + 60, 3, "451 later"));
        let running = claim(bench, 1, NOW + 60, MACHINE).await.remove(0);
        assert_eq!((running.faults, running.runs), (3, 1), "it got somewhere, so runs begin anew");
    })
    .await;
}

#[tokio::test]
async fn a_stuck_job_waits_for_a_person() {
    each_database(async |bench| {
        enqueue(bench, "stuck", Urgency::Interactive, NOW).await;
        enqueue(bench, "waits", Urgency::Ordinary, NOW + 5).await;
        let running = claim(bench, 1, NOW, MACHINE).await.remove(0);
        with_job!(bench, running, |tx, job| job::stick(tx, &job, "the log makes no sense")).unwrap();
        assert!(claim(bench, 1, NOW, MACHINE + 2 * lease_ms()).await.is_empty());
        let mut db = bench.read().await;
        assert_eq!(job::stuck(&mut db, &bench.a.id).await.unwrap(), 1);
        assert_eq!(job::next_due(&mut db).await.unwrap(), Some(NOW + 5), "stuck ones are not due");
        let shown = job::list(&mut db, &bench.a.id).await.unwrap();
        assert_eq!(
            shown.iter().map(|job| (job.subject.as_str(), job.stuck)).collect::<Vec<_>>(),
            [("stuck", true), ("waits", false)]
        );
        assert_eq!(shown[0].why, "the log makes no sense");

        let unstick = |id: String| {
            bench.write(move |tx| {
                let id = id.clone();
                Box::pin(async move { job::unstick(tx, &bench.a.id, &id, NOW + 7).await })
            })
        };
        assert!(unstick(running.id.clone()).await.unwrap());
        assert!(!unstick(running.id.clone()).await.unwrap(), "it is free already");
        assert!(!unstick("nothing".into()).await.unwrap());
        assert_eq!(subjects(&claim(bench, 9, NOW + 7, MACHINE).await), ["stuck", "waits"], "a person's job before the others");
        assert_eq!(job::stuck(&mut db, &bench.a.id).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_new_process_takes_over_what_a_dead_one_held() {
    each_database(async |bench| {
        for subject in ["held", "free"] {
            enqueue(bench, subject, Urgency::Ordinary, NOW).await;
        }
        let held = claim(bench, 1, NOW, MACHINE).await.remove(0);
        assert_eq!(bench.write(|tx| Box::pin(job::release_all(tx))).await.unwrap(), 1);
        assert_eq!(claim(bench, 9, NOW, MACHINE).await.len(), 2);
        assert!(matches!(with_job!(bench, held, |tx, job| job::end(tx, &job, NOW)), Err(Error::LeaseLost)));
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_to_a_seat_frees_what_was_held_from_it_and_nothing_else() {
    each_database(async |bench| {
        for subject in ["a", "b"] {
            enqueue(bench, subject, Urgency::Ordinary, NOW).await;
        }
        let now = Times { business: NOW, machine: MACHINE };
        let mine = claim_at(bench, "here", 1, now).await.remove(0);
        let theirs = claim_at(bench, "here and there", 1, now).await.remove(0);
        assert_eq!(bench.write(|tx| Box::pin(async { job::release_of(tx, &Seat::named("here")).await })).await.unwrap(), 1);
        assert!(matches!(with_job!(bench, mine, |tx, job| job::end(tx, &job, NOW)), Err(Error::LeaseLost)));
        with_job!(bench, theirs, |tx, job| job::end(tx, &job, NOW)).unwrap();
        assert_eq!(claim_at(bench, "here", 9, now).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn companies_take_turns() {
    each_database(async |bench| {
        let mut db = bench.read().await;
        assert_eq!(job::next_company(&mut db, "").await.unwrap(), None);
        assert_eq!(job::next_due(&mut db).await.unwrap(), None);
        for company in [&bench.a.id, &bench.b.id] {
            for subject in ["s", "t"] {
                bench
                    .write(move |tx| Box::pin(job::enqueue(tx, company, Kind::ChooseRoute, subject, Urgency::Bulk, NOW, NOW)))
                    .await
                    .unwrap();
            }
        }
        let (mut round, mut cursor) = (Vec::new(), String::new());
        while let Some(company) = job::next_company(&mut db, &cursor).await.unwrap() {
            round.push(company.clone());
            cursor = company;
        }
        assert_eq!(round, [bench.a.id.clone(), bench.b.id.clone()]);

        let stuck = claim(bench, 2, NOW, MACHINE).await;
        for leased in stuck {
            with_job!(bench, leased, |tx, job| job::stick(tx, &job, "limit")).unwrap();
        }
        assert_eq!(job::next_company(&mut db, "").await.unwrap().as_ref(), Some(&bench.b.id), "only stuck jobs, no turn");
    })
    .await;
}
