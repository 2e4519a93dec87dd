//! The PDF as a reader, an archive and a print shop meet it: everything here starts from the finished bytes.
//!
//! Where things stand on the page is tested in the crate (`compose/tests.rs`), where the layout can still be asked.

mod archive;
mod covering;
mod inspecting;
mod law;
mod reading;
mod samples;
