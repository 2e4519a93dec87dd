//! `addShipment`: bills, direct debits and both at once, and what the service answers.
//!
//! The types hold what the service takes, field by field in its order; whether they make sense together is the route's to
//! know. Credit transfers and direct debits (`AvtaleGiro`) share this message.

use jiff::civil::Date;
use kvitt_domain::Amount;
use uuid::Uuid;

use super::element::{Element, Unreadable};
use super::soap::{Message, Operation, Value, request};
use crate::route::HttpRequest;

/// Transactions of one issuer that travel together: 1 to [`super::soap::AT_MOST`].
#[derive(Debug, Clone, PartialEq)]
pub struct Shipment {
    /// Its id, ours for ever.
    pub id: Uuid,
    /// The issuer's organisation number, nine digits.
    pub issuer: String,
    /// What is in it.
    pub transactions: Vec<Transaction>,
}

/// One bill, one claim, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Its id, ours for ever.
    pub id: Uuid,
    /// How it is paid.
    pub payment: PaymentType,
    /// What it is.
    pub document: DocumentType,
    /// 2 to 25 digits. Compulsory where a claim is made.
    pub kid: Option<String>,
    /// Eleven digits.
    pub account: String,
    /// What is to be paid, in NOK, not below zero.
    pub amount: Amount,
    /// When.
    pub due_on: Date,
    /// The part for the consumer's netbank.
    pub efaktura: Option<EfakturaInfo>,
    /// The part for the claim.
    pub claim: Option<ClaimInfo>,
}

/// How a transaction is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentType {
    /// By the consumer, from the netbank.
    Efaktura,
    /// By direct debit; the consumer sees the bill.
    EfakturaAndAvtalegiro,
    /// By direct debit that was claimed elsewhere, in a file; the consumer sees the bill.
    EfakturaAndExternalAvtalegiro,
    /// By direct debit; the consumer sees no bill.
    Avtalegiro,
}

impl PaymentType {
    /// The service's word.
    pub fn word(self) -> &'static str {
        match self {
            PaymentType::Efaktura => "EFAKTURA",
            PaymentType::EfakturaAndAvtalegiro => "EFAKTURA_AND_AVTALEGIRO",
            PaymentType::EfakturaAndExternalAvtalegiro => "EFAKTURA_AND_EXTERNAL_AVTALEGIRO",
            PaymentType::Avtalegiro => "AVTALEGIRO",
        }
    }
}

/// What a document is, for the consumer's bank. Reminders and what follows them come with the documents that need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentType {
    /// An invoice.
    Invoice,
    /// A credit note.
    CreditNote,
}

impl DocumentType {
    /// The service's word.
    pub fn word(self) -> &'static str {
        match self {
            DocumentType::Invoice => "INVOICE",
            DocumentType::CreditNote => "CREDIT_NOTE",
        }
    }
}

/// Who gets a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// By the eFaktura identifier, nine digits.
    Identifier(Value),
    /// By the fødselsnummer.
    IdentityNumber(Value),
}

/// The part of a transaction for the consumer's netbank.
#[derive(Debug, Clone, PartialEq)]
pub struct EfakturaInfo {
    /// Who gets it.
    pub receiver: Receiver,
    /// The least that may be paid, where the consumer may choose.
    pub minimum: Option<Amount>,
    /// The name that the consumer sees; empty = the issuer's own. At most 40 characters.
    pub brand: String,
    /// Where the bank opens the bill: 1 to 255 characters.
    pub url: String,
}

/// The part of a transaction for the direct debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimInfo {
    /// Whether the bank tells the consumer of the claim.
    pub notice: bool,
    /// What it then says: at most 42 lines of 80 characters.
    pub notice_text: Option<String>,
    /// The payer's short name, at most 10 characters.
    pub short_name: Option<String>,
    /// The text on the payer's bank statement, at most 25 characters.
    pub reference: Option<String>,
}

impl Shipment {
    /// The request that hands it over.
    pub fn request(&self, service: &str, message: Uuid) -> HttpRequest {
        request(service, Operation::AddShipment, message, |xml| {
            xml.text("shipmentId", &self.id.to_string());
            xml.text("issuer", &self.issuer);
            xml.group("transactions", |xml| {
                for transaction in &self.transactions {
                    xml.group("transactions", |xml| transaction.write(xml));
                }
            });
        })
    }
}

impl Transaction {
    fn write(&self, xml: &mut Message) {
        xml.text("transactionId", &self.id.to_string());
        xml.text("paymentType", self.payment.word());
        xml.text("documentType", self.document.word());
        xml.optional("kid", self.kid.as_deref());
        xml.text("accountNumber", &self.account);
        xml.text("amount", &self.amount.to_decimal().to_string());
        xml.text("dueDate", &self.due_on.to_string());
        if let Some(bill) = &self.efaktura {
            xml.group("efakturaInfo", |xml| {
                match &bill.receiver {
                    Receiver::Identifier(value) => xml.value("efakturaIdentifier", value),
                    Receiver::IdentityNumber(value) => xml.value("socialSecurityNumber", value),
                }
                xml.optional("minimumAmount", bill.minimum.map(|amount| amount.to_decimal().to_string()).as_deref());
                xml.text("brandName", &bill.brand);
                xml.text("eFakturaUrl", &bill.url);
            });
        }
        if let Some(claim) = &self.claim {
            xml.group("atgInfo", |xml| {
                xml.text("atgNotification", if claim.notice { "true" } else { "false" });
                xml.optional("atgNotificationText", claim.notice_text.as_deref());
                xml.optional("atgAbbreviatedName", claim.short_name.as_deref());
                xml.optional("atgExternalReference", claim.reference.as_deref());
            });
        }
    }
}

/// How many transactions the service says it took.
pub fn taken(response: &Element) -> Result<usize, Unreadable> {
    let count = response.text_of("noOfTransactions")?;
    count.parse().map_err(|_| Unreadable("noOfTransactions is no number".to_owned()))
}
