//! Every route, in one list.

pub mod email;
