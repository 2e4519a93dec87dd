//! A company invoices in the browser, without script: settings, customer, project, price list, draft, final, credited.

use kvitt_domain::person::Role;
use kvitt_hub::store::card::Card;
use kvitt_hub::store::draft::{self, DraftState};

use super::{Browser, Page, Site};

/// The values of a form as the page shows it: what a browser without script would send.
fn fields_of(page: &Page, form: &str) -> Vec<(String, String)> {
    let (_, rest) = page.text.split_once(form).unwrap_or_else(|| panic!("no {form} in {}", page.text));
    let body = rest.split("</form>").next().unwrap();
    let mut fields = Vec::new();
    for input in body.split("<input ").skip(1) {
        let tag = input.split('>').next().unwrap();
        let value = |name: &str| Some(tag.split_once(&format!(" {name}=\""))?.1.split('"').next().unwrap().to_owned());
        let name = tag.strip_prefix("name=\"").map(|rest| rest.split('"').next().unwrap().to_owned()).or_else(|| value("name"));
        let is_sent = !tag.contains("type=\"checkbox\"") || tag.contains(" checked");
        if let (Some(name), true, false) = (name, is_sent, tag.contains("type=\"file\"")) {
            fields.push((name, value("value").unwrap_or_default()));
        }
    }
    for select in body.split("<select ").skip(1) {
        let name = select.split_once("name=\"").unwrap().1.split('"').next().unwrap().to_owned();
        let options = select.split("</select>").next().unwrap();
        let chosen = options.split("<option ").skip(1).find(|option| option.contains(" selected"));
        let chosen = chosen.or_else(|| options.split("<option ").nth(1)).unwrap_or_default();
        let value = chosen.split_once("value=\"").map_or("", |(_, rest)| rest.split('"').next().unwrap());
        fields.push((name, value.to_owned()));
    }
    for area in body.split("<textarea ").skip(1) {
        let name = area.split_once("name=\"").unwrap().1.split('"').next().unwrap().to_owned();
        let text = area.split_once('>').unwrap().1.split("</textarea>").next().unwrap();
        fields.push((name, text.to_owned()));
    }
    fields
}

/// Sends a form of a page as it stands, with changes.
pub async fn send_form(browser: &mut Browser, page: &str, action: &str, changes: &[(&str, &str)]) -> Page {
    let shown = browser.get(page).await.shown();
    let mut fields = fields_of(&shown, &format!("action=\"{action}\""));
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.send(action, &fields).await
}

pub async fn set_up(site: &Site) {
    let mut admin = site.as_a(Role::Admin).await;
    let settings = "/settings/invoicing";
    let wrong = send_form(&mut admin, settings, settings, &[("bank_account", "8601.11.17948"), ("customer_end", "5")]).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.has("id=\"bank_account-fault\"") && wrong.has("value=\"8601.11.17948\"") && wrong.has("id=\"customer_end-fault\"")
    );
    let fields = [("bank_account", "8601.11.17947"), ("sender_city", "Bergen"), ("sender_postal_code", "5003")];
    send_form(&mut admin, settings, settings, &fields).await.leads_to(settings);
    let page = admin.get(settings).await.shown();
    assert!(page.has("value=\"86011117947\"") && page.has("Saved"), "{}", page.text);
}

pub async fn begin(browser: &mut Browser, customer: &str) -> String {
    let begun = browser.post("/drafts", "/drafts", &[("customer", customer)]).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    begun.to.unwrap()
}

