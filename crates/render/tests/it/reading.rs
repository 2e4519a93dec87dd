//! Reads the text of a PDF back as a search engine or a bank's app does: glyph by glyph through each font's `ToUnicode` map, one marked
//! piece after the other.
//!
//! `lopdf` reads the file; its own text extraction does not read the maps that our writer makes, so a small reader for them stands here.

use std::collections::BTreeMap;

use kvitt_domain::invoice::Invoice;
use kvitt_render::{Look, pdf};
use lopdf::content::Content;
use lopdf::{Document, Object, ObjectId};

type Characters = BTreeMap<u16, String>;

/// The text of all pages in the order of drawing; every run of blanks is one space.
pub fn text_of(bytes: &[u8]) -> String {
    let document = Document::load_mem(bytes).expect("our PDF can be read");
    let text: String = document.get_pages().values().map(|page| page_text(&document, *page)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn page_text(document: &Document, page: ObjectId) -> String {
    let fonts = document.get_page_fonts(page).expect("a page has fonts");
    let maps: BTreeMap<Vec<u8>, Characters> = fonts
        .into_iter()
        .map(|(name, font)| {
            let map = document.dereference(font.get(b"ToUnicode").expect("a font has a character map")).expect("a map").1;
            let map = map.as_stream().and_then(lopdf::Stream::decompressed_content).expect("a stream");
            (name, characters(&String::from_utf8_lossy(&map)))
        })
        .collect();
    let content = document.get_page_content(page).expect("a page has content");
    let content = Content::decode(&content).expect("content can be decoded");
    let mut text = String::new();
    let mut font = None;
    let mut depth = 0;
    for operation in content.operations {
        match (operation.operator.as_str(), operation.operands.as_slice()) {
            ("Tf", [Object::Name(name), _]) => font = maps.get(name),
            ("Tj", [piece]) => show(piece, font, &mut text),
            ("TJ", [Object::Array(pieces)]) => pieces.iter().for_each(|piece| show(piece, font, &mut text)),
            ("BDC" | "BMC", _) => depth += 1,
            ("EMC", _) => {
                depth -= 1;
                // Inside a piece there are others, around letters of several characters.
                if depth == 0 {
                    text.push(' ');
                }
            }
            _ => {}
        }
    }
    text
}

fn show(piece: &Object, font: Option<&Characters>, text: &mut String) {
    let Object::String(codes, _) = piece else {
        return;
    };
    let font = font.expect("a font is chosen before text is shown");
    for code in codes.chunks(2) {
        let code = u16::from_be_bytes(code.try_into().expect("codes have two bytes"));
        text.push_str(font.get(&code).unwrap_or_else(|| panic!("code {code} has no character")));
    }
}

/// `<0001> <0046>` for each code; the right side is UTF-16.
fn characters(map: &str) -> Characters {
    let hex = |text: &str| text.trim_matches(['<', '>']).to_owned();
    let entries = map.lines().filter(|line| line.starts_with('<')).filter_map(|line| line.split_once("> <"));
    entries
        .filter_map(|(code, units)| {
            let (code, units) = (hex(code), hex(units));
            let units: Vec<u16> =
                (0..units.len() / 4).filter_map(|at| u16::from_str_radix(&units[at * 4..at * 4 + 4], 16).ok()).collect();
            Some((u16::from_str_radix(&code, 16).ok()?, String::from_utf16(&units).ok()?))
        })
        .collect()
}

/// The text of the invoice's PDF.
pub fn read(invoice: &Invoice, look: &Look) -> String {
    text_of(&pdf(invoice, look, &[]).expect("the invoice can be drawn").bytes)
}

/// Fails where one of the texts is missing.
pub fn assert_says(text: &str, wanted: &[&str]) {
    for piece in wanted {
        assert!(text.contains(piece), "{piece:?} is missing in:\n{text}");
    }
}

/// Fails where one of the texts is there.
pub fn assert_is_silent(text: &str, unwanted: &[&str]) {
    for piece in unwanted {
        assert!(!text.contains(piece), "{piece:?} should not be in:\n{text}");
    }
}
