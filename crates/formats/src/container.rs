//! What a sender hands in: one XML document bare, or a ZIP of it with a PDF, attachments and metadata.
//!
//! The convention for a ZIP, and there is no other:
//!
//! - exactly one file ends in `.xml`: the invoice. Its name without the ending is its stem;
//! - `metadata.json`, if it is there, is the metadata ([`crate::metadata`]);
//! - the PDF with the stem of the XML (`4711.xml`, `4711.pdf`) is the picture of the invoice;
//! - everything else becomes an attachment, in the order of the archive.
//!
//! All files lie at the top: no folders, no archives in the archive, no links, no passwords, no name twice (capitals do
//! not make a difference). Budgets are held against what the archive declares before anything is expanded, and against what
//! comes out while it is.

use std::collections::HashSet;
use std::io::{Cursor, Read, Seek};
use std::sync::Arc;

use kvitt_domain::Fault;
use kvitt_domain::fault::codes;
use kvitt_domain::invoice::{Attachment, File, Invoice};
use zip::ZipArchive;

use crate::files;
use crate::identity::shown;
use crate::ubl::image_mark;

/// The name of the metadata inside an archive.
pub const METADATA_NAME: &str = "metadata.json";

/// What an archive may cost before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of the archive, or of a bare document.
    pub archive_bytes: usize,
    /// Files in the archive.
    pub files: usize,
    /// Bytes of one file, expanded.
    pub file_bytes: u64,
    /// Bytes of all files together, expanded.
    pub total_bytes: u64,
    /// How many times larger a file may be than its compressed form. Held only against files over 64 KiB.
    pub ratio: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            archive_bytes: 100 * 1024 * 1024,
            // Print takes four and e-mail seldom more; the rest is room for receipts and time sheets.
            files: 50,
            // What the largest route, print, takes as one file.
            file_bytes: 50 * 1024 * 1024,
            total_bytes: 100 * 1024 * 1024,
            // Invoices of a thousand alike lines compress to a sixtieth; deflate ends at about 1,030.
            ratio: 200,
        }
    }
}

/// Files smaller than this may be as repetitive as they like.
const RATIO_FREE_BYTES: u64 = 64 * 1024;
/// Endings of archives: none is opened inside another.
const ARCHIVE_ENDINGS: [&str; 11] = ["zip", "7z", "rar", "gz", "tgz", "tar", "bz2", "xz", "zst", "jar", "cab"];
/// Endings of documents that are ZIP files by their nature and go on unopened.
const ZIPPED_DOCUMENTS: [&str; 7] = ["docx", "xlsx", "pptx", "odt", "ods", "odp", "asice"];

/// What was handed in, taken apart.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Handed {
    /// The invoice document.
    pub xml: Vec<u8>,
    /// The PDF that the sender calls the picture of the invoice.
    pub image: Option<File>,
    /// The other files.
    pub files: Vec<File>,
    /// The metadata, as bytes.
    pub metadata: Option<Vec<u8>>,
}

/// Sizes only: the contents may hold what no log should.
impl std::fmt::Debug for Handed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handed")
            .field("xml_bytes", &self.xml.len())
            .field("image", &self.image)
            .field("files", &self.files)
            .field("metadata_bytes", &self.metadata.as_ref().map(Vec::len))
            .finish()
    }
}

impl Handed {
    /// Adds the files to the invoice that was read from [`Handed::xml`]: each becomes an attachment (BG-24) with its name
    /// as the reference. A picture from the archive takes the place of one inside the document, which stays as an attachment.
    pub fn merge_into(self, invoice: &mut Invoice) {
        if self.image.is_some() {
            for attachment in &mut invoice.attachments {
                attachment.is_image_of_invoice = false;
            }
        }
        let mark = image_mark(invoice.kind).to_owned();
        let image = self.image.map(|file| attachment(file, Some(mark)));
        let others = self.files.into_iter().map(|file| attachment(file, None));
        invoice.attachments.extend(image.into_iter().chain(others));
    }
}

fn attachment(file: File, mark: Option<String>) -> Attachment {
    Attachment { id: file.name.clone(), is_image_of_invoice: mark.is_some(), description: mark, location: None, file: Some(file) }
}

/// Takes apart what was handed in. Bytes that do not begin like a ZIP are taken for a bare XML document, unread.
///
/// # Errors
/// All faults at once: `archive.unreadable`, `archive.over_budget`, `archive.documents`,
/// `attachment.type`, each at the file's name; for a
/// bare document over the budget `xml.over_budget`.
pub fn open(bytes: &[u8], budget: &Budget) -> Result<Handed, Vec<Fault>> {
    if !is_zip(bytes) {
        return open_bare(bytes, budget);
    }
    if bytes.len() > budget.archive_bytes {
        return Err(vec![over_budget("bytes", budget.archive_bytes)]);
    }
    let (mut archive, entries) = directory(bytes, budget, Inside::Files)?;
    let mut opened = Vec::with_capacity(entries.len());
    for entry in entries {
        opened.push(expand(&mut archive, &entry, Inside::Files)?);
    }
    sort_out(opened)
}

