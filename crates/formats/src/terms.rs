//! Reading business terms out of the arena: one small question per kind of value, all faults kept. Shared by the syntaxes.
//!
//! A question names where to look (`cac:Contact/cbc:Name`, from a group downwards) and the business term that it answers.
//! A required question always answers: with a placeholder after a fault, which [`Terms::finish`] keeps from getting out.

use std::collections::HashSet;

use jiff::civil::Date;
use kvitt_domain::fault::{Code, codes};
use kvitt_domain::invoice::Identifier;
use kvitt_domain::{Amount, Currency, Fault};
use kvitt_rules::arena::{Document, Limits, Node, XmlFault};
use rust_decimal::Decimal;

use crate::identity::{looks_like_identity, shown};
use crate::ubl::{CAC, CBC};

/// How one syntax writes values.
pub(crate) struct Syntax {
    /// The attribute that names an amount's currency.
    pub(crate) currency: &'static str,
    /// The attribute that names an identifier's scheme.
    pub(crate) scheme: &'static str,
    /// A date, or nothing where the text is none.
    pub(crate) date: fn(&str) -> Option<Date>,
    /// A decimal number, or nothing where the text is none.
    pub(crate) decimal: fn(&str) -> Option<Decimal>,
}

/// How many faults one document is answered with: more would help nobody, and each costs a walk to its line.
pub(crate) const MAX_FAULTS: usize = 100;

/// The faults found so far, and what the values are judged by.
pub(crate) struct Terms<'d> {
    document: &'d Document<'d>,
    syntax: &'static Syntax,
    /// Each with where it stands, in bytes.
    faults: Vec<(usize, Fault)>,
    /// Repetitions already told, so that two questions through one group tell it once.
    repeated: HashSet<(usize, &'static str)>,
    /// Whether every figure, date and currency that was asked for is what the document says, and no placeholder.
    figures_hold: bool,
    /// BT-5, once it is read.
    pub(crate) currency: Option<Currency>,
}

