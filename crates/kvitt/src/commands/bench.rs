//! `kvitt bench`: how fast this machine is, against a floor that is measured in the same run.
//!
//! Here: the options, and what is measured of judging in which order; `pdf` measures drawing, `bank_files` bank files. `invoices` makes the documents and
//! `hostile` the bad ones, `copies` what was stored before, `stopwatch` holds the clocks, `report` compares with what is wanted and shows it. `docs/performance.md` has
//! a report and says how to read it.

mod api;
mod bank_files;
mod copies;
mod hostile;
mod invoices;
mod payments;
mod pdf;
mod pipeline;
mod report;
mod stopwatch;
mod web;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::{Args, Subcommand};
use kvitt_rules::arena::{Document, Limits};
use kvitt_rules::{Findings, RuleSet};

use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;
use hostile::Hostile;
use report::{Linearity, Memory, Report, Size, Slowest, TwoCores};
use stopwatch::{cpu_per_run, runs_per_second};

/// Measures with documents that it makes itself. Use a release build on a machine that does nothing else.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Measure how fast documents are judged. Exits with 1 where the wanted speed is not reached.
    Validate(Validate),
    /// Measure invoices from intake until they are handed over, and what the database takes raw. Exits with 1 where the wanted speed
    /// is not reached.
    Pipeline(pipeline::Pipeline),
    /// One run of the pipeline, as JSON.
    #[command(hide = true)]
    PipelineRun(pipeline::PipelineRun),
    /// Measure how many invoices the API accepts, and how long each waits, with few stored before and with very many. Exits with 1
    /// where the wanted speed is not reached.
    Api(api::Api),
    /// Measure what it costs to place a payment, with few open invoices and with very many. Exits with 1 where it grows with them.
    Payments(payments::Payments),
    /// Measure how long pages take where a company has very many invoices. Exits with 1 where one takes too long.
    Web(web::Web),
    /// Measure how fast invoices are drawn as PDF. Exits with 1 where the wanted speed or size is not reached.
    Pdf(pdf::Pdf),
    /// Measure how fast bank files are read and written, beside the Python package netsgiro. Exits with 1 where the wanted speed or
    /// memory is not reached.
    BankFiles(bank_files::BankFiles),
    /// Read or write one bank file and print how much memory the process needed at most.
    #[command(hide = true)]
    BankFilesMemory(bank_files::BankFilesMemory),
    /// Judge one file and print how much memory the process needed for it at most.
    #[command(hide = true)]
    Memory(MemoryOf),
}

/// Compares full judging (reading, structure, all rules) with the events of the XML alone, of the same bytes and in turns, on one
/// core; then two cores, a document twice as long, documents that are built to cost, and memory.
#[derive(Debug, Args)]
pub struct Validate {
    /// How long each measurement takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = seconds)]
    seconds: f64,
    /// Lines of the invoices.
    #[arg(long, value_name = "LINES,…", value_delimiter = ',', default_values_t = [10, 1000])]
    lines: Vec<usize>,
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|seconds| (0.001..=3600.0).contains(seconds)).ok_or_else(|| "say 0.001 to 3600".to_owned())
}

#[derive(Debug, Args)]
pub struct MemoryOf {
    file: PathBuf,
}

/// Lines of the invoices that linearity is measured with: a document twice as long shall cost twice as much.
const DOUBLED: [usize; 3] = [10_000, 20_000, 50_000];
/// Lines of the invoices that memory is measured with: enough that what every process needs does not count.
const MEMORY: [usize; 2] = [1_000, 20_000];

/// Without the guard of size: a hundred thousand lines are more than intake takes.
const LIMITS: Limits = Limits { bytes: 1 << 30, depth: 64, elements: 100_000_000, attributes: 64, text: 1 << 26 };

