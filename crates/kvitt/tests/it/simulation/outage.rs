//! One counterparty cannot be reached for sixty hours, while much waits for it and the other routes have work too.
//!
//! Each job takes a moment of business time ([`super::shift`]), so that what waits behind many others is seen to be late. The same
//! run without the outage says how late it would have been anyway.
//!
//! `KVITT_QUEUED=10000` queues more than usual, `KVITT_AWAY=mps` tries only one counterparty.

use std::collections::BTreeMap;

use kvitt_adapters::route::RouteSetup;
use kvitt_hub::actions::add_company;
use kvitt_hub::hub::Hub;
use kvitt_sandbox::counterparties::mps::consumers::{CONSUMERS, Consumer};
use serde_json::json;
use sqlx::Row as _;

use super::hub::beginning_ms;
use super::play::Play;
use super::shift::Shift;
use super::world::today;
use super::{judge, setting};
use crate::documents::{ACCOUNT, COMPANIES, Document, Wishes};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How long the counterparty is away: from Friday morning to Sunday night.
const OUTAGE_MS: i64 = 60 * HOUR_MS;
/// How often an invoice comes that goes another way.
const EVERY_MS: usize = 2 * 3_600_000;
/// After the deadline a job of the print shop may still gather letters for half an hour.
const GATHERING_MS: i64 = 45 * MINUTE_MS;
/// Once the counterparty is back, what waited for it is there after the longest step of the retry policy, drawn out by a tenth, and
/// half an hour in which it may have been spared.
const BACK_MS: i64 = 5 * HOUR_MS;
/// How long work goes on after the counterparty is back, so that everything is where it ends.
const AFTERWARDS_MS: i64 = 6 * HOUR_MS;
/// How much later the other routes may be: some hundred jobs.
const LATER_MS: i64 = 1_000;

/// A route whose counterparty goes away.
struct Tried {
    counterparty: &'static str,
    /// The route, and the one after it.
    order: &'static [&'static str],
    /// Routes on which there is other work.
    others: [&'static [&'static str]; 2],
    /// The days until it is due of an invoice whose next route must be used during the outage.
    soon_due_in_days: i64,
    /// Invoices that wait for it in the ordinary test: each letter by e-mail is tried by itself, the others travel in lots.
    queued: u64,
}

const TRIED: [Tried; 3] = [
    Tried {
        counterparty: "mail",
        order: &["email", "print"],
        others: [&["efaktura"], &["print"]],
        soon_due_in_days: 12,
        queued: 40,
    },
    Tried {
        counterparty: "mps",
        order: &["efaktura", "email"],
        others: [&["email"], &["print"]],
        soon_due_in_days: 4,
        queued: 150,
    },
    Tried {
        counterparty: "print",
        order: &["print", "email"],
        others: [&["email"], &["efaktura"]],
        soon_due_in_days: 4,
        queued: 60,
    },
];

/// Tries all three counterparties.
pub fn check() {
    let only = std::env::var("KVITT_AWAY").ok();
    std::thread::scope(|scope| {
        for tried in TRIED.iter().filter(|tried| only.as_ref().is_none_or(|only| only == tried.counterparty)) {
            scope.spawn(move || compare(tried, setting("KVITT_QUEUED").unwrap_or(tried.queued)));
        }
    });
}

/// Makes a run with the outage and one without it, and compares them.
fn compare(tried: &Tried, queued: u64) {
    let begun = std::time::Instant::now();
    let without = run(tried, queued, false);
    let with = run(tried, queued, true);
    let route = tried.order[0];
    let mut later = 0;
    for (at, handed) in &with.handed {
        let usual = &without.handed[at];
        if *at < queued as usize {
            let deadline = handed.give_up_at.expect("every document has a due date") + GATHERING_MS;
            assert!(handed.at <= deadline, "{route}: {at} is {} s past its deadline", (handed.at - deadline) / 1000);
        } else {
            later = later.max((handed.at - handed.accepted_at) - (usual.at - usual.accepted_at));
        }
    }
    assert!(later <= LATER_MS, "{route} is away, and another route is {later} ms later");
    let of_queue = || with.handed.iter().filter(|(at, _)| **at < queued as usize).map(|(_, handed)| handed);
    let waited = of_queue().filter(|handed| handed.route == route).count();
    let moved_on = of_queue().count() - waited;
    assert!(waited > 0 && moved_on > 0, "{route}: {waited} waited, {moved_on} moved on");
    let back = beginning_ms() + OUTAGE_MS;
    let last = of_queue().filter(|handed| handed.route == route).map(|handed| handed.at).max().unwrap_or(back);
    assert!(last <= back + BACK_MS, "{route}: the last is there {} min after it is back", (last - back) / MINUTE_MS);
    eprintln!(
        "outage of {}: {queued} queued, {waited} handed over when it was back (the last after {} s), {moved_on} moved on in time, \
         none lost; {} others at most {later} ms later than without it; {} jobs, {} without it; {:.0} s",
        tried.counterparty,
        (last - back) / 1000,
        with.handed.len() - queued as usize,
        with.jobs,
        without.jobs,
        begun.elapsed().as_secs_f64(),
    );
}

