//! `kvitt payments`: bank files are taken in, payments listed and placed, and the money of invoices settled.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comfy_table::{Cell, CellAlignment};
use kvitt_domain::money::{Amount, Currency};
use kvitt_hub::desk::{
    AccountReport, Answer, Ask, Case, Covers, Decision, Imported, MoneyAsk, PaymentShown, Settling, StoredFile, WantedPayments,
};

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Failure, Outcome};
use crate::show::table::table;
use crate::words::Words;

/// Payments and cases that one question asks for.
const PAGE: u32 = 200;
/// Characters of a payment's id that are shown: enough to name it by.
const SHOWN: usize = 13;

/// Payments come in bank files, and are placed with invoices by bank account and KID.
#[derive(Debug, Subcommand)]
pub enum Payments {
    /// Take bank files in: OCR giro, camt.054, camt.053. The same file again changes nothing.
    Import {
        /// The files.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Their records of mandates are all that there are of each account: mandates that they do not name are withdrawn.
        #[arg(long)]
        all_mandates: bool,
    },
    /// List payments, or the invoices whose money needs a person.
    List(List),
    /// List the bank files that came.
    Files,
    /// Place a parked payment with an invoice.
    Match {
        /// The payment's id, or the beginning of it.
        payment: String,
        /// The invoice's number or id.
        invoice: String,
        #[command(flatten)]
        who: Who,
    },
    /// Take a payment away from the invoice that it was placed with; it is parked again.
    Unmatch {
        /// The payment's id, or the beginning of it.
        payment: String,
        #[command(flatten)]
        who: Who,
    },
    /// Say that a parked payment is no invoice's.
    Dismiss {
        /// The payment's id, or the beginning of it.
        payment: String,
        #[command(flatten)]
        who: Who,
    },
    /// Call the money of an invoice quits, take that back, or let it be claimed again.
    Settle {
        /// The invoice's number or id.
        invoice: String,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        who: Who,
    },
}

/// Which payments to list.
#[derive(Debug, Args)]
pub struct List {
    /// Only this company, by organisation number.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
    /// Only payments in this state.
    #[arg(long, value_name = "STATE", value_parser = clap::builder::PossibleValuesParser::new(kvitt_hub::store::payment::State::NAMES))]
    state: Option<String>,
    /// What needs a person: parked payments with suggestions, and invoices whose money went another way than in once, each with
    /// what could be done. Nothing of it is done by itself.
    #[arg(long, conflicts_with = "state")]
    needs_a_person: bool,
    /// With --needs-a-person also the invoices that are settled since.
    #[arg(long, requires = "needs_a_person")]
    settled_too: bool,
}

/// Who decides, and for whom.
#[derive(Debug, Args)]
pub struct Who {
    /// Who says so; it is written into the record.
    #[arg(long, value_name = "NAME", required = true)]
    by: String,
    /// The company, by organisation number; may be left out while there is only one.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
}

/// What is decided about the money of an invoice.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct How {
    /// It is quits, whatever the sums say.
    #[arg(long)]
    close: bool,
    /// It is not, after all.
    #[arg(long)]
    open: bool,
    /// It may be claimed again, after a direct debit that did not happen.
    #[arg(long)]
    release: bool,
}

impl Payments {
    pub async fn run(self, session: &Session) -> Outcome {
        match self {
            Payments::Import { files, all_mandates } => {
                import(session, files, if all_mandates { Covers::All } else { Covers::Some }).await
            }
            Payments::List(wanted) => list(session, wanted).await,
            Payments::Files => show_files(session).await,
            Payments::Match { payment, invoice, who } => {
                let done = session.words.say("payments.matched", &[("payment", &payment), ("invoice", &invoice)]);
                decide(session, payment, Decision::Match { invoice }, who, &done).await
            }
            Payments::Unmatch { payment, who } => {
                let done = session.words.say("payments.unmatched", &[("payment", &payment)]);
                decide(session, payment, Decision::Unmatch, who, &done).await
            }
            Payments::Dismiss { payment, who } => {
                let done = session.words.say("payments.dismissed", &[("payment", &payment)]);
                decide(session, payment, Decision::Dismiss, who, &done).await
            }
            Payments::Settle { invoice, how, who } => {
                let (settling, key) = match (how.close, how.open) {
                    (true, _) => (Settling::Close, "payments.closed"),
                    (false, true) => (Settling::Open, "payments.opened"),
                    (false, false) => (Settling::Release, "payments.released"),
                };
                let done = session.words.name("cli", key).replace("{invoice}", &invoice);
                let ask = MoneyAsk::SettleMoney { company: who.company, invoice, settling, by: who.by };
                change(session, ask, &done).await
            }
        }
    }
}

async fn decide(session: &Session, payment: String, decision: Decision, who: Who, done: &str) -> Outcome {
    change(session, MoneyAsk::DecidePayment { company: who.company, payment, decision, by: who.by }, done).await
}

