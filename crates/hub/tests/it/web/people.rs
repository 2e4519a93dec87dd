//! People: the first visit, signing in and out, invitations, roles, and that every change has a name.

use kvitt_domain::person::Role;
use kvitt_hub::actions::begin;
use kvitt_hub::actions::change_people::{PeopleAnswer, PeopleAsk, ask};
use kvitt_hub::actions::sign_in::{IDLE, LONGEST};
use kvitt_hub::store::session::Session;
use kvitt_hub::store::{event, session};
use kvitt_hub::vault::sha256;

use super::{PASSWORD, Site};

#[tokio::test]
async fn whoever_has_the_code_is_the_first() {
    let site = Site::open().await;
    let code = begin::code(&site.hub).await.unwrap().unwrap();
    assert_eq!(begin::code(&site.hub).await.unwrap().as_ref(), Some(&code), "it stays the same until it is used");
    let mut browser = site.browser();
    browser.get("/sign-in").await.leads_to("/first-run");
    let good = [
        ("code", code.as_str()),
        ("name", "Eva"),
        ("email", "Eva@Fjordvik.example"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    let with =
        |name: &str, value: &'static str| good.map(|(known, its)| if known == name { (known, value) } else { (known, its) });
    for (name, value, words) in [
        ("code", "AAAA-BBBB-CCCC", "ikke den som Kvitt skrev ut"),
        ("name", " ", "Fyll ut dette feltet"),
        ("email", "eva", "e-post"),
        ("password", "kort", "minst 12"),
        ("again", "noe annet enn det", "ikke like"),
    ] {
        let page = browser.post("/first-run", "/first-run", &with(name, value)).await;
        assert!(page.status == 422 && page.has(words), "{name}: {}", page.text);
        assert!(page.has(&format!("id=\"{name}-fault\"")) && page.has("aria-invalid"), "{name}: {}", page.text);
        assert!(!page.has(PASSWORD), "a password is not given back");
    }
    let page = browser.post("/first-run", "/first-run", &good).await;
    page.leads_to("/");
    let home = browser.get("/").await.shown();
    assert!(home.has("Velkommen til Kvitt") && home.has("TEST"), "{}", home.text);
    assert!(!browser.get("/").await.has("Velkommen til Kvitt"), "it is said once");
    // Whoever comes second, with the same code too, comes too late.
    let mut second = site.browser();
    second.get("/first-run").await.leads_to("/");
    let token = second.get("/sign-in").await.token();
    let mut fields = vec![("token", token.as_str())];
    fields.extend(good);
    assert_eq!(second.send("/first-run", &fields).await.status, 422);
    assert_eq!(begin::code(&site.hub).await.unwrap(), None);
    site.stop().await;
}

#[tokio::test]
async fn people_sign_in_and_out() {
    let site = Site::open().await;
    site.person("Eva", &[(&site.company, Role::Admin)]).await;
    site.person("Lone", &[]).await;
    let mut browser = site.browser();
    let refused = |email: &'static str, password: &'static str| [("email", email), ("password", password), ("next", "/users")];
    let wrong = browser.post("/sign-in", "/sign-in", &refused("eva@fjordvik.example", "noe helt annet")).await;
    assert_eq!(wrong.status, 422);
    for (email, password) in [("nobody@fjordvik.example", PASSWORD), ("lone@fjordvik.example", PASSWORD)] {
        let unknown = browser.post("/sign-in", "/sign-in", &refused(email, password)).await;
        assert_eq!(unknown.text.replace(email, "eva@fjordvik.example"), wrong.text, "nobody learns who is here");
    }
    browser.post("/sign-in", "/sign-in", &refused(" EVA@fjordvik.example", PASSWORD)).await.leads_to("/users");
    browser.get("/users").await.shown();
    browser.get("/sign-in").await.leads_to("/");
    let cookies = browser.cookies.clone();
    browser.post("/users", "/sign-out", &[]).await.leads_to("/sign-in");
    assert!(!browser.cookies.contains_key("kvitt"));
    browser.cookies = cookies;
    browser.get("/users").await.leads_to("/sign-in?next=%2Fusers");
    site.stop().await;
}

#[tokio::test]
async fn whoever_guesses_is_held_up() {
    let site = Site::open().await;
    site.person("Eva", &[(&site.company, Role::Admin)]).await;
    let mut browser = site.browser();
    let token = browser.get("/sign-in").await.token();
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let fields = [("token", token.as_str()), ("email", "eva@fjordvik.example"), ("password", "feil")];
        statuses.push(browser.send("/sign-in", &fields).await.status);
    }
    assert!(statuses[..10].iter().all(|status| *status == 422) && statuses[11] == 429, "{statuses:?}");
    site.stop().await;
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let site = Site::open().await;
    let eva = site.person("Eva", &[(&site.company, Role::Admin)]).await;
    let now = site.hub.clock().machine_ms();
    let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap();
    for (token, begun_at, seen_at, is_in) in [
        ("fresh", now, now, true),
        ("resting", now - ms(IDLE) + 60_000, now - ms(IDLE) + 60_000, true),
        ("idle", now - ms(IDLE) - 1, now - ms(IDLE) - 1, false),
        ("old", now - ms(LONGEST) - 1, now, false),
    ] {
        let session = Session {
            digest: sha256(token.as_bytes()),
            person: eva.clone(),
            company: site.company.id.clone(),
            begun_at,
            seen_at,
        };
        site.hub
            .write(move |tx| {
                let session = session.clone();
                Box::pin(async move { session::insert(tx, &session).await })
            })
            .await
            .unwrap();
        let mut browser = site.browser();
        browser.cookies.insert("kvitt".into(), token.into());
        assert_eq!(browser.get("/").await.status == 200, is_in, "{token}");
    }
    let rested = session::by_token(&mut site.hub.db().read().await.unwrap(), &sha256(b"resting")).await.unwrap().unwrap();
    assert!(rested.seen_at >= now, "whoever comes back is seen");
    site.stop().await;
}

#[tokio::test]
async fn people_are_invited_changed_and_removed() {
    let site = Site::open().await;
    let eva = site.person("Eva", &[(&site.company, Role::Admin)]).await;
    let mut admin = site.signed_in(&eva, &site.company).await;
    let fields = [("name", "Ola"), ("email", "Ola@Fjordvik.example"), ("role", "invoicing")];
    let first = link_in(&admin.post("/users", "/users", &fields).await.shown().text);
    let second = link_in(&admin.post("/users", "/users", &fields).await.shown().text);
    assert!(admin.get("/users").await.has("ola@fjordvik.example"));
    let mut ola = site.browser();
    assert_eq!(ola.get(&first).await.status, 410, "a new link ends the one before");
    assert_eq!(ola.get("/invitation/anything").await.status, 410);
    let page = ola.get(&second).await.shown();
    assert!(page.has("Fjord &#38; Vik AS") && page.has("Eva"), "{}", page.text);
    let short = ola.post(&second, &second, &[("password", "kort"), ("again", "kort")]).await;
    assert_eq!(short.status, 422);
    ola.post(&second, &second, &[("password", PASSWORD), ("again", PASSWORD)]).await.leads_to("/");
    ola.get("/").await.shown();
    assert_eq!(ola.get("/users").await.status, 403);
    assert_eq!(ola.get(&second).await.status, 410, "it counts once");
    let known = admin.post("/users", "/users", &fields).await;
    assert!(known.status == 422 && known.has("email-fault"), "{}", known.text);

    let list = admin.get("/users").await.shown().text;
    let id = list
        .split("/users/")
        .skip(1)
        .map(|rest| rest.split('/').next().unwrap())
        .find(|id| *id != eva && id.len() == 36)
        .unwrap()
        .to_owned();
    admin.post("/users", &format!("/users/{id}/role"), &[("role", "admin")]).await.leads_to("/users");
    ola.get("/users").await.shown();
    admin.post("/users", &format!("/users/{id}/role"), &[("role", "read_only")]).await.leads_to("/users");
    assert_eq!(ola.get("/users").await.status, 403);
    let last = admin.post("/users", &format!("/users/{eva}/remove"), &[]).await;
    assert!(last.status == 422, "the last administrator stays: {last:?}");
    assert_eq!(admin.post("/users", &format!("/users/{eva}/role"), &[("role", "read_only")]).await.status, 422);
    admin.post("/users", &format!("/users/{id}/remove"), &[]).await.leads_to("/users");
    ola.get("/").await.leads_to("/sign-in");

    let mut db = site.hub.db().read().await.unwrap();
    let told = event::after(&mut db, &site.company.id, &site.company.key, 0, 100).await.unwrap();
    let told: Vec<(&str, &str)> = told
        .iter()
        .filter(|event| event.kind.starts_with("user."))
        .map(|event| (event.kind.as_str(), event.payload["by"].as_str().unwrap()))
        .collect();
    let by = "Eva (eva@fjordvik.example)";
    let kinds = ["user.invited", "user.invited", "user.joined", "user.role_changed", "user.role_changed", "user.removed"];
    assert_eq!(told, kinds.map(|kind| (kind, by)));
    drop(db);
    site.stop().await;
}

/// The path of the link that a page shows.
fn link_in(text: &str) -> String {
    let (_, rest) = text.split_once("/invitation/").unwrap_or_else(|| panic!("no link in {text}"));
    format!("/invitation/{}", rest.split('<').next().unwrap())
}

/// Whoever may invite nobody any more has invited nobody: a link that they kept lets nobody in. Those of others stay.
#[tokio::test]
async fn invitations_end_with_the_right_to_invite() {
    let site = Site::open().await;
    let (eva, ola) =
        (site.person("Eva", &[(&site.company, Role::Admin)]).await, site.person("Ola", &[(&site.company, Role::Admin)]).await);
    let (mut of_eva, mut of_ola) = (site.signed_in(&eva, &site.company).await, site.signed_in(&ola, &site.company).await);
    let mut links = Vec::new();
    for (is_by_eva, name) in [(true, "Kari"), (false, "Nils"), (false, "Turid")] {
        let browser = if is_by_eva { &mut of_eva } else { &mut of_ola };
        let email = format!("{}@fjordvik.example", name.to_lowercase());
        let fields = [("name", name), ("email", &email), ("role", "invoicing")];
        links.push(link_in(&browser.post("/users", "/users", &fields).await.shown().text));
    }
    let statuses = async |site: &Site| {
        let mut found = Vec::new();
        for link in &links {
            found.push(site.browser().get(link).await.status);
        }
        found
    };
    assert_eq!(statuses(&site).await, [200, 200, 200]);
    of_eva.post("/users", &format!("/users/{ola}/role"), &[("role", "invoicing")]).await.leads_to("/users");
    assert_eq!(statuses(&site).await, [200, 410, 410]);
    assert!(of_eva.get("/users").await.shown().has("Kari"));
    site.stop().await;
}

#[tokio::test]
async fn one_person_uses_several_companies() {
    let site = Site::open().await;
    let eva = site.person("Eva", &[(&site.company, Role::ReadOnly), (&site.other, Role::Admin)]).await;
    let mut browser = site.signed_in(&eva, &site.company).await;
    assert_eq!(browser.get("/users").await.status, 403);
    browser.post("/", "/company", &[("company", &site.other.id)]).await.leads_to("/");
    assert!(browser.get("/users").await.shown().has("Nordlys Kraft AS"));
    assert_eq!(browser.post("/", "/company", &[("company", "01936000-0000-7000-8000-000000000001")]).await.status, 404);
    // An invitation to a company of theirs asks for the password that they have.
    let PeopleAnswer::Link(link) = ask(
        &site.hub,
        PeopleAsk::Add {
            company: Some(super::ORG.into()),
            name: "Per".into(),
            email: "per@fjordvik.example".into(),
            role: Role::Invoicing,
            by: "operator".into(),
        },
    )
    .await
    .unwrap() else {
        panic!("a link")
    };
    site.person("Per", &[(&site.other, Role::ReadOnly)]).await;
    let path = link[link.find("/invitation/").unwrap()..].to_owned();
    let mut per = site.browser();
    assert_eq!(per.post(&path, &path, &[("password", "en helt annen en")]).await.status, 422);
    per.post(&path, &path, &[("password", PASSWORD)]).await.leads_to("/");
    assert!(per.get("/").await.shown().has("name=\"company\""), "he can choose between two");
    site.stop().await;
}

#[tokio::test]
async fn a_new_password_signs_everybody_else_out() {
    let site = Site::open().await;
    let eva = site.person("Eva", &[(&site.company, Role::ReadOnly)]).await;
    let (mut here, mut there) = (site.signed_in(&eva, &site.company).await, site.signed_in(&eva, &site.company).await);
    const NEW: &str = "helt andre ord nå";
    let wrong = here.post("/account", "/account/password", &[("now", "feil"), ("password", NEW), ("again", "x")]).await;
    assert!(wrong.status == 422 && wrong.has("now-fault") && wrong.has("again-fault"), "{}", wrong.text);
    here.post("/account", "/account/password", &[("now", PASSWORD), ("password", NEW), ("again", NEW)])
        .await
        .leads_to("/account");
    here.get("/account").await.shown();
    there.get("/account").await.leads_to("/sign-in?next=%2Faccount");

    let reset = PeopleAsk::ResetPassword { email: "EVA@fjordvik.example".into() };
    let PeopleAnswer::Link(link) = ask(&site.hub, reset).await.unwrap() else { panic!("a link") };
    let path = link[link.find("/invitation/").unwrap()..].to_owned();
    let mut lost = site.browser();
    lost.post(&path, &path, &[("password", PASSWORD), ("again", PASSWORD)]).await.leads_to("/");
    lost.get("/").await.shown();
    here.get("/account").await.leads_to("/sign-in?next=%2Faccount");
    assert_eq!(site.browser().get(&path).await.status, 410, "it counts once");
    ask(&site.hub, PeopleAsk::ResetPassword { email: "nobody@fjordvik.example".into() }).await.unwrap_err();
    let PeopleAnswer::People(people) = ask(&site.hub, PeopleAsk::List).await.unwrap() else { panic!("people") };
    assert_eq!(people.len(), 1);
    site.stop().await;
}
