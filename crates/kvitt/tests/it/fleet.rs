//! Several hubs on one PostgreSQL: a data folder each, keys and large files shared. They are killed while they work, and the
//! counterparty's ledger says whether anything was lost or sent twice.
//!
//! `KVITT_INVOICES` says how many invoices (300). Without PostgreSQL the test says so and is skipped; `KVITT_REQUIRE=postgres` makes that
//! a failure.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kvitt_cli::oracle::{self, Known, Line};
use kvitt_hub::desk::{Answer, Ask, HandedIn};
use kvitt_hub::socket;

use crate::harness::{COMPANY, Running, Sandbox, WORKERS, add_company, invoice, kvitt, wait_for};
use crate::postgres::cluster;

const HUBS: usize = 3;
/// Everything comes to rest when nothing has moved for so long.
const NOTHING_MOVES: Duration = Duration::from_secs(120);

/// What becomes of the invoice with a number, and whom it goes to.
fn recipient(number: usize) -> (&'static str, String) {
    match number % 20 {
        7 => ("parked", format!("hardbounce+{number}@post.example")),
        13 => ("handed_over", format!("greylisted+{number}@post.example")),
        _ => ("handed_over", format!("kari{number}@post.example")),
    }
}

/// Data folders that share a database, keys and large files. The first one reads what comes back.
fn fleet(folder: &Path, sandbox: &Sandbox, database: &str) -> Vec<PathBuf> {
    let of_all = folder.join("of all");
    let homes: Vec<PathBuf> = (1..=HUBS).map(|number| folder.join(format!("hub{number}"))).collect();
    for (number, home) in homes.iter().enumerate() {
        sandbox.configure(home);
        for name in ["keys", "objects"] {
            fs::create_dir_all(of_all.join(name)).unwrap();
            std::os::unix::fs::symlink(of_all.join(name), home.join(name)).unwrap();
        }
        let file = home.join("kvitt.toml");
        let mut configuration = format!("database = {database:?}\n{}", fs::read_to_string(&file).unwrap());
        if number > 0 {
            let (begin, end) = (configuration.find("[bounces]").unwrap(), configuration.find("[clock]").unwrap());
            configuration.replace_range(begin..end, "");
        }
        fs::write(&file, configuration).unwrap();
    }
    add_company(&homes[0], COMPANY, "Nordlys Kraft AS");
    homes
}

