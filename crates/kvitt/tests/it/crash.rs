//! The crash test: a hub under load is killed again and again, at random instants and at every named failpoint, and then
//! the counterparties' ledgers say whether anything was lost or sent twice.
//!
//! The sandbox runs in its own process and is never killed: it is the world. Invoices go by e-mail, by eFaktura, on paper and as direct
//! debits whose money comes when they are due, and come in two ways, through the watched folder and through the local socket, whose answers are noted down: what was
//! acknowledged must be there. Retries, lots and receipts cost no time, because the business clock is moved through the sandbox.
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
use serde_json::json;

use crate::dice::Dice;
use crate::documents::{Document, Wishes};
use crate::harness::{ACCOUNT, COMPANY, Running, Sandbox, Started, WORKERS, invoice, kvitt, wait_for, zipped};
use crate::payments::ocr;
use debits::{Debit, FILE, SERVICE, SILENT, TOLD};

mod debits;

/// Invoices that come through each door between two kills.
const EACH_TIME: usize = 3;
/// A failpoint that has not struck after this long is given up and counted as not met.
const LONGEST_WAY_TO_A_FAILPOINT: Duration = Duration::from_secs(15);
/// The business time that passes at each kill: longer than the first waits of the retry policy.
const BETWEEN_KILLS_S: i64 = 10;
/// After so many kills a day passes at once: files of claims go once a day.
const A_DAY_AFTER: usize = 12;
const DAY_S: i64 = 24 * 3600;
/// After the last kill everything must come to rest within this time of the machine.
const LONGEST_REST: Duration = Duration::from_secs(240);
/// After so many kills the ledger is compared while most is still under way.
const COMPARE_EVERY: usize = 20;

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
    world.hub_folder_of_all_routes(&data);
    debits::activate(&data, &world);
    // A service that takes its time is killed in the middle of what it is asked.
    world
        .order("faults", &json!({ "counterparty": "mps", "at": "request", "kind": "delay", "delay_ms": 80, "probability": 0.5 }));

    let mut load = Load::start(&data);
    let mut met: BTreeMap<&str, bool> = BTreeMap::new();
    let deaths = deaths(kills, &mut Dice(seed));
    for (index, (name, death)) in deaths.iter().enumerate() {
        load.more(EACH_TIME, index);
        let at_its_failpoint = die(&data, &world, death);
        if let Some(name) = name {
            *met.entry(name).or_default() |= at_its_failpoint;
        }
        world.advance(if index % A_DAY_AFTER == A_DAY_AFTER - 1 { DAY_S } else { BETWEEN_KILLS_S });
        if index % COMPARE_EVERY == COMPARE_EVERY - 1 {
            load.judge_on_the_way(&data, &world);
        }
    }
    let missed: Vec<&&str> = met.iter().filter(|(_, met)| !**met).map(|(name, _)| name).collect();
    assert!(missed.is_empty(), "the load never came by these failpoints: {missed:?}");

    let told = load.finish_on(&data, &world);
    let doubts = judge(&told, &data, &world, deaths.len());
    assert_eq!(money(&told, &data), Vec::<String>::new());
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
    world.order("faults", &json!({ "counterparty": "mail", "at": "dot", "kind": "duplicate", "times": 1 }));
    let file = folder.path().join("1.xml");
    fs::write(&file, invoice("1", "kari@post.example")).unwrap();
    kvitt(&data, &["send", file.to_str().unwrap(), "--json"]).with_code(0);
    let found = oracle::compare(&known(&data), &world.taken());
    assert_eq!(found.duplicated, [format!("{COMPANY}/1/kari@post.example")]);
    let found = oracle::compare(&known(&data), &[]);
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
fn die(data: &Path, world: &Sandbox, death: &Death) -> bool {
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
                    // Lots close and counterparties decide on the business clock.
                    world.advance(1);
                    thread::sleep(Duration::from_millis(50));
                }
                hub.kill();
                false
            }
        },
    }
}

