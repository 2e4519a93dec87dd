//! A bank file for a person: one line an item under a heading for each order, totals, and what is wrong.
//!
//! Columns have fixed widths, because the lines are shown while they are read; the totals are a table.

use comfy_table::{Cell, CellAlignment};
use jiff::civil::Date;
use kvitt_domain::{Amount, Currency, Fault};
use kvitt_formats::bank::{
    Format, Item, Order, OrderEnd, OrderKind, Part, PaymentKind, PaymentRecord, Registration, Sums, Tally, Transmission, Verdict,
};

use super::output::Output;
use crate::exit::Failure;
use crate::show::table::table;
use crate::words::Words;

/// What is shown of one file.
pub struct Text {
    words: Words,
}

/// A column: its name in the catalogue, its width, and whether it is a number.
struct Column {
    name: &'static str,
    width: usize,
    is_number: bool,
}

const fn left(name: &'static str, width: usize) -> Column {
    Column { name, width, is_number: false }
}

const fn right(name: &'static str, width: usize) -> Column {
    Column { name, width, is_number: true }
}

const LINE: Column = right("line", 7);
const NUMBER: Column = right("number", 7);
const KID: Column = left("kid", 25);
const AMOUNT: Column = right("amount", 18);

const CLAIMS: &[Column] =
    &[LINE, NUMBER, left("due_on", 10), KID, AMOUNT, left("payer", 10), left("notice", 12), left("text", 25)];
const CANCELLATIONS: &[Column] = &[LINE, NUMBER, left("due_on", 10), KID, AMOUNT, left("payer", 10)];
const MANDATES: &[Column] = &[LINE, NUMBER, left("change", 16), KID, left("notice", 12)];
const PAYMENTS: &[Column] =
    &[LINE, NUMBER, left("booked_on", 10), left("kind", 14), KID, AMOUNT, left("payer", 30), left("text", 40)];

fn columns(kind: OrderKind) -> &'static [Column] {
    match kind {
        OrderKind::Claims => CLAIMS,
        OrderKind::Cancellations => CANCELLATIONS,
        OrderKind::Mandates => MANDATES,
        OrderKind::Payments => PAYMENTS,
    }
}

impl Text {
    pub fn of(words: Words) -> Text {
        Text { words }
    }

    /// One item.
    pub fn item(&mut self, item: &Item, output: &mut Output) -> Result<(), Failure> {
        let words = self.words;
        match item {
            Item::Transmission(transmission) => output.line(&self.transmission(transmission)),
            Item::Order(order) => output.line(&self.order(order)),
            Item::Claim(claim) => {
                let notice = if claim.bank_notifies { "bank_file.notice.bank" } else { "bank_file.notice.payee" };
                self.row(
                    CLAIMS,
                    &[
                        &claim.line.to_string(),
                        &claim.transaction.to_string(),
                        &claim.due_on.to_string(),
                        &claim.kid,
                        &words.amount(claim.amount),
                        &claim.payer,
                        &words.name("cli", notice),
                        &claim.reference,
                    ],
                    output,
                )
            }
            Item::Cancellation(one) => self.row(
                CANCELLATIONS,
                &[
                    &one.line.to_string(),
                    &one.transaction.to_string(),
                    &one.due_on.to_string(),
                    &one.kid,
                    &words.amount(one.amount),
                    &one.payer,
                ],
                output,
            ),
            Item::Mandate(mandate) => {
                let change = match mandate.registration {
                    Registration::Existing => "existing",
                    Registration::NewOrChanged => "new_or_changed",
                    Registration::Deleted => "deleted",
                };
                let notice = if mandate.wants_notice { "wanted" } else { "unwanted" };
                self.row(
                    MANDATES,
                    &[
                        &mandate.line.to_string(),
                        &mandate.transaction.to_string(),
                        &words.name("cli", &format!("bank_file.registration.{change}")),
                        &mandate.kid,
                        &words.name("cli", &format!("bank_file.notice.{notice}")),
                    ],
                    output,
                )
            }
            Item::Payment(payment) => self.payment(payment, output),
            Item::OrderEnd(end) => output.line(&self.order_end(end)),
            Item::TransmissionEnd(_) | Item::Remark(_) => Ok(()),
        }
    }

