//! The crash test: a hub under load is killed again and again, at random instants and at every named failpoint, and then
//! the counterparty's ledger says whether anything was lost or sent twice.
//!
//! The sandbox runs in its own process and is never killed: it is the world. Invoices come in two ways, through the watched
//! folder and through the local socket, whose answers are noted down: what was acknowledged must be there. Retries cost no
//! time, because the business clock is moved through the sandbox.
//!
//! `KVITT_KILLS` says how many kills (100), `KVITT_SEED` repeats a run as far as the machine's own timing allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use kvitt_cli::oracle::{self, Known, Line};
use kvitt_hub::desk::{Answer, Ask, HandedIn};
use kvitt_hub::{failpoint, socket};

use crate::harness::{COMPANY, Running, Sandbox, Started, WORKERS, invoice, kvitt, wait_for};

/// Invoices that come through each door between two kills.
const EACH_TIME: usize = 3;
/// A failpoint that has not struck after this long is given up and counted as not met.
const LONGEST_WAY_TO_A_FAILPOINT: Duration = Duration::from_secs(15);
/// The business time that passes at each kill: longer than the first waits of the retry policy.
const BETWEEN_KILLS_S: i64 = 10;
/// After the last kill everything must come to rest within this time of the machine.
const LONGEST_REST: Duration = Duration::from_secs(240);
/// After so many kills the ledger is compared while most is still under way.
const COMPARE_EVERY: usize = 20;

/// Numbers that look like chance and come again with the same seed (SplitMix64, Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// When and how the hub dies next.
enum Death {
    /// So long after it was ready.
    After(Duration),
    /// At the nth coming by a named place.
    At(String),
}

#[test]
fn a_hundred_kills_lose_nothing_and_send_nothing_twice() {
    let kills: usize = setting("KVITT_KILLS").unwrap_or(100);
    let seed: u64 = setting("KVITT_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("crash test: {kills} kills; repeat with KVITT_SEED={seed}");
    let folder = tempfile::tempdir().unwrap();
    let world = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    world.hub_folder(&data);

    let mut load = Load::start(&data);
    let mut met: BTreeMap<&str, bool> = BTreeMap::new();
    let deaths = deaths(kills, &mut Dice(seed));
    for (index, (name, death)) in deaths.iter().enumerate() {
        load.more(EACH_TIME, index);
        let at_its_failpoint = die(&data, death);
        if let Some(name) = name {
            *met.entry(name).or_default() |= at_its_failpoint;
        }
        world.advance(BETWEEN_KILLS_S);
        if index % COMPARE_EVERY == COMPARE_EVERY - 1 {
            let found = oracle::compare(&listed(&data), &world.taken());
            assert!(found.lost.is_empty() && found.duplicated.is_empty(), "after {} kills: {found:?}", index + 1);
        }
    }
    let missed: Vec<&&str> = met.iter().filter(|(_, met)| !**met).map(|(name, _)| name).collect();
    assert!(missed.is_empty(), "the load never came by these failpoints: {missed:?}");

    let told = load.finish_on(&data, &world);
    let doubts = judge(&told, &listed(&data), &world.taken(), deaths.len());
    settle(&data, &world, &told);
    eprintln!("crash test: {} kills, {} invoices, {doubts} in doubt; seed {seed}", deaths.len(), told.all.len());
}

/// The judge is tried too: a mail server that takes a letter twice, and one whose ledger forgets, do not go unseen.
#[test]
fn the_oracle_sees_what_was_taken_twice_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let world = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    world.hub_folder(&data);
    world.order("faults", &serde_json::json!({ "counterparty": "mail", "at": "dot", "kind": "duplicate", "times": 1 }));
    let file = folder.path().join("1.xml");
    fs::write(&file, invoice("1", "kari@post.example")).unwrap();
    kvitt(&data, &["send", file.to_str().unwrap(), "--json"]).with_code(0);
    let found = oracle::compare(&listed(&data), &world.taken());
    assert_eq!(found.duplicated, [format!("{COMPANY}/1/kari@post.example")]);
    let found = oracle::compare(&listed(&data), &[]);
    assert_eq!(found.lost, [format!("{COMPANY}/1")]);
}

/// Every failpoint in a debug build, at its first coming and at a later one; the rest are random instants, all shuffled.
fn deaths(kills: usize, dice: &mut Dice) -> Vec<(Option<&'static str>, Death)> {
    let mut deaths = Vec::new();
    if cfg!(debug_assertions) {
        for name in failpoint::NAMES {
            for times in [1, 2 + dice.throw(12)] {
                deaths.push((Some(*name), Death::At(format!("{name}:{times}"))));
            }
        }
    }
    while deaths.len() < kills {
        deaths.push((None, Death::After(Duration::from_millis(50 + dice.throw(1200)))));
    }
    for index in (1..deaths.len()).rev() {
        let other = usize::try_from(dice.throw(index as u64 + 1)).unwrap();
        deaths.swap(index, other);
    }
    deaths
}

