//! The print shop over its folder: jobs in, receipts out.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Stage, eventually};

pub const PAGE: &[u8] = b"%PDF-1.7\n<< /Type /Page /MediaBox [0 0 595.28 841.89] >>\n%%EOF\n";

/// One letter of a job: its id, invoice and the recipient's name.
pub fn letter(n: u32, invoice: &str, name: &str) -> Value {
    json!({
        "letter": format!("letter-{n}"), "invoice": invoice, "language": "nb",
        "recipient": {"name": name, "lines": ["Storgata 1"], "postal_code": "0155", "city": "Oslo", "country": "NO"},
        "sheets": [{"file": format!("letters/{n:04}-1.pdf"), "role": "document", "sha256": hex::encode(Sha256::digest(PAGE)), "bytes": PAGE.len(), "pages": 1}],
        "duplex": true, "colour": false,
    })
}

pub fn job_name(lot: u32) -> String {
    format!("kvitt-988077917-{lot:06}")
}

pub fn manifest(lot: u32, letters: &[Value]) -> Value {
    json!({
        "format": "kvitt-print-job", "version": 1, "job": job_name(lot), "made_at": "2026-11-22T08:00:00Z",
        "sender": {"name": "Kraftlaget", "org_number": "988077917", "return_address": ["Postboks 1", "0101 Oslo"]},
        "letters": letters,
    })
}

/// All files of a job: path and content.
pub fn files(manifest: &Value) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("manifest.json".to_owned(), serde_json::to_vec(manifest).unwrap())];
    for letter in manifest["letters"].as_array().unwrap() {
        for sheet in letter["sheets"].as_array().unwrap() {
            files.push((sheet["file"].as_str().unwrap().to_owned(), PAGE.to_vec()));
        }
    }
    files
}

/// Hands a job over as a hub does: under a temporary name first.
fn hand_over(home: &Path, name: &str, files: &[(String, Vec<u8>)]) {
    let part = home.join(format!("jobs/.{name}.part"));
    fs::create_dir_all(part.join("letters")).unwrap();
    for (path, content) in files {
        fs::write(part.join(path), content).unwrap();
    }
    fs::rename(part, home.join("jobs").join(name)).unwrap();
}

impl Stage {
    /// Hands over a job on a Tuesday in 2040, a little after nine in the morning in Oslo: the shop's day does not depend
    /// on when a test runs.
    pub fn print(&self, lot: u32, letters: &[Value]) {
        self.at("2040-01-03T08:05:00Z");
        hand_over(self.sandbox().print_shop(), &job_name(lot), &files(&manifest(lot, letters)));
        self.taken(lot);
    }

    /// Waits until the shop has moved a job away.
    pub fn taken(&self, lot: u32) {
        let home = self.sandbox().print_shop();
        eventually(|| {
            (home.join("taken").join(job_name(lot)).exists() && !home.join("jobs").join(job_name(lot)).exists()).then_some(())
        });
    }

    /// The receipts so far, as soon as there are so many, in the order of their names.
    pub fn receipts(&self, count: usize) -> Vec<Value> {
        let folder = self.sandbox().print_shop().join("receipts");
        eventually(|| {
            let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            let mut names: Vec<_> = names.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
            names.sort();
            let read = || names.iter().map(|name| serde_json::from_slice(&fs::read(name).unwrap()).unwrap()).collect();
            (names.len() == count).then(read)
        })
    }
}

/// `letter status` of each line of a receipt.
fn said(receipt: &Value) -> Vec<String> {
    let letters = receipt["letters"].as_array().unwrap();
    letters.iter().map(|one| format!("{} {}", one["letter"].as_str().unwrap(), one["status"].as_str().unwrap())).collect()
}

