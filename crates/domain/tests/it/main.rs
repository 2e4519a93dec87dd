//! The domain against published examples, laws and its own catalogue. Rules of single types are tested beside them in `src`.

#![expect(clippy::unwrap_used, reason = "a test that unwraps wrongly fails, which is what it is for")]

mod catalogue;
mod fuzz;
mod laws;
mod states;
mod vectors;
