//! The failure matrix: for each route, step and fault one directed run, and how it ended. `docs/failure-matrix.md` is written from
//! it; `KVITT_BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kvitt_domain::delivery::Purpose;
use kvitt_hub::actions::explain::{self, Story};
use kvitt_sandbox::counterparties::{Kind, Order, Point};

use super::faults::KINDS;
use super::play::{Answer, Death, Play};
use super::world::today;
use crate::documents::{COMPANIES, Document, Wishes};

/// One route as the matrix tries it.
struct Tried {
    name: &'static str,
    /// Its counterparty, by the sandbox's name.
    counterparty: &'static str,
    /// The route, and the one after it.
    order: &'static [&'static str],
    /// What hands something over, in a story.
    push: &'static str,
    /// The steps at which the counterparty can be at fault, and what its faults are narrowed to.
    steps: &'static [(Point, Option<&'static str>)],
}

const ROUTES: [Tried; 3] = [
    Tried {
        name: "efaktura",
        counterparty: "mps",
        order: &["efaktura", "email"],
        push: "HTTP → mps: addShipment",
        steps: &[
            (Point::Connect, None),
            (Point::Request, Some("getEfakturaIdentifiers")),
            (Point::Reply, Some("getEfakturaIdentifiers")),
            (Point::Request, Some("addShipment")),
            (Point::Reply, Some("addShipment")),
            (Point::Request, Some("getShipmentStatus")),
            (Point::Reply, Some("getShipmentStatus")),
            (Point::Request, Some("getTransactionStatus")),
            (Point::Reply, Some("getTransactionStatus")),
        ],
    },
    Tried {
        name: "email",
        counterparty: "mail",
        order: &["email", "print"],
        push: "SMTP",
        steps: &[
            (Point::Connect, None),
            (Point::Mail, None),
            (Point::Rcpt, None),
            (Point::Data, None),
            (Point::Dot, None),
            (Point::Reply, None),
        ],
    },
    Tried {
        name: "print",
        counterparty: "print",
        order: &["print", "email"],
        push: "files",
        steps: &[(Point::Connect, None), (Point::Put, None), (Point::Rename, None), (Point::Receipt, None)],
    },
];

/// One run that is to be made.
struct Trial {
    route: &'static Tried,
    fault: Option<Order>,
    death: Death,
}

const HEAD: &str = "# What becomes of an invoice when something breaks\n\n\
    Each cell is a run of the whole hub against a simulated counterparty that has one fault, or of a hub that dies once. The hub, its\n\
    database and its adapters are the real ones; what is taken is counted by the counterparty, not by the hub. A test writes this\n\
    page and compares it with every change.\n\n\
    | word | means |\n|---|---|\n\
    | taken | taken at the first try |\n\
    | again | certainly not taken at first, said again, then taken |\n\
    | asked | it may have been taken; the counterparty was asked, or said so by itself, and had it |\n\
    | asked, again | it may have been taken; the counterparty was asked and had it not, then it was said again and taken |\n\
    | doubt | it may have been taken and nobody can be asked: a person decides. *(has it)* and *(has it not)* say what was true |\n\
    | next | certainly not taken in time: the next route has it |\n\
    | parked | no route is left: a person decides |\n\
    | lost, twice | the counterparty's own doing, which no sender can make good: it says yes and does not, or acts twice on one request |\n\
    | – | the fault makes no sense at this step |\n\n\
    *once · always* says what a fault comes to that strikes one time, and one that strikes every time.\n";

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for route in &ROUTES {
        let _ = write!(page, "\n## {}: faults of the counterparty (once · always)\n\n| step |", route.name);
        for kind in KINDS {
            let _ = write!(page, " {} |", name_of(kind));
        }
        let _ = writeln!(page, "\n|---|{}", "---|".repeat(KINDS.len()));
        let cells = route.steps.iter().flat_map(|step| KINDS.map(|kind| (*step, kind)));
        let trials = cells.flat_map(|(step, kind)| [Some(1), None].map(|times| fault(route, step, kind, times)));
        let ends = make(&trials.collect::<Vec<_>>());
        let mut ends = ends.chunks(2).map(|pair| match pair {
            [Some(once), Some(always)] if once == always => once.clone(),
            [Some(once), Some(always)] => format!("{once} · {always}"),
            _ => "–".to_owned(),
        });
        for (point, of) in route.steps {
            let point = word(point);
            let _ = write!(page, "| {} |", of.map_or(point.clone(), |operation| format!("{operation}: {point}")));
            for _ in KINDS {
                let _ = write!(page, " {} |", ends.next().unwrap_or_default());
            }
            let _ = writeln!(page);
        }
    }
    page.push_str(&deaths());
    page
}

fn name_of(kind: Kind) -> String {
    word(&kind).replace('_', " ")
}

fn word(of: &impl serde::Serialize) -> String {
    serde_json::to_value(of).expect("a word").as_str().unwrap_or_default().to_owned()
}

fn fault(route: &'static Tried, (at, to): (Point, Option<&str>), kind: Kind, times: Option<u32>) -> Trial {
    let fault = Order {
        counterparty: route.counterparty.to_owned(),
        at,
        kind,
        probability: 1.0,
        times,
        delay_ms: (kind == Kind::Delay).then_some(1_000),
        to: to.map(str::to_owned),
    };
    Trial { route, fault: Some(fault), death: Death::None }
}

