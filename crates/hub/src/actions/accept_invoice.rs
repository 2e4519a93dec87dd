//! Takes a document in: read, checked, planned for, and on disk before the caller hears yes.
//!
//! What cannot be read is refused with all its faults at once, and nothing of it is stored. The same document again is the
//! same answer; the same key, uuid or number with another document is refused with both sides shown.

use futures_util::FutureExt;
use jiff::civil::Date;
use kvitt_adapters::route::ArtefactRole;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{File, Invoice, checks};
use kvitt_domain::recipient::{Metadata, Recipient};
use kvitt_formats::container::{self, Budget};
use kvitt_formats::metadata;
use serde::{Deserialize, Serialize};

use crate::actions::add_company::add_company;
use crate::actions::check_kid::check_kid;
use crate::actions::{move_collection, promise_plan};
use crate::desk::Wishes;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::reading::{self, Reading};
use crate::store::Tx;
use crate::store::artefact::{self, Looked, Naming, Sealed};
use crate::store::company::{Company, CompanySettings};
use crate::store::delivery::{self, NewDelivery};
use crate::store::event::NewEvent;
use crate::store::invoice::{self, Body, StoredInvoice, kind_name};
use crate::store::job::{self, Kind, Urgency};
use crate::store::search;
use crate::vault::{Purpose, sha256};

/// A document as it is handed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HandedIn {
    /// The organisation number of the company that hands it in; by default the seller's.
    pub company: Option<String>,
    /// Its file name, if it has one.
    pub name: Option<String>,
    /// XML, or a ZIP of XML, PDF, attachments and metadata.
    #[serde(with = "base64_bytes")]
    pub bytes: Vec<u8>,
    /// Metadata beside it, as JSON.
    pub metadata: Option<String>,
    /// Options that win over the metadata.
    pub wishes: Wishes,
    /// The caller's idempotency key.
    pub key: Option<String>,
    /// What to do when the seller is no company here.
    pub unknown_seller: UnknownSeller,
    /// Whether a person waits for it, or it is one of very many.
    pub urgency: Urgency,
}

/// What to do when a document's seller is no company here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownSeller {
    /// Refuse the document.
    #[default]
    Refuse,
    /// Add the company, named as in the document.
    Add,
}

/// The document is on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The invoice's id.
    pub id: String,
    /// BT-1.
    pub number: String,
    /// The company's organisation number.
    pub company: String,
    /// Whether it was accepted before: the answer is the one of then.
    pub again: bool,
    /// What the sender should know.
    pub warnings: Vec<Fault>,
}

/// A document that was read and found good enough to accept.
#[derive(Debug, Clone)]
pub struct Readable {
    /// The invoice, files included.
    pub invoice: Invoice,
    /// What was said beside it.
    pub metadata: Metadata,
    /// The XML as it was handed in.
    pub xml: Vec<u8>,
    /// What the sender should know.
    pub warnings: Vec<Fault>,
    /// The rules of EN 16931 and Peppol that it breaks; they are among the warnings too.
    pub broken_rules: Vec<Fault>,
}

impl HandedIn {
    /// A file by its name and bytes, nothing said beside it.
    pub fn file(name: &str, bytes: Vec<u8>) -> HandedIn {
        HandedIn {
            company: None,
            name: Some(name.to_owned()),
            bytes,
            metadata: None,
            wishes: Wishes::default(),
            key: None,
            unknown_seller: UnknownSeller::Refuse,
            urgency: Urgency::Ordinary,
        }
    }

