//! Mandates of bank files, in every order and mix, and the page on which a customer goes on to the rail's form for one.

use jiff::Timestamp;
use kvitt_domain::agreement::course::{Found, Subject};
use kvitt_domain::agreement::{ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::identifiers::KidStructure;
use kvitt_domain::mandate::{MandateRecord, Registration};
use kvitt_hub::actions::add_company::add_company;
use kvitt_hub::actions::apply_mandates::{Applied, Covers, FromFile, apply, read_anew};
use kvitt_hub::actions::order_agreement::{AgreementAsk, change};
use kvitt_hub::config::AvtalegiroConfig;
use kvitt_hub::desk::{Answer, Ask, MandateAsk};
use kvitt_hub::store::company::{Company, CompanySettings};
use kvitt_hub::store::{event, mandate};
use kvitt_hub::{Config, Hub};
use proptest::prelude::*;

const ACCOUNT: &str = "86011117947";
const PUBLIC: &str = "https://faktura.example";
const FORM: &str = "https://pvu.example/ecsa/start";

struct Bench {
    _folder: tempfile::TempDir,
    hub: Hub,
    company: Company,
}

impl Bench {
    async fn open() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_address: Some(format!("{PUBLIC}/")),
            avtalegiro: AvtalegiroConfig { mandate_form: Some(FORM.to_owned()), ..AvtalegiroConfig::default() },
            ..Config::default()
        };
        let hub = Hub::open(folder.path(), config).await.unwrap();
        let company = add_company(&hub, "999002021", "Fjord & Vik <AS>", CompanySettings::default()).await.unwrap();
        Bench { _folder: folder, hub, company }
    }

    /// Both agreements, as a person found them out.
    async fn agree(&self, kid: &str) {
        let debit =
            DirectDebit { structures: vec![kid.parse().unwrap()], notice: NoticePolicy::default(), claims: ClaimWay::default() };
        for subject in [Subject::MainVendor, Subject::Avtalegiro { account: ACCOUNT.to_owned(), debit }] {
            let ask = AgreementAsk::Record { subject, found: Found::Active, by: "Ola".to_owned() };
            change(&self.hub, &self.company, ask).await.unwrap();
        }
    }

    async fn apply(&self, records: Vec<MandateRecord>, covers: Covers) -> Applied {
        let (company, at) = (self.company.clone(), Timestamp::UNIX_EPOCH);
        let applied = self.hub.write(move |tx| {
            let (company, records) = (company.clone(), records.clone());
            Box::pin(async move {
                let file = FromFile { bank_account: ACCOUNT, records: &records, covers, digest: "d", at, unless_after: None };
                apply(tx, &company, file).await
            })
        });
        applied.await.unwrap()
    }

    /// Customer numbers of the active mandates, with a mark where the payer wants notice.
    async fn active(&self) -> Vec<String> {
        let mut db = self.hub.db().read().await.unwrap();
        let all = mandate::of_account(&mut db, &self.company.id, &self.company.key, ACCOUNT, "", 999).await.unwrap();
        let shown = all.iter().map(|stored| &stored.mandate).filter(|mandate| mandate.is_active()).map(|mandate| {
            let customer = mandate.reading.as_ref().map_or("?", |reading| reading.customer.trim_start_matches('0'));
            format!("{customer}{}", if mandate.wants_notice { "+" } else { "" })
        });
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown
    }
}

fn kid(customer: u64) -> String {
    let structure: KidStructure = "16:1-6".parse().unwrap();
    structure.generate(customer, 0).unwrap().to_string()
}

/// `0` exists, `1` new or changed, `2` gone.
fn record(customer: u64, registration: u8, wants_notice: bool) -> MandateRecord {
    let registration = [Registration::Existing, Registration::NewOrChanged, Registration::Deleted][usize::from(registration)];
    MandateRecord { kid: kid(customer), registration, wants_notice }
}

#[tokio::test]
async fn the_last_record_about_a_mandate_wins() {
    let bench = Bench::open().await;
    bench.agree("16:1-6").await;
    let first = vec![record(1, 0, true), record(2, 1, true), record(3, 1, false), record(2, 2, true), record(1, 1, false)];
    let applied = bench.apply(first.clone(), Covers::Some).await;
    assert_eq!(applied, Applied { records: 5, new: 3, changed: 2, withdrawn: 0, unreadable: 0 });
    assert_eq!(bench.active().await, ["1", "3"]);
    // What it does not name stays.
    bench.apply(vec![record(4, 1, true)], Covers::Some).await;
    assert_eq!(bench.active().await, ["1", "3", "4+"]);
    // The same again, the same outcome.
    let again = bench.apply(vec![record(4, 1, true), record(3, 0, false)], Covers::Some).await;
    assert_eq!((again.new, again.changed), (0, 0));
    // Only the operator can say that a file names all.
    let all = bench.apply(vec![record(3, 0, false), record(5, 0, true)], Covers::All).await;
    assert_eq!((all.new, all.withdrawn), (1, 2));
    assert_eq!(bench.active().await, ["3", "5+"]);
    let told = event::after(&mut bench.hub.db().read().await.unwrap(), &bench.company.id, &bench.company.key, 0, 99).await;
    assert_eq!(told.unwrap().iter().filter(|event| event.kind == "mandates.applied").count(), 4);
}

