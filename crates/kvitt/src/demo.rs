//! What the demo is made of: the example documents ([`examples`]), their companies ([`companies`]), and the sandbox with the
//! configuration that points a hub at it ([`world`]). `commands/demo.rs` plays it.

pub mod companies;
pub mod examples;
pub mod world;
