//! A company writes its first invoice in the browser, from the first visit to its credit note, on a hub that nobody has used before.

use super::driver::Browser;
use super::{DESKTOP, PASSWORD, axe, complaints, wait_until};
use crate::harness::Running;

/// Presses the button that sends the form in which a field is.
pub fn send(browser: &Browser, field: &str) {
    let script = format!(
        "const form = document.querySelector({field:?}).form; form.requestSubmit(form.querySelector('button.button--main'))"
    );
    browser.run(&script);
}

pub fn write_all(browser: &Browser, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        browser.write(&format!("[name={name}]"), value);
    }
}

#[test]
fn a_company_writes_its_first_invoice_and_credits_it() {
    let Some(browser) = Browser::start(DESKTOP) else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("hub");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("kvitt.toml"), "listen = \"127.0.0.1:0\"\n").unwrap();
    let hub = Running::ready(&data, &["serve"]);
    let (address, code) = (hub.address(), hub.said["first_run_code"].as_str().unwrap().to_owned());
    let page = |path: &str| browser.open(&format!("{address}{path}"));
    let shown = |script: &str| wait_until(&browser, &format!("return Boolean({script})"));
    let mut found = Vec::new();
    let mut look = |name: &str| {
        if let Some(axe) = axe() {
            found.extend(complaints(&browser, &axe).into_iter().map(|one| format!("{name}: {one}")));
        }
    };

    page("/first-run");
    look("first run");
    let first =
        [("code", code.as_str()), ("org_number", "999001017"), ("company_name", "Nordlys Kraft AS"), ("name", "Eva Berg")];
    write_all(&browser, &first);
    write_all(&browser, &[("email", "eva@nordlys.example"), ("password", PASSWORD), ("again", PASSWORD)]);
    send(&browser, "[name=code]");
    browser.wait_for("nav .menu__group, .menu nav");

    page("/settings/invoicing");
    let sender = [
        ("bank_account", "99991001014"),
        ("sender_line1", "Kraftveien 1"),
        ("sender_postal_code", "8006"),
        ("sender_city", "Bodø"),
    ];
    write_all(&browser, &sender);
    send(&browser, "[name=bank_account]");
    browser.wait_for(".flash");

    page("/customers/new");
    let customer = [("name", "Kari Nordmann"), ("email", "kari@kunde.example"), ("postal_line1", "Storgata 1")];
    write_all(&browser, &customer);
    write_all(&browser, &[("postal_postal_code", "0155"), ("postal_city", "Oslo"), ("postal_country", "NO")]);
    send(&browser, "[name=name]");
    browser.wait_for(".head__acts button");

    // The sums follow what is typed, without a press.
    browser.follow(".head__acts button");
    browser.wait_for("#draft");
    write_all(&browser, &[("line_1_text", "Strøm"), ("line_1_quantity", "120"), ("line_1_price", "1,25")]);
    shown("document.querySelector('#live').innerText.includes('187,50')");
    look("draft");
    browser.follow("#draft button.button--main[value=final]");
    browser.wait_for("form[action$='/final'] button.button--main");
    assert!(browser.text("main").contains("10001") && browser.text("main").contains("187,50"), "{}", browser.text("main"));
    look("last look");
    browser.follow("form[action$='/final'] button.button--main");
    browser.wait_for("#ladder, #story");
    assert!(browser.text("h1").contains("10001"), "{}", browser.text("h1"));

    // All of it is credited: the next number of the series, and nothing is left.
    browser.follow("form[action='/drafts/credit'] button");
    browser.wait_for("#draft");
    browser.follow("#draft button.button--main[value=final]");
    browser.wait_for("form[action$='/final'] button.button--main");
    assert!(browser.text("main").contains("10002"), "{}", browser.text("main"));
    browser.follow("form[action$='/final'] button.button--main");
    browser.wait_for("#story");
    assert!(browser.text("h1").contains("10002"), "{}", browser.text("h1"));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
