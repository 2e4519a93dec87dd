//! The API against its own description, by other hands than ours: schemathesis makes requests from `/openapi.json`, good and bad ones, and
//! looks at every answer.
//!
//! `KVITT_SCHEMATHESIS` names the program. Without it the test says that it is skipped; `KVITT_REQUIRE=schemathesis` makes that a failure.
//! `KVITT_EXAMPLES` is how many it makes for each operation, `KVITT_SEED` from which seed.

use std::process::Command;

use crate::harness::{COMPANY, Running, kvitt, token, wait_for};

/// Examples for each operation, unless the environment says otherwise.
const EXAMPLES: &str = "100";

/// Acceptance of whatever the schema lets through. A schema says what a field looks like; documents, addresses, routes, accounts and positions
/// in a KID are judged further, and what is not good enough hears a typed refusal, which the other checks hold to the description.
const NOT_CHECKED: &str = "positive_data_acceptance";

/// Takes archives and lines, which schemathesis cannot write; `bulk.rs` and the hub's own tests ask it.
const NOT_ASKED: &str = "/v1/invoices/bulk";

#[test]
fn every_answer_is_what_the_description_says() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("kvitt.toml"), "listen = \"127.0.0.1:0\"\n\n[api]\nrequests_per_second = 100000\n").unwrap();
    kvitt(&data, &["company", "add", COMPANY, "Nordlys Kraft AS"]).with_code(0);
    let key = kvitt(&data, &["api-keys", "create", "--name", "trial", "--by", "Eva", "--company", COMPANY, "--json"])
        .with_code(0)
        .json();
    let mut hub = Running::ready(&data, &["serve"]);
    let address = hub.address();
    let seed = std::env::var("KVITT_SEED").unwrap_or("1".to_owned());
    println!("seed {seed}");
    let tried = Command::new(program)
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/schemathesis.toml")])
        .args([
            "run",
            &format!("{address}/openapi.json"),
            "--checks",
            "all",
            "--exclude-checks",
            NOT_CHECKED,
            "--exclude-path",
            NOT_ASKED,
        ])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--request-timeout", "60", "--no-color", "--generation-database", "none", "--continue-on-failure"])
        .args(["--max-examples", &std::env::var("KVITT_EXAMPLES").unwrap_or(EXAMPLES.to_owned()), "--seed", &seed])
        .args(["--header", &format!("Authorization: Bearer {}", wait_for(token(&address, &key, "eui")))])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(tried.status.success(), "{}{}", String::from_utf8_lossy(&tried.stdout), String::from_utf8_lossy(&tried.stderr));
    hub.stop();
}

/// The program, where this machine has it.
fn program() -> Option<String> {
    let program = std::env::var("KVITT_SCHEMATHESIS").unwrap_or_default();
    if Command::new(&program).arg("--version").output().is_ok_and(|run| run.status.success()) {
        return Some(program);
    }
    let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|what| what == "schemathesis"), "KVITT_REQUIRE wants KVITT_SCHEMATHESIS");
    println!("SKIPPED: KVITT_SCHEMATHESIS names no program; KVITT_REQUIRE=schemathesis makes this a failure");
    None
}
