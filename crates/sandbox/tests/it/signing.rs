//! The signing service: requests that are signed or refused by nature, and on the page.

use serde_json::{Value, json};

use crate::harness::Stage;

const HEADERS: &str = "Authorization: Bearer sandbox-signing\r\nContent-Type: application/json\r\n";

fn body(organisation: &str, email: &str) -> Value {
    json!({
        "title": "Overføring <til> Kvitt", "text": "Vi flytter avtalen.", "organisation_number": organisation,
        "signer": {"name": "Kari Nordmann", "email": email},
    })
}

fn answered(reply: Vec<u8>) -> (u16, Value) {
    let reply = String::from_utf8(reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

impl Stage {
    /// Asks for a signature; status and answer.
    pub fn sign(&self, key: &str, organisation: &str, email: &str) -> (u16, Value) {
        let headers = format!("{HEADERS}Idempotency-Key: {key}\r\n");
        answered(self.http_raw("POST", "/signing/v1/signing-requests", &headers, &body(organisation, email).to_string()))
    }

    fn signing(&self, id: &str) -> Value {
        answered(self.http_raw("GET", &format!("/signing/v1/signing-requests/{id}"), HEADERS, "")).1
    }
}

#[test]
fn signers_by_nature() {
    let stage = Stage::new();
    let table = [
        ("signs@kunde.example", "signed", Value::Null),
        ("refuses+1@kunde.example", "refused", json!("The signer has refused")),
        ("noauthority@kunde.example", "refused", json!("The signer has no right to sign for the organisation")),
        ("kari@kunde.example", "waiting", Value::Null),
    ];
    for (email, status, reason) in table {
        let (code, answer) = stage.sign(email, "991825827", email);
        assert_eq!((code, answer["status"].as_str(), &answer["reason"]), (201, Some(status), &reason), "{email}");
        assert_eq!(answer["signer_name"].is_string(), status == "signed");
    }
    let waiting = stage.sign("kari@kunde.example", "991825827", "kari@kunde.example").1;
    stage.advance(r#"{"days": 15}"#);
    assert_eq!(stage.signing(waiting["id"].as_str().unwrap())["status"], "expired");
}

#[test]
fn somebody_signs_on_the_page() {
    let mut stage = Stage::new();
    for (key, answer, status) in [("1", "signed", "signed"), ("2", "refused", "refused")] {
        let (_, asked) = stage.sign(key, "991825827", "kari@kunde.example");
        let id = asked["id"].as_str().unwrap();
        let url = asked["signing_url"].as_str().unwrap();
        let path = url.strip_prefix("http://sandbox").unwrap();
        let page = stage.get(path);
        assert!(
            page.contains("Overføring &lt;til&gt; Kvitt") && page.contains("Kari Nordmann") && page.contains("TEST"),
            "{page}"
        );
        let form = format!("{path}/{answer}");
        assert!(page.contains(&format!("action=\"{form}\"")), "{page}");
        assert_eq!(stage.http("POST", &form, "").0, 303);
        assert_eq!(stage.http("POST", &form, "").0, 409);
        assert_eq!(stage.signing(id)["status"], status);
        assert!(!stage.get(path).contains("<button"));
        stage.restart();
        assert_eq!(stage.signing(id)["status"], status);
        // The same request again is answered as it stands; another under its key is not.
        assert_eq!(stage.sign(key, "991825827", "kari@kunde.example").1["id"], id);
        assert_eq!(stage.sign(key, "918130047", "kari@kunde.example").0, 409);
    }
}

#[test]
fn requests_that_are_refused() {
    let stage = Stage::new();
    assert_eq!(stage.http("POST", "/signing/v1/signing-requests", &body("991825827", "a@b.example").to_string()).0, 401);
    assert_eq!(stage.http("GET", "/signing/v1/signing-requests/x", "").0, 401);
    assert_eq!(stage.http("GET", "/signing/sign/x", "").0, 404);
    for (organisation, email) in [("99182582", "a@b.example"), ("991825827", "nobody"), ("991825827", "")] {
        assert_eq!(stage.sign("k", organisation, email).0, 400, "{organisation} {email}");
    }
    assert_eq!(stage.sign("", "991825827", "a@b.example").0, 400);
}
