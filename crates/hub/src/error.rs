//! What can go wrong inside the hub, and whose fault it is.
//!
//! Faults of a document or a request are [`kvitt_domain::Fault`]s and reach the caller as they are. An [`Error`] is ours or the
//! machine's: the caller hears that it was not done, the log hears why.

use kvitt_domain::fault::Fault;

/// Not done. Nothing is half-done: every error leaves the transaction rolled back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be met, and the caller can read why.
    #[error("refused: {}", .0.iter().map(|fault| fault.code.name()).collect::<Vec<_>>().join(", "))]
    Refused(Vec<Fault>),
    /// Somebody else changed the row first. Writers run the action again; past the limit the caller tries later.
    #[error("the row was changed by somebody else in the meantime")]
    Conflict,
    /// The lease was lost: another runner has the job now. What this one still wanted to write is dropped.
    #[error("the lease on the job was lost")]
    LeaseLost,
    /// The named thing does not exist for this company.
    #[error("{0} is not known here")]
    NotFound(String),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The group's commit failed, so that nothing of it was stored.
    #[error("the transaction was not committed: {0}")]
    NotCommitted(String),
    /// A file or socket failed.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// The cause.
        #[source]
        cause: std::io::Error,
    },
    /// What is stored cannot be read back: a damaged row, or a key that is not here.
    #[error("stored data cannot be read: {0}")]
    Damaged(String),
    /// The configuration or the database's own settings forbid starting.
    #[error("{0}")]
    CannotStart(String),
    /// An adapter cannot go on.
    #[error(transparent)]
    Adapter(#[from] kvitt_adapters::route::AdapterError),
    /// The hub is shutting down.
    #[error("the hub is stopping")]
    Stopping,
}

impl Error {
    /// An IO error with what was being done.
    pub fn io(what: impl Into<String>, cause: std::io::Error) -> Error {
        Error::Io { what: what.into(), cause }
    }

    /// A refusal for one fault.
    pub fn refused(fault: Fault) -> Error {
        Error::Refused(vec![fault])
    }

    /// Whether the same action may succeed when it is simply run again: another writer was first, or the database asks for it.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Conflict => true,
            // A unique key that somebody else took first: the action reads what is there now. PostgreSQL also asks for it after
            // a serialization failure (40001) or a deadlock (40P01).
            Error::Database(sqlx::Error::Database(cause)) => {
                cause.is_unique_violation() || matches!(cause.code().as_deref(), Some("40001" | "40P01"))
            }
            _ => false,
        }
    }
}

/// The result of nearly everything in the hub.
pub type Result<T> = std::result::Result<T, Error>;
