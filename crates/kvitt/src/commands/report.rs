//! `kvitt report`: the figures behind the invoices.

use clap::Args;
use clap::builder::PossibleValuesParser;
use comfy_table::{Cell as Shown, CellAlignment};
use jiff::civil::Date;
use kvitt_domain::report::{Asked, Cell, Preset, Report, Row};
use kvitt_hub::desk::{Answer, Ask, Chunk, REPORT_ROWS_AT_A_TIME};
use kvitt_hub::web::reports::{csv, json, text_of};
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
        let mut days = Asked { preset: self.period.as_deref().and_then(Preset::named), from: self.from, to: self.to };
        let words = Words(session.words.0);
        let mut after = String::new();
        let mut all = Vec::new();
        let mut text = if self.csv { csv::head(report, words) } else { String::new() };
        loop {
            let ask = Ask::Report {
                company: Some(company.clone()),
                report,
                days,
                customer: self.customer.clone(),
                project: self.project.clone(),
                after,
                limit: REPORT_ROWS_AT_A_TIME,
            };
            let Chunk { rows, next } = match desk.ask(ask).await? {
                Answer::Report { days: found, chunk } => {
                    // The next rows are of the same days, also where midnight comes in between.
                    days = Asked { preset: None, from: Some(found.from), to: Some(found.to) };
                    chunk
                }
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
