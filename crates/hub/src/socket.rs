//! The local socket: commands reach the running hub through a file in its data folder that only its owner can open.
//!
//! One question and one answer per connection, each a line of JSON.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::desk::{Answer, Ask};
use crate::error::{Error, Result};
use crate::hub::Hub;

/// A question may carry a document of 100 MB as base64.
const LARGEST_QUESTION: u64 = 160 << 20;

/// Where the socket of a data folder is.
pub fn path(data: &Path) -> PathBuf {
    data.join("kvitt.sock")
}

/// Asks the hub that runs on a data folder.
pub async fn ask(data: &Path, question: &Ask) -> Result<Answer> {
    let path = path(data);
    let failed = |cause| Error::io(format!("asking the running hub at {}", path.display()), cause);
    let mut stream = UnixStream::connect(&path).await.map_err(failed)?;
    let mut line = serde_json::to_vec(question).map_err(|cause| Error::Damaged(format!("a question has no JSON: {cause}")))?;
    line.push(b'\n');
    stream.write_all(&line).await.map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(failed)?;
    if answer.is_empty() {
        return Err(Error::Stopping);
    }
    serde_json::from_slice(&answer).map_err(|cause| Error::Damaged(format!("the hub's answer cannot be read: {cause}")))
}

/// Opens the socket. One that a dead process left is replaced: the folder's lock proves that it is dead.
pub fn listen(data: &Path) -> Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let path = path(data);
    let failed = |cause| Error::io(format!("opening {}", path.display()), cause);
    if path.exists() {
        std::fs::remove_file(&path).map_err(failed)?;
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}

/// Answers until told to stop.
pub async fn serve(hub: Hub, listener: UnixListener, mut stop: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let hub = hub.clone();
                tokio::spawn(async move {
                    if let Err(error) = answer(hub, stream).await {
                        tracing::warn!(%error, "a question on the local socket could not be answered");
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "the local socket failed to accept"),
        }
    }
    let _ = std::fs::remove_file(path(hub.data()));
}

async fn answer(hub: Hub, stream: UnixStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.take(LARGEST_QUESTION));
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).await?;
    let answer = match serde_json::from_slice::<Ask>(&line) {
        Ok(question) => hub.answer(question).await,
        Err(cause) => Answer::Failed { why: format!("the question cannot be read: {cause}") },
    };
    let mut stream = reader.into_inner().into_inner();
    let text = serde_json::to_vec(&answer).unwrap_or_default();
    stream.write_all(&text).await?;
    stream.shutdown().await
}