/// Starts the hub and sees it dead. Answers whether it died at its failpoint.
fn die(data: &Path, death: &Death) -> bool {
    match death {
        Death::After(life) => {
            let mut hub = Running::ready(data, &["serve"]);
            thread::sleep(*life);
            assert!(!hub.is_dead(), "nobody has killed it yet");
            hub.kill();
            false
        }
        Death::At(failpoint) => match Running::start(data, &["serve"], Some(failpoint)) {
            Started::Died => true,
            Started::Ready(mut hub) => {
                let begun = Instant::now();
                while begun.elapsed() < LONGEST_WAY_TO_A_FAILPOINT {
                    if hub.is_dead() {
                        return true;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                hub.kill();
                false
            }
        },
    }
}

/// What recipient an invoice has, and what must become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// Its recipient takes it.
    Taken,
    /// Its recipient does not exist: parked, in no ledger.
    NobodyThere,
    /// It is taken, and comes back: parked, and in the ledger once.
    ComesBack,
}

impl Fate {
    /// By its number: some of every kind, most of them ordinary.
    fn of(number: usize) -> (Fate, String) {
        match number % 12 {
            3 => (Fate::NobodyThere, format!("hardbounce+{number}@post.example")),
            5 | 9 => (Fate::ComesBack, format!("bounceslater+{number}@post.example")),
            7 => (Fate::Taken, format!("slow+after=150ms+{number}@post.example")),
            10 => (Fate::Taken, format!("greylisted+{number}@post.example")),
            _ => (Fate::Taken, format!("kari{number}@post.example")),
        }
    }
}

/// What was handed in, and what was acknowledged.
#[derive(Debug, Default)]
struct Told {
    all: BTreeMap<String, Fate>,
    acknowledged: BTreeSet<String>,
}

/// Hands invoices in, whatever happens to the hub.
struct Load {
    intake: PathBuf,
    next: usize,
    told: Arc<Mutex<Told>>,
    wanted: Arc<AtomicUsize>,
    done: Arc<AtomicBool>,
    caller: thread::JoinHandle<()>,
}

/// Numbers of invoices that come through the socket begin here; those through the folder begin at 1.
const THROUGH_THE_SOCKET: usize = 100_000;

impl Load {
    fn start(data: &Path) -> Load {
        let intake = data.join("intake");
        fs::create_dir_all(&intake).unwrap();
        let (told, wanted, done) =
            (Arc::new(Mutex::new(Told::default())), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let caller = {
            let (data, told, wanted, done) = (data.to_owned(), told.clone(), wanted.clone(), done.clone());
            thread::spawn(move || call(&data, &told, &wanted, &done))
        };
        Load { intake, next: 1, told, wanted, done, caller }
    }

    /// Hands more in: some into the folder now, as many through the socket as soon as it answers.
    fn more(&mut self, count: usize, time: usize) {
        for _ in 0..count {
            let (number, (fate, recipient)) = (self.next.to_string(), Fate::of(self.next));
            self.told.lock().unwrap().all.insert(number.clone(), fate);
            let part = self.intake.join(format!("{time}-{number}.part"));
            fs::write(&part, invoice(&number, &recipient)).unwrap();
            fs::rename(&part, part.with_extension("xml")).unwrap();
            self.next += 1;
        }
        self.wanted.fetch_add(count, Ordering::SeqCst);
    }

    /// Starts the hub a last time and lets everything come to rest.
    fn finish_on(self, data: &Path, world: &Sandbox) -> Told {
        let mut hub = Running::ready(data, &["serve"]);
        self.done.store(true, Ordering::SeqCst);
        self.caller.join().unwrap();
        rest(data, world, &self.intake);
        assert_eq!(hub.stop(), Some(0));
        Arc::try_unwrap(self.told).unwrap().into_inner().unwrap()
    }
}

/// Hands invoices in through the socket, each again and again until it is acknowledged, with the same key.
fn call(data: &Path, told: &Mutex<Told>, wanted: &AtomicUsize, done: &AtomicBool) {
    let mut called = 0;
    loop {
        if called == wanted.load(Ordering::SeqCst) {
            if done.load(Ordering::SeqCst) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
            continue;
        }
        let number = THROUGH_THE_SOCKET + called;
        let (fate, recipient) = Fate::of(number);
        let number = number.to_string();
        told.lock().unwrap().all.insert(number.clone(), fate);
        let handed =
            HandedIn { key: Some(format!("key {number}")), ..HandedIn::file("", invoice(&number, &recipient).into_bytes()) };
        match wait_for(socket::ask(data, &Ask::Send(handed))) {
            Ok(Answer::Accepted(_)) => {
                told.lock().unwrap().acknowledged.insert(number);
                called += 1;
            }
            Ok(Answer::Refused { faults }) => panic!("{number} was refused: {faults:?}"),
            // Nobody is there, or it died in the middle: what became of it is not known, so it is said again.
            Ok(_) | Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Waits until the folder is empty and nothing is on its way, moving the clock for the retries.
fn rest(data: &Path, world: &Sandbox, intake: &Path) {
    let begun = Instant::now();
    let mut at_rest = 0;
    while at_rest < 10 {
        assert!(begun.elapsed() < LONGEST_REST, "it does not come to rest: {}", kvitt(data, &["status"]).stdout);
        thread::sleep(Duration::from_millis(250));
        let waits =
            fs::read_dir(intake).unwrap().any(|entry| entry.unwrap().path().extension().is_some_and(|ending| ending == "xml"));
        let on_their_way = match wait_for(socket::ask(data, &Ask::Status)).unwrap() {
            Answer::Status(status) => {
                assert_eq!(status.stuck, 0, "{}", kvitt(data, &["jobs", "--json"]).stdout);
                ["choosing", "waiting", "queued", "sending"].iter().filter_map(|state| status.states.get(*state)).sum::<i64>()
            }
            other => panic!("{other:?}"),
        };
        if waits || on_their_way > 0 {
            at_rest = 0;
            if !waits {
                world.advance(60);
            }
        } else {
            // A bounce may still be on its way through the folders.
            at_rest += 1;
        }
    }
}

fn listed(data: &Path) -> Vec<Known> {
    let listed = kvitt(data, &["list", "--json"]).with_code(0).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let known = |row: &serde_json::Value| Known {
        company: text(&row["company"]),
        invoice: text(&row["number"]),
        state: text(&row["state"]),
    };
    listed.as_array().unwrap().iter().map(known).collect()
}

fn times(ledger: &[Line], number: &str) -> usize {
    ledger.iter().filter(|line| line.company == COMPANY && line.invoice == number).count()
}

/// The oracle: each accepted invoice is exactly one thing, and the ledger agrees. Answers how many are in doubt.
fn judge(told: &Told, known: &[Known], ledger: &[Line], kills: usize) -> usize {
    let found = oracle::compare(known, ledger);
    assert_eq!(found, oracle::Findings::default());
    let states: BTreeMap<&str, &str> = known.iter().map(|one| (one.invoice.as_str(), one.state.as_str())).collect();
    assert_eq!(states.len(), known.len(), "no number is there twice");
    for number in &told.acknowledged {
        assert!(states.contains_key(number.as_str()), "{number} was acknowledged and is gone");
    }
    let mut doubts = 0;
    for (number, fate) in &told.all {
        let state = *states.get(number.as_str()).unwrap_or_else(|| panic!("{number} was handed in and never arrived"));
        match (state, fate, times(ledger, number)) {
            ("handed_over", Fate::Taken, 1) | ("parked", Fate::NobodyThere, 0) | ("parked", Fate::ComesBack, 1) => {}
            // Nobody can ask a mail server what it took.
            ("in_doubt", Fate::Taken | Fate::ComesBack, 0 | 1) => doubts += 1,
            other => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(known.len(), told.all.len(), "nothing is there that nobody handed in");
    assert!(doubts <= WORKERS * kills, "{doubts} doubts: more than one for each connection that was open at a kill");
    doubts
}

/// A person settles the doubts by the ledger; then every accepted invoice that is not parked is in the ledger exactly once.
fn settle(data: &Path, world: &Sandbox, told: &Told) {
    kvitt(data, &["settle", "--ledger", &world.ledger(), "--by", "the crash test"]).with_code(0);
    let mut hub = Running::ready(data, &["serve"]);
    rest(data, world, &data.join("intake"));
    assert_eq!(hub.stop(), Some(0));
    let (known, ledger) = (listed(data), world.taken());
    assert_eq!(oracle::compare(&known, &ledger), oracle::Findings::default());
    for one in &known {
        let expected = match told.all[&one.invoice] {
            Fate::Taken => ("handed_over", 1),
            Fate::NobodyThere => ("parked", 0),
            Fate::ComesBack => ("parked", 1),
        };
        assert_eq!((one.state.as_str(), times(&ledger, &one.invoice)), expected, "{}", one.invoice);
    }
    kvitt(data, &["events", "--verify"]).with_code(0);
}
