//! Reports as CSV: the same columns and rows as on the page, numbers as spreadsheets read them, names in words.

use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::report::{Cell, Report, Row};
use kvitt_formats::csv::{self, Field, MARK};

use crate::web::words::Words;

/// The beginning of a file: the mark of its letters, and the names of the columns.
pub fn head(report: Report, words: Words) -> String {
    let mut text = MARK.to_owned();
    let named = |key: &str| Field::Text(words.t(&format!("report.column.{key}")));
    csv::write(&mut text, &report.columns().iter().map(|column| named(column.key)).collect::<Vec<_>>());
    text
}

/// A row.
pub fn write(text: &mut String, row: &Row, words: Words) {
    csv::write(text, &row.cells.iter().map(|cell| field(cell, words)).collect::<Vec<_>>());
}

fn field(cell: &Cell, words: Words) -> Field {
    match cell {
        Cell::Text(text) => Field::Text(without_identity_numbers(text).into_owned()),
        Cell::Name(table, name) => Field::Text(words.name(table, name)),
        Cell::Day(day) => Field::Number(day.map(|day| day.to_string()).unwrap_or_default()),
        Cell::Month(month) => Field::Number(format!("{:04}-{:02}", month.year(), month.month())),
        Cell::Amount(amount) => Field::Number(amount.to_decimal().to_string().replace('.', ",")),
        Cell::Count(count) => Field::Number(count.to_string()),
        Cell::Share(part) => Field::Number(part.map(percent).unwrap_or_default()),
        Cell::Number(number) => Field::Number(number.replace('.', ",")),
        Cell::Empty => Field::Number(String::new()),
    }
}

/// Thousandths as percent: `37,5`.
pub fn percent(thousandths: i64) -> String {
    format!("{},{}", thousandths / 10, thousandths % 10)
}
