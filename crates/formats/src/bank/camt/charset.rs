//! The encoding that a camt file declares: UTF-8, or ISO 8859-1 or Windows-1252, which become UTF-8 on the way.
//!
//! XML 1.0 (4.3.3): without a declaration it is UTF-8. What declares another is read as UTF-8 too, and refused where it is not. Lines
//! and columns stay, for they are counted in characters.

use std::io::{self, BufRead, ErrorKind, Read};

use crate::declaration;

/// Bytes that become UTF-8 at a time.
const AT_ONCE: usize = 16 * 1024;

/// What the bytes from 0x80 to 0x9F are in Windows-1252; five of them are nothing.
const WINDOWS: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

/// How the characters of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    Latin1,
    Windows1252,
}

impl Charset {
    /// What a beginning declares.
    fn of(beginning: &[u8]) -> Charset {
        let Some((start, end)) = declaration::encoding(beginning) else { return Charset::Utf8 };
        match beginning[start..end].to_ascii_lowercase().as_slice() {
            b"iso-8859-1" | b"latin1" => Charset::Latin1,
            b"windows-1252" | b"cp1252" => Charset::Windows1252,
            _ => Charset::Utf8,
        }
    }

    /// The character that a byte is; `None` where it is none.
    fn character(self, byte: u8) -> Option<char> {
        match (self, byte) {
            (Charset::Windows1252, 0x80..=0x9F) => WINDOWS[usize::from(byte - 0x80)],
            (Charset::Windows1252 | Charset::Latin1 | Charset::Utf8, _) => Some(char::from(byte)),
        }
    }
}

/// A source that gives UTF-8, whatever its declaration says that it is written in.
pub struct InUtf8<R> {
    source: R,
    charset: Option<Charset>,
    /// What was read of the source and is not consumed yet, in UTF-8: its beginning, or what is not given as it stands.
    ready: Vec<u8>,
    consumed: usize,
}

impl<R: BufRead> InUtf8<R> {
    pub fn of(source: R) -> InUtf8<R> {
        InUtf8 { source, charset: None, ready: Vec::new(), consumed: 0 }
    }

    /// Reads the beginning, as far as a declaration may reach.
    fn begin(&mut self) -> io::Result<Charset> {
        while self.ready.len() < declaration::REACH && !self.ready.windows(2).any(|pair| pair == b"?>") {
            match self.source.fill_buf() {
                Ok([]) => break,
                Ok(bytes) => {
                    let taken = bytes.len().min(declaration::REACH - self.ready.len());
                    self.ready.extend_from_slice(&bytes[..taken]);
                    self.source.consume(taken);
                }
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        let charset = Charset::of(&self.ready);
        if charset != Charset::Utf8 {
            self.ready = in_utf8(charset, &self.ready)?;
        }
        self.charset = Some(charset);
        Ok(charset)
    }
}

/// Bytes of a charset in UTF-8.
fn in_utf8(charset: Charset, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let characters = bytes.iter().map(|byte| {
        let nothing = || io::Error::new(ErrorKind::InvalidData, format!("{byte:#04x} is no character of the declared encoding"));
        charset.character(*byte).ok_or_else(nothing)
    });
    Ok(characters.collect::<io::Result<String>>()?.into_bytes())
}

impl<R: BufRead> Read for InUtf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for InUtf8<R> {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let charset = match self.charset {
            Some(charset) => charset,
            None => self.begin()?,
        };
        if self.consumed < self.ready.len() {
            return Ok(&self.ready[self.consumed..]);
        }
        if charset == Charset::Utf8 {
            return self.source.fill_buf();
        }
        let bytes = self.source.fill_buf()?;
        let taken = bytes.len().min(AT_ONCE);
        self.ready = in_utf8(charset, &bytes[..taken])?;
        self.consumed = 0;
        self.source.consume(taken);
        Ok(&self.ready)
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        if self.consumed < self.ready.len() {
            self.consumed += count;
        } else {
            self.source.consume(count);
        }
    }
}
