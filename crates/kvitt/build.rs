//! Puts the example invoices into the binary, so that `kvitt demo` needs no other file.
//!
//! A list of `include_bytes!` rather than a crate for it: cargo then sees when an example changes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let examples = crate_folder.join("../../examples");
    let mut code = String::new();
    for (constant, folder) in [("INVOICES", "invoices"), ("FAULTY", "faulty")] {
        code.push_str(&list(constant, &examples.join(folder))?);
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("examples.rs"), code)
}

/// `static NAME: &[(file name, bytes)]`, by name.
fn list(constant: &str, folder: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut code = format!("static {constant}: &[(&str, &[u8])] = &[\n");
    for file in files {
        let name = file.file_name().expect("a file in a folder has a name").to_string_lossy();
        let path = fs::canonicalize(&file)?;
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", path.display().to_string()).expect("a String takes all");
    }
    code.push_str("];\n");
    Ok(code)
}
