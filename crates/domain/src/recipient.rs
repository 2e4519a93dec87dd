//! Whom a document goes to: what routing knows of them beyond the invoice's buyer.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::invoice::{Address, Invoice};
use crate::language::Language;
use crate::plan::RouteName;

/// Consumer or business. Absent means business; it is never guessed, and the plan warns when it looks wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientType {
    /// A private person.
    Consumer,
    /// A company or public body.
    #[default]
    Business,
}

impl RecipientType {
    /// `consumer`, or `business` (also `b2b`, the older word of the field); `None` for anything else.
    pub fn parse(text: &str) -> Option<RecipientType> {
        match text {
            "consumer" | "b2c" => Some(RecipientType::Consumer),
            "business" | "b2b" => Some(RecipientType::Business),
            _ => None,
        }
    }

    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            RecipientType::Consumer => "consumer",
            RecipientType::Business => "business",
        }
    }
}

/// The recipient as routes see them. A fødselsnummer is only ever a reference into the company's vault.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recipient {
    /// Consumer or business.
    pub kind: RecipientType,
    /// The name on the document.
    pub name: String,
    /// Where letters go.
    pub address: Address,
    /// The organisation number of a Norwegian business, nine digits.
    pub org_number: Option<String>,
    /// The Peppol address (EAS scheme and value), where the document gives one.
    pub electronic_address: Option<crate::invoice::Identifier>,
    /// The e-mail address: metadata before the document.
    pub email: Option<String>,
    /// The phone number, international form: metadata before the document.
    pub phone: Option<String>,
    /// Date of birth, from metadata only.
    pub born_on: Option<Date>,
    /// The eFaktura identifier (nine digits), where the sender knows it.
    pub efaktura_identifier: Option<String>,
    /// A reference into the company's vault, never the number.
    pub identity_ref: Option<String>,
    /// The language of letters to them.
    pub language: Language,
}

/// What the sender says beside the document ("metadata"): every field wins over the document's own.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Metadata {
    /// Consumer or business; absent means business.
    pub recipient_type: Option<RecipientType>,
    /// The sender's own id for this document: the retry key, kept for ever.
    pub uuid: Option<uuid::Uuid>,
    /// The sender's order of routes. One route = no fallback.
    pub route_order: Vec<RouteName>,
    /// Routes that must not be used.
    pub disabled_routes: Vec<RouteName>,
    /// Where the e-mail goes.
    pub recipient_email: Option<String>,
    /// International form.
    pub recipient_phone: Option<String>,
    /// Date of birth.
    pub recipient_born_on: Option<Date>,
    /// Nine digits.
    pub recipient_efaktura_identifier: Option<String>,
    /// A fødselsnummer, eleven digits. It goes to the vault before anything is stored, and is never serialised.
    #[serde(skip)]
    pub recipient_identity: Option<String>,
    /// The language of letters to the recipient.
    pub language: Option<Language>,
    /// A sentence from the sender for the letter.
    pub sender_comment: Option<String>,
    /// Whether the XML goes with the e-mail.
    pub attach_xml: Option<bool>,
    /// The plan that the sender demands: what was decided for it then must be decided now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
}

/// All but the fødselsnummer, of which it only says whether there is one.
impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metadata")
            .field("recipient_type", &self.recipient_type)
            .field("uuid", &self.uuid)
            .field("route_order", &self.route_order)
            .field("disabled_routes", &self.disabled_routes)
            .field("recipient_email", &self.recipient_email)
            .field("recipient_phone", &self.recipient_phone)
            .field("recipient_born_on", &self.recipient_born_on)
            .field("recipient_efaktura_identifier", &self.recipient_efaktura_identifier)
            .field("recipient_identity_given", &self.recipient_identity.is_some())
            .field("language", &self.language)
            .field("sender_comment", &self.sender_comment)
            .field("attach_xml", &self.attach_xml)
            .field("plan_id", &self.plan_id)
            .finish()
    }
}

impl Recipient {
    /// The recipient of an invoice: its buyer, with the metadata's fields first.
    pub fn of(invoice: &Invoice, metadata: &Metadata) -> Recipient {
        let buyer = &invoice.buyer;
        Recipient {
            kind: metadata.recipient_type.unwrap_or_default(),
            name: buyer.name.clone(),
            address: buyer.address.clone(),
            org_number: buyer.org_number().map(|number| number.as_str().to_owned()),
            electronic_address: buyer.electronic_address.clone(),
            email: metadata.recipient_email.clone().or_else(|| buyer.contact.email.clone()),
            phone: metadata.recipient_phone.clone().or_else(|| buyer.contact.phone.clone()),
            born_on: metadata.recipient_born_on,
            efaktura_identifier: metadata.recipient_efaktura_identifier.clone(),
            identity_ref: None,
            language: metadata.language.unwrap_or_default(),
        }
    }
}