    /// Reads and checks it: every fault at once, or everything that is needed to go on. Broken rules of EN 16931 and Peppol, as
    /// they are in force on this day, refuse nothing here: which routes they close is for the plan.
    pub fn read(&self, on: Date) -> std::result::Result<Readable, Vec<Fault>> {
        let mut handed = container::open(&self.bytes, &Budget::default())?;
        // Metadata beside the archive wins over the one inside it.
        let beside = self.metadata.as_deref().map(str::as_bytes).or(handed.metadata.as_deref());
        let (metadata, mut faults) = match beside.map(metadata::read) {
            None => (Metadata::default(), Vec::new()),
            Some(Ok(metadata)) => (metadata, Vec::new()),
            Some(Err(faults)) => (Metadata::default(), faults),
        };
        if let (Some(said), Some(own)) = (metadata.uuid, self.wishes.uuid)
            && said != own
        {
            let contrary = Fault::fatal(codes::METADATA_VALUE).at("uuid").with("field", "uuid").with("value", said);
            faults.push(contrary);
        }
        let Reading { invoice, faults: unreadable, mut warnings, broken_rules } = reading::read(&handed.xml, on);
        faults.extend(unreadable);
        let Some(mut invoice) = invoice else { return Err(faults) };
        let xml = std::mem::take(&mut handed.xml);
        handed.merge_into(&mut invoice);
        let (fatal, doubtful): (Vec<Fault>, Vec<Fault>) = checks::check(&invoice).into_iter().partition(Fault::is_fatal);
        // A missing term is told once: by the reader, which knows the line.
        let term = |fault: &Fault| fault.place.split(' ').next().unwrap_or_default().to_owned();
        let told: Vec<String> = faults.iter().map(term).collect();
        faults.extend(fatal.into_iter().filter(|fault| !told.contains(&term(fault))));
        if !faults.is_empty() {
            return Err(faults);
        }
        let metadata = self.wished(metadata);
        warnings.extend(doubtful);
        warnings.extend_from_slice(&broken_rules);
        Ok(Readable { invoice, metadata, xml, warnings, broken_rules })
    }

    /// What is wrong when the document's seller is another company than the one that hands it in.
    pub fn company_mismatch(&self, document: &Invoice) -> Option<Fault> {
        let company = self.company.as_ref()?;
        let seller = document.seller.org_number();
        let shown = seller.as_ref().map_or(document.seller.name.as_str(), |number| number.as_str());
        (seller.as_ref().map(|number| number.as_str()) != Some(company))
            .then(|| Fault::fatal(codes::COMPANY_MISMATCH).at("BT-30").with("seller", shown).with("company", company))
    }

    /// The metadata with the wishes, which win over it.
    fn wished(&self, mut metadata: Metadata) -> Metadata {
        if let Some(kind) = self.wishes.recipient_type {
            metadata.recipient_type = Some(kind);
        }
        if self.wishes.uuid.is_some() {
            metadata.uuid = self.wishes.uuid;
        }
        if !self.wishes.route_order.is_empty() {
            metadata.route_order = self.wishes.route_order.clone();
        }
        metadata
    }

    /// What makes it the same document again: all that was handed in.
    fn fingerprint(&self) -> String {
        let wishes = serde_json::to_string(&self.wishes).unwrap_or_default();
        let parts =
            [sha256(&self.bytes), sha256(self.metadata.as_deref().unwrap_or_default().as_bytes()), sha256(wishes.as_bytes())];
        sha256(parts.concat().as_bytes())
    }
}

/// Accepts a document and asks for its delivery.
pub async fn accept_invoice(hub: &Hub, handed: HandedIn) -> Result<Accepted> {
    let (accepted, _) = accept(hub, handed, None).await?;
    Ok(accepted)
}

/// The same of a company that is known already, for whoever shows what is stored now: the same for everybody who hands the document in.
pub async fn accept_stored(hub: &Hub, company: &Company, handed: HandedIn) -> Result<(Accepted, StoredInvoice)> {
    let (accepted, prepared) = accept(hub, handed, Some(company)).await?;
    if !accepted.again {
        return Ok((accepted, prepared.stored.clone()));
    }
    let stored = invoice::by_id(&mut *hub.db().read().await?, &company.id, &company.key, &accepted.id).await?;
    Ok((accepted, stored))
}

