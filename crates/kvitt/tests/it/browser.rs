//! The pages in a real browser, on the world of the demo: a person is invited, signs in, follows an invoice, switches language and
//! colours, uses the keyboard alone, and does without scripts; and axe finds nothing to complain of on any page.
//!
//! `KVITT_AXE` names a folder whose `node_modules` has `axe-core`; without it that part says that it is skipped, and
//! `KVITT_REQUIRE=axe` makes that a failure. `KVITT_SCREENS` names a folder that pictures of every page are written to.

mod driver;
mod playing;
mod writing;

use std::path::PathBuf;

use driver::{Browser, Like};

use crate::harness::{Running, kvitt};

/// The company of the demo that claims direct debits: it has something on every page.
const COMPANY: &str = "999004059";
const PASSWORD: &str = "fire ord på rad";
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const DESKTOP: Like = Like { size: (1360, 1000), script: true };

/// Every page of the menu, with the name of its picture.
const PAGES: [(&str, &str); 28] = [
    ("overview", "/"),
    ("invoices", "/invoices"),
    ("invoices-needed", "/invoices?show=needed"),
    ("payments", "/payments"),
    ("payments-placed", "/payments?state=matched"),
    ("events", "/events"),
    ("agreements", "/agreements"),
    ("agreement-order", "/agreements/order"),
    ("mandates", "/mandates"),
    ("drafts", "/drafts"),
    ("recurring", "/recurring"),
    ("customers", "/customers"),
    ("customer", "/customers/new"),
    ("projects", "/projects"),
    ("products", "/products"),
    ("invoicing", "/settings/invoicing"),
    ("settings", "/settings"),
    ("users", "/users"),
    ("api-keys", "/api-keys"),
    ("webhooks", "/webhooks"),
    ("jobs", "/jobs"),
    ("prices", "/settings/prices"),
    ("sandbox", "/sandbox"),
    ("sandbox-mail", "/sandbox?show=mail"),
    ("sandbox-bills", "/sandbox?show=bills"),
    ("sandbox-paper", "/sandbox?show=paper"),
    ("sandbox-bank", "/sandbox?show=bank"),
    ("sandbox-faults", "/sandbox?show=faults"),
];

/// The demo at work, and where its pages are.
struct World {
    _folder: tempfile::TempDir,
    _demo: Running,
    data: PathBuf,
    address: String,
}

impl World {
    fn open() -> World {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let demo = Running::ready(&data, &["demo"]);
        let mut world = World { _folder: folder, _demo: demo, data, address: String::new() };
        let link = world.invite("first@nordlys.example", "admin");
        world.address = link[..link.find("/invitation/").unwrap()].to_owned();
        world
    }

    /// A link for somebody new.
    fn invite(&self, email: &str, role: &str) -> String {
        let add = ["users", "add", email, "--name", "Eva Berg", "--role", role, "--by", "drift", "--company", COMPANY, "--json"];
        kvitt(&self.data, &add).with_code(0).json()["link"].as_str().unwrap().to_owned()
    }

    /// Somebody new, signed in.
    fn come_in(&self, browser: &Browser, email: &str, role: &str) {
        browser.open(&self.invite(email, role));
        browser.write("#password", PASSWORD);
        browser.write("#again", PASSWORD);
        browser.follow("form button.button--main");
        browser.wait_for("nav .menu__group, .menu nav");
    }

