//! What follows the invoices: the overview, the list with its search and pages, the page of an invoice and what a person decides there.

use kvitt_domain::Language;
use kvitt_domain::person::Role;
use kvitt_domain::subscription::KINDS;
use kvitt_hub::actions::list_invoices::{PAGE, Show, Wanted, list};
use kvitt_hub::store::event;

use super::{Browser, Site};

/// Waits until an invoice is where nothing more happens by itself, by looking at its events: without any route set up it is parked.
pub async fn settled(site: &Site, id: &str) {
    loop {
        let told =
            event::of_subject(&mut site.hub.db().read().await.unwrap(), &site.company.id, &site.company.key, id).await.unwrap();
        if told.iter().any(|event| event.to == "parked") {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_invoice_is_found_by_whatever_people_know() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    assert!(browser.get("/invoices").await.shown().has("No invoices yet"));
    for number in ["F-1001", "F-1002", "2017"] {
        let id = site.invoice(number).await;
        settled(&site, &id).await;
    }
    let numbers = |text: &str| ["F-1001", "F-1002", "2017"].map(|number| text.contains(&format!(">{number}</a>")));
    for (query, expected) in [
        ("", [true, true, true]),
        ("?q=F-1001", [true, false, false]),
        ("?q=100", [true, true, false]),
        ("?q=2017", [false, false, true]),
        ("?q=fjellv", [true, true, true]),
        ("?q=Fjellv%C3%A5g+bj%C3%B8rn", [true, true, true]),
        ("?q=bj%C3%B8rn+1002", [false, true, false]),
        ("?q=nobody", [false, false, false]),
        ("?q=020001002604011", [true, true, true]),
        ("?q=6+618%2C20", [true, true, true]),
        ("?q=6618", [false, false, false]),
        ("?q=%25", [false, false, false]),
        ("?q=%00%27%22", [false, false, false]),
        ("?show=needed", [true, true, true]),
        ("?show=there", [false, false, false]),
        ("?show=needed&q=2017", [false, false, true]),
        ("?route=email", [false, false, false]),
        ("?route=pigeon&show=nothing&at=x", [false, false, false]),
    ] {
        let page = browser.get(&format!("/invoices{query}")).await;
        if query.contains("at=x") {
            assert!(page.status < 500, "{page:?}");
            continue;
        }
        assert_eq!(numbers(&page.shown().text), expected, "{query}");
    }
    site.stop().await;
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_double() {
    let site = Site::open().await;
    let mut ids = Vec::new();
    for number in 0..PAGE + 7 {
        ids.push(site.invoice(&format!("N{number}")).await);
    }
    for id in &ids {
        settled(&site, id).await;
    }
    for show in [Show::All, Show::Needed] {
        let mut wanted = Wanted { show, ..Wanted::default() };
        let first = list(&site.hub, &site.company, &wanted).await.unwrap();
        assert_eq!(first.lines.len(), PAGE);
        wanted.before.clone_from(&first.next);
        let second = list(&site.hub, &site.company, &wanted).await.unwrap();
        assert_eq!((second.lines.len(), second.next.as_ref()), (7, None));
        let mut seen: Vec<String> = first.lines.into_iter().chain(second.lines).map(|line| line.id).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), PAGE + 7, "{show:?}");
    }
    let mut browser = site.as_a(Role::ReadOnly).await;
    let page = browser.get("/invoices").await.shown();
    let next = page.text.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    assert!(browser.get(&next).await.shown().has(">N0</a>"));
    site.stop().await;
}

#[tokio::test]
async fn the_page_of_an_invoice_tells_all_and_takes_decisions() {
    let site = Site::open().await;
    let id = site.invoice("F-7").await;
    settled(&site, &id).await;
    let mut reader = site.as_a(Role::ReadOnly).await;
    let page = reader.get(&format!("/invoices/{id}")).await.shown();
    for words in [
        "Invoice F-7",
        "Bjørn Fjellvåg",
        "6\u{a0}618,20\u{a0}kr",
        "020001002604011",
        "Parked",
        "No route is open",
        "Skipped",
        "Accepted by Kvitt",
        "Vann, abonnementsgebyr",
    ] {
        assert!(page.has(words), "{words}: {}", page.text);
    }
    assert!(!page.has("/decide"), "whoever only looks is offered nothing to do");
    reader.get("/invoices/F-7").await.shown();
    let pdf = reader.get(&format!("/invoices/{id}/files/pdf")).await.shown();
    assert_eq!(pdf.headers["content-type"], "application/pdf");
    assert!(pdf.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'self'"));
    let xml = reader.get(&format!("/invoices/{id}/files/1")).await.shown();
    assert_eq!(xml.headers["content-type"], "text/plain; charset=utf-8");
    for missing in ["0", "99", "x", "../1"] {
        assert_eq!(reader.get(&format!("/invoices/{id}/files/{missing}")).await.status, 404, "{missing}");
    }

    let mut invoicer = site.as_a(Role::Invoicing).await;
    let path = format!("/invoices/{id}");
    let decide = format!("{path}/decide");
    assert_eq!(invoicer.post(&path, &decide, &[("what", "everything")]).await.status, 422);
    let refused = invoicer.post(&path, &decide, &[("what", "sent")]).await;
    assert_eq!(refused.status, 409, "a parked one was not sent: {refused:?}");
    let wrong = invoicer.post(&path, &format!("{path}/reroute"), &[("to", "nobody")]).await;
    assert_eq!(wrong.status, 422, "that is no address: {wrong:?}");
    invoicer.post(&path, &decide, &[("what", "cancel"), ("purpose", "bill")]).await.leads_to(&path);
    let after = invoicer.get(&path).await.shown();
    assert!(after.has("Called back") && after.has("It is done.") && after.has("by Invoicing"), "{}", after.text);
    site.stop().await;
}

/// Synthetic: the month is 80 too high.
const CANARY: &str = "10915596784";

#[tokio::test]
async fn no_page_shows_a_fodselsnummer() {
    let site = Site::open().await;
    let metadata = format!("{{\"recipient_type\": \"consumer\", \"recipient_ssn\": \"{CANARY}\"}}");
    let id = site.invoice_with("F-9", &metadata).await;
    settled(&site, &id).await;
    let mut browser = site.as_a(Role::Admin).await;
    let list = format!("/invoices?q={CANARY}");
    for path in [format!("/invoices/{id}"), format!("/invoices/{CANARY}"), list, "/events".into(), "/jobs".into(), "/".into()] {
        let page = browser.get(&path).await;
        assert!(!page.has(CANARY), "{path}: {}", page.text);
    }
    site.stop().await;
}

#[tokio::test]
async fn the_overview_counts() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    assert!(browser.get("/").await.shown().has("No invoices yet"));
    for number in ["1", "2"] {
        let id = site.invoice(number).await;
        settled(&site, &id).await;
    }
    site.invoice_of_other("3").await;
    let page = browser.get("/").await.shown();
    for words in ["13\u{a0}236,40\u{a0}kr", "2 parked, 0 in doubt", "All answer."] {
        assert!(page.has(words), "{words}: {}", page.text);
    }
    assert_eq!(count_of(&mut browser, "/invoices?show=needed").await, "2");
    site.stop().await;
}

/// The number on the tile that leads somewhere.
async fn count_of(browser: &mut Browser, path: &str) -> String {
    let text = browser.get("/").await.shown().text;
    let (_, tile) = text.split_once(&format!("href=\"{path}\"")).unwrap_or_else(|| panic!("no {path} in {text}"));
    tile.split("tile__count\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

#[test]
fn every_event_has_its_words() {
    for kind in KINDS {
        for language in Language::ALL {
            assert!(language.has(&format!("event.{kind}")), "messages have no event.{kind}");
        }
    }
}
