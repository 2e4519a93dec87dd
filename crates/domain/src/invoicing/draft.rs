//! A draft: what somebody writes until it is an invoice. It may lack anything; what it must have is said by [`super::compose`].

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::product::{PIECE, price, unit};
use super::sheet::{Reader, Sheet};
use crate::fault::{Fault, codes};
use crate::invoice::{DocumentKind, Period};
use crate::money::Currency;

/// Lines of one draft: what a person writes by hand fits many times over.
pub const MOST_LINES: usize = 500;
/// Files of one draft: a letter takes no more.
pub const MOST_FILES: usize = 10;
/// Bytes of one file: what mail servers commonly take, once it is encoded.
pub const MOST_FILE_BYTES: usize = 7 * 1024 * 1024;

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// The customer's id in the register.
    pub customer: Option<String>,
    /// The project's id in the register.
    pub project: Option<String>,
    /// The invoice date; the day on which it is made final where nobody chose one.
    pub issued_on: Option<Date>,
    /// The due date; by the terms where nobody chose one.
    pub due_on: Option<Date>,
    /// The day of delivery.
    pub delivered_on: Option<Date>,
    /// The period that is invoiced.
    pub period: Option<Period>,
    /// The currency.
    pub currency: Currency,
    /// "Your reference" (BT-10).
    pub buyer_reference: Option<String>,
    /// "Our reference" (BT-41).
    pub seller_reference: Option<String>,
    /// The customer's order number (BT-13).
    pub purchase_order: Option<String>,
    /// What the invoice is about, in a few words.
    pub description: Option<String>,
    /// A text before the lines.
    pub text_before: Option<String>,
    /// A text below the sums (BT-20).
    pub footer: Option<String>,
    /// The lines.
    pub lines: Vec<DraftLine>,
    /// The files that go with it.
    pub files: Vec<DraftFile>,
    /// What it takes off which invoice, where it is a credit note.
    pub credits: Option<Credited>,
}

/// A line of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// What is sold.
    pub text: String,
    /// More of it.
    pub description: Option<String>,
    /// The product's number in the price list.
    pub product: Option<String>,
    /// How much; below zero takes away.
    pub quantity: Decimal,
    /// UN/ECE Recommendation 20.
    pub unit: String,
    /// The price of one unit without VAT, in major units.
    pub price: Decimal,
    /// Percent taken off.
    pub discount_percent: Decimal,
    /// The VAT code.
    pub vat_code: String,
    /// The ledger account of the sale; the VAT code's own where it is empty.
    pub ledger_account: String,
    /// The period that the line is for.
    pub period: Option<Period>,
    /// The line of the customer's order (BT-132).
    pub order_line: Option<String>,
}

impl DraftLine {
    /// A line of one piece of something.
    pub fn of(text: &str, price: Decimal, vat_code: &str) -> DraftLine {
        DraftLine {
            text: text.to_owned(),
            description: None,
            product: None,
            quantity: Decimal::ONE,
            unit: PIECE.to_owned(),
            price,
            discount_percent: Decimal::ZERO,
            vat_code: vat_code.to_owned(),
            ledger_account: String::new(),
            period: None,
            order_line: None,
        }
    }
}

/// A file of a draft; its bytes are kept apart, by their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftFile {
    /// A bare file name.
    pub name: String,
    /// Its MIME type.
    pub media_type: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// The invoice that a credit note takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credited {
    /// The invoice's id here.
    pub invoice: String,
    /// BT-25.
    pub number: String,
    /// BT-26.
    pub issued_on: Date,
}

impl Draft {
    /// An empty draft.
    pub fn new(kind: DocumentKind) -> Draft {
        Draft {
            kind,
            customer: None,
            project: None,
            issued_on: None,
            due_on: None,
            delivered_on: None,
            period: None,
            currency: Currency::NOK,
            buyer_reference: None,
            seller_reference: None,
            purchase_order: None,
            description: None,
            text_before: None,
            footer: None,
            lines: Vec::new(),
            files: Vec::new(),
            credits: None,
        }
    }

    /// Reads a draft's form. What no form holds (its kind, its files, what it credits) stays as it is.
    ///
    /// # Errors
    /// Every field that cannot be read, each at its name. What is only missing yet is no fault here.
    pub fn read(&self, sheet: &Sheet) -> Result<Draft, Vec<Fault>> {
        let mut reader = Reader::new(sheet);
        let mut draft = Draft {
            customer: reader.text("customer"),
            project: reader.text("project"),
            issued_on: reader.date("issued_on"),
            due_on: reader.date("due_on"),
            delivered_on: reader.date("delivered_on"),
            period: period(&mut reader),
            currency: reader.parsed("currency", |text| Currency::parse(&text.to_uppercase())).unwrap_or(Currency::NOK),
            buyer_reference: reader.text("buyer_reference"),
            seller_reference: reader.text("seller_reference"),
            purchase_order: reader.text("purchase_order"),
            description: reader.text("description"),
            text_before: reader.lines("text_before"),
            footer: reader.lines("footer"),
            lines: Vec::new(),
            ..self.clone()
        };
        for row in 1..=last_row(sheet) {
            reader.within(format!("line_{row}_"));
            draft.lines.extend(read_line(&mut reader));
        }
        reader.within("");
        if draft.lines.len() > MOST_LINES {
            reader.push("lines", Fault::fatal(codes::FIELD_TOO_MANY).with("field", "lines").with("limit", MOST_LINES));
        }
        reader.finish(draft)
    }

