//! `kvitt completions`: what a shell needs to complete commands and options.

use clap::{Args, CommandFactory};

use crate::cli::{Cli, Session};
use crate::exit::{Exit, Outcome};

/// Prints completions, to be saved where the shell looks for them.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn run(self, session: &Session) -> Outcome {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kvitt", &mut text);
        session.print(&String::from_utf8_lossy(&text))?;
        Ok(Exit::Fine)
    }
}
