//! What a PDF is that somebody else made: its pages, fonts and margins, for whoever has to print or show it.
//!
//! The file is not trusted: `guard` weighs it before it is read, `marks` walks over what its pages draw, within limits, and a fault of
//! the reader is an answer, not a crash. Nothing is drawn and no picture is unpacked. Whether the facts suit a print shop is judged in
//! [`kvitt_domain::pdf_facts`].

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_syntax::object::{Dict, Name};
use hayro_syntax::page::Page;
use hayro_syntax::{LoadPdfError, Pdf};
use kvitt_domain::Fault;
use kvitt_domain::fault::codes;
use kvitt_domain::pdf_facts::{self, LeftEdge, Mark, PageSize, PdfFacts, PdfVersion};

mod guard;
mod marks;

/// No larger file is read: no route takes more.
pub const MOST_BYTES: usize = 100_000_000;
/// Every page is looked at, up to here; of a longer document only the number of pages is known beyond.
const MOST_PAGES_WALKED: usize = 1_000;

/// Why nothing is known of a PDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReadable {
    /// More than [`MOST_BYTES`] bytes.
    #[error("the file has {bytes} bytes; {MOST_BYTES} are read at most")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// No PDF, or one that cannot be put together.
    #[error("the file is broken, or no PDF")]
    Broken,
    /// Built so that it would unpack to more than is reasonable, or hides what it would unpack to.
    #[error("the file is not safe to unpack")]
    Unsafe,
}

impl NotReadable {
    /// The same, for the sender.
    pub fn fault(self) -> Fault {
        match self {
            NotReadable::TooLarge { bytes } => pdf_facts::too_large(bytes as u64, MOST_BYTES as u64),
            NotReadable::Broken => Fault::fatal(codes::PDF_UNREADABLE).with("pdf_why", "broken"),
            NotReadable::Unsafe => Fault::fatal(codes::PDF_UNREADABLE).with("pdf_why", "unsafe"),
        }
    }
}

/// Finds out what a PDF is.
///
/// An encrypted file is not looked into, whether it needs a password or not: all that is said of it is that it is encrypted. Fonts
/// are those with which the first thousand pages set text that shows; fields, stamps and notes (annotations) count for the margin,
/// but not for the fonts.
///
/// # Errors
/// [`NotReadable`]; see its variants.
pub fn inspect(bytes: &[u8]) -> Result<PdfFacts, NotReadable> {
    if bytes.len() > MOST_BYTES {
        return Err(NotReadable::TooLarge { bytes: bytes.len() });
    }
    let header = header_version(bytes).ok_or(NotReadable::Broken)?;
    if guard::is_encrypted(bytes) {
        return Ok(PdfFacts { is_encrypted: true, ..unread(bytes, header) });
    }
    // The reader panics on some broken files, which is no reason to lose the process over somebody's attachment.
    catch_unwind(AssertUnwindSafe(|| {
        guard::check(bytes)?;
        read(bytes, header)
    }))
    .unwrap_or(Err(NotReadable::Broken))
}

fn unread(bytes: &[u8], version: PdfVersion) -> PdfFacts {
    PdfFacts {
        bytes: bytes.len() as u64,
        version,
        is_encrypted: false,
        pages: None,
        page_sizes: Vec::new(),
        fonts_not_embedded: Vec::new(),
        has_javascript: false,
        has_forms: false,
        has_embedded_files: false,
        left_edge: None,
        texts_in_window: None,
    }
}

fn read(bytes: &[u8], header: PdfVersion) -> Result<PdfFacts, NotReadable> {
    let pdf = match Pdf::new(bytes.to_vec()) {
        Ok(pdf) => pdf,
        Err(LoadPdfError::Decryption(_)) => return Ok(PdfFacts { is_encrypted: true, ..unread(bytes, header) }),
        Err(LoadPdfError::Invalid) => return Err(NotReadable::Broken),
    };
    let mut facts = unread(bytes, header);
    let root: Dict<'_> = pdf.xref().get(pdf.xref().root_id()).ok_or(NotReadable::Broken)?;
    let of_catalogue = root.get::<Name<'_>>("Version").and_then(|version| PdfVersion::parse(version.as_str()));
    // ISO 32000-1, 7.5.2: the later one counts.
    facts.version = of_catalogue.map_or(header, |version| version.max(header));
    let names = root.get::<Dict<'_>>("Names").unwrap_or_default();
    facts.has_embedded_files = names.contains_key("EmbeddedFiles") || root.contains_key("AF");
    facts.has_javascript = names.contains_key("JavaScript") || root.contains_key("AA") || is_script(&root, "OpenAction");
    facts.has_forms = root.get::<Dict<'_>>("AcroForm").is_some_and(|form| has_fields(&form));

    let pages = pdf.pages();
    facts.pages = Some(u32::try_from(pages.len()).unwrap_or(u32::MAX));
    for page in pages.iter() {
        let size = size_of(page);
        if !facts.page_sizes.contains(&size) && facts.page_sizes.len() < PdfFacts::MOST_SIZES {
            facts.page_sizes.push(size);
        }
        facts.has_javascript |= page.raw().contains_key("AA");
    }
    look_over(pages, &mut facts);
    Ok(facts)
}