/// Whom an invoice goes to, and what must become of it.
struct Case {
    order: &'static [&'static str],
    /// The part of the address before the `+`: how the mail server and the banks treat the recipient.
    address: &'static str,
    /// A word of the recipient's street: how the print shop treats them.
    street: &'static str,
    /// The state in which it ends.
    ends: &'static str,
    /// Whose ledgers have it, once each: what was taken and given back later stays there.
    taken_by: &'static [&'static str],
    /// The direct debit, where it is one.
    debit: Option<Debit>,
}

const fn case(order: &'static [&'static str], address: &'static str, ends: &'static str, by: &'static [&'static str]) -> Case {
    Case { order, address, street: "", ends, taken_by: by, debit: None }
}

const fn paper(order: &'static [&'static str], street: &'static str, ends: &'static str, by: &'static [&'static str]) -> Case {
    Case { order, address: "kari", street, ends, taken_by: by, debit: None }
}

const fn debit(way: &'static debits::Way, customer: u64, by: &'static [&'static str]) -> Case {
    let debit = Some(Debit { way, customer });
    Case { order: &["avtalegiro", "email"], address: "kari", street: "", ends: "delivered", taken_by: by, debit }
}

/// Some of every kind, most of them ordinary.
const CASES: [Case; 24] = [
    case(&["email"], "kari", "handed_over", &["mail"]),
    case(&["efaktura"], "yestoall", "delivered", &["mps"]),
    paper(&["print"], "", "handed_over", &["print"]),
    case(&["email"], "hardbounce", "parked", &[]),
    case(&["efaktura", "print"], "rejectedlater", "handed_over", &["mps", "print"]),
    case(&["email"], "bounceslater", "parked", &["mail"]),
    paper(&["print"], "", "handed_over", &["print"]),
    case(&["email"], "slow+after=150ms", "handed_over", &["mail"]),
    case(&["efaktura"], "yestoall", "delivered", &["mps"]),
    paper(&["print"], "Digesttrouble", "handed_over", &["print"]),
    case(&["email"], "greylisted", "handed_over", &["mail"]),
    case(&["efaktura", "email"], "turnedoff", "handed_over", &["mail"]),
    paper(&["print", "email"], "Returned", "handed_over", &["mail", "print"]),
    case(&["email"], "kari", "handed_over", &["mail"]),
    case(&["efaktura"], "spoilsshipment", "parked", &[]),
    paper(&["print"], "Unprintable", "parked", &[]),
    case(&["email"], "bounceslater", "parked", &["mail"]),
    case(&["efaktura"], "latebank", "delivered", &["mps"]),
    paper(&["print"], "Silent", "handed_over", &["print"]),
    case(&["efaktura", "email"], "off", "handed_over", &["mail"]),
    debit(&SERVICE, SILENT, &["bank", "mps"]),
    debit(&FILE, SILENT, &["bank"]),
    debit(&SERVICE, TOLD, &["bank", "mail", "mps"]),
    debit(&FILE, TOLD, &["bank", "mail"]),
];

impl Case {
    fn of(number: &str) -> &'static Case {
        &CASES[number.parse::<usize>().expect("a number of this test") % CASES.len()]
    }

    /// The invoice with a number. Some letters have their PDF drawn here, the others bring their own.
    fn document(&self, number: usize) -> Document {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let wishes = Wishes {
            email: Some(format!("{}+{number}@kunde.example", self.address)),
            print: self.street,
            has_picture: !number.is_multiple_of(3),
            ..Wishes::in_order(self.order, today)
        };
        let document = wishes.document(COMPANY, number.to_string(), number as u64);
        match &self.debit {
            Some(debit) => debit.asked_in(document, number),
            None => document,
        }
    }

    /// Nobody can ask a mail server what it took. Everybody else is asked.
    fn may_be_in_doubt(&self) -> bool {
        self.order.contains(&"email") && self.debit.is_none()
    }
}

