//! `kvitt company bank-account`: which company has which bank account, how its KIDs are made, and new ones.

use clap::{Subcommand, ValueEnum};
use comfy_table::Cell;
use kvitt_domain::identifiers::KidStructure;
use kvitt_hub::desk::{Answer, Ask, BankAccountSettings, Counts, KidRule, MoneyAsk};

use crate::cli::Session;
use crate::commands::kid::structure;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Outcome};
use crate::show::table::table;

/// A bank account belongs to one company here: payments name nothing else.
#[derive(Debug, Subcommand)]
pub enum BankAccount {
    /// Set a bank account up, or change all that was agreed about it.
    Set {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
        /// The account: eleven digits, or an IBAN.
        account: String,
        /// How a KID is made, up to three times: its length and where the customer stands, such as 20:1-7 or
        /// 20:1-8,type=9-9=7,invoice=10-19,mod11. New ones are made by the first.
        #[arg(long = "kid", value_name = "STRUCTURE", value_parser = structure)]
        kids: Vec<KidStructure>,
        /// Refuse invoices whose KID is not as agreed, or stands on another invoice. Else their sender is warned.
        #[arg(long)]
        refuse: bool,
        /// Whose files count, where two rails tell of the account.
        #[arg(long, value_enum, default_value_t = Rail::All)]
        counts: Rail,
    },
    /// List a company's bank accounts.
    List {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
    },
    /// Forget a bank account. What was paid to it stays with its invoices.
    Remove {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
        /// The account.
        account: String,
    },
    /// Make a KID that was never made before, after the account's first structure.
    Kid {
        /// The company's organisation number.
        #[arg(value_name = "ORG")]
        company: String,
        /// The account.
        account: String,
        /// The number of the customer.
        #[arg(long)]
        customer: u64,
        /// The number of the invoice; the account's own count gives the next where it is left out.
        #[arg(long)]
        invoice: Option<u64>,
    },
}

/// The rails, as they are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Rail {
    /// Both; what both tell of, with the same KID, amount and day, counts once.
    All,
    /// OCR giro alone.
    Ocr,
    /// camt.053 and camt.054 alone.
    Camt,
}

impl BankAccount {
    pub async fn run(self, session: &Session) -> Outcome {
        let words = session.words;
        match self {
            BankAccount::Set { company, account, kids, refuse, counts } => {
                let settings = BankAccountSettings {
                    kid_structures: kids,
                    kid_rule: if refuse { KidRule::Refuse } else { KidRule::Warn },
                    counts: match counts {
                        Rail::All => Counts::All,
                        Rail::Ocr => Counts::Ocr,
                        Rail::Camt => Counts::Camt,
                    },
                };
                let done = words.say("bank_account.set", &[("account", &account), ("company", &company)]);
                change(session, MoneyAsk::SetBankAccount { company, account, settings }, &done).await
            }
            BankAccount::Remove { company, account } => {
                let done = words.say("bank_account.removed", &[("account", &account), ("company", &company)]);
                change(session, MoneyAsk::RemoveBankAccount { company, account }, &done).await
            }
            BankAccount::List { company } => list(session, company).await,
            BankAccount::Kid { company, account, customer, invoice } => {
                let desk = Desk::open_known(&session.place).await?;
                match desk.ask(Ask::Money(MoneyAsk::MakeKid { company, account, customer, invoice })).await? {
                    Answer::Kid { kid, invoice } if session.json => {
                        session.print_json(&serde_json::json!({ "kid": kid, "customer": customer, "invoice": invoice }))?;
                    }
                    Answer::Kid { kid, .. } => session.print(&kid)?,
                    other => return Err(unexpected(&other)),
                }
                desk.close().await;
                Ok(Exit::Fine)
            }
        }
    }
}

async fn change(session: &Session, ask: MoneyAsk, done: &str) -> Outcome {
    let desk = Desk::open(&session.place).await?;
    desk.tell(Ask::Money(ask)).await?;
    match session.json {
        true => session.print_json(&serde_json::json!({ "done": true }))?,
        false => session.print(done)?,
    }
    desk.close().await;
    Ok(Exit::Fine)
}

async fn list(session: &Session, company: String) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    let accounts = match desk.ask(Ask::Money(MoneyAsk::BankAccounts { company })).await? {
        Answer::BankAccounts { accounts } => accounts,
        other => return Err(unexpected(&other)),
    };
    let words = session.words;
    match session.json {
        true => session.print_json(&accounts)?,
        false if accounts.is_empty() => session.print(&words.say("bank_account.none", &[]))?,
        false => {
            let mut shown = table(&["account", "kid"].map(|name| words.name("cli", &format!("column.{name}"))));
            for account in &accounts {
                let kids: Vec<String> = account.settings.kid_structures.iter().map(ToString::to_string).collect();
                shown.add_row(vec![Cell::new(&account.account), Cell::new(kids.join("\n"))]);
            }
            session.print(&shown.to_string())?;
        }
    }
    desk.close().await;
    Ok(Exit::Fine)
}
