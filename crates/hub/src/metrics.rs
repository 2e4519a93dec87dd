//! What the hub counts of itself, and how `/metrics` says it: the text format of Prometheus, version 0.0.4.
//!
//! Two sources: what is counted as it happens ([`Meters`], since the start of this process), and what the database says when it is
//! asked ([`crate::store::figures`], the same on every hub of one database). No label ever holds anything of a company, a
//! customer or a document: labels are names of states, routes, kinds and configured counterparties. Why this is not a library:
//! `docs/decisions/0011-metrics-as-text.md`. What each name means: `docs/operations.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::store::figures::Figures;

/// Upper bounds in seconds of what takes time: from a commit to a counterparty that thinks for minutes.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];
/// Upper bounds of how many actions share a commit.
const MEMBERS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// Different label values that one counter keeps at most: a name from outside must not fill the memory.
const MOST_LABELS: usize = 500;

/// A distribution: how many values were at most so large, their sum and number.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    /// In millionths, so that it adds up without a lock.
    sum_micro: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Histogram {
        Histogram { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum_micro: AtomicU64::new(0) }
    }

    fn note(&self, value: f64) {
        let place = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        // Negative values and ones beyond 584,000 years do not occur.
        self.sum_micro.fetch_add((value * 1e6).round() as u64, Ordering::Relaxed);
    }
}

/// Commits of the database.
#[derive(Debug)]
pub struct Commits {
    members: Histogram,
    seconds: Histogram,
    failed: AtomicU64,
    events: Mutex<BTreeMap<&'static str, u64>>,
}

impl Default for Commits {
    fn default() -> Commits {
        Commits {
            members: Histogram::new(MEMBERS),
            seconds: Histogram::new(SECONDS),
            failed: AtomicU64::new(0),
            events: Mutex::default(),
        }
    }
}