/// What was handed in, and what was acknowledged.
#[derive(Debug, Default)]
struct Told {
    /// Payments that the bank told of, each once.
    payments: usize,
    all: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
}

/// Hands invoices in and tells of payments, whatever happens to the hub.
struct Load {
    intake: PathBuf,
    /// Where the bank puts its files.
    bank: PathBuf,
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
        let (intake, bank) = (data.join("intake"), data.join("bank"));
        fs::create_dir_all(&intake).unwrap();
        fs::create_dir_all(&bank).unwrap();
        let (told, wanted, done) =
            (Arc::new(Mutex::new(Told::default())), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let caller = {
            let (data, told, wanted, done) = (data.to_owned(), told.clone(), wanted.clone(), done.clone());
            thread::spawn(move || call(&data, &told, &wanted, &done))
        };
        Load { intake, bank, next: 1, told, wanted, done, caller }
    }

    /// Hands more in: some into the folder now, as many through the socket as soon as it answers. Of those in the folder the bank
    /// tells a krone each, in a file that comes twice now and then.
    fn more(&mut self, count: usize, time: usize) {
        let mut kids = Vec::with_capacity(count);
        for _ in 0..count {
            let number = self.next.to_string();
            let handed = Case::of(&number).document(self.next).handed;
            self.told.lock().unwrap().all.insert(number.clone());
            let part = self.intake.join(format!("{time}-{number}.part"));
            let metadata = handed.metadata.expect("metadata stand beside it");
            fs::write(&part, zipped(&[("invoice.xml", &handed.bytes), ("metadata.json", metadata.as_bytes())])).unwrap();
            fs::rename(&part, part.with_extension("zip")).unwrap();
            self.next += 1;
            // What is paid otherwise is not claimed.
            kids.extend(kid(&handed.bytes).filter(|_| Case::of(&number).debit.is_none()));
        }
        let payments: Vec<(&str, i64)> = kids.iter().map(|kid| (kid.as_str(), 100)).collect();
        let file = ocr(ACCOUNT, u32::try_from(time).unwrap() + 1, &payments);
        self.told.lock().unwrap().payments += payments.len();
        for name in [format!("{time}.txt"), format!("{time}-again.txt")].iter().take(1 + usize::from(time.is_multiple_of(3))) {
            let part = self.bank.join(format!("{name}.part"));
            fs::write(&part, &file).unwrap();
            fs::rename(&part, self.bank.join(name)).unwrap();
        }
        self.wanted.fetch_add(count, Ordering::SeqCst);
    }

    /// Compares the ledgers while most is still under way: what the hub says of letters by e-mail is so at once; the others
    /// may say no later.
    fn judge_on_the_way(&self, data: &Path, world: &Sandbox) {
        let (known, ledger) = both(data, world);
        let letters: Vec<Known> = known.into_iter().filter(|one| Case::of(&one.invoice).order == ["email"]).collect();
        let found = oracle::compare(&letters, &ledger);
        assert!(found.lost.is_empty() && found.duplicated.is_empty(), "on the way: {found:?}");
    }

