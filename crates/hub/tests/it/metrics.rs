//! What `/metrics` says: a text that Prometheus can read, and nothing of anybody.

use std::collections::BTreeSet;
use std::time::Duration;

use kvitt_hub::store::figures;
use kvitt_hub::store::job::{self, Kind, Seat, Times, Urgency, Wanted};
use kvitt_hub::{Config, Hub};

use crate::databases::{NOW, each_database};
use crate::sample;

/// Checks the form of the text (Prometheus, "Text-based format", version 0.0.4): each family said once, before its samples; every sample
/// a number.
pub fn check_form(text: &str) {
    let (mut family, mut seen) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["gauge", "counter", "histogram"].contains(&kind), "{line}");
            assert!(seen.insert(name.to_owned()), "{name} twice");
            family = name.to_owned();
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let name = line.split(['{', ' ']).next().unwrap();
        let of = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(of == family || name == family, "{line} stands under {family}");
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap_or_else(|_| panic!("{line}"));
    }
    assert!(seen.len() > 8, "{seen:?}");
}

#[tokio::test]
async fn the_database_says_how_old_the_oldest_is() {
    each_database(async |bench| {
        let invoices = [("i1", "1", NOW - 60_000), ("i2", "2", NOW - 5_000)];
        for (id, number, at) in invoices {
            bench
                .write(move |tx| {
                    Box::pin(async move {
                        let mut stored = sample::stored(id, number);
                        stored.accepted_at = at;
                        sample::accept(tx, &bench.a, &stored).await?;
                        job::enqueue(tx, &bench.a.id, Kind::ChooseRoute, id, Urgency::Ordinary, at, at).await
                    })
                })
                .await
                .unwrap();
        }
        let claim = bench.write(move |tx| {
            let now = Times { business: NOW - 10_000, machine: 1_000 };
            Box::pin(async move { job::claim(tx, &Seat::named("x"), &bench.a.id, &job::every(), Wanted::any(9), now).await })
        });
        assert_eq!(claim.await.unwrap().len(), 1);
        let figures = figures::read(&mut *bench.read().await, Times { business: NOW, machine: 2_000 }).await.unwrap();
        assert_eq!(figures.states["choosing"], 2);
        let open = &figures.open[0];
        assert_eq!((open.state.as_str(), open.route.as_str(), open.count, open.oldest_since), ("choosing", "", 2, NOW - 60_000));
        let mut standings: Vec<(&str, i64, i64)> =
            figures.jobs.iter().map(|jobs| (jobs.standing, jobs.count, jobs.oldest_due_at)).collect();
        standings.sort_unstable();
        assert_eq!(standings, [("due", 1, NOW - 5_000), ("held", 1, NOW - 60_000)]);
    })
    .await;
}

#[tokio::test]
async fn the_text_has_the_form_that_prometheus_reads() {
    let data = tempfile::tempdir().unwrap();
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let hub = Hub::open(data.path(), config).await.unwrap();
    hub.meters().exchange("mail server email", true, Duration::from_millis(30));
    hub.meters().exchange("mail server email", false, Duration::from_secs(61));
    let text = hub.metrics().await.unwrap();
    check_form(&text);
    for line in [
        "kvitt_exchange_seconds_count{counterparty=\"mail server email\",outcome=\"answered\"} 1",
        "kvitt_exchange_seconds_bucket{counterparty=\"mail server email\",outcome=\"silent\",le=\"60\"} 0",
        "kvitt_exchange_seconds_bucket{counterparty=\"mail server email\",outcome=\"silent\",le=\"300\"} 1",
        "kvitt_commits_failed_total 0",
        "kvitt_strays 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    hub.close().await;
}

/// Whoever watches the hub reads what each name means.
#[tokio::test]
async fn every_name_is_on_the_page() {
    let page = include_str!("../../../../docs/operations.md");
    let data = tempfile::tempdir().unwrap();
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let hub = Hub::open(data.path(), config).await.unwrap();
    let text = hub.metrics().await.unwrap();
    hub.close().await;
    for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/operations.md");
    }
}
