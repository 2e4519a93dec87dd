//! Whether a bundle holds: it is whole, nothing in it was changed, whoever signed it had the key, and no event is missing. Pure: the
//! bundle and the key that is expected are all that is asked.

use std::collections::BTreeSet;

use kvitt_domain::fault::{Fault, codes};
use serde::Serialize;

use super::story::Events;
use super::{EVENTS, FORMAT, KEYS, MANIFEST, Manifest, PublicKey, PublicKeys, SIGNATURE, archive, signer};
use crate::vault::sha256;

/// What was found of a bundle.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Whether everything holds.
    pub holds: bool,
    /// What it says of itself, where that could be read.
    pub manifest: Option<Manifest>,
    /// The key that signed it, by the bundle's own word; none where the signature does not hold.
    pub key: Option<Signer>,
    /// What does not hold.
    #[serde(skip)]
    pub faults: Vec<Fault>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// The key's id.
    pub id: String,
    /// The key, base64url.
    pub x: String,
    /// Whether it is a key that was expected, or only the one that the bundle brings.
    pub is_expected: bool,
}

/// Judges a bundle. `expected` are the keys that whoever asks trusts, base64url; without any the key is only the bundle's own word.
pub fn judge(bytes: &[u8], expected: &[String]) -> Verdict {
    let mut verdict = Verdict { holds: false, manifest: None, key: None, faults: Vec::new() };
    verdict.faults = match archive::read(bytes) {
        None => vec![Fault::fatal(codes::EVIDENCE_ARCHIVE)],
        Some(files) => of_files(&files, expected, &mut verdict),
    };
    verdict.holds = verdict.faults.is_empty();
    verdict
}

fn of_files(files: &[archive::File], expected: &[String], verdict: &mut Verdict) -> Vec<Fault> {
    let missing = |path: &str| Fault::fatal(codes::EVIDENCE_FILE_MISSING).at(path).with("file", path);
    let find = |path: &str| files.iter().find(|(known, _)| known == path).map(|(_, content)| content.as_slice());
    let unread = [MANIFEST, SIGNATURE].into_iter().filter(|path| find(path).is_none());
    let mut faults: Vec<Fault> = unread.map(missing).collect();
    let (Some(text), Some(signature)) = (find(MANIFEST), find(SIGNATURE)) else { return faults };
    let keys = find(KEYS).and_then(|keys| serde_json::from_slice::<PublicKeys>(keys).ok()).map_or(Vec::new(), |set| set.keys);
    match signer(text, signature, &keys) {
        None => faults.push(Fault::fatal(codes::EVIDENCE_SIGNATURE).at(SIGNATURE)),
        Some(PublicKey { kid, x }) => {
            let is_expected = expected.contains(x);
            if !expected.is_empty() && !is_expected {
                faults.push(Fault::fatal(codes::EVIDENCE_KEY).at(KEYS).with("key", kid));
            }
            verdict.key = Some(Signer { id: kid.clone(), x: x.clone(), is_expected });
        }
    }
    let manifest = match serde_json::from_slice::<Manifest>(text) {
        Ok(manifest) if manifest.format == FORMAT => manifest,
        _ => {
            faults.push(Fault::fatal(codes::EVIDENCE_MANIFEST).at(MANIFEST));
            return faults;
        }
    };
    for listed in &manifest.files {
        match find(&listed.path) {
            None => faults.push(missing(&listed.path)),
            Some(content) if sha256(content) != listed.sha256 || content.len() != listed.bytes => {
                faults.push(Fault::fatal(codes::EVIDENCE_FILE_CHANGED).at(&listed.path).with("file", &listed.path));
            }
            Some(_) => {}
        }
    }
    let listed: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).chain([MANIFEST, SIGNATURE]).collect();
    let mut seen = BTreeSet::new();
    for (path, _) in files {
        // Twice the same path is one too many.
        if !listed.contains(path.as_str()) || !seen.insert(path) {
            faults.push(Fault::fatal(codes::EVIDENCE_FILE_UNLISTED).at(path).with("file", path));
        }
    }
    match find(EVENTS).map(serde_json::from_slice::<Events>) {
        Some(Ok(events)) if events.span() == manifest.events && events.company == manifest.company.id => {
            faults.extend(events.faults(&manifest.invoice.id));
        }
        Some(_) => faults.push(Fault::fatal(codes::EVIDENCE_FILE_CHANGED).at(EVENTS).with("file", EVENTS)),
        // Also where no manifest ever listed it.
        None if listed.contains(EVENTS) => {}
        None => faults.push(missing(EVENTS)),
    }
    verdict.manifest = Some(manifest);
    faults
}