impl<'d> Terms<'d> {
    pub(crate) fn new(document: &'d Document<'d>, syntax: &'static Syntax) -> Terms<'d> {
        Terms { document, syntax, faults: Vec::new(), repeated: HashSet::new(), figures_hold: true, currency: None }
    }

    /// What was read, unless a figure in it is a placeholder; and the faults in document order.
    pub(crate) fn finish<T>(mut self, read: T) -> (Option<T>, Vec<Fault>) {
        self.faults.sort_by_key(|(offset, _)| *offset);
        (self.figures_hold.then_some(read), self.faults.into_iter().map(|(_, fault)| fault).collect())
    }

    /// The one element at a path of prefixed names below `from`. A name that stands twice is a fault.
    pub(crate) fn one(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Option<Node<'d>> {
        let mut node = from;
        for step in path.split('/') {
            let mut alike = all(node, step);
            let first = alike.next()?;
            if let Some(second) = alike.next()
                && self.repeated.insert((node.offset(), step))
            {
                self.fault_at(codes::TERM_REPEATED, second, term, &[]);
            }
            node = first;
        }
        Some(node)
    }

    /// The text at a path; none where it is missing or empty.
    pub(crate) fn text(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Option<String> {
        self.one(from, path, term).and_then(text_of)
    }

    /// The text at a path, or a fault.
    pub(crate) fn required_text(&mut self, from: Node<'d>, path: &'static str, term: &str) -> String {
        let text = self.text(from, path, term);
        if text.is_none() {
            self.missing_text(from, path, term);
        }
        text.unwrap_or_default()
    }

    /// Free text that may stand in several elements of one name, joined by line breaks.
    pub(crate) fn free_text(&self, from: Node<'d>, name: &'static str) -> Option<String> {
        let texts: Vec<String> = all(from, name).filter_map(text_of).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    /// The date at a path.
    pub(crate) fn date(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Option<Date> {
        let node = self.one(from, path, term).filter(|node| !node.trimmed().is_empty())?;
        self.valid(node, term, (self.syntax.date)(node.trimmed()))
    }

    /// The date at a path, or a fault.
    pub(crate) fn required_date(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Date {
        self.require(from, path, term);
        self.date(from, path, term).unwrap_or(Date::ZERO)
    }

    /// The decimal number at a path.
    pub(crate) fn decimal(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Option<Decimal> {
        let node = self.one(from, path, term).filter(|node| !node.trimmed().is_empty())?;
        self.valid(node, term, (self.syntax.decimal)(node.trimmed()))
    }

    /// The decimal number at a path, or a fault.
    pub(crate) fn required_decimal(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Decimal {
        self.require(from, path, term);
        self.decimal(from, path, term).unwrap_or_default()
    }

    /// The currency at a path.
    pub(crate) fn currency(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Option<Currency> {
        let node = self.one(from, path, term).filter(|node| !node.trimmed().is_empty())?;
        self.valid(node, term, Currency::parse(node.trimmed()))
    }

    /// The amount at a path, in the document's currency (Peppol R051).
    pub(crate) fn amount(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Option<Amount> {
        let node = self.one(from, path, term).filter(|node| !node.trimmed().is_empty())?;
        let amount = self.amount_in_any_currency(node, term)?;
        if self.currency.is_some_and(|currency| currency != amount.currency()) {
            self.invalid_currency(node, term);
            return None;
        }
        Some(amount)
    }

    /// Asks that an element names the document's currency.
    pub(crate) fn check_currency(&mut self, node: Node<'d>, term: &str) {
        let code = self.required_attribute(node, self.syntax.currency, term);
        if let (Some(code), Some(currency)) = (code, self.currency)
            && code != currency.code()
        {
            self.invalid_currency(node, term);
        }
    }

    /// The amount at a path, or a fault.
    pub(crate) fn required_amount(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Amount {
        self.require(from, path, term);
        self.amount(from, path, term).unwrap_or_else(|| self.nothing())
    }

    /// The amount of an element in the currency that it names.
    pub(crate) fn amount_in_any_currency(&mut self, node: Node<'d>, term: &str) -> Option<Amount> {
        let code = self.required_attribute(node, self.syntax.currency, term)?;
        let Some(currency) = Currency::parse(code) else {
            self.invalid_currency(node, term);
            return None;
        };
        let value = self.valid(node, term, (self.syntax.decimal)(node.trimmed()))?;
        if let Some(amount) = Amount::from_decimal(value, currency) {
            return Some(amount);
        }
        let code = if value.normalize().scale() > currency.decimals() { codes::AMOUNT_DECIMALS } else { codes::TERM_INVALID };
        let decimals = currency.decimals().to_string();
        self.fault_at(code, node, term, &[("value", node.trimmed()), ("decimals", &decimals)]);
        None
    }

    /// The identifier at a path with its scheme.
    pub(crate) fn identifier(&mut self, from: Node<'d>, path: &'static str, term: &str) -> Option<Identifier> {
        self.one(from, path, term).and_then(|node| identifier_of(node, self.syntax.scheme))
    }

    /// An identifier of a party. One that looks like a fødselsnummer is a fault, and its value stays out of it.
    pub(crate) fn party_identifier(&mut self, node: Node<'d>, term: &str) -> Option<Identifier> {
        let identifier = identifier_of(node, self.syntax.scheme)?;
        Some(self.judged(identifier, node, term))
    }

    /// An identifier of a party, once it is known: a fault where it looks like a fødselsnummer.
    pub(crate) fn judged(&mut self, identifier: Identifier, node: Node<'d>, term: &str) -> Identifier {
        if looks_like_identity(&identifier) {
            self.fault_at(codes::TERM_INVALID, node, term, &[("value", &identifier.value)]);
        }
        identifier
    }

    /// The value of an attribute that must be there.
    pub(crate) fn required_attribute(&mut self, node: Node<'d>, name: &str, term: &str) -> Option<&'d str> {
        let value = node.attribute(name).map(str::trim).filter(|value| !value.is_empty());
        if value.is_none() {
            self.fault_below(codes::TERM_MISSING, node, &format!("@{name}"), term, &[]);
        }
        value
    }

    /// Says that a term is missing below a group.
    pub(crate) fn missing(&mut self, from: Node<'d>, path: &str, term: &str) {
        self.fault_below(codes::TERM_MISSING, from, path, term, &[]);
    }

    /// Says that a text or group of texts is missing. The figures are still worth checking: the sender hears of both at once.
    pub(crate) fn missing_text(&mut self, from: Node<'d>, path: &str, term: &str) {
        let figures_hold = self.figures_hold;
        self.missing(from, path, term);
        self.figures_hold = figures_hold;
    }

    /// Says that an element's value cannot be.
    pub(crate) fn invalid(&mut self, node: Node<'d>, term: &str) {
        self.fault_at(codes::TERM_INVALID, node, term, &[("value", node.trimmed())]);
    }

    /// Says that an element is one too many.
    pub(crate) fn repeated(&mut self, node: Node<'d>, term: &str) {
        self.fault_at(codes::TERM_REPEATED, node, term, &[]);
    }

    /// Says something about an element.
    pub(crate) fn fault_at(&mut self, code: Code, node: Node<'d>, term: &str, values: &[(&str, &str)]) {
        if self.faults.len() < MAX_FAULTS {
            self.push(code, &format!("{term} {}", node.path()), node, values);
        }
    }

    /// Nothing, in the document's currency: the placeholder of a missing amount.
    pub(crate) fn nothing(&self) -> Amount {
        Amount::zero(self.currency.unwrap_or(Currency::NOK))
    }

    fn require(&mut self, from: Node<'d>, path: &'static str, term: &str) {
        if self.one(from, path, term).is_none_or(|node| node.trimmed().is_empty()) {
            self.missing(from, path, term);
        }
    }

    fn valid<T>(&mut self, node: Node<'d>, term: &str, parsed: Option<T>) -> Option<T> {
        if parsed.is_none() {
            self.invalid(node, term);
        }
        parsed
    }

    /// Says that an amount is in a currency that it cannot be in.
    pub(crate) fn invalid_currency(&mut self, node: Node<'d>, term: &str) {
        let code = node.attribute(self.syntax.currency).unwrap_or_default();
        self.fault_below(codes::TERM_INVALID, node, &format!("@{}", self.syntax.currency), term, &[("value", code)]);
    }

    fn fault_below(&mut self, code: Code, node: Node<'d>, path: &str, term: &str, values: &[(&str, &str)]) {
        if self.faults.len() < MAX_FAULTS {
            self.push(code, &format!("{term} {}/{path}", node.path()), node, values);
        }
    }

    fn push(&mut self, code: Code, place: &str, node: Node<'d>, values: &[(&str, &str)]) {
        let position = self.document.position(node.offset());
        let fault = Fault::fatal(code).at(format!("{place} {}:{}", position.line, position.column));
        let fault = values.iter().fold(fault, |fault, (name, value)| fault.with(name, shown(value)));
        self.figures_hold &= matches!(code, codes::ATTACHMENT_TYPE | codes::ATTACHMENT_UNREADABLE);
        self.faults.push((node.offset(), fault));
    }
}

/// The children of a group that have a name such as `cbc:ID`, or `InvoiceRow` in no namespace, in document order.
pub(crate) fn all<'d>(group: Node<'d>, name: &str) -> impl Iterator<Item = Node<'d>> {
    let (namespace, local) = match name.split_once(':') {
        Some(("cac", local)) => (CAC, local),
        Some((_, local)) => (CBC, local),
        None => ("", name),
    };
    group.children().filter(move |child| child.is(namespace, local))
}

/// The element's text as the domain keeps it: trimmed, line ends as `\n`, none where it is empty.
pub(crate) fn text_of(node: Node<'_>) -> Option<String> {
    let text = node.trimmed();
    if text.is_empty() {
        return None;
    }
    Some(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() })
}

/// The identifier in an element, none where it is empty.
pub(crate) fn identifier_of(node: Node<'_>, scheme: &str) -> Option<Identifier> {
    Some(Identifier { value: text_of(node)?, scheme: attribute_of(node, scheme) })
}

/// An attribute's value, none where it is missing or empty.
pub(crate) fn attribute_of(node: Node<'_>, name: &str) -> Option<String> {
    node.attribute(name).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// The arena's refusal as a fault. A budget is named in the singular word of [`Limits`].
pub(crate) fn of_xml(fault: &XmlFault, limits: &Limits) -> Fault {
    let over_budget = |what: &str, limit: usize| Fault::fatal(codes::XML_OVER_BUDGET).with("what", what).with("limit", limit);
    let told = match fault.code {
        "xml.doctype" | "xml.entity" => Fault::fatal(codes::XML_DOCTYPE),
        "xml.too_large" => over_budget("bytes", limits.bytes),
        "xml.too_deep" => over_budget("depth", limits.depth),
        "xml.too_many_elements" => over_budget("elements", limits.elements),
        "xml.too_many_attributes" => over_budget("attributes", limits.attributes),
        "xml.text_too_long" => over_budget("text", limits.text),
        _ => Fault::fatal(codes::XML_UNREADABLE).with("why", shown(&fault.detail)),
    };
    told.at(format!("{}:{}", fault.position.line, fault.position.column))
}

/// `YYYY-MM-DD` and nothing else: xsd:date would take a zone, EN 16931 does not (Peppol F001).
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    if shaped { text.parse().ok() } else { None }
}

/// xsd:decimal: a sign, digits, a dot, digits. No exponent, no grouping, no comma; none where 28 digits are not enough.
pub(crate) fn parse_decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    // Zeros at the end say nothing and would count against the digits that a number may have.
    let fraction = if fraction.len() > 20 { fraction.trim_end_matches('0') } else { fraction };
    let dot = if fraction.is_empty() { "" } else { "." };
    Decimal::from_str_exact(&format!("{sign}{whole}{dot}{fraction}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_the_schemas_and_no_others() {
        for (text, expected) in [
            ("12.50", Some("12.50")),
            ("-3", Some("-3")),
            ("+.5", Some("0.5")),
            ("5.", Some("5")),
            ("007", Some("7")),
            ("1.00000000000000000000000000000000", Some("1")),
            ("1e3", None),
            ("1,5", None),
            ("1_000", None),
            ("1 000", None),
            (".", None),
            ("-", None),
            ("", None),
            ("NaN", None),
            ("99999999999999999999999999999999", None),
        ] {
            assert_eq!(parse_decimal(text).map(|value| value.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn dates_are_ten_characters() {
        for (text, valid) in
            [("2025-02-28", true), ("2025-02-29", false), ("2025-2-8", false), ("2025-02-28Z", false), ("-025-02-28", false)]
        {
            assert_eq!(parse_date(text).is_some(), valid, "{text}");
        }
    }
}
