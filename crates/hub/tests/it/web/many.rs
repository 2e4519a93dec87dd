//! Many invoices, or drafts, at once: what would happen is looked at first, each is done for itself, and one that cannot be stops no other.

use kvitt_adapters::route::RouteSetup;
use kvitt_domain::person::Role;
use kvitt_hub::actions::add_company::set_route;
use kvitt_hub::actions::order_agreement;
use kvitt_hub::store::bulk::{self, BulkState, StoredBulk};
use kvitt_hub::store::event;
use serde_json::json;

use super::following::settled;
use super::invoicing::{begin, send_form, set_up};
use super::{Browser, Page, Site};

/// Chooses some and goes to what would happen.
async fn choose(browser: &mut Browser, act: &str, ids: &[&str]) -> (String, Page) {
    let mut fields = vec![("act", act), ("scope", "chosen")];
    fields.extend(ids.iter().map(|id| ("id", *id)));
    let list = if act == "finalise" { "/drafts" } else { "/invoices" };
    let chosen = browser.post(list, "/bulk", &fields).await;
    let path = chosen.to.clone().unwrap_or_else(|| panic!("{}", chosen.text));
    let page = browser.get(&path).await.shown();
    (path, page)
}

/// Lets it be done, and waits until it is.
async fn done(browser: &mut Browser, path: &str) -> Page {
    browser.post(path, &format!("{path}/begin"), &[]).await.leads_to(path);
    loop {
        let page = browser.get(path).await.shown();
        if page.has("Finished.") {
            return page;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_are_called_back_and_one_that_cannot_be_stops_no_other() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let mut ids = Vec::new();
    for number in ["F-1", "F-2", "F-3"] {
        let id = site.invoice(number).await;
        settled(&site, &id).await;
        ids.push(id);
    }
    let cancel = format!("/invoices/{}", ids[0]);
    assert_eq!(browser.post(&cancel, &format!("{cancel}/decide"), &[("what", "cancel")]).await.status, 303);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let theirs = site.invoice_of_other("SECRET-7").await;

    let (path, page) = choose(&mut browser, "recall", &[ids[0], ids[1], ids[2], &theirs, "no-such", ids[1]]).await;
    assert!(page.has("2 can be done, 1 cannot.") && page.has(">F-1</a>") && !page.has("SECRET"), "{}", page.text);
    assert!(browser.get("/invoices").await.shown().has(">F-2</a>"), "looking changes nothing");
    let page = done(&mut browser, &path).await;
    assert!(page.has("2 done, 1 failed") && page.has("Done") && page.has("Failed") && !page.has("SECRET"), "{}", page.text);
    let list = browser.get("/invoices?show=cancelled").await.shown();
    assert!(["F-1", "F-2", "F-3"].iter().all(|number| list.has(&format!(">{number}</a>"))), "{}", list.text);
    // It is over: once more changes nothing.
    assert!(done(&mut browser, &path).await.has("2 done, 1 failed"));
    site.stop().await;
}

#[tokio::test]
async fn many_are_sent_again_by_the_route_that_the_look_showed() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Invoicing).await;
    for number in ["F-1", "F-2"] {
        settled(&site, &site.invoice(number).await).await;
    }
    let all = [("act", "resend"), ("scope", "found"), ("show", "needed"), ("q", ""), ("route", "")];
    let path = browser.post("/invoices", "/bulk", &all).await.to.unwrap();
    let page = browser.get(&path).await.shown();
    assert!(page.has("0 can be done, 2 cannot.") && !page.has("/begin\""), "{}", page.text);
    browser.post(&path, &format!("{path}/forget"), &[]).await.leads_to("/invoices");
    assert_eq!(browser.get(&path).await.status, 404);

    let print = json!({ "return_address": ["Rådhusgata 1", "5988 Fjordvik"] });
    set_route(&site.hub, &site.company, "print", RouteSetup(print)).await.unwrap();
    assert!(order_agreement::list(&site.hub, &site.company).await.unwrap().is_empty());
    let path = browser.post("/invoices", "/bulk", &all).await.to.unwrap();
    let page = browser.get(&path).await.shown();
    assert!(
        page.has("2 can be done, 0 cannot.") && page.has("It costs") && page.has("<dt>Letter on paper</dt>"),
        "{}",
        page.text
    );
    assert!(done(&mut browser, &path).await.has("2 done, 0 failed"));
    // The route itself is chosen by a job of each.
    while !browser.get("/invoices?route=print").await.shown().has(">F-2</a>") {
        tokio::task::yield_now().await;
    }
    // Nothing chosen is told, and somebody who only looks begins nothing.
    assert_eq!(browser.post("/invoices", "/bulk", &[("act", "resend"), ("scope", "chosen")]).await.status, 422);
    let mut reader = site.as_a(Role::ReadOnly).await;
    assert!(!reader.get("/invoices").await.shown().has("action=\"/bulk\"") && reader.get(&path).await.shown().has("2 done"));
    site.stop().await;
}

