//! What was found, for a person at a terminal.

use std::fmt::Write as _;

use kvitt_hub::validation::{Mender, Told, Validated};
use kvitt_rules::RuleSet;

use super::tally::Tally;
use crate::words::Words;

/// Up to so many files a line says of each that nothing is wrong with it; of more only those with findings are shown.
const FEW: usize = 20;
/// Places shown of one finding; the JSON and the HTML report have more.
const MOST_PLACES: usize = 3;
/// Rules in the list of the most frequent ones.
const MOST_RULES: usize = 10;

/// One file with all that was found, grouped by who can mend it. Nothing for one that is fine among many.
pub fn of_file(validated: &Validated, of: usize, words: Words) -> Option<String> {
    if validated.findings.is_empty() {
        return (of <= FEW).then(|| format!("✓ {}", words.say("validate.clean", &[("file", &validated.file)])));
    }
    let fatal = validated.findings.iter().filter(|told| told.is_fatal()).count();
    let values = [
        ("file", validated.file.as_str()),
        ("errors", &fatal.to_string()),
        ("warnings", &(validated.findings.len() - fatal).to_string()),
    ];
    let mut text = match validated.valid {
        true => format!("! {}\n", words.say("validate.warned", &values)),
        false => format!("✗ {}\n", words.say("validate.invalid", &values)),
    };
    for fixer in Mender::ALL {
        let mut alike = validated.findings.iter().filter(|told| told.fixer == fixer).peekable();
        if alike.peek().is_some() {
            let _ = writeln!(text, "  {}", words.name("cli", &format!("validate.fixer.{}", fixer.name())));
        }
        for told in alike {
            finding(&mut text, told, words);
        }
    }
    Some(text)
}

fn finding(text: &mut String, told: &Told, words: Words) {
    let mark = if told.is_fatal() { '✗' } else { '!' };
    let times = if told.count > 1 { format!(" ×{}", told.count) } else { String::new() };
    let _ = writeln!(text, "    {mark} {}{times}  {}", told.id, told.message);
    let term = told.term.map(|term| format!("{term}  ")).unwrap_or_default();
    for (index, place) in told.places.iter().take(MOST_PLACES).enumerate() {
        let values = if index == 0 && !told.values.is_empty() {
            format!("  “{}”", told.values.join("”, “"))
        } else {
            String::new()
        };
        let _ = writeln!(text, "        {term}{}  {}:{}{values}", place.xpath, place.line, place.column);
    }
    if told.count > MOST_PLACES {
        let more = (told.count - MOST_PLACES).to_string();
        let _ = writeln!(text, "        {}", words.say("validate.more_places", &[("count", &more)]));
    }
}

/// The sums, and what most files break where there are many.
pub fn totals(tally: &Tally, set: &RuleSet, words: Words) -> String {
    let number = |count: usize| words.number(&count.to_string());
    let values = [
        ("files", number(tally.files)),
        ("clean", number(tally.clean())),
        ("warned", number(tally.warned)),
        ("invalid", number(tally.invalid)),
        ("set", set.name().to_owned()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = format!("\n{}\n", words.say("validate.totals", &values));
    let frequent = tally.most_frequent(MOST_RULES);
    if tally.files > FEW && !frequent.is_empty() {
        let _ = writeln!(text, "{}", words.say("validate.most_frequent", &[]));
        for rule in frequent {
            let mark = if rule.fatal { '✗' } else { '!' };
            let _ = writeln!(text, "  {mark} {:>7}  {:24} {}", number(rule.files), rule.id, rule.message);
        }
    }
    text
}
