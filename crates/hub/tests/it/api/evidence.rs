//! Bundles of evidence: one holds as the hub gives it, and whatever is changed in it, is found.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kvitt_hub::evidence::judge::judge;
use kvitt_hub::evidence::{EVENTS, KEYS, MANIFEST, Manifest, Packed, SIGNATURE, archive, write};
use reqwest::Method;
use serde_json::Value;

use super::invoices::until;
use super::{Front, document, json, refusal};

/// The bundle of an invoice that no route was open for, and that was called back, and the hub's public key.
async fn bundle(front: &Front) -> (Vec<u8>, String) {
    let token = front.token(&front.company, "eui").await;
    let get = async |path: &str| front.ask(Method::GET, path).bearer_auth(&token).send().await.unwrap();
    let fields = [("recipient_type", "consumer"), ("recipient_ssn", "10915596784")];
    let sent = front.multipart(Method::POST, "/v1/invoices", &fields, Some(document("E-1").as_bytes())).bearer_auth(&token);
    let id = json(sent.send().await.unwrap(), 201).await["id"].as_str().unwrap().to_owned();
    let parked = async || json(get(&format!("/v1/invoices/{id}/delivery")).await, 200).await;
    until(parked, |story| story["bill"]["state"] == "parked").await;
    let recalled = front.ask(Method::POST, &format!("/v1/invoices/{id}/recall")).bearer_auth(&token);
    json(recalled.send().await.unwrap(), 200).await;
    let answer = get(&format!("/v1/invoices/{id}/evidence")).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &"application/zip".parse().unwrap()));
    assert!(answer.headers()["content-disposition"].to_str().unwrap().contains("evidence-E-1.zip"));
    let bytes = answer.bytes().await.unwrap().to_vec();
    let key = json(get("/v1/jwk").await, 200).await["keys"][0]["x"].as_str().unwrap().to_owned();
    assert_eq!(refusal(get(&format!("/v1/invoices/{}/evidence", front.company.id)).await).await.0, 404);
    (bytes, key)
}

#[tokio::test]
async fn a_bundle_holds_until_anything_is_changed() {
    let front = Front::open().await;
    let (bytes, key) = bundle(&front).await;
    front.stop().await;

    let verdict = judge(&bytes, std::slice::from_ref(&key));
    let manifest = verdict.manifest.unwrap();
    assert!(verdict.holds, "{:?}", verdict.faults);
    assert!(verdict.key.unwrap().is_expected && !judge(&bytes, &[]).key.unwrap().is_expected);
    assert!(manifest.invoice.number == "E-1" && manifest.events.count >= 3, "{manifest:?}");
    let files = archive::read(&bytes).unwrap();
    let content = |path: &str| files.iter().find(|(known, _)| known == path).unwrap().1.clone();
    assert_eq!(content("files/1.xml"), document("E-1").into_bytes());
    let plans: Value = serde_json::from_slice(&content("plans.json")).unwrap();
    assert!(plans["bill"][0]["routes"][0]["reasons"][0]["sentence"].as_str().is_some(), "{plans}");
    assert!(!files.iter().any(|(_, content)| String::from_utf8_lossy(content).contains("10915596784")));

    // Whatever stands in the archive: a byte here and there, of which each lies in another part of it.
    for place in (0..bytes.len()).step_by(17) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(!judge(&changed, &[]).holds, "byte {place}");
    }
    // The same where the archive itself is whole again.
    let codes = |files: &[archive::File]| {
        let verdict = judge(&archive::write(files).unwrap(), &[]);
        let codes: Vec<&str> = verdict.faults.iter().map(|fault| fault.code.name()).collect();
        assert!(!verdict.holds && !codes.is_empty());
        codes
    };
    for (index, (path, content)) in files.iter().enumerate() {
        for place in (0..content.len()).step_by(97).chain([content.len() - 1]) {
            let mut changed = files.clone();
            changed[index].1[place] ^= 1;
            let expected = match path.as_str() {
                MANIFEST | SIGNATURE => "evidence.signature",
                _ => "evidence.file_changed",
            };
            assert!(codes(&changed).contains(&expected), "{path} at {place}");
        }
        let without: Vec<archive::File> = files.iter().filter(|(known, _)| known != path).cloned().collect();
        assert!(codes(&without).contains(&"evidence.file_missing"), "{path}");
        let twice: Vec<archive::File> = files.iter().cloned().chain([files[index].clone()]).collect();
        assert_eq!(codes(&twice), ["evidence.file_unlisted"], "{path}");
    }
    let more: Vec<archive::File> = files.iter().cloned().chain([("more.txt".to_owned(), b"more".to_vec())]).collect();
    assert_eq!(codes(&more), ["evidence.file_unlisted"]);
}