#[tokio::test]
async fn what_was_not_shown_is_not_done() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let print = json!({ "return_address": ["Rådhusgata 1", "5988 Fjordvik"] });
    let email = json!({ "from": "faktura@fjordvik.example", "bounce_domain_or_address": "retur.fjordvik.example" });
    let mut ids = Vec::new();
    for number in ["F-1", "F-2"] {
        ids.push(site.invoice(number).await);
        settled(&site, ids.last().unwrap()).await;
    }
    set_route(&site.hub, &site.company, "print", RouteSetup(print)).await.unwrap();
    let (path, page) = choose(&mut browser, "resend", &[&ids[0], &ids[1]]).await;
    assert!(page.has("2 can be done, 0 cannot.") && page.has("<dt>Letter on paper</dt>"), "{}", page.text);

    // One was begun before a crash, and nothing was done: it is no more done than the other.
    change(&site, &path, |bulk| (bulk.state, bulk.items[0].is_begun) = (BulkState::Stopped, true)).await;
    set_route(&site.hub, &site.company, "email", RouteSetup(email)).await.unwrap();
    let page = done(&mut browser, &path).await;
    assert!(page.has("0 done, 2 failed") && page.has("Something else would happen now"), "{}", page.text);
    for id in &ids {
        assert_eq!(times(&site, id, "delivery.reopened").await, 0);
    }
    site.stop().await;
}

#[tokio::test]
async fn what_a_crash_left_begun_is_done_once() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let mut ids = Vec::new();
    for number in ["F-1", "F-2", "F-3"] {
        ids.push(site.invoice(number).await);
        settled(&site, ids.last().unwrap()).await;
    }
    let (path, page) = choose(&mut browser, "recall", &[&ids[0], &ids[1], &ids[2]]).await;
    assert!(page.has("3 can be done, 0 cannot."), "{}", page.text);
    // The first was done, and the process died before that was written down; at the second it died before anything was done.
    let first = format!("/invoices/{}", ids[0]);
    assert_eq!(browser.post(&first, &format!("{first}/decide"), &[("what", "cancel")]).await.status, 303);
    change(&site, &path, |bulk| {
        bulk.state = BulkState::Stopped;
        (bulk.items[0].is_begun, bulk.items[1].is_begun) = (true, true);
    })
    .await;
    let page = done(&mut browser, &path).await;
    assert!(page.has("3 done, 0 failed"), "{}", page.text);
    for id in &ids {
        assert_eq!(times(&site, id, "delivery.cancelled").await, 1);
    }
    site.stop().await;
}

/// Leaves what is done to many as a crash would have.
async fn change(site: &Site, path: &str, change: impl Fn(&mut StoredBulk) + Send + Sync + Copy + 'static) {
    let (company, id) = (site.company.clone(), path.rsplit('/').next().unwrap().to_owned());
    site.hub
        .write(move |tx| {
            let (company, id) = (company.clone(), id.clone());
            Box::pin(async move {
                let mut bulk = bulk::by_id(tx.db(), &company.id, &company.key, &id).await?.unwrap();
                change(&mut bulk);
                bulk::save(tx, &company.id, &company.key, &bulk).await
            })
        })
        .await
        .unwrap();
}

/// How often something was told of an invoice.
async fn times(site: &Site, id: &str, kind: &str) -> usize {
    let mut db = site.hub.db().read().await.unwrap();
    let told = event::of_subject(&mut db, &site.company.id, &site.company.key, id).await.unwrap();
    told.iter().filter(|event| event.kind == kind).count()
}

#[tokio::test]
async fn one_bad_draft_stops_no_other() {
    let site = Site::open().await;
    set_up(&site).await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let fields = [("name", "Fjellheimen Barnehage SA"), ("org_number", "988077917")];
    assert_eq!(send_form(&mut browser, "/customers/new", "/customers", &fields).await.status, 303);
    let mut drafts = Vec::new();
    for text in ["Vann", "", "Avløp"] {
        let path = begin(&mut browser, "100000").await;
        let line = [("line_1_text", text), ("line_1_price", "100"), ("line_1_quantity", "1"), ("do", "save")];
        let line = if text.is_empty() { &line[3..] } else { &line[..] };
        assert_eq!(send_form(&mut browser, &path, &path, line).await.status, 303);
        drafts.push(path.trim_start_matches("/drafts/").to_owned());
    }
    let ids: Vec<&str> = drafts.iter().map(String::as_str).collect();
    let (path, page) = choose(&mut browser, "finalise", &ids).await;
    assert!(page.has("2 can be done, 1 cannot."), "{}", page.text);
    let page = done(&mut browser, &path).await;
    assert!(page.has("2 done, 1 failed") && page.has(">10001</a>") && page.has(">10002</a>"), "{}", page.text);
    assert!(!page.has(">10003</a>") && browser.get("/drafts").await.shown().has(ids[1]));
    site.stop().await;
}
