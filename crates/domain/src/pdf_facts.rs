//! What a PDF is, as a print shop asks: pages, paper, fonts, protection, margins. And the pure judgement whether it can be printed.
//!
//! The facts are found in `kvitt-render` (`inspect`), which reads the bytes; here they are data, judged by [`printability`] (one file)
//! and [`letter`] (the files of one letter together). Nothing here knows how a PDF is built.

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, codes};

/// What is known of a PDF file. What could not be told is `None`: unknown, not fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PdfFacts {
    /// The size of the file.
    pub bytes: u64,
    /// The version, of the header or, where it has one, of the catalogue (ISO 32000-1, 7.5.2).
    pub version: PdfVersion,
    /// Whether it is encrypted, also where it opens without a password. What follows is then unknown or empty: nothing inside was read.
    pub is_encrypted: bool,
    /// How many pages it has; `None` where it is encrypted.
    pub pages: Option<u32>,
    /// The sizes of its pages as they are seen, each once, in the order in which they come first; at most
    /// [`PdfFacts::MOST_SIZES`].
    pub page_sizes: Vec<PageSize>,
    /// The fonts that its pages use and do not bring along, by name, in order; at most [`PdfFacts::MOST_FONTS`].
    pub fonts_not_embedded: Vec<String>,
    /// Whether it has scripts.
    pub has_javascript: bool,
    /// Whether it has form fields.
    pub has_forms: bool,
    /// Whether files travel inside it.
    pub has_embedded_files: bool,
    /// What stands near the left edges; `None` where nothing could be told.
    pub left_edge: Option<LeftEdge>,
    /// How many pieces of text begin inside the left window of a C5 envelope, on the first page; `None` where that cannot be told: a
    /// picture lies there, or the page is not a standing A4. That text stands there does not say that it is the recipient's address.
    pub texts_in_window: Option<u32>,
}

impl PdfFacts {
    /// Nobody reads more sizes in a message, and a hostile file has as many as pages.
    pub const MOST_SIZES: usize = 8;
    /// The same for fonts.
    pub const MOST_FONTS: usize = 16;
}

/// A version of the format, written `1.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PdfVersion {
    /// Before the point.
    pub major: u8,
    /// After the point.
    pub minor: u8,
}

impl PdfVersion {
    /// ISO 32000-1, and what PDF/A-3 is.
    pub const V1_7: PdfVersion = PdfVersion { major: 1, minor: 7 };

    /// Reads `1.0` to `2.0`; `None` for what no PDF is.
    pub fn parse(text: &str) -> Option<PdfVersion> {
        let (major, minor) = text.split_once('.')?;
        let digit = |part: &str| match part.as_bytes() {
            [digit @ b'0'..=b'9'] => Some(digit - b'0'),
            _ => None,
        };
        let version = PdfVersion { major: digit(major)?, minor: digit(minor)? };
        matches!((version.major, version.minor), (1, 0..=7) | (2, 0)).then_some(version)
    }
}

impl std::fmt::Display for PdfVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl From<PdfVersion> for String {
    fn from(version: PdfVersion) -> String {
        version.to_string()
    }
}

impl TryFrom<String> for PdfVersion {
    type Error = String;
    fn try_from(text: String) -> Result<PdfVersion, String> {
        PdfVersion::parse(&text).ok_or_else(|| format!("{text} is no version of PDF: say 1.0 to 1.7, or 2.0"))
    }
}

/// The size of a page as it is seen, rotation included, in tenths of a millimetre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PageSize {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl PageSize {
    /// 210 x 297 mm, standing (ISO 216).
    pub const A4: PageSize = PageSize { width: 2100, height: 2970 };
    /// What programs make of A4 when they count in whole points or inches: 595 x 842 points are 209.9 x 297.0 mm.
    const TOLERANCE: u32 = 20;

    /// Whether it is A4, standing or lying, give or take two millimetres. A lying page is printed turned.
    pub fn is_a4(self) -> bool {
        let near = |one: u32, other: u32| one.abs_diff(other) <= PageSize::TOLERANCE;
        let is = |width: u32, height: u32| near(width, PageSize::A4.width) && near(height, PageSize::A4.height);
        is(self.width, self.height) || is(self.height, self.width)
    }
}

