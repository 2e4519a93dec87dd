//! What can be asked of the service, read element by element with the patterns and lengths of its description.
//!
//! Field lists: the service description of `efaktura-atg-service/v1` for `AddShipmentRequest`; the shapes of the other
//! requests are our reading of it (docs/routes/efaktura.md). Values that are well formed but wrong (an unknown id, a
//! missing KID) are judged in `books.rs`.

use jiff::civil::Date;
use roxmltree::Node;
use uuid::Uuid;

use super::look_up::{Key, SoftKeys};
use super::wire::{Malformed, Sequence, operation, text_of};
use crate::counterparties::bank::kid::Modulus;

/// The most transactions, ids or keys of one request.
pub const MOST: usize = 1_000;

/// The KID structures of one agreement at most.
const MOST_STRUCTURES: usize = 3;

/// A request: its message id, and what is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// `auditInformation/messageIdentifier`, which the answer repeats.
    pub message_id: String,
    /// What is asked.
    pub what: What,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// `AddShipmentRequest`.
    AddShipment(Shipment),
    /// `GetShipmentStatusRequest`.
    ShipmentStatus {
        /// Who asks.
        issuer: String,
        /// Of which shipment.
        shipment: Uuid,
    },
    /// `GetTransactionStatusRequest`.
    TransactionStatus(Transactions),
    /// `CancelTransactionRequest`.
    Cancel(Transactions),
    /// `GetEfakturaIdentifiersRequest`.
    LookUp {
        /// For which issuer, where said.
        issuer: Option<String>,
        /// Each key with the id that the caller gave it.
        keys: Vec<(String, Key)>,
    },
    /// `GetBlackListRequest`.
    BlackList {
        /// Who asks.
        issuer: String,
    },
    /// `ValidateSecuritySignatureRequest`.
    ValidateSignature {
        /// The token that came with the bill's address.
        signature: String,
        /// The bill's address.
        url: String,
    },
    /// `GetAtgMandateRequest`.
    Mandate {
        /// The KID of an invoice or of the mandate.
        kid: String,
        /// The account that is to be paid.
        account: String,
    },
    /// `GetIssuerRequest`.
    Issuer {
        /// Of which organisation.
        organisation: String,
    },
    /// `CreateIssuerRequest`.
    CreateIssuer {
        /// Of which organisation.
        organisation: String,
        /// Its name.
        name: String,
        /// The signing of a take-over.
        take_over: Option<TakeOver>,
    },
    /// `DeleteIssuerRequest`.
    DeleteIssuer {
        /// Of which organisation.
        organisation: String,
    },
    /// `CreateAtgAgreementRequest`.
    CreateAgreement {
        /// Of which organisation.
        organisation: String,
        /// Eleven digits.
        account: String,
        /// One to three.
        structures: Vec<KidStructure>,
        /// The signing of a take-over.
        take_over: Option<TakeOver>,
    },
    /// `GetAtgAgreementRequest`.
    Agreement {
        /// Of which organisation.
        organisation: String,
        /// Eleven digits.
        account: String,
    },
}

/// What proves that a take-over is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeOver {
    /// The signing service's id of the request.
    pub signing: String,
}

/// A KID structure as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KidStructure {
    /// Digits in all.
    pub length: usize,
    /// The customer part: `[1-6]`.
    pub reference: String,
    /// The check digit's rule.
    pub modulus: Modulus,
}

/// Transactions of one issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transactions {
    /// Whose.
    pub issuer: String,
    /// Which.
    pub ids: Vec<Uuid>,
}

/// A shipment as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipment {
    /// Its id.
    pub id: Uuid,
    /// Nine digits.
    pub issuer: String,
    /// One to a thousand.
    pub transactions: Vec<Transaction>,
}

/// One transaction as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Its id.
    pub id: Uuid,
    /// One of [`PAYMENT_TYPES`].
    pub payment_type: String,
    /// One of [`DOCUMENT_TYPES`].
    pub document_type: String,
    /// 2 to 25 digits.
    pub kid: Option<String>,
    /// Eleven digits.
    pub account: String,
    /// With two decimals.
    pub amount: String,
    /// When it is due.
    pub due_on: Date,
    /// The part for the consumer's bank.
    pub efaktura: Option<Efaktura>,
    /// Is there a part for direct debit?
    pub has_direct_debit: bool,
}

/// The part of a transaction that makes it an eFaktura.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Efaktura {
    /// Who gets it.
    pub receiver: Receiver,
    /// Where the bill is.
    pub url: String,
}