async fn accept(hub: &Hub, handed: HandedIn, known: Option<&Company>) -> Result<(Accepted, std::sync::Arc<Prepared>)> {
    let (handed, readable) = read_aside(hub, handed).await?;
    let company = company_for(hub, &handed, &readable.invoice, known).await?;
    let readable = with_kid_judged(hub, &company, &handed, readable).await?;
    // Few demand a plan: what asks for one takes no room in what accepts all the others.
    Box::pin(hold_to_plan(hub, &company, &handed, &readable)).await?;
    let prepared = {
        let (hub, company) = (hub.clone(), company.clone());
        tokio::task::spawn_blocking(move || prepare(&hub, &company, &handed, readable))
            .await
            .map_err(|cause| Error::Damaged(format!("sealing a document failed: {cause}")))??
    };
    let (number, warnings) = (prepared.stored.body.invoice.number.clone(), prepared.warnings.clone());
    let prepared = std::sync::Arc::new(prepared);
    let (org_number, writing) = (company.org_number.clone(), prepared.clone());
    let (id, again) = hub
        .write(move |tx| {
            let (company, prepared) = (company.clone(), writing.clone());
            async move { write(tx, &company, &prepared).await }.boxed()
        })
        .await?;
    Ok((Accepted { id, number, company: org_number, again, warnings }, prepared))
}

/// Adds what is wrong with the KID by what was agreed for the bank account, or refuses the document for it. One that was accepted
/// before is not refused for what was agreed since: whoever did not hear the first answer would send it under another number.
async fn with_kid_judged(hub: &Hub, company: &Company, handed: &HandedIn, mut readable: Readable) -> Result<Readable> {
    let mut db = hub.db().read().await?;
    let found = check_kid(&mut db, &company.id, &readable.invoice).await?;
    if found.iter().any(Fault::is_fatal) {
        let document = &readable.invoice;
        let known = invoice::same_number(&mut db, &company.id, &document.number, document.kind).await?;
        return match known {
            Some((_, digest)) if digest == company.key.digest(&handed.fingerprint()) => Ok(readable),
            _ => Err(Error::Refused(found)),
        };
    }
    readable.warnings.extend(found);
    Ok(readable)
}

/// Refuses a document whose sender demands a plan that would not be made any more. One that was accepted before is not planned again.
async fn hold_to_plan(hub: &Hub, company: &Company, handed: &HandedIn, readable: &Readable) -> Result<()> {
    let Some(id) = &readable.metadata.plan_id else { return Ok(()) };
    let Err(refused) = promise_plan::hold(hub, company, handed, readable, id).await else { return Ok(()) };
    let document = &readable.invoice;
    let known = invoice::same_number(&mut *hub.db().read().await?, &company.id, &document.number, document.kind).await?;
    match known {
        Some((_, digest)) if digest == company.key.digest(&handed.fingerprint()) => Ok(()),
        _ => Err(refused),
    }
}

/// Reads a document where its milliseconds of work, or the seconds of a very large one, keep nobody else waiting.
pub(crate) async fn read_aside(hub: &Hub, handed: HandedIn) -> Result<(HandedIn, Readable)> {
    let on = calendar::today(hub.clock().business());
    let read = tokio::task::spawn_blocking(move || {
        let readable = handed.read(on);
        (handed, readable)
    });
    let (handed, readable) = read.await.map_err(|cause| Error::Damaged(format!("reading a document failed: {cause}")))?;
    Ok((handed, readable.map_err(Error::Refused)?))
}

async fn company_for(hub: &Hub, handed: &HandedIn, document: &Invoice, known: Option<&Company>) -> Result<Company> {
    if let Some(mismatch) = handed.company_mismatch(document) {
        return Err(Error::refused(mismatch));
    }
    let seller = document.seller.org_number();
    if let Some(known) = known
        && seller.as_ref().map(|seller| seller.as_str()) == Some(&known.org_number)
    {
        return Ok(known.clone());
    }
    match seller {
        None => Err(Error::refused(Fault::fatal(codes::COMPANY_UNKNOWN).at("BT-30").with("number", &document.seller.name))),
        Some(seller) => match hub.company(Some(seller.as_str())).await {
            Err(Error::Refused(_)) if handed.unknown_seller == UnknownSeller::Add => {
                match add_company(hub, seller.as_str(), &document.seller.name, CompanySettings::default()).await {
                    // Two documents of a new seller at the same moment: the other one added it.
                    Err(Error::Refused(_)) => hub.company(Some(seller.as_str())).await,
                    added => added,
                }
            }
            found => found,
        },
    }
}