    /// Starts the hub a last time and lets everything come to its end.
    fn finish_on(self, data: &Path, world: &Sandbox) -> Told {
        let mut hub = Running::ready(data, &["serve"]);
        self.done.store(true, Ordering::SeqCst);
        self.caller.join().unwrap();
        let told = Arc::try_unwrap(self.told).unwrap().into_inner().unwrap();
        rest(data, world, &self.intake, &told);
        assert_eq!(hub.stop(), Some(0));
        told
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
        let number = (THROUGH_THE_SOCKET + called).to_string();
        let document = Case::of(&number).document(THROUGH_THE_SOCKET + called);
        told.lock().unwrap().all.insert(number.clone());
        let handed = HandedIn { key: Some(format!("key {number}")), ..document.handed };
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

/// Waits until everything is where it must end, moving the clock for retries, lots and receipts; then until nothing moves.
fn rest(data: &Path, world: &Sandbox, intake: &Path, told: &Told) {
    let begun = Instant::now();
    loop {
        at_rest(data, world, intake);
        let (known, ledger) = both(data, world);
        let (_, mut unfit) = ends(told, &known, &ledger);
        unfit.extend(money(told, data));
        if unfit.is_empty() {
            return;
        }
        assert!(begun.elapsed() < LONGEST_REST, "not where they must end: {unfit:?}");
        // A letter that comes back is on its way for a week, and a debit falls due after a month.
        world.advance(DAY_S);
    }
}

/// The KID that a document asks for.
fn kid(document: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(document);
    let (_, rest) = text.split_once("<cbc:PaymentID>")?;
    rest.split_once('<').map(|(kid, _)| kid.to_owned())
}

/// Waits until the folders are empty and nothing is on its way.
fn at_rest(data: &Path, world: &Sandbox, intake: &Path) {
    let begun = Instant::now();
    let (mut at_rest, mut looks) = (0, 0);
    while at_rest < 6 {
        looks += 1;
        assert!(begun.elapsed() < LONGEST_REST, "it does not come to rest: {}", kvitt(data, &["status"]).stdout);
        thread::sleep(Duration::from_millis(250));
        let lies = |folder: &Path, wanted: &str| {
            fs::read_dir(folder).unwrap().any(|entry| entry.unwrap().path().extension().is_some_and(|ending| ending == wanted))
        };
        let waits = lies(intake, "zip") || lies(&intake.with_file_name("bank"), "txt");
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
                // What waits longer than retries do is in a lot that closes once a day.
                world.advance(if looks < 40 { 60 } else { 900 });
            }
        } else {
            // A bounce or a receipt may still be on its way through the folders.
            at_rest += 1;
        }
    }
}

/// The invoices as the hub sees them, with their ids.
fn listed(data: &Path) -> Vec<(String, Known)> {
    let listed = kvitt(data, &["list", "--json"]).with_code(0).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let known = |row: &serde_json::Value| {
        let known = Known { company: text(&row["company"]), invoice: text(&row["number"]), state: text(&row["state"]) };
        (text(&row["id"]), known)
    };
    listed.as_array().unwrap().iter().map(known).collect()
}

fn known(data: &Path) -> Vec<Known> {
    listed(data).into_iter().map(|(_, known)| known).collect()
}

/// What the hub knows, and after that what was taken, each line with its invoice's number.
fn both(data: &Path, world: &Sandbox) -> (Vec<Known>, Vec<Line>) {
    let listed = listed(data);
    let mut ledger = world.taken();
    let numbers = listed.iter().map(|(id, known)| (id.clone(), known.invoice.clone())).collect();
    oracle::name_bills(&mut ledger, &numbers);
    let kid_of = |number: &str| Case::of(number).debit.as_ref().map(|debit| debit.kid(number.parse().unwrap()));
    let by_kid = listed.iter().filter_map(|(_, known)| Some((kid_of(&known.invoice)?, known.invoice.clone()))).collect();
    oracle::name_claims(&mut ledger, &by_kid);
    (listed.into_iter().map(|(_, known)| known).collect(), ledger)
}

/// Who took an invoice, in order.
fn takers<'a>(ledger: &'a [Line], number: &str) -> Vec<&'a str> {
    let of_it = ledger.iter().filter(|line| line.company == COMPANY && line.invoice == number);
    let mut takers: Vec<&str> = of_it.map(|line| line.counterparty.as_str()).collect();
    takers.sort_unstable();
    takers
}

fn without<'a>(takers: &[&'a str], one: &str) -> Vec<&'a str> {
    takers.iter().copied().filter(|taker| *taker != one).collect()
}