/// By what a receiver is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// Nine digits.
    Identifier(String),
    /// Eleven digits.
    IdentityNumber(String),
    /// The name of an old agreement.
    Reference(String),
}

/// What a transaction may be.
pub const PAYMENT_TYPES: [&str; 4] = ["EFAKTURA", "EFAKTURA_AND_AVTALEGIRO", "EFAKTURA_AND_EXTERNAL_AVTALEGIRO", "AVTALEGIRO"];

/// What a bill may be.
pub const DOCUMENT_TYPES: [&str; 7] =
    ["INVOICE", "CREDIT_NOTE", "REMINDER", "COLLECTION_NOTICE", "DUNNING", "PAYMENT_REQUEST", "ENFORCEMENT_WARNING"];

/// Reads the one element of a request's body.
///
/// # Errors
/// It is no request of this service.
pub fn read(root: Node<'_, '_>) -> Result<Asked, Malformed> {
    let (_, name) = operation(&root)?;
    let mut fields = Sequence::of(root)?;
    let message_id = audit_information(&mut fields)?;
    let what = match name {
        "AddShipmentRequest" => What::AddShipment(shipment(&mut fields)?),
        "GetShipmentStatusRequest" => {
            What::ShipmentStatus { issuer: digits(&mut fields, "issuer", 9)?, shipment: id(&fields.required("shipmentId")?)? }
        }
        "GetTransactionStatusRequest" => What::TransactionStatus(transactions(&mut fields)?),
        "CancelTransactionRequest" => What::Cancel(transactions(&mut fields)?),
        "GetEfakturaIdentifiersRequest" => {
            let issuer = fields.optional("efakturaIssuer").map(|node| pattern(&node, is_digits::<9>)).transpose()?;
            let mut list = Sequence::of(fields.required("keys")?)?;
            let keys = list.repeated("key", MOST)?.into_iter().map(key).collect::<Result<_, _>>()?;
            list.end()?;
            What::LookUp { issuer, keys }
        }
        "GetBlackListRequest" => What::BlackList { issuer: digits(&mut fields, "issuer", 9)? },
        "ValidateSecuritySignatureRequest" => What::ValidateSignature {
            signature: length(&fields.required("securitySignature")?, 1, 4_000)?,
            url: length(&fields.required("url")?, 1, 4_000)?,
        },
        "GetAtgMandateRequest" => {
            What::Mandate { kid: kid(&fields.required("kid")?)?, account: digits(&mut fields, "creditAccount", 11)? }
        }
        "GetIssuerRequest" => What::Issuer { organisation: digits(&mut fields, "organisationNumber", 9)? },
        "CreateIssuerRequest" => What::CreateIssuer {
            organisation: digits(&mut fields, "organisationNumber", 9)?,
            name: length(&fields.required("name")?, 1, 100)?,
            take_over: fields.optional("takeOver").map(take_over).transpose()?,
        },
        "DeleteIssuerRequest" => What::DeleteIssuer { organisation: digits(&mut fields, "organisationNumber", 9)? },
        "CreateAtgAgreementRequest" => {
            let (organisation, account) =
                (digits(&mut fields, "organisationNumber", 9)?, digits(&mut fields, "accountNumber", 11)?);
            let mut list = Sequence::of(fields.required("kidStructures")?)?;
            let structures = list.repeated("kidStructure", MOST_STRUCTURES)?;
            let structures = structures.into_iter().map(structure).collect::<Result<_, _>>()?;
            list.end()?;
            let take_over = fields.optional("takeOver").map(take_over).transpose()?;
            What::CreateAgreement { organisation, account, structures, take_over }
        }
        "GetAtgAgreementRequest" => What::Agreement {
            organisation: digits(&mut fields, "organisationNumber", 9)?,
            account: digits(&mut fields, "accountNumber", 11)?,
        },
        other => return Err(Malformed(format!("{other} is no request of this service"))),
    };
    fields.end()?;
    Ok(Asked { message_id, what })
}

fn take_over(node: Node<'_, '_>) -> Result<TakeOver, Malformed> {
    let mut fields = Sequence::of(node)?;
    let signing = length(&fields.required("signingReference")?, 1, 100)?;
    length(&fields.required("signerName")?, 1, 100)?;
    pattern(&fields.required("signedAt")?, |text| text.parse::<jiff::Timestamp>().is_ok())?;
    fields.end()?;
    Ok(TakeOver { signing })
}

