//! What a company is and has set, as the API shows and changes it.

use kvitt_hub::config::ApiConfig;
use kvitt_hub::vault::sha256;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Front, json as body, refusal};

#[tokio::test]
async fn a_client_reads_the_settings_changes_one_and_sends_all_back() {
    let front = Front::open().await;
    let token = front.token(&front.company, "company").await;
    let get = async |path: &str| body(front.ask(Method::GET, path).bearer_auth(&token).send().await.unwrap(), 200).await;
    let patch = async |wanted: &Value| {
        front.ask(Method::PATCH, "/v1/company/settings").bearer_auth(&token).json(wanted).send().await.unwrap()
    };
    let mut settings = get("/v1/company/settings").await;
    assert_eq!(settings["details"], json!({ "name": "Fjord & Vik AS", "bid": super::ORG, "country": "NO" }));
    assert_eq!(settings["routing"]["consumer_route_order"], json!([]));

    // The client's type wants groups that mean nothing here; empty they ask for nothing.
    settings["address"] = json!({});
    settings["invoice_notifications"] = json!({ "on_send_errors": { "to_emails": [] } });
    settings["routing"]["consumer_route_order"] = json!(["netbank", "email"]);
    let changed = body(patch(&settings).await, 200).await;
    assert_eq!(changed["routing"]["consumer_route_order"], json!(["avtalegiro", "efaktura", "email"]));

    // What is left out stays as it is.
    let changed = body(patch(&json!({ "texts": { "footer": "Takk!" }, "language": "en" })).await, 200).await;
    assert_eq!(changed["routing"]["consumer_route_order"], json!(["avtalegiro", "efaktura", "email"]));
    assert_eq!((&changed["texts"]["footer"], &changed["language"]), (&json!("Takk!"), &json!("en")));
    assert_eq!(get("/v1/company/settings").await, changed);
    assert_eq!(get("/v1/company/settings?fields=language,texts").await.as_object().unwrap().len(), 2);

    // All that cannot be is told at once, and nothing is changed.
    let wanted = json!({ "texts": { "footer": "!" }, "details": { "name": "X" }, "send_invoice_print": { "enabled": true } });
    let refused = patch(&wanted).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused: Value = refused.json().await.unwrap();
    let places: Vec<&str> = refused["faults"].as_array().unwrap().iter().map(|fault| fault["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["/details/name", "/send_invoice_print"]);
    assert_eq!(get("/v1/company/settings").await, changed);

    // Who changed what is told once for each change.
    let reader = front.token(&front.company, "global").await;
    let events = front.ask(Method::GET, "/v1/events?after=0&limit=1000").bearer_auth(&reader).send().await.unwrap();
    let events = body(events, 200).await;
    let told: Vec<&Value> =
        events["events"].as_array().unwrap().iter().filter(|event| event["type"] == "company.settings_changed").collect();
    assert_eq!(told.len(), 2, "{events}");
    assert!(told.iter().all(|event| event["data"]["payload"]["by"] == "API: ERP" || event.to_string().contains("API: ERP")));

    let companies = get("/v1/companies").await;
    assert_eq!(companies, json!([{ "id": front.company.id, "name": "Fjord & Vik AS", "bid": super::ORG }]));
    assert_eq!(get(&format!("/v1/companies?bid={}", super::OTHER)).await, json!([]));
    assert_eq!(get(&format!("/v1/companies/{}/status", front.company.id)).await["company_state"], "VERIFIED");
    front.stop().await;
}

#[tokio::test]
async fn the_word_of_a_listed_program_counts_and_no_other() {
    let vendor = "the-vendor-key";
    let api = ApiConfig { signing_vendors: vec![sha256(vendor.as_bytes())], ..ApiConfig::default() };
    let front = Front::with(api).await;
    let signed = json!({ "network": "BANK", "profiles": ["INVOICE"],
        "network_settings": { "name": "Kari Nordmann", "email": "kari@example.org", "agreement_signed": "true" } });
    let unsigned = json!({ "network": "BANK", "network_settings": { "name": "Kari Nordmann", "email": "kari@example.org" } });
    let (_, secret) = front.key(&front.company, &[]).await;
    for (vendor, wanted, expected) in [
        ("another", &signed, "agreement.voucher"),
        ("", &signed, "agreement.voucher"),
        // Past that: the fixture's operator has no customer unit with the rail, and nobody to ask for signatures.
        (vendor, &signed, "agreement.not_configured"),
        ("another", &unsigned, "agreement.not_configured"),
    ] {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &front.company.id),
            ("client_secret", &secret),
            ("scope", "company:write"),
            ("vendor_api_key", vendor),
        ];
        let token = body(front.form("/oauth2/token", &fields).send().await.unwrap(), 200).await;
        let token = token["access_token"].as_str().unwrap();
        let answer = front.ask(Method::POST, "/v1/company/profiles").bearer_auth(token).json(wanted).send().await.unwrap();
        assert_eq!(refusal(answer).await, (422, expected.to_owned()), "{vendor}");
    }
    front.stop().await;
}

