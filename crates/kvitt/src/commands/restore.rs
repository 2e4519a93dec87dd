//! `kvitt restore`: a backup put back, and what it cannot know left to a person.

use std::path::PathBuf;

use clap::Args;
use kvitt_hub::actions::restore::{doubt_in_place, restore};

use crate::archive::Unpacked;
use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;

/// Puts a backup back into an empty data folder, after checking every file and every chain of events. Whatever still had something
/// to do when the backup was made is in doubt afterwards: the hub may have sent it since. Nothing is sent until a person has
/// said what became of it: kvitt list --state in_doubt, kvitt settle.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup: a folder, or a file ending in .zip.
    #[arg(value_name = "FOLDER|FILE.zip", required_unless_present = "in_place", conflicts_with = "in_place")]
    backup: Option<PathBuf>,
    /// The folder of the keys, where they are not in the backup and not in the data folder yet.
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    keys: Option<PathBuf>,
    /// The database was put back by its own tools (pg_restore, a copy of the disk): only put in doubt what it cannot know.
    #[arg(long)]
    in_place: bool,
}

impl Restore {
    pub async fn run(self, session: &Session) -> Outcome {
        match &self.backup {
            Some(backup) => self.put_back(session, backup.clone()).await,
            None => in_place(session).await,
        }
    }

    async fn put_back(&self, session: &Session, backup: PathBuf) -> Outcome {
        let data = &session.place.data;
        if data.is_dir() && session.place.read_config()?.database.is_some() {
            return Err(Failure::Usage(
                "a backup is put back as a SQLite file: take the key database out of the configuration, restore, and then use \
                 kvitt copy-database"
                    .into(),
            ));
        }
        let unpacked = Unpacked::of(&backup, data)?;
        let spinner = progress::spinner(session.words.say("progress.restoring", &[]), session.json);
        let restored = restore(unpacked.folder(), data, self.keys.as_deref()).await?;
        spinner.finish_and_clear();
        if session.json {
            session.print_json(&restored)?;
        } else {
            let words = session.words;
            let numbers = [restored.companies, restored.events, restored.files, restored.doubts];
            let [companies, events, files, doubts] = numbers.map(|number| words.number(&number.to_string()));
            let made_at = words.time_ms(restored.made_at);
            let values: [(&str, &str); 4] =
                [("made_at", &made_at), ("companies", &companies), ("events", &events), ("files", &files)];
            session.print(&words.say("restore.done", &values))?;
            session.print(&words.say("restore.doubts", &[("count", &doubts)]))?;
        }
        Ok(exit(restored.doubts))
    }
}

async fn in_place(session: &Session) -> Outcome {
    let desk = Desk::open_known(&session.place).await?;
    let Some(hub) = desk.hub() else {
        return Err(Failure::Answered("a hub runs on this data folder; stop it first".into()));
    };
    let doubts = doubt_in_place(hub).await?;
    desk.close().await;
    match session.json {
        true => session.print_json(&serde_json::json!({ "doubts": doubts }))?,
        false => session.print(&session.words.say("restore.doubts", &[("count", &doubts.to_string())]))?,
    }
    Ok(exit(doubts))
}

fn exit(doubts: u64) -> Exit {
    if doubts > 0 { Exit::NeedsPerson } else { Exit::Fine }
}