/// Many documents in one archive: each of its files is handed in for itself, bare XML or a ZIP as [`open`] takes it.
pub struct Bundle {
    archive: ZipArchive<Cursor<Arc<[u8]>>>,
    entries: Vec<Entry>,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("documents", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Bundle {
    /// What a bundle may cost: each of its documents is held to the usual budget when it is opened itself.
    pub const BUDGET: Budget = Budget {
        archive_bytes: 200 * 1024 * 1024,
        files: 20_000,
        file_bytes: 100 * 1024 * 1024,
        total_bytes: 2 * 1024 * 1024 * 1024,
        ratio: 200,
    };

    /// Reads the directory of an archive; nothing is expanded yet.
    ///
    /// # Errors
    /// `archive.unreadable`, `archive.over_budget`; `archive.documents` where there is nothing in it.
    pub fn open(bytes: Arc<[u8]>, budget: &Budget) -> Result<Bundle, Vec<Fault>> {
        if bytes.len() > budget.archive_bytes {
            return Err(vec![over_budget("bytes", budget.archive_bytes)]);
        }
        let (archive, entries) = directory(bytes, budget, Inside::Documents)?;
        if entries.is_empty() {
            return Err(vec![Fault::fatal(codes::ARCHIVE_DOCUMENTS).with("count", 0)]);
        }
        Ok(Bundle { archive, entries })
    }

    /// The names of its files, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// One of its documents, expanded; `None` behind the last.
    pub fn document(&self, index: usize) -> Option<Result<Vec<u8>, Vec<Fault>>> {
        let entry = self.entries.get(index)?;
        // A copy shares the directory and the bytes.
        Some(expand(&mut self.archive.clone(), entry, Inside::Documents).map(|file| file.bytes))
    }
}

/// What the files of an archive are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// The parts of one document: none is an archive.
    Files,
    /// Documents of their own, which may be archives.
    Documents,
}

/// An archive and what its directory declares.
type Directory<B> = (ZipArchive<Cursor<B>>, Vec<Entry>);

/// The directory of an archive, held against the budget.
fn directory<B: AsRef<[u8]>>(bytes: B, budget: &Budget, inside: Inside) -> Result<Directory<B>, Vec<Fault>> {
    let declared = declared_entries(bytes.as_ref());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| vec![unreadable(&error.to_string())])?;
    // The library keeps one of two entries with the same name; the directory's own count tells.
    if declared != Some(archive.len()) {
        return Err(vec![unreadable("its directory is damaged, or a file name stands twice")]);
    }
    if archive.len() > budget.files {
        return Err(vec![over_budget("files", budget.files)]);
    }
    let entries = inspect(&mut archive, budget, inside)?;
    Ok((archive, entries))
}

