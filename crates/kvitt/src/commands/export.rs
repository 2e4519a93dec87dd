//! `kvitt export`: vouchers for accounting systems, written as they are read.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use kvitt_domain::voucher::{Accounts, Voucher};
use kvitt_formats::saft::{Books, Heading, Writer};
use kvitt_formats::voucher_csv;
use kvitt_hub::desk::{Answer, Ask, VoucherPage, WantedVouchers};

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Failure, Outcome};

/// Vouchers of invoices, credit notes and the payments that were placed with them.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// SAF-T Financial 1.30, Skatteetaten's standard file.
    SafT(Span),
    /// A plain table (CSV), a line for each posting.
    Vouchers(Span),
}

/// Which vouchers, and where they go.
#[derive(Debug, Args)]
pub struct Span {
    /// The company, by organisation number; may be left out while there is only one.
    #[arg(long, value_name = "ORG")]
    company: Option<String>,
    /// The first day, such as 2026-01-01.
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    to: Date,
    /// The file to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The account of what customers owe.
    #[arg(long, value_name = "ACCOUNT", default_value = "1500")]
    receivable: String,
    /// The account of output VAT.
    #[arg(long, value_name = "ACCOUNT", default_value = "2700")]
    vat: String,
    /// The account where payments come in.
    #[arg(long, value_name = "ACCOUNT", default_value = "1920")]
    bank: String,
    /// The account of rounding.
    #[arg(long, value_name = "ACCOUNT", default_value = "7740")]
    rounding: String,
}

impl Export {
    pub async fn run(self, session: &Session) -> Outcome {
        let (span, is_saft) = match &self {
            Export::SafT(span) => (span, true),
            Export::Vouchers(span) => (span, false),
        };
        let desk = Desk::open_known(&session.place).await?;
        let told = span.write(session, &desk, is_saft).await;
        desk.close().await;
        told.map(|()| Exit::Fine)
    }
}

impl Span {
    async fn write(&self, session: &Session, desk: &Desk, is_saft: bool) -> Result<(), Failure> {
        let mut entries = 0_u64;
        let mut left_out: Vec<String> = Vec::new();
        let mut count = |voucher: &Voucher| entries += u64::from((self.from..=self.to).contains(&voucher.on));
        let first = self.page(desk, "").await?;
        left_out.extend(self.numbers(&first));
        if is_saft {
            let heading = self.heading(&first);
            let mut books = Books::default();
            let mut page = Some(first);
            while let Some(VoucherPage { vouchers, next, .. }) = page {
                vouchers.iter().for_each(|voucher| books.take(voucher, &heading));
                page = self.next(desk, next, &mut left_out).await?;
            }
            let mut writer = Writer::begin(self.open()?, heading, &books).map_err(|cause| self.trouble(cause))?;
            let mut page = Some(self.page(desk, "").await?);
            while let Some(VoucherPage { vouchers, next, .. }) = page {
                for voucher in &vouchers {
                    count(voucher);
                    writer.voucher(voucher).map_err(|cause| self.trouble(cause))?;
                }
                page = self.next(desk, next, &mut Vec::new()).await?;
            }
            writer.end().map_err(|cause| self.trouble(cause))?;
        } else {
            let mut to = self.open()?;
            voucher_csv::begin(&mut to).map_err(|cause| self.trouble(cause))?;
            let mut page = Some(first);
            while let Some(VoucherPage { vouchers, next, .. }) = page {
                for voucher in vouchers.iter().filter(|voucher| (self.from..=self.to).contains(&voucher.on)) {
                    count(voucher);
                    voucher_csv::voucher(&mut to, voucher).map_err(|cause| self.trouble(cause))?;
                }
                page = self.next(desk, next, &mut left_out).await?;
            }
            to.flush().map_err(|cause| self.trouble(cause))?;
        }
        self.tell(session, entries, &left_out)
    }

    /// Says what was written, where standard output is free for it.
    fn tell(&self, session: &Session, entries: u64, left_out: &[String]) -> Result<(), Failure> {
        let Some(file) = &self.out else { return Ok(()) };
        if session.json {
            return session.print_json(&serde_json::json!({ "entries": entries, "file": file, "left_out": left_out }));
        }
        let (from, to) = (self.from.to_string(), self.to.to_string());
        let values = [("entries", entries.to_string()), ("from", from), ("to", to), ("file", file.display().to_string())];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        session.print(&session.words.say("export.written", &values))?;
        if !left_out.is_empty() {
            session.print(&session.words.say("export.left_out", &[("invoices", &left_out.join(", "))]))?;
        }
        Ok(())
    }

    async fn page(&self, desk: &Desk, after: &str) -> Result<VoucherPage, Failure> {
        let Span { receivable, vat, bank, rounding, .. } = self;
        let accounts =
            Accounts { receivable: receivable.clone(), vat: vat.clone(), bank: bank.clone(), rounding: rounding.clone() };
        let wanted = WantedVouchers { to: self.to, accounts, after: after.to_owned() };
        match desk.ask(Ask::Vouchers { company: self.company.clone(), wanted }).await? {
            Answer::Vouchers(page) => Ok(*page),
            other => Err(unexpected(&other)),
        }
    }

    async fn next(&self, desk: &Desk, next: Option<String>, left_out: &mut Vec<String>) -> Result<Option<VoucherPage>, Failure> {
        let Some(next) = next else { return Ok(None) };
        let page = self.page(desk, &next).await?;
        left_out.extend(self.numbers(&page));
        Ok(Some(page))
    }

    /// The invoices of a page that are left out and would be in the file.
    fn numbers(&self, page: &VoucherPage) -> Vec<String> {
        let within = page.left_out.iter().filter(|(on, _)| (self.from..=self.to).contains(on));
        within.map(|(_, number)| number.clone()).collect()
    }

    fn heading(&self, page: &VoucherPage) -> Heading {
        Heading {
            org_number: page.org_number.clone(),
            name: page.name.clone(),
            settings: page.settings.clone(),
            from: self.from,
            to: self.to,
            made_on: page.today,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    fn open(&self) -> Result<Box<dyn Write>, Failure> {
        match &self.out {
            Some(file) => Ok(Box::new(BufWriter::new(File::create(file).map_err(|cause| self.trouble(cause))?))),
            None => Ok(Box::new(BufWriter::new(io::stdout()))),
        }
    }

    fn trouble(&self, cause: io::Error) -> Failure {
        Failure::io(self.out.as_ref().map_or_else(|| "writing".to_owned(), |file| file.display().to_string()), cause)
    }
}
