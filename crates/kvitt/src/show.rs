//! How answers look on a terminal: tables, ladders, stories, bars. JSON is not here: it is what the answers serialise to.

pub mod debits;
pub mod ladder;
pub mod money;
pub mod progress;
pub mod report;
pub mod story;
pub mod table;
