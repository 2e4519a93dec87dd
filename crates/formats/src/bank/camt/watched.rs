//! A source that knows where in its text it is, and that gives no more than so much between two events.
//!
//! quick-xml keeps one event in memory whatever its size, and tells offsets: lines, columns and the bound are kept here.

use std::io::{self, BufRead, Read};

/// The most bytes of one tag or one piece of text. The longest that a bank writes is a text of some hundred.
pub const MOST_BYTES: usize = 64 * 1024;

/// A place in the file, both from 1; columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: u64,
    pub column: usize,
}

pub struct Watched<R> {
    source: R,
    place: Place,
    /// Given since the last event.
    given: usize,
}

impl<R> Watched<R> {
    pub fn after(passed: u64, source: R) -> Watched<R> {
        Watched { source, place: Place { line: passed + 1, column: 1 }, given: 0 }
    }

    /// Behind what was given last.
    pub fn place(&self) -> Place {
        self.place
    }

    /// A new event begins.
    pub fn begin(&mut self) {
        self.given = 0;
    }

    /// Whether the event asked for more than it may have.
    pub fn is_over(&self) -> bool {
        self.given > MOST_BYTES
    }
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.given > MOST_BYTES {
            return Err(io::Error::other("too much between two tags"));
        }
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed was given by `fill_buf` and is still there.
        if let Ok(bytes) = self.source.fill_buf() {
            let given = &bytes[..count.min(bytes.len())];
            let last_line = match given.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => {
                    self.place.line += given.iter().filter(|byte| **byte == b'\n').count() as u64;
                    self.place.column = 1;
                    &given[end + 1..]
                }
                None => given,
            };
            // Bytes that go on with a character of UTF-8 are no column of their own.
            self.place.column += last_line.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        }
        self.given += count;
        self.source.consume(count);
    }
}
