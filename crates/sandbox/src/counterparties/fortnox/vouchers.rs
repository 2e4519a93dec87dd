//! Vouchers: made by hand, and of what is booked. Each has series, number and financial year; nobody chooses the number, and
//! nothing changes one.

use serde_json::{Value, json};

use super::amounts::{hundredths, number};
use super::books::{Object, Shelf};
use super::chart::{self, SERIES};
use super::fields::{Fields, Fits, enter, opened};
use super::lists::Listing;
use super::refusals::Refused;
use super::work::{Done, Outcome, Work, day, text};

const FIELDS: Fields = &[
    ("@url", Fits::Read),
    ("VoucherSeries", Fits::Text(10)),
    ("TransactionDate", Fits::Date),
    ("Description", Fits::Text(200)),
    ("Comments", Fits::Text(1000)),
    ("CostCenter", Fits::Text(6)),
    ("Project", Fits::Text(20)),
    ("VoucherRows", Fits::List),
    ("VoucherNumber", Fits::Read),
    ("Year", Fits::Read),
    ("ReferenceNumber", Fits::Read),
    ("ReferenceType", Fits::Read),
    ("ApprovalState", Fits::Read),
];

const ROW: Fields = &[
    ("Account", Fits::Account),
    ("Debit", Fits::Money),
    ("Credit", Fits::Money),
    ("CostCenter", Fits::Text(6)),
    ("Project", Fits::Text(20)),
    ("Description", Fits::Text(200)),
    ("Quantity", Fits::Money),
    ("TransactionInformation", Fits::Text(100)),
    ("Removed", Fits::Read),
];

/// How they are listed.
pub const LISTING: Listing = Listing {
    shelf: Shelf::Vouchers,
    name: "Vouchers",
    shows: &[
        "@url",
        "Comments",
        "Description",
        "ReferenceNumber",
        "ReferenceType",
        "TransactionDate",
        "VoucherNumber",
        "VoucherSeries",
        "Year",
    ],
    searches: &[("voucherseries", "VoucherSeries"), ("description", "Description")],
    words: &[],
    dated: Some("TransactionDate"),
    texts: &[],
};

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// On this account.
    pub account: u16,
    /// Hundredths; more than nothing is debit.
    pub amount: i64,
    /// On this project, empty where on none.
    pub project: String,
}

/// What a voucher is made of.
#[derive(Debug)]
pub struct Draft<'a> {
    /// Which series.
    pub series: &'a str,
    /// What it is of: INVOICE and its like, with a number.
    pub reference: (&'a str, &'a str),
    /// What it says.
    pub description: String,
    /// On which day.
    pub day: jiff::civil::Date,
    /// What is posted.
    pub postings: Vec<Posting>,
}

/// Makes a voucher; gives its key and the record.
///
/// # Errors
/// An account cannot be booked on, or the day is in no open financial year.
pub fn booked(draft: &Draft<'_>, work: &Work<'_>) -> Result<(String, Object), Refused> {
    let year = chart::open_year(work, draft.day)?;
    let mut rows = Vec::new();
    for posting in draft.postings.iter().filter(|posting| posting.amount != 0) {
        chart::account(work, posting.account, !posting.project.is_empty())?;
        let (debit, credit) = if posting.amount > 0 { (posting.amount, 0) } else { (0, -posting.amount) };
        rows.push(json!({
            "Account": posting.account, "Debit": number(debit), "Credit": number(credit), "Project": posting.project, "CostCenter": "",
            "Description": "", "TransactionInformation": "", "Removed": false,
        }));
    }
    let record = json!({
        "VoucherSeries": draft.series, "TransactionDate": draft.day, "Description": draft.description, "Comments": "",
        "ReferenceType": draft.reference.0, "ReferenceNumber": draft.reference.1, "VoucherRows": rows,
    });
    Ok(numbered(record.as_object().cloned().unwrap_or_default(), draft.series, year, work))
}

