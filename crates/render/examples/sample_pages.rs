//! Draws sample documents into a folder: `cargo run -p kvitt-render --example sample_pages -- target/samples`.
//!
//! They are the invoices that a Norwegian household and a small business know, and they show every part of the layout.

#[path = "../tests/it/samples.rs"]
mod samples;

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/samples".to_owned()));
    std::fs::create_dir_all(&folder)?;
    for sample in samples::all() {
        let begun = Instant::now();
        let pdf = kvitt_render::pdf(&sample.invoice, &sample.look, &sample.embed)?;
        let took = begun.elapsed();
        std::fs::write(folder.join(format!("{}.pdf", sample.name)), &pdf.bytes)?;
        println!("{:<22} {:>2} pages {:>4} kB {:>8.2?}", sample.name, pdf.pages, pdf.bytes.len() / 1000, took);
    }
    Ok(())
}
