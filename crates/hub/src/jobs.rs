//! Work that is due: who finds it ([`dispatcher`]), who does it ([`runner`]), who is spared ([`breaker`]), and what comes in by
//! folders ([`watch`]), and what is dropped ([`housekeeping`]).

pub mod breaker;
pub mod dispatcher;
pub mod housekeeping;
pub mod runner;
pub mod watch;
