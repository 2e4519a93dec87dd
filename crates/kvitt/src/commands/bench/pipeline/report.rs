//! What was measured of the pipeline beside what is wanted of it.

use std::fmt::Write as _;
use std::thread;

use comfy_table::{Cell, CellAlignment};
use serde::Serialize;

use super::super::report::Bar;
use super::Measured;
use crate::show::table::table;

/// A million in an hour.
const INVOICES_A_SECOND: f64 = 280.0;
/// Of the rows that the same database takes raw.
const SHARE_OF_FLOOR: f64 = 0.5;
const MEMORY: f64 = 500.0 * 1024.0 * 1024.0;
/// An invoice among a hundred times as many may cost so much more.
const GROWTH: f64 = 1.15;

/// Every run, the smallest first, and the four figures that are wanted.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    release_build: bool,
    cores: usize,
    runs: Vec<Measured>,
    invoices_per_second: Bar,
    share_of_floor: Bar,
    peak_memory: Bar,
    growth: Option<Bar>,
}

impl Report {
    /// Of these runs; there is at least one.
    pub fn of(postgres: bool, runs: Vec<Measured>) -> Report {
        let last = runs.last().expect("there is a run");
        let cost = |run: &Measured| run.hub_cpu / run.invoices as f64;
        // The smallest run is mostly beginning and end: what a start costs is no cost of an invoice.
        let growth = (runs.len() == 3).then(|| Bar::at_most(GROWTH, cost(last) / cost(&runs[1]).max(f64::MIN_POSITIVE)));
        let rows_per_second = last.rows_written as f64 / last.seconds;
        Report {
            database: if postgres { "PostgreSQL" } else { "SQLite" },
            release_build: !cfg!(debug_assertions),
            cores: thread::available_parallelism().map_or(1, usize::from),
            invoices_per_second: Bar::at_least(INVOICES_A_SECOND, last.invoices as f64 / last.seconds),
            share_of_floor: Bar::at_least(SHARE_OF_FLOOR, rows_per_second / last.floor_rows_per_second),
            peak_memory: Bar::at_most(MEMORY, last.peak_memory as f64),
            growth,
            runs,
        }
    }

    /// Whether all that is wanted was reached.
    pub fn is_met(&self) -> bool {
        [Some(self.invoices_per_second), Some(self.share_of_floor), Some(self.peak_memory), self.growth]
            .into_iter()
            .flatten()
            .all(|bar| bar.is_met())
    }

    /// For people.
    pub fn text(&self) -> String {
        let build = if self.release_build { "release build" } else { "NOT a release build: the figures prove nothing" };
        let mut text = format!("{}; {} cores; {build}\n", self.database, self.cores);
        text.push_str("Of ten invoices four go by e-mail (STARTTLS), five by eFaktura, one to print; for four a PDF is made.\n");
        let heads = ["invoices", "seconds", "per second", "hub's ms of core each", "sandbox's", "rows each", "memory, MB"];
        let mut shown = table(&heads.map(str::to_owned));
        for run in &self.runs {
            let each = |seconds: f64| format!("{:.2}", seconds * 1000.0 / run.invoices as f64);
            let cells = [
                run.invoices.to_string(),
                format!("{:.1}", run.seconds),
                format!("{:.0}", run.invoices as f64 / run.seconds),
                each(run.hub_cpu),
                each(run.sandbox_cpu),
                format!("{:.1}", run.rows_written as f64 / run.invoices as f64),
                format!("{:.0}", run.peak_memory as f64 / 1024.0 / 1024.0),
            ];
            shown.add_row(cells.map(|text| Cell::new(text).set_alignment(CellAlignment::Right)));
        }
        let _ = writeln!(text, "{shown}");
        let last = self.runs.last().expect("there is a run");
        let mut line = |bar: &Bar, said: String| {
            let _ = writeln!(text, "{} {said}", if bar.is_met() { "✓" } else { "✗ NOT met:" });
        };
        line(
            &self.invoices_per_second,
            format!("{:.0} invoices a second (wanted ≥ {INVOICES_A_SECOND:.0})", self.invoices_per_second.value()),
        );
        let rows = last.rows_written as f64 / last.seconds;
        line(
            &self.share_of_floor,
            format!(
                "{rows:.0} rows a second of {} bytes, {:.1} % of the {:.0} that the database takes raw (wanted ≥ {:.0} %)",
                last.row_bytes,
                self.share_of_floor.value() * 100.0,
                last.floor_rows_per_second,
                SHARE_OF_FLOOR * 100.0
            ),
        );
        let megabytes = |bytes: f64| bytes / 1024.0 / 1024.0;
        line(
            &self.peak_memory,
            format!("{:.0} MB at most (wanted ≤ {:.0})", megabytes(self.peak_memory.value()), megabytes(MEMORY)),
        );
        if let Some(growth) = &self.growth {
            line(
                growth,
                format!("an invoice costs {:.2} × of one in the run a tenth as large (wanted ≤ {GROWTH})", growth.value()),
            );
        }
        let _ = writeln!(text, "What became of them: {:?}", last.states);
        text
    }
}
