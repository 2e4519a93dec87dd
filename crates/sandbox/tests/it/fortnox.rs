//! Fortnox from outside: tokens, customers, projects, invoices that are booked, files, expenses, and the ledger of it all.

use std::io::Write as _;

use kvitt_sandbox::{FORTNOX_CLIENT, FORTNOX_SECRET};
use serde_json::{Value, json};

use crate::harness::Stage;

/// What a hub asks for.
const SCOPES: &str =
    "companyinformation customer project invoice payment bookkeeping supplier supplierinvoice inbox archive connectfile settings";

/// One reply: status, headers in small letters, and what is said.
pub struct Said {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Said {
    fn read(reply: Vec<u8>) -> Said {
        let reply = String::from_utf8(reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        Said { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
    }

    /// The code of a refusal, whichever way its keys are written.
    pub fn code(&self) -> (u16, u64) {
        let information = &self.body["ErrorInformation"];
        let code = information["code"].as_u64().or_else(|| information["Code"].as_u64());
        (self.status, code.unwrap_or(0))
    }
}

fn basic() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{FORTNOX_CLIENT}:{FORTNOX_SECRET}"))
}

impl Stage {
    /// Agrees for a company; gives the code.
    fn agrees(&self, tenant: u32, more: &str) -> String {
        let scope = SCOPES.replace(' ', "+");
        let form = format!(
            "client_id={FORTNOX_CLIENT}&redirect_uri=http%3A%2F%2Fhub%2Fback&scope={scope}&state=s%26t&response_type=code\
             &access_type=offline&tenant={tenant}&answer=allow{more}"
        );
        let reply = self.http_raw("POST", "/fortnox/oauth-v1/auth", FORM, &form);
        let head = String::from_utf8(reply).unwrap();
        let (_, rest) = head.split_once("http://hub/back?code=").unwrap();
        let (code, rest) = rest.split_once("&state=").unwrap();
        assert!(rest.starts_with("s%26t"), "{head}");
        code.to_owned()
    }

    /// Asks the token's address.
    fn token(&self, path: &str, form: &str, more: &str) -> Said {
        let headers = format!("{FORM}Authorization: Basic {}\r\n{more}", basic());
        Said::read(self.http_raw("POST", &format!("/fortnox/oauth-v1/{path}"), &headers, form))
    }

    /// An access token for a company.
    pub fn fortnox_token(&self, tenant: u32) -> String {
        let code = self.agrees(tenant, "");
        let said = self.token("token", &exchange(&code), "");
        said.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", said.body)).to_owned()
    }

    /// A call of the interface.
    pub fn fortnox(&self, token: &str, method: &str, path: &str, body: &Value) -> Said {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let headers = format!("Authorization: Bearer {token}\r\nAccept: application/json\r\nContent-Type: application/json\r\n");
        Said::read(self.http_raw(method, &format!("/fortnox/{path}"), &headers, &text))
    }

    /// Somebody in the company does something.
    pub fn fortnox_office(&self, tenant: u32, method: &str, path: &str, body: &Value) -> Value {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/fortnox/office/{tenant}/{path}");
        let said = Said::read(self.http_raw(method, &path, "Content-Type: application/json\r\n", &text));
        assert!((200..300).contains(&said.status), "{path}: {}", said.body);
        said.body
    }

    /// The keys of Fortnox's lines of a kind, without the company.
    pub fn fortnox_ledger(&self, kind: &str) -> Vec<String> {
        let lines = self.ledger();
        let lines = lines.iter().filter(|line| line["counterparty"] == "fortnox" && line["kind"] == kind);
        lines.map(|line| line["key"].as_str().unwrap().split_once('/').unwrap().1.to_owned()).collect()
    }

