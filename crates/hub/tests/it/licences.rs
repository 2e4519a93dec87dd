//! What Kvitt is built from: licences, banned crates, origins, and a written reason for each direct dependency.
//!
//! The rules are `deny.toml`, so that `cargo deny check` says the same where it is installed; here cargo alone says what is
//! really built on this machine. Why so: docs/decisions/0005-licences-checked-by-a-test.md.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use spdx::{Expression, ParseMode};

use crate::house::root;

/// One crate that is built: the product's, a build script's or a test's.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Built {
    name: String,
    version: String,
    /// Empty for the ordinary registry; else the folder, git address or other registry.
    origin: String,
    licence: String,
}

/// What cargo builds for this machine, with exactly the features that are used. (`cargo metadata` also lists what a feature
/// might turn on, and would show banned crates that nothing compiles.)
fn built() -> BTreeSet<Built> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args([
            "tree",
            "--workspace",
            "--offline",
            "--edges",
            "normal,build,dev",
            "--prefix",
            "none",
            "--no-dedupe",
            "--format",
            "{p}|{l}",
        ])
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let built: BTreeSet<Built> = text.lines().filter(|line| !line.is_empty()).map(read).collect();
    assert!(built.len() > 200, "only {} crates were found", built.len());
    built
}

/// Reads `name v1.2.3 (proc-macro) (origin)|licence`.
fn read(line: &str) -> Built {
    let (package, licence) = line.split_once('|').unwrap_or_else(|| panic!("{line}"));
    let mut words = package.splitn(3, ' ');
    let (name, version, rest) =
        (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Built {
        name: name.to_owned(),
        version: version.to_owned(),
        origin: rest.replace("(proc-macro)", "").trim().trim_matches(['(', ')']).to_owned(),
        licence: licence.to_owned(),
    }
}

fn rules() -> toml::Table {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    text.parse().expect("deny.toml is TOML")
}

/// The texts of a list in the rules; of its tables, the text under `key`.
fn texts(list: &toml::Value, key: &str) -> Vec<String> {
    let entries = list.as_array().expect("it is a list").iter();
    entries.map(|entry| entry.as_str().or_else(|| entry.get(key)?.as_str()).expect("it is a text").to_owned()).collect()
}

/// Whether an SPDX expression can be met with the licences of `allowed` alone.
fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let expression = Expression::parse_mode(licence, ParseMode::LAX);
    expression.is_ok_and(|expression| expression.evaluate(|needed| allowed.contains(&needed.to_string())))
}

#[test]
fn every_licence_is_allowed() {
    let allowed = texts(&rules()["licenses"]["allow"], "name");
    let refused: Vec<Built> = built().into_iter().filter(|built| !is_allowed(&built.licence, &allowed)).collect();
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
}

#[test]
fn a_licence_is_met_by_choosing_but_not_by_half() {
    let allowed = ["MIT", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for (licence, wanted) in [
        ("MIT", true),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0-only/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR ISC) AND MIT", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("", false),
        ("ask me", false),
    ] {
        assert_eq!(is_allowed(licence, &allowed), wanted, "{licence:?}");
    }
}

#[test]
fn nothing_banned_is_built() {
    let banned = texts(&rules()["bans"]["deny"], "crate");
    assert!(banned.contains(&"openssl-sys".to_owned()));
    let found: Vec<Built> = built().into_iter().filter(|built| banned.contains(&built.name)).collect();
    assert!(found.is_empty(), "banned by deny.toml; cargo tree --invert says who wants it: {found:#?}");
}

#[test]
fn everything_comes_from_the_registry_or_from_here() {
    assert!(rules()["sources"]["allow-git"].as_array().is_some_and(Vec::is_empty));
    let here = root().join("crates").to_string_lossy().into_owned();
    let found: Vec<Built> =
        built().into_iter().filter(|built| !built.origin.is_empty() && !built.origin.starts_with(&here)).collect();
    assert!(found.is_empty(), "from elsewhere: {found:#?}");
}

/// Duplicates cost build time and are nobody's fault for long: they are said, not refused.
#[test]
fn duplicate_versions_are_said() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for built in built() {
        versions.entry(built.name).or_default().push(built.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    for (name, versions) in versions {
        println!("duplicate: {name} {}", versions.join(" "));
    }
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let manifest: toml::Table =
        std::fs::read_to_string(root().join("Cargo.toml")).expect("it is there").parse().expect("it is TOML");
    let direct = manifest["workspace"]["dependencies"].as_table().expect("it is a table");
    let reasons = std::fs::read_to_string(root().join("docs/decisions/0002-dependencies.md")).expect("the record is there");
    let written: BTreeSet<&str> = reasons.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let direct: BTreeSet<&str> = direct.keys().map(String::as_str).filter(|name| !name.starts_with("kvitt-")).collect();
    assert_eq!(written, direct, "docs/decisions/0002-dependencies.md has one line for each, and for no other");
}
