//! Customer invoices: made with a number of the sender's choosing, summed here, booked, credited, cancelled.
//!
//! Sums are never taken from the sender: they follow from rows, rounded to two decimals each, and VAT from the sum of each rate.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::amounts::{divided, hundredths, number, percent_of, product, text as written};
use super::books::{Object, Shelf};
use super::chart;
use super::fields::{Fields, Fits, enter, opened};
use super::lists::Listing;
use super::refusals::Refused;
use super::tenants::with_check_digit;
use super::vouchers::{Draft, Posting, booked, known_project};
use super::work::{Done, Outcome, Work, day, flag, text};

const FIELDS: Fields = &[
    ("@url", Fits::Read),
    ("@urlTaxReductionList", Fits::Read),
    ("DocumentNumber", Fits::Digits(10)),
    ("CustomerNumber", Fits::Text(1024)),
    ("CustomerName", Fits::Text(1024)),
    ("InvoiceDate", Fits::Date),
    ("DueDate", Fits::Date),
    ("DeliveryDate", Fits::Date),
    ("OCR", Fits::Text(50)),
    ("YourReference", Fits::Text(50)),
    ("OurReference", Fits::Text(50)),
    ("YourOrderNumber", Fits::Text(75)),
    ("ExternalInvoiceReference1", Fits::Text(80)),
    ("ExternalInvoiceReference2", Fits::Text(80)),
    ("Project", Fits::Text(20)),
    ("CostCenter", Fits::Text(6)),
    ("Currency", Fits::Currency),
    ("CurrencyRate", Fits::Money),
    ("CurrencyUnit", Fits::Money),
    ("VATIncluded", Fits::Flag),
    ("InvoiceType", Fits::OneOf(&["INVOICE", "AGREEMENTINVOICE", "INTRESTINVOICE", "SUMMARYINVOICE", "CASHINVOICE"])),
    ("Language", Fits::OneOf(&["SV", "EN"])),
    ("Remarks", Fits::Text(1024)),
    ("Comments", Fits::Text(1024)),
    ("TermsOfPayment", Fits::Text(30)),
    ("CreditInvoiceReference", Fits::Digits(10)),
    ("NotCompleted", Fits::Flag),
    ("Address1", Fits::Text(1024)),
    ("Address2", Fits::Text(1024)),
    ("ZipCode", Fits::Text(10)),
    ("City", Fits::Text(1024)),
    ("Country", Fits::Text(1024)),
    ("OrganisationNumber", Fits::Text(30)),
    ("InvoiceRows", Fits::List),
    ("AccountingMethod", Fits::Read),
    ("Balance", Fits::Read),
    ("Booked", Fits::Read),
    ("Cancelled", Fits::Read),
    ("Credit", Fits::Read),
    ("FinalPayDate", Fits::Read),
    ("Gross", Fits::Read),
    ("InvoiceReference", Fits::Read),
    ("Net", Fits::Read),
    ("NoxFinans", Fits::Read),
    ("RoundOff", Fits::Read),
    ("Sent", Fits::Read),
    ("Total", Fits::Read),
    ("TotalToPay", Fits::Read),
    ("TotalVAT", Fits::Read),
    ("VoucherNumber", Fits::Read),
    ("VoucherSeries", Fits::Read),
    ("VoucherYear", Fits::Read),
];

const ROW: Fields = &[
    ("RowId", Fits::Read),
    ("AccountNumber", Fits::Account),
    ("ArticleNumber", Fits::Text(50)),
    ("Description", Fits::Text(255)),
    ("DeliveredQuantity", Fits::Quantity),
    ("Price", Fits::Money),
    ("VAT", Fits::Percent),
    ("VATCode", Fits::Read),
    ("Discount", Fits::Money),
    ("DiscountType", Fits::OneOf(&["AMOUNT", "PERCENT"])),
    ("Unit", Fits::Text(6)),
    ("Project", Fits::Text(20)),
    ("CostCenter", Fits::Text(6)),
    ("HouseWork", Fits::Flag),
    ("PriceExcludingVAT", Fits::Read),
    ("Total", Fits::Read),
    ("TotalExcludingVAT", Fits::Read),
];

