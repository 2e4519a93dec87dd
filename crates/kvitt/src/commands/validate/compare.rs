//! Where two sets of rules judge the same documents differently: what a new edition will change for whoever sends them.

use kvitt_hub::validation::{self, Judged, Unreadable, of_rules, severity_name};
use kvitt_rules::{Change, Finding, RuleSet};
use serde::Serialize;

use super::judging::{self, Source};
use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;
use crate::words::Words;

/// One file on which the sets differ, or that neither could read.
#[derive(Debug, Serialize)]
struct Compared {
    file: String,
    /// The code of why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    changes: Vec<Changed>,
}

/// One rule on which they differ.
#[derive(Debug, Serialize)]
struct Changed {
    id: &'static str,
    before: Option<Verdict>,
    after: Option<Verdict>,
    message: String,
}

#[derive(Debug, Serialize)]
struct Verdict {
    severity: &'static str,
    count: usize,
}

/// The set whose name has this in it.
///
/// # Errors
/// None or several have; the sets that there are, are named.
pub fn set_named(part: &str) -> Result<&'static RuleSet, Failure> {
    let mut alike = RuleSet::all().iter().filter(|set| set.name().contains(part));
    match (alike.next(), alike.next()) {
        (Some(set), None) => Ok(set),
        _ => {
            let from = |set: &RuleSet| {
                let day = set.in_force_from();
                format!("“{}” (from {:04}-{:02}-{:02})", set.name(), day.year, day.month, day.day)
            };
            let sets: Vec<String> = RuleSet::all().iter().map(from).collect();
            Err(Failure::Usage(format!("“{part}” is not the name of one set of rules; there are: {}", sets.join(", "))))
        }
    }
}

/// Judges every source by both.
pub fn run(sources: &[Source], sets: [&'static RuleSet; 2], session: &Session) -> Outcome {
    let words = session.words;
    let bar = progress::bar(sources.len(), words.say("progress.validating", &[]), session.json);
    let (mut different, mut unreadable) = (0_usize, 0_usize);
    judging::in_order(
        sources,
        |source| compare(source, sets, words),
        |compared| {
            bar.inc(1);
            different += usize::from(!compared.changes.is_empty());
            unreadable += usize::from(compared.unreadable.is_some());
            if session.json {
                return session.print_json(&compared);
            }
            if compared.changes.is_empty() && compared.unreadable.is_none() {
                return Ok(());
            }
            bar.suspend(|| session.print(&as_text(&compared)))
        },
    )?;
    bar.finish_and_clear();
    if !session.json {
        let [before, after] = sets.map(RuleSet::name);
        let count = |count: usize| words.number(&count.to_string());
        let (files, different, unreadable) = (count(sources.len()), count(different), count(unreadable));
        let values = [
            ("files", files.as_str()),
            ("different", &different),
            ("unreadable", &unreadable),
            ("before", before),
            ("after", after),
        ];
        session.print(&words.say("validate.compared", &values))?;
    }
    Ok(if different > 0 { Exit::Refused } else { Exit::Fine })
}

fn compare(source: &Source, sets: [&RuleSet; 2], words: Words) -> Result<Compared, Failure> {
    let bytes = source.read()?;
    let (changes, unreadable) = match validation::judge(&bytes, sets) {
        Ok(Judged { findings: [before, after], .. }) => {
            (before.changes(&after).filter_map(|change| told(change, words)).collect(), None)
        }
        Err(unreadable) => (Vec::new(), Some(why(&unreadable, words))),
    };
    Ok(Compared { file: source.name(), unreadable, changes })
}

fn why(unreadable: &Unreadable, words: Words) -> String {
    unreadable.tell(words.0).first().map(|told| told.id.to_string()).unwrap_or_default()
}

fn told(change: Change<'_>, words: Words) -> Option<Changed> {
    let known = change.before.or(change.after)?;
    let verdict = |finding: &Finding| Verdict { severity: severity_name(finding.severity), count: finding.count };
    let message = known.sentence(of_rules(words.0)).into_owned();
    Some(Changed { id: known.id, before: change.before.map(verdict), after: change.after.map(verdict), message })
}

fn as_text(compared: &Compared) -> String {
    let mut text =
        format!("{}{}\n", compared.file, compared.unreadable.as_ref().map(|why| format!(": {why}")).unwrap_or_default());
    for change in &compared.changes {
        let side = |side: &Option<Verdict>| match side {
            Some(Verdict { severity, count }) => format!("{severity} ×{count}"),
            None => "–".to_owned(),
        };
        text.push_str(&format!("    {}: {} → {}  {}\n", change.id, side(&change.before), side(&change.after), change.message));
    }
    text
}