#[tokio::test]
async fn whoever_signs_it_anew_is_known_by_the_key_and_by_the_events() {
    let front = Front::open().await;
    let (bytes, key) = bundle(&front).await;
    front.stop().await;
    let files = archive::read(&bytes).unwrap();
    let manifest: Manifest = serde_json::from_slice(&files[0].1).unwrap();
    let pair = Ed25519KeyPair::generate().unwrap();
    let own_key = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());

    // Everything is written anew around these events, and signed with a key of one's own.
    let signed_anew = |events: &Value| {
        let mut packed: Vec<Packed> = files[2..]
            .iter()
            .map(|(path, bytes)| Packed {
                path: path.clone(),
                what: "story",
                name: String::new(),
                media_type: "application/json".to_owned(),
                bytes: bytes.clone(),
            })
            .collect();
        let told: kvitt_hub::evidence::story::Events = serde_json::from_value(events.clone()).unwrap();
        for file in &mut packed {
            match file.path.as_str() {
                EVENTS => file.bytes = serde_json::to_vec(events).unwrap(),
                KEYS => {
                    file.bytes = serde_json::to_vec(&serde_json::json!({ "keys": [{ "kid": "own", "x": own_key }] })).unwrap()
                }
                _ => {}
            }
        }
        let listed = packed.iter().map(Packed::listed).collect();
        let manifest = Manifest { files: listed, events: told.span(), ..manifest.clone() };
        write(&manifest, packed, "own", |text| pair.sign(text).as_ref().to_vec()).unwrap()
    };
    let found = |bytes: &[u8], expected: &[String]| -> Vec<&'static str> {
        judge(bytes, expected).faults.iter().map(|fault| fault.code.name()).collect()
    };
    let events: Value = serde_json::from_slice(&files.iter().find(|(path, _)| path == EVENTS).unwrap().1).unwrap();
    let whole = signed_anew(&events);
    assert_eq!(found(&whole, &[]), Vec::<&str>::new());
    assert_eq!(found(&whole, &[key]), ["evidence.key"]);

    // An event that moved something is missed where the same thing moved again later; the first is always missed.
    let all = events["events"].as_array().unwrap();
    let is_missed = |index: usize| {
        let machine = &all[index]["machine"];
        index == 0 || machine != "" && all[index + 1..].iter().any(|later| later["machine"] == *machine)
    };
    let missed: Vec<usize> = (0..all.len()).filter(|index| is_missed(*index)).collect();
    assert!(missed.len() >= 2, "{events}");
    for index in missed {
        let mut fewer = events.clone();
        let gone = fewer["events"].as_array_mut().unwrap().remove(index);
        assert!(found(&signed_anew(&fewer), &[]).contains(&"evidence.event_missing"), "without {gone}");
    }
    for (field, value) in [
        ("kind", Value::from("delivery.said_delivered")),
        ("at", Value::from(1)),
        ("to", Value::from("delivered")),
        ("payload", Value::from("{}")),
        ("version", Value::from(99)),
        ("subject", Value::from("another")),
    ] {
        let mut other = events.clone();
        other["events"][1][field] = value;
        assert!(found(&signed_anew(&other), &[]).contains(&"evidence.event_changed"), "{field}");
    }
}

#[tokio::test]
async fn a_credit_note_that_came_before_its_invoice_breaks_neither_story() {
    const CREDIT_NOTE: &str = include_str!("../../../../../examples/invoices/fjordvik-260409.xml");
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    for sent in [CREDIT_NOTE, super::INVOICE] {
        let request = front.multipart(Method::POST, "/v1/invoices", &[], Some(sent.as_bytes())).bearer_auth(&token);
        let id = json(request.send().await.unwrap(), 201).await["id"].as_str().unwrap().to_owned();
        let bundle = front.ask(Method::GET, &format!("/v1/invoices/{id}/evidence")).bearer_auth(&token).send().await.unwrap();
        let verdict = judge(&bundle.bytes().await.unwrap(), &[]);
        assert!(verdict.holds, "{:?}", verdict.faults);
        assert!(verdict.manifest.unwrap().events.count >= 2);
    }
    front.stop().await;
}
