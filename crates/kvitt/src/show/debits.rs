//! Direct debits as a table: how each was claimed, how its payer was told, where its money stands, and what a person could do.

use comfy_table::{Cell, CellAlignment, Color};
use kvitt_domain::money::Amount;

use super::table::table;
use crate::oracle::is_taken;
use crate::report::{Debit, Money, Row};
use crate::words::Words;

/// The rows that were ever claimed; empty where none was.
pub fn text(rows: &[Row], words: Words) -> String {
    let columns = ["invoice", "recipient", "amount", "claim", "notice", "money", "proposal"];
    let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
    for row in rows {
        let (Some(debit), Some(money)) = (&row.debit, &row.money) else { continue };
        let advice = if money.proposal == "nothing" { "–" } else { &money.advice };
        shown.add_row(vec![
            Cell::new(&row.number),
            Cell::new(&row.recipient),
            Cell::new(words.amount(row.payable)).set_alignment(CellAlignment::Right),
            Cell::new(claim(debit, words)),
            Cell::new(notice(debit, words)),
            Cell::new(standing(money, words)).fg(if money.standing == "paid" { Color::Green } else { Color::Yellow }),
            Cell::new(advice),
        ]);
    }
    if shown.is_empty() { String::new() } else { shown.to_string() }
}

/// `by the service: debited 2026-12-14`
fn claim(debit: &Debit, words: Words) -> String {
    let way = words.name("cli", &format!("debit.way.{}", debit.way));
    let became = words.say(&format!("debit.{}", debit.claim), &[("date", &debit.due_on)]);
    format!("{way}\n{became}")
}

/// The route by which the payer was told, or why not.
fn notice(debit: &Debit, words: Words) -> String {
    match (&debit.notice, &debit.notice_route) {
        (Some(state), Some(route)) if is_taken(state) => words.name("route", route),
        (None, _) => "–".to_owned(),
        (Some(state), _) if state == "cancelled" => words.say("debit.not_told", &[]),
        (Some(state), _) => words.name("state", state),
    }
}

fn standing(money: &Money, words: Words) -> String {
    let standing = words.name("collection", &money.standing);
    match money.owed.minor() {
        0 => standing,
        ..0 => {
            let over = Amount::new(-money.owed.minor(), money.owed.currency());
            format!("{standing}\n{}", words.say("debit.over", &[("amount", &words.amount(over))]))
        }
        1.. => format!("{standing}\n{}", words.say("debit.left", &[("amount", &words.amount(money.owed))])),
    }
}
