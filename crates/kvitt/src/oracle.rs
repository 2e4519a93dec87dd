//! The oracle: compares what a hub says with what a counterparty did.
//!
//! A counterparty's ledger is JSON lines with `counterparty`, `key`, `company` and `invoice` (the sandbox's: `docs/sandbox.md`). When the
//! two disagree, the ledger is right. The demo counts with it, and the crash test judges by it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use kvitt_domain::plan::RouteName;
use serde::{Deserialize, Serialize};

/// One line of a ledger: somebody acted on an invoice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    /// Who took it: `mail`, `mps` or `print`; empty where the ledger is one counterparty's own and does not say.
    #[serde(default)]
    pub counterparty: String,
    /// What it was taken as, such as `letter`, `efaktura` or `claim`; empty where the ledger does not say.
    #[serde(default)]
    pub kind: String,
    /// Company, invoice and recipient.
    pub key: String,
    /// The company's organisation number; empty where the counterparty could not read one.
    #[serde(default)]
    pub company: String,
    /// The invoice's number; empty where the counterparty could not read one.
    #[serde(default)]
    pub invoice: String,
    /// What a counterparty was told that is not told the invoice's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<Bill>,
}

/// A bill as MPS knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bill {
    /// Where its document is: its last part begins with the hub's id of the invoice.
    pub url: String,
}

/// Puts the invoices' numbers on the lines of bills: `numbers` has them by the hub's ids. Lines that are named
/// already, and bills of nobody known, stay as they are.
pub fn name_bills(ledger: &mut [Line], numbers: &BTreeMap<String, String>) {
    for line in ledger {
        let id = line.bill.as_ref().and_then(|bill| invoice_id(&bill.url));
        if let Some(number) = id.and_then(|id| numbers.get(&id)) {
            line.invoice.clone_from(number);
        }
    }
}

/// Puts the invoices' numbers on the lines of direct debits, which name nothing but a KID: `numbers` has them by it.
pub fn name_claims(ledger: &mut [Line], numbers: &BTreeMap<String, String>) {
    for line in ledger {
        if let Some(number) = numbers.get(&line.invoice) {
            line.invoice.clone_from(number);
        }
    }
}

/// The hub's id of the invoice that a bill's address is about: its last part is that id without hyphens, a hyphen and a digest.
fn invoice_id(url: &str) -> Option<String> {
    let (id, _) = url.split('?').next()?.rsplit('/').next()?.split_once('-')?;
    let parts = [id.get(..8)?, id.get(8..12)?, id.get(12..16)?, id.get(16..20)?, id.get(20..)?];
    Some(parts.join("-"))
}

impl Line {
    /// Whether whoever serves a route wrote it: what one counterparty took and gave back says nothing of the next one, and what MPS
    /// took as a claim nothing of a bill.
    pub fn is_of(&self, route: &RouteName) -> bool {
        let by = match route.as_str() {
            "email" => "mail",
            "efaktura" if self.kind == "claim" => return false,
            "efaktura" => "mps",
            "avtalegiro" => {
                return self.counterparty.is_empty()
                    || matches!((&*self.counterparty, &*self.kind), ("mps", "claim") | ("bank", "debit"));
            }
            other => other,
        };
        self.counterparty.is_empty() || route.is_unknown() || self.counterparty == by
    }
}

/// One invoice as the hub sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// The company's organisation number.
    pub company: String,
    /// The invoice's number.
    pub invoice: String,
    /// The delivery's state, by name.
    pub state: String,
}

/// What the comparison found. All three are empty where promises were kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Invoices that the hub says were handed over, delivered or seen, and that no ledger has: `company/invoice`.
    pub lost: Vec<String>,
    /// Keys that the ledger has more than once: a person got the same invoice twice.
    pub duplicated: Vec<String>,
    /// Invoices that the ledger has and the hub says never left the house: `company/invoice`.
    pub unsaid: Vec<String>,
}

/// States in which the hub says that a counterparty took the invoice.
const TAKEN: [&str; 3] = ["handed_over", "delivered", "seen"];

/// States in which the hub says that nothing was taken yet. `sending` is not among them: it may be in the middle. Neither is
/// `parked`: what a bounce brought back was taken before.
const KEPT: [&str; 4] = ["choosing", "waiting", "queued", "cancelled"];

/// Whether the hub says that a counterparty took it.
pub fn is_taken(state: &str) -> bool {
    TAKEN.contains(&state)
}

