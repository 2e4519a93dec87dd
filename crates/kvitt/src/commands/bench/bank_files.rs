//! `kvitt bench bank-files`: reading and writing bank files, beside the Python package `netsgiro` with the same file in the same run.
//!
//! Time is measured on one core, ours in turns and netsgiro's by its own clock of the process; memory is that of a process of its
//! own, for a short and a long file. `made` makes the files, `netsgiro` runs the package.

mod made;
mod netsgiro;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::{Args, ValueEnum};
use kvitt_formats::bank::verify;
use serde::Serialize;

use super::report::{Bar, Machine};
use super::stopwatch::cpu_per_run;
use super::{peak_memory, seconds};
use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;
use crate::show::table::table;
use netsgiro::Netsgiro;

/// How much faster than netsgiro both ways shall be: a day's file of a whole country in a minute, not in hours.
const TIMES: f64 = 100.0;
/// What a process may need for a file of any size, in megabytes.
const MOST_MEGABYTES: f64 = 50.0;
/// Bytes that are read or written at once.
const AT_ONCE: usize = 256 * 1024;

/// Reads and writes a file of claims and reads one of payments, on one core, and compares with netsgiro 2.0.1 (Python) on the same
/// files. Then the memory of a process that reads or writes a much longer one.
#[derive(Debug, Args)]
pub struct BankFiles {
    /// Records of the files that netsgiro reads and writes too.
    #[arg(long, value_name = "NUMBER", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    records: u64,
    /// Records of the long file, which is for our memory alone.
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000_000))]
    long: u64,
    /// How long each of our measurements takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = seconds)]
    seconds: f64,
    /// A Python that has netsgiro 2.0.1.
    #[arg(long, value_name = "FILE", env = "KVITT_NETSGIRO_PYTHON", hide_env_values = true, default_value = "python3")]
    python: PathBuf,
}