    /// The form, filled in.
    pub fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::default();
        for (field, value) in [
            ("customer", &self.customer),
            ("project", &self.project),
            ("buyer_reference", &self.buyer_reference),
            ("seller_reference", &self.seller_reference),
            ("purchase_order", &self.purchase_order),
            ("description", &self.description),
            ("text_before", &self.text_before),
            ("footer", &self.footer),
        ] {
            sheet.set_some(field, value.as_ref());
        }
        for (field, value) in [("issued_on", self.issued_on), ("due_on", self.due_on), ("delivered_on", self.delivered_on)] {
            sheet.set_some(field, value);
        }
        sheet.set("currency", self.currency.code());
        write_period(&mut sheet, "", self.period);
        for (row, line) in (1..).zip(&self.lines) {
            write_line(&mut sheet, &format!("line_{row}_"), line);
        }
        sheet
    }
}

/// The highest number of a row, at most as many as a draft may have and one more, which is then too many.
fn last_row(sheet: &Sheet) -> usize {
    let row = |name: &str| name.strip_prefix("line_")?.split_once('_')?.0.parse::<usize>().ok();
    sheet.fields().filter_map(|(name, _)| row(name)).max().unwrap_or(0).min(MOST_LINES + 1)
}

/// One line; `None` for a row that nobody wrote in.
fn read_line(reader: &mut Reader<'_>) -> Option<DraftLine> {
    let is_written = ["text", "description", "product", "price"].iter().any(|field| !reader.raw(field).is_empty());
    if !is_written {
        return None;
    }
    let percent = |text: &str| {
        super::sheet::decimal(text.trim_end_matches('%')).filter(|value| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(value))
    };
    Some(DraftLine {
        text: reader.text("text").unwrap_or_default(),
        description: reader.lines("description"),
        product: reader.text("product"),
        quantity: reader.decimal("quantity").unwrap_or(Decimal::ONE),
        unit: reader.parsed("unit", unit).unwrap_or_else(|| PIECE.to_owned()),
        price: price(reader, "price").unwrap_or_default(),
        discount_percent: reader.parsed("discount_percent", percent).unwrap_or_default(),
        vat_code: reader.text("vat_code").unwrap_or_default(),
        ledger_account: reader.text("ledger_account").unwrap_or_default(),
        period: period(reader),
        order_line: reader.text("order_line"),
    })
}

fn write_line(sheet: &mut Sheet, before: &str, line: &DraftLine) {
    let mut set = |field: &str, value: &str| sheet.set(format!("{before}{field}"), value);
    set("text", &line.text);
    set("description", line.description.as_deref().unwrap_or_default());
    set("product", line.product.as_deref().unwrap_or_default());
    set("quantity", &line.quantity.to_string());
    set("unit", &line.unit);
    set("price", &line.price.to_string());
    set("discount_percent", &line.discount_percent.to_string());
    set("vat_code", &line.vat_code);
    set("ledger_account", &line.ledger_account);
    set("order_line", line.order_line.as_deref().unwrap_or_default());
    write_period(sheet, before, line.period);
}

fn period(reader: &mut Reader<'_>) -> Option<Period> {
    let (from, to) = (reader.date("period_from"), reader.date("period_to"));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        reader.push("period_to", Fault::fatal(codes::FIELD_BEFORE).with("field", "period_to").with("other_field", "period_from"));
    }
    (from.is_some() || to.is_some()).then_some(Period { from, to })
}

fn write_period(sheet: &mut Sheet, before: &str, period: Option<Period>) {
    let Period { from, to } = period.unwrap_or_default();
    sheet.set_some(format!("{before}period_from"), from);
    sheet.set_some(format!("{before}period_to"), to);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_filled_again() {
        let sheet = Sheet::of([
            ("customer", "c1"),
            ("due_on", "6.12.2026"),
            ("period_from", "1.11.2026"),
            ("text_before", "Takk for handelen.\r\nSe vedlegg."),
            ("line_1_text", "Rådgivning"),
            ("line_1_quantity", "7,5"),
            ("line_1_unit", "hur"),
            ("line_1_price", "1 250,00"),
            ("line_1_discount_percent", "10 %"),
            ("line_1_vat_code", "3"),
            ("line_2_quantity", "1"),
            ("line_4_text", "Reise"),
        ]);
        let draft = Draft::new(DocumentKind::Invoice).read(&sheet).unwrap();
        assert_eq!(draft.lines.len(), 2, "a row that nobody wrote in is no line: {draft:?}");
        assert_eq!(draft.text_before.as_deref(), Some("Takk for handelen.\nSe vedlegg."));
        assert_eq!(Draft::new(DocumentKind::Invoice).read(&draft.sheet()).unwrap(), draft);
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field() {
        let sheet = Sheet::of([
            ("due_on", "snart"),
            ("period_from", "2.1.2026"),
            ("period_to", "1.1.2026"),
            ("line_1_text", "a"),
            ("line_1_price", "gratis"),
            ("line_3_text", "b"),
            ("line_3_quantity", "mange"),
            ("line_3_discount_percent", "101"),
        ]);
        let faults = Draft::new(DocumentKind::Invoice).read(&sheet).unwrap_err();
        let told: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
        assert_eq!(
            told,
            [
                "field.invalid due_on",
                "field.before period_to",
                "field.invalid line_1_price",
                "field.invalid line_3_quantity",
                "field.invalid line_3_discount_percent",
            ]
        );
        let many = Sheet::of((1..=501).map(|row| (format!("line_{row}_text"), "x")));
        let faults = Draft::new(DocumentKind::Invoice).read(&many).unwrap_err();
        assert_eq!((faults[0].code, faults[0].place.as_str()), (codes::FIELD_TOO_MANY, "lines"));
    }
}
