//! Work that is due: who finds it ([`dispatcher`]), who does it ([`runner`]), who is spared ([`breaker`]), and what comes in by
//! folders ([`watch`]).

pub mod breaker;
pub mod dispatcher;
pub mod runner;
pub mod watch;
