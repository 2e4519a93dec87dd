//! What the house promises of its own source: which crate knows which, what pure crates never touch, where SQL may stand.
//!
//! The rules and their reasons are in `docs/STYLE.md` and `docs/ARCHITECTURE.md`; what is built from elsewhere is looked at in
//! [`crate::licences`]. A rule that nothing here or in the compiler checks is for review.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand};
use kvitt_adapters::route::RouteSetup;
use kvitt_adapters::routes;
use kvitt_domain::fault::codes;
use kvitt_domain::subscription::KINDS;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}

/// What the manifests say, without asking the network for anything.
fn manifests() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .no_deps()
        .exec()
        .expect("cargo reads the manifests")
}

/// Which of our crates each crate may use. An arrow that is not here does not exist.
const GRAPH: [(&str, &[&str]); 8] = [
    ("kvitt-domain", &[]),
    ("kvitt-rules", &["kvitt-domain"]),
    ("kvitt-formats", &["kvitt-domain", "kvitt-rules"]),
    ("kvitt-render", &["kvitt-domain"]),
    ("kvitt-adapters", &["kvitt-domain", "kvitt-rules", "kvitt-formats"]),
    ("kvitt-hub", &["kvitt-domain", "kvitt-rules", "kvitt-formats", "kvitt-render", "kvitt-adapters"]),
    ("kvitt-sandbox", &[]),
    ("kvitt", &["kvitt-domain", "kvitt-rules", "kvitt-formats", "kvitt-render", "kvitt-adapters", "kvitt-hub", "kvitt-sandbox"]),
];

#[test]
fn each_crate_knows_only_those_below_it() {
    let packages = manifests().packages;
    assert_eq!(packages.len(), GRAPH.len(), "a new crate needs a decision record and a line in GRAPH");
    for package in packages {
        let name = package.name.as_str();
        let (_, allowed) =
            GRAPH.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name} has no line in GRAPH"));
        for dependency in package.dependencies.iter().filter(|dependency| dependency.name.starts_with("kvitt")) {
            assert!(allowed.contains(&dependency.name.as_str()), "{name} must not know {}", dependency.name);
        }
    }
}

/// The crates that do no IO, read no clock and throw no dice.
const PURE: [&str; 5] = ["domain", "rules", "formats", "render", "adapters"];

/// What pure crates may be built with: libraries that compute. Each stands in docs/decisions/0002-dependencies.md.
const COMPUTES: [&str; 19] = [
    "base64",
    "flate2",
    "harfrust",
    "hayro-syntax",
    "hex",
    "iso_currency",
    "jiff",
    "krilla",
    "lettre",
    "mail-parser",
    "quick-xml",
    "rust_decimal",
    "serde",
    "serde_json",
    "sha2",
    "skrifa",
    "thiserror",
    "toml",
    "uuid",
];
/// The same, for one crate only: `zip` can read from anything, and only containers need it.
const COMPUTES_FOR: [(&str, &str); 1] = [("kvitt-formats", "zip")];

#[test]
fn pure_crates_are_built_with_what_computes() {
    for package in manifests().packages {
        let Some(short) = package.name.strip_prefix("kvitt-") else { continue };
        if !PURE.contains(&short) {
            continue;
        }
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development) {
            let name = dependency.name.as_str();
            let allowed =
                name.starts_with("kvitt-") || COMPUTES.contains(&name) || COMPUTES_FOR.contains(&(package.name.as_str(), name));
            assert!(allowed, "{} is pure, and {name} is not known to be: see docs/decisions/0001-eight-crates.md", package.name);
        }
    }
}

#[test]
fn product_crates_have_no_features() {
    for package in manifests().packages {
        assert!(package.features.is_empty(), "{}: what is not always built is not always tested", package.name);
    }
}

/// A Rust file of ours: its path from the root, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that are compiled into the product: no comments, no unit tests (which stand last in a file).
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("#[cfg(test)]").unwrap_or(self.text.len());
        (1..).zip(self.text[..end].lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn is_product(&self) -> bool {
        self.path.contains("/src/") && !self.path.ends_with("/tests.rs")
    }
}

