//! Draws sample documents into a folder: `cargo run -p kvitt-render --example sample_pages -- target/samples`.
//!
//! They are the invoices that a Norwegian household and a small business know, and they show every part of the layout. The printed rate
//! is that of one core; only a release build says something about it.

#[path = "../tests/it/samples.rs"]
mod samples;

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

/// Enough to even out the first drawing, which parses the fonts.
const DRAWINGS: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/samples".to_owned()));
    std::fs::create_dir_all(&folder)?;
    for sample in samples::all() {
        let pdf = kvitt_render::pdf(&sample.invoice, &sample.look, &sample.embed)?;
        std::fs::write(folder.join(format!("{}.pdf", sample.name)), &pdf.bytes)?;
        let begun = Instant::now();
        for _ in 0..DRAWINGS {
            kvitt_render::pdf(&sample.invoice, &sample.look, &sample.embed)?;
        }
        let rate = f64::from(DRAWINGS) / begun.elapsed().as_secs_f64();
        println!("{:<16} {} pages {:>3} kB {rate:>4.0}/s", sample.name, pdf.pages, pdf.bytes.len() / 1000);
    }
    Ok(())
}
