//! `kvitt api-keys`: with what programs speak for a company.

use clap::Subcommand;
use comfy_table::Cell;
use kvitt_hub::desk::{AccessAsk, Answer, Ask, KeyAsk, KeysShown};

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Outcome};
use crate::show::table::table;

/// Keys with which programs get tokens. A secret is shown once, when it is made, and is stored nowhere.
#[derive(Debug, Subcommand)]
pub enum ApiKeys {
    /// Make a key. Its secret is shown now and never again.
    Create {
        /// What people call it: the program that gets it.
        #[arg(long)]
        name: String,
        /// What it may ask tokens for; several may be given. None means everything that the company may do.
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<String>,
        /// Who makes it.
        #[arg(long, env = "USER")]
        by: String,
        /// The company, by organisation number; may be left out while there is only one.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// List the keys of a company.
    List {
        /// The company, by organisation number; may be left out while there is only one.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// Give a key a new secret. The one before is taken for another day.
    Rotate {
        /// The key's id.
        key: String,
        /// Who does it.
        #[arg(long, env = "USER")]
        by: String,
        /// The company, by organisation number; may be left out while there is only one.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// End a key at once, and every token that was made with it.
    Revoke {
        /// The key's id.
        key: String,
        /// Who does it.
        #[arg(long, env = "USER")]
        by: String,
        /// The company, by organisation number; may be left out while there is only one.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
}

impl ApiKeys {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let (company, what) = match self {
            ApiKeys::Create { name, scope, by, company } => (company, KeyAsk::Create { name, scopes: scope, by }),
            ApiKeys::List { company } => (company, KeyAsk::List),
            ApiKeys::Rotate { key, by, company } => (company, KeyAsk::Rotate { key, by }),
            ApiKeys::Revoke { key, by, company } => (company, KeyAsk::Revoke { key, by }),
        };
        let shown = match desk.ask(Ask::Access(AccessAsk { company, what })).await? {
            Answer::Keys(shown) => shown,
            other => return Err(unexpected(&other)),
        };
        desk.close().await;
        match session.json {
            true => session.print_json(&shown)?,
            false => session.print(&text(&shown, session))?,
        }
        Ok(Exit::Fine)
    }
}

fn text(shown: &KeysShown, session: &Session) -> String {
    let words = session.words;
    if shown.keys.is_empty() {
        return words.say("api_keys.empty", &[]);
    }
    let columns = ["key", "name", "scopes", "made", "by", "revoked"];
    let mut rows = table(&columns.map(|name| words.name("cli", &format!("column.{name}"))));
    for key in &shown.keys {
        let revoked = key.revoked_at.map_or_else(String::new, |at| words.time_ms(at));
        let cells = [&key.id, &key.name, &key.scopes.join(" "), &words.time_ms(key.made_at), &key.made_by, &revoked];
        rows.add_row(cells.map(Cell::new).to_vec());
    }
    let client = words.say("api_keys.client", &[("client_id", &shown.client_id)]);
    match &shown.secret {
        Some(secret) => format!("{rows}\n{client}\n{}", words.say("api_keys.secret", &[("secret", secret)])),
        None => format!("{rows}\n{client}"),
    }
}
