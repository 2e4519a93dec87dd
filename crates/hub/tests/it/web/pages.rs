//! What holds of every page: headers, languages, colours, weight; that what people wrote stays text; that every word is there.

use std::path::Path;

use kvitt_domain::Language;
use kvitt_domain::person::Role;
use kvitt_hub::web::doors::DOORS;
use reqwest::Method;

use super::Site;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x>";

/// Every page that is shown without a parameter.
fn plain_pages() -> impl Iterator<Item = &'static str> {
    DOORS.iter().filter(|door| door.method == Method::GET && !door.path.contains('{')).map(|door| door.path)
}

#[tokio::test]
async fn what_people_wrote_stays_text() {
    let site = Site::called(HOSTILE).await;
    let eva = site.person(HOSTILE, &[(&site.company, Role::Admin), (&site.other, Role::Admin)]).await;
    let mut browser = site.signed_in(&eva, &site.company).await;
    let invoice = site.hostile_invoice(HOSTILE).await;
    let fields = [("name", HOSTILE), ("email", "ola@fjordvik.example"), ("role", "invoicing")];
    let ready = browser.post("/users", "/users", &fields).await.shown();
    let again = browser.post("/users", "/users", &[("name", HOSTILE), ("email", HOSTILE), ("role", "invoicing")]).await;
    let mut texts = vec![("/users after a form".to_owned(), ready.text), ("/users refused".to_owned(), again.text)];
    texts.push(("the invoice".to_owned(), browser.get(&format!("/invoices/{invoice}")).await.shown().text));
    for path in plain_pages() {
        texts.push((path.to_owned(), browser.get(path).await.text));
        let asked = format!("{path}?q={}&next={}", "%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cimg%20src=x%3E");
        texts.push((asked.clone(), browser.get(&asked).await.text));
        texts.push((format!("{asked} for a stranger"), site.browser().get(&asked).await.text));
    }
    for (path, text) in texts {
        assert!(!text.contains("<script>alert") && !text.contains("<img"), "{path}: {text}");
    }
    site.stop().await;
}

#[tokio::test]
async fn every_page_has_its_headers() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Admin).await;
    for path in plain_pages().chain(["/nowhere"]) {
        let page = browser.get(path).await;
        let header = |name: &str| page.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert!(!page.has(" style=") && !page.has("onclick=") && !page.has("<style"), "{path} has style or script inside");
        assert!(!page.has("=\"https://") && !page.has("=\"http://"), "{path} loads from elsewhere");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_page_weighs_little_and_its_files_are_kept() {
    const MOST: usize = 150_000;
    let site = Site::open().await;
    let mut browser = site.as_a(Role::Admin).await;
    let page = browser.get("/").await.shown();
    let mut weight = page.text.len();
    let addresses: Vec<&str> = page.text.split("=\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(addresses.len(), 4, "{addresses:?}");
    for address in addresses {
        let file = browser.get(&format!("/assets/{address}")).await.shown();
        assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable");
        weight += file.text.len();
        let name = address.split('/').nth(1).unwrap();
        let old = browser.get(&format!("/assets/000000000000/{name}")).await.shown();
        assert_eq!(old.headers["cache-control"], "no-cache");
    }
    assert!(weight <= MOST, "{weight} bytes");
    assert_eq!(browser.get("/assets/0/etc%2Fpasswd").await.status, 404);
    site.stop().await;
}

#[tokio::test]
async fn language_and_colours_are_chosen_and_kept() {
    let site = Site::open().await;
    let mut stranger = site.browser();
    site.person("Kari", &[(&site.company, Role::ReadOnly)]).await;
    assert!(stranger.get("/sign-in").await.shown().has("<html lang=\"nb\" data-theme=\"auto\">"));
    let chosen = [("language", "en"), ("back", "/sign-in?next=%2Fusers")];
    stranger.post("/sign-in", "/tastes", &chosen).await.leads_to("/sign-in?next=%2Fusers");
    stranger.post("/sign-in", "/tastes", &[("theme", "dark"), ("back", "//evil.example")]).await.leads_to("/");
    assert!(stranger.get("/sign-in").await.shown().has("<html lang=\"en\" data-theme=\"dark\">"));

    let mut browser = site.as_a(Role::ReadOnly).await;
    browser.post("/", "/tastes", &[("language", "nb"), ("theme", "light"), ("back", "/account")]).await.leads_to("/account");
    browser.cookies.retain(|name, _| name == "kvitt");
    assert!(browser.get("/").await.shown().has("<html lang=\"nb\" data-theme=\"light\">"), "it is kept with the person");
    site.stop().await;
}

#[tokio::test]
async fn what_goes_wrong_has_a_page_and_an_id() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    for (path, status, words) in [("/users", 403, "No access"), ("/nowhere", 404, "siden")] {
        let page = browser.get(path).await;
        assert_eq!(page.status, status, "{path}");
        let id = page.headers["x-request-id"].to_str().unwrap().to_owned();
        assert!(page.has(words) && page.has(&id), "{path}: {}", page.text);
    }
    // A program hears as programs do.
    let answer = browser.ask(Method::GET, "/v1/nowhere").header("accept", "application/json").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    site.stop().await;
}

/// Every `t("…")`, `with("…")` of templates and pages has its words, and every word of the pages is used.
#[test]
fn every_word_of_the_pages_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["templates", "templates/part", "src/web", "src/web/invoice", "src/web/reports", "src/web/sandbox"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            texts.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    let mut lacking = Vec::new();
    for (path, text) in &texts {
        // A name that only ends like one of these is another function.
        let text = text.replace("asset(\"", "");
        for call in ["t(\"", "with(\"", "with_two(\"", "text(\"", "email(\"", "password(\"", "choice(\""] {
            for rest in text.split(call).skip(1) {
                // The second argument of a field is its label.
                let mut arguments = rest.split('"').step_by(2);
                let key = match call {
                    "t(\"" | "with(\"" | "with_two(\"" => arguments.next(),
                    _ => rest.split("\", \"").nth(1).and_then(|rest| rest.split('"').next()),
                };
                let Some(key) = key.filter(|key| key.contains('.') && !key.contains(['{', '<', ' '])) else { continue };
                if !Language::English.has(&format!("web.{key}")) {
                    lacking.push(format!("{path}: web.{key}"));
                }
            }
        }
    }
    assert!(lacking.is_empty(), "\n{}", lacking.join("\n"));
    let computed = [
        "nav.",
        "flash.",
        "error.title",
        "users.role.",
        "invoices.show.",
        "money.short.",
        "invoice.fact.",
        "invoice.stands.",
        "invoice.act.",
        "payments.show.",
        "settings.order.",
        "agreements.step.",
        "agreements.wait.",
        "agreements.kind.",
        "dashboard.owed.of",
        "dashboard.overdue",
        "dashboard.todo.",
        "report.",
        "price.item.",
        "lasting.",
        "bulk.stands.",
        "bulk.title.",
        "bulk.act.",
        "sandbox.show.",
        "sandbox.who.",
        "sandbox.way.",
        "sandbox.day.",
        "sandbox.fault.",
        "sandbox.party.",
        "sandbox.seen.",
        "sandbox.moved.",
    ];
    let unused: Vec<&str> = Language::English
        .keys()
        .filter_map(|key| key.strip_prefix("web."))
        .filter(|key| !computed.iter().any(|begins| key.starts_with(begins)))
        .filter(|key| !texts.iter().any(|(_, text)| text.contains(&format!("\"{key}\""))))
        .collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}
