//! What a document does not say that the invoice does: two invoices compared term by term.
//!
//! The comparison goes over every field that the invoice has when it is serialised, so that a new field cannot be forgotten;
//! [`MAPPING`] gives each its business term. White space, decimals that are zeros, and the order between allowances and charges
//! say nothing.

use std::collections::BTreeMap;

use kvitt_domain::fault::codes;
use kvitt_domain::invoice::{Identifier, Invoice, Line};
use kvitt_domain::{Amount, Fault};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::finvoice::mapping::{MAPPING, Row};
use crate::identity::shown;

/// The list that the domain keeps as one and business terms as two.
const CHANGES: &str = "allowances_and_charges";

/// One `conversion.term_lost` for each term in which `after` differs from `before`, in the order of EN 16931, with the value
/// that it had. Fatal where the term is essential.
pub(crate) fn between(before: &Invoice, after: &Invoice) -> Vec<Fault> {
    let mut losses = Losses { field: String::new(), positions: Vec::new(), found: BTreeMap::new() };
    losses.compare(&head(before), &head(after));
    losses.compare_lines(&before.lines, &after.lines);
    losses.found.into_iter().map(|((row, positions), value)| fault(row, &positions, &value)).collect()
}

macro_rules! all_but_lines {
    ($($field:ident)*) => {
        /// The invoice as JSON without its lines, which are many and are compared one by one.
        fn head(invoice: &Invoice) -> Value {
            // Without `..`: a new field is a fault of the compiler here, never one that is forgotten.
            let Invoice { lines: _, $($field),* } = invoice;
            let fields = [$((stringify!($field).to_owned(), json($field))),*];
            parted(Value::Object(fields.into_iter().collect()))
        }
    };
}

all_but_lines! {
    kind type_code number issued_on due_on tax_point_on tax_point_code currency tax_currency specification process notes
    references preceding seller buyer payee tax_representative delivery period payment payment_terms allowances_and_charges
    totals vat_breakdown attachments
}

fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("an invoice has only texts, numbers, lists and groups")
}

fn fault(row: usize, positions: &[usize], value: &str) -> Fault {
    let row = &MAPPING[row];
    let mut positions = positions.iter();
    let mut place = String::new();
    for (at, part) in row.term.split("[]").enumerate() {
        if at > 0 {
            place.push_str(&positions.next().map(|position| format!("[{position}]")).unwrap_or_default());
        }
        place.push_str(part);
    }
    let fault =
        if row.essential { Fault::fatal(codes::CONVERSION_TERM_LOST) } else { Fault::warning(codes::CONVERSION_TERM_LOST) };
    fault.at(place).with("value", shown(value))
}

fn parted(mut value: Value) -> Value {
    part_changes(&mut value);
    value
}

/// `allowances_and_charges` becomes `allowances` and `charges`, everywhere.
fn part_changes(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Array(changes)) = fields.remove(CHANGES) {
                let is_charge = |change: &Value| change["adds"] == "charge";
                let (charges, allowances): (Vec<Value>, Vec<Value>) = changes.into_iter().partition(is_charge);
                for (name, mut list) in [("allowances", allowances), ("charges", charges)] {
                    for change in &mut list {
                        change.as_object_mut().map(|fields| fields.remove("adds"));
                    }
                    fields.insert(name.to_owned(), Value::Array(list));
                }
            }
            fields.values_mut().for_each(part_changes);
        }
        Value::Array(list) => list.iter_mut().for_each(part_changes),
        _ => {}
    }
}

struct Losses {
    /// Where the comparison is, as in [`Row::field`].
    field: String,
    /// The positions of the lists on the way, from 1.
    positions: Vec<usize>,
    /// The differences, by row of the table and position.
    found: BTreeMap<(usize, Vec<usize>), String>,
}

