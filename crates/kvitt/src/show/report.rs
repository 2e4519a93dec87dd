//! The report of a `send` or a demo as a table, the refusals with every fault, and the totals.

use comfy_table::{Cell, CellAlignment, Color};
use kvitt_domain::money::Amount;

use super::ladder;
use super::table::table;
use crate::report::{Refusal, Report, Row, Totals};
use crate::words::Words;

/// Everything.
pub fn text(report: &Report, words: Words) -> String {
    let mut text = String::new();
    if !report.invoices.is_empty() {
        text.push_str(&rows(&report.invoices, words));
        text.push('\n');
    }
    if !report.refusals.is_empty() {
        text.push_str(&refusals(&report.refusals, words));
    }
    text.push_str(&totals(&report.totals, words));
    text
}

fn rows(rows: &[Row], words: Words) -> String {
    let heading = ["invoice", "recipient", "amount", "ladder", "outcome", "cost"];
    let mut table = table(&heading.map(|name| words.name("cli", &format!("column.{name}"))));
    for row in rows {
        let cost = match row.paid {
            Some(cost) => words.amount(cost),
            None => "–".to_owned(),
        };
        table.add_row(vec![
            Cell::new(&row.number),
            Cell::new(&row.recipient),
            Cell::new(amount(row, words)).set_alignment(CellAlignment::Right),
            Cell::new(ladder::short(&row.ladder, words)),
            Cell::new(outcome(row, words)).fg(colour(&row.state)),
            Cell::new(cost).set_alignment(CellAlignment::Right),
        ]);
    }
    table.to_string()
}

/// What is to be paid; a credit note's amount is owed the other way, and stands with a minus.
fn amount(row: &Row, words: Words) -> String {
    let is_credit = row.kind == "credit_note";
    let minor = if is_credit { -row.payable.minor() } else { row.payable.minor() };
    words.amount(Amount::new(minor, row.payable.currency()))
}

fn outcome(row: &Row, words: Words) -> String {
    match row.again {
        true => format!("{} {}", row.outcome, words.say("outcome.again_accepted", &[])),
        false => row.outcome.clone(),
    }
}

/// Red and green never stand alone: the words say the same.
fn colour(state: &str) -> Color {
    match state {
        "handed_over" | "delivered" | "seen" => Color::Green,
        "parked" | "in_doubt" => Color::Yellow,
        _ => Color::Reset,
    }
}

/// Every refused document with every fault.
pub fn refusals(refusals: &[Refusal], words: Words) -> String {
    let mut text = format!("\n{}\n", words.say("report.refused", &[("count", &refusals.len().to_string())]));
    for refusal in refusals {
        text.push_str(&format!("\n  ✗ {}\n", refusal.file));
        for fault in &refusal.faults {
            text.push_str(&format!("      {} [{}]\n      → {}\n", fault.message, fault.code, fault.remedy));
        }
    }
    text
}

fn totals(totals: &Totals, words: Words) -> String {
    let count = |number: usize| number.to_string();
    let cost =
        totals.cost.iter().map(|(currency, sum)| format!("{} {currency}", words.number(sum))).collect::<Vec<_>>().join(" + ");
    let by_route = totals.by_route.iter().map(|(route, count)| format!("{} {count}", words.name("route", route)));
    let by_route = by_route.collect::<Vec<_>>().join(", ");
    let values = [
        ("submitted", count(totals.submitted)),
        ("refused", count(totals.refused)),
        ("accepted", count(totals.accepted)),
        ("delivered", count(totals.delivered)),
        ("waiting", count(totals.waiting)),
        ("parked", count(totals.parked)),
        ("in_doubt", count(totals.in_doubt)),
        ("by_route", if by_route.is_empty() { "–".to_owned() } else { by_route }),
        ("cost", if cost.is_empty() { "–".to_owned() } else { cost }),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    format!("\n{}\n", words.say("report.totals", &values))
}
