//! One invented invoice and its delivery. Tests change what they are about.

use jiff::civil::date;
use kvitt_domain::delivery::{AttemptId, Purpose};
use kvitt_domain::invoice::{DocumentKind, Invoice, Party, PaymentAccount, PaymentInstruction, References, Totals};
use kvitt_domain::recipient::{Metadata, Recipient};
use kvitt_domain::{Amount, Currency};
use kvitt_hub::store::delivery::NewDelivery;
use kvitt_hub::store::invoice::{Body, StoredInvoice};
use kvitt_hub::store::{Tx, delivery, invoice};

use kvitt_hub::error::Result;
use kvitt_hub::store::company::Company;

use crate::databases::NOW;

/// An invoice of NOK 1,234.50 with KID and account.
pub fn invoice(number: &str) -> Invoice {
    let amount = Amount::new(123_450, Currency::NOK);
    Invoice {
        kind: DocumentKind::Invoice,
        type_code: "380".into(),
        number: number.into(),
        issued_on: date(2026, 11, 2),
        due_on: Some(date(2026, 11, 16)),
        tax_point_on: None,
        tax_point_code: None,
        currency: Currency::NOK,
        tax_currency: None,
        specification: None,
        process: None,
        notes: vec![],
        references: References::default(),
        preceding: vec![],
        seller: Party { name: "Nordlys Kraft AS".into(), ..Party::default() },
        buyer: Party { name: "Kåre Ødegård".into(), ..Party::default() },
        payee: None,
        tax_representative: None,
        delivery: None,
        period: None,
        payment: vec![PaymentInstruction {
            means_code: "30".into(),
            remittance: Some("1002312345674".into()),
            accounts: vec![PaymentAccount { number: "86011117947".into(), ..PaymentAccount::default() }],
            ..PaymentInstruction::default()
        }],
        payment_terms: None,
        allowances_and_charges: vec![],
        totals: Totals {
            lines: amount,
            allowances: None,
            charges: None,
            without_vat: amount,
            vat: None,
            vat_in_tax_currency: None,
            with_vat: amount,
            prepaid: None,
            rounding: None,
            payable: amount,
        },
        vat_breakdown: vec![],
        attachments: vec![],
        lines: vec![],
    }
}

/// The same, as it is stored under an id.
pub fn stored(id: &str, number: &str) -> StoredInvoice {
    let invoice = invoice(number);
    let metadata = Metadata::default();
    StoredInvoice {
        id: id.into(),
        document_digest: format!("digest of {number}"),
        accepted_at: NOW,
        body: Body { recipient: Recipient::of(&invoice, &metadata), invoice, metadata, broken_rules: vec![] },
    }
}

/// Stores an invoice and its new delivery. The delivery's id is the invoice's with a `d` before it.
pub async fn accept(tx: &mut Tx<'_>, company: &Company, stored: &StoredInvoice) -> Result<()> {
    invoice::insert(tx, &company.id, stored, &invoice::seal(&company.key, stored)?).await?;
    let delivery = format!("d{}", stored.id);
    let new = NewDelivery { id: &delivery, invoice: &stored.id, purpose: Purpose::Bill };
    delivery::insert(tx, &company.id, &company.key, new, stored.accepted_at).await
}

/// The attempt with a number.
pub fn attempt(number: u128) -> AttemptId {
    AttemptId(uuid::Uuid::from_u128(number))
}
