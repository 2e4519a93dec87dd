//! The API through its real front: who is let in, what an invoice looks like on its way, what a bad request hears, and that no company
//! meets another's things.

mod access;
mod bad;
mod bulk;
mod canary;
mod company;
mod described;
mod evidence;
mod invoices;
mod notifications;
mod payments;
mod plans;
mod repeat;
mod services;
mod tenants;

use std::num::NonZeroU32;

use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::actions::api_keys::{self, KeyAsk};
use kvitt_hub::config::ApiConfig;
use kvitt_hub::hub::Running;
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::{Config, Hub};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// An invoice of [`ORG`] in UBL.
const INVOICE: &str = include_str!("../../../../examples/invoices/fjordvik-260401.xml");
const NUMBER: &str = "<cbc:ID>260401</cbc:ID>";
/// The seller of [`INVOICE`].
const ORG: &str = "999002021";
/// Another company.
const OTHER: &str = "999001017";

fn document(number: &str) -> String {
    assert!(INVOICE.contains(NUMBER), "the example's number is where it was");
    INVOICE.replacen(NUMBER, &format!("<cbc:ID>{number}</cbc:ID>"), 1)
}

/// A running hub with two companies, and somebody who asks it.
struct Front {
    folder: tempfile::TempDir,
    hub: Hub,
    company: Company,
    other: Company,
    running: Running,
    http: reqwest::Client,
}

impl Front {
    async fn open() -> Front {
        Front::with(ApiConfig { requests_per_second: NonZeroU32::new(100_000).unwrap(), ..ApiConfig::default() }).await
    }

    async fn with(api: ApiConfig) -> Front {
        Front::of(Config { api, ..Config::default() }).await
    }

    async fn of(config: Config) -> Front {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..config };
        let hub = Hub::open(&data, config).await.unwrap();
        let company = add_company(&hub, ORG, "Fjord & Vik AS", CompanySettings::default()).await.unwrap();
        let other = add_company(&hub, OTHER, "Nordlys Kraft AS", CompanySettings::default()).await.unwrap();
        let running = hub.start().await.unwrap();
        Front { folder, hub, company, other, running, http: reqwest::Client::new() }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.running.http()))
    }

    /// The id and secret of a new key.
    async fn key(&self, company: &Company, scopes: &[&str]) -> (String, String) {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let made =
            api_keys::ask(&self.hub, company, KeyAsk::Create { name: "ERP".into(), scopes, by: "Eva".into() }).await.unwrap();
        (made.keys[0].id.clone(), made.secret.unwrap())
    }

    async fn token_with(&self, company: &Company, secret: &str, scope: &str) -> Response {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", &company.id), ("client_secret", secret), ("scope", scope)];
        self.form("/oauth2/token", &fields).send().await.unwrap()
    }

    /// A token of a company with scopes.
    async fn token(&self, company: &Company, scope: &str) -> String {
        let (_, secret) = self.key(company, &[]).await;
        let answer = json(self.token_with(company, &secret, scope).await, 200).await;
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A form of text fields, as browsers and clients send it.
    fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.multipart(Method::POST, path, fields, None)
    }

    /// The same with a file.
    fn multipart(&self, method: Method, path: &str, fields: &[(&str, &str)], file: Option<&[u8]>) -> RequestBuilder {
        const BOUNDARY: &str = "the-boundary-of-this-form";
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes(),
            );
        }
        if let Some(bytes) = file {
            let head = "Content-Disposition: form-data; name=\"file\"; filename=\"faktura.xml\"\r\nContent-Type: application/xml";
            body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").into_bytes());
            body.extend(bytes);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        self.ask(method, path).header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)
    }

    async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// Stops it, and leaves its folder to whoever looks into it.
    async fn stop_and_keep(self) -> tempfile::TempDir {
        self.running.stop().await;
        self.folder
    }
}

/// The body of an answer that must have a status.
async fn json(answer: Response, status: u16) -> Value {
    let got = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(got.as_u16(), status, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Status and code of a refusal, which must have every member that refusals have.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(kind, "application/problem+json", "{body}");
    assert_eq!(body["status"], status.as_u16(), "{body}");
    assert_eq!(body["request_id"], id, "{body}");
    let code = body["code"].as_str().unwrap().to_owned();
    assert_eq!(body["type"], format!("/v1/faults/{code}"));
    assert!(!body["message"].as_str().unwrap().is_empty() && !body["details"].as_array().unwrap().is_empty(), "{body}");
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
    (status.as_u16(), code)
}
