//! Payments of customer invoices, with what is written off: reported, then booked.

use serde_json::{Value, json};

use super::amounts::number;
use super::books::{Object, Shelf};
use super::chart;
use super::fields::{Fields, Fits, enter, opened};
use super::invoices::{found as invoice, money};
use super::lists::Listing;
use super::refusals::Refused;
use super::vouchers::{Draft, Posting, booked};
use super::work::{Done, Outcome, Work, day, flag, text};

const FIELDS: Fields = &[
    ("@url", Fits::Read),
    ("Number", Fits::Read),
    ("InvoiceNumber", Fits::Digits(10)),
    ("Amount", Fits::Money),
    ("AmountCurrency", Fits::Money),
    ("Currency", Fits::Currency),
    ("CurrencyRate", Fits::Money),
    ("PaymentDate", Fits::Date),
    ("ModeOfPayment", Fits::Text(30)),
    ("ModeOfPaymentAccount", Fits::Account),
    ("ExternalInvoiceReference1", Fits::Text(80)),
    ("ExternalInvoiceReference2", Fits::Text(80)),
    ("WriteOffs", Fits::List),
    ("Booked", Fits::Read),
    ("Source", Fits::Read),
    ("VoucherNumber", Fits::Read),
    ("VoucherSeries", Fits::Read),
    ("VoucherYear", Fits::Read),
];

const WRITE_OFF: Fields = &[
    ("Amount", Fits::Money),
    ("AccountNumber", Fits::Account),
    ("Currency", Fits::Currency),
    ("Description", Fits::Text(200)),
    ("Project", Fits::Text(20)),
    ("CostCenter", Fits::Text(6)),
    ("TransactionInformation", Fits::Text(100)),
];

/// How they are listed.
pub const LISTING: Listing = Listing {
    shelf: Shelf::Payments,
    name: "InvoicePayments",
    shows: &["@url", "Amount", "Booked", "Currency", "InvoiceNumber", "Number", "PaymentDate", "Source"],
    searches: &[("invoicenumber", "InvoiceNumber")],
    words: &[],
    dated: None,
    texts: &[],
};

/// Reports one.
///
/// # Errors
/// A field does not fit, there is no such invoice, it is not booked, or the day is before the invoice's.
pub fn create(body: &[u8], work: &Work<'_>) -> Outcome {
    let sent = opened(body, "InvoicePayment")?;
    let mut record = json!({
        "PaymentDate": work.today(), "Booked": false, "Source": "direct", "ModeOfPaymentAccount": chart::BANK, "Currency": "SEK",
        "VoucherNumber": null, "VoucherSeries": null, "VoucherYear": null,
    })
    .as_object()
    .cloned()
    .unwrap_or_default();
    enter(&mut record, &sent, FIELDS)?;
    let document = text(&record, "InvoiceNumber").to_owned();
    let paid = invoice(&document, work).map_err(|_| Refused::bad(2_000_434, "Kan inte hitta fakturan."))?;
    if !flag(paid, "Booked") {
        return Err(Refused::bad(2_999_019, "Fakturan är inte bokförd."));
    }
    if day(&record, "PaymentDate") < day(paid, "InvoiceDate") {
        return Err(Refused::bad(2_999_020, "Betalningsdatum är före fakturadatum."));
    }
    let mut offs = Vec::new();
    for off in sent.get("WriteOffs").and_then(Value::as_array).into_iter().flatten() {
        let mut kept = Object::new();
        enter(&mut kept, off.as_object().unwrap_or(&Object::new()), WRITE_OFF)?;
        chart::account(work, account(&kept, "AccountNumber"), true)?;
        offs.push(Value::Object(kept));
    }
    let number = work.house.next(Shelf::Payments);
    record.insert("WriteOffs".to_owned(), Value::Array(offs));
    record.insert("Number".to_owned(), json!(number));
    record.insert("@url".to_owned(), json!(format!("/3/invoicepayments/{number}")));
    let done = Done::made(json!({ "InvoicePayment": record }), "invoicepayments");
    Ok(Done { puts: vec![(Shelf::Payments, number, record)], ..done })
}

/// Books one: what the invoice is short of becomes less.
///
/// # Errors
/// There is none, it is booked, or it cannot be booked on that day.
pub fn bookkeep(key: &str, work: &Work<'_>) -> Outcome {
    let mut record = found(key, work)?.clone();
    if flag(&record, "Booked") {
        return Err(Refused::bad(2_999_017, "Betalningen är redan bokförd."));
    }
    let document = text(&record, "InvoiceNumber").to_owned();
    let mut paid = invoice(&document, work)?.clone();
    let plain = |account, amount| Posting { account, amount, project: String::new() };
    let mut postings = vec![plain(account(&record, "ModeOfPaymentAccount"), money(&record, "Amount"))];
    let offs = record.get("WriteOffs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    postings.extend(offs.map(|off| plain(account(off, "AccountNumber"), money(off, "Amount"))));
    let whole: i64 = postings.iter().map(|posting| posting.amount).sum();
    postings.push(plain(chart::RECEIVABLES, -whole));
    let on = day(&record, "PaymentDate").unwrap_or_else(|| work.today());
    let description = format!("Inbetalning, kundfaktura {document}");
    let draft = Draft { series: "C", reference: ("INVOICEPAYMENT", key), description, day: on, postings };
    let (voucher_key, voucher) = booked(&draft, work)?;
    for (name, from) in [("VoucherNumber", "VoucherNumber"), ("VoucherSeries", "VoucherSeries"), ("VoucherYear", "Year")] {
        record.insert(name.to_owned(), voucher.get(from).cloned().unwrap_or(Value::Null));
    }
    record.insert("Booked".to_owned(), json!(true));
    let left = money(&paid, "Balance") - whole;
    paid.insert("Balance".to_owned(), number(left));
    if left == 0 {
        paid.insert("FinalPayDate".to_owned(), json!(on));
    }
    let what = format!("payment {document}/{on}/{whole}/{}", text(&record, "ExternalInvoiceReference1"));
    let line = work.line("voucher", &what, Some(&document), &voucher_key, key.as_bytes());
    let body = json!({ "InvoicePayment": record });
    let puts = vec![
        (Shelf::Vouchers, voucher_key, voucher),
        (Shelf::Invoices, document, paid),
        (Shelf::Payments, key.to_owned(), record),
    ];
    Ok(Done { puts, lines: vec![line], ..Done::said(body) })
}

/// Shows one.
///
/// # Errors
/// There is none.
pub fn show(key: &str, work: &Work<'_>) -> Outcome {
    Ok(Done::said(json!({ "InvoicePayment": found(key, work)? })))
}

fn found<'a>(key: &str, work: &Work<'a>) -> Result<&'a Object, Refused> {
    let kept = work.house.get(Shelf::Payments, key);
    kept.map(|kept| &kept.value).ok_or_else(|| Refused::missing(2_999_021, "Kan inte hitta betalningen."))
}

fn account(object: &Object, name: &str) -> u16 {
    object.get(name).and_then(Value::as_u64).and_then(|account| u16::try_from(account).ok()).unwrap_or(chart::BANK)
}
