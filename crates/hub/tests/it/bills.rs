//! The bill host through its real front: whom it shows a bill, whom not, and what it then says of the delivery.
//!
//! The rail is played by a service that knows four tokens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use jiff::Timestamp;
use kvitt_adapters::route::{ArtefactRole, Entry, RouteSetup};
use kvitt_domain::Language;
use kvitt_hub::actions::add_company::{add_company, set_route};
use kvitt_hub::actions::open_bill;
use kvitt_hub::config::HttpConfig;
use kvitt_hub::hub::Running;
use kvitt_hub::store::artefact::{self, Naming};
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::consignment;
use kvitt_hub::store::delivery::{self, StoredAttempt};
use kvitt_hub::{Config, Hub};
use serde_json::json;

use crate::sample;

const PUBLIC: &str = "https://faktura.example";
const INVOICE: &str = "01936000-0000-7000-8000-000000000001";
const PDF: &[u8] = b"%PDF-1.7 the bill";

/// What the rail was asked, in numbers.
type Asked = Arc<AtomicUsize>;

/// `validateSecuritySignature`: `good`, `old` and `down` are what they say; everything else is forged, and so is a good token for
/// another address.
async fn rail(State(asked): State<Asked>, body: String) -> (StatusCode, String) {
    asked.fetch_add(1, Ordering::SeqCst);
    let between =
        |open: &str, close: &str| body.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map(|(inside, _)| inside);
    let token = between("<securitySignature>", "</securitySignature>").unwrap_or_default();
    let is_ours = between("<url>", "</url>").is_some_and(|url| url.starts_with(PUBLIC) && !url.contains("token"));
    let fault = |code: &str| {
        let inside = format!("<errorCode>{code}</errorCode><errorDescription>no</errorDescription>");
        format!(
            "<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring><detail><e:ValidationFault>{inside}</e:ValidationFault></detail></s:Fault>"
        )
    };
    let (status, said) = match token {
        "good" if is_ours => {
            let inside = "<messageIdentifier>m</messageIdentifier><valid>true</valid>";
            (StatusCode::OK, format!("<e:ValidateSecuritySignatureResponse>{inside}</e:ValidateSecuritySignatureResponse>"))
        }
        "old" => (StatusCode::INTERNAL_SERVER_ERROR, fault("3030")),
        "down" => return (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, fault("3031")),
    };
    let namespaces = "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:e=\"https://efaktura-services.nets.no/efaktura-atg-service/v1/\"";
    (status, format!("<s:Envelope {namespaces}><s:Body>{said}</s:Body></s:Envelope>"))
}

/// A running hub with one bill that was sent.
struct Bank {
    _folder: tempfile::TempDir,
    hub: Hub,
    seller: Company,
    running: Running,
    asked: Asked,
}

