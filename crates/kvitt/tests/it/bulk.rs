//! A bulk send whose hub is killed in the middle, again and again: sent once more, every document is accepted once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{COMPANY, Running, invoice, kvitt, token, wait_for, zipped};

/// Documents of one request: more than are accepted between two kills.
const DOCUMENTS: usize = 120;
/// Lines of an answer after which the hub dies; the last time it lives.
const DIES_AFTER: [usize; 3] = [1, 17, 60];

#[test]
fn a_bulk_send_that_is_killed_is_resumed_without_loss_or_doubling() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("kvitt.toml"), "listen = \"127.0.0.1:0\"\n").unwrap();
    kvitt(&data, &["company", "add", COMPANY, "Nordlys Kraft AS"]).with_code(0);
    let key =
        kvitt(&data, &["api-keys", "create", "--name", "ERP", "--by", "Eva", "--company", COMPANY, "--json"]).with_code(0).json();
    let documents: Vec<(String, String)> = (0..DOCUMENTS)
        .map(|number| (format!("{number}.xml"), invoice(&format!("B-{number}"), "delivers@kunde.example")))
        .collect();
    let files: Vec<(&str, &[u8])> = documents.iter().map(|(name, xml)| (name.as_str(), xml.as_bytes())).collect();
    let archive = zipped(&files);
    let mut answered: BTreeSet<(String, String)> = BTreeSet::new();
    for dies_after in DIES_AFTER {
        let mut hub = Running::ready(&data, &["serve"]);
        let lines = wait_for(send(&hub, &key, &archive, dies_after));
        hub.kill();
        answered.extend(lines.iter().filter_map(accepted));
        assert!(answered.len() >= dies_after.min(DOCUMENTS), "{}", answered.len());
    }
    let mut hub = Running::ready(&data, &["serve"]);
    let lines = wait_for(send(&hub, &key, &archive, usize::MAX));
    let (done, lines) = lines.split_last().unwrap();
    let all: BTreeSet<(String, String)> = lines.iter().filter_map(accepted).collect();
    // Every number once, under one id, and what was answered before a kill is still so.
    assert_eq!(all.len(), DOCUMENTS);
    assert_eq!(all.iter().map(|(number, _)| number).collect::<BTreeSet<_>>().len(), DOCUMENTS);
    assert!(answered.is_subset(&all));
    assert_eq!((&done["done"], &done["accepted"], &done["refused"]), (&json!(true), &json!(DOCUMENTS), &json!(0)));
    assert!(done["again"].as_u64().unwrap() >= answered.len() as u64, "{done}");
    hub.stop();
}

fn accepted(line: &Value) -> Option<(String, String)> {
    let of = |name: &str| line["invoice"][name].as_str().map(str::to_owned);
    Some((of("number")?, of("id")?))
}

/// Sends the archive and reads lines of the answer: all, or so many.
async fn send(hub: &Running, key: &Value, archive: &[u8], at_most: usize) -> Vec<Value> {
    let address = hub.address();
    let token = token(&address, key, "invoice:send").await;
    let request = reqwest::Client::new().post(format!("{address}/v1/invoices/bulk")).bearer_auth(token);
    let mut answer = request.header("content-type", "application/zip").body(archive.to_vec()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut lines, mut rest) = (Vec::new(), Vec::new());
    while lines.len() < at_most {
        let Some(chunk) = answer.chunk().await.unwrap() else { break };
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            lines.push(serde_json::from_slice(&line).unwrap());
        }
    }
    lines
}
