//! The companies that have Fortnox, each with what is wrong with it; expenses, vouchers by hand, the limit, and faults.

use serde_json::{Value, json};

use crate::fortnox::{invoice, with_masters};
use crate::harness::Stage;

#[test]
fn companies_by_nature() {
    let stage = Stage::new();
    let project = json!({"Project": {"ProjectNumber": "9", "Description": "Nytt"}});
    let table = [
        (1_000_002, "GET", "3/customers", Value::Null, (403, 2_001_103)),
        (1_000_003, "POST", "3/projects", project, (403, 2_001_101)),
        (1_000_004, "POST", "3/invoices", invoice("1"), (400, 2_000_550)),
        (1_000_006, "PUT", "3/invoices/1/bookkeep", Value::Null, (400, 2_999_002)),
        (1_000_012, "PUT", "3/invoices/1/bookkeep", Value::Null, (400, 2_999_005)),
        (1_000_013, "POST", "3/customers", json!({"Customer": {"CustomerNumber": "10001", "Name": "Vår"}}), (400, 2_000_637)),
    ];
    for (tenant, method, path, body, expected) in table {
        let token = stage.fortnox_token(tenant);
        if path.ends_with("bookkeep") || path.ends_with("invoices") {
            with_masters(&stage, tenant);
        }
        if path.ends_with("bookkeep") {
            assert_eq!(stage.fortnox(&token, "POST", "3/invoices", &invoice("1")).status, 201);
        }
        assert_eq!(stage.fortnox(&token, method, path, &body).code(), expected, "{tenant} {path}");
    }
}