/// What came before the agreement, or under other structures, is read when there are some that fit.
#[tokio::test]
async fn mandates_are_read_by_the_structures_of_today() {
    let bench = Bench::open().await;
    let applied = bench.apply(vec![record(7, 0, true)], Covers::Some).await;
    assert_eq!((applied.new, applied.unreadable), (1, 1));
    assert_eq!(bench.active().await, ["?+"]);
    bench.agree("16:1-6").await;
    assert_eq!(read_anew(&bench.hub, &bench.company, ACCOUNT).await.unwrap(), 1);
    assert_eq!(read_anew(&bench.hub, &bench.company, ACCOUNT).await.unwrap(), 0);
    assert_eq!(bench.active().await, ["7+"]);
    let found = mandate::find_for_kid(&mut bench.hub.db().read().await.unwrap(), &bench.company, ACCOUNT, &kid(7)).await;
    assert!(found.unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// However records are cut into files, what stands is what the last record about each mandate said.
    #[test]
    fn files_and_orders_do_not_matter(records in prop::collection::vec((1_u64..6, 0_u8..3, any::<bool>()), 0..24), cut in 0_usize..24) {
        let expected: std::collections::BTreeMap<u64, (u8, bool)> =
            records.iter().map(|(customer, kind, notice)| (*customer, (*kind, *notice))).collect();
        let expected: Vec<String> = expected
            .into_iter()
            .filter(|(_, (kind, _))| *kind != 2)
            .map(|(customer, (_, notice))| format!("{customer}{}", if notice { "+" } else { "" }))
            .collect();
        let records: Vec<MandateRecord> =
            records.into_iter().map(|(customer, kind, notice)| record(customer, kind, notice)).collect();
        let (first, second) = records.split_at(cut.min(records.len()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::open().await;
            bench.agree("16:1-6").await;
            for file in [first, second, second] {
                bench.apply(file.to_vec(), Covers::Some).await;
            }
            assert_eq!(bench.active().await, expected);
        });
    }
}

#[tokio::test]
async fn a_customer_is_led_to_the_rails_form_and_nobody_else_is() {
    let bench = Bench::open().await;
    let ask = async |account: &str, kid: &str| {
        let what = MandateAsk::Link { account: account.to_owned(), kid: kid.to_owned() };
        match bench.hub.answer(Ask::Mandates { company: None, what }).await {
            Answer::MandateLink { address } => Ok(address),
            Answer::Refused { faults } => Err(faults[0].code.name()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(ACCOUNT, &kid(42)).await, Err("mandate.no_agreement"));
    bench.agree("16:1-6").await;
    assert_eq!(ask(ACCOUNT, "123456782").await, Err("kid.structure"));
    assert_eq!(ask("1", &kid(42)).await, Err("account.invalid"));
    let address = ask("8601.11.17947", &kid(42)).await.unwrap();
    assert!(address.len() <= 255 && !address.contains(&kid(42)) && !address.contains(ACCOUNT), "{address}");

    let running = bench.hub.start().await.unwrap();
    let path = address.strip_prefix(PUBLIC).unwrap().to_owned();
    let get = async |path: &str| {
        let response = reqwest::get(format!("http://{}{path}", running.http())).await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        (response.status().as_u16(), policy, response.text().await.unwrap())
    };
    let (status, policy, page) = get(&path).await;
    assert_eq!(status, 200);
    assert!(policy.contains("form-action https://pvu.example") && policy.contains("default-src 'none'"), "{policy}");
    for part in [
        format!("action=\"{FORM}\""),
        format!("name=\"companyAccountNo\" value=\"{ACCOUNT}\""),
        format!("name=\"kid\" value=\"{}\"", kid(42)),
        "name=\"companyName\" value=\"Fjord &amp; Vik &lt;AS&gt;\"".to_owned(),
        format!("name=\"returnUrl\" value=\"{address}/back\""),
    ] {
        assert!(page.contains(&part), "{part}: {page}");
    }
    assert!(get(&format!("{path}/back?status=OK")).await.2.contains("Takk"));
    assert!(!get(&format!("{path}/back?status=CANCEL")).await.2.contains("Takk"));
    let (company, sealed) = path.trim_start_matches("/mandate/").split_once('/').unwrap();
    let middle = sealed.len() / 2;
    let other = if sealed.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let forged = format!("{}{other}{}", &sealed[..middle], &sealed[middle + 1..]);
    for path in [format!("/mandate/{company}/{forged}"), format!("/mandate/{company}/x"), format!("/mandate/{sealed}/{sealed}")] {
        assert_eq!(get(&path).await.0, 404, "{path}");
    }
    running.stop().await;
}
