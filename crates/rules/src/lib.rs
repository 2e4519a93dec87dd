//! The guarded XML arena, and the dated rule sets that judge it.
//!
//! [`arena`] reads one XML document, once, into a flat store that later readers walk as often as they like.
//! No IO, no clock: bytes and dates come in as arguments.

pub mod arena;
