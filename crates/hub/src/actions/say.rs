//! How something is said: secrets filled in, files read, carried by the network while the lease is renewed. What it means is
//! the adapters' to say, and what becomes of it that of [`crate::actions::converse`].

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use kvitt_adapters::letter::compose;
use kvitt_adapters::package;
use kvitt_adapters::route::{Body, Content, HttpRequest, Package, Packed, Piece, Reply, Request, Secret, SmtpStage};
use kvitt_domain::delivery::AttemptId;

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::artefact::{self, Sealed};
use crate::store::company::Company;
use crate::store::invoice;
use crate::store::job::{self, Leased};
use crate::transport::{Committing, Outgoing, smtp};

/// How often the lease is renewed while an exchange goes on: a lease outlives several missed renewals, so that it never ends
/// under a request in flight, and yet ends soon after its process.
const RENEW_LEASE: Duration = Duration::from_secs(60);
const _: () = assert!(RENEW_LEASE.as_secs() * 4 < job::LEASE.as_secs());

/// The longest that one exchange takes, whatever its parts add up to: the longest letter.
pub const LONGEST: Duration = smtp::LONGEST;

/// The keys that a register gave, by attempt.
pub type Keys = BTreeMap<AttemptId, String>;

/// Files that were made for a request and are stored with it: until then nobody can read them back.
#[derive(Default)]
pub struct Drawn {
    /// To be stored.
    pub sealed: Vec<Sealed>,
    /// The same, by digest, to be carried.
    bytes: BTreeMap<String, Vec<u8>>,
}

