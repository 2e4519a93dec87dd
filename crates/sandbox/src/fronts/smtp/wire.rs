//! Lines and letters on a connection, in the clear or encrypted.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// The longest command, bytes: AUTH needs the most (RFC 4954 §4: 12,288).
const LONGEST_COMMAND: usize = 12_288;

/// The longest line of a letter, bytes with its line end (RFC 5321 §4.5.3.1.6).
const LONGEST_LINE: usize = 1_000;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection.
pub struct Wire(BufReader<Box<dyn Stream>>);

/// What became of a letter on its way.
#[derive(Debug)]
pub enum Taken {
    /// It came whole; dots are unstuffed.
    Whole(Vec<u8>),
    /// It came to its dot but breaks a rule; the reply says which.
    Flawed(&'static str),
    /// The client went away before the final dot.
    BrokenOff,
}

enum End {
    /// A line feed was read.
    Line,
    /// The line is longer than the limit; the rest was read and thrown away.
    TooLong,
    /// The client closed.
    Closed,
}

impl Wire {
    /// A connection in the clear.
    pub fn plain(stream: TcpStream) -> Wire {
        Wire(BufReader::new(Box::new(stream)))
    }

    /// Turns to TLS. Whatever the client sent in the clear behind STARTTLS is thrown away: it could have been put
    /// there by somebody in between (RFC 3207 §5).
    pub async fn encrypt(self, acceptor: &TlsAcceptor) -> io::Result<Wire> {
        let stream = acceptor.accept(self.0.into_inner()).await?;
        Ok(Wire(BufReader::new(Box::new(stream))))
    }

    /// The next line without its line end; `None` when the client has closed. A line that is too long reads as one
    /// that no command fits.
    pub async fn command(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        match self.line(&mut line, LONGEST_COMMAND).await? {
            End::Closed => Ok(None),
            End::TooLong => Ok(Some(Vec::new())),
            End::Line => {
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                Ok(Some(line))
            }
        }
    }

    /// Reads a letter up to its final dot. Only CR LF `.` CR LF ends it: other line ends smuggle letters past
    /// servers that disagree about them.
    pub async fn letter(&mut self, largest: usize) -> io::Result<Taken> {
        let mut letter = Vec::new();
        let mut line = Vec::new();
        let mut flaw = None;
        let mut at_start = true;
        loop {
            line.clear();
            match self.line(&mut line, LONGEST_LINE).await? {
                End::Closed => return Ok(Taken::BrokenOff),
                End::TooLong => {
                    flaw.get_or_insert("554 5.6.0 A line is longer than 1000 bytes");
                }
                End::Line if at_start && line == b".\r\n" => {
                    return Ok(flaw.map_or(Taken::Whole(letter), Taken::Flawed));
                }
                End::Line => {}
            }
            let ended = line.ends_with(b"\r\n");
            let content = if at_start { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
            let inner = content.strip_suffix(b"\r\n").unwrap_or(content);
            if inner.iter().any(|b| matches!(b, b'\r' | b'\n')) {
                flaw.get_or_insert("550 5.6.11 A line feed or carriage return stands alone");
            }
            if letter.len() + content.len() > largest {
                flaw.get_or_insert("552 5.3.4 The letter is too large");
            }
            // A letter that will be refused is read to its end, but not kept.
            if flaw.is_none() {
                letter.extend_from_slice(content);
            }
            at_start = ended;
        }
    }

    /// Says it and makes sure that it is on its way.
    pub async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// Closes the connection.
    pub async fn close(mut self) -> io::Result<()> {
        self.0.shutdown().await
    }

    /// Reads up to and with the next line feed. Of a line that is too long only its end is kept, so that the caller
    /// still sees how it ended.
    async fn line(&mut self, line: &mut Vec<u8>, longest: usize) -> io::Result<End> {
        let mut too_long = false;
        loop {
            let chunk = self.0.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(End::Closed);
            }
            let (piece, ended) = match chunk.iter().position(|b| *b == b'\n') {
                Some(at) => (&chunk[..=at], true),
                None => (chunk, false),
            };
            line.extend_from_slice(piece);
            let read = piece.len();
            self.0.consume(read);
            if line.len() > longest {
                too_long = true;
                line.drain(..line.len() - 2);
            }
            if ended {
                return Ok(if too_long { End::TooLong } else { End::Line });
            }
        }
    }
}