impl Bench {
    pub async fn run(self, session: &Session) -> Outcome {
        match self {
            Bench::Pipeline(pipeline) => pipeline.run(session).await,
            Bench::PipelineRun(run) => run.run(session).await,
            Bench::Validate(validate) => validate.run(session),
            Bench::Api(api) => api.run(session).await,
            Bench::Payments(payments) => payments.run(session).await,
            Bench::Web(web) => web.run(session).await,
            Bench::Pdf(pdf) => pdf.run(session),
            Bench::BankFiles(files) => files.run(session),
            Bench::BankFilesMemory(memory) => memory.run(session),
            Bench::Memory(memory) => memory.run(session),
        }
    }
}

impl Validate {
    fn run(self, session: &Session) -> Outcome {
        let set = RuleSet::all().last().expect("there is a set");
        let time = Duration::from_secs_f64(self.seconds);
        let steps = self.lines.len() + DOUBLED.len() + MEMORY.len() + 2;
        let bar = progress::bar(steps, session.words.say("progress.benching", &[]), session.json);
        let mut report = Report::begin(set);
        for lines in &self.lines {
            report.sizes.push(size(*lines, set, time)?);
            bar.inc(1);
        }
        for lines in DOUBLED {
            report.linearity.push(linearity(lines, set, time)?);
            bar.inc(1);
        }
        report.two_cores = Some(two_cores(set, time)?);
        bar.inc(1);
        for lines in MEMORY {
            report.memory.extend(memory(format!("{lines} lines"), &invoices::invoice(lines))?);
            bar.inc(1);
        }
        (report.hostile, report.hostile_memory) = hostile(set)?;
        bar.inc(1);
        bar.finish_and_clear();
        report.end();
        match session.json {
            true => session.print_json(&report)?,
            false => session.print(&report.text())?,
        }
        Ok(if report.is_met() { Exit::Fine } else { Exit::Refused })
    }
}

/// Judges all of it, as `kvitt validate` does.
fn judge(xml: &[u8], set: &RuleSet) -> usize {
    judge_parsed(&Document::parse(xml, &LIMITS).expect("the invoices made here are XML"), set)
}

/// The same of a document that need be none.
fn judge_or_refuse(xml: &[u8], set: &RuleSet) -> usize {
    Document::parse(xml, &LIMITS).map_or(1, |document| judge_parsed(&document, set))
}

fn judge_parsed(document: &Document<'_>, set: &RuleSet) -> usize {
    let mut findings = Findings::new();
    set.judge(document, &mut findings);
    black_box(&findings).iter().count()
}

/// The floor: what a pull parser needs for the bare events, names and texts unread.
fn events(xml: &[u8]) -> usize {
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut count = 0;
    loop {
        match reader.read_event().expect("the invoices made here are XML") {
            quick_xml::events::Event::Eof => return count,
            event => {
                black_box(&event);
                count += 1;
            }
        }
    }
}

/// An invoice that breaks no rule: a bench of something else would prove nothing.
fn invoice(lines: usize, set: &RuleSet) -> Result<String, Failure> {
    let xml = invoices::invoice(lines);
    let findings = judge(xml.as_bytes(), set);
    if findings > 0 {
        return Err(Failure::Answered(format!(
            "the invoice of {lines} lines breaks {findings} rules, so that it proves nothing"
        )));
    }
    Ok(xml)
}

fn size(lines: usize, set: &RuleSet, time: Duration) -> Result<Size, Failure> {
    let xml = invoice(lines, set)?;
    let [floor, judging] = cpu_per_run(time, [&|| events(xml.as_bytes()), &|| judge(xml.as_bytes(), set)]);
    Ok(Size::of(lines, xml.len(), floor, judging))
}

fn linearity(lines: usize, set: &RuleSet, time: Duration) -> Result<Linearity, Failure> {
    let (once, twice) = (invoice(lines, set)?, invoice(2 * lines, set)?);
    let [once_s, twice_s] = cpu_per_run(time, [&|| judge(once.as_bytes(), set), &|| judge(twice.as_bytes(), set)]);
    Ok(Linearity::of(lines, once_s, twice_s))
}

