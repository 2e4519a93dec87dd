//! What an operator sees of a hub at work: figures, log lines, how it stops; and that nobody is named in any of it.

use std::fs;
use std::path::Path;

use kvitt_hub::store::Db;
use kvitt_hub::store::job::{self, Seat, Times, Wanted};
use serde_json::Value;

use crate::harness::{Running, Sandbox, invoice, kvitt, wait_for};

/// What stands in the example invoice of its recipient, and in no figure or log line.
const OF_THE_RECIPIENT: [&str; 4] = ["kanari", "Nordmann", "Kari", "post.example"];

fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("waited for a minute");
}

/// How many deliveries are in each state.
fn states(data: &Path) -> Value {
    kvitt(data, &["status", "--json"]).with_code(0).json()["states"].clone()
}

fn send(folder: &Path, data: &Path, number: usize, recipient: &str) {
    let file = folder.join(format!("{number}.xml"));
    fs::write(&file, invoice(&number.to_string(), recipient)).unwrap();
    kvitt(data, &["send", file.to_str().unwrap(), "--json"]).with_code(0);
}

fn get(url: &str) -> (String, String) {
    wait_for(async {
        let answer = reqwest::get(url).await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        (answer.text().await.unwrap(), id)
    })
}

#[test]
fn figures_and_log_tell_what_happened_and_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    let log = folder.path().join("log");
    let mut hub = Running::logging(&data, &["serve", "--log-format", "json"], &log, "info,kvitt_hub=debug");
    for (number, recipient) in
        ["kanari", "hardbounce+kanari", "mailboxfull+kanari", "bounceslater+kanari"].into_iter().enumerate()
    {
        send(folder.path(), &data, number + 1, &format!("{recipient}@post.example"));
    }
    wait_until(|| {
        let states = states(&data);
        states["handed_over"] == 1 && states["parked"] == 2 && states["sending"] == 1
    });
    let (metrics, request) = get(&format!("http://{}/metrics", hub.said["http"].as_str().unwrap()));
    let has = |line: &str| assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    has("kvitt_deliveries{state=\"parked\"} 2");
    has("kvitt_deliveries_open{state=\"sending\",route=\"email\"} 1");
    has("kvitt_jobs{kind=\"converse\",standing=\"waiting\"} 1");
    has("kvitt_exchange_seconds_count{counterparty=\"mail server email\",outcome=\"answered\"} 4");
    has("kvitt_events_total{kind=\"invoice.accepted\"} 4");
    assert_eq!(hub.stop(), Some(0));

    let log = fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let in_span = |name: &str, field: &str| {
        let found = lines.iter().flat_map(|line| line["spans"].as_array().into_iter().flatten());
        found.into_iter().filter(|span| span["name"] == name).map(|span| span[field].clone()).collect::<Vec<_>>()
    };
    assert!(in_span("request", "request").contains(&Value::from(request)), "{log}");
    assert!(in_span("exchange", "deliveries").iter().all(|ids| ids.as_str().is_some_and(|ids| ids.len() == 36)));
    assert_eq!(in_span("exchange", "deliveries").len(), 4, "{log}");
    assert!(in_span("job", "kind").contains(&Value::from("converse")));
    for word in OF_THE_RECIPIENT {
        assert!(!metrics.contains(word), "{word} is in the metrics");
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "{word} is in the log: {line:?}");
    }
}

/// Told to stop while counterparties are slow, the hub finishes what is in hand, begins nothing, leaves no doubt and holds no job.
#[test]
fn what_is_in_hand_is_finished_and_what_is_not_is_left_free() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder(&data);
    let mut hub = Running::ready(&data, &["serve"]);
    const ALL: usize = 14;
    for number in 1..=ALL {
        send(folder.path(), &data, number, &format!("slow+after=3s+{number}@post.example"));
    }
    wait_until(|| states(&data)["sending"].as_u64().is_some_and(|sending| sending > 0));
    assert_eq!(hub.stop(), Some(0));

    // Looked at beside the hub, which would free leases when it starts.
    let (held, jobs) = wait_for(async {
        let db = Db::open(&Db::sqlite_url(&data.join("kvitt.db"))).await.unwrap();
        let mut reader = db.read().await.unwrap();
        let company = job::next_company(&mut reader, "").await.unwrap().expect("not all was done");
        let jobs = job::list(&mut reader, &company).await.unwrap().len();
        drop(reader);
        let now = Times { business: i64::MAX / 4, machine: jiff::Timestamp::now().as_millisecond() };
        let claim = db.writer().run(move |tx| {
            let company = company.clone();
            Box::pin(async move { job::claim(tx, &Seat::named("test"), &company, &job::every(), Wanted::any(1000), now).await })
        });
        let free = claim.await.unwrap().len();
        db.close().await;
        (jobs - free, jobs)
    });
    assert_eq!(held, 0, "{jobs} jobs are left, and somebody seems to hold {held}");
    let states = states(&data);
    assert_eq!(states["in_doubt"], Value::Null, "{states}");
    let handed_over = states["handed_over"].as_u64().unwrap_or_default();
    assert!((1..ALL as u64).contains(&handed_over), "{states}");
    assert_eq!(sandbox.taken().len() as u64, handed_over, "what was in hand was finished, and nothing else was begun");
    let mut hub = Running::ready(&data, &["serve"]);
    wait_until(|| self::states(&data)["handed_over"] == ALL);
    assert_eq!(hub.stop(), Some(0));
    assert_eq!(sandbox.taken().len(), ALL);
}
