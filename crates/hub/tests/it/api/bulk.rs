//! Many documents in one request: each for itself, in their order, and the same again does nothing twice.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Front, document};

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

async fn bulk(front: &Front, token: &str, media_type: &str, body: Vec<u8>) -> Vec<Value> {
    let request = front.ask(Method::POST, "/v1/invoices/bulk").bearer_auth(token).header("content-type", media_type).body(body);
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &"application/x-ndjson".parse().unwrap()));
    answer.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What each line says: status, whether again, and the number or the code.
fn said(lines: &[Value]) -> Vec<(i64, bool, String)> {
    let told = |line: &Value| {
        let what = line.pointer("/invoice/number").or_else(|| line.pointer("/problem/code")).unwrap().as_str().unwrap();
        (line["status"].as_i64().unwrap(), line["again"].as_bool().unwrap(), what.to_owned())
    };
    lines.iter().map(told).collect()
}

#[tokio::test]
async fn each_document_is_answered_for_itself() {
    let front = Front::open().await;
    let token = front.token(&front.company, "invoice:send").await;
    let inner = zipped(&[
        ("inner.xml", document("Z-3").as_bytes()),
        ("metadata.json", br#"{"version":"1.1","uuid":"018f0000-1111-7222-8333-444455556666"}"#),
    ]);
    let archive = zipped(&[
        ("1.xml", document("Z-1").as_bytes()),
        ("2.xml", b"<Invoice"),
        ("3.zip", &inner),
        ("4.xml", document("Z-4").replace(super::ORG, super::OTHER).as_bytes()),
    ]);
    let first = bulk(&front, &token, "application/zip", archive.clone()).await;
    let (done, lines) = first.split_last().unwrap();
    let refused = |code: &str, status| (status, false, code.to_owned());
    assert_eq!(said(&lines[..2]), [(201, false, "Z-1".to_owned()), refused("xml.unreadable", 422)]);
    assert_eq!(said(&lines[2..3]), [(201, false, "Z-3".to_owned())]);
    assert_eq!(lines[2]["invoice"]["id"], "018f0000-1111-7222-8333-444455556666");
    assert_eq!((&lines[3]["name"], lines[3]["status"].as_i64().unwrap() >= 400), (&json!("4.xml"), true));
    assert_eq!(*done, json!({ "done": true, "accepted": 2, "again": 0, "refused": 2 }));
    let again = bulk(&front, &token, "application/zip", archive).await;
    assert_eq!(*again.last().unwrap(), json!({ "done": true, "accepted": 2, "again": 2, "refused": 2 }));
    assert_eq!(again[0]["invoice"]["id"], first[0]["invoice"]["id"]);

    let line = |item: Value| item.to_string();
    let lines = [
        line(json!({ "document": STANDARD.encode(document("Z-1")) })),
        String::new(),
        line(json!({ "document": STANDARD.encode(document("Z-5")), "uuid": "018f0000-1111-7222-8333-444455556667",
            "metadata": { "version": "1.1", "lang": "EN" } })),
        line(json!({ "document": "!" })),
        line(json!({ "doc": "" })),
        "[]".to_owned(),
    ];
    let told = bulk(&front, &token, "application/x-ndjson", lines.join("\n").into_bytes()).await;
    let unreadable = || refused("request.unreadable", 400);
    assert_eq!(
        said(&told[..5]),
        [(201, true, "Z-1".to_owned()), (201, false, "Z-5".to_owned()), unreadable(), unreadable(), unreadable()]
    );
    assert_eq!(told[1]["invoice"]["id"], "018f0000-1111-7222-8333-444455556667");
    assert_eq!(*told.last().unwrap(), json!({ "done": true, "accepted": 2, "again": 1, "refused": 3 }));
    front.stop().await;
}
