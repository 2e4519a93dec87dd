//! What was measured of the API beside what is wanted of it.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment};
use serde::Serialize;

use super::super::report::{Bar, Machine};
use crate::show::table::table;

const ACCEPTED_A_SECOND: f64 = 1_000.0;
/// Milliseconds that 99 of a hundred invoices wait at most, at half load.
const P99_MS: f64 = 50.0;
/// How much more an invoice may cost where the most were stored before than where the fewest were.
const GROWTH: f64 = 1.15;

/// Every size, the floor, and the figures that are wanted.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    #[serde(flatten)]
    machine: Machine,
    connections: usize,
    /// Workers of the hub meanwhile: what was accepted waited.
    workers: usize,
    /// What was measured, in the order in which it was asked for.
    pub sizes: Vec<Size>,
    /// Single rows a second that the same kind of database commits one after the other.
    raw_commits_per_second: f64,
    accepted_per_second: Option<Bar>,
    p99_ms: Option<Bar>,
    growth: Option<Bar>,
}

/// What was measured of one size.
#[derive(Debug, Serialize)]
pub struct Size {
    pub stored_before: usize,
    /// At full load, in all turns.
    pub accepted_meanwhile: usize,
    /// At full load: the median of the turns.
    pub accepted_per_second: f64,
    /// Time of the hub on the cores for one invoice, milliseconds: the median of the turns.
    pub hub_ms_of_core_each: f64,
    /// The same of the thread that hands them in.
    pub load_ms_of_core_each: f64,
    /// How many actions shared a commit.
    pub actions_a_commit: f64,
    pub at_half_load: AtHalfLoad,
}

/// How long an invoice waits, from the time for which it was planned until it was answered.
#[derive(Debug, Serialize)]
pub struct AtHalfLoad {
    pub planned_per_second: f64,
    pub accepted: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Report {
    /// Nothing measured yet.
    pub fn begin(postgres: bool, connections: usize) -> Report {
        Report {
            database: if postgres { "PostgreSQL" } else { "SQLite" },
            machine: Machine::begin(),
            connections,
            workers: 0,
            sizes: Vec::new(),
            raw_commits_per_second: f64::NAN,
            accepted_per_second: None,
            p99_ms: None,
            growth: None,
        }
    }

    /// Everything is measured, the floor too: the slowest of the sizes counts.
    pub fn end(&mut self, raw_commits_per_second: f64) {
        self.raw_commits_per_second = raw_commits_per_second;
        self.machine.end();
        let slowest = self.sizes.iter().map(|size| size.accepted_per_second).min_by(f64::total_cmp);
        let longest = self.sizes.iter().map(|size| size.at_half_load.p99_ms).max_by(f64::total_cmp);
        self.accepted_per_second = slowest.map(|value| Bar::at_least(ACCEPTED_A_SECOND, value));
        self.p99_ms = longest.map(|value| Bar::at_most(P99_MS, value));
        let least = self.sizes.iter().min_by_key(|size| size.stored_before);
        let most = self.sizes.iter().max_by_key(|size| size.stored_before);
        if let (Some(least), Some(most), true) = (least, most, self.sizes.len() > 1) {
            self.growth = Some(Bar::at_most(GROWTH, most.hub_ms_of_core_each / least.hub_ms_of_core_each));
        }
    }

    /// Whether all that is wanted was reached.
    pub fn is_met(&self) -> bool {
        [self.accepted_per_second, self.p99_ms, self.growth].into_iter().flatten().all(Bar::is_met)
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("{}; {}", self.database, self.machine.text());
        let _ = writeln!(
            text,
            "{} connections; of five invoices two bring a PDF; every other one is a PUT. The hub had no workers: nothing but intake.",
            self.connections
        );
        let heads = [
            "stored before",
            "accepted",
            "a second",
            "hub's ms of core each",
            "sender's",
            "actions a commit",
            "at half load, a second",
            "p50, ms",
            "p99, ms",
        ];
        let mut shown = table(&heads.map(str::to_owned));
        for size in &self.sizes {
            let half = &size.at_half_load;
            let cells = [
                size.stored_before.to_string(),
                size.accepted_meanwhile.to_string(),
                format!("{:.0}", size.accepted_per_second),
                format!("{:.3}", size.hub_ms_of_core_each),
                format!("{:.3}", size.load_ms_of_core_each),
                format!("{:.1}", size.actions_a_commit),
                format!("{:.0}", half.planned_per_second),
                format!("{:.1}", half.p50_ms),
                format!("{:.1}", half.p99_ms),
            ];
            shown.add_row(cells.map(|text| Cell::new(text).set_alignment(CellAlignment::Right)));
        }
        let _ = writeln!(text, "{shown}");
        let _ = writeln!(text, "Raw, the same database commits {:.0} single rows a second.", self.raw_commits_per_second);
        let mut line = |bar: Option<Bar>, said: &dyn Fn(f64) -> String| {
            if let Some(bar) = bar {
                let _ = writeln!(text, "{} {}", if bar.is_met() { "✓" } else { "✗ NOT met:" }, said(bar.value()));
            }
        };
        let raw = self.raw_commits_per_second;
        line(self.accepted_per_second, &|value| {
            format!(
                "{value:.0} invoices a second accepted and durable (wanted ≥ {ACCEPTED_A_SECOND:.0}), {:.2} for each raw commit",
                value / raw
            )
        });
        line(self.p99_ms, &|value| format!("{value:.1} ms at the 99th percentile at half load (wanted ≤ {P99_MS:.0})"));
        line(self.growth, &|value| {
            format!("an invoice costs {value:.2} × of one where the fewest were stored before (wanted ≤ {GROWTH})")
        });
        text
    }
}