fn sources() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    for path in files_below(&root.join("crates")) {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("sources are text");
            let path = path.strip_prefix(&root).expect("it is below the root").to_string_lossy().into_owned();
            sources.push(Source { path, text });
        }
    }
    assert!(sources.len() > 100, "only {} sources were found", sources.len());
    sources
}

/// Every file below a folder, what is built or hidden left out.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if matches!(name.as_str(), "target" | ".git" | "kvitt-data") || path.is_symlink() {
            continue;
        }
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

/// Fails with all offences at once.
fn none(rule: &str, offences: Vec<String>) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

/// Lines of product code, in the files that `concerned` picks, that hold one of `words`.
fn offences(concerned: impl Fn(&Source) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.is_product() && concerned(source)) {
        for (number, line) in source.code() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                found.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    found
}

#[test]
fn pure_crates_do_no_io_read_no_clock_and_throw_no_dice() {
    let words = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::io::stdin",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "thread_rng",
        "rand::",
        "now_v7",
        "new_v4",
        "tokio",
        "println!",
        "eprintln!",
    ];
    let is_pure = |source: &Source| PURE.iter().any(|name| source.path.starts_with(&format!("crates/{name}/src/")));
    none("time, ids and bytes come in as arguments", offences(is_pure, &words));
}

#[test]
fn sql_stands_in_the_store_alone() {
    let words = ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", "\"CREATE ", "sqlx::query"];
    let elsewhere = |source: &Source| !source.path.starts_with("crates/hub/src/store");
    none("SQL is a constant of crates/hub/src/store/<table>.rs", offences(elsewhere, &words));
}

#[test]
fn the_product_does_not_know_whether_it_is_tried_or_used() {
    let is_product = |source: &Source| !source.path.starts_with("crates/sandbox") && !source.path.starts_with("crates/kvitt");
    none("only addresses differ, and they are settings", offences(is_product, &["if sandbox", "is_sandbox", "kvitt_sandbox"]));
}

#[test]
fn files_are_named_after_the_trade() {
    let vague = ["util", "utils", "common", "manager", "helper", "helpers", "misc", "stuff", "core", "shared"];
    let found = sources().into_iter().map(|source| source.path).filter(|path| {
        Path::new(path).with_extension("").components().any(|part| vague.iter().any(|word| part.as_os_str() == *word))
    });
    none("a name says what is in it", found.collect());
}

/// A file that no `mod` names is not compiled, and what it tests is not tested.
#[test]
fn no_file_is_left_out() {
    let sources = sources();
    let found = sources.iter().map(|source| Path::new(&source.path)).filter(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new(""));
        let is_root = matches!(&*stem, "lib" | "main" | "mod" | "build") || folder.ends_with("examples");
        let parents =
            ["lib.rs", "main.rs", "mod.rs"].map(|name| folder.join(name)).into_iter().chain([folder.with_extension("rs")]);
        let is_named = |parent: PathBuf| {
            let parent = sources.iter().find(|source| Path::new(&source.path) == parent);
            parent.is_some_and(|parent| parent.text.contains(&format!("mod {stem};")))
        };
        !is_root && !parents.into_iter().any(is_named)
    });
    none("no parent says mod", found.map(|path| path.display().to_string()).collect());
}

#[test]
fn every_file_says_what_is_in_it() {
    let found = sources().into_iter().filter(|source| !source.text.starts_with("//! ")).map(|source| source.path);
    none("a file begins with //! : what is here, what is not, where to look next", found.collect());
}

/// The repository speaks of the project and of no machine that it was written on.
#[test]
fn no_file_names_a_machine() {
    let root = root();
    // In two halves, so that this file does not name them either.
    let places = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/")].map(|(half, rest)| format!("{half}{rest}"));
    let mut found = Vec::new();
    for path in files_below(&root) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(place) = places.iter().find(|place| line.contains(place.as_str())) {
                found.push(format!("{}:{number}: {place}", path.strip_prefix(&root).expect("it is below the root").display()));
            }
        }
    }
    none("paths start at the root of the repository, or at a setting", found);
}

