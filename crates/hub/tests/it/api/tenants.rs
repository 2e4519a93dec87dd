//! No company meets another's things: every operation is asked with the token and ids of the wrong company, without a token, and with a
//! token that has no scope for it. An operation without a case here fails [`every_operation_is_asked`].

use kvitt_hub::api::scopes::{OPERATIONS, SCOPES, Wants};
use reqwest::Method;

use super::{Front, document, json};

/// What the wrong company hears of an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Hears {
    /// 404: the thing is not there for it.
    Nothing,
    /// An answer of its own, in which nothing of the other's stands.
    Its,
    /// The operation is for everybody, and tells nothing of anyone.
    Anybody,
}

/// How each operation is asked: `{id}` is the other company's invoice, `{hook}` its webhook.
const ASKED: &[(Method, &str, &str, Hears)] = &[
    (Method::POST, "/oauth2/token", "", Hears::Anybody),
    (Method::GET, "/oauth2/current", "", Hears::Its),
    (Method::GET, "/status/authenticated", "", Hears::Its),
    (Method::GET, "/v1/jwk", "", Hears::Anybody),
    (Method::GET, "/v1/faults", "", Hears::Anybody),
    (Method::GET, "/v1/faults/{code}", "/v1/faults/kid.form", Hears::Anybody),
    (Method::GET, "/v1/events", "/v1/events?after=0&limit=1000", Hears::Its),
    (Method::GET, "/v1/company/notifications", "", Hears::Its),
    (Method::POST, "/v1/company/notifications", "", Hears::Its),
    (Method::GET, "/v1/company/notifications/{id}", "/v1/company/notifications/{hook}", Hears::Nothing),
    (Method::DELETE, "/v1/company/notifications/{id}", "/v1/company/notifications/{hook}", Hears::Nothing),
    (Method::POST, "/v1/company/notifications/{id}/enable", "/v1/company/notifications/{hook}/enable", Hears::Nothing),
    (Method::GET, "/v1/company/notifications/{id}/log", "/v1/company/notifications/{hook}/log", Hears::Nothing),
    (Method::POST, "/v1/company/notifications/{id}/replay", "/v1/company/notifications/{hook}/replay?from=1", Hears::Nothing),
    (Method::POST, "/v1/company/notifications/{id}/secret", "/v1/company/notifications/{hook}/secret", Hears::Nothing),
    (Method::POST, "/v1/company/notifications/{id}/test", "/v1/company/notifications/{hook}/test", Hears::Nothing),
    (Method::POST, "/v1/plans", "", Hears::Its),
    (Method::POST, "/v1/invoices", "", Hears::Its),
    (Method::GET, "/v1/invoices", "/v1/invoices?direction=SENT&number=SECRET-7", Hears::Its),
    (Method::GET, "/v1/invoices/{id}", "", Hears::Nothing),
    // Its own document under the other's id would be its own: the seller is another.
    (Method::PUT, "/v1/invoices/{id}", "", Hears::Its),
    (Method::GET, "/v1/invoices/{id}/actions", "", Hears::Nothing),
    (Method::GET, "/v1/invoices/{id}/delivery", "", Hears::Nothing),
    (Method::GET, "/v1/invoices/{id}/files/{file_id}", "/v1/invoices/{id}/files/1", Hears::Nothing),
    (Method::POST, "/v1/invoices/{id}/recall", "", Hears::Nothing),
    (Method::GET, "/v1/services/b2cno", "", Hears::Its),
    (Method::GET, "/v1/services/b2cno/consumers", "", Hears::Its),
    (Method::GET, "/v1/company/consumers", "", Hears::Its),
    (Method::GET, "/v1/services/atg", "", Hears::Its),
    (Method::GET, "/v1/services/atg/mandates", "", Hears::Its),
    (Method::GET, "/v1/services/atg/{account_number}", "/v1/services/atg/86011117947", Hears::Nothing),
];

#[test]
fn every_operation_is_asked() {
    for operation in OPERATIONS {
        let is_asked = ASKED.iter().any(|(method, path, ..)| *method == operation.method && *path == operation.path);
        assert!(is_asked, "{} {} is not asked with the wrong company", operation.method, operation.path);
    }
    assert_eq!(ASKED.len(), OPERATIONS.len());
}

#[tokio::test]
async fn the_wrong_company_finds_nothing() {
    let front = Front::open().await;
    let owner = front.token(&front.company, "eui").await;
    let sent = front.multipart(Method::POST, "/v1/invoices", &[], Some(document("SECRET-7").as_bytes())).bearer_auth(&owner);
    let invoice = json(sent.send().await.unwrap(), 201).await;
    let id = invoice["id"].as_str().unwrap();
    let wanted =
        serde_json::json!({ "destination_type": "WEBHOOK", "destination": "https://secret.example/", "events": ["kid.made"] });
    let added = front.ask(Method::POST, "/v1/company/notifications").bearer_auth(&owner).json(&wanted).send().await.unwrap();
    let added = json(added, 201).await;
    let hook = added["id"].as_str().unwrap();
    let stranger = front.token(&front.other, "eui").await;
    // Everything that a token can have but what opens anything.
    let idle: Vec<&str> = SCOPES.iter().filter(|scope| scope.meaning.is_empty()).map(|scope| scope.name).collect();
    let idle = front.token(&front.company, &idle.join(" ")).await;
    let of_owner = ["SECRET-7", "secret.example", id, hook, front.company.id.as_str(), front.company.name.as_str()];
    for (method, path, asked, hears) in ASKED {
        let asked = if asked.is_empty() { path } else { asked }.replace("{id}", id).replace("{hook}", hook);
        let ask = |token: Option<&str>| {
            let request = match *method {
                Method::GET => front.ask(Method::GET, &asked),
                // A document of the asker's own number would be refused for its seller: nothing of the owner's is needed for it.
                _ => front.multipart(method.clone(), &asked, &[], Some(b"<Invoice/>")),
            };
            let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
            async { request.send().await.unwrap() }
        };
        let answer = ask(Some(&stranger)).await;
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        match hears {
            Hears::Nothing => assert_eq!(status, 404, "{method} {asked}: {text}"),
            Hears::Its | Hears::Anybody => assert!(status < 500, "{method} {asked}: {status}"),
        }
        // What it named itself may be named back.
        let told = text.replace(&format!("invoice {id}"), "");
        for secret in of_owner.into_iter().filter(|secret| !asked.contains(secret)) {
            assert!(!told.contains(secret), "{method} {asked} tells {secret}: {text}");
        }
        let operation = OPERATIONS.iter().find(|operation| operation.method == *method && operation.path == *path).unwrap();
        if operation.wants != Wants::Nothing {
            assert_eq!(ask(None).await.status(), 401, "{method} {asked} without a token");
        }
        if matches!(operation.wants, Wants::OneOf(_)) {
            assert_eq!(ask(Some(&idle)).await.status(), 403, "{method} {asked} without a scope");
        }
    }
    // Nothing of it moved the owner's invoice.
    let after = front.ask(Method::GET, &format!("/v1/invoices/{id}")).bearer_auth(&owner).send().await.unwrap();
    assert_eq!(json(after, 200).await["number"], "SECRET-7");
    front.stop().await;
}
