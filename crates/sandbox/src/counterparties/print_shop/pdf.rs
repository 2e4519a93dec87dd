//! A light look at a PDF, such as a shop takes before it prints: is it one, how many pages, are they A4?
//!
//! No parser: it scans for what stands in the open. Where the page objects are packed in object streams (PDF 1.5) or the
//! file was added to, it cannot count and believes the manifest.

/// The largest sheet that is taken, bytes.
const LARGEST: usize = 50 * 1024 * 1024;

/// A4 in points (ISO 216: 210 by 297 mm), and how far a page may be from it.
const A4: (f64, f64) = (595.28, 841.89);
const TOLERANCE: f64 = 3.0;

/// Checks a sheet; `pages` is what the manifest says.
///
/// # Errors
/// Why it cannot be printed: a short code and a sentence.
pub fn check(bytes: &[u8], pages: Option<u32>) -> Result<(), (&'static str, String)> {
    if bytes.len() > LARGEST {
        return Err(("too_large", format!("{} bytes are more than {LARGEST}", bytes.len())));
    }
    let tail = &bytes[bytes.len().saturating_sub(1024)..];
    if !bytes.starts_with(b"%PDF-") || find(tail, b"%%EOF").is_none() {
        return Err(("not_pdf", "this is no whole PDF".to_owned()));
    }
    if after(bytes, b"/Encrypt").next().is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric)) {
        return Err(("encrypted", "the PDF is encrypted".to_owned()));
    }
    // A file that was added to (ISO 32000-1 §7.5.6) may hold pages that count no more.
    let is_packed = find(bytes, b"/ObjStm").is_some() || after(bytes, b"startxref").count() > 1;
    let counted = after(bytes, b"/Type").filter(|rest| names(rest, b"/Page")).count();
    if !is_packed && (counted == 0 || pages.is_some_and(|said| usize::try_from(said) != Ok(counted))) {
        return Err(("pages", format!("the PDF has {counted} pages, the manifest says {pages:?}")));
    }
    match after(bytes, b"/MediaBox").filter_map(numbers).find(|found| !is_a4(found)) {
        None => Ok(()),
        Some([left, bottom, right, top]) => {
            Err(("not_a4", format!("a page of {} by {} points is no A4", right - left, top - bottom)))
        }
    }
}

fn is_a4([left, bottom, right, top]: &[f64; 4]) -> bool {
    let (width, height) = ((right - left).abs(), (top - bottom).abs());
    let near = |a: f64, b: f64| (a - b).abs() <= TOLERANCE;
    (near(width, A4.0) && near(height, A4.1)) || (near(width, A4.1) && near(height, A4.0))
}

/// What follows each place where the name stands.
fn after<'a>(bytes: &'a [u8], name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let at = find(rest, name)?;
        rest = &rest[at + name.len()..];
        Some(rest)
    })
}

/// Does this name follow, and not a longer one (`/Pages`)?
fn names(rest: &[u8], name: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.strip_prefix(name).is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
}

/// `[0 0 595 842]`.
fn numbers(rest: &[u8]) -> Option<[f64; 4]> {
    let rest = rest.trim_ascii_start().strip_prefix(b"[")?;
    let end = rest.iter().take(100).position(|b| *b == b']')?;
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    let found: Vec<f64> = text.split_ascii_whitespace().map(|number| number.parse().ok()).collect::<Option<_>>()?;
    found.try_into().ok()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|b| *b == wanted[0]) {
        let start = from + at;
        if bytes[start..].starts_with(wanted) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_printed() {
        let page = "<< /Type /Page /MediaBox [0 0 595.276 841.89] >>";
        let pdf = |body: &str| format!("%PDF-1.7\n{body}\n%%EOF\n");
        let table = [
            (pdf(&format!("<< /Type /Pages >> {page}")), Some(1), None),
            (pdf(&format!("{page}{page}")), None, None),
            (pdf("<</Type/Page/MediaBox[ 0 0 842 595 ]>>"), Some(1), None),
            (pdf("<</Type/ObjStm>>"), Some(7), None),
            (pdf(&format!("{page} startxref {page} startxref")), Some(1), None),
            (pdf(page), Some(2), Some("pages")),
            (pdf("<< /Type /Pages >>"), None, Some("pages")),
            (pdf("<</Type/Page/MediaBox[0 0 612 792]>>"), Some(1), Some("not_a4")),
            (pdf(&format!("{page} /Encrypt 5 0 R")), Some(1), Some("encrypted")),
            (format!("%PDF-1.7\n{page}"), Some(1), Some("not_pdf")),
            ("<html>".to_owned(), None, Some("not_pdf")),
            (String::new(), None, Some("not_pdf")),
        ];
        for (text, pages, expected) in table {
            assert_eq!(check(text.as_bytes(), pages).err().map(|(code, _)| code), expected, "{text}");
        }
    }

    #[test]
    fn any_bytes_are_answered() {
        bolero::check!().for_each(|bytes| drop(check(bytes, Some(1))));
    }
}
