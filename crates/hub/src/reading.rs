//! What a handed-in document says, and what the rules say of it: one parse into the arena serves both.
//!
//! UBL is judged as it stands. A Finvoice is read by its own reader; since the network of access points carries UBL, the UBL
//! that it would become there is what is judged, and every business term lost on the way is told. What becomes of all this is
//! decided in `actions/accept_invoice.rs`; the rules' words are in `validation`.

use jiff::civil::Date;
use kvitt_domain::fault::{Fault, Severity};
use kvitt_domain::invoice::Invoice;
use kvitt_formats::{convert, finvoice, ubl};
use kvitt_rules::arena::{Document, Limits};

use crate::validation::{Positions, broken_rules};

/// One document, read.
#[derive(Debug, Default)]
pub struct Reading {
    /// What it says, as far as it can be read. With faults beside it, it is never to be accepted.
    pub invoice: Option<Invoice>,
    /// Why it cannot be accepted.
    pub faults: Vec<Fault>,
    /// What the sender should know.
    pub warnings: Vec<Fault>,
    /// What keeps it out of the network of access points, each as a warning: the fatal rules that it breaks of those that it
    /// claims to follow, and essential terms that its UBL does not hold. Nothing where there are faults.
    pub broken_rules: Vec<Fault>,
}

/// Reads one document, UBL or Finvoice, and judges it by the rules in force on this day.
pub fn read(xml: &[u8], on: Date) -> Reading {
    let limits = Limits::default();
    let text = finvoice::in_utf8(xml);
    match Document::parse(&text, &limits) {
        Err(fault) => Reading { faults: vec![ubl::unreadable(&fault, &limits)], ..Reading::default() },
        Ok(document) if finvoice::is_finvoice(&document) => read_finvoice(&document, on),
        Ok(document) => read_ubl(&document, &text, on),
    }
}

fn read_ubl(document: &Document<'_>, text: &[u8], on: Date) -> Reading {
    let (invoice, faults) = ubl::read_document(document);
    let broken_rules = match &invoice {
        Some(invoice) if faults.is_empty() => broken_rules(document, invoice.specification.as_deref(), on, Positions::In(text)),
        _ => Vec::new(),
    };
    Reading { invoice, faults, warnings: Vec::new(), broken_rules }
}

fn read_finvoice(document: &Document<'_>, on: Date) -> Reading {
    let (invoice, faults) = finvoice::read_document(document);
    let (warnings, broken_rules) = match &invoice {
        Some(invoice) if faults.is_empty() => told_of_ubl(invoice, on),
        _ => (Vec::new(), Vec::new()),
    };
    Reading { invoice, faults, warnings, broken_rules }
}

/// What is to be said of the UBL that an invoice becomes: the terms that it does not hold, and what keeps it from being sent.
fn told_of_ubl(invoice: &Invoice, on: Date) -> (Vec<Fault>, Vec<Fault>) {
    let (written, limits) = (ubl::write(invoice), Limits::default());
    let (lost, broken) = match Document::parse(&written, &limits) {
        // Nobody has seen the lines of that document: its places are told without them.
        Ok(document) => {
            let specification = invoice.specification.as_deref();
            (convert::lost_in_ubl(invoice, &document), broken_rules(&document, specification, on, Positions::Unknown))
        }
        Err(fault) => (vec![ubl::unreadable(&fault, &limits)], Vec::new()),
    };
    let (essential, lost): (Vec<Fault>, Vec<Fault>) = lost.into_iter().partition(Fault::is_fatal);
    let essential = essential.into_iter().map(|fault| Fault { severity: Severity::Warning, ..fault });
    (lost, essential.chain(broken).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINVOICE: &str = include_str!("../../formats/tests/data/finvoice_invoice.xml");

    fn day() -> Date {
        jiff::civil::date(2026, 11, 22)
    }

    /// In ISO 8859-15, as most Finvoices are.
    fn in_latin_9(finvoice: &str) -> Vec<u8> {
        let said = finvoice.replacen("UTF-8", "ISO-8859-15", 1);
        said.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
    }

    #[test]
    fn a_finvoice_is_read_in_every_encoding_that_it_comes_in() {
        let [one, other] = [FINVOICE.into(), in_latin_9(FINVOICE)].map(|bytes| read(&bytes, day()));
        assert_eq!(one.faults, []);
        assert_eq!(one.invoice.as_ref().unwrap().seller.name, "Järvenrannan Puutarha Oy");
        assert_eq!((one.invoice, one.warnings), (other.invoice, other.warnings));
        // UBL has to be UTF-8, whatever is read of Finvoices.
        let ubl = b"<?xml version='1.0' encoding='ISO-8859-15'?><Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>";
        assert_eq!(read(ubl, day()).faults[0].code, kvitt_domain::fault::codes::XML_UNREADABLE);
    }

    #[test]
    fn a_finvoice_is_told_what_its_ubl_would_lack() {
        let reading = |from: &str, to: &str| {
            assert!(FINVOICE.contains(from), "{from}");
            read(FINVOICE.replacen(from, to, 1).as_bytes(), day())
        };
        let told = |faults: &[Fault]| -> Vec<String> {
            let rule = |fault: &Fault| fault.values.iter().find(|(name, _)| name == "rule").map(|(_, rule)| rule.clone());
            faults.iter().map(|fault| rule(fault).unwrap_or_else(|| format!("{} {}", fault.code.name(), fault.place))).collect()
        };
        // It says that it follows EN 16931, and has neither the buyer's address nor a reason for its discount.
        let own = reading("<OrderIdentifier>", "<OrderIdentifier>");
        assert_eq!(
            (told(&own.warnings), told(&own.broken_rules)),
            (vec![], vec!["BR-10".into(), "BR-42".into(), "BR-CO-23".into()])
        );
        assert!(
            own.broken_rules.iter().all(|fault| !fault.is_fatal() && !fault.place.ends_with(|c: char| c.is_ascii_digit())),
            "{own:?}"
        );
        let claims_nothing = reading("<SpecificationIdentifier>EN16931</SpecificationIdentifier>", "");
        assert_eq!(claims_nothing.broken_rules, []);
        // In UBL this is how a note is given a subject code.
        let coded = reading("Kiitos tilauksesta!", "#AAI#Kiitos tilauksesta!");
        assert_eq!(told(&coded.warnings), ["conversion.term_lost BG-1[1]/BT-21", "conversion.term_lost BG-1[1]/BT-22"]);
    }

    #[test]
    fn what_is_essential_and_lost_keeps_a_document_from_peppol_and_stops_nothing() {
        let mut invoice = read(FINVOICE.as_bytes(), day()).invoice.unwrap();
        // No document says this, and UBL least of all.
        invoice.lines.clear();
        let (lost, broken) = told_of_ubl(&invoice, day());
        assert!(lost.iter().chain(&broken).all(|fault| !fault.is_fatal()));
        assert!(broken.iter().any(|fault| fault.place.starts_with("BG-25")), "{broken:#?}");
    }
}
