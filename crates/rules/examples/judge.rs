//! Judges files: one line a finding. `cargo run -p kvitt-rules --example judge -- FILE…`

use kvitt_rules::arena::{Document, Limits};
use kvitt_rules::{Day, Findings, RuleSet};

fn main() {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file).expect("the file can be read");
        match Document::parse(&bytes, &Limits::default()) {
            Err(fault) => println!("{file}: {fault}"),
            Ok(document) => {
                let mut findings = Findings::new();
                RuleSet::in_force(Day { year: 2026, month: 11, day: 22 }).judge(&document, &mut findings);
                for finding in &findings {
                    let place = &finding.places[0].path;
                    println!(
                        "{file}: {} {:?} {} times, {place} {:?}",
                        finding.id, finding.severity, finding.count, finding.values
                    );
                }
            }
        }
    }
}