/// Compares. `unsaid` is only sound while nothing is being sent and nothing was tried a second time.
pub fn compare(known: &[Known], ledger: &[Line]) -> Findings {
    let taken: BTreeSet<(&str, &str)> = ledger.iter().map(|line| (line.company.as_str(), line.invoice.as_str())).collect();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for line in ledger {
        *times.entry(&line.key).or_default() += 1;
    }
    let name = |known: &Known| format!("{}/{}", known.company, known.invoice);
    let is_in_ledger = |known: &&Known| taken.contains(&(known.company.as_str(), known.invoice.as_str()));
    Findings {
        lost: known.iter().filter(|one| is_taken(&one.state) && !is_in_ledger(one)).map(name).collect(),
        duplicated: times.into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| key.to_owned()).collect(),
        unsaid: known.iter().filter(|one| KEPT.contains(&one.state.as_str()) && is_in_ledger(one)).map(name).collect(),
    }
}

/// Reads a ledger.
///
/// # Errors
/// A line that is no line of a ledger, with its number.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| serde_json::from_str(line).map_err(|cause| format!("line {}: {cause}", index + 1))).collect()
}

/// Fetches a ledger from an `http:` address, or reads it from a file.
///
/// # Errors
/// The address does not answer with 200, the file cannot be read, or it is no ledger.
pub async fn fetch(address_or_file: &str) -> io::Result<Vec<Line>> {
    let text = if address_or_file.starts_with("http://") || address_or_file.starts_with("https://") {
        let answer = async { reqwest::get(address_or_file).await?.error_for_status()?.text().await };
        answer.await.map_err(io::Error::other)?
    } else {
        tokio::fs::read_to_string(address_or_file).await?
    };
    read(&text).map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(invoice: &str, state: &str) -> Known {
        Known { company: "1".into(), invoice: invoice.into(), state: state.into() }
    }

    fn line(invoice: &str) -> Line {
        let key = format!("1/{invoice}/a@b.example");
        Line { counterparty: "mail".into(), kind: String::new(), key, company: "1".into(), invoice: invoice.into(), bill: None }
    }

    #[test]
    fn what_it_finds() {
        let hub = [
            known("1", "handed_over"),
            known("2", "delivered"),
            known("3", "parked"),
            known("4", "queued"),
            known("5", "in_doubt"),
        ];
        let good = [line("1"), line("2"), line("5")];
        assert_eq!(compare(&hub, &good), Findings::default());
        let bad = [line("1"), line("1"), line("4")];
        let found = compare(&hub, &bad);
        assert_eq!(found.lost, ["1/2"]);
        assert_eq!(found.duplicated, ["1/1/a@b.example"]);
        assert_eq!(found.unsaid, ["1/4"]);
    }

    #[test]
    fn a_bill_is_known_by_the_id_in_its_address() {
        const ID: &str = "01a2022b-9a03-775d-963f-e2febabb4a47";
        let bill = Bill { url: format!("http://127.0.0.1:1/bill/c/{}-0a1b?token=x", ID.replace('-', "")) };
        let mut ledger = [Line { invoice: "000123".into(), bill: Some(bill), ..line("1") }, line("2")];
        name_bills(&mut ledger, &BTreeMap::from([(ID.to_owned(), "1001".to_owned())]));
        assert_eq!(ledger.map(|line| line.invoice), ["1001", "2"]);
    }

    #[test]
    fn what_one_counterparty_took_says_nothing_of_another() {
        let of = |route: &str| line("1").is_of(&RouteName::new(route));
        assert_eq!(["email", "print", "efaktura"].map(of), [true, false, false]);
        assert!(line("1").is_of(&RouteName::unknown()));
        let of_mps = |kind: &str| Line { counterparty: "mps".into(), kind: kind.into(), ..line("1") };
        assert_eq!(["efaktura", "claim", ""].map(|kind| of_mps(kind).is_of(&RouteName::new("avtalegiro"))), [false, true, false]);
        assert_eq!(["efaktura", "claim", ""].map(|kind| of_mps(kind).is_of(&RouteName::new("efaktura"))), [true, false, true]);
        assert!(Line { counterparty: String::new(), ..line("1") }.is_of(&RouteName::new("print")));
    }

    #[test]
    fn reads_lines_and_says_which_is_none() {
        let text = "{\"counterparty\":\"mail\",\"key\":\"1/2/x\",\"company\":\"1\",\"invoice\":\"2\"}\n\nno\n";
        assert!(read(text).unwrap_err().starts_with("line 3: "));
        assert_eq!(read(text.trim_end_matches("no\n")).unwrap().len(), 1);
    }
}