#[test]
fn letters_are_taken_printed_and_posted_as_the_clock_moves() {
    let stage = Stage::new();
    stage.print(
        1,
        &[
            letter(1, "F-1", "Kari Nordmann"),
            letter(2, "F-2", "Unprintable Hansen"),
            letter(3, "F-3", "Silent Olsen"),
            letter(4, "F-4", "Returned Berg"),
        ],
    );
    let first = stage.receipts(1).remove(0);
    assert_eq!(
        (&first["format"], &first["version"], &first["job"]),
        (&json!("kvitt-print-receipt"), &json!(1), &json!(job_name(1)))
    );
    assert_eq!(said(&first), ["letter-1 taken", "letter-4 taken", "letter-2 unprintable"]);
    assert_eq!(first["letters"][2]["code"], "margin");
    let keys = stage.ledger_keys();
    assert_eq!(
        keys,
        [
            "988077917/F-1/kari nordmann, storgata 1, 0155 oslo, no",
            "988077917/F-3/silent olsen, storgata 1, 0155 oslo, no",
            "988077917/F-4/returned berg, storgata 1, 0155 oslo, no"
        ]
    );
    assert_eq!(stage.get("/ledger?counterparty=print").lines().count(), 3);
    // Ten in the evening in Oslo, eight the next morning, five days later.
    stage.advance(r#"{"ms": 46800000}"#);
    assert_eq!(said(&stage.receipts(2).remove(1)), ["letter-1 printed", "letter-4 printed"]);
    stage.advance(r#"{"ms": 36000000}"#);
    assert_eq!(said(&stage.receipts(3).remove(2)), ["letter-1 posted", "letter-4 posted"]);
    stage.advance(r#"{"days": 5}"#);
    let back = stage.receipts(4).remove(3);
    assert_eq!((said(&back), &back["letters"][0]["code"]), (vec!["letter-4 returned".to_owned()], &json!("unknown_at_address")));
}

#[test]
fn a_temporary_name_was_never_handed_over() {
    let stage = Stage::new();
    let part = stage.sandbox().print_shop().join("jobs/.kvitt-988077917-000009.part");
    fs::create_dir_all(part.join("letters")).unwrap();
    fs::write(part.join("manifest.json"), "{}").unwrap();
    stage.print(1, &[letter(1, "F-1", "Kari Nordmann")]);
    assert!(part.exists());
    assert_eq!(stage.ledger().len(), 1);
}

#[test]
fn the_same_job_again_is_ignored_and_another_of_its_name_refused() {
    let mut stage = Stage::new();
    stage.print(1, &[letter(1, "F-1", "Kari Nordmann")]);
    stage.restart();
    let home = stage.sandbox().print_shop().to_owned();
    let gone =
        |stage: &Stage| eventually(|| (!stage.sandbox().print_shop().join("jobs").join(job_name(1)).exists()).then_some(()));
    hand_over(&home, &job_name(1), &files(&manifest(1, &[letter(1, "F-1", "Kari Nordmann")])));
    gone(&stage);
    assert_eq!((stage.ledger().len(), stage.receipts(1).len()), (1, 1));
    hand_over(&home, &job_name(1), &files(&manifest(1, &[letter(1, "F-2", "Kari Nordmann")])));
    gone(&stage);
    let refused: Vec<Value> = stage.receipts(2).into_iter().filter(|one| one.get("refused").is_some()).collect();
    assert_eq!(refused[0]["refused"]["code"], "job_name_used");
    assert_eq!(stage.ledger().len(), 1);
    // The same letter in another job is what must never be: the ledger shows it twice.
    stage.print(2, &[letter(1, "F-1", "kari nordmann")]);
    let keys = stage.ledger_keys();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
}

#[test]
fn a_digest_that_is_misread_refuses_the_job_once() {
    let stage = Stage::new();
    let letters = [letter(1, "F-1", "Kari Nordmann"), letter(2, "F-2", "Digesttrouble Lie")];
    stage.print(1, &letters);
    assert_eq!(stage.receipts(1)[0]["refused"]["code"], "digest");
    assert!(stage.ledger().is_empty());
    stage.print(2, &letters);
    assert_eq!(said(&stage.receipts(2).remove(1)), ["letter-1 taken", "letter-2 taken"]);
}

#[test]
fn jobs_that_are_refused() {
    type Spoil = fn(&mut Value, &mut Vec<(String, Vec<u8>)>);
    let table: [(&str, Spoil); 13] = [
        ("manifest", |_, files| files.retain(|(path, _)| path != "manifest.json")),
        ("manifest", |manifest, _| manifest["version"] = json!(2)),
        ("manifest", |manifest, _| manifest["job"] = json!("kvitt-988077917-999999")),
        ("manifest", |manifest, _| manifest["extra"] = json!(1)),
        ("manifest", |manifest, _| manifest["letters"] = json!([])),
        ("manifest", |manifest, _| manifest["sender"]["return_address"] = json!([])),
        ("manifest", |manifest, _| manifest["sender"]["org_number"] = json!("991825827")),
        ("manifest", |manifest, _| manifest["letters"][0]["recipient"]["city"] = json!("")),
        ("manifest", |manifest, _| manifest["letters"][0]["sheets"] = json!([])),
        ("missing_file", |_, files| files.retain(|(path, _)| path == "manifest.json")),
        ("unknown_file", |_, files| files.push(("letters/more.pdf".into(), PAGE.to_vec()))),
        ("digest", |_, files| {
            files.iter_mut().for_each(|(path, content)| {
                if path.ends_with("pdf") {
                    content.push(b'\n')
                }
            })
        }),
        ("digest", |manifest, _| manifest["letters"][0]["sheets"][0]["bytes"] = json!(1)),
    ];
    let stage = Stage::new();
    for ((code, spoil), lot) in table.iter().zip(1..) {
        let mut manifest = manifest(lot, &[letter(1, "F-1", "Kari Nordmann")]);
        let mut all = files(&manifest);
        spoil(&mut manifest, &mut all);
        if let Some((_, content)) = all.iter_mut().find(|(path, _)| path == "manifest.json") {
            *content = serde_json::to_vec(&manifest).unwrap();
        }
        hand_over(stage.sandbox().print_shop(), &job_name(lot), &all);
        stage.taken(lot);
        let receipts = stage.receipts(usize::try_from(lot).unwrap());
        let refused = receipts.iter().find(|one| one["job"] == job_name(lot)).unwrap();
        assert_eq!(refused["refused"]["code"], *code, "{lot}: {refused}");
    }
    assert!(stage.ledger().is_empty());
}

#[test]
fn faults_of_the_folder() {
    let stage = Stage::new();
    // Not at the first look, but at the next.
    stage.fault(r#"{"counterparty":"print","at":"rename","kind":"refuse","times":1}"#);
    stage.print(1, &[letter(1, "F-1", "Kari Nordmann")]);
    assert_eq!((stage.ledger().len(), &stage.json("/faults")[0]["struck"]), (1, &json!(1)));
    // The shop works twice.
    stage.fault(r#"{"counterparty":"print","at":"rename","kind":"duplicate","times":1,"to":"*000002"}"#);
    stage.print(2, &[letter(1, "F-2", "Kari Nordmann")]);
    assert_eq!(stage.ledger().len(), 3);
    stage.receipts(2);
    // A receipt that is lost, one that comes twice, one that is torn.
    stage.fault(r#"{"counterparty":"print","at":"receipt","kind":"drop","times":1,"to":"*-000003-*"}"#);
    stage.print(3, &[letter(1, "F-3", "Kari Nordmann")]);
    stage.fault(r#"{"counterparty":"print","at":"receipt","kind":"duplicate","times":1,"to":"*-000004-*"}"#);
    stage.print(4, &[letter(1, "F-4", "Kari Nordmann")]);
    let receipts = stage.receipts(4);
    assert_eq!(receipts.iter().filter(|one| one["job"] == job_name(4)).count(), 2);
    assert_eq!(receipts.iter().filter(|one| one["job"] == job_name(3)).count(), 0);
    stage.fault(r#"{"counterparty":"print","at":"receipt","kind":"garble","times":1}"#);
    stage.print(5, &[letter(1, "F-5", "Kari Nordmann")]);
    let folder = stage.sandbox().print_shop().join("receipts");
    let torn = eventually(|| {
        let mut paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        paths.find(|path| path.to_string_lossy().contains("/kvitt-988077917-000005-"))
    });
    assert!(serde_json::from_slice::<Value>(&fs::read(torn).unwrap()).is_err());
}
