//! Agreements and mandates as the API shows them, and that another company sees none of them.

use jiff::Timestamp;
use kvitt_domain::agreement::course::{Found, Subject};
use kvitt_domain::agreement::{ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::identifiers::KidStructure;
use kvitt_domain::mandate::{MandateRecord, Registration};
use kvitt_hub::actions::apply_mandates::{Covers, FromFile, apply};
use kvitt_hub::actions::order_agreement::{AgreementAsk, change};
use reqwest::Method;
use serde_json::Value;

use super::{Front, json, refusal};

const ACCOUNT: &str = "86011117947";

/// Both agreements of the company, and mandates of customers 1 to 5, of which the third has ended.
async fn furnish(front: &Front) {
    let structure: KidStructure = "16:1-6".parse().unwrap();
    let debit = DirectDebit { structures: vec![structure.clone()], notice: NoticePolicy::default(), claims: ClaimWay::default() };
    for subject in [Subject::MainVendor, Subject::Avtalegiro { account: ACCOUNT.to_owned(), debit }] {
        let ask = AgreementAsk::Record { subject, found: Found::Active, by: "Ola".to_owned() };
        change(&front.hub, &front.company, ask).await.unwrap();
    }
    for ended in [false, true] {
        let registration = if ended { Registration::Deleted } else { Registration::NewOrChanged };
        let customers = if ended { 3..=3 } else { 1..=5 };
        let record = |customer| MandateRecord {
            kid: structure.generate(customer, 0).unwrap().to_string(),
            registration,
            wants_notice: customer == 1,
        };
        let records: Vec<MandateRecord> = customers.map(record).collect();
        let company = front.company.clone();
        let applied = front.hub.write(move |tx| {
            let (company, records) = (company.clone(), records.clone());
            Box::pin(async move {
                let at = Timestamp::from_second(if ended { 2_000_000_000 } else { 1_000_000_000 }).unwrap();
                let file = FromFile {
                    bank_account: ACCOUNT,
                    records: &records,
                    covers: Covers::Some,
                    digest: "d",
                    at,
                    unless_after: None,
                };
                apply(tx, &company, file).await
            })
        });
        applied.await.unwrap();
    }
}

#[tokio::test]
async fn agreements_and_mandates_are_shown() {
    let front = Front::open().await;
    let token = front.token(&front.company, "company:read").await;
    let ask = async |path: &str| front.ask(Method::GET, path).bearer_auth(&token).send().await.unwrap();
    assert_eq!(json(ask("/v1/services/b2cno").await, 200).await["status"], "FREE");
    furnish(&front).await;
    assert_eq!(json(ask("/v1/services/b2cno").await, 200).await["status"], "ACTIVE");
    let debits = json(ask("/v1/services/atg").await, 200).await;
    let debit = json(ask(&format!("/v1/services/atg/{ACCOUNT}")).await, 200).await;
    assert_eq!(debits.as_array().unwrap(), std::slice::from_ref(&debit));
    let told = ["account_number", "kid_length", "reference_position", "payment_type_position", "status"]
        .map(|name| debit[name].as_str().unwrap());
    assert_eq!(told, [ACCOUNT, "16", "1-6", "", "ACTIVE"]);

    let customers = async |query: &str| {
        let listed = json(ask(&format!("/v1/services/atg/mandates?{query}")).await, 200).await;
        let mut customers: Vec<String> =
            listed.as_array().unwrap().iter().map(|mandate| mandate["reference_nr"].as_str().unwrap().to_owned()).collect();
        customers.sort();
        customers.join(" ")
    };
    for (query, expected) in [
        ("", "000001 000002 000003 000004 000005"),
        ("status=ACTIVE&parse_values=TRUE", "000001 000002 000004 000005"),
        ("status=INACTIVE", "000003"),
        ("timestamp=2020-01-01T00:00:00Z", "000003"),
        ("query=4", "000004"),
        ("query=999", ""),
        ("per_page=2&page=4", ""),
    ] {
        assert_eq!(customers(query).await, expected, "{query}");
    }
    let page = ask("/v1/services/atg/mandates?per_page=2&page=3").await;
    assert_eq!((&page.headers()["x-total"], &page.headers()["x-next-page"]), (&"5".parse().unwrap(), &"".parse().unwrap()));
    assert_eq!(json(page, 200).await.as_array().unwrap().len(), 1);
    let first: Value = json(ask("/v1/services/atg/mandates?query=1").await, 200).await[0].clone();
    assert_eq!(
        (first["notification"].as_str(), first["account_number"].is_null(), first["creditor_account"].as_str()),
        (Some("1"), true, Some(ACCOUNT))
    );
    assert_eq!(first["updated_timestamp"], first["updated_at"]);

    for path in ["/v1/services/b2cno/consumers", "/v1/company/consumers"] {
        assert_eq!(refusal(ask(path).await).await, (410, "service.discontinued".to_owned()));
    }
    for path in ["/v1/services/atg/mandates?status=GONE", "/v1/services/atg/mandates?timestamp=now"] {
        assert_eq!(refusal(ask(path).await).await, (400, "request.value".to_owned()));
    }
    // Another company has none of it.
    let stranger = front.token(&front.other, "eui").await;
    let of_stranger = async |path: &str| front.ask(Method::GET, path).bearer_auth(&stranger).send().await.unwrap();
    assert_eq!(json(of_stranger("/v1/services/atg").await, 200).await, serde_json::json!([]));
    assert_eq!(json(of_stranger("/v1/services/atg/mandates?query=1").await, 200).await, serde_json::json!([]));
    assert_eq!(json(of_stranger("/v1/services/b2cno").await, 200).await["status"], "FREE");
    assert_eq!(refusal(of_stranger(&format!("/v1/services/atg/{ACCOUNT}")).await).await.0, 404);
    front.stop().await;
}
