//! Stored bytes by their digest: documents, PDFs, attachments. Small ones lie in the row, large ones in the objects folder.

use std::collections::HashMap;
use std::sync::Arc;

use kvitt_adapters::route::{Artefact, ArtefactRole};
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::pdf_facts::PdfFacts;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::delivery::read_attempt_id;
use crate::store::objects::{Held, Objects};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose, sha256, token};

const INSERT: &str = "INSERT INTO artefact (company_id, digest, bytes, place, content, stored_at) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (company_id, digest) DO NOTHING";
const CONTENT: &str = "SELECT place, content FROM artefact WHERE company_id = $1 AND digest = $2";
const IS_KNOWN: &str = "SELECT digest FROM artefact WHERE company_id = $1 AND digest = $2";
const NAME: &str = "INSERT INTO invoice_artefact (company_id, invoice_id, position, role, name, media_type, digest, link) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const OF_INVOICE: &str = "SELECT n.role, n.name, n.media_type, n.digest, n.link, a.bytes FROM invoice_artefact n \
    JOIN artefact a ON a.company_id = n.company_id AND a.digest = n.digest \
    WHERE n.company_id = $1 AND n.invoice_id = $2 ORDER BY n.position";
// The members of a lot: SQLite does a cross join in the order in which it is written.
const IN_LOT: &str = "SELECT t.attempt_id, n.role, n.name, n.media_type, n.digest, n.link, a.bytes FROM consignment_member m \
    CROSS JOIN attempt t CROSS JOIN invoice_artefact n CROSS JOIN artefact a \
    WHERE t.company_id = m.company_id AND t.attempt_id = m.attempt_id AND n.company_id = t.company_id AND n.invoice_id = t.invoice_id \
    AND a.company_id = n.company_id AND a.digest = n.digest AND m.company_id = $1 AND m.consignment_id = $2 ORDER BY m.position, n.position";
const BY_LINK: &str = "SELECT n.name, n.media_type, n.digest, i.accepted_at FROM invoice_artefact n \
    JOIN invoice i ON i.company_id = n.company_id AND i.invoice_id = n.invoice_id WHERE n.company_id = $1 AND n.link = $2";

const PDF_FACTS: &str = "SELECT facts FROM pdf_facts WHERE company_id = $1 AND digest = $2";
const INSERT_PDF_FACTS: &str =
    "INSERT INTO pdf_facts (company_id, digest, facts) VALUES ($1, $2, $3) ON CONFLICT (company_id, digest) DO NOTHING";

/// Sealed bytes up to this size lie in the row: one transaction, one sync. Larger ones would bloat every page of the table.
const IN_ROW: usize = 1 << 20;

/// Bytes sealed and ready for a transaction. A file in the folder stays there while this lives: it is kept until the
/// transaction is over.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// SHA-256 of the plain bytes.
    pub digest: String,
    bytes: i64,
    place: &'static str,
    content: Vec<u8>,
    _held: Option<Arc<Held>>,
}

/// Compresses and seals bytes, and puts large ones into the folder. No transaction is open meanwhile.
pub fn seal(objects: &Objects, company: &str, key: &CompanyKey, plain: &[u8]) -> Result<Sealed> {
    let digest = sha256(plain);
    let sealed = key.seal_compressed(Purpose::Artefact, &digest, plain);
    let bytes = i64::try_from(plain.len()).expect("no artefact is larger than memory");
    if sealed.len() <= IN_ROW {
        return Ok(Sealed { digest, bytes, place: "row", content: sealed, _held: None });
    }
    let held = objects.put(company, &digest, &sealed)?;
    Ok(Sealed { digest, bytes, place: "folder", content: Vec::new(), _held: Some(Arc::new(held)) })
}

