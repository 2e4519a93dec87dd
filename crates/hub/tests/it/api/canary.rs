//! A fødselsnummer that is sent through the API is sealed in the company's vault, and stands nowhere else: not in an answer, whatever is
//! wrong with the request, not in an event, and not in a file of the hub's.

use std::path::Path;

use reqwest::Method;

use super::{Front, document, json};

/// Synthetic: the month is 80 too high.
const CANARY: &str = "10915596784";

#[tokio::test]
async fn a_fodselsnummer_is_sealed_and_never_repeated() {
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let fields = [("recipient_type", "consumer"), ("recipient_ssn", CANARY), ("route_order", "efaktura")];
    let sent = front.multipart(Method::POST, "/v1/invoices", &fields, Some(document("C-1").as_bytes())).bearer_auth(&token);
    let accepted = json(sent.send().await.unwrap(), 201).await;
    assert!(!accepted.to_string().contains(CANARY));

    let file = document("C-2");
    let post = |path: &str, fields: &[(&str, &str)]| front.multipart(Method::POST, path, fields, Some(file.as_bytes()));
    let metadata = format!("{{\"recipient_ssn\": \"{CANARY}9\", \"lang\": \"{CANARY}\", \"{CANARY}\": 1}}");
    let get = |path: String| front.ask(Method::GET, &path);
    let json_to = |method: Method, path: String, body: serde_json::Value| front.ask(method, &path).json(&body);
    let id = accepted["id"].as_str().unwrap();
    let requests = [
        post("/v1/plans", &fields),
        post("/v1/invoices", &[("recipient_email", CANARY)]),
        post("/v1/invoices", &[("recipient_phone_number", CANARY), ("uuid", CANARY), ("lang", CANARY)]),
        post("/v1/invoices", &[(CANARY, "1")]),
        post("/v1/invoices", &[("format", CANARY)]),
        post("/v1/invoices", &[("metadata", &metadata)]),
        post("/v1/invoices", &[]).header("idempotency-key", CANARY),
        post(&format!("/v1/invoices/{CANARY}/recall"), &[]),
        get(format!("/v1/invoices/{CANARY}")),
        get(format!("/v1/invoices/{CANARY}/evidence")),
        get(format!("/v1/invoices/{id}/evidence")),
        get(format!("/v1/invoices?direction=SENT&number={CANARY}&reference={CANARY}")),
        get(format!("/v1/invoices?{CANARY}=1")),
        get(format!("/v1/invoices?sort={CANARY}")),
        get(format!("/v1/events?after={CANARY}x")),
        get(format!("/v1/faults/{CANARY}")),
        get(format!("/v1/{CANARY}")),
        get(format!("/v1/lookup/consumers?ssn={CANARY}")),
        get(format!("/v1/lookup/consumers?email={CANARY}&first_name={CANARY}&routes={CANARY}")),
        json_to(Method::POST, "/v1/lookup/consumers".into(), serde_json::json!({ "ssn": CANARY, "phone_number": CANARY })),
        json_to(Method::POST, "/v1/lookup/consumers".into(), serde_json::json!({ "ssn": CANARY, CANARY: CANARY })),
        get(format!("/v1/lookup/receivers?network={CANARY}")),
        get(format!("/v1/companies?bid={CANARY}")),
        get(format!("/v1/companies/{CANARY}/status")),
        get(format!("/v1/company/settings?fields={CANARY}")),
        json_to(Method::PATCH, "/v1/company/settings".into(), serde_json::json!({ CANARY: CANARY, "language": CANARY })),
        json_to(Method::PATCH, "/v1/company/settings".into(), serde_json::json!({ "details": { "name": CANARY } })),
        get(format!("/v1/company/profiles?status={CANARY}")),
        json_to(Method::POST, "/v1/company/profiles".into(), serde_json::json!({ "network": CANARY })),
        get(format!("/v1/company/profiles/{CANARY}")),
        json_to(
            Method::POST,
            "/v1/services/atg".into(),
            serde_json::json!({ "account_number": CANARY, "kid_length": 16, "reference_position": CANARY }),
        ),
        json_to(
            Method::POST,
            "/v1/company/users".into(),
            serde_json::json!({ "email": format!("{CANARY}@kunde.example"), "first_name": "Eva" }),
        ),
        json_to(
            Method::POST,
            "/v1/company/users".into(),
            serde_json::json!({ "email": "eva@kunde.example", "first_name": "Eva", "last_name": CANARY }),
        ),
        get(format!("/v1/company/users/{CANARY}")),
        json_to(Method::PATCH, format!("/v1/company/users/{CANARY}"), serde_json::json!({ "phone": CANARY })),
        json_to(Method::POST, format!("/v1/company/users/{CANARY}/roles"), serde_json::json!({ "user_role": CANARY })),
        get(format!("/v1/payments?state={CANARY}")),
        get(format!("/v1/payments?after={CANARY}")),
        json_to(Method::POST, format!("/v1/payments/{CANARY}/decision"), serde_json::json!({ "decision": CANARY })),
        get(format!("/v1/reports/routes?year={CANARY}&month=1")),
        json_to(Method::PUT, format!("/v1/invoices/{id}/reroute/email"), serde_json::json!({ "recipient_email": CANARY })),
        json_to(Method::PUT, format!("/v1/invoices/{id}/reroute/einvoice"), serde_json::json!({ "recipient_eia": CANARY })),
        front.form("/oauth2/token", &[("grant_type", CANARY), ("client_id", CANARY)]),
    ];
    for request in requests {
        let answer = request.bearer_auth(&token).send().await.unwrap();
        let headers = format!("{:?}", answer.headers());
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.as_u16() < 500 && !headers.contains(CANARY) && !text.contains(CANARY), "{status} {headers} {text}");
    }
    let events = json(get("/v1/events?limit=1000".into()).bearer_auth(&token).send().await.unwrap(), 200).await;
    assert!(!events.to_string().contains(CANARY));
    let data = front.hub.data().to_owned();
    let folder = front.stop_and_keep().await;
    assert_eq!(holding(&data), Vec::<String>::new());
    drop(folder);
}

/// The files below a folder that hold the canary.
fn holding(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(holding(&path));
        } else if path.is_file() && std::fs::read(&path).unwrap().windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}
