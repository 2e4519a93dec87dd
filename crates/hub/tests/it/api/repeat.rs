//! A request that comes again with its key: answered as the first time, once done, and refused where it is another.

use futures_util::future::join_all;
use kvitt_hub::Config;
use kvitt_hub::config::WebhooksConfig;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Front, json as body, refusal};

#[tokio::test]
async fn the_same_request_is_done_once_however_often_it_comes() {
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let wanted = |path: &str| json!({ "destination_type": "WEBHOOK", "destination": format!("https://erp.invalid/{path}"), "events": ["kid.made"] });
    let post = |key: &str, wanted: &Value| {
        let request = front.ask(Method::POST, "/v1/company/notifications").bearer_auth(&token).header("idempotency-key", key);
        request.json(wanted).send()
    };
    let webhooks = async || {
        let listed = front.ask(Method::GET, "/v1/company/notifications").bearer_auth(&token).send().await.unwrap();
        body(listed, 200).await.as_array().unwrap().len()
    };
    // Twenty at once: one is done, the others wait for its answer.
    let answers = join_all((0..20).map(|_| post("once", &wanted("a")))).await;
    let mut told = Vec::new();
    for answer in answers {
        told.push(body(answer.unwrap(), 201).await);
    }
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:?}");
    assert_eq!(webhooks().await, 1);
    let again = post("once", &wanted("a")).await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(body(again, 201).await, told[0]);

    // Another body, another path: the answer says which.
    let other = post("once", &wanted("b")).await.unwrap();
    assert_eq!(other.status(), StatusCode::CONFLICT);
    let other: Value = other.json().await.unwrap();
    assert_eq!((&other["code"], &other["faults"][0]["place"]), (&json!("key.reused"), &json!("body")));
    let path = format!("/v1/company/notifications/{}/test", told[0]["id"].as_str().unwrap());
    let elsewhere = front.ask(Method::POST, &path).bearer_auth(&token).header("idempotency-key", "once").json(&wanted("a"));
    let elsewhere: Value = elsewhere.send().await.unwrap().json().await.unwrap();
    assert_eq!((&elsewhere["code"], &elsewhere["faults"][0]["place"]), (&json!("key.reused"), &json!("path")));

    // What was refused did nothing: the key may try again with what is right.
    let refused = json!({ "destination_type": "WEBHOOK", "destination": "nowhere", "events": ["kid.made"] });
    assert_eq!(refusal(post("mended", &refused).await.unwrap()).await.0, 422);
    body(post("mended", &wanted("c")).await.unwrap(), 201).await;
    assert_eq!(webhooks().await, 2);
    // Another company's key of the same name is another key.
    let other = front.token(&front.other, "eui").await;
    let theirs = front.ask(Method::POST, "/v1/company/notifications").bearer_auth(&other).header("idempotency-key", "once");
    body(theirs.json(&wanted("d")).send().await.unwrap(), 201).await;
    front.stop().await;
}

#[tokio::test]
async fn what_is_done_for_a_key_is_kept_though_the_caller_hangs_up() {
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = receiver.local_addr().unwrap();
    let webhooks = WebhooksConfig { networks: vec!["127.0.0.1".to_owned()], ..WebhooksConfig::default() };
    let front = Front::of(Config { webhooks, ..Config::default() }).await;
    let token = front.token(&front.company, "eui").await;
    let wanted =
        json!({ "destination_type": "WEBHOOK", "destination": format!("http://{address}/"), "events": ["invoice.accepted"] });
    let added = front.ask(Method::POST, "/v1/company/notifications").bearer_auth(&token).json(&wanted).send().await.unwrap();
    let path = format!("/v1/company/notifications/{}/test", body(added, 201).await["id"].as_str().unwrap());

    // The caller goes away while the receiver still thinks about it.
    let mut caller = TcpStream::connect(front.running.http()).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: gone\r\nContent-Length: 0\r\n\r\n"
    );
    caller.write_all(request.as_bytes()).await.unwrap();
    let (mut told, _) = receiver.accept().await.unwrap();
    drop(caller);
    let mut read = vec![0; 64 * 1024];
    assert!(told.read(&mut read).await.unwrap() > 0);
    told.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
    drop(told);

    // The receiver would hear of a second call: it is told nothing, and the answer is the one of then.
    let again = front.ask(Method::POST, &path).bearer_auth(&token).header("idempotency-key", "gone").send().await.unwrap();
    assert_eq!(again.headers().get("idempotency-replayed").map(|value| value.to_str().unwrap()), Some("true"));
    assert!(again.status().is_success(), "{}", again.status());
    front.stop().await;
}