#[tokio::test]
async fn from_customer_to_credit_note_without_script() {
    let site = Site::open().await;
    set_up(&site).await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let new = send_form(&mut browser, "/customers/new", "/customers", &[("name", ""), ("email", "post")]).await;
    assert_eq!(new.status, 422);
    assert!(new.has("href=\"#name\"") && new.has("id=\"email-fault\"") && new.has("value=\"post\""), "{}", new.text);
    let fields = [
        ("name", "Fjellheimen Barnehage SA"),
        ("org_number", "988077917"),
        ("email", "post@fjell.example"),
        ("reference", "Eva"),
    ];
    send_form(&mut browser, "/customers/new", "/customers", &fields).await.leads_to("/customers/100000");
    let found = browser.get("/customers?q=fjellh").await.shown();
    assert!(found.has("/customers/100000") && !browser.get("/customers?q=nobody").await.has("/customers/100000"));
    let project = [("name", "Nybygg"), ("customer", "100000 Fjellheimen")];
    send_form(&mut browser, "/projects/new", "/projects", &project).await.leads_to("/projects/1000");
    assert!(browser.get("/projects").await.shown().has("Fjellheimen Barnehage SA"));
    let product = [("name", "Rådgivning"), ("price", "1 250,00"), ("unit", "HUR")];
    send_form(&mut browser, "/products/new", "/products", &product).await.leads_to("/products/1");
    assert!(browser.get("/products").await.shown().has("1\u{a0}250,00\u{a0}kr"));

    let path = begin(&mut browser, "100000").await;
    let page = send_form(&mut browser, &path, &path, &[("line_1_product", "1"), ("line_1_quantity", "2"), ("do", "lines")]).await;
    assert!(page.status == 200 && page.has("value=\"Rådgivning\"") && page.has("id=\"line_6_text\""), "{}", page.text);
    assert!(page.has("2\u{a0}500,00") && page.has("3\u{a0}125,00\u{a0}kr"), "{}", page.text);
    let wrong = send_form(&mut browser, &path, &path, &[("line_1_price", "dyrt"), ("do", "save")]).await;
    assert!(wrong.status == 422 && wrong.has("id=\"line_1_price-fault\"") && wrong.has("value=\"dyrt\""), "{}", wrong.text);
    send_form(&mut browser, &path, &path, &[("project", "1000"), ("do", "final")]).await.leads_to(&format!("{path}/final"));
    let last = format!("{path}/final");
    let dialog = browser.get(&last).await.shown();
    assert!(dialog.has("10001") && dialog.has("3\u{a0}125,00\u{a0}kr") && dialog.has("The routes are tried"), "{}", dialog.text);
    let done = send_form(&mut browser, &last, &last, &[]).await;
    let invoice = done.to.clone().unwrap();
    assert!(done.status == 303 && invoice.starts_with("/invoices/"), "{done:?}");
    browser.get(&path).await.leads_to(&invoice);
    assert!(browser.get("/drafts").await.shown().has("No drafts"));

    let id = invoice.trim_start_matches("/invoices/").to_owned();
    let credit = browser.post("/drafts", "/drafts/credit", &[("invoice", &id)]).await;
    let note = credit.to.unwrap();
    let page = browser.get(&note).await.shown();
    assert!(page.has("Credits invoice 10001") && page.has("value=\"Rådgivning\""), "{}", page.text);
    let more = send_form(&mut browser, &note, &note, &[("line_1_quantity", "3"), ("do", "save")]).await;
    assert_eq!(more.status, 303);
    assert!(browser.get(&note).await.shown().has("only 3,125.00"));
    send_form(&mut browser, &note, &note, &[("line_1_quantity", "1"), ("do", "save")]).await;
    let last = format!("{note}/final");
    assert!(browser.get(&last).await.shown().has("10002"));
    assert_eq!(send_form(&mut browser, &last, &last, &[]).await.status, 303);
    site.stop().await;
}

#[tokio::test]
async fn two_people_in_one_draft_hear_of_each_other() {
    let site = Site::open().await;
    let (mut one, mut other) = (site.as_a(Role::Invoicing).await, site.as_a(Role::Invoicing).await);
    let path = begin(&mut one, "").await;
    let shown = other.get(&path).await.shown();
    send_form(&mut one, &path, &path, &[("line_1_text", "Mine"), ("do", "save")]).await.leads_to(&path);
    let mut fields = fields_of(&shown, &format!("action=\"{path}\""));
    fields.push(("line_1_text".into(), "Theirs".into()));
    fields.push(("do".into(), "save".into()));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .filter(|(name, value)| name != "line_1_text" || !value.is_empty())
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let refused = other.send(&path, &fields).await;
    assert!(
        refused.status == 422 && refused.has("Somebody else changed this") && refused.has("value=\"Theirs\""),
        "{}",
        refused.text
    );
    assert!(one.get(&path).await.shown().has("value=\"Mine\""));
    site.stop().await;
}

#[tokio::test]
async fn what_is_typed_is_judged_as_it_is_typed_and_saves_nothing() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let path = begin(&mut browser, "").await;
    let live = format!("{path}/live");
    let page =
        browser.post(&path, &live, &[("line_1_text", "Strøm"), ("line_1_price", "100"), ("line_1_vat_code", "3")]).await.shown();
    assert!(
        page.has("125,00\u{a0}kr") && page.has("“Customer” must be filled in") && page.has("id=\"line_1_net\""),
        "{}",
        page.text
    );
    assert!(!page.has("<html"), "it is a part of a page");
    assert!(!browser.get(&path).await.shown().has("Strøm"));
    site.stop().await;
}

