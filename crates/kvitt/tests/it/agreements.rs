//! Agreements and mandates from the first order to the first mandate, with the sandbox's MPS, bank and signing service.
//!
//! The hub is in this process, so that its clock moves with the sandbox's.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::Duration;

use kvitt_domain::agreement::course::Subject;
use kvitt_domain::agreement::{AgreementKind, AgreementState, ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::mandate::Mandate;
use kvitt_hub::desk::{AgreementAsk, AgreementShown, Answer, Ask, MandateAsk, MoneyAsk, Which};
use kvitt_hub::store::bank_account::BankAccountSettings;
use kvitt_hub::store::company::CompanySettings;
use kvitt_hub::store::{agreement, mandate};
use kvitt_hub::{Config, Hub};

use crate::harness::{Sandbox, kvitt, wait_for};

/// Nobody's issuer, and another provider's: docs/sandbox.md.
const ORDINARY: &str = "999001017";
const OTHERS: &str = "810000104";
/// Registered at once; waits for the bank until the next bank day; another provider's.
const AT_ONCE: &str = "99991001014";
const SLOW: &str = "99980300028";
const TAKEN: &str = "99980200015";

/// Shorter than the half hour after which news are asked for.
const PATIENCE: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A hub in this process, whose clock goes with the sandbox's.
pub struct Bench<'a> {
    pub hub: Hub,
    pub sandbox: &'a Sandbox,
    ahead: Cell<Duration>,
}