/// Makes a voucher by hand.
///
/// # Errors
/// It does not balance, or what [`booked`] says.
pub fn create(body: &[u8], work: &Work<'_>) -> Outcome {
    let sent = opened(body, "Voucher")?;
    let mut record = Object::new();
    enter(&mut record, &sent, FIELDS)?;
    let series = text(&record, "VoucherSeries").to_owned();
    let on = day(&record, "TransactionDate");
    let (true, Some(on), false) = (SERIES.iter().any(|(code, _)| *code == series), on, text(&record, "Description").is_empty())
    else {
        return Err(Refused::bad(2_999_012, "VoucherSeries, TransactionDate eller Description saknas."));
    };
    let (rows, sum) = rows(&sent, &record, work)?;
    if rows.len() < 2 || sum != 0 {
        return Err(Refused::bad(2_999_006, "Verifikationen balanserar inte."));
    }
    let year = chart::open_year(work, on)?;
    let said = format!("{on}/{}/{}", text(&record, "Description"), Value::Array(rows.clone()));
    record.insert("VoucherRows".to_owned(), Value::Array(rows));
    record.insert("ReferenceType".to_owned(), json!("MANUAL"));
    let (key, record) = numbered(record, &series, year, work);
    // Who books the same by hand twice says the same of the same day.
    let what = format!("voucher {on}/{}/{}", text(&record, "Description"), digest(&said));
    let line = work.line("voucher", &what, None, &key, said.as_bytes());
    let done = Done::made(json!({ "Voucher": record }), "vouchers");
    Ok(Done { lines: vec![line], puts: vec![(Shelf::Vouchers, key, record)], ..done })
}

/// Rows as they are kept, and debit minus credit.
fn rows(sent: &Object, header: &Object, work: &Work<'_>) -> Result<(Vec<Value>, i64), Refused> {
    let (mut rows, mut sum) = (Vec::new(), 0);
    for row in sent.get("VoucherRows").and_then(Value::as_array).into_iter().flatten() {
        let mut kept = json!({ "Debit": 0, "Credit": 0, "Removed": false }).as_object().cloned().unwrap_or_default();
        enter(&mut kept, row.as_object().unwrap_or(&Object::new()), ROW)?;
        let account = kept.get("Account").and_then(Value::as_u64).and_then(|account| u16::try_from(account).ok());
        let account = account.ok_or_else(|| Refused::bad(2_000_423, "Konto saknas."))?;
        let project =
            [text(&kept, "Project"), text(header, "Project")].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        known_project(work, project)?;
        chart::account(work, account, !project.is_empty())?;
        let amount = |name| kept.get(name).and_then(hundredths).unwrap_or(0);
        sum += amount("Debit") - amount("Credit");
        rows.push(Value::Object(kept));
    }
    Ok((rows, sum))
}

/// Is there such a project, where one is named?
///
/// # Errors
/// 2001161.
pub fn known_project(work: &Work<'_>, project: &str) -> Result<(), Refused> {
    if project.is_empty() || work.house.get(Shelf::Projects, project).is_some() {
        return Ok(());
    }
    Err(Refused::bad(2_001_161, format!("Kan inte hitta projektet {project}.")))
}

fn numbered(mut record: Object, series: &str, year: i64, work: &Work<'_>) -> (String, Object) {
    let number = work.house.next_voucher(series, year);
    record.insert("VoucherNumber".to_owned(), json!(number));
    record.insert("Year".to_owned(), json!(year));
    record.insert("@url".to_owned(), json!(format!("/3/vouchers/{series}/{number}?financialyear={year}")));
    (format!("{series}/{number}/{year}"), record)
}

fn digest(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(&Sha256::digest(text)[..8])
}

/// Shows one of a financial year: the one asked for, else that of today.
///
/// # Errors
/// There is none.
pub fn show(series: &str, number: &str, work: &Work<'_>) -> Outcome {
    let today = work.house.switches.year_of(work.today()).unwrap_or_default();
    let year = work.asked("financialyear").map_or_else(|| today.to_string(), ToOwned::to_owned);
    let kept = work.house.get(Shelf::Vouchers, &format!("{series}/{number}/{year}"));
    let kept = kept.ok_or_else(|| Refused::missing(2_999_007, "Kan inte hitta verifikationen."))?;
    Ok(Done::said(json!({ "Voucher": kept.value })))
}
