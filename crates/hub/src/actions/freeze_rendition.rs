//! The rendition: XML and PDF as the recipient gets them, frozen at the first delivery and kept for ever.
//!
//! The sender's own PDF always wins; else ours is rendered with the XML inside it. Rendering is deterministic and needs no
//! transaction; freezing is part of the one that chooses the route.

use jiff::Timestamp;
use kvitt_adapters::route::{Artefact, ArtefactRole};
use kvitt_render::{Color, Embedded, Look, Relationship};

use crate::actions::accept_invoice::file_stem;
use crate::actions::add_company::logo;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::Tx;
use crate::store::artefact::{self, Naming, Sealed};
use crate::store::company::Company;
use crate::store::invoice::{self, Rendition, StoredInvoice};

/// A rendition that is about to be frozen, with the PDF where we made it.
#[derive(Debug, Clone)]
pub struct NewRendition {
    rendition: Rendition,
    rendered: Option<(Sealed, Naming, i64)>,
}

/// Makes the first rendition of an invoice that has none yet, of its files.
pub async fn render(hub: &Hub, company: &Company, stored: &StoredInvoice, files: &[Artefact]) -> Result<NewRendition> {
    let digest_of = |role| files.iter().find(|file| file.role == role).map(|file| file.digest.clone());
    let xml_digest = digest_of(ArtefactRole::Xml).ok_or_else(|| Error::Damaged(format!("invoice {} has no XML", stored.id)))?;
    if let Some(pdf_digest) = digest_of(ArtefactRole::Pdf) {
        let rendition = Rendition { xml_digest, pdf_digest, pdf_by: "sender".into() };
        return Ok(NewRendition { rendition, rendered: None });
    }
    let xml = artefact::read(&mut *hub.db().read().await?, hub.objects(), &company.id, &company.key, &xml_digest).await?;
    let stem = file_stem(&stored.body.invoice.number);
    let (hub, sealing) = (hub.clone(), company.clone());
    let sealed = draw(company, stored, xml, move |pdf| artefact::seal(hub.objects(), &sealing.id, &sealing.key, &pdf)).await?;
    let naming = Naming::new(ArtefactRole::Pdf, format!("{stem}.pdf"), "application/pdf", &sealed.digest);
    let rendition = Rendition { xml_digest, pdf_digest: sealed.digest.clone(), pdf_by: "kvitt".into() };
    let position = i64::try_from(files.len()).unwrap_or(i64::MAX - 1) + 1;
    Ok(NewRendition { rendition, rendered: Some((sealed, naming, position)) })
}

/// The PDF that [`render`] would make now, for whoever wants to see it before the first delivery.
pub async fn preview(hub: &Hub, company: &Company, stored: &StoredInvoice) -> Result<Vec<u8>> {
    let mut db = hub.db().read().await?;
    let files = artefact::of_invoice(&mut db, &company.id, &stored.id, None).await?;
    let xml = files.iter().find(|file| file.role == ArtefactRole::Xml);
    let xml = xml.ok_or_else(|| Error::Damaged(format!("invoice {} has no XML", stored.id)))?;
    let xml = artefact::read(&mut db, hub.objects(), &company.id, &company.key, &xml.digest).await?;
    drop(db);
    draw(company, stored, xml, Ok).await
}

/// Draws the PDF of an invoice with its XML inside, and does with it what is to be done on the same thread.
async fn draw<T: Send + 'static>(
    company: &Company,
    stored: &StoredInvoice,
    xml: Vec<u8>,
    then: impl FnOnce(Vec<u8>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let look = look(company, stored)?;
    let embedded = Embedded {
        name: format!("{}.xml", file_stem(&stored.body.invoice.number)),
        media_type: "application/xml".into(),
        bytes: xml,
        relationship: Relationship::Alternative,
    };
    let (document, invoice) = (stored.body.invoice.clone(), stored.id.clone());
    let drawn = tokio::task::spawn_blocking(move || {
        let pdf = kvitt_render::pdf(&document, &look, &[embedded])
            .map_err(|cause| Error::Damaged(format!("invoice {invoice} cannot be rendered: {cause}")))?;
        then(pdf.bytes)
    });
    drawn.await.map_err(|cause| Error::Damaged(format!("rendering failed: {cause}")))?
}

/// Freezes it.
pub async fn freeze(tx: &mut Tx<'_>, company: &Company, stored: &StoredInvoice, new: &NewRendition, now: i64) -> Result<()> {
    if let Some((sealed, naming, position)) = &new.rendered {
        artefact::insert(tx, &company.id, sealed, now).await?;
        artefact::name(tx, &company.id, &stored.id, *position, std::slice::from_ref(naming)).await?;
    }
    invoice::freeze(tx, &company.id, stored, &new.rendition, now).await
}

fn look(company: &Company, stored: &StoredInvoice) -> Result<Look> {
    let settings = &company.settings;
    let made_at = Timestamp::from_millisecond(stored.accepted_at).map_err(|_| Error::Damaged("an invoice has no time".into()))?;
    let logo = settings.logo.as_deref().map(logo).transpose();
    Ok(Look {
        logo: logo.map_err(|cause| Error::Damaged(format!("the company's logo: {cause}")))?,
        accent: settings.accent.as_deref().and_then(Color::parse).unwrap_or(Color::FJORD),
        text_before: settings.text_before.clone(),
        footer: settings.footer.clone(),
        ..Look::plain(stored.body.recipient.language, made_at)
    })
}
