//! The desks of a company: payments, agreements, keys, webhooks, the order of routes, events, jobs.

use kvitt_domain::person::Role;
use kvitt_hub::actions::add_company::amend_settings;

use super::Site;

#[tokio::test]
async fn every_desk_teaches_while_it_is_empty() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Admin).await;
    for (path, words) in [
        ("/payments", "All payments are placed."),
        ("/payments?state=cases", "No invoice needs a decision."),
        ("/payments?state=matched", "No payments here."),
        ("/payments?state=nonsense", "All payments are placed."),
        ("/mandates", "No mandates yet"),
        ("/mandates?q=123", "Nothing found"),
        ("/agreements", "No agreements yet"),
        ("/jobs", "Nothing is left to do."),
        ("/events?before=0", "#"),
        ("/webhooks", "Add a webhook"),
        ("/api-keys", "Make a key"),
    ] {
        assert!(browser.get(path).await.shown().has(words), "{path}");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_revoked() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Admin).await;
    let none = browser.post("/api-keys", "/api-keys", &[("name", " ")]).await;
    assert!(none.status == 422 && none.has("name-fault"), "{}", none.text);
    let fields = [("name", "ERP"), ("scope", "invoice:send"), ("scope", "invoice:receive")];
    let made = browser.post("/api-keys", "/api-keys", &fields).await.shown();
    assert!(made.has("kvitt_") && made.has(&site.company.id), "{}", made.text);
    let list = browser.get("/api-keys").await.shown();
    assert!(list.has("invoice:send, invoice:receive") && !list.has("kvitt_"), "{}", list.text);
    let id = list.text.split("/api-keys/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    assert!(browser.post("/api-keys", &format!("/api-keys/{id}/rotate"), &[]).await.shown().has("kvitt_"));
    browser.post("/api-keys", &format!("/api-keys/{id}/revoke"), &[]).await.leads_to("/api-keys");
    assert!(browser.get("/api-keys").await.shown().has("Revoked"));
    let told = browser.get("/events").await.shown();
    assert!(told.has("API key made") && told.has("API key revoked") && told.has("by Admin"), "{}", told.text);
    site.stop().await;
}

#[tokio::test]
async fn a_webhook_is_added_tried_and_removed() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Admin).await;
    let wrong = browser.post("/webhooks", "/webhooks", &[("address", "ftp://x"), ("events", "pigeon.*")]).await;
    assert!(wrong.status == 422 && wrong.has("pigeon"), "{}", wrong.text);
    let fields = [("address", "https://erp.example/hook"), ("events", "delivery.*, payment.parked")];
    let made = browser.post("/webhooks", "/webhooks", &fields).await.shown();
    assert!(made.has("whsec_"));
    let list = browser.get("/webhooks").await.shown();
    assert!(list.has("delivery.*, payment.parked") && !list.has("whsec_"), "{}", list.text);
    let id = list.text.split("href=\"/webhooks/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/webhooks/{id}");
    assert!(browser.get(&path).await.shown().has("It has not been tried yet."));
    assert!(browser.post(&path, &format!("{path}/rotate"), &[]).await.shown().has("whsec_"));
    assert_eq!(browser.post(&path, &format!("{path}/pigeon"), &[]).await.status, 404);
    browser.post(&path, &format!("{path}/remove"), &[]).await.leads_to("/webhooks");
    assert_eq!(browser.get(&path).await.status, 404);
    site.stop().await;
}

#[tokio::test]
async fn routes_are_moved_by_buttons() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Admin).await;
    let order = [("kind", "consumer"), ("do", "up print"), ("route", "dpi")];
    browser.post("/settings", "/settings/order", &order).await.leads_to("/settings");
    browser.post("/settings", "/settings/order", &[("kind", "consumer"), ("do", "out avtalegiro")]).await.leads_to("/settings");
    browser
        .post("/settings", "/settings/order", &[("kind", "consumer"), ("do", "add"), ("route", "dpi")])
        .await
        .leads_to("/settings");
    assert_eq!(consumer_order(&site).await, ["efaktura", "print", "email", "dpi"]);
    for wrong in [[("kind", "pigeon"), ("do", "up print")], [("kind", "consumer"), ("do", "eat print")]] {
        assert_eq!(browser.post("/settings", "/settings/order", &wrong).await.status, 422, "{wrong:?}");
    }
    let unknown = [("kind", "consumer"), ("do", "add"), ("route", "pigeon")];
    assert_eq!(browser.post("/settings", "/settings/order", &unknown).await.status, 422);
    browser.post("/settings", "/settings/order", &[("kind", "consumer"), ("do", "default")]).await.leads_to("/settings");
    assert_eq!(consumer_order(&site).await, Vec::<String>::new());
    site.stop().await;
}

async fn consumer_order(site: &Site) -> Vec<String> {
    let settings = amend_settings(&site.hub, &site.company, "", |_| {}).await.unwrap();
    settings.consumer_route_order.iter().map(|route| route.as_str().to_owned()).collect()
}

#[tokio::test]
async fn an_agreement_is_ordered_step_by_step() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Admin).await;
    let wizard = browser.get("/agreements/order").await.shown();
    assert!(wizard.has("debited twice") && wizard.has("value=\"main_vendor\" checked"), "{}", wizard.text);
    let page = "/agreements/order";
    let refused = browser.post(page, page, &[("kind", "avtalegiro"), ("structures", "nonsense"), ("account", "")]).await;
    assert_eq!(refused.status, 422);
    for field in ["structures", "account"] {
        assert!(refused.has(&format!("id=\"{field}-fault\"")), "{field}: {}", refused.text);
    }
    assert!(refused.has("value=\"avtalegiro\" checked"), "what was chosen stays");
    assert_eq!(browser.post("/agreements/order", "/agreements", &[("kind", "pigeon"), ("do", "end")]).await.status, 422);
    site.stop().await;
}