async fn change(session: &Session, ask: MoneyAsk, done: &str) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    desk.tell(Ask::Money(ask)).await?;
    match session.json {
        true => session.print_json(&serde_json::json!({ "done": true }))?,
        false => session.print(done)?,
    }
    desk.close().await;
    Ok(Exit::Fine)
}

/// Each file is taken in or refused as a whole; one that is refused keeps no other from being taken in.
async fn import(session: &Session, files: Vec<PathBuf>, covers: Covers) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    let (mut imported, mut refused) = (Vec::new(), Vec::new());
    for file in files {
        let path = std::path::absolute(&file).map_err(|cause| Failure::io(file.display().to_string(), cause))?;
        match desk.ask(Ask::Money(MoneyAsk::ImportBankFile { path, covers })).await {
            Ok(Answer::Imported(done)) => {
                if !session.json {
                    session.print(&import_text(&done, session.words))?;
                }
                imported.push(*done);
            }
            Ok(other) => return Err(unexpected(&other)),
            Err(Failure::Refused(faults)) => {
                if !session.json {
                    session.print(&session.words.say("payments.file_refused", &[("file", &file.display().to_string())]))?;
                    for fault in &faults {
                        session.print(&format!("  {} [{}]", fault.sentence(session.words.0), fault.code))?;
                    }
                }
                refused.push(serde_json::json!({ "file": file, "faults": faults }));
            }
            Err(failure) => return Err(failure),
        }
    }
    let exit = if refused.is_empty() { Exit::Fine } else { Exit::Refused };
    if session.json {
        session.print_json(&serde_json::json!({ "imported": imported, "refused": refused }))?;
    }
    desk.close().await;
    Ok(exit)
}

fn import_text(imported: &Imported, words: Words) -> String {
    let key = if imported.again { "payments.file_again" } else { "payments.file_read" };
    let mut text = words.name("cli", key).replace("{file}", &imported.name);
    let columns = ["account", "company", "count", "amount", "matched", "parked", "no_concern", "told_twice", "known", "mandates"];
    let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
    for AccountReport { account, company, payments, net, placed, mandates } in &imported.report.accounts {
        let mut row = vec![
            Cell::new(account),
            Cell::new(company.clone().unwrap_or_else(|| words.say("payments.nobody", &[]))),
            number(*payments),
            Cell::new(net.iter().map(|(code, minor)| amount(*minor, code, words)).collect::<Vec<_>>().join("\n"))
                .set_alignment(CellAlignment::Right),
        ];
        row.extend(
            [placed.matched, placed.parked, placed.no_concern, placed.told_twice, placed.known, mandates.records].map(number),
        );
        shown.add_row(row);
    }
    if !shown.is_empty() {
        text.push_str(&format!("\n{shown}"));
    }
    for remark in &imported.report.remarks {
        text.push_str(&format!("\n  ! {} [{}]", remark.sentence(words.0), remark.code));
    }
    text
}

fn number(count: u64) -> Cell {
    Cell::new(count).set_alignment(CellAlignment::Right)
}

fn amount(minor: i64, code: &str, words: Words) -> String {
    Currency::parse(code).map_or_else(|| format!("{minor} {code}"), |currency| words.amount(Amount::new(minor, currency)))
}

async fn list(session: &Session, wanted: List) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    let words = session.words;
    let state = if wanted.needs_a_person { Some("parked".to_owned()) } else { wanted.state.clone() };
    let of = WantedPayments { state, suggestions: wanted.needs_a_person };
    let (mut payments, mut cases) = (Vec::new(), Vec::new());
    for company in desk.companies_named(wanted.company.as_deref()).await? {
        payments.extend(all_payments(&desk, &company, &of).await?.into_iter().map(|payment| (company.clone(), payment)));
        if wanted.needs_a_person {
            let found = all_cases(&desk, &company, wanted.settled_too).await?;
            cases.extend(found.into_iter().map(|case| (company.clone(), case)));
        }
    }
    let waits = wanted.needs_a_person && (!payments.is_empty() || cases.iter().any(|(_, case)| needs(case)));
    match session.json {
        true => session.print_json(&serde_json::json!({
            "payments": payments.iter().map(|(company, of)| named(company, of)).collect::<Vec<_>>(),
            "cases": cases.iter().map(|(company, of)| named(company, of)).collect::<Vec<_>>(),
        }))?,
        false if payments.is_empty() && cases.is_empty() => session.print(&words.say("payments.none", &[]))?,
        false => {
            if !payments.is_empty() {
                session.print(&payments_table(&payments, words))?;
            }
            if !cases.is_empty() {
                session.print(&cases_table(&cases, words))?;
            }
        }
    }
    desk.close().await;
    Ok(if waits { Exit::NeedsPerson } else { Exit::Fine })
}