#[tokio::test]
async fn what_people_wrote_into_registers_and_drafts_stays_text() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x>";
    let site = Site::open().await;
    set_up(&site).await;
    let mut browser = site.as_a(Role::Admin).await;
    let fields = [("name", HOSTILE), ("note", HOSTILE), ("postal_city", HOSTILE), ("postal_country", "NO")];
    send_form(&mut browser, "/customers/new", "/customers", &fields).await.leads_to("/customers/100000");
    send_form(&mut browser, "/projects/new", "/projects", &[("name", HOSTILE), ("customer", "100000")])
        .await
        .leads_to("/projects/1000");
    send_form(&mut browser, "/products/new", "/products", &[("name", HOSTILE), ("price", "1")]).await.leads_to("/products/1");
    let path = begin(&mut browser, "100000").await;
    let typed =
        [("line_1_text", HOSTILE), ("line_1_price", "1"), ("description", HOSTILE), ("text_before", HOSTILE), ("do", "save")];
    send_form(&mut browser, &path, &path, &typed).await.leads_to(&path);
    let wrong = send_form(&mut browser, &path, &path, &[("line_1_price", HOSTILE), ("customer", HOSTILE), ("do", "save")]).await;
    let mut texts = vec![("refused".to_owned(), wrong.text)];
    let last = format!("{path}/final");
    let pages =
        ["/customers", "/customers/100000", "/projects", "/projects/1000", "/products", "/products/1", "/drafts", &path, &last];
    for page in pages {
        texts.push((page.to_owned(), browser.get(page).await.shown().text));
    }
    for (page, text) in texts {
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{page}: {text}");
    }
    site.stop().await;
}

#[tokio::test]
async fn files_are_added_and_removed_and_drafts_thrown_away() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let path = begin(&mut browser, "").await;
    let page = browser.get(&path).await.shown();
    let upload = async |browser: &mut Browser, token: &str, version: &str, name: &str| {
        const BOUNDARY: &str = "the-boundary";
        let part = |name: &str, value: &str| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\na;b\r\n--{BOUNDARY}--\r\n"
        );
        let body = [part("token", token), part("version", version), file].concat();
        let request = browser.ask(reqwest::Method::POST, &format!("{path}/files"));
        let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body);
        let answer = request.send().await.unwrap();
        browser.answered(answer).await
    };
    upload(&mut browser, &page.token(), "1", "timer.csv").await.leads_to(&path);
    assert!(browser.get(&path).await.shown().has("timer.csv"));
    let refused = upload(&mut browser, &page.token(), "2", "a.exe").await;
    assert!(refused.status == 422 && refused.has("a.exe"), "{}", refused.text);
    send_form(&mut browser, &path, &format!("{path}/files/0/remove"), &[]).await.leads_to(&path);
    assert!(!browser.get(&path).await.shown().has("timer.csv"));
    send_form(&mut browser, &path, &format!("{path}/discard"), &[]).await.leads_to("/drafts");
    assert_eq!(browser.get(&path).await.status, 404);
    let mut db = site.hub.db().read().await.unwrap();
    let left = draft::list(&mut db, &site.company.id, DraftState::Open, (i64::MAX, ""), 9).await.unwrap();
    assert!(left.is_empty());
    drop(db);
    site.stop().await;
}

#[tokio::test]
async fn no_page_shows_a_national_identity_number() {
    const IDENTITY: &str = "10915596784";
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Invoicing).await;
    let wrong = [("kind", "consumer"), ("name", ""), ("identity", IDENTITY)];
    let refused = send_form(&mut browser, "/customers/new", "/customers", &wrong).await;
    assert!(refused.status == 422 && !refused.has(IDENTITY), "{}", refused.text);
    let misplaced = [("kind", "consumer"), ("name", "Kari"), ("note", IDENTITY)];
    let refused = send_form(&mut browser, "/customers/new", "/customers", &misplaced).await;
    assert!(refused.status == 422 && refused.has("id=\"note-fault\""), "{}", refused.text);
    let right = [("kind", "consumer"), ("name", "Kari"), ("identity", IDENTITY)];
    send_form(&mut browser, "/customers/new", "/customers", &right).await.leads_to("/customers/100000");
    let page = browser.get("/customers/100000").await.shown();
    assert!(page.has("is on file") && !page.has(IDENTITY), "{}", page.text);
    let mut db = site.hub.db().read().await.unwrap();
    let card: Card<kvitt_domain::invoicing::customer::Customer> = kvitt_hub::store::card::by_number(
        &mut db,
        &site.company.id,
        &site.company.key,
        kvitt_domain::invoicing::numbering::Numbered::Customer,
        "100000",
    )
    .await
    .unwrap()
    .unwrap();
    assert!(card.body.identity_ref.is_some());
    drop(db);
    site.stop().await;
}