/// Who plays the counterparty of each built route in the sandbox.
const COUNTERPARTIES: [(&str, &str); 4] =
    [("avtalegiro", "bank"), ("email", "mail"), ("efaktura", "mps"), ("print", "print_shop")];

#[test]
fn no_route_is_half_registered() {
    let root = root();
    for route in routes::all() {
        let name = route.name();
        let is_coming =
            route.check_setup(&RouteSetup(serde_json::json!({}))).iter().any(|fault| fault.code == codes::ROUTE_NOT_BUILT);
        let conversations = root.join("crates/adapters/tests/it/conversations").join(name);
        let page = root.join("docs/routes").join(format!("{name}.md"));
        let counterparty = COUNTERPARTIES.iter().find(|(route, _)| *route == name);
        if is_coming {
            assert!(counterparty.is_none() && !conversations.exists(), "{name} is built in part: take it out of coming.rs");
            continue;
        }
        let fixtures = std::fs::read_dir(&conversations).map(Iterator::count).unwrap_or(0);
        assert!(fixtures > 0, "{name} has no conversations in {}", conversations.display());
        assert!(page.exists(), "{name} has no page {}", page.display());
        let (_, player) = counterparty.unwrap_or_else(|| panic!("{name} has no counterparty in the sandbox"));
        assert!(root.join(format!("crates/sandbox/src/counterparties/{player}.rs")).exists(), "{player} does not play");
    }
    let pages: BTreeSet<String> = files_below(&root.join("docs/routes"))
        .iter()
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .filter(|name| name != "README")
        .collect();
    for page in pages {
        assert!(routes::by_name(&page).is_some(), "docs/routes/{page}.md is about no route");
    }
}

/// A failpoint that no code comes by would make the crash test prove nothing, and the other way round.
#[test]
fn every_failpoint_is_come_by() {
    let sources = sources();
    let come_by: BTreeSet<&str> = sources
        .iter()
        .filter(|source| source.is_product())
        .flat_map(|source| source.code())
        .filter_map(|(_, line)| line.split("failpoint!(\"").nth(1)?.split('"').next())
        .collect();
    let named: BTreeSet<&str> = [kvitt_hub::failpoint::NAMES, kvitt_hub::failpoint::OF_PAGES].concat().into_iter().collect();
    assert_eq!(come_by, named);
}

/// Webhooks are asked for by the kinds of events that there are, so that the list of them is what the hub tells.
#[test]
fn every_kind_of_event_is_listed() {
    let is_kind = |text: &str| {
        let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        text.split_once('.').is_some_and(|(thing, what)| plain(thing) && plain(what))
    };
    let things: BTreeSet<&str> = KINDS.iter().filter_map(|kind| kind.split('.').next()).collect();
    let sources = sources();
    let mut told = BTreeSet::new();
    for source in sources.iter().filter(|source| source.path.starts_with("crates/hub/src/") && source.is_product()) {
        for (_, line) in source.code() {
            let literals = line.split('"').skip(1).step_by(2).filter(|text| is_kind(text));
            let tells = line.contains("NewEvent::new(");
            // Where events are told their kinds stand in tables too; elsewhere a text may only look like one.
            let may = source.path.starts_with("crates/hub/src/actions/");
            told.extend(literals.filter(|text| tells || (may && things.contains(text.split('.').next().unwrap_or_default()))));
        }
    }
    // What a test call says it is stands in no chain.
    told.remove("webhook.test");
    let listed: BTreeSet<&str> = KINDS.iter().copied().collect();
    let not_listed: Vec<_> = told.difference(&listed).collect();
    let never_told: Vec<_> = listed.difference(&told).collect();
    assert!(not_listed.is_empty() && never_told.is_empty(), "not listed: {not_listed:?}; never told: {never_told:?}");
}