    fn page(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

#[test]
fn people_work_with_the_pages() {
    let Some(browser) = Browser::start(DESKTOP) else { return };
    let world = World::open();
    world.come_in(&browser, "eva@nordlys.example", "admin");
    assert!(browser.text(".ribbon").contains("TEST"));

    // The list is searched while one writes, without a press.
    browser.open(&world.page("/invoices"));
    let number = browser.text("tbody tr:nth-child(2) th a");
    browser.write("#q", &number);
    let only = format!(
        "return document.querySelectorAll('#list tbody tr').length === 1 && document.querySelector('#list tbody th a').textContent === {number:?}"
    );
    wait_until(&browser, &only);
    browser.click("#list tbody th a");
    browser.wait_for("#ladder");
    assert!(browser.text("h1").contains(&number));
    assert!(browser.has(".rung--chosen") && browser.has(".timeline .moment") && browser.has("object.pdf"));

    // Language and colours, from the person's own menu.
    browser.click(".me summary");
    browser.follow("button[lang=en]");
    browser.wait_for("html[lang=en]");
    browser.click(".me summary");
    browser.follow("button[value=dark]");
    browser.wait_for("html[data-theme=dark]");
    assert!(browser.address().contains("/invoices/"), "it comes back to where it was");

    with_the_keyboard_alone(&browser, &world);
    pages_are_sound(&browser, &world);
    without_scripts(&world);
}

fn wait_until(browser: &Browser, script: &str) {
    let begun = std::time::Instant::now();
    while browser.run(script) != serde_json::Value::Bool(true) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{script}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// From the top of a page to an invoice with Tab and Enter.
fn with_the_keyboard_alone(browser: &Browser, world: &World) {
    let focused = "const on = document.activeElement; return on.className + ' ' + (on.getAttribute('href') || '') + ' ' + on.id";
    browser.open(&world.page("/invoices"));
    browser.press(TAB);
    assert!(browser.run(focused).as_str().unwrap().starts_with("skip"), "the first stop leads to the content");
    let seen = browser.run("return getComputedStyle(document.activeElement).outlineStyle !== 'none'");
    assert_eq!(seen, true, "where one is can be seen");
    browser.press(ENTER);
    for _ in 0..20 {
        browser.press(TAB);
        if browser.run(focused).as_str().unwrap().contains("/invoices/") {
            browser.press(ENTER);
            browser.wait_for("#ladder");
            return;
        }
    }
    panic!("no invoice is reached by keyboard: {}", browser.run(focused));
}

/// axe on every page, light and dark, wide and narrow.
fn pages_are_sound(browser: &Browser, world: &World) {
    let axe = axe();
    let screens = std::env::var_os("KVITT_SCREENS").map(PathBuf::from);
    let mut pages: Vec<(String, String)> = PAGES.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect();
    browser.open(&world.page("/invoices"));
    let first = browser.run("return document.querySelector('#list tbody th a').getAttribute('href')");
    pages.insert(2, ("invoice".to_owned(), first.as_str().unwrap().to_owned()));
    let mut found = Vec::new();
    for (language, theme) in [("nb", "light"), ("nb", "dark"), ("en", "light"), ("en", "dark")] {
        browser.open(&world.page("/account"));
        browser.click(".me summary");
        browser.follow(&format!("button[lang={language}]"));
        browser.wait_for(&format!("html[lang={language}]"));
        browser.click(".me summary");
        browser.follow(&format!("button[value={theme}]"));
        browser.wait_for(&format!("html[data-theme={theme}]"));
        for (name, path) in &pages {
            browser.open(&world.page(path));
            browser.wait_for("h1");
            if let Some(folder) = &screens {
                browser.picture(&folder.join(format!("{name}.{language}.{theme}.png")));
            }
            if let Some(axe) = &axe {
                found.extend(complaints(browser, axe).into_iter().map(|one| format!("{name} {language} {theme}: {one}")));
            }
        }
    }
    browser.resize(400, 900);
    for (name, path) in &pages {
        browser.open(&world.page(path));
        let wide = browser.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth");
        if wide == true {
            found.push(format!("{name} is wider than a telephone"));
        }
        if let (Some(folder), true) = (&screens, matches!(name.as_str(), "overview" | "invoice")) {
            browser.picture(&folder.join(format!("{name}.phone.png")));
        }
    }
    browser.resize(1360, 1000);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// What axe says of the page: the rule, and where.
fn complaints(browser: &Browser, axe: &str) -> Vec<String> {
    browser.run(axe);
    let run = "const done = arguments[arguments.length - 1]; \
        axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }) \
        .then(found => done(found.violations.map(one => one.id + ': ' + one.nodes.map(node => node.target.join(' ')).join(', '))))";
    let found = browser.run_later(run);
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// axe's source, where this machine has it.
fn axe() -> Option<String> {
    let folder = std::env::var_os("KVITT_AXE").map(|folder| PathBuf::from(folder).join("node_modules/axe-core/axe.min.js"));
    if let Some(source) = folder.and_then(|file| std::fs::read_to_string(file).ok()) {
        return Some(source);
    }
    let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|what| what == "axe"), "KVITT_REQUIRE wants KVITT_AXE");
    println!("SKIPPED: no axe-core in KVITT_AXE; KVITT_REQUIRE=axe makes this a failure");
    None
}

/// Signing in, searching, opening an invoice and signing out, where no script runs.
fn without_scripts(world: &World) {
    let browser = Browser::start(Like { script: false, ..DESKTOP }).unwrap();
    world.come_in(&browser, "ola@nordlys.example", "invoicing");
    browser.open(&world.page("/invoices"));
    let number = browser.text("tbody tr:first-child th a");
    browser.write("#q", &number);
    browser.follow(".filter button");
    browser.wait_for("#list tbody tr:only-child");
    browser.click("#list tbody th a");
    browser.wait_for("#ladder");
    browser.click(".me summary");
    browser.follow("form[action='/sign-out'] button");
    browser.wait_for("form[action='/sign-in']");
    assert!(browser.text(".flash").contains("logget ut") || browser.text(".flash").contains("signed out"));
}