#[tokio::test]
async fn a_consumer_is_looked_up_where_a_register_can_be_asked() {
    let front = Front::open().await;
    let token = front.token(&front.company, "lookup").await;
    let ask = async |path: &str| body(front.ask(Method::GET, path).bearer_auth(&token).send().await.unwrap(), 200).await;
    let found = ask("/v1/lookup/consumers?phone_number=%2B4790000001").await;
    let statuses: Vec<&str> =
        ["yes2all", "vipps", "dpi", "cv"].iter().map(|route| found["routes"][route]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["NOT_AVAILABLE"; 4]);
    assert_eq!(found["routes"]["yes2all"]["code"], "route.not_set_up");
    let found = ask("/v1/lookup/consumers?phone_number=%2B4790000001&routes[]=dpi").await;
    assert_eq!(found["routes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["dpi"]);
    front.stop().await;
}

#[tokio::test]
async fn people_are_invited_given_roles_and_removed() {
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let limited = front.token(&front.company, "company").await;
    let ask = async |method: Method, path: &str, wanted: Option<Value>| {
        let request = front.ask(method, &format!("/v1/company/users{path}")).bearer_auth(&token);
        let request = if let Some(wanted) = &wanted { request.json(wanted) } else { request };
        request.send().await.unwrap()
    };
    let eva = json!({ "email": "Eva@Kunde.example", "first_name": "Eva", "last_name": "Aas Berg", "user_role": "ADMIN" });
    let invited = body(ask(Method::POST, "", Some(eva.clone())).await, 201).await;
    assert_eq!((&invited["email"], &invited["last_name"]), (&json!("eva@kunde.example"), &json!("Aas Berg")));
    assert_eq!((&invited["role"], &invited["api_key"], &invited["is_invited"]), (&json!("ADMIN"), &json!(""), &json!(true)));
    assert!(invited["invitation"].as_str().unwrap().contains("/invitation/"), "{invited}");
    let id = format!("/{}", invited["id"].as_str().unwrap());
    let shown = body(ask(Method::GET, &id, None).await, 200).await;
    assert!(shown["invitation"].is_null() && shown["first_name"] == "Eva", "{shown}");
    assert_eq!(body(ask(Method::GET, "", None).await, 200).await.as_array().unwrap().len(), 1);

    for (method, path, wanted, expected) in [
        (Method::POST, "", json!({ "email": "eva", "first_name": "Eva" }), 422),
        (Method::POST, "", json!({ "email": "ola@kunde.example", "first_name": "Ola", "user_role": "OWNER" }), 400),
        (Method::POST, "", json!({ "email": "ola@kunde.example", "first_name": "Ola", "phone": "+4799900001" }), 422),
        (Method::POST, "", json!({ "email": "ola@kunde.example", "name": "Ola" }), 400),
        (Method::PATCH, id.as_str(), json!({ "first_name": "Ida" }), 422),
        (Method::POST, &format!("{id}/roles"), json!({ "user_role": "USER" }), 422),
        (Method::PATCH, "/nobody", json!({}), 404),
    ] {
        let (status, code) = refusal(ask(method, path, Some(wanted.clone())).await).await;
        assert_eq!(status, expected, "{wanted}: {code}");
    }
    assert_eq!(ask(Method::PATCH, &id, Some(json!({ "first_name": "Eva", "phone": "" }))).await.status(), 204);
    assert_eq!(ask(Method::POST, &format!("{id}/roles"), Some(json!({ "user_role": "ADMIN" }))).await.status(), 204);
    // A key for the company alone makes no administrators.
    let made = front.ask(Method::POST, "/v1/company/users").bearer_auth(&limited).json(&eva).send().await.unwrap();
    assert_eq!(refusal(made).await, (403, "access.scope_missing".to_owned()));
    assert_eq!(ask(Method::DELETE, &id, None).await.status(), 204);
    assert_eq!(refusal(ask(Method::DELETE, &id, None).await).await.0, 404);
    front.stop().await;
}
