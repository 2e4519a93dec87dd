//! Reports as pages and files: what they show, that they teach while there is nothing, and that no company sees another's.

use jiff::civil::date;
use kvitt_domain::person::Role;
use kvitt_domain::report::{Asked, Preset, Report};
use kvitt_hub::desk::{Answer, Ask};
use kvitt_hub::web::reports::json;

use super::Site;

/// The invoices of this site are of November 2026.
const NOVEMBER: &str = "from=2026-11-01&to=2026-11-30";

#[tokio::test]
async fn every_report_teaches_while_it_is_empty() {
    let site = Site::open().await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    let list = browser.get("/reports").await.shown();
    for report in Report::ALL {
        let path = format!("/reports/{}", report.name());
        assert!(list.has(&format!("href=\"{path}\"")), "{path}");
        let page = browser.get(&path).await.shown();
        assert!(page.has("Nothing in this period") && !page.has("<table"), "{path}: {}", page.text);
        let file = browser.get(&format!("{path}/csv")).await.shown();
        assert!(file.text.starts_with('\u{feff}') && file.text.lines().count() == 1, "{path}: {}", file.text);
        assert!(file.headers["content-disposition"].to_str().unwrap().contains("attachment; filename=\"kvitt-"));
    }
    site.stop().await;
}

#[tokio::test]
async fn reports_show_what_was_invoiced_and_nobody_elses() {
    let site = Site::open().await;
    for number in ["F-1", "F-2", "F-3"] {
        site.invoice(number).await;
    }
    site.invoice_of_other("SECRET-9").await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    let page = browser.get(&format!("/reports/invoices?{NOVEMBER}")).await.shown();
    assert!(page.has(">F-1</a>") && page.has(">F-3</a>") && !page.has("SECRET-9"), "{}", page.text);
    assert!(page.has("<svg class=\"chart\"") && page.has("19\u{a0}854,60"), "three times 6618.20: {}", page.text);
    assert!(!browser.get("/reports/invoices?from=2026-05-01&to=2026-05-31").await.shown().has("F-1"));
    assert!(browser.get(&format!("/reports/invoices?{NOVEMBER}&customer=bj%C3%B8rn")).await.shown().has("F-2"));
    assert!(!browser.get(&format!("/reports/invoices?{NOVEMBER}&customer=nobody")).await.shown().has("F-2"));
    let file = browser.get(&format!("/reports/invoices/csv?{NOVEMBER}")).await.shown();
    let lines: Vec<&str> = file.text.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "a head, three rows and nothing: {}", file.text);
    assert!(lines[0].starts_with("\u{feff}Number;Type;Date;") && lines[1].contains(";6618,20;"), "{}", file.text);
    let vat = browser.get(&format!("/reports/vat?{NOVEMBER}")).await.shown();
    assert!(vat.has("<tfoot>") && vat.has("NOK"), "{}", vat.text);
    let ageing = browser.get("/reports/ageing?to=2026-12-31").await.shown();
    assert!(ageing.has("Bjørn") && ageing.has("19\u{a0}854,60"), "{}", ageing.text);
    let shares = browser.get("/reports/shares?from=2026-01-01&to=2026-12-31").await.shown();
    assert!(shares.has("November 2026") && shares.has("100,0\u{a0}%"), "{}", shares.text);
    site.stop().await;
}

#[tokio::test]
async fn days_are_read_as_people_write_them() {
    let site = Site::open().await;
    site.invoice("F-1").await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    for (query, is_there) in [
        ("from=1.11.2026&to=30.11.2026", true),
        ("period=this_year", true),
        ("period=last_year", false),
        ("period=nonsense&from=2026-11-01&to=2026-11-30", true),
        ("from=2026-11-30&to=2026-11-01", false),
        ("from=soon&to=2026-11-30", true),
        ("from=10915596784&to=2026-11-30", true),
        ("after=nonsense", false),
        ("after=%27%0A%27", true),
    ] {
        let page = browser.get(&format!("/reports/invoices?{query}")).await;
        assert!(page.status < 500, "{query}: {}", page.text);
        if page.status == 200 {
            assert_eq!(page.has(">F-1</a>"), is_there, "{query}: {}", page.text);
        }
        assert!(!page.has("10915596784"));
    }
    assert_eq!(browser.get("/reports/pigeons").await.status, 404);
    site.stop().await;
}

