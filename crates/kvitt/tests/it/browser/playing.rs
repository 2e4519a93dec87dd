//! A newcomer plays the whole life of invoices in a browser, with the sandbox's own page: made ready by one press, sent by every way,
//! paid, matched by hand, credited, sent again many at a time, taken over from another provider.

use std::path::Path;

use super::driver::Browser;
use super::writing::{send, write_all};
use super::{DESKTOP, PASSWORD, axe, complaints, wait_until};
use crate::harness::{Running, Sandbox};

/// A hub on a sandbox, on which somebody has just begun.
struct Stage {
    browser: Browser,
    address: String,
    _sandbox: Sandbox,
    _hub: Running,
    found: Vec<String>,
}

impl Stage {
    /// The first visit to a hub whose sandbox plays everybody.
    fn begin(browser: Browser, folder: &Path, org_number: &str) -> Stage {
        let sandbox = Sandbox::start(&folder.join("sandbox"));
        let data = folder.join("hub");
        std::fs::create_dir_all(&data).unwrap();
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = format!("listen = \"{listen}\"\npublic_address = \"http://{listen}\"\n\n{}", sandbox.configuration());
        std::fs::write(data.join("kvitt.toml"), settings).unwrap();
        let hub = Running::ready(&data, &["serve"]);
        let stage = Stage { browser, address: hub.address(), _sandbox: sandbox, _hub: hub, found: Vec::new() };
        stage.open("/first-run");
        let code = stage._hub.said["first_run_code"].as_str().unwrap();
        let first = [("code", code), ("org_number", org_number), ("company_name", "Nordlys Kraft AS"), ("name", "Eva Berg")];
        write_all(&stage.browser, &first);
        write_all(&stage.browser, &[("email", "eva@nordlys.example"), ("password", PASSWORD), ("again", PASSWORD)]);
        send(&stage.browser, "[name=code]");
        stage.browser.wait_for(".menu nav");
        stage
    }

    fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.address));
        self.browser.wait_for("h1");
    }

    /// A picture of the page, where pictures are wanted.
    fn shoot(&self, name: &str) {
        if let Some(folder) = std::env::var_os("KVITT_SCREENS") {
            self.browser.picture(&Path::new(&folder).join(format!("{}.en.light.png", name.replace(' ', "-"))));
        }
    }

    /// axe's word on the page.
    fn look(&mut self, name: &str) {
        self.shoot(name);
        if let Some(axe) = axe() {
            self.found.extend(complaints(&self.browser, &axe).into_iter().map(|one| format!("{name}: {one}")));
        }
    }

    /// Moves the clock from the sandbox's page, and waits until both sides have done what was due.
    fn pass(&self, by: &str) {
        self.open("/sandbox");
        self.browser.follow(&format!("button[name=by][value={by}]"));
        wait_until(&self.browser, "return Boolean(document.querySelector('#console')) && !document.querySelector('progress')");
    }

    /// Sends the one line that a draft to somebody has; answers the invoice's path.
    fn send_to(&self, persona: &str) -> String {
        self.open("/sandbox");
        let script = format!("return Boolean(document.querySelector('[name=persona][value={persona}]'))");
        wait_until(&self.browser, &script);
        self.browser.run(&format!("document.querySelector('[name=persona][value={persona}]').form.requestSubmit()"));
        self.browser.wait_for("#draft");
        self.shoot("draft");
        self.browser.follow("#draft button.button--main[value=final]");
        self.browser.wait_for("form[action$='/final'] button.button--main");
        self.shoot("final");
        self.browser.follow("form[action$='/final'] button.button--main");
        self.browser.wait_for("#story");
        self.browser.address().strip_prefix(&self.address).unwrap().to_owned()
    }

    /// Waits until an invoice's page says something at its top.
    fn until(&self, invoice: &str, words: &str) {
        self.open(invoice);
        wait_until(&self.browser, &format!("return document.querySelector('#story').innerText.includes({words:?})"));
    }

    /// The customer pays, and time goes on until the bank has told of it.
    fn paid(&self, how: &str) {
        self.open("/sandbox?show=bank");
        self.browser.run(&format!("document.querySelector('[name=how]').value = {how:?}"));
        self.browser.follow("form[action='/sandbox/pay'] button");
        // Over a weekend the bank does nothing.
        (0..4).for_each(|_| self.pass("day"));
    }

    fn end(self) {
        assert!(self.found.is_empty(), "\n{}", self.found.join("\n"));
    }
}