/// Whether a case is not settled.
fn needs(case: &Case) -> bool {
    case.money.proposal != kvitt_domain::collection::Proposal::Nothing
}

/// With the company that it is of.
fn named(company: &str, of: &impl serde::Serialize) -> serde_json::Value {
    let mut value = serde_json::to_value(of).unwrap_or_default();
    value["company"] = company.into();
    value
}

/// Every payment of a company that is wanted.
pub async fn all_payments(desk: &Desk, company: &str, wanted: &WantedPayments) -> Result<Vec<PaymentShown>, Failure> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let ask = MoneyAsk::Payments { company: Some(company.to_owned()), wanted: wanted.clone(), after, limit: PAGE };
        match desk.ask(Ask::Money(ask)).await? {
            Answer::Payments { payments, next } => {
                all.extend(payments);
                match next {
                    Some(next) => after = Some(next),
                    None => return Ok(all),
                }
            }
            other => return Err(unexpected(&other)),
        }
    }
}

async fn all_cases(desk: &Desk, company: &str, settled_too: bool) -> Result<Vec<Case>, Failure> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let ask = MoneyAsk::MoneyCases { company: Some(company.to_owned()), settled_too, after, limit: PAGE };
        match desk.ask(Ask::Money(ask)).await? {
            Answer::MoneyCases { cases, next } => {
                all.extend(cases);
                match next {
                    Some(next) => after = next,
                    None => return Ok(all),
                }
            }
            other => return Err(unexpected(&other)),
        }
    }
}

/// Payments, each with the company that it is of: what became of it, or why it is parked and what might be chosen.
pub fn payments_table(payments: &[(String, PaymentShown)], words: Words) -> String {
    let columns = ["payment", "company", "booked", "amount", "kid", "payer", "state", "why"];
    let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
    for (company, of) in payments {
        let payer = of.payment.payer_name.clone().or_else(|| of.payment.payer_account.clone());
        shown.add_row(vec![
            Cell::new(of.id.get(..SHOWN).unwrap_or(&of.id)),
            Cell::new(company),
            Cell::new(of.payment.booked_on),
            Cell::new(words.amount(of.payment.net())).set_alignment(CellAlignment::Right),
            Cell::new(of.payment.kid.as_deref().unwrap_or("–")),
            Cell::new(payer.as_deref().unwrap_or("–")),
            Cell::new(words.name("payment_state", &of.state)),
            Cell::new(why(of, words)),
        ]);
    }
    shown.to_string()
}

/// The invoice and how the payment fitted, or why it is parked and what might be chosen.
fn why(of: &PaymentShown, words: Words) -> String {
    if let (Some(invoice), Some(fit)) = (&of.invoice, &of.fit) {
        return format!("{invoice}, {}", words.name("fit", fit));
    }
    let mut lines: Vec<String> = of.why.iter().map(|why| why.sentence(words.0)).collect();
    for suggestion in &of.suggestions {
        let hints: Vec<String> = suggestion.hints.iter().map(|hint| words.name("hint", hint.name())).collect();
        lines.push(format!("→ {} ({}; {})", suggestion.number, words.amount(suggestion.left), hints.join(", ")));
    }
    lines.join("\n")
}

fn cases_table(cases: &[(String, Case)], words: Words) -> String {
    let columns = ["invoice", "company", "state", "amount", "left", "proposal"];
    let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
    for (company, case) in cases {
        shown.add_row(vec![
            Cell::new(&case.number),
            Cell::new(company),
            Cell::new(words.name("collection", case.money.standing.name())),
            Cell::new(words.amount(case.money.payable)).set_alignment(CellAlignment::Right),
            Cell::new(words.amount(case.money.left)).set_alignment(CellAlignment::Right),
            Cell::new(crate::show::money::proposal(&case.money, words)),
        ]);
    }
    shown.to_string()
}

async fn show_files(session: &Session) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    let files = match desk.ask(Ask::Money(MoneyAsk::BankFiles)).await? {
        Answer::BankFiles { files } => files,
        other => return Err(unexpected(&other)),
    };
    let words = session.words;
    match session.json {
        true => session.print_json(&files)?,
        false if files.is_empty() => session.print(&words.say("payments.no_files", &[]))?,
        false => {
            let columns = ["file", "format", "received", "bytes", "read", "ownerless"];
            let mut shown = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
            for StoredFile { name, format, bytes, is_read, ownerless, received_at, .. } in &files {
                shown.add_row(vec![
                    Cell::new(name),
                    Cell::new(format),
                    Cell::new(words.time_ms(*received_at)),
                    Cell::new(bytes).set_alignment(CellAlignment::Right),
                    Cell::new(if *is_read { "✓" } else { "…" }),
                    Cell::new(ownerless).set_alignment(CellAlignment::Right),
                ]);
            }
            session.print(&shown.to_string())?;
        }
    }
    desk.close().await;
    Ok(Exit::Fine)
}
