//! The money of invoices, parked invoices sent another way, and what is billed, over the API.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Front, document, json as body, refusal};

/// Hands an invoice in and waits until it is parked: the fixture has no route.
async fn parked(front: &Front, token: &str, number: &str) -> String {
    let sent = front.multipart(Method::POST, "/v1/invoices", &[], Some(document(number).as_bytes())).bearer_auth(token);
    let id = body(sent.send().await.unwrap(), 201).await["id"].as_str().unwrap().to_owned();
    for _ in 0..600 {
        if state(front, token, &id).await["state"] == "parked" {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{number} was not parked");
}

async fn state(front: &Front, token: &str, id: &str) -> Value {
    body(front.ask(Method::GET, &format!("/v1/invoices/{id}")).bearer_auth(token).send().await.unwrap(), 200).await
}

#[tokio::test]
async fn a_parked_invoice_goes_another_way() {
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let id = parked(&front, &token, "P-1").await;
    let put = async |way: &str, wanted: Value| {
        front
            .ask(Method::PUT, &format!("/v1/invoices/{id}/reroute/{way}"))
            .bearer_auth(&token)
            .json(&wanted)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(refusal(put("email", json!({ "recipient_email": "nobody" })).await).await.0, 422);
    assert_eq!(refusal(put("einvoice", json!({ "recipient_eia": "0192:1" })).await).await, (422, "lookup.network".to_owned()));
    let empty = json!({ "recipient_name": "", "recipient_address1": " ", "recipient_post_code": "0155",
        "recipient_post_office": "Oslo", "recipient_country": "NO" });
    assert_eq!(refusal(put("print", empty).await).await, (400, "request.missing".to_owned()));

    body(put("email", json!({ "recipient_email": "ny@example.org" })).await, 200).await;
    let events = front.ask(Method::GET, "/v1/events?after=0&limit=1000").bearer_auth(&token).send().await.unwrap();
    let events = body(events, 200).await.to_string();
    assert!(events.contains("invoice.rerouted"), "{events}");
    // It begins anew, by that route alone, and the same document is the same document still.
    for _ in 0..600 {
        let delivery = front.ask(Method::GET, &format!("/v1/invoices/{id}/delivery")).bearer_auth(&token).send().await.unwrap();
        let plans = body(delivery, 200).await["bill"]["plans"].clone();
        if let Some(plan) = plans.as_array().and_then(|plans| plans.get(1)) {
            assert_eq!(plan["order_from"], "document");
            let tried: Vec<&str> = plan["routes"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|rung| !rung["reasons"].to_string().contains("route.not_in_order"))
                .map(|rung| rung["route"].as_str().unwrap())
                .collect();
            assert_eq!(tried, ["email"], "{plan}");
            let again = front.multipart(Method::POST, "/v1/invoices", &[], Some(document("P-1").as_bytes())).bearer_auth(&token);
            assert_eq!(body(again.send().await.unwrap(), 201).await["id"], id.as_str());
            front.stop().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it was not planned again");
}

#[tokio::test]
async fn money_and_counts_are_told() {
    let front = Front::open().await;
    let token = front.token(&front.company, "eui").await;
    let id = parked(&front, &token, "P-2").await;
    let get = async |path: &str| body(front.ask(Method::GET, path).bearer_auth(&token).send().await.unwrap(), 200).await;
    let money = get(&format!("/v1/invoices/{id}/payments")).await;
    assert_eq!((money["state"].as_str(), money["payments"].as_array().map(Vec::len)), (Some("open"), Some(0)));
    assert_eq!(money["left"], money["payable"]);
    assert_eq!(get("/v1/payments?state=parked").await, json!({ "payments": [], "next": null }));
    // Nothing has left the house.
    assert_eq!(get("/v1/reports/routes?year=2026&month=11").await, json!([]));
    assert_eq!(get("/api/billing/v2/reports/billing_company_transactions?year=2026&month=11").await, json!([]));
    front.stop().await;
}