impl Bank {
    async fn open() -> Bank {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("password"), "hemmelig").unwrap();
        let asked = Asked::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mps = HttpConfig {
            base_address: format!("http://{}/", listener.local_addr().unwrap()),
            user: Some("kvitt".into()),
            password_file: Some("password".into()),
            token_file: None,
            ca_file: None,
            timeout_s: None,
            networks: vec!["127.0.0.1".into()],
        };
        tokio::spawn(axum::serve(listener, axum::Router::new().route("/", post(rail)).with_state(asked.clone())).into_future());
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_address: Some(format!("{PUBLIC}/")),
            http: BTreeMap::from([("mps".to_owned(), mps)]),
            ..Config::default()
        };
        let hub = Hub::open(&data, config).await.unwrap();
        let seller = add_company(&hub, "999002021", "Fjord & Vik <AS>", CompanySettings::default()).await.unwrap();
        set_route(&hub, &seller, "efaktura", RouteSetup(json!({ "accounts": ["86011117947"] }))).await.unwrap();
        let running = hub.start().await.unwrap();
        let bank = Bank { _folder: folder, hub, seller, running, asked };
        bank.send().await;
        bank
    }

    /// An invoice with a PDF and three attachments, handed over by eFaktura.
    async fn send(&self) {
        let (seller, now) = (self.seller.clone(), self.hub.clock().business_ms());
        let mut stored = sample::stored(INVOICE, "F-1");
        stored.accepted_at = now;
        let files: [(ArtefactRole, &str, &str, &[u8]); 4] = [
            (ArtefactRole::Xml, "faktura.xml", "application/xml", b"<Invoice/>"),
            (ArtefactRole::Attachment, "timer <mai>.pdf", "application/pdf", b"%PDF-1.7 hours"),
            (ArtefactRole::Attachment, "bilde.png", "image/png", b"png"),
            (ArtefactRole::Pdf, "faktura.pdf", "application/pdf", PDF),
        ];
        let sealed: Vec<_> =
            files.iter().map(|file| artefact::seal(self.hub.objects(), &seller.id, &seller.key, file.3).unwrap()).collect();
        let names: Vec<_> =
            files.iter().zip(&sealed).map(|(file, sealed)| Naming::new(file.0, file.1, file.2, &sealed.digest)).collect();
        let attempt = StoredAttempt {
            id: sample::attempt(1),
            delivery: format!("d{INVOICE}"),
            invoice: INVOICE.into(),
            purpose: kvitt_domain::delivery::Purpose::Bill,
            number: 1,
            route: "efaktura".into(),
            price: None,
            give_up_at: None,
            word: None,
            opened_at: now,
        };
        let act = self.hub.write(move |tx| {
            let (seller, stored, sealed, names, attempt) =
                (seller.clone(), stored.clone(), sealed.clone(), names.clone(), attempt.clone());
            Box::pin(async move {
                sample::accept(tx, &seller, &stored).await?;
                for sealed in &sealed {
                    artefact::insert(tx, &seller.id, sealed, now).await?;
                }
                artefact::name(tx, &seller.id, INVOICE, 1, &names).await?;
                delivery::insert_attempt(tx, &seller.id, &attempt).await?;
                consignment::open(tx, &seller.id, "lot", "efaktura", now).await?;
                let (_, members, version) = consignment::open_lot(tx, &seller.id, "efaktura").await?.unwrap();
                consignment::join(tx, &seller.id, "lot", members, version, attempt.id).await
            })
        });
        act.await.unwrap();
    }

    /// The path that the rail was told.
    fn path(&self) -> String {
        let address = open_bill::address(PUBLIC, &self.seller, INVOICE);
        assert!(address.len() <= 255, "{address}");
        address.strip_prefix(PUBLIC).unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> Page {
        let response = reqwest::get(format!("http://{}{path}", self.running.http())).await.unwrap();
        let status = response.status().as_u16();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let headers = ["content-type", "x-robots-tag", "cache-control", "referrer-policy"].map(header);
        Page { status, headers, body: response.text().await.unwrap() }
    }

    /// How often the log says that it was opened.
    async fn opened(&self) -> usize {
        let mut db = self.hub.db().read().await.unwrap();
        let log = consignment::log(&mut db, &self.seller.id, &self.seller.key, "lot").await.unwrap();
        log.iter().filter(|line| matches!(&line.entry, Entry::Arrived { attempt, .. } if *attempt == sample::attempt(1))).count()
    }
}

struct Page {
    status: u16,
    headers: [String; 4],
    body: String,
}

impl Page {
    /// That it is a page which says why, and says nothing of the bill.
    fn refuses(&self, status: u16, why: &str) {
        let title = Language::Bokmal.text(&format!("bill.{why}.title"), &[]);
        assert!(self.status == status && self.body.contains(&title), "{} {}", self.status, self.body);
        for told in ["F-1", "Fjord", "1002312345674", "%PDF", "hemmelig"] {
            assert!(!self.body.contains(told), "{}", self.body);
        }
        self.is_private("text/html; charset=utf-8");
    }

    fn is_private(&self, media_type: &str) {
        assert_eq!(self.headers, [media_type, "noindex, nofollow, noarchive", "private, no-store", "no-referrer"]);
    }

    /// The addresses of the files that it leads to.
    fn files(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        found.dedup();
        found
    }
}

