//! The network: what adapters want said is said here, and what was answered is told as it was.

pub mod maildir;
pub mod smtp;