impl std::fmt::Display for PageSize {
    /// Whole millimetres: `216 × 279 mm`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mm = |tenths: u32| (tenths.saturating_add(5)) / 10;
        write!(f, "{} × {} mm", mm(self.width), mm(self.height))
    }
}

/// How free the left edges of the pages are, found from where things are drawn without drawing them.
///
/// Two measures, because the truth lies between them: pictures may be white at their edge, and things may be covered, clipped or
/// hidden in ways that only drawing would tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftEdge {
    /// Nothing stands further left than this on any page, in tenths of a millimetre from the left edge; the width of the page where
    /// all are empty. Frames of pictures count.
    pub clear_tenths_mm: u32,
    /// The leftmost thing that is certainly drawn in a colour other than white: text, a line, a filled area.
    pub mark: Option<Mark>,
}

/// Something drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// How far from the left edge of the page, in tenths of a millimetre.
    pub tenths_mm: u32,
    /// On which page, counted from 1.
    pub page: u32,
}

/// What a print shop takes. Every shop has its own; the default is the strictest of what was published for Norway in 2026 where that
/// does not refuse our own documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrintLimits {
    /// Pages of all files of a letter together. 110: Visma's print service for Norway (Maventa's documentation, "Printing", 2026).
    pub pages_per_letter: u32,
    /// Files in a letter: the image of the invoice and three attachments (the same). A cover sheet of ours does not count.
    pub files_per_letter: u32,
    /// The size of each file, 50 MB (the same).
    pub bytes_per_file: u64,
    /// The highest version of PDF that the shop's printers read. 1.7, because that is what PDF/A-3, and so every document of ours, is.
    /// Digipost's printability check takes 1.0 to 1.5: set that for a shop which means it, and our own documents no longer
    /// go to it.
    pub highest_version: PdfVersion,
    /// How much of the left edge must be free of marks, in tenths of a millimetre, because the shop prints its own marks for folding and
    /// enveloping there. 15 mm: Digipost's printability check. Public print wants 18 mm; our own documents leave 20. 0 = not checked.
    pub left_margin_tenths_mm: u32,
}

impl Default for PrintLimits {
    fn default() -> PrintLimits {
        PrintLimits {
            pages_per_letter: 110,
            files_per_letter: 4,
            bytes_per_file: 50_000_000,
            highest_version: PdfVersion::V1_7,
            left_margin_tenths_mm: 150,
        }
    }
}

/// Why this file cannot be printed, all reasons at once, and what is doubtful as warnings. Empty = it can be printed.
///
/// The faults have no place: the caller knows which file it is ([`Fault::at`]).
pub fn printability(facts: &PdfFacts, limits: &PrintLimits) -> Vec<Fault> {
    let mut faults = Vec::new();
    if facts.bytes > limits.bytes_per_file {
        faults.push(too_large(facts.bytes, limits.bytes_per_file));
    }
    if facts.is_encrypted {
        faults.push(Fault::fatal(codes::PDF_ENCRYPTED));
    }
    if facts.version > limits.highest_version {
        let fault = Fault::fatal(codes::PDF_VERSION).with("version", facts.version).with("highest", limits.highest_version);
        faults.push(fault);
    }
    if facts.pages == Some(0) {
        faults.push(Fault::fatal(codes::PDF_NO_PAGES));
    }
    if facts.pages.is_some_and(|pages| pages > limits.pages_per_letter) {
        faults.push(too_many_pages(facts.pages.unwrap_or_default().into(), limits));
    }
    let foreign: Vec<String> = facts.page_sizes.iter().filter(|size| !size.is_a4()).map(PageSize::to_string).collect();
    if !foreign.is_empty() {
        faults.push(Fault::fatal(codes::PDF_PAGE_SIZE).with("sizes", foreign.join(", ")));
    }
    if !facts.fonts_not_embedded.is_empty() {
        faults.push(Fault::fatal(codes::PDF_FONTS_MISSING).with("fonts", facts.fonts_not_embedded.join(", ")));
    }
    faults.extend(margin(facts, limits));
    if facts.has_forms {
        faults.push(Fault::warning(codes::PDF_FORM));
    }
    faults
}

