//! Judges files, one line a finding: `cargo run -p kvitt-rules --example judge -- FILE…`

use kvitt_rules::arena::{Document, Limits};
use kvitt_rules::{Day, Findings, Language, RuleSet};

fn main() -> Result<(), std::io::Error> {
    let set = RuleSet::in_force(Day { year: 2026, month: 11, day: 22 });
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file)?;
        let document = match Document::parse(&bytes, &Limits::default()) {
            Ok(document) => document,
            Err(fault) => {
                println!("{file}: {fault}");
                continue;
            }
        };
        let mut findings = Findings::new();
        set.judge(&document, &mut findings);
        for finding in &findings {
            let place = &finding.places[0];
            let at = document.position(place.offset);
            let (id, count, values) = (finding.id, finding.count, &finding.values);
            println!("{file}: {id} {:?} x{count} at {at} {} {values:?}", finding.severity, place.path);
            println!("    {}", finding.sentence(Language::English));
        }
    }
    Ok(())
}
