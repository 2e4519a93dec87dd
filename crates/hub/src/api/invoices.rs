//! Invoices as the API shows them, and how one is found.
//!
//! The shape is the one that the clients of Nordic ERPs read. The `id` is the sender's own `uuid` where one was given, as those clients
//! expect; `kvitt_id` is ours, which events name.

use kvitt_adapters::route::{Artefact, ArtefactRole};
use kvitt_domain::delivery::{Purpose, State};
use kvitt_domain::invoice::{DocumentKind, Party};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::access::Caller;
use crate::api::problem::{Answered, Problem};
use crate::error::Error;
use crate::hub::Hub;
use crate::store::invoice::{self, StoredInvoice};
use crate::store::{artefact, delivery};

pub mod bulk;
pub mod evidence;
pub mod follow;
pub mod list;
pub mod read;
pub mod reroute;
pub mod send;

/// An invoice or credit note.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invoice {
    /// The sender's own id of it where one was given, else ours.
    id: String,
    /// Our id, which events name.
    kvitt_id: String,
    /// `PENDING`, `DELIVERED` (handed over, delivered or seen) or `FAILED` (a person decides, or called back).
    #[schema(pattern = "^(PENDING|DELIVERED|FAILED)$")]
    status: &'static str,
    /// Where the delivery stands, in full: one of the states of the documentation.
    state: String,
    /// `INVOICE` or `CREDIT_NOTE`.
    #[schema(pattern = "^(INVOICE|CREDIT_NOTE)$")]
    kind: &'static str,
    /// BT-83: the KID.
    reference: Option<String>,
    /// BT-1.
    number: String,
    sender: PartyShown,
    recipient: PartyShown,
    /// When it was accepted.
    #[schema(format = "date-time")]
    received_at: String,
    /// When it was accepted.
    #[schema(format = "date-time")]
    created_at: String,
    /// BT-2.
    #[schema(format = "date")]
    date: String,
    /// BT-9.
    #[schema(format = "date")]
    date_due: Option<String>,
    /// `PEPPOLBIS30` or `FINVOICE30`.
    source_format: &'static str,
    /// BT-109: the sum without VAT, for programs that read numbers; `payable` is exact.
    sum: f64,
    /// BT-112: the sum with VAT, for programs that read numbers; `payable` is exact.
    sum_tax: f64,
    /// BT-5.
    currency: String,
    /// BT-115, exact.
    payable: AmountShown,
    /// `INTERNAL`: it was handed in here.
    origin: &'static str,
    /// The route that it goes or went by; empty before one is chosen.
    destination: String,
    /// What the sender says in the letter.
    comment: Option<String>,
    files: Vec<FileOf>,
    actions: Vec<follow::Action>,
}

/// An exact amount.
#[derive(Debug, Serialize, ToSchema)]
pub struct AmountShown {
    /// A decimal number.
    #[schema(pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    pub amount: String,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
}

impl From<kvitt_domain::money::Amount> for AmountShown {
    fn from(amount: kvitt_domain::money::Amount) -> AmountShown {
        AmountShown { amount: amount.to_decimal().to_string(), currency: amount.currency().code().to_owned() }
    }
}

/// Who sends or gets it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Party)]
pub struct PartyShown {
    /// The electronic address, with its scheme: BT-34, BT-49.
    eia: Option<String>,
    /// The organisation number: BT-30, BT-47.
    bid: Option<String>,
    /// BT-27, BT-44.
    name: String,
    /// BT-40, BT-55.
    country: Option<String>,
    /// Never known here.
    operator: Option<String>,
}

/// A file of an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = File)]
pub struct FileOf {
    /// Its number within the invoice.
    id: String,
    filename: String,
    /// `INVOICE` (the XML), `INVOICE_IMAGE` (the PDF) or `ATTACHMENT`.
    #[serde(rename = "type")]
    kind: &'static str,
    mimetype: String,
    /// Where it is: an address of this API.
    href: String,
    /// SHA-256, hexadecimal.
    digest: String,
    /// Its size in bytes.
    #[schema(minimum = 0)]
    bytes: u64,
}

/// The id that callers know it by.
pub fn public_id(stored: &StoredInvoice) -> String {
    stored.body.metadata.uuid.map_or_else(|| stored.id.clone(), |uuid| uuid.to_string())
}

/// The invoice with an id of either kind.
pub async fn find(hub: &Hub, caller: &Caller, id: &str) -> Answered<StoredInvoice> {
    let unknown = || Problem::unknown(&format!("invoice {id}"));
    let uuid = Uuid::try_parse(id).map_err(|_| unknown())?;
    let company = caller.company();
    let mut db = hub.db().read().await?;
    match invoice::by_id(&mut db, &company.id, &company.key, &uuid.to_string()).await {
        Err(Error::NotFound(_)) => {}
        found => return Ok(found?),
    }
    let (id, _) = invoice::same_uuid(&mut db, &company.id, &uuid).await?.ok_or_else(unknown)?;
    Ok(invoice::by_id(&mut db, &company.id, &company.key, &id).await?)
}

