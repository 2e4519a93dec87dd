//! Supplier invoices: registered, approved and booked by the company's people, read by a hub that wants expenses.
//!
//! Their amounts are texts, as in the real one.

use serde_json::{Value, json};

use super::amounts::{hundredths, text as written};
use super::books::{Object, Shelf};
use super::chart;
use super::fields::{Fields, Fits, enter, opened};
use super::invoices::money;
use super::lists::Listing;
use super::refusals::Refused;
use super::vouchers::{Draft, Posting, booked, known_project};
use super::work::{Done, Outcome, Work, day, flag, text};

const FIELDS: Fields = &[
    ("@url", Fits::Read),
    ("GivenNumber", Fits::Read),
    ("InvoiceNumber", Fits::Text(50)),
    ("SupplierNumber", Fits::Text(50)),
    ("SupplierName", Fits::Read),
    ("InvoiceDate", Fits::Date),
    ("DueDate", Fits::Date),
    ("Total", Fits::Quantity),
    ("VAT", Fits::Quantity),
    ("Currency", Fits::Currency),
    ("CurrencyRate", Fits::Quantity),
    ("Project", Fits::Text(20)),
    ("CostCenter", Fits::Text(6)),
    ("Comments", Fits::Text(1024)),
    ("OCR", Fits::Text(50)),
    ("ExternalInvoiceNumber", Fits::Text(50)),
    ("ExternalInvoiceSeries", Fits::Text(50)),
    ("SupplierInvoiceRows", Fits::List),
    ("Balance", Fits::Read),
    ("Booked", Fits::Read),
    ("Cancelled", Fits::Read),
    ("Credit", Fits::Read),
    ("FinalPayDate", Fits::Read),
    ("Vouchers", Fits::Read),
    ("AuthorizerName", Fits::Read),
];

/// What a row may be: the total, VAT, freight, a fee, rounding, an ordinary row.
const CODES: &[&str] = &["TOT", "VAT", "FRT", "AFE", "ROV", "CND", "CNC", "PRD", "PRC", "SRD", "SRC", "PRE", "GWB", "ACC"];

const ROW: Fields = &[
    ("Account", Fits::Account),
    ("AccountDescription", Fits::Read),
    ("Code", Fits::OneOf(CODES)),
    ("Debit", Fits::Quantity),
    ("Credit", Fits::Quantity),
    ("DebitCurrency", Fits::Read),
    ("CreditCurrency", Fits::Read),
    ("Project", Fits::Text(20)),
    ("CostCenter", Fits::Text(6)),
    ("ItemDescription", Fits::Text(255)),
    ("Price", Fits::Quantity),
    ("Quantity", Fits::Quantity),
    ("Total", Fits::Quantity),
    ("TransactionInformation", Fits::Text(100)),
    ("ArticleNumber", Fits::Text(50)),
    ("Unit", Fits::Text(6)),
];

/// How they are listed: `Cancel` here is `Cancelled` on a single one.
pub const LISTING: Listing = Listing {
    shelf: Shelf::SupplierInvoices,
    name: "SupplierInvoices",
    shows: &[
        "@url",
        "AuthorizerName",
        "Balance",
        "Booked",
        "Cancel",
        "CostCenter",
        "Credit",
        "Currency",
        "CurrencyRate",
        "DueDate",
        "ExternalInvoiceNumber",
        "ExternalInvoiceSeries",
        "FinalPayDate",
        "GivenNumber",
        "InvoiceDate",
        "InvoiceNumber",
        "Project",
        "SupplierName",
        "SupplierNumber",
        "Total",
        "Vouchers",
    ],
    searches: &[
        ("project", "Project"),
        ("costcenter", "CostCenter"),
        ("suppliernumber", "SupplierNumber"),
        ("suppliername", "SupplierName"),
        ("ocr", "OCR"),
        ("invoicenumber", "InvoiceNumber"),
    ],
    words: &[
        ("cancelled", |value, _| flag(value, "Cancel")),
        ("fullypaid", |value, _| money(value, "Balance") == 0),
        ("unpaid", |value, _| money(value, "Balance") != 0),
        ("unpaidoverdue", |value, work| {
            money(value, "Balance") != 0 && day(value, "DueDate").is_some_and(|due| due < work.today())
        }),
        ("unbooked", |value, _| !flag(value, "Booked") && !flag(value, "Cancel")),
        ("pendingpayment", |value, _| flag(value, "Booked") && money(value, "Balance") != 0),
        ("authorizepending", |value, _| !flag(value, "_approved") && !flag(value, "Cancel")),
    ],
    dated: None,
    texts: &[],
};