/// How they are listed. A rate that is a number elsewhere is a text here, as in the real one.
pub const LISTING: Listing = Listing {
    shelf: Shelf::Invoices,
    name: "Invoices",
    shows: &[
        "@url",
        "Balance",
        "Booked",
        "Cancelled",
        "CostCenter",
        "Currency",
        "CurrencyRate",
        "CurrencyUnit",
        "CustomerName",
        "CustomerNumber",
        "DocumentNumber",
        "DueDate",
        "ExternalInvoiceReference1",
        "ExternalInvoiceReference2",
        "FinalPayDate",
        "InvoiceDate",
        "InvoiceType",
        "NoxFinans",
        "OCR",
        "Project",
        "Sent",
        "TermsOfPayment",
        "Total",
        "VoucherNumber",
        "VoucherSeries",
        "VoucherYear",
    ],
    searches: &[
        ("documentnumber", "DocumentNumber"),
        ("customernumber", "CustomerNumber"),
        ("customername", "CustomerName"),
        ("ocr", "OCR"),
        ("ourreference", "OurReference"),
        ("yourreference", "YourReference"),
        ("project", "Project"),
        ("costcenter", "CostCenter"),
        ("sent", "Sent"),
        ("currency", "Currency"),
        ("invoicetype", "InvoiceType"),
        ("credit", "Credit"),
        ("yourordernumber", "YourOrderNumber"),
        ("externalinvoicereference1", "ExternalInvoiceReference1"),
        ("externalinvoicereference2", "ExternalInvoiceReference2"),
    ],
    words: &[
        ("cancelled", |value, _| flag(value, "Cancelled")),
        ("fullypaid", |value, _| !flag(value, "Cancelled") && balance(value) == 0),
        ("unpaid", |value, _| !flag(value, "Cancelled") && balance(value) != 0),
        ("unpaidoverdue", |value, work| {
            !flag(value, "Cancelled") && balance(value) != 0 && day(value, "DueDate").is_some_and(|due| due < work.today())
        }),
        ("unbooked", |value, _| !flag(value, "Booked") && !flag(value, "Cancelled")),
    ],
    dated: Some("InvoiceDate"),
    texts: &["CurrencyRate", "CurrencyUnit"],
};

fn balance(value: &Object) -> i64 {
    money(value, "Balance")
}

/// The amount under a name, in hundredths; nothing where there is none.
pub fn money(value: &Object, name: &str) -> i64 {
    value.get(name).and_then(hundredths).unwrap_or(0)
}

/// Makes one.
///
/// # Errors
/// A field does not fit, the customer, project or account is not there, or the number is taken.
pub fn create(body: &[u8], work: &Work<'_>) -> Outcome {
    let sent = opened(body, "Invoice")?;
    let today = work.today();
    let mut record = json!({
        "InvoiceType": "INVOICE", "Currency": "SEK", "CurrencyRate": 1, "CurrencyUnit": 1, "VATIncluded": false, "Booked": false,
        "Cancelled": false, "Sent": false, "NoxFinans": false, "NotCompleted": false, "Language": "SV", "InvoiceDate": today,
        "AccountingMethod": "ACCRUAL", "CreditInvoiceReference": "0", "InvoiceReference": "0", "FinalPayDate": null,
        "VoucherNumber": null, "VoucherSeries": null, "VoucherYear": null,
    })
    .as_object()
    .cloned()
    .unwrap_or_default();
    let document = match sent.get("DocumentNumber") {
        None | Some(Value::Null) => work.house.next(Shelf::Invoices),
        Some(Value::Number(number)) => number.to_string(),
        Some(other) => {
            other.as_str().filter(|text| !text.is_empty()).map_or_else(|| work.house.next(Shelf::Invoices), ToOwned::to_owned)
        }
    };
    let is_own_ocr = sent.get("OCR").and_then(Value::as_str).is_some_and(|ocr| !ocr.is_empty());
    fill(&mut record, &sent, work)?;
    if work.house.get(Shelf::Invoices, &document).is_some() {
        return Err(Refused::bad(2_999_014, format!("Fakturanummer {document} används redan.")));
    }
    if !is_own_ocr {
        record.insert("OCR".to_owned(), json!(ocr(&document)));
    }
    record.insert("_own_ocr".to_owned(), json!(is_own_ocr));
    record.insert("DocumentNumber".to_owned(), json!(document));
    record.insert("@url".to_owned(), json!(format!("/3/invoices/{document}")));
    let mut puts = credited(&mut record, &document, work)?;
    let done = Done::made(shown(&record, work), "invoices");
    puts.push((Shelf::Invoices, document, record));
    Ok(Done { puts, hangs_up: work.house.switches.hangs_up_after_creating, ..done })
}

