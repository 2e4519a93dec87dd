//! The public client of the API that Nordic ERPs speak, unmodified, against a running hub with the sandbox behind it.
//!
//! `KVITT_MAVENTA_CLIENT` names a folder whose `node_modules` has `@rantalainen/maventa-api-client`. Without it, or without Node, the
//! test says that it is skipped; `KVITT_REQUIRE=maventa` makes that a failure.

use std::process::Command;

use crate::harness::{Running, Sandbox, examples, kvitt};

const COMPANY: &str = "999001017";

#[test]
fn the_public_client_works_with_another_base_address() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("hub");
    sandbox.hub_folder_of_all_routes(&data);
    sandbox.add_signing(&data);
    let file = data.join("kvitt.toml");
    let configuration = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{configuration}\n[webhooks]\nnetworks = [\"127.0.0.1\"]\n")).unwrap();
    let mut hub = Running::ready(&data, &["serve"]);
    let key =
        kvitt(&data, &["api-keys", "create", "--name", "ERP", "--by", "Eva", "--company", COMPANY, "--json"]).with_code(0).json();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/maventa_client.cjs");
    let done = Command::new("node")
        .arg(script)
        .env("NODE_PATH", modules)
        .env("KVITT_ADDRESS", hub.address())
        .env("KVITT_CLIENT_ID", key["client_id"].as_str().unwrap())
        .env("KVITT_SECRET", key["secret"].as_str().unwrap())
        .env("KVITT_INVOICE", examples().join("invoices/nordlys-500101.xml"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    hub.stop();
}

/// The client's modules, where this machine has them and Node.
fn modules() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("KVITT_MAVENTA_CLIENT").map(|folder| std::path::PathBuf::from(folder).join("node_modules"));
    let folder = folder.filter(|folder| folder.join("@rantalainen/maventa-api-client").exists());
    let has_node = Command::new("node").arg("--version").output().is_ok_and(|run| run.status.success());
    if let (Some(folder), true) = (folder, has_node) {
        return Some(folder);
    }
    let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|what| what == "maventa"), "KVITT_REQUIRE wants Node and KVITT_MAVENTA_CLIENT");
    println!("SKIPPED: no Node, or no client in KVITT_MAVENTA_CLIENT; KVITT_REQUIRE=maventa makes this a failure");
    None
}