/// Registers one.
///
/// # Errors
/// A field does not fit, the supplier, project or account is not there, or the rows do not balance (2000755).
pub fn create(body: &[u8], work: &Work<'_>) -> Outcome {
    let sent = opened(body, "SupplierInvoice")?;
    let mut record = json!({
        "InvoiceDate": work.today(), "Currency": "SEK", "CurrencyRate": "1", "Booked": false, "Cancelled": false, "Cancel": false,
        "Credit": "false", "FinalPayDate": null, "Vouchers": [], "AuthorizerName": "", "Project": "", "CostCenter": "", "_approved": false,
    })
    .as_object()
    .cloned()
    .unwrap_or_default();
    enter(&mut record, &sent, FIELDS)?;
    let supplier = work.house.get(Shelf::Suppliers, text(&record, "SupplierNumber"));
    let supplier = supplier.ok_or_else(|| Refused::bad(2_999_001, "Kan inte hitta leverantören."))?;
    let name = text(&supplier.value, "Name").to_owned();
    known_project(work, text(&record, "Project"))?;
    let (mut rows, mut sum) = (Vec::new(), 0);
    for row in sent.get("SupplierInvoiceRows").and_then(Value::as_array).into_iter().flatten() {
        let mut kept =
            json!({ "Code": "PRE", "Debit": "0.00", "Credit": "0.00", "Project": "" }).as_object().cloned().unwrap_or_default();
        enter(&mut kept, row.as_object().unwrap_or(&Object::new()), ROW)?;
        known_project(work, text(&kept, "Project"))?;
        let account = account_of(&kept);
        chart::account(work, account, true)?;
        sum += money(&kept, "Debit") - money(&kept, "Credit");
        kept.insert("Account".to_owned(), json!(account));
        rows.push(Value::Object(kept));
    }
    if sum != 0 || rows.len() < 2 {
        return Err(Refused::bad(2_000_755, "Leverantörsfakturan balanserar inte."));
    }
    let number = work.house.next(Shelf::SupplierInvoices);
    let total = record.get("Total").and_then(hundredths).unwrap_or(0);
    let made = [
        ("SupplierInvoiceRows", Value::Array(rows)),
        ("SupplierName", json!(name)),
        ("GivenNumber", json!(number)),
        ("Credit", json!((total < 0).to_string())),
        ("Balance", json!(written(total))),
        ("@url", json!(format!("/3/supplierinvoices/{number}"))),
    ];
    record.extend(made.map(|(name, value)| (name.to_owned(), value)));
    let done = Done::made(shown(&record), "supplierinvoices");
    Ok(Done { puts: vec![(Shelf::SupplierInvoices, number, record)], ..done })
}

fn account_of(row: &Object) -> u16 {
    let usual = match text(row, "Code") {
        "TOT" => 2440,
        "VAT" => 2640,
        "ROV" => chart::ROUNDING,
        _ => 4000,
    };
    row.get("Account").and_then(Value::as_u64).and_then(|account| u16::try_from(account).ok()).unwrap_or(usual)
}

/// What the company's people do with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Approves it.
    Approve,
    /// Books it.
    Bookkeep,
    /// Cancels it.
    Cancel,
}

/// Does a step.
///
/// # Errors
/// There is none, it is cancelled, or it is booked already.
pub fn step(number: &str, step: Step, work: &Work<'_>) -> Outcome {
    let mut record = found(number, work)?.clone();
    if flag(&record, "Cancelled") || (step != Step::Approve && flag(&record, "Booked")) {
        return Err(Refused::bad(2_999_017, "Leverantörsfakturan är bokförd eller makulerad."));
    }
    let mut puts = Vec::new();
    match step {
        Step::Approve => {
            record.insert("_approved".to_owned(), json!(true));
            record.insert("AuthorizerName".to_owned(), json!("Kim Sandberg"));
        }
        Step::Cancel => {
            record.insert("Cancelled".to_owned(), json!(true));
            record.insert("Cancel".to_owned(), json!(true));
            record.insert("Balance".to_owned(), json!("0.00"));
        }
        Step::Bookkeep => {
            let (key, voucher) = booked(&draft(&record, number, work), work)?;
            let named = json!({
                "Series": "D", "Number": voucher.get("VoucherNumber"), "Year": voucher.get("Year"), "ReferenceType": "SUPPLIERINVOICE",
            });
            record.insert("Vouchers".to_owned(), json!([named]));
            record.insert("Booked".to_owned(), json!(true));
            puts.push((Shelf::Vouchers, key, voucher));
        }
    }
    let body = shown(&record);
    puts.push((Shelf::SupplierInvoices, number.to_owned(), record));
    Ok(Done { puts, ..Done::said(body) })
}

fn draft<'a>(record: &Object, number: &'a str, work: &Work<'_>) -> Draft<'a> {
    let rows = record.get("SupplierInvoiceRows").and_then(Value::as_array).into_iter().flatten();
    let posting = |row: &Object| Posting {
        account: account_of(row),
        amount: money(row, "Debit") - money(row, "Credit"),
        project: [text(row, "Project"), text(record, "Project")]
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned(),
    };
    Draft {
        series: "D",
        reference: ("SUPPLIERINVOICE", number),
        description: format!("Leverantörsfaktura {number}, {}", text(record, "SupplierName")),
        day: day(record, "InvoiceDate").unwrap_or_else(|| work.today()),
        postings: rows.filter_map(Value::as_object).map(posting).collect(),
    }
}

/// Shows one.
///
/// # Errors
/// There is none.
pub fn show(number: &str, work: &Work<'_>) -> Outcome {
    Ok(Done::said(shown(found(number, work)?)))
}

/// A supplier invoice.
///
/// # Errors
/// There is none.
pub fn found<'a>(number: &str, work: &Work<'a>) -> Result<&'a Object, Refused> {
    let kept = work.house.get(Shelf::SupplierInvoices, number);
    kept.map(|kept| &kept.value).ok_or_else(|| Refused::missing(2_999_018, "Kan inte hitta leverantörsfakturan."))
}

/// Who approved it is in the list only.
fn shown(record: &Object) -> Value {
    let is_shown = |name: &str| !name.starts_with('_') && name != "Cancel" && name != "AuthorizerName";
    let visible: Object =
        record.iter().filter(|(name, _)| is_shown(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    json!({ "SupplierInvoice": visible })
}
