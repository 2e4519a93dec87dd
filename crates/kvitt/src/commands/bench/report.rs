//! What was measured beside what is wanted. The JSON has every figure; the text is the same as a table.

use std::fmt::Write as _;
use std::thread;

use comfy_table::{Cell, CellAlignment, Color};
use kvitt_rules::RuleSet;
use serde::Serialize;

use super::stopwatch::Throughput;
use crate::show::table::table;

/// The share of the floor that is wanted on short and on long invoices.
const SHARE_OF_SHORT: f64 = 0.20;
const SHARE_OF_LONG: f64 = 0.15;
/// Up to so many lines an invoice is short.
const SHORT: usize = 100;
/// How much longer a document twice as long may take.
const DOUBLED: f64 = 2.1;
/// How many times its size a document may need.
const MEMORY: f64 = 8.0;
/// How much more two cores shall do than one.
const TWO_CORES: f64 = 1.8;
/// Milliseconds that no document of its size may take.
const SLOWEST_MS: f64 = 1000.0;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    rule_set: &'static str,
    #[serde(flatten)]
    machine: Machine,
    /// Judging against the floor.
    pub sizes: Vec<Size>,
    /// A document and one twice as long.
    pub linearity: Vec<Linearity>,
    /// One core and two.
    pub two_cores: Option<TwoCores>,
    /// Memory against the size of the document.
    pub memory: Vec<Memory>,
    /// The slowest of the documents that are built to cost.
    pub hostile: Option<Slowest>,
    /// The one of them that needs most memory.
    pub hostile_memory: Option<Memory>,
}

/// On what it was measured.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Whether it was built to be fast; another build proves nothing.
    release_build: bool,
    cores: usize,
    /// Runnable tasks of the whole machine (`/proc/loadavg`, one minute) when it began and ended; above the number of cores it was
    /// busy with something else.
    load: Vec<f64>,
}

impl Machine {
    /// As it is before anything is measured.
    pub fn begin() -> Machine {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Machine { release_build: !cfg!(debug_assertions), cores, load: load().into_iter().collect() }
    }

    /// Everything is measured.
    pub fn end(&mut self) {
        self.load.extend(load());
    }

    /// As the end of a line.
    pub fn text(&self) -> String {
        let mut text = format!("{} cores", self.cores);
        let load: Vec<String> = self.load.iter().map(|load| format!("{load:.1}")).collect();
        if !load.is_empty() {
            let _ = write!(text, ", load {}", load.join(" to "));
        }
        text.push_str(if self.release_build {
            "; release build\n"
        } else {
            "; NOT a release build: the figures prove nothing\n"
        });
        text
    }
}

/// A figure and what is wanted of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bar {
    pub value: f64,
    pub wanted: f64,
    pub met: bool,
}

impl Bar {
    /// A figure that shall not be smaller.
    pub fn at_least(wanted: f64, value: f64) -> Bar {
        Bar { value, wanted, met: value >= wanted }
    }

    /// A figure that shall not be larger.
    pub fn at_most(wanted: f64, value: f64) -> Bar {
        Bar { value, wanted, met: value <= wanted }
    }

    /// What was measured.
    pub fn value(self) -> f64 {
        self.value
    }

    /// Whether it is as wanted.
    pub fn is_met(self) -> bool {
        self.met
    }

    /// As a row of the table: what was measured, the figure, what is wanted, and whether it is met.
    pub fn row(self, what: String, measured: String, figure: String, wanted: String) -> Vec<Cell> {
        let met = if self.met { Cell::new("met").fg(Color::Green) } else { Cell::new("NOT met").fg(Color::Red) };
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        vec![Cell::new(what), Cell::new(measured), right(figure), right(wanted), met]
    }
}

/// One length of invoice on one core.
#[derive(Debug, Serialize)]
pub struct Size {
    lines: usize,
    bytes: usize,
    floor_ms: f64,
    judging_ms: f64,
    judged_per_second: f64,
    share_of_floor: Bar,
}

impl Size {
    pub fn of(lines: usize, bytes: usize, floor: f64, judging: f64) -> Size {
        let wanted = if lines <= SHORT { SHARE_OF_SHORT } else { SHARE_OF_LONG };
        let share_of_floor = Bar::at_least(wanted, floor / judging);
        Size { lines, bytes, floor_ms: floor * 1e3, judging_ms: judging * 1e3, judged_per_second: 1.0 / judging, share_of_floor }
    }
}

/// Time of a document twice as long.
#[derive(Debug, Serialize)]
pub struct Linearity {
    lines: usize,
    once_ms: f64,
    twice_ms: f64,
    times: Bar,
}

impl Linearity {
    pub fn of(lines: usize, once: f64, twice: f64) -> Linearity {
        Linearity { lines, once_ms: once * 1e3, twice_ms: twice * 1e3, times: Bar::at_most(DOUBLED, twice / once) }
    }
}

/// What two cores do.
#[derive(Debug, Serialize)]
pub struct TwoCores {
    lines: usize,
    one_per_second: f64,
    two_per_second: f64,
    times: Bar,
    /// Cores that one thread and two threads really had meanwhile: what is missing, others on the machine took.
    cores_had: [f64; 2],
    /// The same by the time that the threads had on cores: what is lost to each other when nobody else takes cores away.
    times_by_cpu: f64,
}

