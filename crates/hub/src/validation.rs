//! What the rules say of one document, as people and programs are told it.
//!
//! [`validate`] is behind `kvitt validate` and `POST /v1/validate`, and its JSON is a promise (`docs/validate.md`). The rules
//! themselves are in `kvitt-rules`; what becomes of a faulty document is decided in `actions/`.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_formats::container::{self, Budget};
use kvitt_formats::ubl;
use kvitt_rules::arena::{Document, Limits, Position};
use kvitt_rules::{Day, Finding, Findings, Layer, MendedBy, RuleSet, Severity, advice};
use serde::Serialize;

/// What is said of one file: one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Validated {
    /// As it is called where it came from; empty where it has no name.
    pub file: String,
    /// Whether a conforming receiver takes it: no finding is fatal.
    pub valid: bool,
    /// What is wrong, in the order in which it was found.
    pub findings: Vec<Told>,
}

/// One finding, told in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The rule's official id; an id of ours begins with `UBL-STRUCTURE-` or `VALUE-`, or is a fault code such as
    /// `xml.unreadable`.
    pub id: Cow<'static, str>,
    /// `structure`, `en16931` or `peppol`; `file` where it could not be read at all.
    pub layer: &'static str,
    /// `fatal` or `warning`.
    pub severity: &'static str,
    /// How many times the rule was broken.
    pub count: usize,
    /// The first twenty places.
    pub places: Vec<Place>,
    /// Values involved at the first place. A fødselsnummer in one is masked.
    pub values: Vec<String>,
    /// What is wrong and what to do.
    pub message: String,
    /// Who can mend it.
    pub fixer: Mender,
    /// The business term or group of EN 16931, where the rule is about one.
    pub term: Option<&'static str>,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// XPath with indices; empty where the file is no document.
    pub xpath: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Who can mend a finding, seen from whoever sends the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mender {
    /// Whoever writes the invoice.
    Me,
    /// The customer, who must be asked.
    Customer,
    /// Whoever makes the software that wrote the file.
    Provider,
}

impl Mender {
    /// All of them, in the order in which findings are shown.
    pub const ALL: [Mender; 3] = [Mender::Me, Mender::Customer, Mender::Provider];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Mender::Me => "me",
            Mender::Customer => "customer",
            Mender::Provider => "provider",
        }
    }
}

impl Told {
    /// Whether a conforming receiver refuses the document for it.
    pub fn is_fatal(&self) -> bool {
        self.severity == FATAL
    }
}

const FATAL: &str = "fatal";
const WARNING: &str = "warning";

/// Judges one file: XML, or a ZIP of one XML with its PDF and attachments. What cannot be read is a finding too.
pub fn validate(file: &str, bytes: &[u8], set: &RuleSet, language: Language) -> Validated {
    let findings = match judge(bytes, [set]) {
        Ok(Judged { xml, findings: [findings] }) => tell(&xml, &findings, language),
        Err(unreadable) => unreadable.tell(language),
    };
    Validated { file: file.to_owned(), valid: !findings.iter().any(Told::is_fatal), findings }
}

/// A document that was read once and judged by each of some sets.
#[derive(Debug)]
pub struct Judged<'b, const SETS: usize> {
    /// The XML, out of its archive.
    pub xml: Cow<'b, [u8]>,
    /// What each set found.
    pub findings: [Findings; SETS],
}

/// Why a file could not be judged.
#[derive(Debug)]
pub struct Unreadable {
    faults: Vec<Fault>,
    position: Option<Position>,
}

/// Reads one file and judges it by each of the sets.
///
/// # Errors
/// It is no XML within the guards' limits, or an archive without exactly one.
pub fn judge<'b, const SETS: usize>(bytes: &'b [u8], sets: [&RuleSet; SETS]) -> Result<Judged<'b, SETS>, Unreadable> {
    let xml = xml_of(bytes).map_err(|faults| Unreadable { faults, position: None })?;
    let findings = {
        let limits = Limits::default();
        let document = Document::parse(&xml, &limits)
            .map_err(|fault| Unreadable { faults: vec![ubl::unreadable(&fault, &limits)], position: Some(fault.position) })?;
        sets.map(|set| {
            let mut findings = Findings::new();
            set.judge(&document, &mut findings);
            findings
        })
    };
    Ok(Judged { xml, findings })
}

