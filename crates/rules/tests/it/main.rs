//! The rules crate against documents of others: the arena reads them all, and the rule sets agree with the oracle.

mod arena;
mod cases;
mod mutations;
mod oracle;
mod scoreboard;
mod structure;
mod vectors;
