//! `kvitt bank-file`: what a file from the bank, or for it, says, and whether it adds up.
//!
//! Here: the options and the reading. `text` shows items to people, `json` to programs; both get them one by one, so that a file
//! of any size is shown in flat memory. What a file may be is [`kvitt_formats::bank`]'s; nothing is stored.

mod json;
mod output;
mod text;

use std::fs::File;
use std::io::{BufReader, IsTerminal as _, Read};
use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;
use kvitt_formats::bank::{Tally, Verdict, read};

use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;
use output::Output;

/// Shows what stands in files from the bank, or for it, with totals: AvtaleGiro claims, cancellations and mandates, OCR giro,
/// camt.053 and camt.054. Every count and sum is checked. Nothing is stored or sent. Exits with 1 when a file is refused.
#[derive(Debug, Args)]
pub struct BankFile {
    /// Files as they came from the bank; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Show the totals and what is wrong, and no single lines.
    #[arg(long)]
    totals: bool,
}

/// Bytes that are read at once.
const AT_ONCE: usize = 256 * 1024;

/// What is shown of one file, item by item.
enum Show {
    Text(text::Text),
    Json(json::Json),
}

impl BankFile {
    pub fn run(self, session: &Session) -> Outcome {
        let mut together = Tally::default();
        let mut refused = 0;
        let mut output = Output::new();
        for (at, path) in self.files.iter().enumerate() {
            if at > 0 && !session.json {
                output.line("")?;
            }
            let verdict = self.show(path, session, &mut output)?;
            refused += usize::from(!verdict.is_valid());
            together.merge(&verdict.tally);
        }
        if self.files.len() > 1 && !session.json {
            output.line(&text::together(&together, self.files.len(), session.words))?;
        }
        output.end()?;
        Ok(if refused > 0 { Exit::Refused } else { Exit::Fine })
    }

    fn show(&self, path: &PathBuf, session: &Session, output: &mut Output) -> Result<Verdict, Failure> {
        let name = path.display().to_string();
        let failed = |cause| Failure::io(format!("reading {name}"), cause);
        let (source, bytes): (Box<dyn Read>, u64) = if path.as_os_str() == "-" {
            (Box::new(std::io::stdin().lock()), 0)
        } else {
            let file = File::open(path).map_err(failed)?;
            let bytes = file.metadata().map_err(failed)?.len();
            (Box::new(file), bytes)
        };
        // Lines that scroll by show by themselves how far it is.
        let is_quiet = self.totals || !std::io::stdout().is_terminal();
        let message = session.words.say("progress.reading", &[]);
        let bar = progress::bar(usize::try_from(bytes).unwrap_or(usize::MAX), message, session.json || !is_quiet);
        let source = BufReader::with_capacity(AT_ONCE, Counted { source, bar: bar.clone() });
        let mut show = match session.json {
            true => Show::Json(json::Json::of(&name)),
            false => Show::Text(text::Text::of(session.words)),
        };
        let mut verdict = Verdict::default();
        for item in read(source) {
            verdict.add(&item);
            let Ok(item) = &item else { continue };
            if self.totals {
                continue;
            }
            match &mut show {
                Show::Text(text) => text.item(item, output)?,
                Show::Json(json) => json.item(item, output)?,
            }
        }
        bar.finish_and_clear();
        match show {
            Show::Text(text) => output.line(&text.verdict(&name, &verdict))?,
            Show::Json(json) => json.verdict(&verdict, session.words, output)?,
        }
        Ok(verdict)
    }
}

/// A source that moves a bar.
struct Counted<R> {
    source: R,
    bar: ProgressBar,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.bar.inc(count as u64);
        Ok(count)
    }
}
