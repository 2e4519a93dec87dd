//! `kvitt bench pdf`: invoices of one page as PDF/A-3, with the XML inside as the recipient gets it, on one core.
//!
//! The floor is what no writer can do without: packing what the finished file holds packed (its page, fonts and XML) by the same
//! method, with everything else already known. `report` and `stopwatch` are those of judging.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use clap::Args;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use kvitt_domain::Language;
use kvitt_domain::invoice::Invoice;
use kvitt_formats::ubl;
use kvitt_render::{Embedded, Look, Relationship};
use kvitt_rules::RuleSet;
use serde::Serialize;

use super::report::{Bar, Machine};
use super::stopwatch::cpu_per_run;
use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;
use crate::show::table::table;

/// One-page documents that one core shall draw in a second. Of a million invoices in an hour, 40 % need a PDF: 111 in a second, for which
/// two cores at this rate need three eighths of their time.
const WANTED_PER_SECOND: f64 = 150.0;
/// What one such document may have: a letter by e-mail should not feel it.
const MOST_BYTES: f64 = 100_000.0;
/// When all documents are made, by what stands in them.
const MADE_AT: Timestamp = Timestamp::UNIX_EPOCH;

/// Draws invoices of one page with their XML inside, the same without it, and beside it the floor: packing the same bytes with
/// everything else known. In turns, on one core.
#[derive(Debug, Args)]
pub struct Pdf {
    /// How long each measurement takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = super::seconds)]
    seconds: f64,
    /// Lines of the invoices. They must fit on one page.
    #[arg(long, value_name = "LINES,…", value_delimiter = ',', default_values_t = [1, 3, 5])]
    lines: Vec<usize>,
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    machine: Machine,
    pages: Vec<OnePage>,
}

/// One length of invoice.
#[derive(Debug, Serialize)]
struct OnePage {
    lines: usize,
    /// Of the XML that travels inside.
    xml_bytes: usize,
    /// What the file's streams hold when they are unpacked.
    unpacked_bytes: usize,
    floor_ms: f64,
    without_xml_ms: f64,
    drawn_ms: f64,
    share_of_floor: f64,
    per_second_and_core: Bar,
    bytes: Bar,
}

