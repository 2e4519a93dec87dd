//! How a command ends: the exit codes, which `docs/cli.md` promises, and the failures that lead to them.

use std::process::ExitCode;

use kvitt_domain::fault::Fault;

/// How a command ended. The numbers are a promise to scripts; 2 is wrong usage, which the parser of the command line gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Fine,
    /// Something was refused, or is not as it should be; what, was said.
    Refused,
    /// All was taken, and at least one delivery now waits for a person's decision.
    NeedsPerson,
}

impl Exit {
    /// As a number for the shell.
    pub fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Exit::Fine => 0,
            Exit::Refused => 1,
            Exit::NeedsPerson => 4,
        })
    }
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The question was refused: every fault.
    #[error("refused: {}", .0.iter().map(|fault| fault.code.name()).collect::<Vec<_>>().join(", "))]
    Refused(Vec<Fault>),
    /// What was typed cannot be meant, in a way that only shows once files were looked at.
    #[error("{0}")]
    Usage(String),
    /// The hub did not start or did not answer.
    #[error("{0}")]
    Hub(#[from] kvitt_hub::Error),
    /// The hub answered that it could not.
    #[error("{0}")]
    Answered(String),
    /// The sandbox did not start.
    #[error("{0}")]
    Sandbox(#[from] kvitt_sandbox::StartError),
    /// A file or the terminal failed.
    #[error("{what}: {cause}")]
    Io {
        /// What was being done.
        what: String,
        /// The cause.
        #[source]
        cause: std::io::Error,
    },
}

impl Failure {
    /// An IO failure with what was being done.
    pub fn io(what: impl Into<String>, cause: std::io::Error) -> Failure {
        Failure::Io { what: what.into(), cause }
    }

    /// As a number for the shell.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Refused(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Hub(_) | Failure::Answered(_) | Failure::Sandbox(_) | Failure::Io { .. } => 3,
        })
    }
}

/// What every command answers.
pub type Outcome = Result<Exit, Failure>;
