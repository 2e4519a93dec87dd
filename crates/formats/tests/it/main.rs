//! Tests of the crate through its front door.

mod fuzz;
mod strategies;
mod ubl;
mod vectors;