impl Pdf {
    pub fn run(self, session: &Session) -> Outcome {
        let time = Duration::from_secs_f64(self.seconds);
        let bar = progress::bar(self.lines.len(), session.words.say("progress.benching", &[]), session.json);
        let mut report = Report { machine: Machine::begin(), pages: Vec::new() };
        for lines in &self.lines {
            report.pages.push(one_page(*lines, time)?);
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

/// A document as it is drawn for a recipient.
struct Sample {
    invoice: Invoice,
    look: Look,
    xml: Embedded,
}

impl Sample {
    fn of(lines: usize) -> Result<Sample, Failure> {
        let set = RuleSet::all().last().expect("there is a set");
        let bytes = super::invoice(lines, set)?.into_bytes();
        let invoice = ubl::read(&bytes, &super::LIMITS).map_err(Failure::Refused)?;
        let xml = Embedded {
            name: "invoice.xml".to_owned(),
            media_type: "application/xml".to_owned(),
            bytes,
            relationship: Relationship::Alternative,
        };
        Ok(Sample { invoice, look: Look::plain(Language::Bokmal, MADE_AT), xml })
    }

    fn draw(&self, embed: &[Embedded]) -> kvitt_render::Pdf {
        kvitt_render::pdf(&self.invoice, &self.look, embed).expect("it was drawn once already")
    }
}

fn one_page(lines: usize, time: Duration) -> Result<OnePage, Failure> {
    let sample = Sample::of(lines)?;
    let with_xml = std::slice::from_ref(&sample.xml);
    let pdf = kvitt_render::pdf(&sample.invoice, &sample.look, with_xml)
        .map_err(|cause| Failure::Answered(format!("an invoice of {lines} lines cannot be drawn: {cause}")))?;
    if pdf.pages != 1 {
        return Err(Failure::Usage(format!("an invoice of {lines} lines has {} pages: say fewer lines", pdf.pages)));
    }
    let streams = unpacked(&pdf.bytes);
    let [floor, without_xml, drawn] = cpu_per_run(
        time,
        [&|| streams.iter().map(|stream| pack(stream)).sum(), &|| black_box(sample.draw(&[])).bytes.len(), &|| {
            black_box(sample.draw(with_xml)).bytes.len()
        }],
    );
    Ok(OnePage {
        lines,
        xml_bytes: sample.xml.bytes.len(),
        unpacked_bytes: streams.iter().map(Vec::len).sum(),
        floor_ms: floor * 1e3,
        without_xml_ms: without_xml * 1e3,
        drawn_ms: drawn * 1e3,
        share_of_floor: floor / drawn,
        per_second_and_core: Bar::at_least(WANTED_PER_SECOND, 1.0 / drawn),
        bytes: Bar::at_most(MOST_BYTES, pdf.bytes.len() as f64),
    })
}

/// What the packed streams of a PDF of ours hold (ISO 32000-1, 7.3.8: `stream`, an end of line, the bytes).
fn unpacked(pdf: &[u8]) -> Vec<Vec<u8>> {
    const BEGIN: &[u8] = b"stream\n";
    let begins = pdf.windows(BEGIN.len()).enumerate().filter(|(_, word)| *word == BEGIN).map(|(at, _)| at + BEGIN.len());
    let streams = begins.filter_map(|at| {
        let mut stream = Vec::new();
        ZlibDecoder::new(&pdf[at..]).read_to_end(&mut stream).ok().map(|_| stream)
    });
    streams.filter(|stream| !stream.is_empty()).collect()
}

/// Packs as the writer does, and answers the size.
fn pack(stream: &[u8]) -> usize {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(stream).and_then(|()| encoder.finish()).map_or(0, |packed| black_box(packed).len())
}

impl Report {
    fn is_met(&self) -> bool {
        self.pages.iter().all(|page| page.per_second_and_core.met && page.bytes.met)
    }

    /// As a table.
    fn text(&self) -> String {
        let mut text = self.machine.text();
        let mut shown = table(&["what", "measured", "figure", "wanted", ""].map(str::to_owned));
        for page in &self.pages {
            let measured = format!(
                "{:.3} ms; without the XML of {} bytes {:.3} ms; packing alone {:.3} ms, {:.0} % of it",
                page.drawn_ms,
                page.xml_bytes,
                page.without_xml_ms,
                page.floor_ms,
                page.share_of_floor * 100.0
            );
            let bar = page.per_second_and_core;
            let what = format!("{} lines, one core: PDFs per second", page.lines);
            shown.add_row(bar.row(what, measured, format!("{:.0}/s", bar.value), format!("≥ {:.0}/s", bar.wanted)));
            let bar = page.bytes;
            let (what, measured) = (format!("{} lines: size", page.lines), format!("unpacked {} bytes", page.unpacked_bytes));
            let kilobytes = |bytes: f64| format!("{:.1} kB", bytes / 1000.0);
            shown.add_row(bar.row(what, measured, kilobytes(bar.value), format!("≤ {}", kilobytes(bar.wanted))));
        }
        let _ = write!(text, "{shown}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_documents_have_one_page_with_their_xml_in_the_floor() {
        for lines in [1, 3, 5] {
            let sample = Sample::of(lines).unwrap();
            let pdf = sample.draw(std::slice::from_ref(&sample.xml));
            assert_eq!(pdf.pages, 1, "{lines} lines");
            let streams = unpacked(&pdf.bytes);
            assert!(streams.contains(&sample.xml.bytes), "{lines} lines");
            // Page, fonts with their characters, colours: nothing that is packed was missed.
            let filters = pdf.bytes.windows(11).filter(|word| word == b"FlateDecode").count();
            assert_eq!(streams.len(), filters, "{lines} lines");
        }
    }
}
