//! The example documents of `examples/`, as they are in the binary, with their dates moved so that they are fresh.
//!
//! They were made for [`MADE_FOR`]. On another day every ISO date that is the whole text of an XML element moves by the same
//! number of whole days: issue, due, delivery and period dates keep their distances. Dates inside sentences stay, and so
//! does metadata, whose dates are birthdays. A ZIP's XML moves too; its other files do not.

use std::io::{Cursor, Read as _, Write as _};

use jiff::civil::Date;
use kvitt_hub::desk::HandedIn;

include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// The base date that `examples/make_examples.py` wrote the files for.
pub const MADE_FOR: Date = jiff::civil::date(2026, 11, 23);

/// Larger than any file in the examples' archives.
const LARGEST_ENTRY: u64 = 1 << 20;

/// Every document in the order in which they are sent: first the good ones, then the faulty, the last of which repeats a number.
pub fn documents(fresh_on: Date) -> Vec<HandedIn> {
    let days = fresh_on.since(MADE_FOR).map_or(0, |span| span.get_days());
    [("invoices", INVOICES), ("faulty", FAULTY)].into_iter().flat_map(|(folder, files)| handed_in(folder, files, days)).collect()
}

fn handed_in(folder: &str, files: &'static [(&str, &[u8])], days: i32) -> Vec<HandedIn> {
    let document = |(name, bytes): &(&str, &[u8])| {
        let (stem, ending) = name.rsplit_once('.')?;
        let bytes = match ending {
            "xml" => moved(bytes, days),
            "zip" => moved_inside(bytes, days).unwrap_or_else(|| bytes.to_vec()),
            _ => return None,
        };
        let beside = files.iter().find(|(other, _)| *other == format!("{stem}.json"));
        let metadata = beside.map(|(_, metadata)| String::from_utf8_lossy(metadata).into_owned());
        Some(HandedIn { metadata, ..HandedIn::file(&format!("{folder}/{name}"), bytes) })
    };
    files.iter().filter_map(document).collect()
}

/// A document made for [`MADE_FOR`] as it is today.
pub fn fresh(xml: &[u8]) -> Vec<u8> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    moved(xml, today.since(MADE_FOR).map_or(0, |span| span.get_days()))
}

/// The same bytes with each `>2026-11-23<` moved by so many days. Bytes, not text: one of the faulty files is no UTF-8.
fn moved(xml: &[u8], days: i32) -> Vec<u8> {
    /// `>2026-11-23<`
    const WHOLE: usize = 12;
    let mut moved = xml.to_vec();
    for start in 0..xml.len().saturating_sub(WHOLE - 1) {
        let [b'>', date @ .., b'<'] = &xml[start..start + WHOLE] else { continue };
        let date = std::str::from_utf8(date).ok().and_then(|date| date.parse::<Date>().ok());
        let later = date.and_then(|date| date.checked_add(jiff::Span::new().days(days)).ok());
        if let Some(later) = later.map(|date| date.to_string()).filter(|date| date.len() == WHOLE - 2) {
            moved[start + 1..start + WHOLE - 1].copy_from_slice(later.as_bytes());
        }
    }
    moved
}

/// The same archive with the dates of its XML files moved; `None` where it is not as the examples are.
fn moved_inside(archive: &[u8], days: i32) -> Option<Vec<u8>> {
    let mut old = zip::ZipArchive::new(Cursor::new(archive)).ok()?;
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let entry = old.by_index(index).ok()?;
        let name = entry.name().to_owned();
        let mut bytes = Vec::new();
        entry.take(LARGEST_ENTRY).read_to_end(&mut bytes).ok()?;
        let bytes = if name.ends_with(".xml") { moved(&bytes, days) } else { bytes };
        new.start_file(name, zip::write::SimpleFileOptions::default()).ok()?;
        new.write_all(&bytes).ok()?;
    }
    Some(new.finish().ok()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_dates_move() {
        let check = |before: &str, after: &str| {
            assert_eq!(String::from_utf8(moved(before.as_bytes(), 40)).unwrap(), after);
        };
        check("<a>2026-11-23</a>", "<a>2027-01-02</a>");
        check("<a>2026-12-31</a><b>2026-01-01</b>", "<a>2027-02-09</a><b>2026-02-10</b>");
        check("<a>due 2026-11-23</a>", "<a>due 2026-11-23</a>");
        check("<a>23.11.2026</a><a>2026-13-45</a>", "<a>23.11.2026</a><a>2026-13-45</a>");
        check("<a>", "<a>");
    }

    #[test]
    fn every_example_is_there_and_its_numbers_stay() {
        let documents = documents(jiff::civil::date(2028, 2, 29));
        let names: Vec<&str> = documents.iter().filter_map(|document| document.name.as_deref()).collect();
        assert_eq!(names.len(), INVOICES.iter().chain(FAULTY).filter(|(name, _)| !name.ends_with(".json")).count());
        assert!(names.first().is_some_and(|name| name.starts_with("invoices/")));
        assert!(names.last().is_some_and(|name| name.starts_with("faulty/zz-")), "the repeated number comes last");
        let good = documents.iter().filter(|document| document.name.as_deref().is_some_and(|name| name.starts_with("invoices/")));
        for document in good {
            let readable =
                document.read(jiff::civil::date(2028, 2, 29)).unwrap_or_else(|faults| panic!("{:?}: {faults:?}", document.name));
            assert!(readable.invoice.issued_on.year() == 2028, "{:?}: {}", document.name, readable.invoice.issued_on);
        }
    }
}