/// The document itself: a ZIP is opened as intake opens it, anything else is taken for XML.
fn xml_of(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Vec<Fault>> {
    if bytes.starts_with(b"PK") {
        return Ok(Cow::Owned(container::open(bytes, &Budget::default())?.xml));
    }
    Ok(Cow::Borrowed(bytes))
}

impl Unreadable {
    /// As findings: the codes and sentences of Kvitt's own faults.
    pub fn tell(&self, language: Language) -> Vec<Told> {
        let tell = |fault: &Fault| Told {
            id: Cow::Borrowed(fault.code.name()),
            layer: "file",
            severity: FATAL,
            count: 1,
            places: self
                .position
                .map(|at| Place { xpath: String::new(), line: at.line, column: at.column })
                .into_iter()
                .collect(),
            values: fault.values.iter().map(|(_, value)| value.clone()).collect(),
            message: format!("{} {}", fault.sentence(language), fault.remedy(language)),
            // A person hands in an archive; only a program writes XML.
            fixer: if self.position.is_some() { Mender::Provider } else { Mender::Me },
            term: None,
        };
        self.faults.iter().map(tell).collect()
    }
}

/// Findings in words, each place with its line and column in this XML.
pub fn tell(xml: &[u8], findings: &Findings, language: Language) -> Vec<Told> {
    let offsets = findings.iter().flat_map(|finding| &finding.places).map(|place| place.offset).collect();
    let positions = positions(xml, offsets);
    let place = |place: &kvitt_rules::Place| {
        let Position { line, column } = positions[&place.offset];
        Place { xpath: place.path.clone(), line, column }
    };
    let tell = |finding: &Finding| {
        let advice = advice(finding.id);
        Told {
            id: Cow::Borrowed(finding.id),
            layer: match finding.layer {
                Layer::Structure => "structure",
                Layer::En16931 => "en16931",
                Layer::Peppol => "peppol",
            },
            severity: severity_name(finding.severity),
            count: finding.count,
            places: finding.places.iter().map(place).collect(),
            values: finding.values.iter().map(|value| without_identity_numbers(value).into_owned()).collect(),
            message: finding.sentence(of_rules(language)).into_owned(),
            fixer: match advice.map(|advice| advice.mended_by) {
                Some(MendedBy::Sender) => Mender::Me,
                Some(MendedBy::Customer) => Mender::Customer,
                Some(MendedBy::Provider) | None => Mender::Provider,
            },
            term: advice.and_then(|advice| advice.term),
        }
    };
    findings.iter().map(tell).collect()
}

/// What a document says that follows EN 16931 (a Finvoice says the second), and what it says that follows Peppol BIS Billing
/// beside it (BT-24).
const EN_16931: [&str; 2] = ["urn:cen.eu:en16931:2017", "EN16931"];
const PEPPOL: &str = "#urn:fdc:peppol.eu:";

/// Broken rules kept with a document: whoever breaks more than these asks `kvitt validate` for the rest.
const MAX_BROKEN: usize = 20;

/// Where the lines and columns of places come from.
#[derive(Debug, Clone, Copy)]
pub enum Positions<'x> {
    /// Out of this XML, which the document was read from.
    In(&'x [u8]),
    /// Nobody has seen the XML, so that lines would say nothing.
    Unknown,
}

/// The fatal rules that a document breaks of those that it claims to follow (`specification` is its BT-24), each as one
/// warning at its first place. Nothing where it claims none: a document of another kind is not measured by these rules.
pub fn broken_rules(document: &Document<'_>, specification: Option<&str>, on: Date, positions: Positions<'_>) -> Vec<Fault> {
    let claim = specification.and_then(|text| EN_16931.iter().find_map(|claim| text.trim().strip_prefix(claim)));
    let Some(claim) = claim else { return Vec::new() };
    let mut findings = Findings::new();
    RuleSet::in_force(day(on)).judge(document, &mut findings);
    let is_claimed = |finding: &&Finding| finding.layer != Layer::Peppol || claim.contains(PEPPOL);
    let fatal = findings.iter().filter(|finding| finding.severity == Severity::Fatal);
    let broken: Vec<&Finding> = fatal.filter(is_claimed).take(MAX_BROKEN).collect();
    let offsets = || broken.iter().filter_map(|finding| finding.places.first()).map(|place| place.offset).collect();
    let positions = match positions {
        Positions::In(xml) => self::positions(xml, offsets()),
        Positions::Unknown => HashMap::new(),
    };
    let told = |finding: &&Finding| {
        let place = finding.places.first().map(|place| match positions.get(&place.offset) {
            Some(Position { line, column }) => format!("{} {line}:{column}", place.path),
            None => place.path.clone(),
        });
        let sentence = |language| finding.sentence(of_rules(language));
        Fault::warning(codes::RULE_BROKEN)
            .at(place.unwrap_or_default())
            .with("rule", finding.id)
            .with("count", finding.count)
            .with("nb", sentence(Language::Bokmal))
            .with("en", sentence(Language::English))
    };
    broken.iter().map(told).collect()
}

/// A severity as it stands in JSON.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Fatal => FATAL,
        Severity::Warning => WARNING,
    }
}