/// Hands every `HUBS`th invoice in at one hub, each again and again until it is acknowledged, whatever happens to the hub.
fn call(home: &Path, first: usize, all: usize, acknowledged: &AtomicUsize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for number in (first..=all).step_by(HUBS) {
        let document = invoice(&number.to_string(), &recipient(number).1).into_bytes();
        let handed = HandedIn { key: Some(format!("key {number}")), ..HandedIn::file("", document) };
        loop {
            match runtime.block_on(socket::ask(home, &Ask::Send(handed.clone()))) {
                Ok(Answer::Accepted(_)) => break,
                Ok(Answer::Refused { faults }) => panic!("{number} was refused: {faults:?}"),
                Ok(_) | Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn three_hubs_on_one_postgres_lose_nothing_and_send_nothing_twice() {
    let Some(cluster) = cluster() else { return };
    let all: usize = std::env::var("KVITT_INVOICES").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let database = wait_for(cluster.new_database());
    let homes = fleet(folder.path(), &sandbox, &database);
    let mut hubs: Vec<Running> = homes.iter().map(|home| Running::ready(home, &["serve"])).collect();

    let begun = Instant::now();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let callers: Vec<thread::JoinHandle<()>> = (0..HUBS)
        .map(|at| {
            let (home, acknowledged) = (homes[at].clone(), acknowledged.clone());
            thread::spawn(move || call(&home, at + 1, all, &acknowledged))
        })
        .collect();
    // The second hub dies when a third is taken, and the first, which reads the bounces, when two thirds are.
    let kills = [(1, all / 3), (0, all * 2 / 3)];
    for (victim, when) in kills {
        while acknowledged.load(Ordering::SeqCst) < when {
            assert!(callers.iter().any(|caller| !caller.is_finished()), "the callers ended early");
            thread::sleep(Duration::from_millis(5));
        }
        hubs[victim].kill();
        hubs[victim] = Running::ready(&homes[victim], &["serve"]);
    }
    for caller in callers {
        caller.join().unwrap();
    }
    let taken_in = begun.elapsed();
    rest(&homes[0], &sandbox);
    let delivered_in = begun.elapsed();

    let (known, ledger) = (listed(&homes[0]), sandbox.taken());
    let doubts = judge(all, &known, &ledger);
    assert!(doubts.len() <= WORKERS * kills.len(), "{doubts:?}: more than one for each connection that was open at a kill");
    kvitt(&homes[1], &["settle", "--ledger", &sandbox.ledger(), "--by", "the test of the fleet"]).with_code(0);
    rest(&homes[0], &sandbox);
    assert!(judge(all, &listed(&homes[0]), &sandbox.taken()).is_empty(), "a person settled them all");
    kvitt(&homes[2], &["events", "--verify"]).with_code(0);
    for mut hub in hubs {
        assert_eq!(hub.stop(), Some(0));
    }
    eprintln!(
        "fleet: {all} invoices, {HUBS} hubs, {} kills; taken in after {:.1} s, at rest after {:.1} s, {} in doubt",
        kills.len(),
        taken_in.as_secs_f64(),
        delivered_in.as_secs_f64(),
        doubts.len()
    );
}

/// Every invoice is exactly one thing, and the ledger agrees. Answers those that are in doubt.
fn judge(all: usize, known: &[Known], ledger: &[Line]) -> Vec<String> {
    assert_eq!(oracle::compare(known, ledger), oracle::Findings::default());
    let states: BTreeMap<&str, &str> = known.iter().map(|one| (one.invoice.as_str(), one.state.as_str())).collect();
    assert_eq!((states.len(), known.len()), (all, all), "every invoice that was acknowledged is there once");
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for line in ledger {
        *times.entry(line.invoice.as_str()).or_default() += 1;
    }
    let mut doubts = Vec::new();
    for number in 1..=all {
        let name = number.to_string();
        let expected = recipient(number).0;
        match (states[name.as_str()], times.get(name.as_str()).copied().unwrap_or_default()) {
            ("in_doubt", 0 | 1) => doubts.push(name),
            (state, 1) if state == expected && state == "handed_over" => {}
            (state, 0) if state == expected && state == "parked" => {}
            other => panic!("{number}: {other:?}, but {expected} was to come"),
        }
    }
    doubts
}

/// Waits until nothing is on its way, moving the clock for the retries.
fn rest(home: &Path, sandbox: &Sandbox) {
    let mut moved = (0, Instant::now());
    loop {
        let status = match wait_for(socket::ask(home, &Ask::Status)).unwrap() {
            Answer::Status(status) => status,
            other => panic!("{other:?}"),
        };
        assert_eq!(status.stuck, 0, "{}", kvitt(home, &["jobs", "--json"]).stdout);
        let left = ["choosing", "waiting", "queued", "sending"].iter().filter_map(|state| status.states.get(*state)).sum::<i64>();
        if left == 0 {
            return;
        }
        if moved.0 != left {
            moved = (left, Instant::now());
        }
        assert!(moved.1.elapsed() < NOTHING_MOVES, "nothing moves any more: {status:?}");
        sandbox.advance(60);
        thread::sleep(Duration::from_millis(250));
    }
}

fn listed(home: &Path) -> Vec<Known> {
    let listed = kvitt(home, &["list", "--json"]).with_code(0).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let known = |row: &serde_json::Value| Known {
        company: text(&row["company"]),
        invoice: text(&row["number"]),
        state: text(&row["state"]),
    };
    listed.as_array().unwrap().iter().map(known).collect()
}