/// What crediting an invoice does to it: it names the credit, and the credit names it.
fn credited(record: &mut Object, document: &str, work: &Work<'_>) -> Result<Vec<(Shelf, String, Object)>, Refused> {
    let original = text(record, "CreditInvoiceReference").to_owned();
    let is_credit = original != "0" || money(record, "Total") < 0;
    record.insert("Credit".to_owned(), json!(is_credit.to_string()));
    if original == "0" {
        return Ok(Vec::new());
    }
    let kept = work.house.get(Shelf::Invoices, &original);
    let mut changed = kept.ok_or_else(|| Refused::bad(2_000_434, format!("Kan inte hitta fakturan {original}.")))?.value.clone();
    changed.insert("CreditInvoiceReference".to_owned(), json!(document));
    Ok(vec![(Shelf::Invoices, original, changed)])
}

/// Changes one that is not booked.
///
/// # Errors
/// There is none, it is booked or cancelled, or a field does not fit.
pub fn update(document: &str, body: &[u8], work: &Work<'_>) -> Outcome {
    let mut record = open(document, work)?;
    let sent = opened(body, "Invoice")?;
    fill(&mut record, &sent, work)?;
    record.insert("DocumentNumber".to_owned(), json!(document));
    Ok(Done { puts: vec![(Shelf::Invoices, document.to_owned(), record.clone())], ..Done::said(shown(&record, work)) })
}

/// Enters header and rows, and sums.
fn fill(record: &mut Object, sent: &Object, work: &Work<'_>) -> Result<(), Refused> {
    enter(record, sent, FIELDS)?;
    let customer = text(record, "CustomerNumber").to_owned();
    let kept = work.house.get(Shelf::Customers, &customer);
    let kept = kept.ok_or_else(|| Refused::bad(2_000_433, format!("Kan inte hitta kunden {customer}.")))?;
    record.entry("CustomerName").or_insert_with(|| json!(text(&kept.value, "Name")));
    known_project(work, text(record, "Project"))?;
    if !record.contains_key("DueDate") {
        let due = day(record, "InvoiceDate").unwrap_or_else(|| work.today()).saturating_add(jiff::ToSpan::days(30));
        record.insert("DueDate".to_owned(), json!(due));
    }
    let without_vat = ["SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"].contains(&text(&kept.value, "VATType"));
    if let Some(rows) = sent.get("InvoiceRows").and_then(Value::as_array) {
        let rows = rows.iter().enumerate().map(|(at, row)| entered(row, at + 1, record, without_vat, work));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        record.insert("InvoiceRows".to_owned(), Value::Array(rows));
    }
    record.entry("InvoiceRows").or_insert_with(|| json!([]));
    sum(record, work)
}

