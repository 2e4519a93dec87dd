//! Webhooks by the API: added, shown, tried, moved back, given another secret, removed.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Front, json as answer, refusal};

#[tokio::test]
async fn a_webhook_from_its_first_day_to_its_last() {
    let front = Front::open().await;
    let token = front.token(&front.company, "company").await;
    let reader = front.token(&front.company, "company:read").await;
    let ask = async |method: Method, path: &str, token: &str, status: u16| -> Value {
        let sent = front.ask(method, &format!("/v1/company/notifications{path}")).bearer_auth(token).send().await.unwrap();
        answer(sent, status).await
    };
    let wanted = json!({
        "destination_type": "WEBHOOK",
        // Nobody is there, and nobody is asked for its name but by the test call.
        "destination": "https://erp.invalid/hooks",
        "events": ["DOCUMENTS.INVOICE.DELIVERED", "invoice.accepted"],
    });
    let post = |token: &str| front.ask(Method::POST, "/v1/company/notifications").bearer_auth(token).json(&wanted).send();
    assert_eq!(refusal(post(&reader).await.unwrap()).await, (403, "access.scope_missing".to_owned()));
    let added = answer(post(&token).await.unwrap(), 201).await;
    let id = added["id"].as_str().unwrap().to_owned();
    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!((&added["destination"], &added["events"]), (&wanted["destination"], &wanted["events"]));

    let shown = ask(Method::GET, &format!("/{id}"), &reader, 200).await;
    assert_eq!((shown["state"].as_str(), shown["secret"].as_str()), (Some("active"), None));
    // How far it was told may have moved on meanwhile: it goes by itself.
    let listed = ask(Method::GET, "", &reader, 200).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &shown["id"]));

    let tried = ask(Method::POST, &format!("/{id}/test"), &token, 200).await;
    assert_eq!((&tried["taken"], &tried["status"], &tried["type"]), (&json!(false), &json!(0), &json!("webhook.test")));
    assert_eq!(ask(Method::GET, &format!("/{id}/log"), &reader, 200).await, json!([tried]));

    let rotated = ask(Method::POST, &format!("/{id}/secret"), &token, 200).await;
    assert!(rotated["secret"].as_str().unwrap() != added["secret"].as_str().unwrap() && rotated["old_secret_until"].is_string());
    let moved = ask(Method::POST, &format!("/{id}/replay?from=1"), &token, 200).await;
    assert!(moved["told"].as_i64().unwrap() <= moved["last"].as_i64().unwrap());
    assert_eq!(ask(Method::POST, &format!("/{id}/replay"), &token, 400).await["code"], "request.missing");
    assert_eq!(ask(Method::POST, &format!("/{id}/replay?from=1000"), &token, 422).await["code"], "webhook.event");
    assert_eq!(ask(Method::POST, &format!("/{id}/enable"), &token, 200).await["state"], "active");

    let removed = front.ask(Method::DELETE, &format!("/v1/company/notifications/{id}")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(removed.status(), 204);
    assert_eq!(ask(Method::GET, &format!("/{id}"), &reader, 404).await["code"], "webhook.unknown");
    front.stop().await;
}
