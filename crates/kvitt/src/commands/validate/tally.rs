//! Counts what was said of many files, and keeps so much of it that a report stays readable and the memory bounded.

use std::borrow::Cow;
use std::collections::HashMap;

use kvitt_hub::validation::{Mender, Told, Validated};

/// Files shown with their findings in a report. Whoever has more mends the most frequent rules first and judges again.
pub const MAX_DETAILED: usize = 1000;

/// What was said of all files.
#[derive(Debug, Default)]
pub struct Tally {
    /// Files judged.
    pub files: usize,
    /// Files with a fatal finding.
    pub invalid: usize,
    /// Valid files with warnings.
    pub warned: usize,
    /// The first files with findings, where they are kept.
    pub detailed: Vec<Validated>,
    rules: HashMap<Cow<'static, str>, Rule>,
}

/// One rule over all files.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: Cow<'static, str>,
    /// Whether it is fatal.
    pub fatal: bool,
    /// Files that break it.
    pub files: usize,
    /// Who can mend it.
    pub fixer: Mender,
    /// What is wrong and what to do.
    pub message: String,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Tally {
        Tally::default()
    }

    /// Counts a file, and keeps it for a report where one is wanted and there is room.
    pub fn add(&mut self, validated: Validated, is_kept: bool) {
        self.files += 1;
        self.invalid += usize::from(!validated.valid);
        self.warned += usize::from(validated.valid && !validated.findings.is_empty());
        for told in &validated.findings {
            self.rules.entry(told.id.clone()).or_insert_with(|| Rule::of(told)).files += 1;
        }
        if is_kept && !validated.findings.is_empty() && self.detailed.len() < MAX_DETAILED {
            self.detailed.push(validated);
        }
    }

    /// Files without any finding.
    pub fn clean(&self) -> usize {
        self.files - self.invalid - self.warned
    }

    /// Files with findings that are not among the detailed ones.
    pub fn left_out(&self) -> usize {
        self.invalid + self.warned - self.detailed.len()
    }

    /// The rules that most files break: the fatal ones first, at most so many.
    pub fn most_frequent(&self, most: usize) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = self.rules.values().collect();
        rules.sort_by(|one, other| (!one.fatal, other.files, &one.id).cmp(&(!other.fatal, one.files, &other.id)));
        rules.truncate(most);
        rules
    }
}

impl Rule {
    fn of(told: &Told) -> Rule {
        Rule { id: told.id.clone(), fatal: told.is_fatal(), files: 0, fixer: told.fixer, message: told.message.clone() }
    }
}
