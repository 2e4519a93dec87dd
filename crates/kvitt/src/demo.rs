//! What the demo is made of: the example documents ([`examples`]), their companies ([`companies`]), the direct debits of one of them
//! ([`direct_debit`]), and the sandbox with the configuration that points a hub at it ([`world`]). `commands/demo.rs` plays it.

pub mod companies;
pub mod direct_debit;
pub mod examples;
pub mod world;