    /// Puts a file into the inbox.
    fn uploads(&self, token: &str, folder: &str, name: &str, content: &str) -> Said {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/pdf\r\n\r\n{content}\r\n--b--\r\n"
        );
        let headers = format!("Authorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n");
        Said::read(self.http_raw("POST", &format!("/fortnox/3/inbox?folderId={folder}"), &headers, &body))
    }
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

fn exchange(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2Fhub%2Fback")
}

fn refresh(token: &Value) -> String {
    format!("grant_type=refresh_token&refresh_token={}", token.as_str().unwrap())
}

/// An invoice over two accounts and two rates: 1000.00 + 25 %, 333.33 + 12 %, 1623.33 in all.
pub fn invoice(number: &str) -> Value {
    json!({"Invoice": {
        "DocumentNumber": number, "CustomerNumber": "10042", "InvoiceDate": "2026-11-20", "DueDate": "2026-12-20",
        "OCR": format!("00{number}5"), "Project": "2611", "ExternalInvoiceReference1": "0192f6c2", "YourReference": "Kari",
        "InvoiceRows": [
            {"AccountNumber": 3000, "Description": "Timer", "DeliveredQuantity": "1", "Price": 1000.00, "VAT": 25},
            {"AccountNumber": "3020", "Description": "Mat", "DeliveredQuantity": 1, "Price": "333.33", "VAT": 12, "Project": "2612"},
        ],
    }})
}

/// A company with the customer and the projects of [`invoice`].
pub fn with_masters(stage: &Stage, tenant: u32) {
    stage.fortnox_office(tenant, "POST", "3/customers", &json!({"Customer": {"CustomerNumber": "10042", "Name": "Fjell AB"}}));
    for project in ["2611", "2612"] {
        let project = json!({"Project": {"ProjectNumber": project, "Description": "Kontor", "StartDate": "2026-09-01"}});
        stage.fortnox_office(tenant, "POST", "3/projects", &project);
    }
}

#[test]
fn a_code_is_good_once_and_for_ten_minutes() {
    let stage = Stage::new();
    let page = format!(
        "/fortnox/oauth-v1/auth?client_id={FORTNOX_CLIENT}&redirect_uri=http%3A%2F%2Fhub%2Fback&scope=invoice&state=x&response_type=code"
    );
    let shown = stage.get(&page);
    assert!(shown.contains("TEST") && shown.contains("<button") && shown.contains("1000001"), "{shown}");
    assert_eq!(stage.http("GET", &page.replace("scope=invoice", "scope=everything"), "").0, 400);
    let code = stage.agrees(1_000_001, "");
    let said = stage.token("token", &exchange(&code).replace("back", "elsewhere"), "");
    assert_eq!((said.status, &said.body["error"]), (400, &json!("invalid_grant")));
    assert!(said.head.contains("content-type: text/html"), "{}", said.head);
    let said = stage.token("token", &exchange(&code), "");
    assert_eq!((said.status, &said.body["expires_in"]), (200, &json!(3600)));
    assert_eq!(stage.token("token", &exchange(&code), "").status, 400);
    let late = stage.agrees(1_000_001, "");
    stage.advance(r#"{"ms": 600001}"#);
    assert_eq!(stage.token("token", &exchange(&late), "").status, 400);
    let headers = format!("{FORM}Authorization: Basic d3Jvbmc6d3Jvbmc=\r\n");
    let said = Said::read(stage.http_raw("POST", "/fortnox/oauth-v1/token", &headers, &exchange(&code)));
    assert_eq!((said.status, &said.body["error"]), (401, &json!("invalid_client")));
    assert!(said.head.contains("content-type: text/plain"), "{}", said.head);
}

#[test]
fn a_refresh_token_is_good_once_and_a_second_use_kills_the_connection() {
    let mut stage = Stage::new();
    let first = stage.token("token", &exchange(&stage.agrees(1_000_001, "")), "").body;
    let me =
        |stage: &Stage, pair: &Value| stage.fortnox(pair["access_token"].as_str().unwrap(), "GET", "3/me", &Value::Null).status;
    assert_eq!(me(&stage, &first), 200);
    stage.advance(r#"{"ms": 3600001}"#);
    assert_eq!(me(&stage, &first), 401);
    let second = stage.token("token", &refresh(&first["refresh_token"]), "").body;
    // What was rotated is known after a restart too.
    stage.restart();
    assert_eq!(me(&stage, &second), 200);
    let third = stage.token("token", &refresh(&second["refresh_token"]), "").body;
    assert_eq!(me(&stage, &third), 200);
    assert_eq!(stage.token("token", &refresh(&second["refresh_token"]), "").status, 400);
    assert_eq!(me(&stage, &third), 401);
    assert_eq!(stage.token("token", &refresh(&third["refresh_token"]), "").status, 400);
    let other = stage.token("token", &exchange(&stage.agrees(1_000_001, "")), "").body;
    stage.advance(r#"{"days": 46}"#);
    assert_eq!(stage.token("token", &refresh(&other["refresh_token"]), "").status, 400);
}

#[test]
fn a_service_account_needs_a_consent_and_no_refresh_token() {
    let stage = Stage::new();
    let ask = |tenant: &str| stage.token("token", "grant_type=client_credentials", &format!("TenantId: {tenant}\r\n"));
    assert_eq!(ask("1000001").status, 400);
    let code = stage.agrees(1_000_001, "&account_type=service");
    assert_eq!(stage.token("token", &exchange(&code), "").status, 200);
    let said = ask("1000001");
    assert!(said.status == 200 && said.body["refresh_token"].is_null(), "{}", said.body);
    let token = said.body["access_token"].as_str().unwrap();
    let company = stage.fortnox(token, "GET", "3/companyinformation", &Value::Null).body;
    assert_eq!(company["CompanyInformation"]["DatabaseNumber"], 1_000_001);
    assert_eq!(ask("1000002").status, 400);
    assert_eq!(stage.http("POST", "/fortnox/control/tenants/1000001/revoke", "").0, 204);
    assert_eq!(ask("1000001").status, 400);
    assert_eq!(stage.fortnox(token, "GET", "3/me", &Value::Null).status, 401);
}

#[test]
fn the_old_code_is_good_once_and_leads_to_a_connection() {
    let stage = Stage::new();
    let (_, body) = stage.http("POST", "/fortnox/control/tenants/1000001/authorization-code", "");
    let code = serde_json::from_slice::<Value>(&body).unwrap()["authorization_code"].as_str().unwrap().to_owned();
    let headers = format!("Authorization-Code: {code}\r\nClient-Secret: {FORTNOX_SECRET}\r\nAccept: application/json\r\n");
    let ask = || Said::read(stage.http_raw("GET", "/fortnox/3", &headers, ""));
    let said = ask();
    let legacy = said.body["Authorization"]["AccessToken"].as_str().unwrap().to_owned();
    assert_eq!(ask().code(), (401, 2_000_311));
    let pair = stage.token("migrate", &format!("access_token={legacy}"), "");
    assert_eq!(pair.status, 200, "{}", pair.body);
    assert_eq!(stage.token("migrate", &format!("access_token={legacy}"), "").status, 400);
    let token = pair.body["access_token"].as_str().unwrap();
    assert_eq!(stage.fortnox(token, "GET", "3/customers", &Value::Null).status, 200);
    let revoked = stage.token(
        "revoke",
        &format!("token_type_hint=refresh_token&token={}", pair.body["refresh_token"].as_str().unwrap()),
        "",
    );
    assert_eq!(revoked.body, json!({"revoked": true}));
    assert_eq!(stage.fortnox(token, "GET", "3/customers", &Value::Null).status, 401);
}

#[test]
fn customers_are_made_changed_searched_and_never_forgotten() {
    let mut stage = Stage::new();
    let token = stage.fortnox_token(1_000_001);
    let customer = |fields: Value| json!({ "Customer": fields });
    let made = stage.fortnox(
        &token,
        "POST",
        "3/customers",
        &customer(json!({"CustomerNumber": "10", "Name": "Fjell AB", "City": "Göteborg", "Comments": "Ring først"})),
    );
    assert_eq!((made.status, &made.body["Customer"]["VATType"]), (201, &json!("SEVAT")));
    assert!(made.head.contains("location: customers") && made.head.contains("x-uid: "), "{}", made.head);
    for (number, name) in [("110", "Fjellheim AS"), ("12", "Sjø AS")] {
        stage.fortnox(&token, "POST", "3/customers", &customer(json!({"CustomerNumber": number, "Name": name})));
    }
    let changed = stage.fortnox(&token, "PUT", "3/customers/10", &customer(json!({"City": "Malmö", "Comments": ""})));
    assert_eq!(
        (&changed.body["Customer"]["City"], &changed.body["Customer"]["Comments"]),
        (&json!("Malmö"), &json!("Ring først"))
    );
    // A search is for a part of the text.
    let listed = stage.fortnox(&token, "GET", "3/customers?customernumber=10&limit=1&page=2", &Value::Null).body;
    assert_eq!(listed["MetaInformation"], json!({"@TotalResources": 2, "@TotalPages": 2, "@CurrentPage": 2}));
    assert_eq!(listed["Customers"][0]["CustomerNumber"], "110");
    let refused = [
        ("POST", "3/customers", customer(json!({"CustomerNumber": "10", "Name": "Annen"})), (400, 2_000_637)),
        ("POST", "3/customers", customer(json!({"Name": "🙂"})), (400, 2_000_359)),
        ("POST", "3/customers", customer(json!({"Nmae": "x"})), (400, 2_001_399)),
        ("POST", "3/customers", json!({"Kunde": {}}), (400, 2_001_392)),
        ("GET", "3/customers/11", Value::Null, (404, 2_000_433)),
        ("GET", "3/customers?filter=blue", Value::Null, (400, 2_000_587)),
        ("GET", "3/customers?colour=blue", Value::Null, (400, 2_000_588)),
        ("GET", "3/nothing", Value::Null, (404, 2_000_729)),
    ];
    for (method, path, body, expected) in refused {
        assert_eq!(stage.fortnox(&token, method, path, &body).code(), expected, "{method} {path} {body}");
    }
    let missing = stage.fortnox(&token, "GET", "3/customers/11", &Value::Null).body;
    assert!(missing["ErrorInformation"]["Error"].is_number(), "{missing}");
    assert_eq!(stage.fortnox(&token, "DELETE", "3/customers/12", &Value::Null).status, 204);
    stage.restart();
    let again = stage.fortnox(&token, "POST", "3/customers", &customer(json!({"CustomerNumber": "12", "Name": "Ny"})));
    assert_eq!(again.code(), (400, 2_000_637));
    assert_eq!(stage.fortnox_ledger("customer"), ["customer 10/1", "customer 110/1", "customer 12/1", "customer 10/2"]);
}

#[test]
fn an_invoice_is_summed_booked_and_credited() {
    let mut stage = Stage::new();
    let token = stage.fortnox_token(1_000_001);
    with_masters(&stage, 1_000_001);
    let made = stage.fortnox(&token, "POST", "3/invoices", &invoice("20417"));
    assert_eq!(made.status, 201, "{}", made.body);
    let said = &made.body["Invoice"];
    assert_eq!((&said["Net"], &said["TotalVAT"], &said["Total"]), (&json!(1333.33), &json!(290), &json!(1623.33)));
    assert_eq!(
        (&said["Credit"], &said["CreditInvoiceReference"], &said["Booked"]),
        (&json!("false"), &json!("0"), &json!(false))
    );
    assert_eq!(said["InvoiceRows"][1]["DeliveredQuantity"], "1.00");
    assert_eq!(stage.fortnox(&token, "POST", "3/invoices", &invoice("20417")).status, 400);
    let booked = stage.fortnox(&token, "PUT", "3/invoices/20417/bookkeep", &Value::Null);
    let said = &booked.body["Invoice"];
    assert_eq!(
        (booked.status, &said["VoucherSeries"], &said["VoucherNumber"], &said["VoucherYear"]),
        (200, &json!("B"), &json!(1), &json!(7))
    );
    assert_eq!(stage.fortnox(&token, "PUT", "3/invoices/20417/bookkeep", &Value::Null).status, 400);
    stage.restart();
    let voucher = stage.fortnox(&token, "GET", "3/vouchers/B/1?financialyear=7", &Value::Null).body;
    let rows = voucher["Voucher"]["VoucherRows"].as_array().unwrap();
    let row = |row: &Value| format!("{} {} {} {}", row["Account"], row["Debit"], row["Credit"], row["Project"].as_str().unwrap());
    let rows: Vec<String> = rows.iter().map(row).collect();
    assert_eq!(rows, ["1510 1623.33 0 ", "3000 0 1000 2611", "3020 0 333.33 2612", "2621 0 40 ", "2611 0 250 "]);
    let mut credit = invoice("20418");
    let fields = credit["Invoice"].as_object_mut().unwrap();
    fields.insert("CreditInvoiceReference".to_owned(), json!("20417"));
    for row in fields["InvoiceRows"].as_array_mut().unwrap() {
        row["DeliveredQuantity"] = json!("-1");
    }
    let made = stage.fortnox(&token, "POST", "3/invoices", &credit).body;
    assert_eq!((&made["Invoice"]["Credit"], &made["Invoice"]["Total"]), (&json!("true"), &json!(-1623.33)));
    assert_eq!(stage.fortnox(&token, "PUT", "3/invoices/20418/bookkeep", &Value::Null).status, 200);
    let original = stage.fortnox(&token, "GET", "3/invoices/20417", &Value::Null).body;
    assert_eq!(original["Invoice"]["CreditInvoiceReference"], "20418");
    assert_eq!(stage.fortnox_ledger("voucher"), ["invoice 10042/00204175", "invoice 10042/credit 20418"]);
    let listed = stage.fortnox(&token, "GET", "3/invoices?documentnumber=2041&filter=unpaid&sortby=total", &Value::Null).body;
    assert_eq!(
        (&listed["Invoices"][0]["DocumentNumber"], &listed["Invoices"][0]["CurrencyRate"]),
        (&json!("20418"), &json!("1"))
    );
}

#[test]
fn the_same_invoice_under_another_number_is_twice_in_the_ledger() {
    let stage = Stage::new();
    let token = stage.fortnox_token(1_000_001);
    with_masters(&stage, 1_000_001);
    for _ in 0..2 {
        let mut one = invoice("20417");
        one["Invoice"].as_object_mut().unwrap().remove("DocumentNumber");
        let made = stage.fortnox(&token, "POST", "3/invoices", &one).body;
        let number = made["Invoice"]["DocumentNumber"].as_str().unwrap();
        stage.fortnox(&token, "PUT", &format!("3/invoices/{number}/bookkeep"), &Value::Null);
    }
    assert_eq!(stage.fortnox_ledger("voucher"), ["invoice 10042/00204175"; 2]);
}

#[test]
fn files_are_uploaded_bound_and_shown() {
    let mut stage = Stage::new();
    let token = stage.fortnox_token(1_000_001);
    with_masters(&stage, 1_000_001);
    stage.fortnox(&token, "POST", "3/invoices", &invoice("20417"));
    assert_eq!(stage.uploads(&token, "nowhere", "a.pdf", "%PDF").status, 400);
    let said = stage.uploads(&token, "inbox_kf", "Faktura 20417.pdf", "%PDF-1.7 20417");
    let file = &said.body["File"];
    assert_eq!((said.status, &file["Size"], &file["Name"]), (201, &json!(14), &json!("Faktura 20417.pdf")));
    let bind = |id: &Value| json!([{"entityId": 20417, "entityType": "F", "fileId": id, "includeOnSend": false}]);
    let path = "api/fileattachments/attachments-v1";
    // The archive's id is wanted here, not the file's own.
    assert_eq!(stage.fortnox(&token, "POST", path, &bind(&file["Id"])).body["error"], 2_999_024);
    let bound = stage.fortnox(&token, "POST", path, &bind(&file["ArchiveFileId"]));
    assert_eq!((bound.status, &bound.body[0]["entityType"]), (201, &json!("F")));
    stage.restart();
    let listed = stage.fortnox(&token, "GET", &format!("{path}?entityid=20417&entitytype=F"), &Value::Null).body;
    assert_eq!(listed[0]["fileId"], file["ArchiveFileId"]);
    let headers = format!("Authorization: Bearer {token}\r\n");
    let id = file["Id"].as_str().unwrap();
    let content = stage.http_raw("GET", &format!("/fortnox/3/inbox/{id}"), &headers, "");
    assert!(content.ends_with(b"%PDF-1.7 20417"));
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!(stage.fortnox(&token, "DELETE", &format!("{path}/{id}"), &Value::Null).status, 204);
    assert_eq!(stage.fortnox_ledger("attachment").len(), 1);
}

#[test]
fn a_broken_form_is_refused() {
    let stage = Stage::new();
    let token = stage.fortnox_token(1_000_001);
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n");
    let mut sent = stage.http_sent("POST", "/fortnox/3/inbox", &headers, "no form at all");
    sent.flush().unwrap();
    let said = Said::read(stage.http_raw("POST", "/fortnox/3/inbox", &headers, "no form at all"));
    assert_eq!(said.code(), (400, 2_001_392));
}
