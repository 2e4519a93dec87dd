//! SAF-T Financial 1.30, Norway: vouchers as Skatteetaten's standard file, written as they come.
//!
//! What stands in front (accounts and customers with their balances, sums) must be known before the first voucher is written, so they
//! are read twice: [`Books::take`] adds each up, then [`Writer`] writes each. Memory grows with customers and accounts, never with vouchers.
//! Source: Skatteetaten, SAF-T Financial data, version 1.30, and its schema.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::civil::Date;
use kvitt_domain::invoice::Address;
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::vat;
use kvitt_domain::voucher::{Debtor, Posting, Side, Voucher, VoucherKind};
use quick_xml::escape::escape;
use rust_decimal::Decimal;

/// The namespace of every element.
const NAMESPACE: &str = "urn:StandardAuditFile-Taxation-Financial:NO";

/// The version that is written; mandatory for periods from 2025 on.
const VERSION: &str = "1.30";

/// The longest texts of the schema, in characters.
const SHORT: usize = 18;
const MIDDLE: usize = 35;
const LONG: usize = 70;
const LONGEST: usize = 256;

/// Whose books they are, and which part of them is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// Nine digits.
    pub org_number: String,
    /// The company's name.
    pub name: String,
    /// Who it is to its customers: address, contact, VAT registration; and the names of its accounts.
    pub settings: InvoicingSettings,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// On which day the file is made.
    pub made_on: Date,
    /// The version of the program that makes it.
    pub version: String,
}

/// What an account or a customer stood at before the first day, and after the last one: øre, debit above nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Balance {
    opening: i64,
    closing: i64,
}

/// Everything that stands in front of the vouchers.
#[derive(Debug, Clone, Default)]
pub struct Books {
    accounts: BTreeMap<String, Balance>,
    names: BTreeMap<String, Side>,
    customers: BTreeMap<String, (Debtor, BTreeMap<String, Balance>)>,
    projects: BTreeMap<String, ()>,
    codes: BTreeMap<(String, Decimal), ()>,
    entries: u64,
    debit: i64,
    credit: i64,
}

impl Books {
    /// Adds a voucher up. One from before the first day moves opening balances; one from after the last day is passed over.
    pub fn take(&mut self, voucher: &Voucher, heading: &Heading) {
        if voucher.on > heading.to {
            return;
        }
        let is_before = voucher.on < heading.from;
        let moved = |balance: &mut Balance, minor: i64| {
            balance.opening += if is_before { minor } else { 0 };
            balance.closing += minor;
        };
        for posting in &voucher.postings {
            moved(self.accounts.entry(posting.account.clone()).or_default(), posting.minor);
            self.names.entry(posting.account.clone()).or_insert(posting.side);
            if posting.side == Side::Receivable {
                let customer = self.customers.entry(voucher.debtor.id.clone());
                let (_, balances) = customer.or_insert_with(|| (voucher.debtor.clone(), BTreeMap::new()));
                moved(balances.entry(posting.account.clone()).or_default(), posting.minor);
            }
            if let Some(tax) = &posting.tax {
                self.codes.insert((tax.code.clone(), tax.percent), ());
            }
        }
        // Whoever is named by a voucher stands among the customers, even if nothing is owed.
        self.customers.entry(voucher.debtor.id.clone()).or_insert_with(|| (voucher.debtor.clone(), BTreeMap::new()));
        if !is_before {
            self.projects.extend(voucher.project.clone().map(|project| (clipped(&project, MIDDLE), ())));
            self.entries += 1;
            self.debit += voucher.debit();
            self.credit += voucher.credit();
        }
    }
}

