//! `kvitt verify`: judges a bundle of evidence, offline: no hub, no network, no data folder.

use std::path::{Path, PathBuf};

use clap::Args;
use kvitt_hub::evidence::PublicKeys;
use kvitt_hub::evidence::judge::{Signer, Verdict, judge};

use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::report::Said;

/// Judges a bundle of evidence, as `GET /v1/invoices/{id}/evidence` answers it: that nothing in it was changed, added or taken away, who
/// signed it, and that no event is missing. Nothing is asked of anybody. Exits with 1 where something does not hold.
#[derive(Debug, Args)]
pub struct Verify {
    /// The bundle.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The key that must have signed it: what the hub says under /v1/jwk, as a file, or only the `x` in it. Without it the key in the
    /// bundle is only the bundle's own word.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Verify {
    pub fn run(self, session: &Session) -> Outcome {
        let read = |path: &Path| std::fs::read(path).map_err(|cause| Failure::io(path.display().to_string(), cause));
        let expected = match &self.key {
            None => Vec::new(),
            Some(key) if Path::new(key).is_file() => keys_of(key, &read(Path::new(key))?)?,
            Some(key) => vec![key.trim().to_owned()],
        };
        let verdict = judge(&read(&self.file)?, &expected);
        match session.json {
            true => session.print_json(&answer(&verdict, session))?,
            false => session.print(&text(&verdict, session))?,
        }
        Ok(if verdict.holds { Exit::Fine } else { Exit::Refused })
    }
}

/// The keys of a file: a set, as `/v1/jwk` answers it.
fn keys_of(name: &str, bytes: &[u8]) -> Result<Vec<String>, Failure> {
    let read = serde_json::from_slice::<PublicKeys>(bytes);
    let set = read.map_err(|cause| Failure::Usage(format!("{name} has no keys as /v1/jwk answers them: {cause}")))?;
    match set.keys.is_empty() {
        true => Err(Failure::Usage(format!("{name} has no key"))),
        false => Ok(set.keys.into_iter().map(|key| key.x).collect()),
    }
}

fn answer(verdict: &Verdict, session: &Session) -> serde_json::Value {
    serde_json::json!({
        "holds": verdict.holds,
        "key": verdict.key,
        "manifest": verdict.manifest,
        "faults": Said::all(&verdict.faults, session.words),
    })
}

fn text(verdict: &Verdict, session: &Session) -> String {
    let words = session.words;
    let mut lines = Vec::new();
    match &verdict.key {
        Some(Signer { id, is_expected: true, .. }) => {
            lines.push(format!("✓ {}", words.say("verify.key_expected", &[("key", &plain(id))])))
        }
        Some(Signer { x, .. }) if verdict.holds => {
            lines.push(format!("! {}", words.say("verify.key_own_word", &[("key", &plain(x))])));
        }
        _ => {}
    }
    match &verdict.manifest {
        Some(manifest) if verdict.holds => {
            let document = plain(&words.name("document", &manifest.invoice.kind));
            let [number, company, org_number, made_at] =
                [&manifest.invoice.number, &manifest.company.name, &manifest.company.org_number, &manifest.made_at]
                    .map(|text| plain(text));
            let (files, events) = (manifest.files.len().to_string(), manifest.events.count.to_string());
            let (first, last) = (manifest.events.first.to_string(), manifest.events.last.to_string());
            let values = [
                ("document", document.as_str()),
                ("number", &number),
                ("company", &company),
                ("org_number", &org_number),
                ("made_at", &made_at),
                ("files", &files),
                ("events", &events),
                ("first", &first),
                ("last", &last),
            ];
            lines.push(format!("✓ {}", words.say("verify.holds", &values)));
        }
        _ => lines.push(format!("✗ {}", words.say("verify.broken", &[]))),
    }
    for fault in &verdict.faults {
        lines.push(format!("✗ {} [{}]\n  → {}", plain(&fault.sentence(words.0)), fault.code, fault.remedy(words.0)));
    }
    lines.join("\n")
}

/// What comes from a bundle, for a terminal: whoever made it shall not write lines of ours.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