/// Reads or writes one file in a process of its own and prints the most memory that it needed.
#[derive(Debug, Args)]
pub struct BankFilesMemory {
    what: Way,
    file: PathBuf,
    #[arg(default_value_t = 0)]
    records: u64,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Way {
    Read,
    Write,
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    machine: Machine,
    speeds: Vec<Speed>,
    memory: Vec<Memory>,
}

/// One way with one kind of file.
#[derive(Debug, Serialize)]
struct Speed {
    what: &'static str,
    records: u64,
    bytes: u64,
    per_second: f64,
    megabytes_per_second: f64,
    netsgiro_per_second: f64,
    netsgiro_peak_megabytes: f64,
    times: Bar,
}

/// What a process needs at most.
#[derive(Debug, Serialize)]
struct Memory {
    what: &'static str,
    records: u64,
    bytes: u64,
    megabytes: Bar,
}

impl BankFiles {
    pub fn run(self, session: &Session) -> Outcome {
        let netsgiro = Netsgiro::in_python(&self.python)?;
        let folder = tempfile::tempdir().map_err(|cause| Failure::io("making a folder", cause))?;
        let bar = progress::bar(7, session.words.say("progress.benching", &[]), session.json);
        let mut report = Report { machine: Machine::begin(), speeds: Vec::new(), memory: Vec::new() };
        let (claims, payments) = (folder.path().join("claims.txt"), folder.path().join("payments.txt"));
        made::claims(&claims, self.records)?;
        made::payments(&payments, self.records)?;
        let time = Duration::from_secs_f64(self.seconds);
        report.speeds.push(reading("reading claims", &claims, self.records, time, &netsgiro)?);
        bar.inc(1);
        report.speeds.push(reading("reading payments", &payments, self.records, time, &netsgiro)?);
        bar.inc(1);
        report.speeds.push(writing("writing claims", &claims, self.records, time, &netsgiro)?);
        bar.inc(1);
        let long = folder.path().join("long.txt");
        for (what, way, records) in [
            ("writing", Way::Write, self.records),
            ("reading", Way::Read, self.records),
            ("writing", Way::Write, self.long),
            ("reading", Way::Read, self.long),
        ] {
            report.memory.extend(memory(what, way, &long, records)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        report.machine.end();
        match session.json {
            true => session.print_json(&report)?,
            false => session.print(&report.text())?,
        }
        Ok(if report.is_met() { Exit::Fine } else { Exit::Refused })
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    |cause| Failure::io(path.display().to_string(), cause)
}

/// Reads all of a file as an import does: every item made, every count and sum checked.
fn read_all(path: &Path) -> usize {
    let file = File::open(path).map(|file| verify(BufReader::with_capacity(AT_ONCE, file)));
    file.map_or(0, |verdict| if verdict.is_valid() { verdict.tally.sums.len() } else { 0 })
}

fn reading(what: &'static str, path: &Path, records: u64, time: Duration, netsgiro: &Netsgiro) -> Result<Speed, Failure> {
    let bytes = std::fs::metadata(path).map_err(failed(path))?.len();
    if read_all(path) == 0 {
        return Err(Failure::Answered(format!("{what}: the file that was made is refused, so that this proves nothing")));
    }
    let [ours] = cpu_per_run(time, [&|| read_all(path)]);
    Ok(Speed::of(what, records, bytes, ours, netsgiro.reads(path)?))
}

fn writing(what: &'static str, path: &Path, records: u64, time: Duration, netsgiro: &Netsgiro) -> Result<Speed, Failure> {
    let bytes = std::fs::metadata(path).map_err(failed(path))?.len();
    let claims = made::some_claims();
    let [ours] =
        cpu_per_run(time, [&|| made::write(&mut Sink::default(), records, &claims).map_or(0, |written| written as usize)]);
    Ok(Speed::of(what, records, bytes, ours, netsgiro.writes(path)?))
}

/// Takes pieces as a file does, and keeps the last of them: what netsgiro writes goes no further than its memory either.
struct Sink(BufWriter<Kept>);

#[derive(Default)]
struct Kept(Vec<u8>);

impl Default for Sink {
    fn default() -> Sink {
        Sink(BufWriter::with_capacity(AT_ONCE, Kept::default()))
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.clear();
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl Speed {
    /// `ours` is in seconds for the whole file.
    fn of(what: &'static str, records: u64, bytes: u64, ours: f64, theirs: netsgiro::Measured) -> Speed {
        Speed {
            what,
            records,
            bytes,
            per_second: records as f64 / ours,
            megabytes_per_second: bytes as f64 / 1e6 / ours,
            netsgiro_per_second: records as f64 / theirs.seconds,
            netsgiro_peak_megabytes: theirs.peak_kilobytes as f64 * 1024.0 / 1e6,
            times: Bar::at_least(TIMES, theirs.seconds / ours),
        }
    }
}

/// What a process needs to read or write so many records. Nothing where the operating system does not say.
fn memory(what: &'static str, way: Way, path: &Path, records: u64) -> Result<Option<Memory>, Failure> {
    let own = std::env::current_exe().map_err(|cause| Failure::io("finding this program", cause))?;
    let name = if way == Way::Read { "read" } else { "write" };
    let output = Command::new(own)
        .args(["bench", "bank-files-memory", name])
        .arg(path)
        .arg(records.to_string())
        .output()
        .map_err(|cause| Failure::io("measuring memory", cause))?;
    let peak = String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().ok().filter(|_| output.status.success());
    let bytes = std::fs::metadata(path).map_err(failed(path))?.len();
    Ok(peak.map(|peak| Memory { what, records, bytes, megabytes: Bar::at_most(MOST_MEGABYTES, peak as f64 / 1e6) }))
}

impl BankFilesMemory {
    pub fn run(self, session: &Session) -> Outcome {
        match self.what {
            Way::Write => made::claims(&self.file, self.records)?,
            Way::Read if read_all(&self.file) == 0 => {
                return Err(Failure::Answered(format!("{} is refused", self.file.display())));
            }
            Way::Read => {}
        }
        match peak_memory() {
            Some(peak) => session.print(&peak.to_string())?,
            None => {
                return Err(Failure::Answered("this operating system does not say how much memory a process needed".to_owned()));
            }
        }
        Ok(Exit::Fine)
    }
}

impl Report {
    fn is_met(&self) -> bool {
        self.speeds.iter().map(|speed| speed.times).chain(self.memory.iter().map(|memory| memory.megabytes)).all(Bar::is_met)
    }

    /// As a table.
    fn text(&self) -> String {
        let mut shown = table(&["what", "measured", "figure", "wanted", ""].map(str::to_owned));
        for speed in &self.speeds {
            let measured = format!(
                "{} records: {:.2} million/s, {:.0} MB/s; netsgiro {:.0}/s in {:.0} MB",
                speed.records,
                speed.per_second / 1e6,
                speed.megabytes_per_second,
                speed.netsgiro_per_second,
                speed.netsgiro_peak_megabytes
            );
            let (figure, wanted) = (format!("{:.0} ×", speed.times.value()), format!("≥ {:.0} ×", TIMES));
            shown.add_row(speed.times.row(format!("{}, one core", speed.what), measured, figure, wanted));
        }
        for memory in &self.memory {
            let measured = format!("{} records, {:.0} MB", memory.records, memory.bytes as f64 / 1e6);
            let (figure, wanted) = (format!("{:.1} MB", memory.megabytes.value()), format!("≤ {:.0} MB", MOST_MEGABYTES));
            shown.add_row(memory.megabytes.row(
                format!("{}: memory of the whole process", memory.what),
                measured,
                figure,
                wanted,
            ));
        }
        format!("{}{shown}", self.machine.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_files_are_right_and_as_long_as_they_say() {
        let folder = tempfile::tempdir().unwrap();
        for records in [100, 1_001, 10_000] {
            for make in [made::claims, made::payments] {
                let path = folder.path().join("file.txt");
                make(&path, records).unwrap();
                assert_eq!(read_all(&path), 1);
                let lines = std::fs::metadata(&path).unwrap().len() / 82;
                // Two records a transaction, and four or six around them.
                assert!(lines <= records && lines + 2 > records, "{lines} of {records}");
            }
        }
    }
}