/// An invoice with its files and everything that happened.
pub async fn shown(hub: &Hub, caller: &Caller, stored: &StoredInvoice) -> Answered<Invoice> {
    let company = caller.company();
    let mut db = hub.db().read().await?;
    let bill = delivery::of_invoice(&mut db, &company.id, &company.key, &stored.id, Purpose::Bill).await?;
    let files = artefact::of_invoice(&mut db, &company.id, &stored.id, None).await?;
    let actions = follow::of_invoice(&mut db, caller, stored).await?;
    let mut invoice = as_accepted(stored, bill.as_ref().map(|bill| &bill.delivery.state));
    invoice.files = files.iter().zip(1..).map(|(file, number)| file_of(&invoice.id, file, number)).collect();
    invoice.actions = actions;
    Ok(invoice)
}

/// An invoice without its files and what happened: as it is answered to whoever hands it in, the first time and every other.
pub fn as_accepted(stored: &StoredInvoice, state: Option<&State>) -> Invoice {
    let document = &stored.body.invoice;
    let at = jiff::Timestamp::from_millisecond(stored.accepted_at).unwrap_or_default().to_string();
    let number = |amount: kvitt_domain::money::Amount| amount.to_decimal().to_string().parse().unwrap_or(0.0);
    Invoice {
        id: public_id(stored),
        kvitt_id: stored.id.clone(),
        status: state.map_or(PENDING, status_of),
        state: state.map_or("choosing", State::name).to_owned(),
        kind: match document.kind {
            DocumentKind::Invoice => "INVOICE",
            DocumentKind::CreditNote => "CREDIT_NOTE",
        },
        reference: document.remittance().map(str::to_owned),
        number: document.number.clone(),
        sender: party(&document.seller),
        recipient: party(&document.buyer),
        received_at: at.clone(),
        created_at: at,
        date: document.issued_on.to_string(),
        date_due: document.due_on.map(|date| date.to_string()),
        source_format: source_format(stored),
        sum: number(document.totals.without_vat),
        sum_tax: number(document.totals.with_vat),
        currency: document.currency.code().to_owned(),
        payable: document.totals.payable.into(),
        origin: "INTERNAL",
        destination: state.and_then(State::route).map(|route| route.as_str().to_owned()).unwrap_or_default(),
        comment: stored.body.metadata.sender_comment.clone(),
        files: Vec::new(),
        actions: Vec::new(),
    }
}

const PENDING: &str = "PENDING";

/// The coarse status that the clients of Nordic ERPs know.
pub fn status_of(state: &State) -> &'static str {
    match state {
        State::Choosing | State::Waiting { .. } | State::Queued { .. } | State::Sending { .. } | State::InDoubt { .. } => PENDING,
        State::HandedOver { .. } | State::Delivered { .. } | State::Seen { .. } => "DELIVERED",
        State::Parked { .. } | State::Cancelled { .. } => "FAILED",
    }
}

/// The states that a coarse status stands for, as they are stored.
pub fn states_of(status: &str) -> Option<&'static [&'static str]> {
    match status {
        "PENDING" => Some(&["choosing", "waiting", "queued", "sending", "in_doubt"]),
        "DELIVERED" => Some(&["handed_over", "delivered", "seen"]),
        "FAILED" => Some(&["parked", "cancelled"]),
        _ => None,
    }
}

fn source_format(stored: &StoredInvoice) -> &'static str {
    // UBL that is any good names its specification as a URN; Finvoice has a word of its own there, or nothing.
    let is_ubl = stored.body.invoice.specification.as_deref().is_some_and(|specification| specification.starts_with("urn:"));
    if is_ubl { "PEPPOLBIS30" } else { "FINVOICE30" }
}

fn party(party: &Party) -> PartyShown {
    PartyShown {
        eia: party.electronic_address.as_ref().map(|address| match &address.scheme {
            Some(scheme) => format!("{scheme}:{}", address.value),
            None => address.value.clone(),
        }),
        bid: party.org_number().map(|number| number.as_str().to_owned()),
        name: party.name.clone(),
        country: party.address.country.clone(),
        operator: None,
    }
}

fn file_of(invoice: &str, file: &Artefact, number: usize) -> FileOf {
    FileOf {
        id: number.to_string(),
        filename: file.name.clone(),
        kind: match file.role {
            ArtefactRole::Xml => "INVOICE",
            ArtefactRole::Pdf => "INVOICE_IMAGE",
            ArtefactRole::Attachment => "ATTACHMENT",
        },
        mimetype: file.media_type.clone(),
        href: format!("/v1/invoices/{invoice}/files/{number}"),
        digest: file.digest.clone(),
        bytes: file.bytes,
    }
}
