//! `kvitt users`: the people who use the pages.

use clap::Subcommand;
use comfy_table::Cell;
use kvitt_domain::person::Role;
use kvitt_hub::desk::{Answer, Ask, PeopleAnswer, PeopleAsk, PersonShown};

use crate::cli::Session;
use crate::desk::{Desk, unexpected};
use crate::exit::{Exit, Outcome};
use crate::show::table::table;

/// People sign in with an e-mail address and a password. Each company has its own, with a role; one person may use several companies.
#[derive(Debug, Subcommand)]
pub enum Users {
    /// List everybody, with the companies that they use.
    List,
    /// Invite somebody to a company. The link is shown now and never again: hand it over yourself. It counts once, for seven days.
    Add {
        /// What they sign in with.
        email: String,
        /// What they are called.
        #[arg(long)]
        name: String,
        /// What they may do.
        #[arg(long, value_name = "admin|invoicing|read_only", value_parser = role)]
        role: Role,
        /// Who invites them.
        #[arg(long, env = "USER")]
        by: String,
        /// The company, by organisation number; may be left out while there is only one.
        #[arg(long, value_name = "ORG")]
        company: Option<String>,
    },
    /// Make a link with which somebody sets a new password. Everywhere they are signed in they are signed out when they use it.
    ResetPassword {
        /// What they sign in with.
        email: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::named(text).ok_or_else(|| "say admin, invoicing or read_only".to_owned())
}

impl Users {
    pub async fn run(self, session: &Session) -> Outcome {
        let desk = Desk::open_known(&session.place).await?;
        let ask = match self {
            Users::List => PeopleAsk::List,
            Users::Add { email, name, role, by, company } => PeopleAsk::Add { company, name, email, role, by },
            Users::ResetPassword { email } => PeopleAsk::ResetPassword { email },
        };
        let answer = match desk.ask(Ask::People(ask)).await? {
            Answer::People(answer) => answer,
            other => return Err(unexpected(&other)),
        };
        desk.close().await;
        match session.json {
            true => session.print_json(&answer)?,
            false => session.print(&text(&answer, session))?,
        }
        Ok(Exit::Fine)
    }
}

fn text(answer: &PeopleAnswer, session: &Session) -> String {
    let words = session.words;
    let people = match answer {
        PeopleAnswer::Link(link) => return words.say("users.link", &[("link", link)]),
        PeopleAnswer::People(people) => people,
    };
    if people.is_empty() {
        return words.say("users.empty", &[]);
    }
    let mut rows = table(&["name", "email", "companies"].map(|name| words.name("cli", &format!("column.{name}"))));
    for PersonShown { person, uses } in people {
        let uses: Vec<String> =
            uses.iter().map(|one| format!("{} {}: {}", one.org_number, one.name, words.name("role", one.role.name()))).collect();
        rows.add_row([&person.name, &person.email, &uses.join("\n")].map(Cell::new).to_vec());
    }
    rows.to_string()
}
