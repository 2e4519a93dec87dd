//! `kvitt copy-database`: a hub moves to another database.

use clap::Args;
use comfy_table::{Cell, CellAlignment};
use kvitt_hub::actions::copy_database::copy_database;
use kvitt_hub::store::copy::Progress;

use crate::cli::Session;
use crate::exit::{Exit, Failure, Outcome};
use crate::show::progress;
use crate::show::table::table;

/// Copies the database to another address and compares the rows and digest of every table when they have arrived. It happens in one
/// transaction: broken off at any moment, the target is as empty as before, and it can simply be begun again. The hub must not
/// run. Keys and large files stay in the data folder; afterwards, say database = in the configuration.
#[derive(Debug, Args)]
pub struct CopyDatabase {
    /// The new database: postgres://… or sqlite:PATH. It must be there (SQLite: a new file) and empty. A password is better
    /// kept in ~/.pgpass than written here.
    #[arg(long, value_name = "URL")]
    to: String,
}

impl CopyDatabase {
    pub async fn run(self, session: &Session) -> Outcome {
        if !session.place.data.is_dir() {
            return Err(Failure::Usage(format!("there is no data folder {}", session.place.data.display())));
        }
        let to = match self.to.strip_prefix("sqlite:") {
            Some(path) if !path.contains('?') => format!("sqlite:{path}?mode=rwc"),
            _ => self.to.clone(),
        };
        let config = session.place.read_config()?;
        let bar = progress::bar(0, String::new(), session.json);
        let mut tell = |progress: Progress<'_>| {
            bar.set_length(progress.all);
            bar.set_message(progress.table.to_owned());
            bar.set_position(progress.done);
        };
        let copied = copy_database(&session.place.data, &config, &to, &mut tell).await?;
        bar.finish_and_clear();
        if session.json {
            session.print_json(&copied)?;
            return Ok(Exit::Fine);
        }
        let words = session.words;
        let mut shown = table(&["table", "rows", "digest"].map(|name| words.name("cli", &format!("column.{name}"))));
        for one in &copied {
            let rows = Cell::new(words.number(&one.rows.to_string())).set_alignment(CellAlignment::Right);
            shown.add_row(vec![Cell::new(&one.table), rows, Cell::new(&one.digest[..16])]);
        }
        session.print(&shown.to_string())?;
        session.print(&words.say("copy.done", &[("tables", &copied.len().to_string())]))?;
        Ok(Exit::Fine)
    }
}
