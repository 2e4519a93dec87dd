//! `kvitt mandates`: who has given a standing permission for direct debit.

use clap::Subcommand;
use comfy_table::Cell;
use kvitt_domain::mandate::Mandate;
use kvitt_hub::desk::{Answer, Ask, MandateAsk, StoredChange};

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Failure, Outcome};
use crate::show::table::table;

/// Mandates are given by payers in their bank. They come with the bank's files, and by asking the rail.
#[derive(Debug, Subcommand)]
pub enum Mandates {
    /// List all mandates.
    List {
        /// The company's organisation number; may be left out while there is only one company.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// Find mandates by a KID (of the mandate, or of any invoice of the customer), a customer number, or the payer's account.
    Find {
        /// What to look for.
        text: String,
        /// The company's organisation number; may be left out while there is only one company.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// Show everything that a mandate was.
    History {
        /// The mandate's KID.
        kid: String,
        /// The bank account that it is for.
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// The company's organisation number; may be left out while there is only one company.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// Show the address at which a customer can give a mandate, to send to them.
    Link {
        /// A KID of the customer.
        kid: String,
        /// The bank account that it is for.
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// The company's organisation number; may be left out while there is only one company.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// Ask the rail now whether a customer has given a mandate.
    LookUp {
        /// Any KID of the customer.
        kid: String,
        /// The bank account that it is for.
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// The company's organisation number; may be left out while there is only one company.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
}

impl Mandates {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let found = match self {
            Mandates::List { company } => show(session, &all(&desk, company).await?)?,
            Mandates::Find { text, company } => show(session, &ask(&desk, company, MandateAsk::Find { text }).await?.0)?,
            Mandates::LookUp { kid, account, company } => {
                show(session, &ask(&desk, company, MandateAsk::LookUp { account, kid }).await?.0)?
            }
            Mandates::Link { kid, account, company } => {
                match desk.ask(Ask::Mandates { company, what: MandateAsk::Link { account, kid } }).await? {
                    Answer::MandateLink { address } if session.json => {
                        session.print_json(&serde_json::json!({ "address": address }))?;
                    }
                    Answer::MandateLink { address } => session.print(&address)?,
                    other => return Err(unexpected(&other)),
                }
                true
            }
            Mandates::History { kid, account, company } => {
                match desk.ask(Ask::Mandates { company, what: MandateAsk::History { account, kid } }).await? {
                    Answer::MandateHistory { changes } => show_history(session, &changes)?,
                    other => return Err(unexpected(&other)),
                }
                true
            }
        };
        desk.close().await;
        Ok(if found { Exit::Fine } else { Exit::Refused })
    }
}

type Page = (Vec<Mandate>, Option<(String, String)>);

async fn ask(desk: &Desk, company: Option<String>, ask: MandateAsk) -> Result<Page, Failure> {
    match desk.ask(Ask::Mandates { company, what: ask }).await? {
        Answer::Mandates { mandates, next } => Ok((mandates, next)),
        other => Err(unexpected(&other)),
    }
}

async fn all(desk: &Desk, company: Option<String>) -> Result<Vec<Mandate>, Failure> {
    let (mut all, mut after) = (Vec::new(), (String::new(), String::new()));
    loop {
        let (mut page, next) = ask(desk, company.clone(), MandateAsk::List { after }).await?;
        all.append(&mut page);
        match next {
            Some(next) => after = next,
            None => return Ok(all),
        }
    }
}

/// Shows mandates, and answers whether there were any.
fn show(session: &Session, mandates: &[Mandate]) -> Result<bool, Failure> {
    let words = session.words;
    if session.json {
        session.print_json(&mandates)?;
    } else if mandates.is_empty() {
        session.print(&words.say("mandates.none", &[]))?;
    } else {
        let columns = ["kid", "account", "state", "customer", "payment_type", "payer_account", "notice", "since"];
        let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
        for mandate in mandates {
            let reading = mandate.reading.as_ref();
            let notice = if mandate.wants_notice { "mandates.wants_notice" } else { "mandates.wants_no_notice" };
            shown.add_row(vec![
                Cell::new(&mandate.kid),
                Cell::new(&mandate.bank_account),
                Cell::new(words.name("mandate_status", mandate.status.name())),
                Cell::new(reading.map_or("–", |reading| reading.customer.as_str())),
                Cell::new(reading.and_then(|reading| reading.payment_type.as_deref()).unwrap_or("–")),
                Cell::new(mandate.payer_account.as_deref().unwrap_or("–")),
                Cell::new(words.name("cli", notice)),
                Cell::new(words.time(mandate.updated_at)),
            ]);
        }
        session.print(&shown.to_string())?;
    }
    Ok(!mandates.is_empty())
}

fn show_history(session: &Session, changes: &[StoredChange]) -> Result<(), Failure> {
    let words = session.words;
    if session.json {
        return session.print_json(&changes);
    }
    let mut shown = table(&["since", "state", "notice", "why"].map(|name| words.name("cli", &format!("column.{name}"))));
    for stored in changes {
        let mandate = &stored.change.mandate;
        let notice = if mandate.wants_notice { "mandates.wants_notice" } else { "mandates.wants_no_notice" };
        shown.add_row(vec![
            Cell::new(words.time_ms(stored.at)),
            Cell::new(words.name("mandate_status", mandate.status.name())),
            Cell::new(words.name("cli", notice)),
            Cell::new(words.name("cli", &format!("mandates.from.{}", stored.change.source.name()))),
        ]);
    }
    session.print(&shown.to_string())
}