/// Everything that the transaction will write, sealed.
struct Prepared {
    stored: StoredInvoice,
    body: Vec<u8>,
    files: Vec<(Sealed, Naming, Option<Looked>)>,
    identity: Option<(String, Vec<u8>)>,
    delivery: String,
    key: Option<String>,
    urgency: Urgency,
    warnings: Vec<Fault>,
}

fn prepare(hub: &Hub, company: &Company, handed: &HandedIn, readable: Readable) -> Result<Prepared> {
    let Readable { invoice, mut metadata, xml, warnings, broken_rules } = readable;
    let mut recipient = Recipient::of(&invoice, &metadata);
    let identity = metadata.recipient_identity.take().map(|number| {
        let reference = crate::ids::new_id().to_string();
        recipient.identity_ref = Some(reference.clone());
        let sealed = company.key.seal(Purpose::Identity, &reference, number.as_bytes());
        (reference, sealed)
    });
    let store = |role, name: &str, media_type: &str, bytes: &[u8]| -> Result<(Sealed, Naming, Option<Looked>)> {
        let sealed = artefact::seal(hub.objects(), &company.id, &company.key, bytes)?;
        let naming = Naming::new(role, name, media_type, &sealed.digest);
        Ok((sealed, naming, look_into(media_type, bytes)))
    };
    let xml_name = format!("{}.xml", file_stem(&invoice.number));
    let mut files = vec![store(ArtefactRole::Xml, &xml_name, "application/xml", &xml)?];
    if let Some(File { name, media_type, bytes }) = invoice.own_image() {
        files.push(store(ArtefactRole::Pdf, name, media_type, bytes)?);
    }
    for File { name, media_type, bytes } in invoice.enclosures() {
        files.push(store(ArtefactRole::Attachment, name, media_type, bytes)?);
    }
    let stored = StoredInvoice {
        id: crate::ids::new_id().to_string(),
        document_digest: company.key.digest(&handed.fingerprint()),
        accepted_at: hub.clock().business_ms(),
        body: Body { invoice, recipient, metadata, broken_rules },
    };
    Ok(Prepared {
        body: invoice::seal(&company.key, &stored)?,
        stored,
        files,
        identity,
        delivery: crate::ids::new_id().to_string(),
        key: handed.key.clone(),
        urgency: handed.urgency,
        warnings,
    })
}

/// The media type of a PDF.
pub(crate) const PDF: &str = "application/pdf";

/// What routes must know of a file before they take it; `None` where it is no PDF.
pub(crate) fn look_into(media_type: &str, bytes: &[u8]) -> Option<Looked> {
    (media_type == PDF).then(|| kvitt_render::inspect(bytes).map_err(|cause| cause.to_string()))
}