fn structure(node: Node<'_, '_>) -> Result<KidStructure, Malformed> {
    let mut fields = Sequence::of(node)?;
    let length = pattern(&fields.required("length")?, |text| text.parse().is_ok_and(|length: usize| (2..=25).contains(&length)))?;
    let reference = self::length(&fields.required("referencePosition")?, 1, 10)?;
    let modulus = match one_of(&fields.required("modulus")?, &["MOD10", "MOD11"])?.as_str() {
        "MOD10" => Modulus::Mod10,
        _ => Modulus::Mod11,
    };
    fields.end()?;
    Ok(KidStructure { length: length.parse().expect("just parsed"), reference, modulus })
}

fn audit_information(fields: &mut Sequence<'_>) -> Result<String, Malformed> {
    let mut audit = Sequence::of(fields.required("auditInformation")?)?;
    let message_id = length(&audit.required("messageIdentifier")?, 5, 50)?;
    audit.end()?;
    Ok(message_id)
}

fn transactions(fields: &mut Sequence<'_>) -> Result<Transactions, Malformed> {
    let issuer = digits(fields, "issuer", 9)?;
    let mut list = Sequence::of(fields.required("transactionIds")?)?;
    let ids = list.repeated("transactionId", MOST)?.iter().map(id).collect::<Result<_, _>>()?;
    list.end()?;
    Ok(Transactions { issuer, ids })
}

fn shipment(fields: &mut Sequence<'_>) -> Result<Shipment, Malformed> {
    let id = id(&fields.required("shipmentId")?)?;
    let issuer = digits(fields, "issuer", 9)?;
    let mut list = Sequence::of(fields.required("transactions")?)?;
    let transactions = list.repeated("transactions", MOST)?.into_iter().map(transaction).collect::<Result<_, _>>()?;
    list.end()?;
    Ok(Shipment { id, issuer, transactions })
}

fn transaction(node: Node<'_, '_>) -> Result<Transaction, Malformed> {
    let mut fields = Sequence::of(node)?;
    let read = Transaction {
        id: id(&fields.required("transactionId")?)?,
        payment_type: one_of(&fields.required("paymentType")?, &PAYMENT_TYPES)?,
        document_type: one_of(&fields.required("documentType")?, &DOCUMENT_TYPES)?,
        kid: fields.optional("kid").map(|node| kid(&node)).transpose()?,
        account: digits(&mut fields, "accountNumber", 11)?,
        amount: pattern(&fields.required("amount")?, is_amount)?,
        due_on: date(&fields.required("dueDate")?)?,
        efaktura: fields.optional("efakturaInfo").map(efaktura).transpose()?,
        has_direct_debit: match fields.optional("atgInfo") {
            Some(node) => direct_debit(node).map(|()| true)?,
            None => false,
        },
    };
    fields.end()?;
    Ok(read)
}

fn efaktura(node: Node<'_, '_>) -> Result<Efaktura, Malformed> {
    let mut fields = Sequence::of(node)?;
    let receiver = if let Some(node) = fields.optional("efakturaIdentifier") {
        Receiver::Identifier(pattern(&node, is_digits::<9>)?)
    } else if let Some(node) = fields.optional("socialSecurityNumber") {
        Receiver::IdentityNumber(pattern(&node, is_digits::<11>)?)
    } else {
        Receiver::Reference(length(&fields.required("eFakturaReference")?, 1, 32)?)
    };
    fields.optional("minimumAmount").map(|node| pattern(&node, is_amount)).transpose()?;
    length(&fields.required("brandName")?, 0, 40)?;
    let url = length(&fields.required("eFakturaUrl")?, 1, 255)?;
    if let Some(node) = fields.optional("collectionNoticeNotification") {
        let mut fields = Sequence::of(node)?;
        fields.optional("email").map(|node| length(&node, 5, 100)).transpose()?;
        fields.optional("mobilePhone").map(|node| pattern(&node, is_phone)).transpose()?;
        fields.end()?;
    }
    fields.end()?;
    Ok(Efaktura { receiver, url })
}

/// The claim is made of the transaction's other fields; that this part is well formed is all that the bank wants of it.
fn direct_debit(node: Node<'_, '_>) -> Result<(), Malformed> {
    let mut fields = Sequence::of(node)?;
    one_of(&fields.required("atgNotification")?, &["true", "false", "1", "0"])?;
    fields.optional("atgNotificationText").map(|node| length(&node, 0, 3_360)).transpose()?;
    fields.optional("atgAbbreviatedName").map(|node| length(&node, 1, 10)).transpose()?;
    fields.optional("atgExternalReference").map(|node| length(&node, 1, 25)).transpose()?;
    fields.end()
}