    fn transmission(&self, transmission: &Transmission) -> String {
        let words = self.words;
        let none = || "–".to_owned();
        let format = match transmission.format {
            Format::Nets => "nets",
            Format::Camt053 => "camt053",
            Format::Camt054 => "camt054",
        };
        let name = words.name("cli", &format!("bank_file.format.{format}"));
        match transmission.format {
            Format::Nets => {
                let (sender, recipient) = (transmission.sender.clone(), transmission.recipient.clone());
                let (sender, recipient) = (sender.unwrap_or_else(none), recipient.unwrap_or_else(none));
                let values =
                    [("name", name.as_str()), ("number", &transmission.number), ("sender", &sender), ("recipient", &recipient)];
                words.say("bank_file.nets", &values)
            }
            Format::Camt053 | Format::Camt054 => {
                let created = transmission.created.clone().unwrap_or_else(none);
                words.say("bank_file.camt", &[("name", &name), ("number", &transmission.number), ("created", &created)])
            }
        }
    }

    /// The heading of an order and of its columns.
    fn order(&self, order: &Order) -> String {
        let key = format!("bank_file.order.{}", order.kind.name());
        let heading =
            self.words.0.text(&format!("cli.{key}"), &[("number", &order.number), ("account", &printed(&order.account))]);
        let columns = columns(order.kind);
        let names: Vec<String> =
            columns.iter().map(|column| self.words.name("cli", &format!("column.{}", column.name))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let names = line(columns, &names);
        format!("\n{heading}\n{names}\n{}", "─".repeat(names.chars().count()))
    }

    fn payment(&self, payment: &PaymentRecord, output: &mut Output) -> Result<(), Failure> {
        let words = self.words;
        let named = |key: &str| words.name("cli", &format!("bank_file.payment.{key}"));
        let kind = match (&payment.part, payment.kind) {
            (Part::TotalOf(count), _) => words.say("bank_file.payment.total", &[("count", &count.to_string())]),
            (_, PaymentKind::Ocr(kind @ 10..=21)) => named(&kind.to_string()),
            (_, PaymentKind::Ocr(kind)) => words.say("bank_file.payment.other", &[("kind", &kind.to_string())]),
            (_, PaymentKind::Camt) if payment.is_reversal => named("reversal"),
            (_, PaymentKind::Camt) => named(if payment.amount.is_negative() { "out" } else { "camt" }),
        };
        let payer: Vec<String> = payment.payer.clone().into_iter().chain(payment.payer_account.as_deref().map(printed)).collect();
        self.row(
            PAYMENTS,
            &[
                &payment.line.to_string(),
                &payment.transaction.to_string(),
                &payment.booked_on.to_string(),
                &kind,
                payment.kid.as_deref().unwrap_or_default(),
                &words.amount(payment.amount),
                &payer.join(", "),
                &payment.text.as_deref().unwrap_or_default().replace('\n', " "),
            ],
            output,
        )
    }

    fn order_end(&self, end: &OrderEnd) -> String {
        let day = |date: Option<Date>| date.map_or_else(|| "–".to_owned(), |date| date.to_string());
        let amount = |amount: Option<Amount>| amount.map_or_else(|| "–".to_owned(), |amount| self.words.amount(amount));
        let count = self.words.number(&end.transactions.to_string());
        let (sum, net, first, last) = (amount(end.sum), amount(end.net), day(end.first_on), day(end.last_on));
        let values = [("count", count.as_str()), ("sum", &sum), ("net", &net), ("first", &first), ("last", &last)];
        match end.kind {
            OrderKind::Mandates => self.words.say("bank_file.end.mandates", &values),
            OrderKind::Claims | OrderKind::Cancellations => self.words.say("bank_file.end.due", &values),
            OrderKind::Payments => self.words.say("bank_file.end.payments", &values),
        }
    }

    fn row(&self, columns: &[Column], cells: &[&str], output: &mut Output) -> Result<(), Failure> {
        output.line(&line(columns, cells))
    }

    /// The totals, what is odd, what is wrong and what to do about it.
    pub fn verdict(&self, file: &str, verdict: &Verdict) -> String {
        let words = self.words;
        let mut text = String::new();
        if !verdict.tally.sums.is_empty() {
            text.push_str(&format!("\n{}\n", totals(&verdict.tally, words)));
        }
        list(&mut text, '!', &verdict.remarks, verdict.remarks_left_out, words);
        match verdict.is_valid() {
            true => text.push_str(&format!("✓ {}\n", words.say("bank_file.valid", &[("file", file)]))),
            false => {
                let count = (verdict.faults.len() as u64 + verdict.faults_left_out).to_string();
                text.push_str(&format!("✗ {}\n", words.say("bank_file.refused", &[("file", file), ("count", &count)])));
                list(&mut text, '✗', &verdict.faults, verdict.faults_left_out, words);
            }
        }
        text
    }
}

/// The totals of several files.
pub fn together(tally: &Tally, files: usize, words: Words) -> String {
    format!("\n{}\n{}", words.say("bank_file.together", &[("count", &files.to_string())]), totals(tally, words))
}

/// Faults or remarks; what to do stands once under those that need the same.
fn list(text: &mut String, mark: char, faults: &[Fault], left_out: u64, words: Words) {
    for (at, fault) in faults.iter().enumerate() {
        text.push_str(&format!("  {mark} {} [{}]\n", fault.sentence(words.0), fault.code));
        if faults.get(at + 1).is_none_or(|next| next.code != fault.code) {
            text.push_str(&format!("    → {}\n", fault.remedy(words.0)));
        }
    }
    if left_out > 0 {
        text.push_str(&format!("  {}\n", words.say("bank_file.more", &[("count", &left_out.to_string())])));
    }
}

fn totals(tally: &Tally, words: Words) -> String {
    let heading = ["kind", "count", "sum", "net", "reversals"];
    let mut shown = table(&heading.map(|name| words.name("cli", &format!("column.{name}"))));
    for ((kind, currency), sums) in &tally.sums {
        let Sums { count, sum, net, reversals } = *sums;
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let has_amounts = *kind != OrderKind::Mandates;
        let amount = |minor: i128| if has_amounts { minor_units(minor, currency, words) } else { String::new() };
        let is_money = *kind == OrderKind::Payments;
        shown.add_row(vec![
            Cell::new(words.name("cli", &format!("bank_file.kind.{}", kind.name()))),
            right(words.number(&count.to_string())),
            right(amount(sum)),
            right(if is_money { amount(net) } else { String::new() }),
            right(if is_money { words.number(&reversals.to_string()) } else { String::new() }),
        ]);
    }
    shown.to_string()
}

/// A sum, which may be larger than any one amount.
fn minor_units(minor: i128, currency: &str, words: Words) -> String {
    let amount = Currency::parse(currency).zip(i64::try_from(minor).ok());
    amount.map_or_else(|| format!("{minor} / 100 {currency}"), |(currency, minor)| words.amount(Amount::new(minor, currency)))
}

/// Eleven digits as people print them; anything else as it is.
fn printed(account: &str) -> String {
    match (account.len(), account.is_ascii()) {
        (11, true) => format!("{}.{}.{}", &account[..4], &account[4..6], &account[6..]),
        _ => account.to_owned(),
    }
}

/// Cells under their columns; what is too wide pushes the rest on rather than being cut.
fn line(columns: &[Column], cells: &[&str]) -> String {
    let mut line = String::new();
    for (column, cell) in columns.iter().zip(cells) {
        let blanks = column.width.saturating_sub(cell.chars().count());
        if !line.is_empty() {
            line.push_str("  ");
        }
        let blanks = " ".repeat(blanks);
        match column.is_number {
            true => line.extend([&blanks, *cell]),
            false => line.extend([*cell, &blanks]),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use kvitt_domain::Language;

    use super::*;

    #[test]
    fn lines_stand_under_their_columns() {
        let columns = &[right("line", 4), left("kid", 6), right("amount", 5)];
        assert_eq!(line(columns, &["1", "ÅØ", "2,5"]), "   1  ÅØ        2,5");
        assert_eq!(line(columns, &["12345", "1234567", ""]), "12345  1234567");
    }

    /// Every name that is built from a value is in the catalogue, where the test of whole names cannot see it.
    #[test]
    fn every_built_name_is_in_the_catalogue() {
        let all =
            [CLAIMS, CANCELLATIONS, MANDATES, PAYMENTS].into_iter().flatten().map(|column| format!("column.{}", column.name));
        let kinds = ["claims", "cancellations", "mandates", "payments"];
        let all = all.chain(kinds.iter().flat_map(|kind| [format!("bank_file.order.{kind}"), format!("bank_file.kind.{kind}")]));
        let all = all.chain((10..=21).map(|kind| format!("bank_file.payment.{kind}")));
        let all = all.chain(["nets", "camt053", "camt054"].map(|format| format!("bank_file.format.{format}")));
        let all = all.chain(["existing", "new_or_changed", "deleted"].map(|change| format!("bank_file.registration.{change}")));
        let all = all.chain(["bank", "payee", "wanted", "unwanted"].map(|notice| format!("bank_file.notice.{notice}")));
        for key in all.chain(["payment.camt", "payment.reversal", "payment.out"].map(|key| format!("bank_file.{key}"))) {
            assert!(Language::English.has(&format!("cli.{key}")), "{key}");
        }
    }
}
