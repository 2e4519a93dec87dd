//! The lines of a NETS file, one after the other in the same 80 bytes, however long the file or its lines are.

use std::io::{BufRead, ErrorKind};

use kvitt_domain::Fault;
use kvitt_domain::fault::codes;

use super::layout::WIDTH;
use super::record::{Record, at};

/// As many bytes of a line as are looked at: a record whose every character takes two bytes in UTF-8.
const LOOKED_AT: usize = 2 * WIDTH;
/// What some systems end a file with (Ctrl-Z of DOS).
const END_OF_FILE: u8 = 0x1A;

pub(super) struct Lines<R> {
    source: R,
    /// Of the line that was read last, from 1.
    number: u64,
    record: [u8; WIDTH],
    /// Whether the source failed: nothing more is asked of it.
    has_failed: bool,
}

/// One line.
pub(super) enum Line<'l> {
    /// A record, perhaps a short one.
    Record(Record<'l>),
    /// Nothing but blanks.
    Blank,
    /// Not to be read as a record.
    Refused(Fault),
    /// There are no more.
    End,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a source of which so many were passed over before.
    pub fn after(passed: u64, source: R) -> Lines<R> {
        Lines { source, number: passed, record: [b' '; WIDTH], has_failed: false }
    }

    /// The line that was read last.
    pub fn number(&self) -> u64 {
        self.number
    }

    #[inline]
    pub fn next(&mut self) -> Line<'_> {
        if self.has_failed {
            return Line::End;
        }
        match self.whole() {
            Ok(true) => Line::Record(Record { bytes: &self.record, line: self.number, length: WIDTH }),
            Ok(false) => self.other(),
            Err(cause) => self.failed(&cause),
        }
    }

    /// Takes a record that stands whole in the buffer with its line end, as nearly all do. Whether it did.
    #[inline]
    fn whole(&mut self) -> std::io::Result<bool> {
        let available = match self.source.fill_buf() {
            Ok(available) => available,
            // The long way asks again.
            Err(cause) if cause.kind() == ErrorKind::Interrupted => return Ok(false),
            Err(cause) => return Err(cause),
        };
        let Some((record, rest)) = available.split_first_chunk::<WIDTH>() else { return Ok(false) };
        let end = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return Ok(false),
        };
        // A line end inside would be two short lines.
        if record.iter().fold(false, |found, byte| found | (*byte < b' ')) {
            return Ok(false);
        }
        self.record = *record;
        self.source.consume(WIDTH + end);
        self.number += 1;
        Ok(true)
    }

    /// Takes whatever line comes.
    fn other(&mut self) -> Line<'_> {
        let mut line = Vec::with_capacity(LOOKED_AT);
        let (mut length, mut rest_is_blank, mut has_end) = (0_usize, true, false);
        loop {
            let available = match self.source.fill_buf() {
                Ok([]) => break,
                Ok(available) => available,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
                Err(cause) => return self.failed(&cause),
            };
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            let room = LOOKED_AT - line.len();
            line.extend_from_slice(&part[..part.len().min(room)]);
            rest_is_blank &= part.iter().skip(room).all(u8::is_ascii_whitespace);
            length += part.len();
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                has_end = true;
                break;
            }
        }
        if length == 0 && !has_end {
            return Line::End;
        }
        self.number += 1;
        let looked_at = line.len();
        if line.iter().all(|byte| byte.is_ascii_whitespace() || *byte == END_OF_FILE) && rest_is_blank {
            return Line::Blank;
        }
        if length == looked_at {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            length = line.len();
        }
        rest_is_blank &= line.iter().skip(WIDTH).all(u8::is_ascii_whitespace);
        if length > WIDTH && !rest_is_blank {
            return Line::Refused(self.too_long(&line, length));
        }
        if length < WIDTH && !has_end {
            // A line that lost its blanks still has its end: this one lost more.
            return Line::Refused(at(codes::BANK_LINE_LENGTH, self.number, length + 1).with("found", length));
        }
        let length = length.min(WIDTH);
        self.record = [b' '; WIDTH];
        self.record[..length].copy_from_slice(&line[..length]);
        Line::Record(Record { bytes: &self.record, line: self.number, length })
    }

    fn too_long(&self, line: &[u8], length: usize) -> Fault {
        let utf8 = std::str::from_utf8(line).ok().filter(|text| text.chars().count() <= WIDTH && length == line.len());
        match utf8.and_then(|text| text.find(|letter: char| !letter.is_ascii())) {
            Some(before) => at(codes::BANK_ENCODING, self.number, before + 1),
            None => at(codes::BANK_LINE_LENGTH, self.number, WIDTH + 1).with("found", length),
        }
    }

    fn failed(&mut self, cause: &std::io::Error) -> Line<'static> {
        self.has_failed = true;
        Line::Refused(at(codes::BANK_UNREADABLE, self.number + 1, 1).with("why", cause))
    }
}
