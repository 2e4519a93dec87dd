//! The ladder of routes: ✓ chosen, · in reserve, – skipped, ✗ failed, each with its reason.

use kvitt_domain::fault::codes;
use kvitt_domain::plan::{Comparison, Plan, Standing};

use crate::report::Rung;
use crate::words::Words;

/// The mark of a standing.
pub fn mark(standing: Standing) -> char {
    match standing {
        Standing::Chosen => '✓',
        Standing::InReserve => '·',
        Standing::Skipped => '–',
        Standing::Failed => '✗',
    }
}

/// A ladder for a cell: routes side by side that share mark and reason share a line.
pub fn short(ladder: &[Rung], words: Words) -> String {
    let mut lines: Vec<(char, Vec<String>, String)> = Vec::new();
    for rung in ladder {
        let mark = mark(rung.standing);
        let name = words.name("route", &rung.route);
        let why = match rung.standing {
            Standing::InReserve => words.name("standing", "in_reserve"),
            Standing::Chosen => String::new(),
            Standing::Skipped | Standing::Failed => short_reasons(rung),
        };
        match lines.last_mut() {
            Some((last_mark, names, last_why)) if *last_mark == mark && *last_why == why => names.push(name),
            _ => lines.push((mark, vec![name], why)),
        }
    }
    let line = |(mark, names, why): &(char, Vec<String>, String)| {
        let names = names.join(", ");
        if why.is_empty() { format!("{mark} {names}") } else { format!("{mark} {names}: {why}") }
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The reasons in a few words, each once. A route that is not built yet has no other reason worth a cell.
fn short_reasons(rung: &Rung) -> String {
    if let Some(not_built) = rung.reasons.iter().find(|reason| reason.code == codes::ROUTE_NOT_BUILT.name()) {
        return not_built.short.clone();
    }
    let mut said: Vec<&str> = Vec::new();
    for reason in &rung.reasons {
        if !said.contains(&reason.short.as_str()) {
            said.push(&reason.short);
        }
    }
    said.join("; ")
}

/// A ladder in full: one rung after the other with price, latest time, reasons and what would change them.
pub fn full(ladder: &[Rung], words: Words) -> String {
    let mut text = String::new();
    for rung in ladder {
        let name = words.name("route", &rung.route);
        let standing = match rung.standing {
            Standing::Chosen => words.name("standing", "chosen"),
            Standing::InReserve => words.name("standing", "in_reserve"),
            Standing::Skipped => words.name("standing", "skipped"),
            Standing::Failed => words.name("standing", "failed"),
        };
        text.push_str(&format!("  {} {name}: {standing}", mark(rung.standing)));
        if let Some(price) = &rung.price {
            text.push_str(&format!(", {price}"));
        }
        if let Some(latest) = rung.latest_send_at {
            text.push_str(&format!(", {}", words.say("ladder.latest", &[("at", &words.time(latest))])));
        }
        text.push('\n');
        for said in rung.reasons.iter().chain(&rung.warnings) {
            text.push_str(&format!("      {} [{}]\n      → {}\n", said.message, said.code, said.remedy));
        }
    }
    text
}

/// What the document would have cost by the cheapest route, beside what it costs by the chosen one. Empty where that has no price.
pub fn costs(plan: &Plan, words: Words) -> String {
    let Some(Comparison { chosen, cheapest, saved, unpriced }) = plan.comparison() else { return String::new() };
    let name = |route: &kvitt_domain::plan::RouteName| words.name("route", route.as_str());
    let key = match (cheapest.route == chosen.route, cheapest.needs_lookup) {
        (true, _) => "ladder.cheapest",
        (false, false) => "ladder.saving",
        (false, true) => "ladder.saving_perhaps",
    };
    let values = [
        ("route", name(cheapest.route)),
        ("price", words.amount(cheapest.price)),
        ("saved", words.amount(saved)),
        ("chosen", name(chosen.route)),
    ];
    let mut text = format!("  {}\n", words.say(key, &values.each_ref().map(|(name, value)| (*name, value.as_str()))));
    if !unpriced.is_empty() {
        let routes: Vec<String> = unpriced.into_iter().map(name).collect();
        text.push_str(&format!("  {}\n", words.say("ladder.unpriced", &[("routes", &routes.join(", "))])));
    }
    text
}
