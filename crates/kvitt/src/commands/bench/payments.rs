//! `kvitt bench payments`: what it costs to place one payment, where ten thousand invoices are open and where a million are.
//!
//! Each size has a database of its own, made here. Files of payments are then taken in at each of them in turns, so that all meet the
//! same troubles of the machine; what is compared is the time on the cores for one payment. An index that grows a hundredfold is a
//! level or two deeper: that much more it may cost, and no more.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use kvitt_domain::collection::Collection;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::payment::Candidate;
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::actions::apply_mandates::Covers;
use kvitt_hub::actions::import_bank_file::{BankFile, Content, import_bank_file};
use kvitt_hub::actions::set_bank_account::set_bank_account;
use kvitt_hub::store::bank_account::BankAccountSettings;
use kvitt_hub::store::collection;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::{Config, Hub};
use serde::Serialize;
use tempfile::TempDir;

use super::stopwatch::{median, process_cpu};
use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;

/// The account that all of it is paid to.
const ACCOUNT: &str = "86011117947";
/// Open invoices that are stored in one transaction.
const AT_ONCE: usize = 1_000;
/// How many turns each size has.
const TURNS: usize = 7;
/// How much dearer a payment may be at the largest size than at the smallest.
const WANTED: f64 = 2.0;

/// Places payments where few invoices are open, and where very many are, in turns; what one costs shall not grow with them.
#[derive(Debug, Args)]
pub struct Payments {
    /// Open invoices of each size.
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    open: Vec<usize>,
    /// Payments of each turn.
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000)]
    payments: usize,
}

/// What was measured of one size.
#[derive(Debug, Serialize)]
struct Size {
    open: usize,
    /// Time on the cores for one payment, its share of reading and storing the file included: the median of the turns.
    microseconds_per_payment: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    sizes: Vec<Size>,
    payments_per_turn: usize,
    /// The largest size against the smallest.
    ratio: f64,
    wanted: f64,
    met: bool,
}

/// A hub with so many open invoices.
struct Field {
    open: usize,
    hub: Hub,
    _folder: TempDir,
    found: Vec<f64>,
}