fn open_bare(bytes: &[u8], budget: &Budget) -> Result<Handed, Vec<Fault>> {
    if bytes.len() > budget.archive_bytes {
        let fault = Fault::fatal(codes::XML_OVER_BUDGET).with("what", "bytes").with("limit", budget.archive_bytes);
        return Err(vec![fault]);
    }
    Ok(Handed { xml: bytes.to_vec(), ..Handed::default() })
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The count in the end record (APPNOTE 4.3.16) that closes the file: `PK 05 06`, whose comment ends where the file ends.
fn declared_entries(bytes: &[u8]) -> Option<usize> {
    const RECORD_BYTES: usize = 22;
    let u16_at = |at: usize| Some(usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    let last = bytes.len().checked_sub(RECORD_BYTES)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last)
        .rev()
        .find(|at| bytes[*at..].starts_with(b"PK\x05\x06") && u16_at(at + 20) == Some(last - at))
        .and_then(|at| u16_at(at + 10))
}

/// One file of the archive as its directory declares it.
struct Entry {
    index: usize,
    name: String,
    size: u64,
}

/// Holds every declaration against the budget before a byte is expanded.
fn inspect<R: Read + Seek>(archive: &mut ZipArchive<R>, budget: &Budget, inside: Inside) -> Result<Vec<Entry>, Vec<Fault>> {
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    let (mut seen, mut total) = (HashSet::new(), 0u64);
    for index in 0..archive.len() {
        let file = match archive.by_index_raw(index) {
            Ok(file) => file,
            Err(error) => {
                faults.push(unreadable(&error.to_string()));
                continue;
            }
        };
        let name = file.name().to_owned();
        let mut refuse = |fault: Fault| faults.push(fault.at(shown(&name)));
        if let Some(why) = wrong_name(&name) {
            refuse(unreadable(why));
        }
        if !seen.insert(name.to_lowercase()) {
            refuse(unreadable("its name stands twice"));
        }
        if file.encrypted() {
            refuse(unreadable("it has a password"));
        }
        if file.is_symlink() {
            refuse(unreadable("it is a link"));
        }
        if inside == Inside::Files && files::ending(&name).is_some_and(|ending| ARCHIVE_ENDINGS.contains(&ending.as_str())) {
            refuse(over_budget("nesting", 0));
        }
        if file.size() > budget.file_bytes {
            refuse(over_budget("file_bytes", budget.file_bytes));
        }
        if file.size() > RATIO_FREE_BYTES && file.size() / budget.ratio.max(1) > file.compressed_size() {
            refuse(over_budget("ratio", budget.ratio));
        }
        total = total.saturating_add(file.size());
        entries.push(Entry { index, size: file.size(), name });
    }
    if total > budget.total_bytes {
        faults.push(over_budget("total_bytes", budget.total_bytes));
    }
    if faults.is_empty() { Ok(entries) } else { Err(faults) }
}

fn wrong_name(name: &str) -> Option<&'static str> {
    if name.contains(['/', '\\', ':']) {
        return Some("files must lie at the top of the archive, without folders");
    }
    let plain = files::bare_name(name).as_deref() == Some(name);
    (!plain).then_some("its name is not a file name")
}

/// Expands one file, and stops one byte after what the directory declared.
fn expand<R: Read + Seek>(archive: &mut ZipArchive<R>, entry: &Entry, inside: Inside) -> Result<File, Vec<Fault>> {
    let refused = |why: &str| vec![unreadable(why).at(shown(&entry.name))];
    let file = archive.by_index(entry.index).map_err(|error| refused(&error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(entry.size + 1).read_to_end(&mut bytes).map_err(|error| refused(&error.to_string()))?;
    if bytes.len() as u64 != entry.size {
        return Err(refused("its size is not what the archive declares"));
    }
    let zipped_document = files::ending(&entry.name).is_some_and(|ending| ZIPPED_DOCUMENTS.contains(&ending.as_str()));
    if inside == Inside::Files && is_zip(&bytes) && !zipped_document {
        return Err(vec![over_budget("nesting", 0).at(shown(&entry.name))]);
    }
    Ok(File { media_type: files::media_type(&entry.name).to_owned(), name: entry.name.clone(), bytes })
}

/// Tells the invoice, its picture, the metadata and the rest apart by their names.
fn sort_out(opened: Vec<File>) -> Result<Handed, Vec<Fault>> {
    let is_xml = |file: &File| files::ending(&file.name).as_deref() == Some("xml");
    let count = opened.iter().filter(|file| is_xml(file)).count();
    let Some(stem) = opened.iter().find(|file| is_xml(file)).map(|file| files::stem(&file.name).to_lowercase()) else {
        return Err(vec![Fault::fatal(codes::ARCHIVE_DOCUMENTS).with("count", 0)]);
    };
    if count > 1 {
        return Err(vec![Fault::fatal(codes::ARCHIVE_DOCUMENTS).with("count", count)]);
    }
    let mut handed = Handed::default();
    let mut faults = Vec::new();
    for file in opened {
        if is_xml(&file) {
            handed.xml = file.bytes;
        } else if file.name.eq_ignore_ascii_case(METADATA_NAME) {
            handed.metadata = Some(file.bytes);
        } else if files::is_pdf(&file) && files::stem(&file.name).to_lowercase() == stem {
            handed.image = Some(file);
        } else {
            if !files::is_taken(&file) {
                faults.push(wrong_type(&file));
            }
            handed.files.push(file);
        }
    }
    if faults.is_empty() { Ok(handed) } else { Err(faults) }
}

fn wrong_type(file: &File) -> Fault {
    let kind = files::ending(&file.name).unwrap_or_else(|| file.media_type.clone());
    let name = shown(&file.name);
    Fault::fatal(codes::ATTACHMENT_TYPE).at(&*name).with("file", &name).with("type", shown(&kind))
}

fn unreadable(why: &str) -> Fault {
    Fault::fatal(codes::ARCHIVE_UNREADABLE).with("why", shown(why))
}

fn over_budget(what: &str, limit: impl ToString) -> Fault {
    Fault::fatal(codes::ARCHIVE_OVER_BUDGET).with("what", what).with("limit", limit)
}