fn entered(row: &Value, id: usize, header: &Object, without_vat: bool, work: &Work<'_>) -> Result<Value, Refused> {
    let mut kept = Object::new();
    enter(&mut kept, row.as_object().unwrap_or(&Object::new()), ROW)?;
    kept.insert("RowId".to_owned(), json!(id));
    if !kept.contains_key("Price") && !kept.contains_key("AccountNumber") {
        return Ok(Value::Object(kept));
    }
    if kept.contains_key("ArticleNumber") {
        return Err(Refused::bad(2_000_428, "Kan inte hitta artikeln."));
    }
    let percent = if without_vat { 0 } else { money(&kept, "VAT") / 100 };
    let percent = if kept.contains_key("VAT") || without_vat { percent } else { 25 };
    let (code, _) = chart::rate(work, percent)?;
    let project = text(&kept, "Project").to_owned();
    known_project(work, &project)?;
    let has_project = !project.is_empty() || !text(header, "Project").is_empty();
    let account = kept.get("AccountNumber").and_then(Value::as_u64).and_then(|account| u16::try_from(account).ok());
    let account = account.unwrap_or_else(|| chart::usual_account(percent));
    chart::account(work, account, has_project)?;
    let quantity = if kept.contains_key("DeliveredQuantity") { money(&kept, "DeliveredQuantity") } else { 100 };
    let whole = product(quantity, money(&kept, "Price"));
    let discount = money(&kept, "Discount");
    let total = match text(&kept, "DiscountType") {
        "AMOUNT" => whole - discount,
        _ => whole - divided(i128::from(whole) * i128::from(discount), 10_000),
    };
    kept.insert("AccountNumber".to_owned(), json!(account));
    kept.insert("VAT".to_owned(), json!(percent));
    kept.insert("VATCode".to_owned(), json!(code));
    kept.insert("DeliveredQuantity".to_owned(), json!(written(quantity)));
    kept.insert("Total".to_owned(), number(total));
    Ok(Value::Object(kept))
}

/// One rate's or account's share of an invoice.
struct Share {
    percent: i64,
    account: u16,
    project: String,
    total: i64,
}

fn shares(record: &Object) -> Vec<Share> {
    let rows = record.get("InvoiceRows").and_then(Value::as_array).into_iter().flatten();
    let share = |row: &Value| {
        let row = row.as_object()?;
        let account = u16::try_from(row.get("AccountNumber")?.as_u64()?).ok()?;
        let project =
            [text(row, "Project"), text(record, "Project")].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        Some(Share { percent: row.get("VAT")?.as_i64()?, account, project: project.to_owned(), total: money(row, "Total") })
    };
    rows.filter_map(share).collect()
}

/// Net and VAT of each rate. Where prices are with VAT, it is taken out of the rate's sum.
fn rates(record: &Object) -> BTreeMap<i64, (i64, i64)> {
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    for share in shares(record) {
        *sums.entry(share.percent).or_default() += share.total;
    }
    let split = |(percent, sum): (i64, i64)| {
        let vat = if flag(record, "VATIncluded") {
            divided(i128::from(sum) * i128::from(percent), 100 + i128::from(percent))
        } else {
            percent_of(sum, percent)
        };
        (percent, if flag(record, "VATIncluded") { (sum - vat, vat) } else { (sum, vat) })
    };
    sums.into_iter().map(split).collect()
}

fn sum(record: &mut Object, work: &Work<'_>) -> Result<(), Refused> {
    let rates = rates(record);
    for percent in rates.keys() {
        chart::rate(work, *percent)?;
    }
    let net: i64 = rates.values().map(|(net, _)| net).sum();
    let vat: i64 = rates.values().map(|(_, vat)| vat).sum();
    let exact = net + vat;
    let rounds = work.house.switches.rounds && text(record, "Currency") == "SEK";
    let total = if rounds { divided(i128::from(exact), 100) * 100 } else { exact };
    let sums = [
        ("Net", net),
        ("Gross", net),
        ("TotalVAT", vat),
        ("RoundOff", total - exact),
        ("Total", total),
        ("TotalToPay", total),
        ("Balance", total),
    ];
    for (name, amount) in sums {
        record.insert(name.to_owned(), number(amount));
    }
    Ok(())
}

