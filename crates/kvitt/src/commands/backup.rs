//! `kvitt backup`: everything that a hub needs to go on somewhere else, but for its keys.

use std::path::{Path, PathBuf};

use clap::Args;
use kvitt_hub::desk::{Answer, Ask, BackUpKeys, Manifest};
use serde::Serialize;

use crate::archive;
use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;

/// Makes a backup: the database in one state, the large files that it refers to, and a manifest with digests. A hub at work goes on
/// meanwhile. The keys are not in it unless --with-keys says so: a backup without them is unreadable to whoever finds it, so
/// keep a copy of the folder keys/ somewhere else.
#[derive(Debug, Args)]
pub struct Backup {
    /// A folder that is empty or not there yet, or a file ending in .zip.
    #[arg(value_name = "FOLDER|FILE.zip")]
    target: PathBuf,
    /// Put the keys in: whoever has the backup can then read everything in it.
    #[arg(long)]
    with_keys: bool,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    backup: PathBuf,
    with_keys: bool,
    schema: i64,
    rows: u64,
    files: usize,
    bytes: u64,
}

impl Backup {
    pub async fn run(self, session: &Session) -> Outcome {
        let target = std::path::absolute(&self.target).map_err(|cause| Failure::io(self.target.display().to_string(), cause))?;
        let archive = archive::is_archive(&target);
        if archive && target.exists() {
            return Err(Failure::Usage(format!("{} is there already", target.display())));
        }
        let folder = if archive { target.with_extension("zip.part") } else { target.clone() };
        let keys = if self.with_keys { BackUpKeys::Inside } else { BackUpKeys::Apart };
        let desk = Desk::open_known(&session.place).await?;
        let spinner = progress::spinner(session.words.say("progress.backing_up", &[]), session.json);
        let manifest = match desk.ask(Ask::BackUp { folder: folder.clone(), keys }).await? {
            Answer::BackedUp { manifest } => *manifest,
            other => return Err(crate::desk::unexpected(&other)),
        };
        desk.close().await;
        if archive {
            archive::pack(&folder, &target)?;
        }
        spinner.finish_and_clear();
        self.say(session, &target, &manifest)
    }

    fn say(&self, session: &Session, target: &Path, manifest: &Manifest) -> Outcome {
        let made = Made {
            backup: target.to_owned(),
            with_keys: self.with_keys,
            schema: manifest.contents.schema,
            rows: manifest.contents.tables.iter().map(|table| table.rows).sum(),
            files: manifest.files.len() - 1,
            bytes: manifest.files.iter().map(|file| file.bytes).sum(),
        };
        if session.json {
            session.print_json(&made)?;
            return Ok(Exit::Fine);
        }
        let words = session.words;
        let numbers = [made.rows, made.files as u64, made.bytes].map(|number| words.number(&number.to_string()));
        let values = [("backup", target.display().to_string()), ("rows", numbers[0].clone()), ("files", numbers[1].clone())];
        let mut values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        values.push(("bytes", &numbers[2]));
        session.print(&words.say("backup.made", &values))?;
        let keys = session.place.data.join("keys").display().to_string();
        match self.with_keys {
            true => session.print(&words.say("backup.keys_inside", &[]))?,
            false => session.print(&words.say("backup.keys_apart", &[("keys", &keys)]))?,
        }
        Ok(Exit::Fine)
    }
}