/// What people wrote is neither HTML on the page nor a formula in the file.
#[tokio::test]
async fn names_are_no_html_and_no_formulas() {
    let site = Site::open().await;
    site.hostile_invoice("=1+<b>x</b>;\"").await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    let page = browser.get(&format!("/reports/invoices?{NOVEMBER}")).await.shown();
    assert!(!page.has("<b>x") && page.has("&#60;b&#62;x"), "{}", page.text);
    let file = browser.get(&format!("/reports/invoices/csv?{NOVEMBER}")).await.shown();
    assert!(file.has("\"'=1+<b>x</b>;\"\"\""), "{}", file.text);
    site.stop().await;
}

/// A fødselsnummer that a sender wrote into a name stands in no report: not on the page, not in the file, not in what programs read. What
/// folds to nothing finds nobody.
#[tokio::test]
async fn no_report_repeats_a_fodselsnummer() {
    let site = Site::open().await;
    site.hostile_invoice("Kari 10915596784").await;
    let mut browser = site.as_a(Role::ReadOnly).await;
    for path in ["/reports/invoices", "/reports/ageing", "/reports/invoices/csv", "/reports/ageing/csv"] {
        let page = browser.get(&format!("{path}?{NOVEMBER}")).await.shown();
        assert!(page.has("Kari") && !page.has("10915596784"), "{path}: {}", page.text);
    }
    for report in Report::ALL {
        let ask = Ask::Report {
            company: Some(super::ORG.into()),
            report,
            days: Asked { from: Some(date(2026, 11, 1)), to: Some(date(2026, 11, 30)), preset: None },
            customer: String::new(),
            project: String::new(),
            after: String::new(),
            limit: 9,
        };
        let answer = site.hub.answer(ask).await;
        assert!(!serde_json::to_string(&answer).unwrap().contains("10915596784"));
        let Answer::Report { chunk, .. } = answer else { panic!("{answer:?}") };
        let json: Vec<_> = chunk.rows.iter().map(|row| json(report, row).to_string()).collect();
        assert!(!json.join("").contains("10915596784"), "{json:?}");
    }
    for nobody in ["***", "10915596784", "%"] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("customer", nobody).finish();
        let page = browser.get(&format!("/reports/invoices?{NOVEMBER}&{query}")).await.shown();
        assert!(page.has("Nothing in this period") && !page.has("Kari"), "{nobody}: {}", page.text);
    }
    let refused = Ask::Report {
        company: Some(super::ORG.into()),
        report: Report::Ageing,
        days: Asked { preset: Some(Preset::LastYear), ..Asked::default() },
        customer: String::new(),
        project: String::new(),
        after: String::new(),
        limit: 9,
    };
    assert!(matches!(site.hub.answer(refused).await, Answer::Refused { .. }));
    site.stop().await;
}

/// A file of more rows than are read at once has every row once.
#[tokio::test]
async fn long_files_are_whole() {
    let site = Site::open().await;
    for number in 0..230 {
        site.invoice(&format!("N{number}")).await;
    }
    let mut browser = site.as_a(Role::ReadOnly).await;
    let (mut path, mut found) = (format!("/reports/invoices?{NOVEMBER}"), 0);
    for _ in 0..3 {
        let page = browser.get(&path).await.shown();
        found += page.text.matches("<a href=\"/invoices/").count();
        let Some(rest) = page.text.split("rel=\"next\" href=\"").nth(1) else { break };
        path = rest.split('"').next().unwrap().replace("&#38;", "&");
    }
    assert_eq!(found, 230);
    let file = browser.get(&format!("/reports/invoices/csv?{NOVEMBER}")).await.shown();
    assert_eq!(file.text.matches("\r\n").count(), 231);
    site.stop().await;
}