#[test]
fn how_a_company_is_set_up_is_seen_and_changed() {
    let mut stage = Stage::new();
    let token = stage.fortnox_token(1_000_005);
    let accounts = stage.fortnox(&token, "GET", "3/accounts?limit=500", &Value::Null).body;
    let code = |number: u64| {
        let all = accounts["Accounts"].as_array().unwrap();
        all.iter().find(|account| account["Number"] == number).unwrap()["VATCode"].clone()
    };
    assert_eq!((code(3000), code(3010)), (json!("MP2"), json!("MP4")));
    let mut wrong = invoice("1");
    with_masters(&stage, 1_000_005);
    wrong["Invoice"]["InvoiceRows"][0]["VAT"] = json!(15);
    assert_eq!(stage.fortnox(&token, "POST", "3/invoices", &wrong).code(), (400, 2_999_003));
    let (status, _) = stage.http("PUT", "/fortnox/control/tenants/1000005", r#"{"vat_rates": [25, 15, 12]}"#);
    assert_eq!(status, 200);
    assert_eq!(stage.http("PUT", "/fortnox/control/tenants/1000005", r#"{"colour": 1}"#).0, 400);
    stage.restart();
    assert_eq!(stage.fortnox(&token, "POST", "3/invoices", &wrong).status, 201);
    let years = stage.fortnox(&token, "GET", "3/financialyears?date=2026-11-22", &Value::Null).body;
    assert_eq!(years["FinancialYears"][0]["FromDate"], "2026-01-01");
    for path in ["3/settings/company", "3/settings/lockedperiod", "3/predefinedaccounts", "3/voucherseries", "3/accounts/3000"] {
        assert_eq!(stage.fortnox(&token, "GET", path, &Value::Null).status, 200, "{path}");
    }
}

#[test]
fn whole_kronor_and_numbers_that_nobody_may_see() {
    let stage = Stage::new();
    let made = |tenant| {
        with_masters(&stage, tenant);
        let token = stage.fortnox_token(tenant);
        stage.fortnox(&token, "POST", "3/invoices", &invoice("1")).body["Invoice"].clone()
    };
    let rounded = made(1_000_009);
    assert_eq!((&rounded["Total"], &rounded["RoundOff"]), (&json!(1623), &json!(-0.33)));
    assert_eq!(made(1_000_011)["ContributionValue"], "API_NORIGHT");
}

#[test]
fn one_that_hangs_up_has_made_and_booked() {
    let stage = Stage::new();
    with_masters(&stage, 1_000_008);
    let token = stage.fortnox_token(1_000_008);
    assert_eq!(stage.fortnox(&token, "POST", "3/invoices", &invoice("1")).status, 0);
    assert_eq!(stage.fortnox(&token, "PUT", "3/invoices/1/bookkeep", &Value::Null).status, 0);
    let found = stage.fortnox(&token, "GET", "3/invoices/1", &Value::Null).body;
    assert_eq!(found["Invoice"]["Booked"], true);
    assert_eq!(stage.fortnox_ledger("voucher").len(), 1);
}

#[test]
fn expenses_are_registered_approved_and_booked() {
    let stage = Stage::new();
    with_masters(&stage, 1_000_001);
    let token = stage.fortnox_token(1_000_001);
    let expense = json!({"SupplierInvoice": {
        "SupplierNumber": "1", "InvoiceNumber": "A-77", "InvoiceDate": "2026-11-20", "Total": 1250, "VAT": 250, "Project": "2611",
        "SupplierInvoiceRows": [
            {"Code": "TOT", "Credit": 1250},
            {"Code": "VAT", "Debit": 250},
            {"Account": 5800, "Debit": 1000, "Project": "2611", "ItemDescription": "Reise"},
        ],
    }});
    let given = stage.fortnox_office(1_000_001, "POST", "3/supplierinvoices", &expense)["SupplierInvoice"]["GivenNumber"].clone();
    let given = given.as_str().unwrap();
    let count = |query: &str| {
        let listed = stage.fortnox(&token, "GET", &format!("3/supplierinvoices?{query}"), &Value::Null).body;
        listed["MetaInformation"]["@TotalResources"].as_u64().unwrap()
    };
    assert_eq!((count("filter=authorizepending"), count("filter=unbooked")), (1, 1));
    stage.fortnox_office(1_000_001, "PUT", &format!("3/supplierinvoices/{given}/approvalbookkeep"), &Value::Null);
    stage.fortnox_office(1_000_001, "PUT", &format!("3/supplierinvoices/{given}/bookkeep"), &Value::Null);
    assert_eq!((count("filter=authorizepending"), count("filter=unbooked"), count("lastmodified=2020-01-01+06:00")), (0, 0, 1));
    let one = stage.fortnox(&token, "GET", &format!("3/supplierinvoices/{given}"), &Value::Null).body;
    let one = &one["SupplierInvoice"];
    assert_eq!((&one["Booked"], &one["Total"], &one["Vouchers"][0]["Series"]), (&json!(true), &json!("1250.00"), &json!("D")));
    assert_eq!(
        (&one["SupplierInvoiceRows"][2]["Debit"], &one["SupplierInvoiceRows"][2]["Account"]),
        (&json!("1000.00"), &json!(5800))
    );
    let mut unbalanced = expense;
    unbalanced["SupplierInvoice"]["SupplierInvoiceRows"][0]["Credit"] = json!(1);
    assert_eq!(stage.fortnox(&token, "POST", "3/supplierinvoices", &unbalanced).code(), (400, 2_000_755));
}

#[test]
fn vouchers_by_hand_and_payments() {
    let stage = Stage::new();
    with_masters(&stage, 1_000_001);
    let token = stage.fortnox_token(1_000_001);
    let voucher = json!({"Voucher": {
        "VoucherSeries": "A", "TransactionDate": "2026-11-21", "Description": "Fakturasalg 20417 avgift",
        "VoucherRows": [{"Account": 6064, "Debit": 864.00, "Project": "2611"}, {"Account": 1930, "Credit": 864.00}],
    }});
    let made = stage.fortnox(&token, "POST", "3/vouchers", &voucher).body;
    assert_eq!((&made["Voucher"]["VoucherNumber"], &made["Voucher"]["Year"]), (&json!(1), &json!(7)));
    let mut wrong = voucher.clone();
    wrong["Voucher"]["VoucherRows"][1]["Credit"] = json!(863);
    assert_eq!(stage.fortnox(&token, "POST", "3/vouchers", &wrong).code(), (400, 2_999_006));
    wrong["Voucher"]["VoucherRows"][1] = json!({"Account": 1931, "Credit": 864});
    assert_eq!(stage.fortnox(&token, "POST", "3/vouchers", &wrong).code(), (400, 2_000_423));
    // The same by hand once more is the same twice.
    stage.fortnox(&token, "POST", "3/vouchers", &voucher);
    let keys = stage.fortnox_ledger("voucher");
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    stage.fortnox(&token, "POST", "3/invoices", &invoice("1"));
    stage.fortnox(&token, "PUT", "3/invoices/1/bookkeep", &Value::Null);
    let payment = json!({"InvoicePayment": {
        "InvoiceNumber": "1", "Amount": 1600, "PaymentDate": "2026-12-01", "WriteOffs": [{"Amount": 23.33, "AccountNumber": 6064}],
    }});
    let number = stage.fortnox(&token, "POST", "3/invoicepayments", &payment).body["InvoicePayment"]["Number"].clone();
    let path = format!("3/invoicepayments/{}/bookkeep", number.as_str().unwrap());
    assert_eq!(stage.fortnox(&token, "PUT", &path, &Value::Null).body["InvoicePayment"]["VoucherSeries"], "C");
    assert_eq!(stage.fortnox(&token, "GET", "3/invoices/1", &Value::Null).body["Invoice"]["Balance"], 0);
    let paid = stage.fortnox(&token, "GET", "3/invoices?filter=fullypaid", &Value::Null).body;
    assert_eq!(paid["MetaInformation"]["@TotalResources"], 1);
}

#[test]
fn more_than_25_calls_in_five_seconds_are_refused() {
    let stage = Stage::new();
    let token = stage.fortnox_token(1_000_001);
    let call = || stage.fortnox(&token, "GET", "3/me", &Value::Null).status;
    let said: Vec<u16> = (0..40).map(|_| call()).collect();
    // A slow machine may let some more through: the window slides while the calls are made.
    assert!(said[..25].iter().all(|status| *status == 200), "{said:?}");
    let calls = stage.json("/fortnox/control/calls");
    let refused = said.iter().filter(|status| **status == 429).count();
    assert_eq!(calls["1000001"]["refused"], refused);
    assert_eq!(stage.http("POST", "/fortnox/control/limit", r#"{"calls": 100000}"#).0, 204);
    assert!((0..40).all(|_| call() == 200));
}

#[test]
fn faults_strike_before_and_after() {
    let stage = Stage::new();
    with_masters(&stage, 1_000_001);
    let token = stage.fortnox_token(1_000_001);
    let post = |number: &str| stage.fortnox(&token, "POST", "3/invoices", &invoice(number)).status;
    stage.fault(r#"{"counterparty":"fortnox","at":"request","kind":"drop","times":1,"to":"POST /3/invoices"}"#);
    assert_eq!((post("1"), post("1")), (0, 201));
    stage.fault(r#"{"counterparty":"fortnox","at":"reply","kind":"accept_then_drop","times":1,"to":"1000001"}"#);
    assert_eq!((post("2"), post("2")), (0, 400));
    stage.fault(r#"{"counterparty":"fortnox","at":"connect","kind":"refuse","times":1}"#);
    assert_eq!((post("3"), post("3")), (500, 201));
}
