//! File names and media types: what a name may be, and what its ending says.

use kvitt_domain::invoice::File;

/// The longest file name kept, in bytes: what the common file systems take.
pub const MAX_NAME_BYTES: usize = 255;

/// Endings and media types of the files that come with invoices: Peppol's list for attachments and what the other routes take
/// beside it. What is not here is no route's.
const MEDIA_TYPES: [(&str, &str); 18] = [
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("xml", "application/xml"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
];

/// The media type that a file name promises.
pub fn media_type(name: &str) -> &'static str {
    let ending = ending(name).unwrap_or_default();
    MEDIA_TYPES.iter().find(|(known, _)| *known == ending).map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// Whether any route takes a file of this kind: its ending is known, or it has none and its media type is.
pub fn is_taken(file: &File) -> bool {
    match ending(&file.name) {
        Some(ending) => MEDIA_TYPES.iter().any(|(known, _)| *known == ending),
        None => MEDIA_TYPES.iter().any(|(_, known)| known.eq_ignore_ascii_case(&file.media_type)),
    }
}

/// Whether a file says of itself, by media type or by name, that it is a PDF.
pub fn is_pdf(file: &File) -> bool {
    file.media_type.eq_ignore_ascii_case("application/pdf") || ending(&file.name).as_deref() == Some("pdf")
}

/// The name without its ending: `faktura.pdf` is `faktura`.
pub fn stem(name: &str) -> &str {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(name, |(stem, _)| stem)
}

/// The ending in small letters, without its dot.
pub fn ending(name: &str) -> Option<String> {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending.to_lowercase())
}

/// What remains of a name when folders and control characters are taken off: `C:\tmp\a.pdf` is `a.pdf`. None where nothing
/// remains, or only dots.
pub fn bare_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut bare: String = last.chars().filter(|c| !c.is_control()).collect();
    while bare.len() > MAX_NAME_BYTES {
        bare.pop();
    }
    let bare = bare.trim();
    (!bare.chars().all(|c| c == '.')).then(|| bare.to_owned())
}

/// A file name made of an identifier and the ending of a media type: `Doc2` of `application/pdf` is `Doc2.pdf`.
pub fn named_after(id: &str, media_type: &str) -> Option<String> {
    let plain: String = id.chars().map(|c| if matches!(c, '/' | '\\' | ':') { '-' } else { c }).collect();
    let ending = MEDIA_TYPES.iter().find(|(_, known)| known.eq_ignore_ascii_case(media_type)).map(|(ending, _)| *ending);
    let name = match ending {
        Some(ending) if self::ending(&plain).as_deref() != Some(ending) => {
            format!("{plain}.{ending}")
        }
        _ => plain,
    };
    bare_name(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_folders() {
        for (given, expected) in [
            ("a.pdf", Some("a.pdf")),
            ("C:\\tmp\\a.pdf", Some("a.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("..", None),
            ("a/", None),
            ("a\u{0}b.pdf", Some("ab.pdf")),
        ] {
            assert_eq!(bare_name(given).as_deref(), expected, "{given:?}");
        }
        assert_eq!(bare_name(&"å".repeat(300)).expect("letters remain").len(), 254);
    }

    #[test]
    fn files_are_taken_by_ending_else_by_media_type() {
        let check = |name: &str, media_type: &str, expected: bool| {
            let file = File { name: name.to_owned(), media_type: media_type.to_owned(), bytes: Vec::new() };
            assert_eq!(is_taken(&file), expected, "{file:?}");
        };
        check("a.pdf", "application/octet-stream", true);
        check("a.exe", "application/pdf", false);
        check("a.pdf.exe", "application/pdf", false);
        check("a", "image/PNG", true);
        check("a", "application/octet-stream", false);
        check(".exe", "text/plain", true);
    }

    #[test]
    fn names_and_media_types_fit_each_other() {
        assert_eq!(media_type("Faktura.PDF"), "application/pdf");
        assert_eq!(media_type("unknown"), "application/octet-stream");
        assert_eq!(named_after("Doc2", "application/pdf").as_deref(), Some("Doc2.pdf"));
        assert_eq!(named_after("2025/1.pdf", "application/pdf").as_deref(), Some("2025-1.pdf"));
        assert_eq!(named_after("..", "x/y"), None);
        assert_eq!(stem("a.b.pdf"), "a.b");
    }
}
