//! The page of the configuration is complete, and its example can be used as it stands.

use kvitt_hub::Config;

const PAGE: &str = include_str!("../../../../docs/configuration.md");
const SOURCES: [&str; 7] = [
    include_str!("../../src/config.rs"),
    include_str!("../../src/config/avtalegiro.rs"),
    include_str!("../../src/config/http.rs"),
    include_str!("../../src/config/drop.rs"),
    include_str!("../../src/config/payments.rs"),
    include_str!("../../src/config/web.rs"),
    include_str!("../../src/config/webhooks.rs"),
];

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

/// What a configuration is refused with.
fn refusal(toml: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kvitt.toml");
    std::fs::write(&file, toml).unwrap();
    Config::read(Some(&file)).unwrap_err().to_string()
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    let check = |toml: &str, words: &[&str]| {
        let error = refusal(toml);
        assert!(words.iter().all(|word| error.contains(word)), "{toml}: {error}");
    };
    check("listn = \"127.0.0.1:1\"", &["no setting listn", "perhaps listen is meant"]);
    check("Workers = 3", &["no setting Workers", "perhaps workers is meant"]);
    check("[mial.email]\nhost = \"a\"\nport = 25", &["no setting mial", "perhaps mail is meant"]);
    check("[mail.email]\nhots = \"a\"\nport = 25", &["no setting hots", "in mail.email", "perhaps host is meant"]);
    check("[bounces]\nfolder = \"a\"", &["no setting folder", "in bounces", "there are maildir"]);
    check("colour = \"red\"", &["no setting colour", "there are"]);
    check("[avtalegiro]\ncustomer_unit = \"229221\"", &["avtalegiro.customer_unit", "8 digits"]);
    check("[avtalegiro]\nservice = \"mps\"", &["avtalegiro.service is mps", "no section [http.mps]"]);
    check("[avtalegiro]\nfiles = \"bank\"", &["no section [drop.bank]"]);
}

#[test]
fn a_value_that_cannot_be_is_refused_at_the_start() {
    let check = |toml: &str, word: &str| {
        let error = refusal(toml);
        assert!(error.contains(word), "{toml}: {error}");
    };
    check("workers = 0", "workers is 0");
    check("trusted_proxies = [\"here\"]", "trusted_proxies: here is no network");
    check("workers = 100000", "workers is 100000");
    check("workers = \"many\"", "workers");
    check("listen = \"here\"", "listen");
    check("database = \"mysql://x\"", "mysql");
    check("public_address = \"faktura.example\"", "public_address");
    check("log_format = \"xml\"", "log_format");
    check("[clock]\nfollow = \"there\"", "clock.follow");
    check("[mail.email]\nhost = \"\"\nport = 25", "mail.email");
    check("[webhooks]\nnetworks = [\"here\"]", "webhooks.networks: here");
}
