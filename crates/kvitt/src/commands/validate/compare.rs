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
pub fn run(sources: &[Source], sets: [&RuleSet; 2], session: &Session) -> Outcome {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use kvitt_rules::{Day, Revision, Severity};

    use super::*;

    /// The buyer's name is missing, and the reference that Peppol asks for.
    fn faulty(folder: &Path) -> Source {
        let valid = include_str!("../../../../rules/tests/it/invoice.xml");
        let faulty = valid.replacen("<cbc:BuyerReference>Kari Nordmann</cbc:BuyerReference>", "", 1).replacen(
            ">Kjøper Eksempel AS<",
            "><",
            1,
        );
        let file = folder.join("faulty.xml");
        std::fs::write(&file, faulty).unwrap();
        Source::File(file)
    }

    #[test]
    fn a_release_is_told_by_what_it_changes_for_a_document() {
        let today = RuleSet::all().last().unwrap();
        let day = Day { year: 2027, month: 2, day: 24 };
        // A release that has a rule more, and one whose flag is another: seen from before and from after.
        let coming = today.revised("coming", day, &[Revision::Flagged("BR-07", Severity::Warning)]);
        let gone = today.revised("gone", day, &[Revision::Withdrawn("PEPPOL-EN16931-R003")]);
        let words = Words(kvitt_domain::Language::English);
        let folder = tempfile::tempdir().unwrap();
        let source = faulty(folder.path());
        let told = |sets| {
            let compared = compare(&source, sets, words).unwrap();
            let text = as_text(&compared);
            text.lines().skip(1).map(|line| line.split("  ").nth(2).unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told([today, today]), <[&str; 0]>::default());
        assert_eq!(told([today, &coming]), ["BR-07: fatal ×1 → warning ×1"]);
        assert_eq!(told([&gone, today]), ["PEPPOL-EN16931-R003: – → fatal ×1"]);
        assert_eq!(told([&gone, &coming]), ["BR-07: fatal ×1 → warning ×1", "PEPPOL-EN16931-R003: – → fatal ×1"]);
        let compared = compare(&source, [today, &coming], words).unwrap();
        let json = serde_json::to_value(&compared).unwrap();
        assert_eq!(json["changes"][0]["before"], serde_json::json!({"severity": "fatal", "count": 1}));
        assert_eq!(json["changes"][0]["after"], serde_json::json!({"severity": "warning", "count": 1}));
        assert!(json["changes"][0]["message"].as_str().unwrap().ends_with('.') && json.get("unreadable").is_none(), "{json:#}");
    }
}
