//! `kvitt users` and the first visit: what the operator prints opens the pages, once.

use serde_json::Value;

use crate::harness::{Running, kvitt};

const ORG: &str = "999001017";

/// The status of an address, asked as a browser does.
fn status(address: &str) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { reqwest::get(address).await.unwrap().status().as_u16() })
}

#[test]
fn what_the_operator_prints_opens_the_pages() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("kvitt.toml"), "listen = \"127.0.0.1:0\"\n").unwrap();
    kvitt(&data, &["company", "add", ORG, "Nordlys Kraft AS"]).with_code(0);
    let mut hub = Running::ready(&data, &["serve"]);
    let code = hub.said["first_run_code"].as_str().unwrap();
    assert_eq!(code.len(), 14, "{code}");
    assert_eq!(status(&format!("{}/first-run", hub.address())), 200);
    let add = ["users", "add", "eva@nordlys.example", "--name", "Eva", "--role", "admin", "--by", "drift", "--json"];
    let link = kvitt(&data, &add).with_code(0).json()["link"].as_str().unwrap().to_owned();
    let path = &link[link.find("/invitation/").unwrap()..];
    assert_eq!(status(&format!("{}{path}", hub.address())), 200);
    assert_eq!(status(&format!("{}{path}x", hub.address())), 410);
    assert_eq!(kvitt(&data, &["users", "list", "--json"]).with_code(0).json()["people"], Value::Array(Vec::new()));
    kvitt(&data, &["users", "reset-password", "eva@nordlys.example"]).with_code(1);
    kvitt(&data, &["users", "add", "eva", "--name", "Eva", "--role", "admin", "--by", "drift"]).with_code(1);
    hub.stop();
}