impl TwoCores {
    pub fn of(lines: usize, one: Throughput, two: Throughput) -> TwoCores {
        TwoCores {
            lines,
            one_per_second: one.by_wall,
            two_per_second: two.by_wall,
            times: Bar::at_least(TWO_CORES, two.by_wall / one.by_wall),
            cores_had: [one.cores, two.cores],
            times_by_cpu: two.by_cpu / one.by_cpu,
        }
    }
}

/// The most memory of a process that reads and judges one document, the document itself included.
#[derive(Debug, Serialize)]
pub struct Memory {
    what: String,
    bytes: usize,
    peak_bytes: usize,
    times: Bar,
}

impl Memory {
    pub fn of(what: String, bytes: usize, peak_bytes: usize) -> Memory {
        Memory { what, bytes, peak_bytes, times: Bar::at_most(MEMORY, peak_bytes as f64 / bytes as f64) }
    }

    pub fn times(&self) -> f64 {
        self.times.value
    }
}

/// The document that takes longest.
#[derive(Debug, Serialize)]
pub struct Slowest {
    what: &'static str,
    bytes: usize,
    ms: Bar,
}

impl Slowest {
    pub fn of(what: &'static str, bytes: usize, seconds: f64) -> Slowest {
        Slowest { what, bytes, ms: Bar::at_most(SLOWEST_MS, seconds * 1e3) }
    }

    pub fn ms(&self) -> f64 {
        self.ms.value
    }
}

impl Report {
    /// Nothing measured yet.
    pub fn begin(set: &RuleSet) -> Report {
        Report {
            rule_set: set.name(),
            machine: Machine::begin(),
            sizes: Vec::new(),
            linearity: Vec::new(),
            two_cores: None,
            memory: Vec::new(),
            hostile: None,
            hostile_memory: None,
        }
    }

    /// Everything is measured.
    pub fn end(&mut self) {
        self.machine.end();
    }

    /// Whether all that is wanted is there.
    pub fn is_met(&self) -> bool {
        let bars = self.sizes.iter().map(|size| size.share_of_floor);
        let bars = bars.chain(self.linearity.iter().map(|linearity| linearity.times));
        let bars = bars.chain(self.two_cores.iter().map(|cores| cores.times));
        let bars = bars.chain(self.memory.iter().chain(&self.hostile_memory).map(|memory| memory.times));
        let mut bars = bars.chain(self.hostile.iter().map(|slowest| slowest.ms));
        bars.all(|bar| bar.met)
    }

    /// As a table.
    pub fn text(&self) -> String {
        let text = format!("{}; {}", self.rule_set, self.machine.text());
        let mut shown = table(&["what", "measured", "figure", "wanted", ""].map(str::to_owned));
        let mut row = |what: String, measured: String, figure: String, wanted: String, bar: Bar| {
            shown.add_row(bar.row(what, measured, figure, wanted));
        };
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        for size in &self.sizes {
            let measured = format!(
                "{} bytes: {:.3} ms ({:.0}/s), the XML's events alone {:.3} ms",
                size.bytes, size.judging_ms, size.judged_per_second, size.floor_ms
            );
            let bar = size.share_of_floor;
            let what = format!("{} lines, one core: share of the floor", size.lines);
            row(what, measured, percent(bar.value), format!("≥ {}", percent(bar.wanted)), bar);
        }
        for Linearity { lines, once_ms, twice_ms, times } in &self.linearity {
            let measured = format!("{once_ms:.1} ms, {twice_ms:.1} ms");
            let what = format!("{lines} and {} lines: time", 2 * lines);
            row(what, measured, format!("{:.2} ×", times.value), format!("≤ {:.1} ×", times.wanted), *times);
        }
        if let Some(TwoCores { lines, one_per_second, two_per_second, times, cores_had: [one, two], times_by_cpu }) =
            &self.two_cores
        {
            let measured = format!(
                "{one_per_second:.0}/s on {one:.2} cores, {two_per_second:.0}/s on {two:.2}; by time on cores {times_by_cpu:.2} ×"
            );
            let what = format!("{lines} lines, two cores");
            row(what, measured, format!("{:.2} ×", times.value), format!("≥ {:.1} ×", times.wanted), *times);
        }
        if let Some(Slowest { what, bytes, ms }) = &self.hostile {
            let measured = format!("{what}: {bytes} bytes");
            row(
                "the slowest of the hostile".to_owned(),
                measured,
                format!("{:.0} ms", ms.value),
                format!("≤ {:.0} ms", ms.wanted),
                *ms,
            );
        }
        let hostile = self.hostile_memory.iter().map(|memory| ("the largest of the hostile", memory));
        for (of, Memory { what, bytes, peak_bytes, times }) in self.memory.iter().map(|memory| ("", memory)).chain(hostile) {
            let (what, of) = if of.is_empty() { (String::new(), what.as_str()) } else { (format!("{what}: "), of) };
            let measured = format!("{what}{bytes} bytes need {peak_bytes}");
            let what = format!("{of}: memory");
            row(what, measured, format!("{:.1} ×", times.value), format!("≤ {:.0} ×", times.wanted), *times);
        }
        format!("{text}{shown}")
    }
}

/// How many tasks want a core, over the last minute; nothing where the operating system does not say.
fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