impl<'a> Bench<'a> {
    async fn open(sandbox: &'a Sandbox, data: &Path) -> Bench<'a> {
        Bench::with(sandbox, data, &sandbox.agreements_configuration()).await
    }

    /// With the drops of the bank and the print shop too.
    pub async fn with_bank(sandbox: &'a Sandbox, data: &Path) -> Bench<'a> {
        Bench::with(sandbox, data, &sandbox.bank_configuration()).await
    }

    async fn with(sandbox: &'a Sandbox, data: &Path, counterparties: &str) -> Bench<'a> {
        sandbox.configure(data);
        // The address stands in bills, which no bank opens here.
        let mut configuration = "public_address = \"http://127.0.0.1:8480\"\n".to_owned();
        configuration += &fs::read_to_string(data.join("kvitt.toml")).unwrap();
        configuration += counterparties;
        // This hub's clock is moved by hand.
        let configuration = configuration.split("[clock]").next().unwrap().to_owned()
            + configuration.split("[clock]").nth(1).unwrap().split_once("\n\n").map_or("", |(_, rest)| rest);
        fs::write(data.join("kvitt.toml"), configuration).unwrap();
        let config = Config::read(Some(&data.join("kvitt.toml"))).unwrap();
        Bench { hub: Hub::open(data, config).await.unwrap(), sandbox, ahead: Cell::default() }
    }

    pub async fn add(&self, org_number: &str) {
        let (org_number, name) = (org_number.to_owned(), "Nordlys Kraft AS".to_owned());
        let answer = self.hub.answer(Ask::AddCompany { org_number, name, settings: CompanySettings::default() }).await;
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    /// Says that an account is the company's.
    async fn set_up(&self, company: &str, account: &str) {
        let (company, account, settings) = (company.to_owned(), account.to_owned(), BankAccountSettings::default());
        let answer = self.hub.answer(Ask::Money(MoneyAsk::SetBankAccount { company, account, settings })).await;
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    pub async fn change(&self, company: &str, what: AgreementAsk) -> Vec<String> {
        match self.hub.answer(Ask::Agreements { company: Some(company.to_owned()), what }).await {
            Answer::Done => vec![],
            Answer::Refused { faults } => faults.iter().map(|fault| fault.code.name().to_owned()).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// Orders, with the signer's address where there is one, and works until nothing is due.
    pub async fn order(&self, company: &str, subject: Subject, signer: Option<&str>) -> Vec<String> {
        let signer = signer.map(|email| ("Kari Nordmann".to_owned(), email.to_owned()));
        let accepted_by = Some("Ola Nordmann".to_owned());
        let refused = self.change(company, AgreementAsk::Order { subject, accepted_by, signer, vouched_by: None }).await;
        self.work().await;
        refused
    }

    pub async fn work(&self) {
        self.hub.work_until_quiet(PATIENCE, |_| {}).await.unwrap();
    }

    /// Both clocks go on, and what is due then is done.
    pub async fn pass(&self, time: Duration) {
        self.sandbox.advance_now(time).await;
        self.ahead.set(self.ahead.get() + time);
        self.hub.move_clock(self.ahead.get()).await.unwrap();
        self.work().await;
    }

    async fn shown(&self, company: &str) -> Vec<AgreementShown> {
        let ask = Ask::Agreements { company: Some(company.to_owned()), what: AgreementAsk::List };
        match self.hub.answer(ask).await {
            Answer::Agreements { agreements } => agreements,
            other => panic!("{other:?}"),
        }
    }

    /// Where each agreement stands, and the codes of what is to be done.
    pub async fn stands(&self, company: &str) -> Vec<String> {
        let text = |shown: &AgreementShown| {
            let advice = shown.advice.iter().map(|fault| format!(" {}", fault.code)).collect::<String>();
            format!("{}{advice}", shown.course.state.name())
        };
        self.shown(company).await.iter().map(text).collect()
    }

    pub async fn mandates(&self, company: &str, what: MandateAsk) -> Result<Vec<Mandate>, String> {
        match self.hub.answer(Ask::Mandates { company: Some(company.to_owned()), what }).await {
            Answer::Mandates { mandates, .. } => Ok(mandates),
            Answer::Refused { faults } => Err(faults[0].code.name().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    async fn look_up(&self, company: &str, account: &str, kid: &str) -> Result<Vec<Mandate>, String> {
        let (account, kid) = (account.to_owned(), kid.to_owned());
        self.mandates(company, MandateAsk::LookUp { account, kid }).await
    }
}

fn account(account: &str) -> Subject {
    let structures = vec!["16:1-6".parse().unwrap()];
    let debit = DirectDebit { structures, notice: NoticePolicy::default(), claims: ClaimWay::default() };
    Subject::Avtalegiro { account: account.to_owned(), debit }
}

fn kid(customer: u64, invoice: u64) -> String {
    let structure: kvitt_domain::identifiers::KidStructure = "16:1-6".parse().unwrap();
    structure.generate(customer, invoice).unwrap().to_string()
}

#[test]
fn nobody_has_it_so_it_is_in_force_at_once_and_spreads_for_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    wait_for(async {
        let bench = Bench::open(&sandbox, &folder.path().join("data")).await;
        bench.add(ORDINARY).await;
        let no_terms = AgreementAsk::Order { subject: Subject::MainVendor, accepted_by: None, signer: None, vouched_by: None };
        assert_eq!(bench.change(ORDINARY, no_terms).await, ["agreement.terms_not_accepted"]);
        assert_eq!(bench.order(ORDINARY, account(AT_ONCE), None).await, ["agreement.main_first"]);
        assert!(bench.order(ORDINARY, Subject::MainVendor, None).await.is_empty());
        assert_eq!(bench.stands(ORDINARY).await, ["spreading agreement.spreading"]);
        assert_eq!(bench.order(ORDINARY, Subject::MainVendor, None).await, ["agreement.state_refuses"]);

        // It can be used already, and so can the agreement of an account.
        assert!(bench.order(ORDINARY, account(AT_ONCE), None).await.is_empty());
        // Nobody has said whose the account is: what the bank tells of it would be nobody's.
        assert_eq!(bench.stands(ORDINARY).await, ["spreading agreement.spreading", "active agreement.account_not_set_up"]);
        let remedy = bench.shown(ORDINARY).await[1].advice[0].remedy(kvitt_domain::Language::English);
        let command = format!("kvitt company bank-account set {ORDINARY} {AT_ONCE} --kid 16:1-6");
        assert!(remedy.contains(&command), "{remedy}");
        bench.set_up(ORDINARY, AT_ONCE).await;
        assert_eq!(bench.stands(ORDINARY).await, ["spreading agreement.spreading", "active"]);
        bench.pass(DAY).await;
        assert_eq!(bench.stands(ORDINARY).await, ["active", "active"]);

        // Mandates of the bank's first payers: the fourth wants no notice, the eleventh gave none.
        let found = bench.look_up(ORDINARY, AT_ONCE, &kid(4, 1)).await.unwrap();
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((found.is_active(), found.wants_notice, found.payer_account.as_deref()), (true, false, None));
        assert_eq!(found.reading.as_ref().unwrap().customer, "000004");
        assert!(bench.look_up(ORDINARY, AT_ONCE, &kid(11, 1)).await.unwrap().is_empty());
        for text in [kid(4, 77), found.kid.clone(), "4".to_owned(), "000004".to_owned()] {
            let again = bench.mandates(ORDINARY, MandateAsk::Find { text: text.clone() }).await.unwrap();
            assert_eq!(again.as_slice(), std::slice::from_ref(found), "{text}");
        }
        let company = bench.hub.company(Some(ORDINARY)).await.unwrap();
        let mut db = bench.hub.db().read().await.unwrap();
        let matched = mandate::find_for_kid(&mut db, &company, AT_ONCE, &kid(4, 4711)).await.unwrap();
        assert_eq!(matched.as_ref(), Some(found));
        drop(db);

        // The payer withdraws it; four times a day it is asked about.
        let order = serde_json::json!({ "accountNumber": AT_ONCE, "kid": kid(4, 1) });
        bench.sandbox.delete_now("bank/mandates", &order).await;
        bench.pass(DAY / 4).await;
        let gone = bench.mandates(ORDINARY, MandateAsk::Find { text: "4".to_owned() }).await.unwrap();
        assert_eq!(gone.iter().map(Mandate::is_active).collect::<Vec<_>>(), [false]);

        let which = Which { kind: AgreementKind::MainVendor, account: None };
        assert!(bench.change(ORDINARY, AgreementAsk::End { which, by: "Ola".to_owned() }).await.is_empty());
        bench.work().await;
        assert_eq!(bench.stands(ORDINARY).await[0], "ended agreement.ended");
    });
}

#[test]
fn another_provider_has_it_so_somebody_signs_and_the_old_deductions_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    wait_for(async {
        let bench = Bench::open(&sandbox, &folder.path().join("data")).await;
        bench.add(OTHERS).await;
        assert!(bench.order(OTHERS, Subject::MainVendor, None).await.is_empty());
        assert_eq!(bench.stands(OTHERS).await, ["signer_needed agreement.signer_needed"]);
        let main = || Which { kind: AgreementKind::MainVendor, account: None };
        let name = async |email: &str| {
            let signer = ("Kari Nordmann".to_owned(), email.to_owned());
            let refused = bench.change(OTHERS, AgreementAsk::NameSigner { which: main(), signer }).await;
            bench.work().await;
            refused
        };
        assert_eq!(name("kari").await, ["email.invalid"]);
        assert!(name("noauthority@post.example").await.is_empty());
        let half_an_hour = Duration::from_secs(31 * 60);
        bench.pass(half_an_hour).await;
        assert_eq!(bench.stands(OTHERS).await, ["signer_needed agreement.signer_needed agreement.signature_refused"]);
        // Somebody who thinks about it, and then somebody who does not.
        assert!(name("kari@post.example").await.is_empty());
        assert_eq!(bench.stands(OTHERS).await, ["waiting_for_signature agreement.signature_awaited"]);
        assert!(name("signs@post.example").await.is_empty());
        bench.pass(half_an_hour).await;
        assert_eq!(bench.stands(OTHERS).await, ["spreading agreement.spreading agreement.close_the_old"]);
        bench.pass(DAY).await;
        let closed = AgreementAsk::OldProviderClosed { which: main(), by: "Ola".to_owned() };
        assert!(bench.change(OTHERS, closed).await.is_empty());
        assert_eq!(bench.stands(OTHERS).await, ["active"]);

        // The account is another provider's too: until it is moved, its mandates are theirs to fetch.
        bench.set_up(OTHERS, TAKEN).await;
        assert!(bench.order(OTHERS, account(TAKEN), Some("signs@post.example")).await.is_empty());
        assert_eq!(bench.look_up(OTHERS, TAKEN, &kid(1, 1)).await.unwrap_err(), "mandate.elsewhere");
        bench.pass(half_an_hour).await;
        assert_eq!(bench.stands(OTHERS).await, ["active", "active agreement.old_deductions"]);
        assert_eq!(bench.look_up(OTHERS, TAKEN, &kid(1, 1)).await.unwrap().len(), 1);

        // What happened stands in the company's timeline, and what was said in the agreement's log.
        let company = bench.hub.company(Some(OTHERS)).await.unwrap();
        let mut db = bench.hub.db().read().await.unwrap();
        let stored = agreement::all(&mut db, &company.id, &company.key).await.unwrap();
        let told = kvitt_hub::store::event::of_subject(&mut db, &company.id, &company.key, &stored[0].id).await.unwrap();
        let moves: Vec<(&str, &str)> = told
            .iter()
            .filter(|event| event.machine == "agreement" && event.from != event.to)
            .map(|event| (event.from.as_str(), event.to.as_str()))
            .collect();
        assert_eq!(moves.first(), Some(&("not_ordered", "asking")));
        assert_eq!(moves.last(), Some(&("spreading", "active")));
        assert!(moves.windows(2).all(|pair| pair[0].1 == pair[1].0), "{moves:?}");
        let log = kvitt_hub::store::consignment::log(&mut db, &company.id, &company.key, &stored[0].id).await.unwrap();
        assert!(log.len() >= 6 && log.iter().all(|entry| entry.answered), "{log:?}");
    });
}

#[test]
fn the_bank_is_waited_for_with_the_text_to_give_it() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("sandbox"));
    let data = folder.path().join("data");
    wait_for(async {
        let bench = Bench::open(&sandbox, &data).await;
        bench.add(ORDINARY).await;
        assert!(bench.order(ORDINARY, Subject::MainVendor, None).await.is_empty());
        assert!(bench.order(ORDINARY, account(SLOW), None).await.is_empty());
        assert_eq!(bench.stands(ORDINARY).await[1], "waiting_for_bank agreement.waiting_for_bank");
        let seen = &bench.shown(ORDINARY).await[1];
        assert_eq!(seen.course.agreement("").state, AgreementState::Pending);
        assert!(seen.next_at.is_some());
    });
    let shown = kvitt(&data, &["company", "agreement", "list", ORDINARY]).with_code(0).stdout;
    for part in ["waiting for the bank", "00229221", SLOW, "16 digits", "positions 1 to 6"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // What a person recorded is not asked about, and its structures can be changed.
    let by_hand = [
        "company",
        "agreement",
        "record",
        ORDINARY,
        "avtalegiro",
        "--account",
        "8601.11.17947",
        "--kid",
        "16:1-6",
        "--by",
        "Ola",
    ];
    kvitt(&data, &by_hand).with_code(0);
    let change = [
        "company",
        "agreement",
        "change",
        ORDINARY,
        "--account",
        "86011117947",
        "--kid",
        "20:1-8",
        "--notice",
        "never",
        "--by",
        "Ola",
    ];
    let changed = kvitt(&data, &change).with_code(0).stdout;
    assert!(changed.contains("20:1-8,invoice=9-19") && changed.contains("never from here"), "{changed}");
    let wrong =
        ["company", "agreement", "record", ORDINARY, "avtalegiro", "--account", "86011117948", "--kid", "3:1", "--by", "Ola"];
    let refused = kvitt(&data, &wrong).with_code(1).stderr;
    for code in ["account.invalid", "agreement.kid_length"] {
        assert!(refused.contains(code), "{refused}");
    }
    assert_eq!(kvitt(&data, &["mandates", "list"]).with_code(1).stdout.trim(), "No mandate was found.");
}