/// Writes a file: first what stands in front, then vouchers in any order, payments after what was sold, then the end.
#[derive(Debug)]
pub struct Writer<W: Write> {
    to: W,
    heading: Heading,
    journal: Option<&'static str>,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(mut to: W, heading: Heading, books: &Books) -> io::Result<Writer<W>> {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        text.push_str(&format!("<AuditFile xmlns=\"{NAMESPACE}\">"));
        header(&mut text, &heading);
        text.push_str("<MasterFiles>");
        if !books.accounts.is_empty() {
            text.push_str("<GeneralLedgerAccounts>");
            for (account, balance) in &books.accounts {
                let side = books.names.get(account).copied().unwrap_or(Side::Sale);
                one_account(&mut text, account, side, *balance, &heading);
            }
            text.push_str("</GeneralLedgerAccounts>");
        }
        to.write_all(text.as_bytes())?;
        if !books.customers.is_empty() {
            to.write_all(b"<Customers>")?;
            for (debtor, balances) in books.customers.values() {
                let mut text = String::new();
                customer(&mut text, debtor, balances);
                to.write_all(text.as_bytes())?;
            }
            to.write_all(b"</Customers>")?;
        }
        let mut text = String::new();
        tax_table(&mut text, books);
        if !books.projects.is_empty() {
            text.push_str("<AnalysisTypeTable>");
            for project in books.projects.keys() {
                text.push_str("<AnalysisTypeTableEntry>");
                leaf(&mut text, "AnalysisType", PROJECT);
                leaf(&mut text, "AnalysisTypeDescription", "Prosjekt");
                leaf(&mut text, "AnalysisID", project);
                leaf(&mut text, "AnalysisIDDescription", project);
                text.push_str("</AnalysisTypeTableEntry>");
            }
            text.push_str("</AnalysisTypeTable>");
        }
        text.push_str("</MasterFiles><GeneralLedgerEntries>");
        leaf(&mut text, "NumberOfEntries", &books.entries.to_string());
        leaf(&mut text, "TotalDebit", &amount(books.debit));
        leaf(&mut text, "TotalCredit", &amount(books.credit));
        to.write_all(text.as_bytes())?;
        Ok(Writer { to, heading, journal: None })
    }

    /// Writes a voucher, unless it is of another day than those that are wanted.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn voucher(&mut self, voucher: &Voucher) -> io::Result<()> {
        if !(self.heading.from..=self.heading.to).contains(&voucher.on) {
            return Ok(());
        }
        let mut text = String::new();
        let (id, name) = journal(voucher.kind);
        if self.journal != Some(id) {
            if self.journal.is_some() {
                text.push_str("</Journal>");
            }
            text.push_str("<Journal>");
            leaf(&mut text, "JournalID", id);
            leaf(&mut text, "Description", name);
            leaf(&mut text, "Type", id);
            self.journal = Some(id);
        }
        transaction(&mut text, voucher);
        self.to.write_all(text.as_bytes())
    }

    /// What it is written to: what stands there may be taken away between vouchers.
    pub fn so_far(&mut self) -> &mut W {
        &mut self.to
    }

    /// Ends the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn end(mut self) -> io::Result<W> {
        if self.journal.is_some() {
            self.to.write_all(b"</Journal>")?;
        }
        self.to.write_all(b"</GeneralLedgerEntries></AuditFile>\n")?;
        self.to.flush()?;
        Ok(self.to)
    }
}

/// The kind of analysis under which projects go.
const PROJECT: &str = "P";

fn journal(kind: VoucherKind) -> (&'static str, &'static str) {
    match kind {
        VoucherKind::Invoice | VoucherKind::CreditNote => ("SALG", "Utgående fakturaer og kreditnotaer"),
        VoucherKind::Payment => ("BETALING", "Innbetalinger"),
    }
}

fn header(text: &mut String, heading: &Heading) {
    let sender = &heading.settings.sender;
    text.push_str("<Header>");
    leaf(text, "AuditFileVersion", VERSION);
    leaf(text, "AuditFileCountry", "NO");
    leaf(text, "AuditFileDateCreated", &heading.made_on.to_string());
    leaf(text, "SoftwareCompanyName", "Kvitt");
    leaf(text, "SoftwareID", "Kvitt");
    leaf(text, "SoftwareVersion", &clipped(&heading.version, SHORT));
    text.push_str("<Company>");
    leaf(text, "RegistrationNumber", &heading.org_number);
    leaf(text, "Name", &clipped(&heading.name, LONGEST));
    address(text, &sender.address, "StreetAddress");
    text.push_str("<Contact><ContactPerson>");
    // The standard's word where a person has one name only here.
    leaf(text, "FirstName", "NotUsed");
    leaf(text, "LastName", &clipped(sender.contact.as_deref().unwrap_or(&heading.name), LONG));
    text.push_str("</ContactPerson>");
    optional(text, "Telephone", sender.phone.as_deref(), SHORT);
    optional(text, "Email", sender.email.as_deref(), LONG);
    text.push_str("</Contact>");
    if sender.vat_registered {
        text.push_str("<TaxRegistration>");
        leaf(text, "TaxRegistrationNumber", &format!("{}MVA", heading.org_number));
        leaf(text, "TaxAuthority", "Skatteetaten");
        text.push_str("</TaxRegistration>");
    }
    if let Some(account) = &sender.bank_account {
        text.push_str("<BankAccount>");
        leaf(text, "BankAccountNumber", account);
        leaf(text, "CurrencyCode", "NOK");
        text.push_str("</BankAccount>");
    }
    text.push_str("</Company>");
    leaf(text, "DefaultCurrencyCode", "NOK");
    text.push_str("<SelectionCriteria>");
    leaf(text, "SelectionStartDate", &heading.from.to_string());
    leaf(text, "SelectionEndDate", &heading.to.to_string());
    text.push_str("</SelectionCriteria>");
    leaf(text, "HeaderComment", "Sales ledger: invoices, credit notes and the payments that were placed with them");
    leaf(text, "TaxAccountingBasis", "A");
    text.push_str("</Header>");
}

