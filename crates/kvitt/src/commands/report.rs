//! `kvitt report`: the figures behind the invoices.

use clap::Args;
use clap::builder::PossibleValuesParser;
use comfy_table::{Cell as Shown, CellAlignment};
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_domain::report::{Cell, Days, Preset, Report, Row};
use kvitt_hub::desk::{Answer, Ask, Chunk, REPORT_ROWS_AT_A_TIME, WantedReport};
use kvitt_hub::web::reports::{csv, text_of};
use kvitt_hub::web::words::Words;

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Failure, Outcome};
use crate::show::table::table;

/// Shows a report of some days. Without days it is of the month, VAT term or year of today, after what the report is about.
#[derive(Debug, Args)]
pub struct ReportCommand {
    /// Which.
    #[arg(value_parser = PossibleValuesParser::new(Report::ALL.map(Report::name)))]
    report: String,
    /// Only this company, by organisation number; may be left out while there is only one.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
    /// Days by a word.
    #[arg(long, value_name = "WORD", conflicts_with_all = ["from", "to"], value_parser = PossibleValuesParser::new(Preset::ALL.map(Preset::name)))]
    period: Option<String>,
    /// The first day.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The last day; of aged debts the day that they are of.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Only documents of this customer, by a number or how the name begins. Of the report of invoices.
    #[arg(long, value_name = "CUSTOMER", default_value = "")]
    customer: String,
    /// Only documents of this project, by its number. Of the report of invoices.
    #[arg(long, value_name = "NUMBER", default_value = "")]
    project: String,
    /// As CSV, with semicolons: what a spreadsheet opens.
    #[arg(long)]
    csv: bool,
}

impl ReportCommand {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let company = desk.only_company(self.company.as_deref()).await?;
        let report = Report::named(&self.report).unwrap_or(Report::Invoices);
        let wanted = WantedReport { report, days: self.days(report), customer: self.customer, project: self.project };
        let words = Words(session.words.0);
        let mut after = String::new();
        let mut all = Vec::new();
        let mut text = if self.csv { csv::head(report, words) } else { String::new() };
        loop {
            let ask = Ask::Report { company: Some(company.clone()), wanted: wanted.clone(), after, limit: REPORT_ROWS_AT_A_TIME };
            let Chunk { rows, next } = match desk.ask(ask).await? {
                Answer::Report(chunk) => chunk,
                other => return Err(unexpected(&other)),
            };
            if self.csv {
                rows.iter().for_each(|row| csv::write(&mut text, row, words));
                session.print_as_it_is(&text)?;
                text.clear();
            } else {
                all.extend(rows);
            }
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
        match (self.csv, session.json) {
            (true, _) => {}
            (false, true) => session.print_json(&all.iter().map(|row| json(report, row)).collect::<Vec<_>>())?,
            (false, false) => show(session, report, &all, words)?,
        }
        desk.close().await;
        Ok(Exit::Fine)
    }

    /// The days that are asked for.
    fn days(&self, report: Report) -> Days {
        let today = calendar::today(jiff::Timestamp::now());
        let named = self.period.as_deref().and_then(Preset::named);
        if self.from.is_none() && self.to.is_none() && !report.is_of_a_day() {
            return named.unwrap_or_else(|| report.usual()).days(today);
        }
        let to = self.to.unwrap_or(today);
        Days { from: self.from.unwrap_or_else(|| to.first_of_month()), to }
    }
}

fn show(session: &Session, report: Report, rows: &[Row], words: Words) -> Result<(), Failure> {
    if rows.is_empty() {
        return session.print(&session.words.say("report.empty", &[]));
    }
    let columns = report.columns();
    let names: Vec<String> = columns.iter().map(|column| words.t(&format!("report.column.{}", column.key))).collect();
    let mut shown = table(&names);
    for row in rows {
        let cell = |(cell, column): (&Cell, &kvitt_domain::report::Column)| {
            let side = if column.is_number { CellAlignment::Right } else { CellAlignment::Left };
            Shown::new(text_of(cell, words)).set_alignment(side)
        };
        shown.add_row(row.cells.iter().zip(columns).map(cell).collect::<Vec<_>>());
    }
    session.print(&shown.to_string())
}

/// A row by the names of its columns: amounts as decimals, parts of a whole in percent.
fn json(report: Report, row: &Row) -> serde_json::Value {
    let value = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Name(_, text) | Cell::Number(text) => text.clone().into(),
        Cell::Day(day) => day.map(|day| day.to_string()).into(),
        Cell::Month(month) => format!("{:04}-{:02}", month.year(), month.month()).into(),
        Cell::Amount(amount) => amount.to_decimal().to_string().into(),
        Cell::Count(count) => (*count).into(),
        Cell::Share(part) => part.map(|part| format!("{}.{}", part / 10, part % 10)).into(),
        Cell::Empty => serde_json::Value::Null,
    };
    let named = report.columns().iter().zip(&row.cells).map(|(column, cell)| (column.key.to_owned(), value(cell)));
    serde_json::Value::Object(named.collect())
}