impl Losses {
    fn compare(&mut self, before: &Value, after: &Value) {
        if !is_whole(before) && !is_whole(after) {
            match (before, after) {
                (Value::Object(one), other) | (other, Value::Object(one)) => {
                    // The fields of a group are the same on both sides, or one side has none of them.
                    for name in one.keys() {
                        self.below(&format!(".{name}"), &before[name], &after[name]);
                    }
                    debug_assert!(other.is_object() || other.is_null());
                    return;
                }
                (Value::Array(_), _) | (_, Value::Array(_)) => return self.compare_lists(before, after),
                _ => {}
            }
        }
        if !alike(before, after) {
            self.differs(if says_nothing(before) { after } else { before });
        }
    }

    /// Lines by their position. Most are the same, and those cost nothing: a document may have a hundred thousand.
    fn compare_lines(&mut self, before: &[Line], after: &[Line]) {
        self.field.push_str(".lines");
        for at in 0..before.len().max(after.len()) {
            let (one, other) = (before.get(at), after.get(at));
            if one != other {
                self.item(at + 1, &parted(json(one)), &parted(json(other)));
            }
        }
        self.field.clear();
    }

    fn compare_lists(&mut self, before: &Value, after: &Value) {
        let [before, after] = [before, after].map(|value| value.as_array().map_or(&[][..], Vec::as_slice));
        // A pair of name and value is a list too, and its places have meanings.
        if self.field.ends_with("attributes[]") {
            for at in 0..before.len().max(after.len()) {
                let [one, other] = [before, after].map(|list| list.get(at).unwrap_or(&Value::Null));
                self.below(&format!("[{at}]"), one, other);
            }
            return;
        }
        let mut rest = after.iter().peekable();
        for (at, one) in before.iter().enumerate() {
            // What went missing on the way must not make its successors look changed.
            let gone = after.len() < before.len()
                && rest.peek().is_some_and(|next| {
                    name(one) != name(next) && before[at + 1..].iter().any(|later| name(later) == name(next))
                });
            let other = if gone { None } else { rest.next() };
            self.item(at + 1, one, other.unwrap_or(&Value::Null));
        }
        for (at, other) in rest.enumerate() {
            self.item(before.len() + at + 1, &Value::Null, other);
        }
    }

    fn item(&mut self, position: usize, before: &Value, after: &Value) {
        self.positions.push(position);
        self.below("[]", before, after);
        self.positions.pop();
    }

    fn below(&mut self, step: &str, before: &Value, after: &Value) {
        let length = self.field.len();
        self.field.push_str(step);
        self.compare(before, after);
        self.field.truncate(length);
    }

    fn differs(&mut self, value: &Value) {
        self.found.entry((row(&self.field), self.positions.clone())).or_insert_with(|| words(value));
    }
}

/// The row of the table for a field: its own, or that of the nearest group.
fn row(field: &str) -> usize {
    let field = field.trim_start_matches('.');
    let covers = |row: &Row| field.strip_prefix(row.field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let rows = MAPPING.iter().enumerate().filter(|(_, row)| covers(row));
    rows.max_by_key(|(_, row)| row.field.len()).expect("a test holds the table against every field of an invoice").0
}

/// Whether a group is one value: an amount with its currency, an identifier with its scheme.
fn is_whole(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| fields.contains_key("minor") || fields.contains_key("scheme"))
}

/// A value as people write it.
fn words(value: &Value) -> String {
    if let Ok(amount) = Amount::deserialize(value) {
        return amount.to_string();
    }
    match (value, Identifier::deserialize(value)) {
        (Value::String(text), _) => text.clone(),
        (_, Ok(Identifier { value, scheme: Some(scheme) })) => format!("{value} ({scheme})"),
        (_, Ok(Identifier { value, scheme: None })) => value,
        (other, Err(_)) => other.to_string(),
    }
}

/// What a list's item is called, where items are called something.
fn name(item: &Value) -> Option<&Value> {
    ["id", "number"].into_iter().find_map(|field| item.get(field))
}

fn says_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => {
            let characters = |text: &'_ str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let number = |text: &str| text.parse::<Decimal>().ok();
            one == other || characters(one) == characters(other) || number(one).is_some_and(|value| number(other) == Some(value))
        }
        (Value::Object(one), Value::Object(other)) => one.iter().all(|(name, value)| alike(value, &other[name])),
        _ => one == other || (says_nothing(one) && says_nothing(other)),
    }
}
