//! Plans that a sender holds the hub to: the same is accepted, another is refused with the difference.

use std::time::Duration;

use kvitt_adapters::route::RouteSetup;
use kvitt_hub::actions::add_company::set_route;
use reqwest::Method;
use serde_json::json;

use super::{Front, document, json as body_of, refusal};

#[tokio::test]
async fn a_document_is_accepted_as_planned_or_not_at_all() {
    let front = Front::open().await;
    let token = front.token(&front.company, "invoice:send").await;
    let stranger = front.token(&front.other, "invoice:send").await;
    let send = async |token: &str, path: &str, number: &str, fields: &[(&str, &str)]| {
        let method = if path.len() > "/v1/invoices".len() { Method::PUT } else { Method::POST };
        let method = if path == "/v1/plans" { Method::POST } else { method };
        front.multipart(method, path, fields, Some(document(number).as_bytes())).bearer_auth(token).send().await.unwrap()
    };
    let consumer = ("recipient_type", "consumer");
    let planned = body_of(send(&token, "/v1/plans", "P-1", &[consumer]).await, 200).await;
    let id = planned["plan_id"].as_str().unwrap();
    assert!(planned["plan_expires_at"].as_str().unwrap() > planned["plan"]["made_at"].as_str().unwrap(), "{planned}");
    let with_plan = ("plan_id", id);

    // Another document, other details, another company, no plan at all.
    let refused = async |answer, expected: (u16, &str)| {
        let (status, code) = refusal(answer).await;
        assert_eq!((status, code.as_str()), expected);
    };
    refused(send(&token, "/v1/invoices", "P-2", &[consumer, with_plan]).await, (422, "plan.other_document")).await;
    refused(send(&token, "/v1/invoices", "P-1", &[with_plan]).await, (422, "plan.other_document")).await;
    refused(send(&token, "/v1/invoices", "P-1", &[consumer, ("plan_id", "plan_x")]).await, (422, "plan.unknown")).await;
    refused(send(&token, "/v1/invoices", "P-1", &[consumer, ("plan_id", &id[5..])]).await, (422, "plan.unknown")).await;
    let other = document("P-1").replace(super::ORG, super::OTHER);
    let of_other = front.multipart(Method::POST, "/v1/invoices", &[consumer, with_plan], Some(other.as_bytes()));
    refused(of_other.bearer_auth(&stranger).send().await.unwrap(), (422, "plan.unknown")).await;

    // Something is set up meanwhile: the difference is told, and nothing is stored.
    let setup = json!({ "from": "kommunekassen@fjordvik.example", "bounce_domain_or_address": "retur.fjordvik.example" });
    set_route(&front.hub, &front.company, "email", RouteSetup(setup)).await.unwrap();
    let changed = body_of(send(&token, "/v1/invoices", "P-1", &[consumer, with_plan]).await, 409).await;
    let codes: Vec<&str> = changed["faults"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    assert_eq!((changed["code"].as_str(), codes[1]), (Some("plan.changed"), "plan.route_changed"), "{changed}");
    assert_eq!(changed["faults"][1]["values"]["other_standing"], "skipped");
    let listed = front.ask(Method::GET, "/v1/invoices?direction=SENT").bearer_auth(&token).send().await.unwrap();
    assert_eq!(body_of(listed, 200).await, json!([]));
    let again = body_of(send(&token, "/v1/plans", "P-1", &[consumer]).await, 200).await;
    let id = again["plan_id"].as_str().unwrap();

    // As planned, under an id of the sender's, and in the metadata just as well; and again, though the plan is too old by then.
    let path = "/v1/invoices/018f0000-1111-7222-8333-444455557777";
    let metadata = json!({ "recipient_type": "consumer", "plan_id": id }).to_string();
    let accepted = body_of(send(&token, path, "P-1", &[("metadata", &metadata)]).await, 201).await;
    front.hub.move_clock(Duration::from_secs(2 * 3600)).await.unwrap();
    assert_eq!(body_of(send(&token, path, "P-1", &[("metadata", &metadata)]).await, 201).await["kvitt_id"], accepted["kvitt_id"]);
    let late = body_of(send(&token, "/v1/plans", "P-3", &[consumer]).await, 200).await["plan_id"].as_str().unwrap().to_owned();
    front.hub.move_clock(Duration::from_secs(4 * 3600)).await.unwrap();
    refused(send(&token, "/v1/invoices", "P-3", &[consumer, ("plan_id", &late)]).await, (410, "plan.expired")).await;
    front.stop().await;
}