fn one_account(text: &mut String, account: &str, side: Side, balance: Balance, heading: &Heading) {
    let named = heading.settings.ledger_account(account).map(|known| known.name.as_str());
    let usual = match side {
        Side::Receivable => "Kundefordringer",
        Side::Sale => "Salgsinntekt",
        Side::Vat => "Utgående merverdiavgift",
        Side::Rounding => "Øreavrunding",
        Side::Bank => "Bankinnskudd",
    };
    let (category, code) = grouping(side, account);
    text.push_str("<Account>");
    leaf(text, "AccountID", &clipped(account, LONG));
    leaf(text, "AccountDescription", &clipped(named.unwrap_or(usual), LONGEST));
    leaf(text, "GroupingCategory", category);
    leaf(text, "GroupingCode", code);
    leaf(text, "AccountType", "GL");
    balances(text, balance);
    text.push_str("</Account>");
}

/// Where the standard's grouping of the business specification (næringsspesifikasjonen) has an account.
fn grouping(side: Side, account: &str) -> (&'static str, &'static str) {
    match side {
        Side::Receivable => ("balanseverdiForOmloepsmiddel", "1500"),
        Side::Bank => ("balanseverdiForOmloepsmiddel", "1920"),
        Side::Vat => ("kortsiktigGjeld", "2740"),
        Side::Rounding => ("annenDriftskostnad", "7700"),
        Side::Sale if account.starts_with("31") => ("salgsinntekt", "3100"),
        Side::Sale if account.starts_with("32") => ("salgsinntekt", "3200"),
        Side::Sale if account.starts_with("39") => ("annenDriftsinntekt", "3900"),
        Side::Sale => ("salgsinntekt", "3000"),
    }
}

fn balances(text: &mut String, balance: Balance) {
    for (minor, debit, credit) in [
        (balance.opening, "OpeningDebitBalance", "OpeningCreditBalance"),
        (balance.closing, "ClosingDebitBalance", "ClosingCreditBalance"),
    ] {
        leaf(text, if minor < 0 { credit } else { debit }, &amount(minor.abs()));
    }
}

fn customer(text: &mut String, debtor: &Debtor, accounts: &BTreeMap<String, Balance>) {
    text.push_str("<Customer>");
    optional(text, "RegistrationNumber", debtor.org_number.as_deref(), MIDDLE);
    leaf(text, "Name", &clipped(if debtor.name.is_empty() { &debtor.id } else { &debtor.name }, LONGEST));
    address(text, &debtor.address, "PostalAddress");
    leaf(text, "CustomerID", &debtor.id);
    for (account, balance) in accounts {
        text.push_str("<BalanceAccount>");
        leaf(text, "AccountID", &clipped(account, LONG));
        balances(text, *balance);
        text.push_str("</BalanceAccount>");
    }
    text.push_str("</Customer>");
}

fn tax_table(text: &mut String, books: &Books) {
    if books.codes.is_empty() {
        return;
    }
    text.push_str("<TaxTable><TaxTableEntry>");
    leaf(text, "TaxType", "MVA");
    leaf(text, "Description", "Merverdiavgift");
    let mut last = "";
    for (code, percent) in books.codes.keys() {
        // A code stands once: where its rate changed within the period, with the rate of its first sale here.
        if code == last {
            continue;
        }
        last = code;
        text.push_str("<TaxCodeDetails>");
        leaf(text, "TaxCode", &clipped(code, LONG));
        leaf(text, "Description", described(code));
        leaf(text, "TaxPercentage", &percent.to_string());
        leaf(text, "Country", "NO");
        leaf(text, "StandardTaxCode", code);
        leaf(text, "BaseRate", "100");
        text.push_str("</TaxCodeDetails>");
    }
    text.push_str("</TaxTableEntry></TaxTable>");
}

/// What a standard tax code of sales is, as the books say it.
fn described(code: &str) -> &'static str {
    match vat::named(code).map(|known| known.code.as_str()) {
        Some("3") => "Utgående merverdiavgift, alminnelig sats",
        Some("31") => "Utgående merverdiavgift, middels sats",
        Some("32") => "Utgående merverdiavgift, råfisk",
        Some("33") => "Utgående merverdiavgift, lav sats",
        Some("5") => "Innenlands omsetning med fritak",
        Some("51") => "Innenlands omsetning med omvendt avgiftsplikt",
        Some("52") => "Utførsel av varer og tjenester",
        Some("6") => "Omsetning utenfor merverdiavgiftsloven",
        _ => "Ingen merverdiavgiftsbehandling",
    }
}

