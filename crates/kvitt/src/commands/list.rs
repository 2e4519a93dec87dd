//! `kvitt list`: invoices and where they stand.

use clap::Args;
use comfy_table::{Cell, CellAlignment};
use kvitt_domain::money::{Amount, Currency};

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Outcome};
use crate::show::table::table;

/// Lists invoices in the order in which they were accepted.
#[derive(Debug, Args)]
pub struct List {
    /// Only this company, by organisation number.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
    /// Only invoices whose delivery is in this state, such as in_doubt or parked.
    #[arg(long, value_name = "STATE", value_parser = clap::builder::PossibleValuesParser::new(kvitt_domain::delivery::State::NAMES))]
    state: Option<String>,
}

impl List {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let words = session.words;
        let mut json = Vec::new();
        let mut shown = table(
            &["company", "invoice", "recipient", "amount", "due", "state"]
                .map(|name| words.name("cli", &format!("column.{name}"))),
        );
        for company in desk.companies_named(self.company.as_deref()).await? {
            for invoice in desk.invoices(&company).await? {
                if self.state.as_ref().is_some_and(|state| *state != invoice.state) {
                    continue;
                }
                if session.json {
                    let mut value =
                        serde_json::to_value(&invoice).map_err(|cause| crate::exit::Failure::io("writing JSON", cause.into()))?;
                    value["company"] = company.clone().into();
                    json.push(value);
                    continue;
                }
                let amount =
                    Currency::parse(&invoice.currency).map(|currency| words.amount(Amount::new(invoice.payable_minor, currency)));
                shown.add_row(vec![
                    Cell::new(&company),
                    Cell::new(&invoice.number),
                    Cell::new(&invoice.buyer_name),
                    Cell::new(amount.unwrap_or_default()).set_alignment(CellAlignment::Right),
                    Cell::new(invoice.due_on.as_deref().unwrap_or("–")),
                    Cell::new(words.name("state", &invoice.state)),
                ]);
            }
        }
        match session.json {
            true => session.print_json(&json)?,
            false if shown.is_empty() => session.print(&words.say("list.empty", &[]))?,
            false => session.print(&shown.to_string())?,
        }
        desk.close().await;
        Ok(Exit::Fine)
    }
}