fn two_cores(set: &'static RuleSet, time: Duration) -> Result<TwoCores, Failure> {
    const LINES: usize = 100;
    let xml = invoice(LINES, set)?;
    let [one, two] = runs_per_second(time, &|| judge(xml.as_bytes(), set));
    Ok(TwoCores::of(LINES, one, two))
}

/// The one of the hostile documents that takes longest to judge or refuse, once, and the one that takes most memory.
fn hostile(set: &RuleSet) -> Result<(Option<Slowest>, Option<Memory>), Failure> {
    let (mut slowest, mut largest): (Option<Slowest>, Option<Memory>) = (None, None);
    for Hostile { what, xml } in hostile::documents(hostile::BYTES) {
        let [seconds] = cpu_per_run(Duration::ZERO, [&|| judge_or_refuse(xml.as_bytes(), set)]);
        let this = Slowest::of(what, xml.len(), seconds);
        slowest = slowest.into_iter().chain([this]).max_by(|one, other| one.ms().total_cmp(&other.ms()));
        let memory = memory(what.to_owned(), &xml)?;
        // A bomb is too small to say anything about memory.
        let memory = memory.filter(|_| xml.len() >= hostile::BYTES);
        largest = largest.into_iter().chain(memory).max_by(|one, other| one.times().total_cmp(&other.times()));
    }
    Ok((slowest, largest))
}

/// What a process of its own needs at most, so that nothing that was measured before counts. Nothing where the operating
/// system does not say.
fn memory(what: String, xml: &str) -> Result<Option<Memory>, Failure> {
    let failed = |cause| Failure::io("measuring memory", cause);
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join("invoice.xml");
    std::fs::write(&file, xml).map_err(failed)?;
    let own = std::env::current_exe().map_err(failed)?;
    let output = Command::new(own).args(["bench", "memory"]).arg(&file).output().map_err(failed)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let peak = said.trim().parse::<usize>().ok().filter(|_| output.status.success());
    Ok(peak.map(|peak| Memory::of(what, xml.len(), peak)))
}

impl MemoryOf {
    fn run(self, session: &Session) -> Outcome {
        let set = RuleSet::all().last().expect("there is a set");
        // The rules' tables are built at the first use and kept: they belong to the process, not to the document.
        judge(invoices::invoice(1).as_bytes(), set);
        let before = peak_memory();
        let xml = std::fs::read(&self.file).map_err(|cause| Failure::io(self.file.display().to_string(), cause))?;
        judge_or_refuse(&xml, set);
        match (before, peak_memory()) {
            (Some(before), Some(after)) => session.print(&after.saturating_sub(before).to_string())?,
            _ => return Err(Failure::Answered("this operating system does not say how much memory a process needed".to_owned())),
        }
        Ok(Exit::Fine)
    }
}

/// The most memory that this process ever had, in bytes: `VmHWM` of Linux (proc(5)).
fn peak_memory() -> Option<usize> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invoices_break_no_rule() {
        let set = RuleSet::all().last().unwrap();
        for lines in [1, 2, 3, 10, 101] {
            let xml = invoice(lines, set).unwrap();
            assert_eq!(xml.matches("<cac:InvoiceLine>").count(), lines);
            assert!(events(xml.as_bytes()) > 30 * lines);
        }
    }

    #[test]
    fn every_hostile_document_is_refused_or_broken() {
        let set = RuleSet::all().last().unwrap();
        for Hostile { what, xml } in hostile::documents(150_000) {
            // What is repeated must be what is judged, not a slip of ours in the markup.
            let slip = Document::parse(xml.as_bytes(), &LIMITS).is_err_and(|fault| fault.code == "xml.not_well_formed");
            assert!(!slip, "{what}");
            assert!(judge_or_refuse(xml.as_bytes(), set) > 0 || what.contains("text") || what.contains("comments"), "{what}");
        }
    }
}