/// Books one: the voucher's series, number and year are on it from then on.
///
/// # Errors
/// There is none, it is booked, cancelled or not completed, or it cannot be booked on that day.
pub fn bookkeep(document: &str, work: &Work<'_>) -> Outcome {
    let mut record = open(document, work)?;
    if flag(&record, "NotCompleted") {
        return Err(Refused::bad(2_999_015, "Fakturan är inte färdig."));
    }
    let on = day(&record, "InvoiceDate").unwrap_or_else(|| work.today());
    let draft = Draft {
        series: "B",
        reference: ("INVOICE", document),
        description: format!("Kundfaktura {document}, {}", text(&record, "CustomerName")),
        day: on,
        postings: postings(&record, work)?,
    };
    let (key, voucher) = booked(&draft, work)?;
    for (name, from) in [("VoucherNumber", "VoucherNumber"), ("VoucherSeries", "VoucherSeries"), ("VoucherYear", "Year")] {
        record.insert(name.to_owned(), voucher.get(from).cloned().unwrap_or(Value::Null));
    }
    record.insert("Booked".to_owned(), json!(true));
    let said = json!(voucher.get("VoucherRows")).to_string();
    let line = work.line("voucher", &format!("invoice {}", known_as(&record)), Some(document), &key, said.as_bytes());
    let puts = vec![(Shelf::Vouchers, key, voucher), (Shelf::Invoices, document.to_owned(), record.clone())];
    let hangs_up = work.house.switches.hangs_up_after_booking;
    Ok(Done { puts, lines: vec![line], hangs_up, ..Done::said(shown(&record, work)) })
}

/// What the customer would call the same invoice: its payment reference, where the sender gave one. Without one, and for credits, which
/// nobody pays, the document's number.
fn known_as(record: &Object) -> String {
    let customer = text(record, "CustomerNumber");
    let is_credit = text(record, "Credit") == "true";
    if flag(record, "_own_ocr") && !is_credit {
        return format!("{customer}/{}", text(record, "OCR"));
    }
    format!("{customer}/{}{}", if is_credit { "credit " } else { "" }, text(record, "DocumentNumber"))
}

fn postings(record: &Object, work: &Work<'_>) -> Result<Vec<Posting>, Refused> {
    let plain = |account, amount| Posting { account, amount, project: String::new() };
    let rates = rates(record);
    let mut postings = vec![plain(chart::RECEIVABLES, money(record, "Total"))];
    let mut sales: BTreeMap<(u16, String), i64> = BTreeMap::new();
    for share in shares(record) {
        *sales.entry((share.account, share.project)).or_default() += share.total;
    }
    postings.extend(sales.into_iter().map(|((account, project), total)| Posting { account, amount: -total, project }));
    for (percent, (_, vat)) in &rates {
        let (_, account) = chart::rate(work, *percent)?;
        postings.push(plain(account, -vat));
    }
    postings.push(plain(chart::ROUNDING, -money(record, "RoundOff")));
    // Where prices are with VAT, the sales accounts have it in them still.
    if flag(record, "VATIncluded")
        && let Some(first) = postings.get_mut(1)
    {
        first.amount += rates.values().map(|(_, vat)| vat).sum::<i64>();
    }
    Ok(postings)
}

/// Makes the credit of a whole invoice, under a number that Fortnox chooses; answers with the invoice, which names it.
///
/// # Errors
/// There is none, or it is credited or cancelled.
pub fn credit(document: &str, work: &Work<'_>) -> Outcome {
    let original = found(document, work)?;
    if text(original, "CreditInvoiceReference") != "0" || flag(original, "Cancelled") {
        return Err(Refused::bad(2_999_016, "Fakturan är redan krediterad eller makulerad."));
    }
    let number = work.house.next(Shelf::Invoices);
    let mut record = original.clone();
    for row in record.get_mut("InvoiceRows").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(row) = row.as_object_mut().filter(|row| row.contains_key("Total")) {
            let (quantity, total) = (money(row, "DeliveredQuantity"), money(row, "Total"));
            row.insert("DeliveredQuantity".to_owned(), json!(written(-quantity)));
            row.insert("Total".to_owned(), super::amounts::number(-total));
        }
    }
    let fresh = [
        ("DocumentNumber", json!(number)),
        ("@url", json!(format!("/3/invoices/{number}"))),
        ("OCR", json!(ocr(&number))),
        ("_own_ocr", json!(false)),
        ("CreditInvoiceReference", json!(document)),
        ("Booked", json!(false)),
        ("Sent", json!(false)),
        ("VoucherNumber", Value::Null),
        ("VoucherSeries", Value::Null),
        ("VoucherYear", Value::Null),
        ("InvoiceDate", json!(work.today())),
    ];
    record.extend(fresh.map(|(name, value)| (name.to_owned(), value)));
    sum(&mut record, work)?;
    let mut puts = credited(&mut record, &number, work)?;
    let answer = puts.first().map_or(Value::Null, |(_, _, original)| shown(original, work));
    puts.push((Shelf::Invoices, number, record));
    Ok(Done { puts, ..Done::said(answer) })
}