fn margin(facts: &PdfFacts, limits: &PrintLimits) -> Option<Fault> {
    if limits.left_margin_tenths_mm == 0 || facts.is_encrypted {
        return None;
    }
    let wanted = limits.left_margin_tenths_mm;
    match facts.left_edge {
        Some(edge) if edge.clear_tenths_mm >= wanted => None,
        Some(LeftEdge { mark: Some(mark), .. }) if mark.tenths_mm < wanted => Some(
            Fault::fatal(codes::PDF_MARGIN)
                .with("page", mark.page)
                .with("found_mm", millimetres(mark.tenths_mm))
                .with("wanted_mm", millimetres(wanted)),
        ),
        _ => Some(Fault::warning(codes::PDF_MARGIN_UNKNOWN).with("wanted_mm", millimetres(wanted))),
    }
}

/// Why these files cannot go in one letter: too many of them, or too many pages together. Each file is judged by [`printability`]
/// besides; cover sheets of ours are not among them.
pub fn letter<'a>(files: impl IntoIterator<Item = &'a PdfFacts>, limits: &PrintLimits) -> Vec<Fault> {
    let (mut count, mut pages) = (0_u32, 0_u64);
    for file in files {
        count = count.saturating_add(1);
        pages = pages.saturating_add(file.pages.unwrap_or_default().into());
    }
    let mut faults = Vec::new();
    if count > limits.files_per_letter {
        faults.push(Fault::fatal(codes::PDF_TOO_MANY_FILES).with("count", count).with("limit", limits.files_per_letter));
    }
    if pages > limits.pages_per_letter.into() {
        faults.push(too_many_pages(pages, limits));
    }
    faults
}

/// A file of more bytes than are taken.
pub fn too_large(bytes: u64, most_bytes: u64) -> Fault {
    Fault::fatal(codes::PDF_TOO_LARGE).with("bytes", bytes).with("most_bytes", most_bytes)
}

fn too_many_pages(count: u64, limits: &PrintLimits) -> Fault {
    Fault::fatal(codes::PDF_TOO_MANY_PAGES).with("count", count).with("limit", limits.pages_per_letter)
}

