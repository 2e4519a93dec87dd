//! What docs/api.md shows to begin with is run as it stands there, in each language, against a hub of its own.
//!
//! A language that this machine does not have is said to be skipped; `KVITT_REQUIRE=pages` makes that a failure.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Running, kvitt};

const PAGE: &str = include_str!("../../../../docs/api.md");
/// The seller of the example that the page sends.
const COMPANY: &str = "999002021";

#[test]
fn the_first_invoice_of_the_page_is_accepted_in_each_language() {
    let folder = tempfile::tempdir().unwrap();
    // Types are taken out by hand: not every Node does it.
    let script =
        block("ts", "readFile").replace(" as Record<string, string>", "").replace(": string", "").replace(": RequestInit", "");
    let module = folder.path().join("first.mjs");
    std::fs::write(&module, script).unwrap();
    let languages: [(&[&str], &str, Vec<String>); 3] = [
        (&["curl", "jq"], "sh", vec!["-ec".to_owned(), block("sh", "token=")]),
        (&["python3"], "python3", vec!["-c".to_owned(), block("python", "urllib")]),
        (&["node"], "node", vec![module.display().to_string()]),
    ];
    // A hub for each: the second invoice of the same number would be the first again.
    for (needs, program, arguments) in languages {
        if let Some(missing) = needs.iter().find(|program| !is_there(program)) {
            let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|what| what == "pages"), "KVITT_REQUIRE wants {missing}");
            println!("SKIPPED: no {missing}; KVITT_REQUIRE=pages makes this a failure");
            continue;
        }
        let data = folder.path().join(program);
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(data.join("kvitt.toml"), "listen = \"127.0.0.1:0\"\n").unwrap();
        kvitt(&data, &["company", "add", COMPANY, "Fjord & Vik AS"]).with_code(0);
        let key = ["api-keys", "create", "--name", "Our ERP", "--by", "Eva", "--company", COMPANY, "--json"];
        let key = kvitt(&data, &key).with_code(0).json();
        let mut hub = Running::ready(&data, &["serve"]);
        let said = run(program, &arguments, &hub.address(), &key);
        assert!(["PENDING", "FAILED", "DELIVERED"].contains(&said.trim()), "{program}: {said}");
        hub.stop();
    }
}

/// The block of the page in a language that holds a word.
fn block(language: &str, word: &str) -> String {
    let begins = format!("```{language}\n");
    let blocks = PAGE.split(&begins).skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.into_iter().find(|block| block.contains(word)).expect("the page has it").to_owned()
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn run(program: &str, arguments: &[String], hub: &str, key: &Value) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env("hub", hub)
        .env("client_id", key["client_id"].as_str().unwrap())
        .env("client_secret", key["secret"].as_str().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
