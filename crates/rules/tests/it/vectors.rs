//! Where the shared test documents are, and what happens where they are not.

use std::path::{Path, PathBuf};

/// The folder of UBL vectors; `None` (said aloud) where it is absent and not required by `KVITT_REQUIRE=vectors`.
pub fn ubl() -> Option<PathBuf> {
    folder("ubl")
}

/// A folder of published schemas, on the same terms.
pub fn schemas(name: &str) -> Option<PathBuf> {
    folder("schemas").map(|schemas| schemas.join(name))
}

fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")).join(name);
    if path.is_dir() {
        return Some(path);
    }
    let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|word| word == "vectors"), "KVITT_REQUIRE wants {}", path.display());
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

/// All files below a folder whose name ends in `.xml`, in any case, sorted.
pub fn xml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be listed") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml")) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
