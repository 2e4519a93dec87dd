//! `kvitt validate`: documents judged by the rules, on every core, told to people, programs and accountants.
//!
//! Here: the options and the order of things. `judging` reads and judges, `tally` counts, `text` and `html` show, `compare`
//! tells two sets of rules apart. What is said of one file is [`kvitt_hub::validation`]'s, so that the hub's own
//! `POST /v1/validate` says the same.

mod compare;
mod html;
mod judging;
mod tally;
mod text;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_hub::validation::{Validated, day, validate};
use kvitt_rules::RuleSet;

use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::handin;
use crate::show::progress;
use judging::Source;
use tally::Tally;

/// Judges documents by the structure of UBL 2.1, EN 16931 and Peppol BIS Billing with its national rules: the official rule ids
/// and severities, each with its place, who can mend it and what to do. Nothing is stored or sent. Exits with 1 when a
/// document is not valid.
#[derive(Debug, Args)]
pub struct Validate {
    /// Documents: UBL XML, or a ZIP of one XML with its PDF and attachments. A folder means every .xml and .zip in it, `-`
    /// standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write a report for people to read: one page that needs nothing else.
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    html: Option<PathBuf>,
    /// Judge by the rules that are in force on this day [default: today].
    #[arg(long, value_name = "DATE", conflicts_with = "compare")]
    on: Option<Date>,
    /// Show where two sets of rules judge differently; a part of a set's name will do. Exits with 1 where they do.
    #[arg(long, num_args = 2, value_names = ["SET", "SET"])]
    compare: Option<Vec<String>>,
}

impl Validate {
    pub fn run(self, session: &Session) -> Outcome {
        if let Some([before, after]) = self.compare.as_deref() {
            let sets = [compare::set_named(before)?, compare::set_named(after)?];
            return compare::run(&self.sources()?, sets, session);
        }
        let on = self.on.unwrap_or_else(|| calendar::today(Timestamp::now()));
        self.judge(session, RuleSet::in_force(day(on)))
    }

    fn judge(&self, session: &Session, set: &'static RuleSet) -> Outcome {
        let (sources, words) = (self.sources()?, session.words);
        let bar = progress::bar(sources.len(), words.say("progress.validating", &[]), session.json);
        let mut tally = Tally::new();
        let judge = |source: &Source| Ok(validate(&source.name(), &source.read()?, set, words.0));
        judging::in_order(&sources, judge, |validated: Validated| {
            if session.json {
                session.print_json(&validated)?;
            } else if let Some(text) = text::of_file(&validated, sources.len(), words) {
                bar.suspend(|| session.print(&text))?;
            }
            tally.add(validated, self.html.is_some());
            bar.inc(1);
            Ok(())
        })?;
        bar.finish_and_clear();
        if let Some(file) = &self.html {
            let page = html::page(&tally, set, words);
            std::fs::write(file, page).map_err(|cause| Failure::io(format!("writing {}", file.display()), cause))?;
        }
        if !session.json {
            session.print(&text::totals(&tally, set, words))?;
            if let Some(file) = &self.html {
                session.print(&words.say("validate.report", &[("file", &file.display().to_string())]))?;
            }
        }
        Ok(if tally.invalid > 0 { Exit::Refused } else { Exit::Fine })
    }

    /// What is to be judged, in the order given. Standard input has one end, so that it counts once.
    fn sources(&self) -> Result<Vec<Source>, Failure> {
        let is_input = |path: &PathBuf| path.as_os_str() == "-";
        let mut sources = Vec::new();
        for path in &self.files {
            if !is_input(path) {
                sources.extend(handin::find(std::slice::from_ref(path))?.into_iter().map(Source::File));
            } else if !sources.contains(&Source::Input) {
                sources.push(Source::Input);
            }
        }
        Ok(sources)
    }
}
