//! Every door: without a session, with too small a role, without a token, from elsewhere, and with another company's things.

use kvitt_domain::person::Role;
use kvitt_hub::actions::api_keys::{self, KeyAsk};
use kvitt_hub::web::doors::{DOORS, Door, Opens};
use reqwest::Method;

use super::{Browser, Site};

/// What stands for the parameters of a path: things of the company whose pages are asked for, or nothing's.
fn path_of(door: &Door) -> String {
    let mut path = door.path.to_owned();
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, "01936000-0000-7000-8000-000000000001");
    }
    path
}

async fn knock(browser: &mut Browser, door: &Door, fields: &[(&str, &str)]) -> super::Page {
    match door.method {
        Method::GET => browser.get(&path_of(door)).await,
        _ => browser.send(&path_of(door), fields).await,
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_session() {
    let site = Site::open().await;
    let mut stranger = site.browser();
    stranger.get("/").await.leads_to("/first-run");
    site.person("Eva", &[(&site.company, Role::Admin)]).await;
    for door in DOORS.iter().filter(|door| door.opens != Opens::Anybody) {
        let page = knock(&mut stranger, door, &[]).await;
        let to = page.to.clone().unwrap_or_default();
        assert!(page.status == 303 && to.starts_with("/sign-in"), "{} {}: {page:?}", door.method, door.path);
        assert!(page.text.is_empty(), "{} {}", door.method, door.path);
    }
    stranger.cookies.insert("kvitt".into(), "x".repeat(43));
    stranger.get("/users").await.leads_to("/sign-in?next=%2Fusers");
    site.stop().await;
}

#[tokio::test]
async fn every_door_wants_its_role() {
    let site = Site::open().await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, site.as_a(role).await));
    }
    for door in DOORS {
        let Opens::To(least) = door.opens else { continue };
        for (role, browser) in &mut people {
            // Without a token nothing is changed, and nobody is signed out.
            let page = knock(browser, door, &[]).await;
            let is_in = *role >= least;
            match (is_in, door.method == Method::GET) {
                (false, _) => assert_eq!(page.status, 403, "{} {} as {role:?}", door.method, door.path),
                (true, true) => {
                    assert!(matches!(page.status, 200 | 303 | 404), "{} {} as {role:?}: {page:?}", door.method, door.path)
                }
                (true, false) => assert!(page.has("Open the page again"), "{} {} as {role:?}: {page:?}", door.method, door.path),
            }
        }
    }
    site.stop().await;
}

#[tokio::test]
async fn every_form_wants_its_token_and_comes_from_here() {
    let site = Site::open().await;
    let id = site.person("Eva", &[(&site.company, Role::Admin), (&site.other, Role::Admin)]).await;
    let mut browser = site.signed_in(&id, &site.company).await;
    let mut elsewhere = site.signed_in(&id, &site.other).await;
    let token = browser.get("/users").await.token();
    let of_other = elsewhere.get("/users").await.token();
    assert_ne!(token, of_other);
    let mut stranger = site.browser();
    let of_stranger = stranger.get("/sign-in").await.token();
    for door in DOORS.iter().filter(|door| door.method != Method::GET) {
        for wrong in ["", "x", &of_other, &of_stranger] {
            let page = knock(&mut browser, door, &[("token", wrong)]).await;
            assert_eq!(page.status, 403, "{} with {wrong:?}: {page:?}", door.path);
        }
        let body = format!("token={token}");
        for (name, value) in
            [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
        {
            let request = browser.ask(door.method.clone(), &path_of(door)).header(name, value);
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.clone());
            assert_eq!(request.send().await.unwrap().status(), 403, "{} from {value}", door.path);
        }
    }
    // Nothing of it ended the session or changed anything.
    browser.get("/users").await.shown();
    site.stop().await;
}

/// A door with a parameter, tried with another company's thing.
struct Tried {
    door: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
    /// The statuses that say so.
    becomes: &'static [u16],
}

/// It is not there, or is no such thing of the company's.
const NOT_THERE: &[u16] = &[404, 422];