/// `15`, or `7.5` where it is not whole.
fn millimetres(tenths: u32) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        tenth => format!("{}.{tenth}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn fine() -> PdfFacts {
        PdfFacts {
            bytes: 20_000,
            version: PdfVersion::V1_7,
            is_encrypted: false,
            pages: Some(2),
            page_sizes: vec![PageSize::A4],
            fonts_not_embedded: Vec::new(),
            has_javascript: false,
            has_forms: false,
            has_embedded_files: true,
            left_edge: edge(200, 200),
            texts_in_window: Some(4),
        }
    }

    fn edge(clear_tenths_mm: u32, mark_tenths_mm: u32) -> Option<LeftEdge> {
        Some(LeftEdge { clear_tenths_mm, mark: Some(Mark { tenths_mm: mark_tenths_mm, page: 3 }) })
    }

    fn names(faults: &[Fault]) -> Vec<&'static str> {
        faults.iter().map(|fault| fault.code.name()).collect()
    }

    #[test]
    fn every_reason_is_told() {
        let check = |change: fn(&mut PdfFacts), wanted: &[&str]| {
            let mut facts = fine();
            change(&mut facts);
            assert_eq!(names(&printability(&facts, &PrintLimits::default())), wanted, "{facts:?}");
        };
        check(|_| {}, &[]);
        check(|facts| facts.bytes = 50_000_001, &["pdf.too_large"]);
        check(|facts| facts.pages = Some(0), &["pdf.no_pages"]);
        check(|facts| facts.pages = Some(110), &[]);
        check(|facts| facts.pages = Some(111), &["pdf.too_many_pages"]);
        check(|facts| facts.version = PdfVersion { major: 2, minor: 0 }, &["pdf.version"]);
        check(|facts| facts.page_sizes.push(PageSize { width: 2159, height: 2794 }), &["pdf.page_size"]);
        check(|facts| facts.page_sizes = vec![PageSize { width: 2970, height: 2099 }], &[]);
        check(|facts| facts.fonts_not_embedded = vec!["Arial".to_owned()], &["pdf.fonts_missing"]);
        check(|facts| facts.left_edge = edge(149, 149), &["pdf.margin"]);
        check(|facts| facts.left_edge = edge(0, 149), &["pdf.margin"]);
        check(|facts| facts.left_edge = edge(150, 150), &[]);
        check(|facts| facts.left_edge = edge(0, 150), &["pdf.margin_unknown"]);
        check(|facts| facts.left_edge = Some(LeftEdge { clear_tenths_mm: 0, mark: None }), &["pdf.margin_unknown"]);
        check(|facts| facts.left_edge = None, &["pdf.margin_unknown"]);
        check(|facts| facts.has_forms = true, &["pdf.form"]);
        check(
            |facts| {
                facts.is_encrypted = true;
                facts.pages = None;
                facts.left_edge = None;
            },
            &["pdf.encrypted"],
        );
    }

    #[test]
    fn doubts_do_not_stop_a_letter() {
        let facts = PdfFacts { left_edge: None, has_forms: true, ..fine() };
        assert!(printability(&facts, &PrintLimits::default()).iter().all(|fault| !fault.is_fatal()));
        let unchecked = PrintLimits { left_margin_tenths_mm: 0, ..PrintLimits::default() };
        assert_eq!(names(&printability(&facts, &unchecked)), ["pdf.form"]);
    }

    #[test]
    fn a_letter_is_judged_as_a_whole() {
        let of_pages = |pages: u32| PdfFacts { pages: Some(pages), ..fine() };
        let check = |pages: &[u32], wanted: &[&str]| {
            let files: Vec<PdfFacts> = pages.iter().copied().map(of_pages).collect();
            assert_eq!(names(&letter(&files, &PrintLimits::default())), wanted, "{pages:?}");
        };
        check(&[1, 1, 1, 107], &[]);
        check(&[1, 1, 1, 108], &["pdf.too_many_pages"]);
        check(&[1, 1, 1, 1, 1], &["pdf.too_many_files"]);
        check(&[u32::MAX, u32::MAX], &["pdf.too_many_pages"]);
    }

    #[test]
    fn sentences_name_what_was_found() {
        let facts = PdfFacts {
            left_edge: edge(75, 75),
            page_sizes: vec![PageSize::A4, PageSize { width: 2159, height: 2794 }],
            ..fine()
        };
        let said: Vec<String> =
            printability(&facts, &PrintLimits::default()).iter().map(|fault| fault.sentence(Language::English)).collect();
        assert_eq!(
            said,
            [
                "The PDF has pages that are not A4: 216 × 279 mm.",
                "On page 3 something stands 7.5 mm from the left edge, where the print shop needs 15 mm free."
            ]
        );
    }

    #[test]
    fn versions_are_read_and_ordered() {
        let version = |text: &str| PdfVersion::parse(text);
        assert!(version("1.4") < version("1.7") && version("1.7") < version("2.0"));
        for wrong in ["", "1", "1.8", "2.1", "3.0", "1.77", "a.b", "1.7 "] {
            assert_eq!(version(wrong), None, "{wrong:?}");
        }
        let limits: PrintLimits = serde_json::from_str(r#"{"highest_version":"1.5"}"#).unwrap();
        assert_eq!(limits, PrintLimits { highest_version: PdfVersion { major: 1, minor: 5 }, ..PrintLimits::default() });
        assert!(serde_json::from_str::<PrintLimits>(r#"{"highest_version":"9.9"}"#).is_err());
    }
}