/// Cancels one that is not booked.
///
/// # Errors
/// There is none, or it is booked.
pub fn cancel(document: &str, work: &Work<'_>) -> Outcome {
    let mut record = open(document, work)?;
    record.insert("Cancelled".to_owned(), json!(true));
    record.insert("Balance".to_owned(), json!(0));
    Ok(Done { puts: vec![(Shelf::Invoices, document.to_owned(), record.clone())], ..Done::said(shown(&record, work)) })
}

/// Marks one as sent: by somebody else, or by Fortnox itself, which then sends it to the customer.
///
/// # Errors
/// There is none.
pub fn sent(document: &str, by_fortnox: bool, work: &Work<'_>) -> Outcome {
    let mut record = found(document, work)?.clone();
    record.insert("Sent".to_owned(), json!(true));
    let line =
        || work.line("sent", &format!("sent {document}"), Some(document), text(&record, "CustomerNumber"), document.as_bytes());
    let lines = if by_fortnox { vec![line()] } else { Vec::new() };
    Ok(Done { lines, puts: vec![(Shelf::Invoices, document.to_owned(), record.clone())], ..Done::said(shown(&record, work)) })
}

/// Shows one.
///
/// # Errors
/// There is none.
pub fn show(document: &str, work: &Work<'_>) -> Outcome {
    Ok(Done::said(shown(found(document, work)?, work)))
}

/// An invoice.
///
/// # Errors
/// There is none.
pub fn found<'a>(document: &str, work: &Work<'a>) -> Result<&'a Object, Refused> {
    let kept = work.house.get(Shelf::Invoices, document);
    kept.map(|kept| &kept.value).ok_or_else(|| Refused::missing(2_000_434, "Kan inte hitta fakturan."))
}

fn open(document: &str, work: &Work<'_>) -> Result<Object, Refused> {
    let record = found(document, work)?;
    if flag(record, "Booked") || flag(record, "Cancelled") {
        return Err(Refused::bad(2_999_017, "Fakturan är bokförd eller makulerad."));
    }
    Ok(record.clone())
}

fn shown(record: &Object, work: &Work<'_>) -> Value {
    let mut visible: Object =
        record.iter().filter(|(name, _)| !name.starts_with('_')).map(|(name, value)| (name.clone(), value.clone())).collect();
    let (percent, value) = if work.house.switches.rights {
        (json!(100), json!(visible.get("Net")))
    } else {
        (json!("API_NORIGHT"), json!("API_NORIGHT"))
    };
    visible.insert("ContributionPercent".to_owned(), percent);
    visible.insert("ContributionValue".to_owned(), value);
    json!({ "Invoice": visible })
}

/// The reference that Fortnox makes of a document's number: the number, the length in all (its last digit), and a check digit.
fn ocr(document: &str) -> String {
    with_check_digit(&format!("{document}{}", (document.len() + 2) % 10))
}

#[cfg(test)]
mod tests {
    #[test]
    fn references_are_made_as_the_real_one_makes_them() {
        for (document, expected) in [("1", "133"), ("18", "1842"), ("32", "3244"), ("20417", "2041770")] {
            assert_eq!(super::ocr(document), expected);
        }
    }
}
