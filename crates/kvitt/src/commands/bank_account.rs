//! `kvitt company bank-account`: which company has which bank account, how its KIDs are made, and new ones.

use clap::{Subcommand, ValueEnum};
use comfy_table::Cell;
use kvitt_domain::identifiers::{KidParts, KidStructure, Modulus};
use kvitt_hub::desk::{Answer, Ask, BankAccountSettings, Counts, KidRule, MoneyAsk};

use crate::cli::Session;
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
        /// How a KID is made, up to three times: its length with the check digit, and positions counted from 1, such as
        /// length=16,customer=1-7,invoice=8-15; kind=8-8:2 for digits that tell kinds of claims apart, mod11 for that check digit.
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
                let kids: Vec<String> = account.settings.kid_structures.iter().map(written).collect();
                shown.add_row(vec![Cell::new(&account.account), Cell::new(kids.join("\n"))]);
            }
            session.print(&shown.to_string())?;
        }
    }
    desk.close().await;
    Ok(Exit::Fine)
}

/// A structure as it is typed: `length=16,customer=1-7,invoice=8-15,mod11`. Positions count from 1 and end with the last one, as
/// agreements with banks say them.
fn structure(text: &str) -> Result<KidStructure, String> {
    let (mut length, mut customer, mut invoice, mut kind, mut modulus) = (None, None, None, None, Modulus::Mod10);
    for part in text.split(',').map(str::trim) {
        match part.split_once('=') {
            Some(("length", digits)) => length = Some(digits.parse().map_err(|_| format!("{digits} is no length"))?),
            Some(("customer", range)) => customer = Some(positions(range)?),
            Some(("invoice", range)) => invoice = Some(positions(range)?),
            Some(("kind", given)) => {
                let (range, digits) = given.split_once(':').ok_or("kind is positions and digits, such as 8-8:2")?;
                kind = Some((positions(range)?, digits.to_owned()));
            }
            None if part.eq_ignore_ascii_case("mod10") => modulus = Modulus::Mod10,
            None if part.eq_ignore_ascii_case("mod11") => modulus = Modulus::Mod11,
            _ => return Err(format!("{part} is not length=, customer=, invoice=, kind=, mod10 or mod11")),
        }
    }
    let missing = |name: &str| format!("{name} is missing");
    let parts = KidParts {
        length: length.ok_or_else(|| missing("length="))?,
        customer: customer.ok_or_else(|| missing("customer="))?,
        kind,
        invoice: invoice.ok_or_else(|| missing("invoice="))?,
        modulus,
    };
    KidStructure::new(parts).map_err(|cause| cause.to_string())
}

/// `1-7` is the first seven positions.
fn positions(text: &str) -> Result<std::ops::Range<usize>, String> {
    let wrong = || format!("{text} are no positions, such as 1-7");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to): (usize, usize) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    if from == 0 || to < from { Err(wrong()) } else { Ok(from - 1..to) }
}

/// A structure as it is typed.
fn written(structure: &KidStructure) -> String {
    let parts = structure.parts();
    let range = |range: &std::ops::Range<usize>| format!("{}-{}", range.start + 1, range.end);
    let kind = parts.kind.as_ref().map(|(at, digits)| format!(",kind={}:{digits}", range(at))).unwrap_or_default();
    let modulus = match parts.modulus {
        Modulus::Mod10 => "mod10",
        Modulus::Mod11 => "mod11",
    };
    format!("length={},customer={}{kind},invoice={},{modulus}", parts.length, range(&parts.customer), range(&parts.invoice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_written_as_they_are_typed() {
        for text in ["length=16,customer=1-7,invoice=8-15,mod10", "length=20,customer=1-8,kind=9-9:7,invoice=10-19,mod11"] {
            assert_eq!(written(&structure(text).unwrap()), text);
        }
        assert_eq!(structure("length=9,customer=1-4,invoice=5-8").unwrap().parts().modulus, Modulus::Mod10);
        for wrong in [
            "",
            "length=16",
            "length=16,customer=0-7,invoice=8-15",
            "length=16,customer=7-1,invoice=8-15",
            "length=16,customer=1-8,invoice=8-15",
            "length=16,customer=1-7,invoice=8-16",
            "length=x,customer=1-7,invoice=8-15",
            "length=16,customer=1-7,invoice=8-15,kind=3",
            "length=16,customer=1-7,invoice=8-15,mod12",
        ] {
            assert!(structure(wrong).is_err(), "{wrong}");
        }
    }
}