/// The language of the rules' sentences that is this one.
pub fn of_rules(language: Language) -> kvitt_rules::Language {
    match language {
        Language::Bokmal => kvitt_rules::Language::Bokmal,
        Language::English => kvitt_rules::Language::English,
    }
}

/// A date as the rules count days.
pub fn day(date: Date) -> Day {
    // Months and days are never negative.
    Day { year: date.year(), month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
}

/// Line and column of many offsets in one walk: asking the arena for each would walk the text again for every one, which a
/// document on one long line makes slow.
fn positions(xml: &[u8], mut offsets: Vec<usize>) -> HashMap<usize, Position> {
    offsets.sort_unstable();
    offsets.dedup();
    let mut found = HashMap::with_capacity(offsets.len());
    let (mut at, mut here) = (0, Position { line: 1, column: 1 });
    for offset in offsets {
        for byte in &xml[at..offset.min(xml.len())] {
            match byte {
                b'\n' => here = Position { line: here.line + 1, column: 1 },
                // A character begins at every byte that does not continue one.
                _ => here.column += usize::from(byte & 0xC0 != 0x80),
            }
        }
        at = offset.min(xml.len());
        found.insert(offset, here);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> &'static RuleSet {
        RuleSet::in_force(Day { year: 2026, month: 11, day: 22 })
    }

    #[test]
    fn places_are_where_the_arena_says() {
        let xml = "<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\">\n  <!-- æøå -->\n<a>æ</a> <b/>\r\n\t<c/>\n</Invoice>";
        let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
        let offsets: Vec<usize> = document.root().children().map(|node| node.offset()).chain([0]).collect();
        let found = positions(xml.as_bytes(), offsets.clone());
        assert_eq!(offsets.len(), 4);
        for offset in offsets {
            assert_eq!(found[&offset], document.position(offset), "{offset}");
        }
    }

    #[test]
    fn what_is_no_document_is_a_finding() {
        let check = |bytes: &[u8], id: &str, place: Option<(usize, usize)>| {
            for language in Language::ALL {
                let validated = validate("x", bytes, today(), language);
                assert!(!validated.valid);
                let [told] = &validated.findings[..] else { panic!("{validated:?}") };
                assert_eq!(told.id, id);
                assert_eq!(told.places.first().map(|place| (place.line, place.column)), place);
                assert!(told.message.ends_with('.'), "{}", told.message);
            }
        };
        check(b"", "xml.unreadable", Some((1, 1)));
        check(b"<a>\n <b></a>", "xml.unreadable", Some((2, 5)));
        check(b"<!DOCTYPE a><a/>", "xml.doctype", Some((1, 1)));
        check(b"PK\x03\x04 no archive", "archive.unreadable", None);
    }

    #[test]
    fn an_identity_number_in_a_value_is_masked() {
        let xml = r#"<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><cbc:InvoiceTypeCode>10915596784</cbc:InvoiceTypeCode></Invoice>"#;
        let said = serde_json::to_string(&validate("x", xml.as_bytes(), today(), Language::English)).unwrap();
        assert!(said.contains("BR-CL-01") && !said.contains("10915596784"), "{said}");
    }
}
