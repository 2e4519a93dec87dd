//! The network: what adapters want said is said here, and what was answered is told as it was. And folders, through which other
//! programs hand things over.

pub mod folder;
pub mod maildir;
pub mod smtp;
