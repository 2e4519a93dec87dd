//! Files from the bank, and for it.

use kvitt_formats::bank::{Item, PaymentRecord, read};

mod camt;
mod layouts;
mod nets;
mod netsgiro;
mod refused;
mod variants;
mod vectors;
mod writing;

/// An example of this repository.
pub fn example(name: &str) -> Vec<u8> {
    let path = format!("{}/../../examples/bank/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All items of a file; a fault is a failure.
pub fn items(bytes: &[u8]) -> Vec<Item> {
    read(bytes).map(|item| item.unwrap_or_else(|fault| panic!("{}", crate::lines(&[fault])))).collect()
}

/// Items as lines, for golden texts.
pub fn told(items: &[Item]) -> String {
    items.iter().map(|item| line(item) + "\n").collect()
}

fn line(item: &Item) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let day = |date: Option<jiff::civil::Date>| date.map_or_else(|| "–".to_owned(), |date| date.to_string());
    match item {
        Item::Transmission(start) => format!(
            "{} transmission {:?} {} from {} to {} made {}",
            start.line,
            start.format,
            start.number,
            or_none(&start.sender),
            or_none(&start.recipient),
            or_none(&start.created)
        ),
        Item::Order(order) => {
            format!("{} {} {} of {} by {}", order.line, order.kind.name(), order.number, order.account, or_none(&order.agreement))
        }
        Item::Claim(claim) => {
            let notice: Vec<String> =
                claim.specifications.iter().map(|part| format!("{}.{} {:?}", part.row, part.column, part.text)).collect();
            format!(
                "{} claim {} due {} {} {} {:?} {:?} bank {} [{}]",
                claim.line,
                claim.transaction,
                claim.due_on,
                claim.amount,
                claim.kid,
                claim.payer,
                claim.reference,
                claim.bank_notifies,
                notice.join(", ")
            )
        }
        Item::Cancellation(one) => {
            format!("{} cancellation {} due {} {} {} {:?}", one.line, one.transaction, one.due_on, one.amount, one.kid, one.payer)
        }
        Item::Mandate(mandate) => format!(
            "{} mandate {} {:?} {} notice {}",
            mandate.line, mandate.transaction, mandate.registration, mandate.kid, mandate.wants_notice
        ),
        Item::Payment(payment) => self::payment(payment),
        Item::OrderEnd(end) => format!(
            "{} end of {}: {} in {}, sum {}, net {}, {} to {}",
            end.line,
            end.kind.name(),
            end.transactions,
            end.records,
            or_none(&end.sum.map(|sum| sum.to_string())),
            or_none(&end.net.map(|net| net.to_string())),
            day(end.first_on),
            day(end.last_on)
        ),
        Item::TransmissionEnd(end) => format!(
            "{} end: {} in {}, sum {}",
            end.line,
            end.transactions,
            end.records,
            or_none(&end.sum.map(|sum| sum.to_string()))
        ),
        Item::Remark(fault) => format!("remark {}", crate::lines(std::slice::from_ref(fault))),
    }
}

fn payment(payment: &PaymentRecord) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    format!(
        "{} payment {} {:?} {} {}{} on {} ({}) from {} {} ref {} {:?} text {:?}",
        payment.line,
        payment.transaction,
        payment.kind,
        or_none(&payment.kid),
        payment.amount,
        if payment.is_reversal { " reversal" } else { "" },
        payment.booked_on,
        payment.valued_on.map_or_else(|| "–".to_owned(), |date| date.to_string()),
        or_none(&payment.payer_account),
        or_none(&payment.payer),
        or_none(&payment.reference),
        payment.part,
        or_none(&payment.text)
    )
}