/// A request as it is written down: what is only described in it is made, so that what is said again later is the same bytes,
/// also after an upgrade. Answers the request and the files that it now refers to, which are stored with it.
pub async fn made(hub: &Hub, company: &Company, request: Request) -> Result<(Request, Drawn)> {
    let Request::Put(package) = request else { return Ok((request, Drawn::default())) };
    let (objects, company) = (hub.objects().clone(), company.clone());
    let drawn = tokio::task::spawn_blocking(move || {
        let mut drawn = Drawn::default();
        let Package { drop, name, shape, files } = *package;
        let files = files.into_iter().map(|file| {
            let Content::CoverSheet(sheet) = &file.content else { return Ok(file) };
            let pdf = kvitt_render::cover_sheet(sheet)
                .map_err(|cause| Error::Damaged(format!("a cover sheet cannot be drawn: {cause}")))?;
            let sealed = artefact::seal(&objects, &company.id, &company.key, &pdf.bytes)?;
            let content = Content::Stored { digest: sealed.digest.clone(), bytes: pdf.bytes.len() as u64 };
            drawn.bytes.insert(sealed.digest.clone(), pdf.bytes);
            drawn.sealed.push(sealed);
            Ok(Packed { path: file.path, content })
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        Ok((Request::Put(Box::new(Package { drop, name, shape, files })), drawn))
    });
    drawn.await.map_err(|cause| Error::Damaged(format!("drawing failed: {cause}")))?
}

/// A request as it is carried.
pub async fn prepare(hub: &Hub, company: &Company, request: &Request, keys: &Keys, drawn: &Drawn) -> Result<Outgoing> {
    match request {
        Request::Smtp(letter) => {
            let mut files = Vec::with_capacity(letter.files.len());
            for file in &letter.files {
                files.push((file.clone(), stored(hub, company, &file.digest).await?));
            }
            let message =
                compose(letter, &files).map_err(|cause| Error::Damaged(format!("a letter cannot be composed: {cause}")))?;
            let (from, to) = (letter.envelope_from.clone(), letter.envelope_to.clone());
            Ok(Outgoing::Letter { server: letter.server.clone(), from, to, message })
        }
        Request::Http(request) => http(hub, company, request, keys).await,
        Request::Put(package) => {
            let mut contents = Vec::with_capacity(package.files.len());
            for file in &package.files {
                contents.push(match &file.content {
                    Content::Stored { digest, .. } => match drawn.bytes.get(digest) {
                        Some(bytes) => bytes.clone(),
                        None => stored(hub, company, digest).await?,
                    },
                    Content::CoverSheet(_) | Content::Text(_) | Content::Latin1(_) | Content::Index(_) => Vec::new(),
                });
            }
            let files = package::compose(package, contents)
                .map_err(|cause| Error::Damaged(format!("a package cannot be composed: {cause}")))?;
            Ok(Outgoing::Put { drop: package.drop.clone(), name: package.name.clone(), shape: package.shape, files })
        }
        Request::Look { drop, name, shape } => Ok(Outgoing::Look { drop: drop.clone(), name: name.clone(), shape: *shape }),
    }
}

async fn stored(hub: &Hub, company: &Company, digest: &str) -> Result<Vec<u8>> {
    let mut db = hub.db().read().await?;
    artefact::read(&mut db, hub.objects(), &company.id, &company.key, digest).await
}

/// Fills in what belongs to the company; the service's own credential is the network's to fill in.
async fn http(hub: &Hub, company: &Company, request: &HttpRequest, keys: &Keys) -> Result<Outgoing> {
    let mut pieces = Vec::with_capacity(request.body.pieces.len());
    for piece in &request.body.pieces {
        let known = match piece {
            Piece::Secret(Secret::Identity(reference)) => {
                Some(invoice::identity(&mut *hub.db().read().await?, &company.id, &company.key, reference).await?)
            }
            Piece::Secret(Secret::Found(attempt)) => {
                Some(keys.get(attempt).cloned().ok_or_else(|| Error::Damaged(format!("no register gave a key for {attempt}")))?)
            }
            Piece::Secret(Secret::User | Secret::Password) | Piece::Text(_) => None,
        };
        pieces.push(known.map_or_else(|| piece.clone(), |value| Piece::Text(request.body.escape.apply(&value))));
    }
    Ok(Outgoing::Http {
        endpoint: request.endpoint.clone(),
        method: request.method,
        path: request.path.clone(),
        headers: request.headers.clone(),
        body: Body { pieces, ..request.body.clone() },
    })
}

/// Whether the counterparty is alive: anything it says counts, also a refusal.
pub fn answered(reply: &Reply) -> bool {
    match reply {
        Reply::Smtp { stage, code, .. } => !(matches!(stage, SmtpStage::Greeting) && (*code == 0 || *code >= 400)),
        // A gateway that says that nobody is behind it.
        Reply::Http { status, .. } => !matches!(status, 502..=504),
        Reply::Placed | Reply::Seen { .. } => true,
        Reply::Silence { .. } => false,
    }
}

/// For what has no point of no return to mark.
pub fn no_mark<'a>() -> Committing<'a> {
    Box::new(|| async { Ok(()) }.boxed())
}

/// Does something long while the lease is renewed. A renewal that fails is tried again: only a lease that is lost, or must
/// have ended, drops the exchange where it is. Whoever has the job then reads from the log how far it came.
pub async fn while_leased<T>(hub: &Hub, job: &Leased, work: impl Future<Output = T>) -> Result<T> {
    let mut work = std::pin::pin!(work);
    let mut held = std::time::Instant::now();
    loop {
        if let Ok(done) = tokio::time::timeout(RENEW_LEASE, work.as_mut()).await {
            return Ok(done);
        }
        let (leased, machine_now) = (job.clone(), hub.clock().machine_ms());
        let renewed = hub.write(move |tx| {
            let leased = leased.clone();
            async move { job::hold(tx, &leased, machine_now).await }.boxed()
        });
        match renewed.await {
            Ok(()) => held = std::time::Instant::now(),
            Err(Error::LeaseLost) => return Err(Error::LeaseLost),
            Err(error) if held.elapsed() + RENEW_LEASE >= job::LEASE => return Err(error),
            Err(error) => tracing::warn!(job = %job.id, %error, "a lease could not be renewed yet"),
        }
    }
}

/// Each subject has its own jitter, and keeps it.
pub fn seed(subject: &str) -> u64 {
    subject.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
