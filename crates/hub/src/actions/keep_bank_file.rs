//! Judges a bank's file as a whole, keeps it as it came, in sealed pieces, and gives its bytes back. What is done with what it says is
//! decided in [`crate::actions::import_bank_file`].

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use kvitt_formats::bank::{self, Format, OrderKind};
use sha2::{Digest, Sha256};

use crate::actions::import_bank_file::{BankFile, Content};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::bank_file::{self, HOUSE, PIECE, StoredFile};

/// Pieces that are stored in one transaction: some megabytes.
const PIECES_AT_ONCE: usize = 4;
/// Bytes that are read from a disk at a time.
const BUFFER: usize = 256 << 10;

/// What is known of a file before anything of it is used.
pub(crate) struct Judged {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// How many there are.
    pub bytes: u64,
    /// `nets`, `camt053` or `camt054`.
    pub format: &'static str,
}

/// Verifies a whole file and digests it.
pub(crate) fn judge(content: &Content) -> Result<Judged> {
    let mut source = BufReader::with_capacity(BUFFER, Digesting { source: open(content)?, digest: Sha256::new(), bytes: 0 });
    let verdict = bank::verify(&mut source);
    if !verdict.is_valid() {
        return Err(Error::Refused(verdict.faults));
    }
    // What stands after the end of the message belongs to the file too.
    std::io::copy(&mut source, &mut std::io::sink()).map_err(|cause| Error::io("reading a bank file", cause))?;
    let format = match verdict.tally.format {
        Some(Format::Nets) => "nets",
        Some(Format::Camt053) => "camt053",
        Some(Format::Camt054) => "camt054",
        None => return Err(Error::refused(Fault::fatal(codes::BANK_EMPTY).with("line", 1).with("column", 1))),
    };
    let outbound = [OrderKind::Claims, OrderKind::Cancellations];
    if outbound.iter().any(|kind| verdict.tally.count_of(*kind) > 0) {
        return Err(Error::refused(Fault::fatal(codes::BANK_OUTBOUND)));
    }
    let Digesting { digest, bytes, .. } = source.into_inner();
    Ok(Judged { digest: hex::encode(digest.finalize()), bytes, format })
}

fn open(content: &Content) -> Result<Box<dyn Read + Send>> {
    match content {
        Content::Bytes(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
        Content::File(path) => {
            let file = File::open(path).map_err(|cause| Error::io(format!("opening {}", path.display()), cause))?;
            Ok(Box::new(file))
        }
    }
}

/// What is read is digested on the way.
struct Digesting {
    source: Box<dyn Read + Send>,
    digest: Sha256,
    bytes: u64,
}

impl Read for Digesting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.digest.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Stores the bytes in pieces and answers how many. That they are still those that were judged is checked on the way.
pub(crate) async fn store_pieces(hub: &Hub, file: &BankFile, judged: &Judged) -> Result<i64> {
    let mut source = open(&file.content)?;
    let (mut number, mut digest) = (0, Sha256::new());
    loop {
        let (vault, name, first) = (hub.vault_handle(), judged.digest.clone(), number);
        let (back, seen, pieces) = on_disk(move || {
            let mut pieces = Vec::with_capacity(PIECES_AT_ONCE);
            for _ in 0..PIECES_AT_ONCE {
                let mut piece = Vec::with_capacity(PIECE);
                let read = source.by_ref().take(PIECE as u64).read_to_end(&mut piece);
                read.map_err(|cause| Error::io("reading a bank file", cause))?;
                if piece.is_empty() {
                    break;
                }
                digest.update(&piece);
                let number = first + 1 + pieces.len() as i64;
                pieces.push((number, bank_file::seal_part(&vault, &name, number, &piece)));
            }
            Ok((source, digest, pieces))
        })
        .await?;
        (source, digest) = (back, seen);
        if pieces.is_empty() {
            break;
        }
        number += pieces.len() as i64;
        let shared = Arc::new((judged.digest.clone(), pieces));
        hub.write(move |tx| {
            let shared = shared.clone();
            async move {
                for (number, sealed) in &shared.1 {
                    bank_file::add_part(tx, HOUSE, &shared.0, *number, sealed).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await?;
    }
    match hex::encode(digest.finalize()) == judged.digest {
        true => Ok(number),
        false => Err(Error::io("reading a bank file", std::io::Error::other("it changed while it was being read"))),
    }
}

/// The bytes of a stored file, piece after piece: to be read on a thread that may wait.
pub(crate) struct Pieces {
    hub: Hub,
    runtime: tokio::runtime::Handle,
    digest: String,
    parts: i64,
    next: i64,
    piece: Cursor<Vec<u8>>,
}

impl Pieces {
    pub(crate) fn new(hub: &Hub, file: &StoredFile) -> Pieces {
        Pieces {
            hub: hub.clone(),
            runtime: tokio::runtime::Handle::current(),
            digest: file.digest.clone(),
            parts: file.parts,
            next: 1,
            piece: Cursor::new(Vec::new()),
        }
    }

    async fn fetch(&self) -> Result<Vec<u8>> {
        bank_file::part(&mut *self.hub.db().read().await?, self.hub.vault(), HOUSE, &self.digest, self.next).await
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let ready = self.fill_buf()?;
        let read = ready.len().min(buffer.len());
        buffer[..read].copy_from_slice(&ready[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.piece.position() >= self.piece.get_ref().len() as u64 && self.next <= self.parts {
            let piece = self.runtime.block_on(self.fetch()).map_err(std::io::Error::other)?;
            self.piece = Cursor::new(piece);
            self.next += 1;
        }
        self.piece.fill_buf()
    }

    fn consume(&mut self, read: usize) {
        self.piece.consume(read);
    }
}

pub(crate) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::Damaged(format!("reading a bank file failed: {cause}")))?
}
