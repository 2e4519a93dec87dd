//! Standard output for many lines: written in pieces, and quiet once its reader has gone away.

use std::io::{BufWriter, ErrorKind, Stdout, Write};

use crate::exit::Failure;

pub struct Output {
    out: BufWriter<Stdout>,
    /// Whether the reader has gone away: `kvitt bank-file FILE | head` is no error, and the rest is still judged.
    is_gone: bool,
}

impl Output {
    pub fn new() -> Output {
        Output { out: BufWriter::with_capacity(1 << 16, std::io::stdout()), is_gone: false }
    }

    /// One text, its lines ended.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.write(|out| writeln!(out, "{}", text.trim_end_matches('\n')))
    }

    /// A line of JSON.
    pub fn json(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        self.write(|out| writeln!(out, "{value}"))
    }

    /// Everything is out.
    pub fn end(&mut self) -> Result<(), Failure> {
        self.write(Write::flush)
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<Stdout>) -> std::io::Result<()>) -> Result<(), Failure> {
        if self.is_gone {
            return Ok(());
        }
        match write(&mut self.out) {
            Err(cause) if cause.kind() == ErrorKind::BrokenPipe => {
                self.is_gone = true;
                Ok(())
            }
            result => result.map_err(|cause| Failure::io("writing", cause)),
        }
    }
}