fn key(node: Node<'_, '_>) -> Result<(String, Key), Malformed> {
    let mut fields = Sequence::of(node)?;
    let key_id = length(&fields.required("keyId")?, 1, 40)?;
    let key = match fields.next_name() {
        Some("efakturaIdentifier") => Key::Identifier(digits(&mut fields, "efakturaIdentifier", 9)?),
        Some("socialSecurityNumber") => Key::IdentityNumber(digits(&mut fields, "socialSecurityNumber", 11)?),
        Some("organizationNumber") => Key::OrganizationNumber(digits(&mut fields, "organizationNumber", 9)?),
        _ => Key::Soft(soft_keys(&mut fields)?),
    };
    fields.end()?;
    Ok((key_id, key))
}

fn soft_keys(fields: &mut Sequence<'_>) -> Result<SoftKeys, Malformed> {
    let mut keys = SoftKeys {
        phone: fields.optional("telephoneAlias").map(|node| pattern(&node, is_phone)).transpose()?,
        email: fields.optional("emailAlias").map(|node| length(&node, 5, 100)).transpose()?,
        born_on: fields.optional("dateOfBirth").map(|node| date(&node)).transpose()?,
        ..SoftKeys::default()
    };
    if let Some(node) = fields.optional("name") {
        let mut fields = Sequence::of(node)?;
        let first = fields.optional("firstName").map(|node| length(&node, 1, 50)).transpose()?;
        let last = fields.optional("lastName").map(|node| length(&node, 1, 50)).transpose()?;
        fields.end()?;
        let whole: Vec<String> = first.into_iter().chain(last).collect();
        keys.name = (!whole.is_empty()).then(|| whole.join(" "));
    }
    if let Some(node) = fields.optional("address") {
        let mut fields = Sequence::of(node)?;
        for name in ["line1", "line2"] {
            keys.lines.extend(fields.optional(name).map(|node| length(&node, 1, 50)).transpose()?);
        }
        keys.postal_code = fields.optional("postalCode").map(|node| length(&node, 4, 10)).transpose()?;
        fields.optional("city").map(|node| length(&node, 1, 30)).transpose()?;
        fields.optional("country").map(|node| length(&node, 2, 2)).transpose()?;
        fields.end()?;
    }
    Ok(keys)
}

fn digits(fields: &mut Sequence<'_>, name: &str, count: usize) -> Result<String, Malformed> {
    pattern(&fields.required(name)?, |text| text.len() == count && all_digits(text))
}

/// 2 to 25 digits.
fn kid(node: &Node<'_, '_>) -> Result<String, Malformed> {
    pattern(node, |text| (2..=25).contains(&text.len()) && all_digits(text))
}

/// A UUID in small letters.
fn id(node: &Node<'_, '_>) -> Result<Uuid, Malformed> {
    let is_id = |text: &str| Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text);
    Ok(Uuid::try_parse(&pattern(node, is_id)?).expect("just parsed"))
}

fn date(node: &Node<'_, '_>) -> Result<Date, Malformed> {
    let is_date = |text: &str| text.len() == 10 && text.parse::<Date>().is_ok();
    Ok(pattern(node, is_date)?.parse().expect("just parsed"))
}

fn one_of(node: &Node<'_, '_>, values: &[&str]) -> Result<String, Malformed> {
    pattern(node, |text| values.contains(&text))
}

fn length(node: &Node<'_, '_>, least: usize, most: usize) -> Result<String, Malformed> {
    pattern(node, |text| (least..=most).contains(&text.chars().count()))
}

/// What is wrong is named, but not shown: it may be an identity number.
fn pattern(node: &Node<'_, '_>, fits: impl Fn(&str) -> bool) -> Result<String, Malformed> {
    let text = text_of(node)?;
    if fits(&text) { Ok(text) } else { Err(Malformed(format!("the value of {} does not fit its type", node.tag_name().name()))) }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_digits<const COUNT: usize>(text: &str) -> bool {
    text.len() == COUNT && all_digits(text)
}

fn is_phone(text: &str) -> bool {
    (6..=16).contains(&text.len()) && text.strip_prefix('+').is_some_and(all_digits)
}

/// At least 0.00, two decimals.
fn is_amount(text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(whole, part)| (1..=13).contains(&whole.len()) && part.len() == 2 && all_digits(whole) && all_digits(part))
}
