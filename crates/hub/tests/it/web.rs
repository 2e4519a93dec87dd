//! The pages through their real front, as a browser without script asks for them: who gets in, what every door refuses, that nothing
//! people wrote becomes HTML, and what each page does.

mod desks;
mod doors;
mod following;
mod invoicing;
mod many;
mod pages;
mod people;
mod reports;

use std::collections::BTreeMap;

use kvitt_domain::Language;
use kvitt_domain::person::{Role, Theme};
use kvitt_hub::actions::accept_invoice::{HandedIn, accept_invoice};
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::actions::change_webhook::{self, NewWebhook};
use kvitt_hub::actions::sign_in::begin_session;
use kvitt_hub::config::WebConfig;
use kvitt_hub::hub::Running;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::person::Person;
use kvitt_hub::store::{membership, person};
use kvitt_hub::{Config, Hub, password};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response};
use tokio::sync::OnceCell;

/// The password of everybody here.
const PASSWORD: &str = "fire ord på rad";
/// An invoice of [`ORG`] in UBL.
const INVOICE: &str = include_str!("../../../../examples/invoices/fjordvik-260401.xml");
const ORG: &str = "999002021";
const OTHER: &str = "999001017";

/// It is hashed once: hashing is slow on purpose.
async fn hashed() -> &'static str {
    static HASHED: OnceCell<String> = OnceCell::const_new();
    HASHED.get_or_init(|| async { password::hash(PASSWORD.to_owned()).await.unwrap() }).await
}

/// A running hub with two companies.
struct Site {
    _folder: tempfile::TempDir,
    hub: Hub,
    company: Company,
    other: Company,
    running: Running,
}