/// How a document was handed over.
#[derive(Debug)]
struct Handed {
    accepted_at: i64,
    at: i64,
    route: String,
    /// Until when the attempt that did it was better than waiting.
    give_up_at: Option<i64>,
}

/// What a run came to.
struct Ran {
    /// By the document's place.
    handed: BTreeMap<usize, Handed>,
    jobs: u64,
}

fn run(tried: &Tried, queued: u64, is_away: bool) -> Ran {
    let (documents, times): (Vec<Document>, Vec<i64>) = work(tried, queued).into_iter().unzip();
    let mut play = Play::new(1, false, |_| documents);
    let process = play.start();
    let hub = process.hub();
    let ran = process.block_on(async {
        large_lots(&hub).await;
        let mut shift = Shift::begin(&mut play, &hub);
        if is_away {
            shift.play.world().away.insert(tried.counterparty);
        }
        for (at, time) in times.iter().enumerate() {
            shift.work_until(*time).await;
            shift.hand_in(at).await;
        }
        shift.work_until(beginning_ms() + OUTAGE_MS).await;
        shift.play.world().heal();
        shift.work_until(beginning_ms() + OUTAGE_MS + AFTERWARDS_MS).await;
        let jobs = shift.jobs;
        let wrong = judge::before_settling(&play, &hub).await;
        assert!(wrong.is_empty(), "{}: {}", tried.counterparty, wrong.join("\n  "));
        Ran { handed: handed(&play, &hub).await, jobs }
    });
    process.kill(hub);
    ran
}

/// The documents, and when each is handed in: all that wait for the counterparty at the beginning, and every other hour one on
/// each other route.
fn work(tried: &Tried, queued: u64) -> Vec<(Document, i64)> {
    let known = Consumer { nature: CONSUMERS[0].persona, serial: 0 }.identifier();
    let mut work = Vec::new();
    for index in 0..queued {
        let wishes = Wishes {
            email: Some(format!("yestoall+{index}@kunde.example")),
            due_in_days: if index % 5 == 0 { tried.soon_due_in_days } else { 30 },
            // The service can be away before it is asked about the recipient, and after.
            efaktura_identifier: (index % 2 == 0).then(|| known.clone()),
            ..Wishes::in_order(tried.order, today())
        };
        work.push((wishes.document(COMPANIES[0].0, format!("{}", 1_000 + index), index), beginning_ms()));
    }
    let mut index = queued;
    for time in (0..OUTAGE_MS).step_by(EVERY_MS) {
        for order in tried.others {
            let email = Some(format!("yestoall+{index}@kunde.example"));
            let wishes = Wishes { email, ..Wishes::in_order(order, today()) };
            let document = wishes.document(COMPANIES[0].0, format!("{}", 1_000 + index), index);
            work.push((document, beginning_ms() + 7 * MINUTE_MS + time));
            index += 1;
        }
    }
    work
}

/// Lots as large as in earnest: the template's are small, so that many are full.
async fn large_lots(hub: &Hub) {
    let company = hub.company(Some(COMPANIES[0].0)).await.expect("a company of the template");
    let efaktura = json!({ "accounts": [ACCOUNT] });
    let print = json!({ "return_address": ["Kraftveien 1", "8006 Bodø"], "closes": { "after_minutes": 30 } });
    for (route, setup) in [("efaktura", efaktura), ("print", print)] {
        add_company::set_route(hub, &company, route, RouteSetup(setup)).await.expect("a route");
    }
}

/// How each document was handed over, from the hub's own history.
async fn handed(play: &Play, hub: &Hub) -> BTreeMap<usize, Handed> {
    const EVENTS: &str = "SELECT subject, kind, MIN(at) FROM event WHERE company_id = $1 \
        AND kind IN ('invoice.accepted', 'delivery.said_handed_over', 'delivery.said_delivered') GROUP BY subject, kind";
    const ATTEMPTS: &str = "SELECT invoice_id, route, give_up_at FROM attempt WHERE company_id = $1 ORDER BY number";
    let mut db = hub.db().read().await.expect("a connection");
    let (mut accepted, mut handed) = (BTreeMap::new(), BTreeMap::new());
    for row in sqlx::query(EVENTS).bind(&play.company_ids[0]).fetch_all(&mut *db).await.expect("the events") {
        let (invoice, kind, at): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
        match kind.as_str() {
            "invoice.accepted" => drop(accepted.insert(invoice, at)),
            _ => drop(handed.entry(invoice).and_modify(|first: &mut i64| *first = at.min(*first)).or_insert(at)),
        }
    }
    // The last attempt is the one that did it: what was handed over has no other after it here.
    let mut last: BTreeMap<String, (String, Option<i64>)> = BTreeMap::new();
    for row in sqlx::query(ATTEMPTS).bind(&play.company_ids[0]).fetch_all(&mut *db).await.expect("the attempts") {
        last.insert(row.get(0), (row.get(1), row.get(2)));
    }
    let of = |(id, at): (String, usize)| {
        let (route, give_up_at) = last[&id].clone();
        (at, Handed { accepted_at: accepted[&id], at: handed[&id], route, give_up_at })
    };
    play.accepted().into_iter().map(of).collect()
}
