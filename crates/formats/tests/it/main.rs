//! Tests of the crate through its front door.

mod bank;
mod container;
mod examples;
mod finvoice;
mod fuzz;
mod lookup_keys;
mod metadata;
mod saft;
mod schema;
mod strategies;
mod ubl;
mod vectors;

use kvitt_domain::Fault;

/// Faults as lines: code, place, values.
fn lines(faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let values: Vec<String> = fault.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} | {} | {}", fault.code, fault.place, values.join(", ")).trim_end_matches([' ', '|']).to_owned()
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The folder of shared test data, or none where this machine has none. With `KVITT_REQUIRE=vectors` that is a failure.
fn shared(part: &str) -> Option<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(!required("vectors"), "the vectors are required and not at {}", folder.display());
    println!("SKIPPED: no vectors at {}", folder.display());
    None
}

/// Whether `KVITT_REQUIRE` has the word: what is missing then is a failure.
fn required(word: &str) -> bool {
    std::env::var("KVITT_REQUIRE").unwrap_or_default().split(',').any(|required| required.trim() == word)
}
