//! Files from the bank, and for it: AvtaleGiro, OCR giro, camt.053 and camt.054, read line by line in flat memory.
//!
//! - [`read`] tells the kinds of files apart and gives [`Item`]s, each with the lines that it stood in; counts and sums are
//!   checked on the way, so that a wrong one is found where it is stated;
//! - [`verify`] reads a whole file and keeps nothing but its totals and what is wrong with it;
//! - [`avtalegiro`] writes claims and cancellations;
//! - [`layout`] is every record of a NETS file as a table, [`latin1`] what becomes of letters that ISO 8859-1 has not.
//!
//! The reader is lenient where nothing is lost (either line end, blanks or zeros in unused positions, lines without their last
//! blanks, KIDs with `-` or none, account numbers with wrong check digits) and refuses what does not add up. The writer writes
//! one way. What a payment settles is decided elsewhere; here a file is only taken apart. The page is `docs/bank-files.md`.

pub mod avtalegiro;
mod camt;
mod items;
pub mod latin1;
pub mod layout;
mod lines;
mod nets;
mod record;
mod tally;
mod verify;

use std::io::{BufRead, ErrorKind};

use kvitt_domain::Fault;
use kvitt_domain::fault::codes;

pub use items::{
    Cancellation, Claim, Format, Item, MandateRecord, Order, OrderEnd, OrderKind, Part, PaymentKind, PaymentRecord, Raw,
    Registration, Specification, Transmission, TransmissionEnd,
};
pub use tally::{Sums, Tally};
pub use verify::{MAX_FAULTS, MAX_REMARKS, Verdict, verify};

/// Reads a file of any of the kinds that are known, told apart by how it begins.
///
/// The items come in the order of the file. A fault does not end the reading where the rest still says something, so that all
/// faults can be told at once; but a file that gave one is refused as a whole, whatever else it gave. What stops nothing comes
/// as [`Item::Remark`]. A file of an unknown kind, or an empty one, is a single fault.
pub fn read<R: BufRead>(mut source: R) -> Reader<R> {
    let mut passed = 0;
    let kind = loop {
        match source.fill_buf() {
            Ok([]) => break Kind::Told(Some(Fault::fatal(codes::BANK_EMPTY).with("line", 1).with("column", 1).at("1:1"))),
            Ok([b'\n' | b'\r', ..]) => {
                passed += u64::from(source.fill_buf().is_ok_and(|bytes| bytes.starts_with(b"\n")));
                source.consume(1);
            }
            // A text editor has saved a NETS file in UTF-8, and marked it.
            Ok([0xEF, 0xBB, 0xBF, b'N', ..]) => break Kind::Told(Some(record::at(codes::BANK_ENCODING, passed + 1, 1))),
            Ok([b'<' | 0xEF, ..]) => break Kind::Camt(Box::new(camt::Reader::after(passed, source))),
            Ok([b'N' | b'n', ..]) => break Kind::Nets(Box::new(nets::Reader::after(passed, source))),
            Ok(other) => {
                let found = record::shown(&other[..other.len().min(BEGINNING)]);
                break Kind::Told(Some(record::at(codes::BANK_UNKNOWN_FILE, passed + 1, 1).with("found", found)));
            }
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
            Err(cause) => break Kind::Told(Some(record::at(codes::BANK_UNREADABLE, passed + 1, 1).with("why", cause))),
        }
    };
    Reader { kind }
}

/// How many bytes of an unknown file are repeated.
const BEGINNING: usize = 8;

/// What [`read`] gives: the items of one file, one after the other.
pub struct Reader<R> {
    kind: Kind<R>,
}

enum Kind<R> {
    Nets(Box<nets::Reader<R>>),
    Camt(Box<camt::Reader<R>>),
    /// Not to be read; told once.
    Told(Option<Fault>),
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Item, Fault>;

    #[inline]
    fn next(&mut self) -> Option<Result<Item, Fault>> {
        match &mut self.kind {
            Kind::Nets(reader) => reader.next(),
            Kind::Camt(reader) => reader.next(),
            Kind::Told(fault) => fault.take().map(Err),
        }
    }
}