/// How many are in doubt, and what is neither in doubt nor where it must end.
fn ends(told: &Told, known: &[Known], ledger: &[Line]) -> (usize, Vec<String>) {
    let states: BTreeMap<&str, &str> = known.iter().map(|one| (one.invoice.as_str(), one.state.as_str())).collect();
    let (mut doubts, mut unfit) = (0, Vec::new());
    for number in &told.all {
        let (case, takers) = (Case::of(number), takers(ledger, number));
        let state = states.get(number.as_str()).copied().unwrap_or("nowhere");
        let without_mail = |takers: &[&str]| without(takers, "mail").len();
        let is_doubt = state == "in_doubt"
            && case.may_be_in_doubt()
            && without_mail(&takers) == without_mail(case.taken_by)
            && takers.len() - without_mail(&takers) <= 1;
        match is_doubt {
            true => doubts += 1,
            false if state == case.ends && takers == case.taken_by => {}
            // Its notice is in doubt, and did not come.
            false if case.debit.is_some() && state == case.ends && takers == without(case.taken_by, "mail") => {}
            // Its job is refused the first time: with others in it nobody knows whose fault that is, alone it is its own.
            false if case.street == "Digesttrouble" && state == "parked" && takers.is_empty() => {}
            false => unfit.push(format!("{number} ({:?}, {}{}): {state}, {takers:?}", case.order, case.address, case.street)),
        }
    }
    (doubts, unfit)
}

/// What is wrong with the money: every krone that the bank told of is there once, whatever was killed while it was read, and each debit
/// paid its invoice.
fn money(told: &Told, data: &Path) -> Vec<String> {
    let debit = |number: &String| Some(Case::of(number).debit.as_ref()?.kid(number.parse().unwrap()));
    let debited: BTreeSet<String> = told.all.iter().filter_map(debit).collect();
    let listed = kvitt(data, &["payments", "list", "--json"]).json();
    let payments = listed["payments"].as_array().unwrap();
    let kids: BTreeSet<&str> = payments.iter().map(|payment| payment["kid"].as_str().unwrap()).collect();
    let wanted = told.payments + debited.len();
    let is_debit = |payment: &&serde_json::Value| debited.contains(payment["kid"].as_str().unwrap());
    let unplaced = payments.iter().filter(is_debit).filter(|payment| payment["state"] != "matched");
    let mut wrong: Vec<String> = unplaced.map(|payment| format!("not matched: {payment}")).collect();
    if (payments.len(), kids.len()) != (wanted, wanted) {
        wrong.push(format!("{} payments with {} KIDs, where there are {wanted}", payments.len(), kids.len()));
    }
    wrong
}

/// The oracle: each accepted invoice is exactly one thing, and the ledgers agree. Answers how many are in doubt.
fn judge(told: &Told, data: &Path, world: &Sandbox, kills: usize) -> usize {
    let (known, ledger) = both(data, world);
    assert_eq!(oracle::compare(&known, &ledger), oracle::Findings::default());
    let numbers: BTreeSet<&str> = known.iter().map(|one| one.invoice.as_str()).collect();
    assert_eq!(numbers.len(), known.len(), "no number is there twice");
    for number in &told.acknowledged {
        assert!(numbers.contains(number.as_str()), "{number} was acknowledged and is gone");
    }
    assert_eq!(known.len(), told.all.len(), "nothing is there that nobody handed in");
    let (doubts, unfit) = ends(told, &known, &ledger);
    assert!(unfit.is_empty(), "{unfit:?}");
    assert!(doubts <= WORKERS * kills, "{doubts} doubts: more than one for each connection that was open at a kill");
    doubts
}

/// A person settles the doubts by the ledger; then everything is where it must end.
fn settle(data: &Path, world: &Sandbox, told: &Told) {
    kvitt(data, &["settle", "--ledger", &world.ledger(), "--by", "the crash test"]).with_code(0);
    let mut hub = Running::ready(data, &["serve"]);
    rest(data, world, &data.join("intake"), told);
    assert_eq!(hub.stop(), Some(0));
    assert_eq!(judge(told, data, world, 0), 0, "a person settled them all");
    kvitt(data, &["events", "--verify"]).with_code(0);
}