/// Makes runs, several at a time; their ends in their order.
fn make(trials: &[Trial]) -> Vec<Option<String>> {
    let (next, ends) = (AtomicUsize::new(0), Mutex::new(vec![None; trials.len()]));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((at, trial)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    trials.get(at).map(|trial| (at, trial))
                } {
                    let end = end(trial);
                    ends.lock().unwrap()[at] = end;
                }
            });
        }
    });
    ends.into_inner().unwrap()
}

/// The deaths of the process: at each stop of an undisturbed run, and each time that the writer comes by a failpoint.
fn deaths() -> String {
    let mut all: BTreeMap<String, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for route in &ROUTES {
        let mut undisturbed = play(route);
        let process = undisturbed.run_straight(Death::None).expect("an undisturbed run comes to rest");
        let stops = undisturbed.stops.iter().enumerate().map(|(index, place)| (place.to_string(), Death::AtStop(index + 1)));
        let commits = (1..=undisturbed.writer_came_by()).map(|time| {
            // The writer comes by before and after every commit.
            let place = if time % 2 == 1 { "before_commit" } else { "after_commit" };
            (place.to_owned(), Death::OfTheWriter(time))
        });
        let deaths: Vec<(String, Death)> = stops.chain(commits).collect();
        process.kill(());
        drop(undisturbed);
        let trials: Vec<Trial> = deaths.iter().map(|(_, death)| Trial { route, fault: None, death: *death }).collect();
        for ((place, _), end) in deaths.into_iter().zip(make(&trials)) {
            let of_route = all.entry(place).or_default().entry(route.name).or_default();
            let end = end.expect("a run without faults can be made");
            if !of_route.contains(&end) {
                of_route.push(end);
            }
        }
    }
    let mut text = DEATHS.to_owned();
    for (place, of_routes) in all {
        let _ = write!(text, "| {place} |");
        for route in &ROUTES {
            let end = of_routes.get(route.name).map_or("–".to_owned(), |ends| ends.join("; "));
            let _ = write!(text, " {end} |");
        }
        let _ = writeln!(text);
    }
    text
}

const DEATHS: &str = "\n## The hub dies\n\n\
    `kill -9` at each place that a delivery comes by, each time that it does; then the hub starts again. Names with underscores are\n\
    failpoints of the hub, the others are steps of a conversation.\n\n\
    | place | efaktura | email | print |\n|---|---|---|---|\n";

fn play(route: &Tried) -> Play {
    let wishes =
        Wishes { email: Some("yestoall@kunde.example".to_owned()), due_in_days: 25, ..Wishes::in_order(route.order, today()) };
    let document = wishes.document(COMPANIES[0].0, "7000".to_owned(), 0);
    let play = Play::new(1, false, |_| vec![document]);
    play.world().jobs.keeps = true;
    play
}

/// How a directed run ends; `None` where the fault cannot be ordered.
fn end(trial: &Trial) -> Option<String> {
    let Trial { route, fault, death } = trial;
    let mut play = play(route);
    if let Some(fault) = fault.clone()
        && play.world().faults.add(fault).is_err()
    {
        return None;
    }
    let process = play.run_straight(*death).expect("a directed run comes to rest");
    let hub = process.hub();
    let document: Document = play.documents[0].clone();
    let Some(Answer::Accepted(id)) = play.answers.get(&0).cloned() else { panic!("the document was not accepted") };
    let story = process.block_on(async {
        let company = hub.company(Some(document.company)).await.expect("a company of the template");
        explain::explain(&hub, &company, &id).await.expect("a story")
    });
    let holders = play.world().with(document.company, &document.number, Purpose::Bill).len();
    process.kill(hub);
    Some(in_words(route, &story, holders))
}

fn in_words(route: &Tried, story: &Story, holders: usize) -> String {
    let state = story.bill.delivery.state.name();
    let Some(first) = story.bill.attempts.first() else { return state.to_owned() };
    if holders > 1 {
        return "twice".to_owned();
    }
    match state {
        "in_doubt" => return format!("doubt *({})*", if holders == 1 { "has it" } else { "has it not" }),
        "parked" => return "parked".to_owned(),
        _ if first.route != route.name || story.bill.attempts.len() > 1 => return "next".to_owned(),
        _ if holders == 0 => return "lost".to_owned(),
        _ => {}
    }
    let is_push = |said: &str| said.starts_with(route.push) && !said.ends_with('?');
    let pushes: Vec<usize> = (0..first.log.len()).filter(|at| is_push(&first.log[*at].said)).collect();
    // A proxy's page has the status of an answer and is none.
    let is_clear = |answer: &str| answer == "placed" || (answer.starts_with('2') && !answer.contains("Bad Gateway"));
    match pushes.as_slice() {
        [only] if is_clear(&first.log[*only].answered) => "taken".to_owned(),
        [_] | [] => "asked".to_owned(),
        [one, .., last] if last - one + 1 > pushes.len() => "asked, again".to_owned(),
        _ => "again".to_owned(),
    }
}

/// Compares the page with what it should be, or writes it.
pub fn check() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/failure-matrix.md");
    let page = page();
    if std::env::var_os("KVITT_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "docs/failure-matrix.md is not what happens; run with KVITT_BLESS=1 and read the difference\n{page}");
}