fn transaction(text: &mut String, voucher: &Voucher) {
    let (prefix, kind, description) = match voucher.kind {
        VoucherKind::Invoice => ("F", "Faktura", format!("Faktura {}", voucher.invoice)),
        VoucherKind::CreditNote => ("K", "Kreditnota", format!("Kreditnota {}", voucher.invoice)),
        VoucherKind::Payment => ("B", "Innbetaling", format!("Innbetaling, faktura {}", voucher.invoice)),
    };
    text.push_str("<Transaction>");
    leaf(text, "TransactionID", &clipped(&format!("{prefix}-{}", voucher.number), LONG));
    leaf(text, "Period", &voucher.on.month().to_string());
    leaf(text, "PeriodYear", &voucher.on.year().to_string());
    leaf(text, "TransactionDate", &voucher.on.to_string());
    leaf(text, "VoucherType", kind);
    leaf(text, "Description", &clipped(&description, LONGEST));
    leaf(text, "SystemEntryDate", &voucher.entered_on.to_string());
    leaf(text, "GLPostingDate", &voucher.on.to_string());
    leaf(text, "CustomerID", &voucher.debtor.id);
    for (number, posting) in (1..).zip(&voucher.postings) {
        line(text, number, posting, voucher, &description);
    }
    text.push_str("</Transaction>");
}

fn line(text: &mut String, number: usize, posting: &Posting, voucher: &Voucher, description: &str) {
    let is_owed = posting.side == Side::Receivable;
    text.push_str("<Line>");
    leaf(text, "RecordID", &number.to_string());
    leaf(text, "AccountID", &clipped(&posting.account, LONG));
    if let Some(project) = voucher.project.as_deref().filter(|_| posting.side == Side::Sale) {
        text.push_str("<Analysis>");
        leaf(text, "AnalysisType", PROJECT);
        leaf(text, "AnalysisID", &clipped(project, MIDDLE));
        text.push_str("</Analysis>");
    }
    leaf(text, "SourceDocumentID", &clipped(&voucher.invoice, MIDDLE));
    if is_owed {
        leaf(text, "CustomerID", &voucher.debtor.id);
    }
    leaf(text, "Description", &clipped(description, LONGEST));
    money(text, if posting.minor < 0 { "CreditAmount" } else { "DebitAmount" }, posting.minor.abs());
    if let Some(tax) = &posting.tax {
        text.push_str("<TaxInformation>");
        leaf(text, "TaxType", "MVA");
        leaf(text, "TaxCode", &clipped(&tax.code, LONG));
        leaf(text, "TaxPercentage", &tax.percent.to_string());
        leaf(text, "Country", "NO");
        leaf(text, "TaxBase", &amount(posting.minor.abs()));
        let is_debit = if tax.minor == 0 { posting.minor > 0 } else { tax.minor > 0 };
        money(text, if is_debit { "DebitTaxAmount" } else { "CreditTaxAmount" }, tax.minor.abs());
        text.push_str("</TaxInformation>");
    }
    leaf(text, "ReferenceNumber", &clipped(&voucher.invoice, MIDDLE));
    if is_owed {
        optional(text, "CID", voucher.kid.as_deref(), MIDDLE);
        if let Some(due_on) = voucher.due_on {
            leaf(text, "DueDate", &due_on.to_string());
        }
    }
    text.push_str("</Line>");
}

fn address(text: &mut String, address: &Address, kind: &str) {
    if *address == Address::default() {
        return;
    }
    text.push_str("<Address>");
    optional(text, "StreetName", address.line1.as_deref(), LONGEST);
    optional(text, "AdditionalAddressDetail", address.line2.as_deref(), LONGEST);
    optional(text, "City", address.city.as_deref(), LONGEST);
    optional(text, "PostalCode", address.postal_code.as_deref(), LONG);
    optional(text, "Country", address.country.as_deref().filter(|code| code.len() == 2), 2);
    leaf(text, "AddressType", kind);
    text.push_str("</Address>");
}

fn money(text: &mut String, name: &str, minor: i64) {
    text.push_str(&format!("<{name}>"));
    leaf(text, "Amount", &amount(minor));
    text.push_str(&format!("</{name}>"));
}

fn leaf(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("<{name}>{}</{name}>", escape(value)));
}

fn optional(text: &mut String, name: &str, value: Option<&str>, longest: usize) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        leaf(text, name, &clipped(value, longest));
    }
}

/// A text as long as it may be, without characters that no XML holds.
fn clipped(text: &str, longest: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(longest).collect()
}

/// Øre as kroner with two decimals.
pub(crate) fn amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}