/// What all pages draw: fonts, margins, and the text in the window of the first.
fn look_over(pages: &[Page<'_>], facts: &mut PdfFacts) {
    let mut budget = marks::Budget::default();
    let mut fonts = BTreeSet::new();
    let mut edge: Option<(f64, Option<(f64, u32)>)> = None;
    let mut is_complete = pages.len() <= MOST_PAGES_WALKED;
    for (at, page) in pages.iter().take(MOST_PAGES_WALKED).enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let seen = marks::walk(page, &mut budget, &mut fonts);
        is_complete &= seen.is_complete;
        if at == 0 && seen.is_complete && size_of(page).is_a4() && size_of(page).height > size_of(page).width {
            facts.texts_in_window = seen.texts_in_window;
        }
        let unit = user_unit(page);
        let (clear, mark) = edge.unwrap_or((f64::INFINITY, None));
        let here = seen.mark.map(|mark| (mark * unit, number));
        let leftmost = match (mark, here) {
            (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
            (one, other) => one.or(other),
        };
        edge = Some((clear.min(seen.clear * unit), leftmost));
    }
    facts.fonts_not_embedded = fonts.into_iter().take(PdfFacts::MOST_FONTS).collect();
    facts.left_edge = edge.map(|(clear, mark)| LeftEdge {
        // What was not looked at may stand anywhere.
        clear_tenths_mm: if is_complete { tenths_mm(clear) } else { 0 },
        mark: mark.map(|(at, page)| Mark { tenths_mm: tenths_mm(at), page }),
    });
}

/// The version in the header, within the first 1,024 bytes as readers take it (ISO 32000-1, annex H, 3.4.1). What no version is known by
/// counts as the highest.
fn header_version(bytes: &[u8]) -> Option<PdfVersion> {
    const MARK: &[u8] = b"%PDF-";
    let head = &bytes[..bytes.len().min(1_024 + MARK.len() + 3)];
    let at = head.windows(MARK.len()).position(|five| five == MARK)? + MARK.len();
    let text = std::str::from_utf8(head.get(at..at + 3)?).ok()?;
    Some(PdfVersion::parse(text).unwrap_or(PdfVersion { major: 2, minor: 0 }))
}

fn is_script(dictionary: &Dict<'_>, key: &str) -> bool {
    let action = dictionary.get::<Dict<'_>>(key);
    action.and_then(|action| action.get::<Name<'_>>("S")).is_some_and(|kind| kind.as_str() == "JavaScript")
}

fn has_fields(form: &Dict<'_>) -> bool {
    use hayro_syntax::object::Array;
    form.contains_key("XFA") || form.get::<Array<'_>>("Fields").is_some_and(|fields| fields.raw_iter().next().is_some())
}

/// How many points a unit of this page has (ISO 32000-1, 14.11.2).
fn user_unit(page: &Page<'_>) -> f64 {
    let unit = page.raw().get::<f32>("UserUnit").map_or(1.0, f64::from);
    if unit.is_finite() && unit > 0.0 { unit } else { 1.0 }
}

fn size_of(page: &Page<'_>) -> PageSize {
    let (width, height) = page.render_dimensions();
    let unit = user_unit(page);
    PageSize { width: tenths_mm(f64::from(width) * unit), height: tenths_mm(f64::from(height) * unit) }
}

/// Points to tenths of a millimetre, rounded; nothing is left of the edge, and nothing is farther than a thousand metres.
fn tenths_mm(points: f64) -> u32 {
    let tenths = (points * 254.0 / 72.0).round();
    // The cast is within range and without a fraction.
    if tenths.is_finite() { tenths.clamp(0.0, 1e7) as u32 } else { 0 }
}