impl Site {
    /// A site whose first company is called so.
    async fn called(name: &str) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let web = WebConfig { test: Some(true), ..WebConfig::default() };
        let config = Config { listen: "127.0.0.1:0".parse().unwrap(), web, ..Config::default() };
        let hub = Hub::open(&data, config).await.unwrap();
        let company = add_company(&hub, ORG, name, CompanySettings::default()).await.unwrap();
        let other = add_company(&hub, OTHER, "Nordlys Kraft AS", CompanySettings::default()).await.unwrap();
        let running = hub.start().await.unwrap();
        Site { _folder: folder, hub, company, other, running }
    }

    async fn open() -> Site {
        Site::called("Fjord & Vik AS").await
    }

    /// Somebody who may do something in companies: their id.
    async fn person(&self, name: &str, uses: &[(&Company, Role)]) -> String {
        let id = uuid::Uuid::now_v7().to_string();
        let person = Person {
            id: id.clone(),
            email: format!("{}@fjordvik.example", name.to_lowercase()),
            name: name.to_owned(),
            language: Language::English,
            theme: Theme::Auto,
        };
        let uses: Vec<(String, Role)> = uses.iter().map(|(company, role)| (company.id.clone(), *role)).collect();
        let hashed = hashed().await;
        self.hub
            .write(move |tx| {
                let (person, uses) = (person.clone(), uses.clone());
                Box::pin(async move {
                    person::insert(tx, &person, hashed, 1).await?;
                    for (company, role) in &uses {
                        membership::insert(tx, company, &person.id, *role, 1).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        id
    }

    /// An accepted invoice of the first company with a number: its id.
    async fn invoice(&self, number: &str) -> String {
        let file = INVOICE.replacen("<cbc:ID>260401</cbc:ID>", &format!("<cbc:ID>{number}</cbc:ID>"), 1);
        self.hand_in(file, ORG).await
    }

    /// The same of the other company.
    async fn invoice_of_other(&self, number: &str) -> String {
        let file = INVOICE.replacen("<cbc:ID>260401</cbc:ID>", &format!("<cbc:ID>{number}</cbc:ID>"), 1);
        self.hand_in(file.replace(ORG, OTHER), OTHER).await
    }

    /// One of whose recipient, items and numbers each is HTML.
    async fn hostile_invoice(&self, html: &str) -> String {
        let escaped = html.replace('&', "&amp;").replace('<', "&lt;");
        let file = INVOICE.replace("Bjørn Fjellvåg", &escaped).replace("Vann, abonnementsgebyr", &escaped);
        self.hand_in(file.replacen("<cbc:ID>260401</cbc:ID>", &format!("<cbc:ID>{escaped}</cbc:ID>"), 1), ORG).await
    }

    /// One with metadata beside it.
    async fn invoice_with(&self, number: &str, metadata: &str) -> String {
        let file = INVOICE.replacen("<cbc:ID>260401</cbc:ID>", &format!("<cbc:ID>{number}</cbc:ID>"), 1);
        let handed = HandedIn { metadata: Some(metadata.to_owned()), ..HandedIn::file("i.xml", file.into_bytes()) };
        accept_invoice(&self.hub, handed).await.unwrap().id
    }

    async fn hand_in(&self, file: String, company: &str) -> String {
        let handed = HandedIn { company: Some(company.to_owned()), ..HandedIn::file("i.xml", file.into_bytes()) };
        accept_invoice(&self.hub, handed).await.unwrap().id
    }

    /// A webhook of the other company: its id.
    async fn hook_of_other(&self) -> String {
        let new = NewWebhook { address: "https://secret.example/".into(), events: vec!["kid.made".into()], after: None };
        change_webhook::add(&self.hub, &self.other, new).await.unwrap().webhook.id
    }

    /// A browser in which nobody is signed in.
    fn browser(&self) -> Browser {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Browser { address: format!("http://{}", self.running.http()), http, cookies: BTreeMap::new() }
    }

    /// A browser in which somebody is signed in and looks at a company.
    async fn signed_in(&self, person: &str, company: &Company) -> Browser {
        let token = begin_session(&self.hub, person, &company.id).await.unwrap();
        let mut browser = self.browser();
        browser.cookies.insert("kvitt".into(), token);
        browser
    }

    /// A browser of somebody new with a role in the company.
    async fn as_a(&self, role: Role) -> Browser {
        let id = self.person(&format!("{role:?}{}", uuid::Uuid::now_v7().simple()), &[(&self.company, role)]).await;
        self.signed_in(&id, &self.company).await
    }

    async fn stop(self) {
        self.running.stop().await;
    }
}

/// A page that was answered.
#[derive(Debug)]
struct Page {
    status: u16,
    to: Option<String>,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Page {
    /// The same, which must be a page that is shown.
    fn shown(self) -> Page {
        assert_eq!(self.status, 200, "{}", self.text);
        self
    }

    /// Where it leads on to.
    fn leads_to(&self, path: &str) {
        assert_eq!((self.status, self.to.as_deref()), (303, Some(path)), "{}", self.text);
    }

    /// The token of its forms.
    fn token(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"token\" value=\"").unwrap_or_else(|| panic!("no form in {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

/// A browser: it keeps cookies and follows nothing by itself.
struct Browser {
    address: String,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.http
            .request(method, format!("{}{path}", self.address))
            .header(COOKIE, cookies.join("; "))
            .header("accept", "text/html")
    }

    async fn answered(&mut self, answer: Response) -> Page {
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let headers = answer.headers().clone();
        let to = headers.get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
        Page { status: answer.status().as_u16(), to, headers, text: answer.text().await.unwrap() }
    }

    async fn get(&mut self, path: &str) -> Page {
        let answer = self.ask(Method::GET, path).send().await.unwrap();
        self.answered(answer).await
    }

    /// Sends a form without a token.
    async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.ask(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.unwrap();
        self.answered(answer).await
    }

    /// Opens a page and sends a form of it.
    async fn post(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.get(page).await.token();
        let mut with_token = vec![("token", token.as_str())];
        with_token.extend_from_slice(fields);
        self.send(path, &with_token).await
    }
}
