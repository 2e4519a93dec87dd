//! The figures of the comparison, by family of rules and by suite, and the page in `docs` that shows them.

use std::collections::BTreeMap;
use std::path::Path;

/// A rule as it fired: flag and count, by id.
pub type Fired<'a> = BTreeMap<&'a str, (&'static str, usize)>;

#[derive(Default)]
pub struct Scoreboard {
    families: BTreeMap<&'static str, Family>,
    documents: Tally,
    verdicts: Tally,
    false_alarms: usize,
    unit_tests: Tally,
    expectations: Tally,
    outdated: usize,
    disagreements: BTreeMap<String, Vec<String>>,
}

#[derive(Default)]
struct Family {
    fired: usize,
    exact: usize,
    missing: usize,
    extra: usize,
    other_count: usize,
    rules: std::collections::BTreeSet<String>,
}

#[derive(Default)]
struct Tally {
    right: usize,
    all: usize,
}

impl Tally {
    fn count(&mut self, right: bool) {
        self.all += 1;
        self.right += usize::from(right);
    }
}

impl Scoreboard {
    /// Compares the rules that fired in one layer of one document; true when they are exactly the same.
    pub fn rules(&mut self, place: &str, expected: &BTreeMap<&str, (&str, usize)>, found: &Fired<'_>) -> bool {
        let mut exact = true;
        for (id, label) in expected {
            let family = self.families.entry(family(id)).or_default();
            family.fired += 1;
            family.rules.insert((*id).to_owned());
            match found.get(id) {
                Some(ours) if ours == label => family.exact += 1,
                Some(ours) => {
                    exact = false;
                    family.other_count += 1;
                    self.disagree(format!("{id} differs"), format!("{place}: {ours:?}, expected {label:?}"));
                }
                None => {
                    exact = false;
                    family.missing += 1;
                    self.disagree(format!("{id} missing"), place.to_owned());
                }
            }
        }
        for id in found.keys().filter(|id| !expected.contains_key(*id)) {
            exact = false;
            self.families.entry(family(id)).or_default().extra += 1;
            self.disagree(format!("{id} extra"), place.to_owned());
        }
        exact
    }

    pub fn document(&mut self, place: &str, exact: bool, valid: bool, ours: bool) {
        self.documents.count(exact);
        self.verdicts.count(valid == ours);
        if valid != ours {
            self.disagree(format!("verdict, expected valid = {valid}"), place.to_owned());
        }
        self.false_alarms += usize::from(valid && !ours);
    }

    pub fn unit_test(&mut self, place: &str, exact: bool, agrees: bool, current: bool) {
        self.unit_tests.count(exact);
        if !current {
            self.outdated += 1;
            return;
        }
        self.expectations.count(agrees);
        if !agrees {
            self.disagree("unit test".to_owned(), place.to_owned());
        }
    }

    fn disagree(&mut self, what: String, place: String) {
        self.disagreements.entry(what).or_default().push(place);
    }

    /// For whoever mends a rule: what disagrees, how often, with examples.
    pub fn print_disagreements(&self) {
        for (what, places) in &self.disagreements {
            eprintln!("{what}: {} times, {}", places.len(), places[..places.len().min(3)].join(" | "));
        }
    }

    /// The page in `docs` is a golden file: it says what the code does, or the test fails. `KVITT_BLESS=1` rewrites it.
    pub fn compare_with(&self, golden: &Path) {
        let page = self.page();
        if std::env::var_os("KVITT_BLESS").is_some() {
            std::fs::write(golden, &page).expect("the page can be written");
        }
        let written = std::fs::read_to_string(golden).unwrap_or_default();
        assert!(written == page, "docs/rules-scoreboard.md differs from what was measured:\n{page}");
    }

    fn page(&self) -> String {
        let mut page = String::from(HEADING);
        let of = |tally: &Tally| format!("{} of {}", tally.right, tally.all);
        let rows = [
            ("Whole documents and mutants: exactly the same rules, severities and counts", of(&self.documents)),
            ("The same verdict", of(&self.verdicts)),
            ("Valid documents refused", self.false_alarms.to_string()),
            ("Unit tests: exactly the same rules, severities and counts", of(&self.unit_tests)),
            ("Unit tests: the publisher's own expectation", of(&self.expectations)),
            ("Unit tests written for an older release, not counted", self.outdated.to_string()),
        ];
        page.push_str("| what | result |\n|---|---|\n");
        for (what, result) in rows {
            page.push_str(&format!("| {what} | {result} |\n"));
        }
        page.push_str("\n## By family\n\nOne firing is one rule in one document, however often.\n\n");
        page.push_str("| family | rules seen | firings | exact | other count | missing | extra |\n");
        page.push_str("|---|--:|--:|--:|--:|--:|--:|\n");
        for (name, family) in &self.families {
            let Family { fired, exact, missing, extra, other_count, rules } = family;
            let seen = rules.len();
            page.push_str(&format!("| {name} | {seen} | {fired} | {exact} | {other_count} | {missing} | {extra} |\n"));
        }
        page
    }
}

const HEADING: &str = "\
# Rules: the scoreboard

Every labelled document of the shared vectors, judged by `kvitt-rules` and compared with the official validation
artefacts (EN 16931 UBL 1.3.16, Peppol BIS Billing 3.0.21). Written by the test `oracle` of the crate
(`KVITT_BLESS=1 cargo test -p kvitt-rules oracle`); the test fails when this page is not what it measures.

";

/// The family that a rule is counted under.
fn family(id: &str) -> &'static str {
    const FAMILIES: [&str; 28] = [
        "BR-AE",
        "BR-AF",
        "BR-AG",
        "BR-B",
        "BR-CL",
        "BR-CO",
        "BR-DEC",
        "BR-E",
        "BR-G",
        "BR-IC",
        "BR-O",
        "BR-S",
        "BR-Z",
        "DE",
        "DK",
        "GR",
        "IS",
        "IT",
        "NL",
        "NO",
        "PEPPOL-COMMON",
        "PEPPOL-EN16931",
        "SE",
        "UBL-CR",
        "UBL-DT",
        "UBL-SR",
        "UBL-STRUCTURE",
        "VALUE",
    ];
    let begins = |name: &&str| id.strip_prefix(*name).is_some_and(|rest| rest.starts_with('-'));
    FAMILIES.into_iter().find(begins).unwrap_or("BR")
}