const TRIED: &[Tried] = &[
    Tried { door: "/users/{person}/role", path: "/users/{them}/role", fields: &[("role", "read_only")], becomes: NOT_THERE },
    Tried { door: "/users/{person}/remove", path: "/users/{them}/remove", fields: &[], becomes: NOT_THERE },
    Tried { door: "/invoices/{id}", path: "/invoices/{invoice}", fields: &[], becomes: NOT_THERE },
    Tried { door: "/invoices/{id}", path: "/invoices/SECRET-7", fields: &[], becomes: NOT_THERE },
    Tried { door: "/invoices/{id}/files/{number}", path: "/invoices/{invoice}/files/1", fields: &[], becomes: NOT_THERE },
    Tried { door: "/invoices/{id}/files/{number}", path: "/invoices/{invoice}/files/pdf", fields: &[], becomes: NOT_THERE },
    Tried {
        door: "/invoices/{id}/reroute",
        path: "/invoices/{invoice}/reroute",
        fields: &[("to", "a@a.example")],
        becomes: NOT_THERE,
    },
    Tried {
        door: "/invoices/{id}/decide",
        path: "/invoices/{invoice}/decide",
        fields: &[("what", "cancel")],
        becomes: NOT_THERE,
    },
    Tried {
        door: "/payments/{id}/decide",
        path: "/payments/{payment}/decide",
        fields: &[("decision", "dismiss")],
        becomes: NOT_THERE,
    },
    Tried {
        door: "/payments/invoices/{id}/settle",
        path: "/payments/invoices/{invoice}/settle",
        fields: &[("settling", "close")],
        becomes: NOT_THERE,
    },
    Tried { door: "/webhooks/{id}", path: "/webhooks/{hook}", fields: &[], becomes: NOT_THERE },
    Tried { door: "/webhooks/{id}/{what}", path: "/webhooks/{hook}/remove", fields: &[], becomes: NOT_THERE },
    Tried { door: "/webhooks/{id}/{what}", path: "/webhooks/{hook}/rotate", fields: &[], becomes: NOT_THERE },
    Tried { door: "/webhooks/{id}/{what}", path: "/webhooks/{hook}/test", fields: &[], becomes: NOT_THERE },
    Tried { door: "/webhooks/{id}/{what}", path: "/webhooks/{hook}/enable", fields: &[], becomes: NOT_THERE },
    Tried { door: "/api-keys/{id}/rotate", path: "/api-keys/{key}/rotate", fields: &[], becomes: NOT_THERE },
    Tried { door: "/api-keys/{id}/revoke", path: "/api-keys/{key}/revoke", fields: &[], becomes: NOT_THERE },
    Tried { door: "/jobs/{id}/unstick", path: "/jobs/{job}/unstick", fields: &[], becomes: NOT_THERE },
    Tried { door: "/customers/{number}", path: "/customers/150000", fields: &[("name", "Mine")], becomes: NOT_THERE },
    Tried { door: "/projects/{number}", path: "/projects/5000", fields: &[("name", "Mine")], becomes: NOT_THERE },
    Tried {
        door: "/products/{number}",
        path: "/products/77",
        fields: &[("name", "Mine"), ("vat_code", "3")],
        becomes: NOT_THERE,
    },
    Tried { door: "/drafts/{id}", path: "{draft}", fields: &[("version", "1"), ("do", "save")], becomes: NOT_THERE },
    Tried { door: "/drafts/{id}/live", path: "{draft}/live", fields: &[], becomes: NOT_THERE },
    Tried {
        door: "/drafts/{id}/repeat",
        path: "{draft}/repeat",
        fields: &[("every_months", "1"), ("first_on", "2026-11-01")],
        becomes: NOT_THERE,
    },
    Tried { door: "/recurring/{id}/end", path: "/recurring/{again}/end", fields: &[("version", "1")], becomes: NOT_THERE },
    Tried { door: "/bulk/{id}", path: "{bulk}", fields: &[], becomes: NOT_THERE },
    Tried { door: "/bulk/{id}/{what}", path: "{bulk}/begin", fields: &[], becomes: NOT_THERE },
    Tried { door: "/bulk/{id}/{what}", path: "{bulk}/stop", fields: &[], becomes: NOT_THERE },
    Tried { door: "/bulk/{id}/{what}", path: "{bulk}/forget", fields: &[], becomes: NOT_THERE },
    Tried { door: "/sandbox/letters/{id}", path: "/sandbox/letters/1", fields: &[], becomes: NOT_THERE },
    Tried { door: "/sandbox/letters/{id}/files/{index}", path: "/sandbox/letters/1/files/0", fields: &[], becomes: NOT_THERE },
    Tried { door: "/drafts/{id}/copy", path: "{draft}/copy", fields: &[], becomes: NOT_THERE },
    Tried { door: "/drafts/{id}/discard", path: "{draft}/discard", fields: &[("version", "1")], becomes: NOT_THERE },
    Tried { door: "/drafts/{id}/files", path: "{draft}/files", fields: &[("version", "1")], becomes: NOT_THERE },
    Tried {
        door: "/drafts/{id}/files/{place}/remove",
        path: "{draft}/files/0/remove",
        fields: &[("version", "1")],
        becomes: NOT_THERE,
    },
    Tried { door: "/drafts/{id}/final", path: "{draft}/final", fields: &[("version", "1")], becomes: NOT_THERE },
    Tried { door: "/reports/{report}", path: "/reports/{invoice}", fields: &[], becomes: NOT_THERE },
    Tried { door: "/reports/{report}/csv", path: "/reports/{invoice}/csv", fields: &[], becomes: NOT_THERE },
    // An invitation that is not the company's is over for it: nothing is said of whether there is one.
    Tried {
        door: "/users/invitations/{id}/withdraw",
        path: "/users/invitations/{invited}/withdraw",
        fields: &[],
        becomes: &[303],
    },
];

