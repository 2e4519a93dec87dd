//! No company meets another's things: every operation is asked with the token and ids of the wrong company, without a token, and with a
//! token that has no scope for it. An operation without a case here fails [`every_operation_is_asked`].

use kvitt_domain::agreement::course::{Found, Subject};
use kvitt_hub::actions::order_agreement::{AgreementAsk, change};
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
    (Method::POST, "/v1/invoices/bulk", "", Hears::Its),
    (Method::GET, "/v1/invoices", "/v1/invoices?direction=SENT&number=SECRET-7", Hears::Its),
    (Method::GET, "/v1/invoices/{id}", "", Hears::Nothing),
    // Its own document under the other's id would be its own: the seller is another.
    (Method::PUT, "/v1/invoices/{id}", "", Hears::Its),
    (Method::GET, "/v1/invoices/{id}/actions", "", Hears::Nothing),
    (Method::GET, "/v1/invoices/{id}/delivery", "", Hears::Nothing),
    (Method::GET, "/v1/invoices/{id}/evidence", "", Hears::Nothing),
    (Method::GET, "/v1/invoices/{id}/files/{file_id}", "/v1/invoices/{id}/files/1", Hears::Nothing),
    (Method::POST, "/v1/invoices/{id}/recall", "", Hears::Nothing),
    (Method::PUT, "/v1/invoices/{id}/reroute/print", "", Hears::Nothing),
    (Method::PUT, "/v1/invoices/{id}/reroute/email", "", Hears::Nothing),
    (Method::PUT, "/v1/invoices/{id}/reroute/einvoice", "", Hears::Nothing),
    (Method::GET, "/v1/invoices/{id}/payments", "", Hears::Nothing),
    (Method::GET, "/v1/payments", "", Hears::Its),
    (Method::POST, "/v1/payments/{id}/decision", "/v1/payments/0123456789/decision", Hears::Nothing),
    (Method::GET, "/v1/lookup/consumers", "/v1/lookup/consumers?email=kari@example.org", Hears::Its),
    (Method::POST, "/v1/lookup/consumers", "", Hears::Its),
    (Method::GET, "/v1/lookup/receivers", "/v1/lookup/receivers?network=PEPPOL", Hears::Its),
    (Method::GET, "/v1/companies", "", Hears::Its),
    (Method::GET, "/v1/companies/{id}/status", "/v1/companies/{company}/status", Hears::Nothing),
    (Method::GET, "/v1/company/authorization", "", Hears::Its),
    (Method::GET, "/v1/company/settings", "", Hears::Its),
    (Method::PATCH, "/v1/company/settings", "", Hears::Its),
    (Method::GET, "/v1/company/users", "", Hears::Its),
    (Method::POST, "/v1/company/users", "", Hears::Its),
    (Method::GET, "/v1/company/users/{user_id}", "/v1/company/users/{user}", Hears::Nothing),
    (Method::PATCH, "/v1/company/users/{user_id}", "/v1/company/users/{user}", Hears::Nothing),
    (Method::DELETE, "/v1/company/users/{user_id}", "/v1/company/users/{user}", Hears::Nothing),
    (Method::POST, "/v1/company/users/{user_id}/roles", "/v1/company/users/{user}/roles", Hears::Nothing),
    (Method::GET, "/v1/company/profiles", "", Hears::Its),
    (Method::POST, "/v1/company/profiles", "", Hears::Its),
    (Method::GET, "/v1/company/profiles/{id}", "/v1/company/profiles/{profile}", Hears::Nothing),
    (Method::PATCH, "/v1/company/profiles/{id}", "/v1/company/profiles/{profile}", Hears::Nothing),
    (Method::DELETE, "/v1/company/profiles/{id}", "/v1/company/profiles/{profile}", Hears::Nothing),
    (
        Method::GET,
        "/api/billing/v2/reports/billing_company_transactions",
        "/api/billing/v2/reports/billing_company_transactions?year=2026&month=11",
        Hears::Its,
    ),
    (Method::GET, "/v1/reports/routes", "/v1/reports/routes?year=2026&month=11", Hears::Its),
    (Method::POST, "/v1/services/atg", "", Hears::Its),
    (Method::PATCH, "/v1/services/atg/{account_number}", "/v1/services/atg/86011117947", Hears::Nothing),
    (Method::GET, "/v1/services/b2cno", "", Hears::Its),
    (Method::GET, "/v1/services/b2cno/consumers", "", Hears::Its),
    (Method::GET, "/v1/company/consumers", "", Hears::Its),
    (Method::GET, "/v1/services/atg", "", Hears::Its),
    (Method::GET, "/v1/services/atg/mandates", "", Hears::Its),
    (Method::GET, "/v1/services/atg/{account_number}", "/v1/services/atg/86011117947", Hears::Nothing),
];

/// Whether an operation that is not GET takes JSON.
fn takes_json(path: &str) -> bool {
    !matches!(path, "/oauth2/token" | "/v1/plans" | "/v1/invoices" | "/v1/invoices/bulk" | "/v1/invoices/{id}")
}

/// A body that an operation can read, so that it is the id that it refuses.
fn body_for(path: &str) -> serde_json::Value {
    match path.rsplit('/').next() {
        Some("print") => serde_json::json!({
            "recipient_name": "Kari", "recipient_address1": "Storgata 1", "recipient_post_code": "0155",
            "recipient_post_office": "Oslo", "recipient_country": "NO",
        }),
        Some("email") => serde_json::json!({ "recipient_email": "kari@example.org" }),
        Some("einvoice") => serde_json::json!({ "recipient_eia": "0192:999001017" }),
        Some("roles") => serde_json::json!({ "user_role": "USER" }),
        Some("decision") => serde_json::json!({ "decision": "dismiss" }),
        Some("{account_number}") => serde_json::json!({ "kid_length": 16, "reference_position": "1-6" }),
        Some("{id}") => serde_json::json!({ "network_settings": { "name": "Kari", "email": "kari@example.org" } }),
        _ => serde_json::json!({}),
    }
}

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
    let record = AgreementAsk::Record { subject: Subject::MainVendor, found: Found::Active, by: "Ola".to_owned() };
    change(&front.hub, &front.company, record).await.unwrap();
    let profiles = front.ask(Method::GET, "/v1/company/profiles").bearer_auth(&owner).send().await.unwrap();
    let profile = json(profiles, 200).await[0]["id"].as_str().unwrap().to_owned();
    let invited = serde_json::json!({ "email": "eva@secret.example", "first_name": "Eva" });
    let invited = front.ask(Method::POST, "/v1/company/users").bearer_auth(&owner).json(&invited).send().await.unwrap();
    let user = json(invited, 201).await["id"].as_str().unwrap().to_owned();
    let stranger = front.token(&front.other, "eui").await;
    // Everything that a token can have but what opens anything.
    let idle: Vec<&str> = SCOPES.iter().filter(|scope| scope.meaning.is_empty()).map(|scope| scope.name).collect();
    let idle = front.token(&front.company, &idle.join(" ")).await;
    let of_owner = ["SECRET-7", "secret.example", id, hook, front.company.id.as_str(), front.company.name.as_str()];
    for (method, path, asked, hears) in ASKED {
        let asked = if asked.is_empty() { path } else { asked }.replace("{id}", id).replace("{hook}", hook);
        let asked = asked.replace("{profile}", &profile).replace("{company}", &front.company.id).replace("{user}", &user);
        let ask = |token: Option<&str>| {
            let request = match *method {
                Method::GET => front.ask(Method::GET, &asked),
                _ if takes_json(path) => front.ask(method.clone(), &asked).json(&body_for(path)),
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
