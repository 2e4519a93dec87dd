//! `kvitt keys`: the master key that seals every company's key.

use clap::Subcommand;
use kvitt_hub::desk::Ask;

use crate::cli::Session;
use crate::desk::Desk;
use crate::exit::{Exit, Outcome};

/// The keys are in the folder keys/ of the data folder. Whoever has the folder can read everything; without it nobody can.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a new master key and seal every company's key with it. Older ones stay, so that backups can still be opened.
    Rotate,
}

impl Keys {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        match self {
            Keys::Rotate => desk.tell(Ask::RotateKeys).await?,
        }
        match session.json {
            true => session.print_json(&serde_json::json!({ "done": true }))?,
            false => session.print(&session.words.say("keys.rotated", &[]))?,
        }
        desk.close().await;
        Ok(Exit::Fine)
    }
}