async fn write(tx: &mut Tx<'_>, company: &Company, prepared: &Prepared) -> Result<(String, bool)> {
    let Prepared { stored, body, files, identity, delivery, key, urgency, .. } = prepared;
    let now = stored.accepted_at;
    // Most come once. Whether one came before is asked only where its row cannot say it: a key is not in it, and an id of ours may be
    // another's.
    let must_ask = match (&prepared.key, &stored.body.metadata.uuid) {
        (None, None) => false,
        (None, Some(uuid)) => invoice::is_known(tx.db(), &company.id, &uuid.to_string()).await?,
        (Some(_), _) => true,
    };
    let mut known = if must_ask { accepted_before(tx, company, prepared).await? } else { None };
    if known.is_none() && !invoice::insert_if_free(tx, &company.id, stored, body).await? {
        known = Some(accepted_before(tx, company, prepared).await?.ok_or(Error::Conflict)?);
    }
    if let Some(known) = known {
        if let Some(key) = &prepared.key
            && invoice::answered(tx.db(), &company.id, key).await?.is_none()
        {
            // A new key for a known document: the key, too, means this document from now on.
            let digest = &prepared.stored.document_digest;
            invoice::remember(tx, &company.id, key, digest, &known, prepared.stored.accepted_at).await?;
        }
        return Ok((known, true));
    }
    search::insert(tx, &company.id, &stored.id, &search::words_of(&stored.body.invoice)).await?;
    let mut namings = Vec::with_capacity(files.len());
    for (sealed, naming, looked) in files {
        artefact::insert(tx, &company.id, sealed, now).await?;
        if let Some(looked) = looked {
            artefact::insert_pdf_facts(tx, &company.id, &sealed.digest, looked).await?;
        }
        namings.push(naming.clone());
    }
    artefact::name(tx, &company.id, &stored.id, 1, &namings).await?;
    if let Some((reference, sealed)) = identity {
        invoice::insert_identity(tx, &company.id, reference, sealed).await?;
    }
    if let Some(key) = key {
        invoice::remember(tx, &company.id, key, &stored.document_digest, &stored.id, now).await?;
    }
    let new = NewDelivery { id: delivery, invoice: &stored.id, purpose: kvitt_domain::delivery::Purpose::Bill };
    delivery::insert(tx, &company.id, &company.key, new, now).await?;
    job::enqueue(tx, &company.id, Kind::ChooseRoute, delivery, *urgency, now, now).await?;
    let told = serde_json::json!({
        "number": stored.body.invoice.number, "kind": kind_name(stored.body.invoice.kind), "warnings": prepared.warnings,
    });
    tx.tell(NewEvent::new(&company.id, &company.key, now, "invoice.accepted", &stored.id, &told)?);
    // Its money after it: what a credit note does to an invoice is told of one that is there.
    move_collection::begin(tx, company, stored, now).await?;
    Ok((stored.id.clone(), false))
}

/// The invoice that this document already became; a refusal where the key, uuid or number belongs to another document.
async fn accepted_before(tx: &mut Tx<'_>, company: &Company, prepared: &Prepared) -> Result<Option<String>> {
    let document = &prepared.stored.body.invoice;
    let digest = &prepared.stored.document_digest;
    if let Some(key) = &prepared.key
        && let Some((known_digest, id)) = invoice::answered(tx.db(), &company.id, key).await?
    {
        return same_or(known_digest == *digest, id, Fault::fatal(codes::KEY_REUSED).at("Idempotency-Key").with("key", key));
    }
    if let Some(uuid) = &prepared.stored.body.metadata.uuid
        && let Some((id, known_digest)) = invoice::same_uuid(tx.db(), &company.id, uuid).await?
    {
        return same_or(known_digest == *digest, id, Fault::fatal(codes::KEY_REUSED).at("uuid").with("key", uuid));
    }
    if let Some(uuid) = &prepared.stored.body.metadata.uuid
        && invoice::is_known(tx.db(), &company.id, &uuid.to_string()).await?
    {
        // An invoice of ours has this id: two would answer to it.
        return Err(Error::refused(Fault::fatal(codes::KEY_REUSED).at("uuid").with("key", uuid)));
    }
    let Some((id, known_digest)) = invoice::same_number(tx.db(), &company.id, &document.number, document.kind).await? else {
        return Ok(None);
    };
    if known_digest == *digest {
        return Ok(Some(id));
    }
    let known = invoice::by_id(tx.db(), &company.id, &company.key, &id).await?.body.invoice;
    let side = |invoice: &Invoice| format!("{}, {}, {}", invoice.buyer.name, invoice.totals.payable, invoice.issued_on);
    let duplicate = Fault::fatal(codes::NUMBER_DUPLICATE)
        .at("BT-1")
        .with("number", &document.number)
        .with("first", side(&known))
        .with("second", side(document));
    Err(Error::refused(duplicate))
}

fn same_or(same: bool, id: String, fault: Fault) -> Result<Option<String>> {
    if same { Ok(Some(id)) } else { Err(Error::refused(fault)) }
}

/// An invoice number as the stem of a file name: anything that a file system or mail program could misread becomes a dash.
pub(crate) fn file_stem(number: &str) -> String {
    let stem: String =
        number.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).take(60).collect();
    stem.trim_matches('.').to_owned()
}

/// Bytes in JSON as base64: a list of numbers would be four times as long.
mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}
