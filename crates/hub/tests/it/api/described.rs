//! The OpenAPI document: it is committed, it is what the router answers, and it and the table of scopes know the same operations.

use std::collections::BTreeSet;
use std::path::Path;

use kvitt_hub::api;
use kvitt_hub::api::scopes::{OPERATIONS, SCOPES, Wants};
use reqwest::Method;
use serde_json::Value;

use super::Front;

#[test]
fn the_document_is_what_the_router_answers() {
    let made = serde_json::to_string_pretty(&api::document()).unwrap() + "\n";
    golden("openapi.json", &made);
    let document: Value = serde_json::from_str(&made).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let known: BTreeSet<String> = OPERATIONS.iter().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    assert_eq!(described, known, "the document and the table of scopes differ");
}

#[test]
fn the_scopes_are_listed() {
    let mut text = String::from(
        "# Scopes\n\nWhat a token may do. Written by a test from the table that the hub refuses by.\n\n| scope | opens | for |\n|---|---|---|\n",
    );
    for scope in SCOPES {
        let opened: Vec<String> = OPERATIONS
            .iter()
            .filter(|operation| matches!(operation.wants, Wants::OneOf(wanted) if wanted.contains(&scope.name)))
            .map(|operation| format!("`{} {}`", operation.method, operation.path))
            .collect();
        let opens = match (scope.name, opened.is_empty()) {
            ("eui", _) => "everything".to_owned(),
            (_, true) => "granted, none yet".to_owned(),
            (_, false) => opened.join("<br>"),
        };
        text.push_str(&format!("| `{}` | {opens} | {} |\n", scope.name, scope.meaning));
    }
    golden("scopes.md", &text);
}

/// Holds a page of the documentation to what it is written from.
fn golden(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("KVITT_BLESS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == made, "docs/{name} is not what the code says; run the tests with KVITT_BLESS=1");
}

#[tokio::test]
async fn the_document_is_looked_at_with_what_the_hub_brings_itself() {
    let front = Front::open().await;
    let page = front.ask(Method::GET, "/docs/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let html = page.text().await.unwrap();
    let sources = html.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css"));
    let sources: Vec<&str> = sources.map(|source| source.trim_start_matches("./")).collect();
    assert!(sources.len() >= 3, "{html}");
    for source in sources {
        assert!(!source.contains("//"), "{source} comes from elsewhere");
        let part = front.ask(Method::GET, &format!("/docs/{source}")).send().await.unwrap();
        assert_eq!(part.status(), 200, "{source}");
    }
    let settings = front.ask(Method::GET, "/docs/swagger-initializer.js").send().await.unwrap().text().await.unwrap();
    assert!(settings.contains("/openapi.json"), "{settings}");
    front.stop().await;
}