#[test]
fn the_whole_life_of_an_invoice_is_played_in_the_sandbox() {
    let Some(browser) = Browser::start(DESKTOP) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::begin(browser, folder.path(), "999001017");
    stage.open("/sandbox");
    stage.look("sandbox not ready");
    stage.browser.follow("form[action='/sandbox/prepare'] button");
    stage.browser.wait_for(".flash");
    assert!(!stage.browser.has("form[action='/sandbox/prepare']"), "{}", stage.browser.text("main"));
    stage.look("sandbox");

    // By eFaktura: the ladder says so, the bank has it, and the customer pays.
    let invoice = stage.send_to("yestoall");
    stage.pass("hour");
    stage.open("/sandbox?show=bills");
    assert!(stage.browser.text("#console tbody").contains("ACCEPTED"), "{}", stage.browser.text("main"));
    stage.look("bills");
    stage.open(&invoice);
    assert!(stage.browser.text(".rung--chosen").contains("eFaktura"), "{}", stage.browser.text("main"));
    stage.paid("exact");
    stage.until(&invoice, "Paid");

    // By e-mail, and the letter can be read; paid without KID, a person gives the payment to its invoice.
    let invoice = stage.send_to("ordinary");
    stage.pass("hour");
    stage.open("/sandbox?show=mail");
    stage.look("mail");
    stage.browser.click("#console tbody th a");
    stage.browser.wait_for(".letter pre");
    assert!(stage.browser.text(".letter pre").contains("10002"), "{}", stage.browser.text("main"));
    stage.look("letter");
    stage.paid("no_kid");
    stage.open("/payments");
    stage.look("matching desk");
    stage.browser.follow(".suggestions button");
    stage.browser.wait_for(".flash");
    stage.until(&invoice, "Paid");

    // On paper, and credited.
    let invoice = stage.send_to("paper");
    (0..3).for_each(|_| stage.pass("day"));
    stage.open("/sandbox?show=paper");
    assert!(stage.browser.text("#console tbody").contains("10003"), "{}", stage.browser.text("main"));
    stage.look("paper");
    stage.open(&invoice);
    stage.browser.follow("form[action='/drafts/credit'] button");
    stage.browser.wait_for("#draft");
    stage.browser.follow("#draft button.button--main[value=final]");
    stage.browser.follow("form[action$='/final'] button.button--main");
    stage.until(&invoice, "Credited");
    stage.open("/sandbox?show=bank");
    stage.look("bank");
    stage.end();
}

#[test]
fn a_fault_is_switched_on_and_many_are_sent_again_at_once() {
    let Some(browser) = Browser::start(DESKTOP) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::begin(browser, folder.path(), "999001017");
    stage.open("/sandbox");
    stage.browser.follow("form[action='/sandbox/prepare'] button");
    stage.browser.wait_for(".flash");

    // Nobody can print these two, and they have no other way: both wait for a person. A third one goes out well.
    let parked = [stage.send_to("unprintable"), stage.send_to("unprintable")];
    // A print job closes on a working day, which the next one need not be.
    (0..3).for_each(|_| stage.pass("day"));
    stage.open("/sandbox?show=faults");
    stage.browser.run("document.querySelector('[name=fault][value=mail_busy]').form.querySelector('button').click()");
    wait_until(&stage.browser, "return Boolean(document.querySelector('.flash'))");
    assert!(stage.browser.has("button[value=off]"), "{}", stage.browser.text("main"));
    stage.look("faults");
    stage.browser.follow("button[value=off]");
    wait_until(&stage.browser, "return !document.querySelector('button[value=off]')");
    let sent = stage.send_to("ordinary");
    for invoice in &parked {
        stage.until(invoice, "Parked");
    }

    // All of the page: the look says which can and which cannot; then it is done, and one that cannot stops no other.
    stage.open("/invoices");
    stage.look("list");
    stage.browser.click("[data-all]");
    assert_eq!(stage.browser.run("return document.querySelectorAll('[name=id]:checked').length"), 3);
    stage.browser.follow(".many button");
    stage.browser.wait_for("#bulk");
    stage.look("what would happen");
    assert!(stage.browser.text("#bulk").contains("cannot"), "{}", stage.browser.text("main"));
    if stage.browser.has("form[action$='/begin']") {
        stage.browser.follow("form[action$='/begin'] button");
        wait_until(&stage.browser, "return document.querySelector('#bulk').innerText.includes('Finished.')");
        stage.look("what became of them");
        assert!(stage.browser.text("#bulk").contains("1 failed"), "{}", stage.browser.text("main"));
    }
    stage.open(&sent);
    stage.end();
}

#[test]
fn an_agreement_is_taken_over_from_another_provider() {
    let Some(browser) = Browser::start(DESKTOP) else { return };
    let folder = tempfile::tempdir().unwrap();
    // docs/sandbox.md: another provider's issuer, whose take-over is taken at once.
    let mut stage = Stage::begin(browser, folder.path(), "810000104");
    stage.open("/agreements/order");
    stage.look("wizard");
    write_all(&stage.browser, &[("signer_name", "Kari Nordmann"), ("signer_email", "kari@nordlys.example")]);
    stage.browser.click("#terms");
    stage.browser.follow("form[action='/agreements/order'] button.button--main");
    let link = "return document.querySelector('.advice a[href*=\"/signing/\"]')?.getAttribute('href') || ''";
    let begun = std::time::Instant::now();
    let address = loop {
        stage.open("/agreements");
        match stage.browser.run(link).as_str().unwrap() {
            "" => assert!(begun.elapsed().as_secs() < 20, "{}", stage.browser.text("main")),
            address => break address.to_owned(),
        }
    };
    stage.look("waits for a signature");
    stage.browser.open(&address);
    stage.browser.follow("form[action$='/signed'] button");
    stage.browser.wait_for("[role=status]");
    stage.pass("day");
    stage.open("/agreements");
    assert!(stage.browser.text("main").contains("Active"), "{}", stage.browser.text("main"));
    stage.look("taken over");
    stage.end();
}