impl Payments {
    pub async fn run(self, session: &Session) -> Outcome {
        let bar = progress::bar(self.open.len() + TURNS, session.words.say("progress.benching", &[]), session.json);
        let mut fields = Vec::with_capacity(self.open.len());
        for open in &self.open {
            fields.push(Field::grow(*open).await?);
            bar.inc(1);
        }
        for turn in 0..TURNS {
            for field in &mut fields {
                field.turn(turn, self.payments).await?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let mut sizes = Vec::with_capacity(fields.len());
        for field in fields {
            field.hub.close().await;
            sizes.push(Size { open: field.open, microseconds_per_payment: median(field.found) });
        }
        let cost = |size: Option<&Size>| size.map_or(f64::NAN, |size| size.microseconds_per_payment);
        let ratio = cost(sizes.iter().max_by_key(|size| size.open)) / cost(sizes.iter().min_by_key(|size| size.open));
        let report = Report { sizes, payments_per_turn: self.payments, ratio, wanted: WANTED, met: ratio <= WANTED };
        match session.json {
            true => session.print_json(&report)?,
            false => session.print(&report.text())?,
        }
        Ok(if report.met { Exit::Fine } else { Exit::Refused })
    }
}

impl Report {
    fn text(&self) -> String {
        let mut text = String::from("| open invoices | µs a payment |\n|---:|---:|\n");
        for Size { open, microseconds_per_payment } in &self.sizes {
            writeln!(text, "| {open} | {microseconds_per_payment:.0} |").expect("writing to a string works");
        }
        let met = if self.met { "met" } else { "NOT met" };
        writeln!(text, "\nratio {:.2}, wanted at most {:.1}: {met}", self.ratio, self.wanted).expect("writing to a string works");
        text
    }
}

impl Field {
    async fn grow(open: usize) -> Result<Field, Failure> {
        let folder = TempDir::with_prefix("kvitt-").map_err(|cause| Failure::io("making a passing folder", cause))?;
        let hub = Hub::open(folder.path(), Config::default()).await?;
        let company = add_company(&hub, "999002021", "Fjordvik kommune", CompanySettings::default()).await?;
        set_bank_account(&hub, &company, ACCOUNT, BankAccountSettings::default()).await?;
        for first in (0..open).step_by(AT_ONCE) {
            store(&hub, &company, first..open.min(first + AT_ONCE)).await?;
        }
        Ok(Field { open, hub, _folder: folder, found: Vec::with_capacity(TURNS) })
    }

    /// Takes a file of payments in and notes what one of them cost.
    async fn turn(&mut self, turn: usize, payments: usize) -> Result<(), Failure> {
        // Invoices from all over the field, each paid once: what lies together in an index must not be paid together.
        let step = (self.open / (payments * TURNS)).max(1);
        let paid = (0..payments).map(|index| ((index * TURNS + turn) * step) % self.open);
        let content = Content::Bytes(ocr(turn + 1, paid).into_bytes().into());
        let before = process_cpu("self");
        import_bank_file(&self.hub, BankFile { name: format!("turn {turn}"), content, covers: Covers::Some }).await?;
        let spent: Duration = process_cpu("self").saturating_sub(before);
        self.found.push(spent.as_secs_f64() * 1e6 / payments as f64);
        Ok(())
    }
}

/// Stores open invoices with these numbers.
async fn store(hub: &Hub, company: &Company, numbers: std::ops::Range<usize>) -> Result<(), Failure> {
    let company = company.id.clone();
    let stored = hub.write(move |tx| {
        let (company, numbers) = (company.clone(), numbers.clone());
        Box::pin(async move {
            for number in numbers {
                let new = Candidate {
                    invoice: format!("invoice {number:012}"),
                    number: format!("{number}"),
                    kid: Some(kid(number)),
                    due_on: None,
                    collection: Collection::new(Amount::new(PAYABLE, Currency::NOK)),
                };
                collection::insert(tx, &company, &new, ACCOUNT, 0).await?;
            }
            Ok(())
        })
    });
    Ok(stored.await?)
}

/// What every invoice asks for, øre.
const PAYABLE: i64 = 1_000;

/// A KID for a number: spread over all of the index, as those of many customers are. It need not have a check digit: payments are
/// placed by the letter.
fn kid(number: usize) -> String {
    // An odd factor below ten to the fifteenth, so that no two numbers meet.
    const SPREAD: u128 = 618_033_988_749_895;
    const SPACE: u128 = 1_000_000_000_000_000;
    let spread = (number as u128 * SPREAD) % SPACE;
    format!("{spread:015}")
}

/// An OCR giro file of direct debits for these invoices.
fn ocr(transmission: usize, paid: impl Iterator<Item = usize>) -> String {
    let zeros = |count: usize| "0".repeat(count);
    let mut items = String::new();
    let (mut count, mut sum) = (0_usize, 0_i64);
    for number in paid {
        count += 1;
        sum += PAYABLE;
        let kid = kid(number);
        let lines = format!(
            "NY091530{count:07}17112601170{serial:05}0{PAYABLE:017}{kid:>25}{}\nNY091531{count:07}{}17112600000000000{}\n",
            zeros(6),
            zeros(26),
            zeros(22),
            serial = count % 100_000
        );
        items.push_str(&lines);
    }
    let records = 2 * count;
    format!(
        "NY00001000008080{transmission:07}00229221{}\nNY090020000008566{transmission:07}{ACCOUNT}{}\n{items}\
         NY090088{count:08}{:08}{sum:017}171126171126171126{}\nNY000089{count:08}{:08}{sum:017}171126{}\n",
        zeros(49),
        zeros(45),
        records + 2,
        zeros(21),
        records + 4,
        zeros(33)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_add_up_and_no_two_kids_meet() {
        let file = ocr(1, 0..50);
        let verdict = kvitt_formats::bank::verify(file.as_bytes());
        assert_eq!(verdict.faults, []);
        let kids: std::collections::BTreeSet<String> = (0..100_000).map(kid).collect();
        assert_eq!(kids.len(), 100_000);
    }
}