impl Commits {
    /// A transaction with so many actions was committed, which took so long from its first statement, and told these events.
    pub fn committed(&self, members: usize, took: Duration, told: &[&'static str]) {
        self.members.note(members as f64);
        self.seconds.note(took.as_secs_f64());
        let mut events = self.events.lock().expect("no holder of this lock can panic");
        for kind in told {
            *events.entry(kind).or_default() += 1;
        }
    }

    /// How many transactions were committed so far, and how many actions they held.
    pub fn so_far(&self) -> (u64, u64) {
        let commits = self.members.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        (commits, self.members.sum_micro.load(Ordering::Relaxed) / 1_000_000)
    }

    /// A transaction was not committed.
    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// What this process counts.
#[derive(Debug, Default)]
pub struct Meters {
    exchanges: Mutex<BTreeMap<(String, &'static str), Histogram>>,
    requests: Mutex<BTreeMap<(String, u16), Histogram>>,
}

impl Meters {
    /// An exchange with a counterparty is over. The counterparty is named as the configuration names it.
    pub fn exchange(&self, counterparty: &str, answered: bool, took: Duration) {
        let outcome = if answered { "answered" } else { "silent" };
        note(&self.exchanges, (counterparty.to_owned(), outcome), took);
    }

    /// A request was answered. The route is the pattern of its path, never the path.
    pub fn request(&self, route: &str, status: u16, took: Duration) {
        note(&self.requests, (route.to_owned(), status), took);
    }
}

fn note<K: Ord>(of: &Mutex<BTreeMap<K, Histogram>>, key: K, took: Duration) {
    let mut known = of.lock().expect("no holder of this lock can panic");
    if known.len() < MOST_LABELS || known.contains_key(&key) {
        known.entry(key).or_insert_with(|| Histogram::new(SECONDS)).note(took.as_secs_f64());
    }
}

/// Everything as text.
pub fn text(meters: &Meters, commits: &Commits, figures: &Figures) -> String {
    let mut page = Page(String::new());
    page.family("kvitt_build_info", "gauge", "The program; always 1.");
    page.line("kvitt_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    deliveries(&mut page, figures);
    jobs(&mut page, figures);
    page.family("kvitt_counterparty_spared", "gauge", "1 while a counterparty that does not answer is spared.");
    for counterparty in &figures.spared {
        page.line("kvitt_counterparty_spared", &[("counterparty", counterparty)], 1.0);
    }
    page.family("kvitt_strays", "gauge", "Messages that arrived and wait for a person.");
    page.line("kvitt_strays", &[], figures.strays as f64);
    page.family("kvitt_business_clock_offset_seconds", "gauge", "How far business time is ahead; 0 in production.");
    page.line("kvitt_business_clock_offset_seconds", &[], figures.clock_offset.as_secs_f64());
    counted(&mut page, meters, commits);
    page.0
}

fn deliveries(page: &mut Page, figures: &Figures) {
    page.family("kvitt_deliveries", "gauge", "Deliveries by state, of all companies.");
    for (state, count) in &figures.states {
        page.line("kvitt_deliveries", &[("state", state)], *count as f64);
    }
    page.family(
        "kvitt_deliveries_open",
        "gauge",
        "Deliveries that are not at their end, by state and route; no route while none is chosen.",
    );
    for open in &figures.open {
        page.line("kvitt_deliveries_open", &[("state", &open.state), ("route", &open.route)], open.count as f64);
    }
    page.family(
        "kvitt_delivery_oldest_seconds",
        "gauge",
        "For how long the oldest of them has been in its state, in business time.",
    );
    for open in &figures.open {
        let age = (figures.now - open.oldest_since).max(0) as f64 / 1e3;
        page.line("kvitt_delivery_oldest_seconds", &[("state", &open.state), ("route", &open.route)], age);
    }
}

fn jobs(page: &mut Page, figures: &Figures) {
    page.family(
        "kvitt_jobs",
        "gauge",
        "Jobs by kind: due (free and late), held (being done), waiting (their time is to come), stuck.",
    );
    for jobs in &figures.jobs {
        page.line("kvitt_jobs", &[("kind", &jobs.kind), ("standing", jobs.standing)], jobs.count as f64);
    }
    page.family(
        "kvitt_job_oldest_due_seconds",
        "gauge",
        "For how long the oldest due or stuck job has been due, in business time.",
    );
    for jobs in figures.jobs.iter().filter(|jobs| matches!(jobs.standing, "due" | "stuck")) {
        let age = (figures.now - jobs.oldest_due_at).max(0) as f64 / 1e3;
        page.line("kvitt_job_oldest_due_seconds", &[("kind", &jobs.kind), ("standing", jobs.standing)], age);
    }
}

fn counted(page: &mut Page, meters: &Meters, commits: &Commits) {
    page.family("kvitt_exchange_seconds", "histogram", "Exchanges with counterparties, by whether they answered.");
    for ((counterparty, outcome), seconds) in meters.exchanges.lock().expect("no holder of this lock can panic").iter() {
        page.histogram("kvitt_exchange_seconds", &[("counterparty", counterparty), ("outcome", outcome)], seconds);
    }
    page.family("kvitt_http_request_seconds", "histogram", "Requests answered, by the pattern of their path and the status.");
    for ((route, status), seconds) in meters.requests.lock().expect("no holder of this lock can panic").iter() {
        page.histogram("kvitt_http_request_seconds", &[("route", route), ("status", &status.to_string())], seconds);
    }
    page.family("kvitt_commit_members", "histogram", "Actions that shared a commit; always 1 on PostgreSQL.");
    page.histogram("kvitt_commit_members", &[], &commits.members);
    page.family("kvitt_commit_seconds", "histogram", "Transactions, from their first statement until they are on disk.");
    page.histogram("kvitt_commit_seconds", &[], &commits.seconds);
    page.family("kvitt_commits_failed_total", "counter", "Transactions of which nothing was stored.");
    page.line("kvitt_commits_failed_total", &[], commits.failed.load(Ordering::Relaxed) as f64);
    page.family(
        "kvitt_events_total",
        "counter",
        "Events told by this process, by kind: what was accepted, handed over, refused and so on.",
    );
    for (kind, count) in commits.events.lock().expect("no holder of this lock can panic").iter() {
        page.line("kvitt_events_total", &[("kind", kind)], *count as f64);
    }
}

/// The text as it grows. Writing into a string cannot fail.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (number, (label, value)) in labels.iter().enumerate() {
            self.0.push(if number == 0 { '{' } else { ',' });
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{label}=\"{value}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], of: &Histogram) {
        let mut so_far = 0;
        let bounds = of.bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&of.counts) {
            so_far += count.load(Ordering::Relaxed);
            let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.line(&format!("{name}_bucket"), &labels, so_far as f64);
        }
        self.line(&format!("{name}_sum"), labels, of.sum_micro.load(Ordering::Relaxed) as f64 / 1e6);
        self.line(&format!("{name}_count"), labels, so_far as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_up_to_each_bound() {
        let histogram = Histogram::new(MEMBERS);
        for value in [1.0, 2.0, 3.0, 65.0] {
            histogram.note(value);
        }
        let mut page = Page(String::new());
        page.histogram("h", &[("a", "x\"y")], &histogram);
        let lines: Vec<&str> = page.0.lines().collect();
        assert_eq!(lines[0], "h_bucket{a=\"x\\\"y\",le=\"1\"} 1");
        assert_eq!(lines[2], "h_bucket{a=\"x\\\"y\",le=\"4\"} 3");
        assert_eq!(lines[7], "h_bucket{a=\"x\\\"y\",le=\"+Inf\"} 4");
        assert_eq!(lines[8..], ["h_sum{a=\"x\\\"y\"} 71", "h_count{a=\"x\\\"y\"} 4"]);
    }

    #[test]
    fn names_from_outside_do_not_fill_the_memory() {
        let meters = Meters::default();
        for number in 0..2 * MOST_LABELS {
            meters.request(&number.to_string(), 200, Duration::ZERO);
        }
        assert_eq!(meters.requests.lock().unwrap().len(), MOST_LABELS);
    }
}