/// Doors that open to anybody; their parameter is the secret.
const SECRETS: [&str; 1] = ["/invitation/{token}"];

#[tokio::test]
async fn another_companys_things_are_not_there() {
    let site = Site::open().await;
    let us = site.person("Eva", &[(&site.company, Role::Admin)]).await;
    let them = site.person("Kari", &[(&site.other, Role::Admin)]).await;
    let mut other = site.signed_in(&them, &site.other).await;
    let fields = [("name", "Ola Secret"), ("email", "ola@nordlys.example"), ("role", "invoicing")];
    other.post("/users", "/users", &fields).await.shown();
    let list = other.get("/users").await.shown();
    let invited = list.text.split("/users/invitations/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let invoice = site.invoice_of_other("SECRET-7").await;
    let hook = site.hook_of_other().await;
    let key = KeyAsk::Create { name: "Secret".into(), scopes: vec![], by: "Kari".into() };
    let key = api_keys::ask(&site.hub, &site.other, key).await.unwrap().keys.remove(0).id;
    let job = uuid::Uuid::now_v7().to_string();
    for (page, fields) in [
        ("/customers", &[("name", "Secret kunde"), ("number", "150000")] as &[(&str, &str)]),
        ("/projects", &[("name", "Secret prosjekt"), ("number", "5000")]),
        ("/products", &[("name", "Secret vare"), ("number", "77"), ("vat_code", "3")]),
    ] {
        assert_eq!(other.post(&format!("{page}/new"), page, fields).await.status, 303, "{page}");
    }
    let draft = other.post("/drafts", "/drafts", &[("customer", "150000")]).await.to.unwrap();
    let terms = [("every_months", "1"), ("first_on", "2036-11-01")];
    assert_eq!(other.post(&draft, &format!("{draft}/repeat"), &terms).await.status, 303);
    let list = other.get("/recurring").await.shown();
    let again = list.text.split("action=\"/recurring/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let many = [("act", "resend"), ("scope", "chosen"), ("id", invoice.as_str())];
    let bulk = other.post("/invoices", "/bulk", &many).await.to.unwrap();
    let mut browser = site.signed_in(&us, &site.company).await;
    let token = browser.get("/users").await.token();
    for door in DOORS.iter().filter(|door| door.path.contains('{') && !SECRETS.contains(&door.path)) {
        let tried: Vec<_> = TRIED.iter().filter(|tried| tried.door == door.path).collect();
        assert!(!tried.is_empty(), "{} is not tried with another company's thing", door.path);
        for Tried { path, fields, becomes, .. } in tried {
            let path = path
                .replace("{them}", &them)
                .replace("{invited}", &invited)
                .replace("{invoice}", &invoice)
                .replace("{hook}", &hook)
                .replace("{key}", &key)
                .replace("{job}", &job)
                .replace("{payment}", &job)
                .replace("{bulk}", &bulk)
                .replace("{draft}", &draft)
                .replace("{again}", &again);
            let page = match door.method {
                Method::GET => browser.get(&path).await,
                _ => {
                    let mut with_token = vec![("token", token.as_str())];
                    with_token.extend_from_slice(fields);
                    browser.send(&path, &with_token).await
                }
            };
            assert!(becomes.contains(&page.status), "{} {path}: {}", door.method, page.status);
            assert!(!page.has("Kari") && !page.has("Secret"), "{path}: {}", page.text);
        }
    }
    assert!(other.get(&draft).await.shown().has("150000") && other.get("/customers").await.has("Secret kunde"));
    let after = other.get("/users").await.shown();
    assert!(after.has("Kari") && after.has("Ola Secret") && after.has("value=\"admin\" selected"), "{}", after.text);
    site.stop().await;
}
