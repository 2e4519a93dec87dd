//! The page of the configuration is complete, and its example can be used as it stands.

use kvitt_hub::Config;

const PAGE: &str = include_str!("../../../../docs/configuration.md");
const SOURCES: [&str; 3] =
    [include_str!("../../src/config.rs"), include_str!("../../src/config/http.rs"), include_str!("../../src/config/drop.rs")];

fn example() -> String {
    let (_, rest) = PAGE.split_once("```toml\n").expect("the page has an example");
    let (example, _) = rest.split_once("```").expect("the example ends");
    example.to_owned()
}

#[test]
fn the_example_on_the_page_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kvitt.toml");
    std::fs::write(&file, example()).unwrap();
    let config = Config::read(Some(&file)).unwrap();
    assert_eq!(config.mail["email"].port, 587);
}

#[test]
fn every_key_is_on_the_page() {
    let lines = SOURCES.iter().flat_map(|source| source.lines());
    let keys = lines.filter_map(|line| line.trim().strip_prefix("pub ")).filter_map(|line| line.split_once(':'));
    let keys: Vec<&str> =
        keys.map(|(key, _)| key).filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_')).collect();
    assert!(keys.len() > 10, "the keys are read from the source: {keys:?}");
    for key in keys {
        assert!(
            [format!("{key} = "), format!("[{key}"), format!(".{key}]")].iter().any(|written| PAGE.contains(written)),
            "{key} is not on docs/configuration.md"
        );
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kvitt.toml");
    std::fs::write(&file, "listn = \"127.0.0.1:1\"\n").unwrap();
    let error = Config::read(Some(&file)).unwrap_err();
    assert!(error.to_string().contains("listn"), "{error}");
}
