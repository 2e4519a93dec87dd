//! `kvitt explain`: the story of one invoice, from what is stored.

use clap::Args;

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Outcome};
use crate::show::story;

/// Tells where an invoice stands, every route that was considered and why, what was said to whom and what they answered, and
/// what a person can do now.
#[derive(Debug, Args)]
pub struct Explain {
    /// The invoice's number or id.
    #[arg(value_name = "INVOICE")]
    invoice: String,
    /// The company, by organisation number; may be left out while there is only one, or only one has such an invoice.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
}

impl Explain {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let company = desk.company_of(self.company.as_deref(), &self.invoice).await?;
        let told = desk.story(company.as_deref(), &self.invoice).await?;
        match session.json {
            true => session.print_json(&told)?,
            false => session.print(&story::text(&told, session.words))?,
        }
        desk.close().await;
        Ok(Exit::Fine)
    }
}