/// Stores sealed bytes; the same bytes twice are stored once.
pub async fn insert(tx: &mut Tx<'_>, company: &str, sealed: &Sealed, now: i64) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(&sealed.digest)
        .bind(sealed.bytes)
        .bind(sealed.place)
        .bind(sealed.content.clone())
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Reads bytes back, and proves that they are the ones that were stored.
pub async fn read(db: &mut AnyConnection, objects: &Objects, company: &str, key: &CompanyKey, digest: &str) -> Result<Vec<u8>> {
    let row = sqlx::query(CONTENT).bind(company).bind(digest).fetch_optional(db).await?;
    let row = row.ok_or_else(|| Error::NotFound("the file".into()))?;
    let (place, content): (String, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
    let (objects, company, key, digest) = (objects.clone(), company.to_owned(), key.clone(), digest.to_owned());
    // Fifty megabytes take a while: not on a thread that answers others.
    let opened = tokio::task::spawn_blocking(move || {
        let sealed = match place.as_str() {
            "row" => content,
            _ => objects.get(&company, &digest)?,
        };
        open(&key, &digest, &sealed)
    });
    opened.await.map_err(|cause| Error::Damaged(format!("reading a file failed: {cause}")))?
}

fn open(key: &CompanyKey, digest: &str, sealed: &[u8]) -> Result<Vec<u8>> {
    let plain = key.open_compressed(Purpose::Artefact, digest, sealed)?;
    if sha256(&plain) != digest {
        return Err(Error::Damaged(format!("the file {digest} is not the one that was stored")));
    }
    Ok(plain)
}

/// What was found in a PDF, or why it cannot be read.
pub type Looked = std::result::Result<PdfFacts, String>;

/// What was found in a stored PDF; `None` where it is none.
pub async fn pdf_facts(db: &mut AnyConnection, company: &str, digest: &str) -> Result<Option<Looked>> {
    let found: Option<String> = sqlx::query_scalar(PDF_FACTS).bind(company).bind(digest).fetch_optional(db).await?;
    let read = |facts: String| {
        serde_json::from_str(&facts).map_err(|cause| Error::Damaged(format!("what was found in the file {digest}: {cause}")))
    };
    found.map(read).transpose()
}

/// Stores what was found in a PDF.
pub async fn insert_pdf_facts(tx: &mut Tx<'_>, company: &str, digest: &str, facts: &Looked) -> Result<()> {
    let facts = serde_json::to_string(facts).map_err(|cause| Error::Damaged(format!("what was found in a file: {cause}")))?;
    sqlx::query(INSERT_PDF_FACTS).bind(company).bind(digest).bind(facts).execute(tx.db()).await?;
    Ok(())
}

/// Whether anything refers to these bytes.
pub async fn is_known(db: &mut AnyConnection, company: &str, digest: &str) -> Result<bool> {
    let known: Option<String> = sqlx::query_scalar(IS_KNOWN).bind(company).bind(digest).fetch_optional(db).await?;
    Ok(known.is_some())
}

/// What a file is called within an invoice.
#[derive(Debug, Clone)]
pub struct Naming {
    /// What it is of the invoice.
    pub role: ArtefactRole,
    /// Its file name for the recipient.
    pub name: String,
    /// Its MIME type.
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// The unguessable part of its public address.
    pub link: String,
}

impl Naming {
    /// A file of an invoice, with a new unguessable link. Names are the sender's, and stand in lists and letters: a
    /// fødselsnummer in one is masked.
    pub fn new(role: ArtefactRole, name: impl AsRef<str>, media_type: impl Into<String>, digest: &str) -> Naming {
        let name = without_identity_numbers(name.as_ref()).into_owned();
        Naming { role, name, media_type: media_type.into(), digest: digest.to_owned(), link: token() }
    }

    /// The XML of a document.
    pub fn of_xml(name: impl AsRef<str>, digest: &str) -> Naming {
        Naming::new(ArtefactRole::Xml, name, "application/xml", digest)
    }
}

/// Gives an invoice its files; `first` is the position of the first of them.
pub async fn name(tx: &mut Tx<'_>, company: &str, invoice: &str, first: i64, files: &[Naming]) -> Result<()> {
    for (position, file) in (first..).zip(files) {
        sqlx::query(NAME)
            .bind(company)
            .bind(invoice)
            .bind(position)
            .bind(role_name(file.role))
            .bind(&file.name)
            .bind(&file.media_type)
            .bind(&file.digest)
            .bind(&file.link)
            .execute(tx.db())
            .await?;
    }
    Ok(())
}

/// The files of an invoice in order, each with its link under `public` where the hub has a public address.
pub async fn of_invoice(db: &mut AnyConnection, company: &str, invoice: &str, public: Option<&str>) -> Result<Vec<Artefact>> {
    let rows = sqlx::query(OF_INVOICE).bind(company).bind(invoice).fetch_all(db).await?;
    rows.iter().map(|row| read_named(row, company, public)).collect()
}

/// The files of the invoices whose attempts travel in a lot, by attempt; each attempt's in order.
pub async fn in_lot(
    db: &mut AnyConnection,
    company: &str,
    lot: &str,
    public: Option<&str>,
) -> Result<HashMap<AttemptId, Vec<Artefact>>> {
    let mut files: HashMap<AttemptId, Vec<Artefact>> = HashMap::new();
    for row in &sqlx::query(IN_LOT).bind(company).bind(lot).fetch_all(db).await? {
        files.entry(read_attempt_id(row)?).or_default().push(read_named(row, company, public)?);
    }
    Ok(files)
}

fn read_named(row: &AnyRow, company: &str, public: Option<&str>) -> Result<Artefact> {
    let (role, link, bytes): (String, String, i64) = (row.try_get("role")?, row.try_get("link")?, row.try_get("bytes")?);
    Ok(Artefact {
        role: role_named(&role)?,
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        digest: row.try_get("digest")?,
        bytes: u64::try_from(bytes).unwrap_or(0),
        link: public.map(|address| format!("{}/document/{company}/{link}", address.trim_end_matches('/'))),
    })
}

/// The file behind a public link: name, MIME type, digest, and when its invoice was accepted.
pub async fn by_link(db: &mut AnyConnection, company: &str, link: &str) -> Result<Option<(String, String, String, i64)>> {
    let row = sqlx::query(BY_LINK).bind(company).bind(link).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))).transpose()
}

fn role_name(role: ArtefactRole) -> &'static str {
    match role {
        ArtefactRole::Xml => "xml",
        ArtefactRole::Pdf => "pdf",
        ArtefactRole::Attachment => "attachment",
    }
}

fn role_named(name: &str) -> Result<ArtefactRole> {
    match name {
        "xml" => Ok(ArtefactRole::Xml),
        "pdf" => Ok(ArtefactRole::Pdf),
        "attachment" => Ok(ArtefactRole::Attachment),
        other => Err(Error::Damaged(format!("no file is a {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_number_in_a_file_name_is_masked() {
        let named = |name: &str| Naming::new(ArtefactRole::Attachment, name, "application/pdf", "digest").name;
        // Synthetic: the month has 80 added.
        assert_eq!(named("timeliste 10915596784.pdf"), "timeliste •••••••••••.pdf");
        assert_eq!(named("timeliste-10023.pdf"), "timeliste-10023.pdf");
    }
}