#[tokio::test]
async fn a_bank_with_a_good_token_sees_the_bill_and_it_counts_once() {
    let bank = Bank::open().await;
    let path = bank.path();
    for _ in 0..2 {
        let page = bank.get(&format!("{path}?token=good")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.is_private("text/html; charset=utf-8");
        for shown in ["lang=\"nb\"", "Faktura F-1 fra Fjord &amp; Vik &lt;AS&gt;", "<object data=", "timer &lt;mai&gt;.pdf"] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        assert!(!page.body.contains("<script") && !page.body.contains("bilde.png"), "{}", page.body);
        assert_eq!(bank.opened().await, 1);
    }
    let page = bank.get(&format!("{path}?token=good")).await;
    let [bill, hours] = page.files()[..] else { panic!("{:?}", page.files()) };
    let folder = path.rsplit_once('/').unwrap().0;
    let bill = bank.get(&format!("{folder}/{bill}")).await;
    bill.is_private("application/pdf");
    assert_eq!((bill.status, bill.body.as_bytes()), (200, PDF));
    assert_eq!(bank.get(&format!("{folder}/{hours}")).await.body, "%PDF-1.7 hours");
}

#[tokio::test]
async fn without_a_good_token_nothing_is_shown_and_nothing_counts() {
    let bank = Bank::open().await;
    let path = bank.path();
    bank.get(&path).await.refuses(403, "no_token");
    bank.get(&format!("{path}?token=")).await.refuses(403, "forged");
    bank.get(&format!("{path}?token={}", "x".repeat(5_000))).await.refuses(403, "forged");
    bank.get(&format!("{path}?token=%3Ca%3E%0A")).await.refuses(403, "forged");
    assert_eq!(bank.asked.load(Ordering::SeqCst), 0, "the rail was asked about what no bank signs");
    bank.get(&format!("{path}?token=made-up")).await.refuses(403, "forged");
    bank.get(&format!("{path}?token=old")).await.refuses(403, "too_old");
    bank.get(&format!("{path}?token=down")).await.refuses(503, "later");
    assert_eq!(bank.opened().await, 0);
    bank.get(&format!("{path}?token=good")).await;
    assert_eq!(bank.opened().await, 1);
}

#[tokio::test]
async fn files_need_a_pass_of_this_bill() {
    let bank = Bank::open().await;
    let path = bank.path();
    let page = bank.get(&format!("{path}?token=good")).await;
    let pass = page.files()[0].split_once("pass=").unwrap().1.to_owned();
    bank.get(&format!("{path}/0")).await.refuses(403, "too_old");
    bank.get(&format!("{path}/0?token=good")).await.refuses(403, "too_old");
    let (until, digest) = pass.split_once('-').unwrap();
    let later = until.parse::<i64>().unwrap() + 1;
    bank.get(&format!("{path}/0?pass={later}-{digest}")).await.refuses(403, "too_old");
    bank.get(&format!("{path}/0?pass={}-{digest}", Timestamp::now().as_second() - 1)).await.refuses(403, "too_old");
    bank.get(&format!("{path}/2?pass={pass}")).await.refuses(404, "gone");
    assert_eq!(bank.get(&format!("{path}/0?pass={pass}")).await.status, 200);
}

#[tokio::test]
async fn an_address_that_was_not_told_leads_nowhere() {
    let bank = Bank::open().await;
    let path = bank.path();
    let (folder, link) = path.rsplit_once('/').unwrap();
    let (id, digest) = link.split_once('-').unwrap();
    let other = add_company(&bank.hub, "988077917", "Fjellheimen", CompanySettings::default()).await.unwrap();
    let flipped = if digest.starts_with('0') { "1" } else { "0" };
    for wrong in [
        format!("{folder}/{id}"),
        format!("{folder}/{id}-"),
        format!("{folder}/{id}-{flipped}{}", &digest[1..]),
        format!("{folder}/{}-{digest}", uuid::Uuid::from_u128(7).simple()),
        format!("{folder}/{INVOICE}-{digest}"),
        format!("/bill/{}/{link}", other.id),
        format!("/bill/nobody/{link}"),
    ] {
        let page = bank.get(&format!("{wrong}?token=good")).await;
        page.refuses(404, "gone");
        assert!(page.body.contains("lang=\"en\""), "whoever has no bill has no language: {}", page.body);
    }
    // The link of a letter is another one.
    assert_eq!(bank.get(&path.replace("/bill/", "/document/")).await.status, 404);
    assert_eq!(bank.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_bill_is_tried_ten_times_a_minute_and_ends_after_sixteen_months() {
    let bank = Bank::open().await;
    let path = bank.path();
    for _ in 0..10 {
        bank.get(&format!("{path}?token=made-up")).await.refuses(403, "forged");
    }
    bank.get(&format!("{path}?token=good")).await.refuses(429, "too_often");
    assert_eq!(bank.asked.load(Ordering::SeqCst), 10);
    bank.hub.clock().move_to_offset(std::time::Duration::from_secs(17 * 31 * 24 * 3600));
    bank.get(&format!("{path}?token=good")).await.refuses(404, "gone");
}
