//! The stage of the direct debits: a company of another provider whose agreements are taken over, an account for each way of claiming,
//! sixty-seven customers on each, and a clock that goes from bank day to bank day.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::civil::{Date, Time};
use kvitt_domain::agreement::course::Subject;
use kvitt_domain::agreement::{ClaimWay, DirectDebit, NoticePolicy};
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::delivery::Purpose;
use kvitt_domain::identifiers::{Kid, KidStructure};
use kvitt_domain::mandate::Mandate;
use kvitt_domain::money::{Amount, Currency};
use kvitt_formats::bank::OrderKind;
use kvitt_formats::bank::avtalegiro::{NewClaim, NewOrder, Notice, Sending, Writer};
use kvitt_hub::desk::{Answer, Ask, BankAccountSettings, MandateAsk, MoneyAsk, PaymentShown, Settlement, Story, WantedPayments};
use serde_json::{Value, json};

use crate::agreements::Bench;
use crate::documents::{self, Wishes};
use crate::harness::Sandbox;

/// Another provider's issuer; a take-over is taken at once.
pub const COMPANY: &str = "810000104";

/// The company's accounts with how claims to them travel: another provider's until it is taken over, and its payments are told in OCR
/// giro files; registered at once, and told in camt.054; registered at once, and told in OCR giro files.
pub const ACCOUNTS: [(&str, ClaimWay); 3] =
    [("99980200015", ClaimWay::Service), ("99980700018", ClaimWay::File), ("99991003017", ClaimWay::Elsewhere)];

/// Customers of each account: two hundred invoices and one.
pub const CUSTOMERS: u64 = 67;

/// The number of the file in which somebody else claims: far from those that the hub gives.
const ELSEWHERE: u32 = 9_000_001;

/// One customer's invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bill {
    /// The place of its account.
    pub account: usize,
    /// 1 to [`CUSTOMERS`].
    pub customer: u64,
}

impl Bill {
    /// Every one of them.
    pub fn all() -> Vec<Bill> {
        (0..ACCOUNTS.len()).flat_map(|account| (1..=CUSTOMERS).map(move |customer| Bill { account, customer })).collect()
    }

    /// Its own.
    pub fn number(self) -> String {
        format!("{}", 1_000 + self.index())
    }

    fn index(self) -> u64 {
        100 * self.account as u64 + self.customer
    }

    /// How its claim travels.
    pub fn way(self) -> ClaimWay {
        ACCOUNTS[self.account].1
    }

    /// How its payer can be reached, but for direct debit: payers with one persona are reached in another way on each account.
    pub fn reach(self) -> &'static str {
        let turn = (self.customer as usize + self.account) % 3;
        ["efaktura", "email", "print"][turn]
    }

    /// What is to be paid, øre: no two are alike, and each is above a hundred kroner.
    pub fn minor(self) -> i64 {
        i64::try_from(100 + self.index()).unwrap() * 125
    }

    /// Its KID.
    pub fn kid(self) -> Kid {
        structure().generate(self.customer, self.index()).unwrap()
    }
}

fn structure() -> KidStructure {
    "16:1-6".parse().unwrap()
}

/// The company, its agreements and its invoices.
pub struct Stage<'a> {
    pub bench: Bench<'a>,
}

impl<'a> Stage<'a> {
    /// A hub with the company, its bank accounts and its routes, on the morning of a bank day.
    pub async fn open(sandbox: &'a Sandbox, data: &Path) -> Stage<'a> {
        let stage = Stage { bench: Bench::with_bank(sandbox, data).await };
        stage.until(BankCalendar::default().next_bank_day(stage.today()), 9, 30).await;
        stage.bench.add(COMPANY).await;
        let accounts = ACCOUNTS.map(|(account, _)| account);
        for account in accounts {
            let settings = BankAccountSettings { kid_structures: vec![structure()], ..BankAccountSettings::default() };
            let (company, account) = (COMPANY.to_owned(), account.to_owned());
            stage.done(Ask::Money(MoneyAsk::SetBankAccount { company, account, settings })).await;
        }
        let set_ups = [
            ("email", json!({"from": "faktura@nordlys.example", "bounce_domain_or_address": "retur.nordlys.example"})),
            ("efaktura", json!({"accounts": accounts, "lot_open_seconds": 60, "settle_minutes": 1})),
            ("print", json!({"return_address": ["Kraftveien 1", "8006 Bodø"], "closes": {"after_minutes": 1}})),
            ("avtalegiro", json!({"settle_minutes": 1})),
        ];
        for (route, setup) in set_ups {
            stage.done(Ask::SetRoute { company: COMPANY.to_owned(), route: route.to_owned(), setup }).await;
        }
        stage
    }

    /// Orders the main agreement and one for each account. Two of them are another provider's: somebody signs.
    pub async fn activate(&self) {
        const SIGNS: Option<&str> = Some("signs@post.example");
        assert!(self.bench.order(COMPANY, Subject::MainVendor, SIGNS).await.is_empty());
        self.pass(Duration::from_mins(31)).await;
        assert_eq!(self.bench.stands(COMPANY).await, ["spreading agreement.spreading agreement.close_the_old"]);
        for (account, claims) in ACCOUNTS {
            let debit = DirectDebit { structures: vec![structure()], notice: NoticePolicy::default(), claims };
            let subject = Subject::Avtalegiro { account: account.to_owned(), debit };
            let signer = SIGNS.filter(|_| claims == ClaimWay::Service);
            assert!(self.bench.order(COMPANY, subject, signer).await.is_empty());
        }
        self.pass(Duration::from_mins(31)).await;
        let stands = self.bench.stands(COMPANY).await;
        assert_eq!(stands[1..], ["active agreement.old_deductions", "active", "active"]);
    }

    /// Every mandate that the hub knows to an account and that stands.
    pub async fn mandates(&self, account: &str) -> Vec<Mandate> {
        let all = self.bench.mandates(COMPANY, MandateAsk::List { after: Default::default() }).await.unwrap();
        all.into_iter().filter(|mandate| mandate.bank_account == account && mandate.is_active()).collect()
    }

    /// Hands all invoices in, due on a day.
    pub async fn send(&self, due_on: Date) {
        let today = self.today();
        for bill in Bill::all() {
            let reach = bill.reach();
            let wishes = Wishes {
                email: (reach == "email").then(|| format!("kari+{}@post.example", bill.number())),
                efaktura_identifier: (reach == "efaktura").then(|| format!("9001{:05}", bill.index())),
                due_in_days: i64::from((due_on - today).get_days()),
                ..Wishes::in_order(&["avtalegiro", "efaktura", "email", "print"], today)
            };
            let mut document = wishes.document(COMPANY, bill.number(), bill.index());
            document.handed.bytes = paid_to(document.handed.bytes, bill);
            match self.bench.hub.answer(Ask::Send(document.handed)).await {
                Answer::Accepted(_) => {}
                other => panic!("{bill:?}: {other:?}"),
            }
        }
        self.work().await;
    }

    /// Somebody else claims to the account whose claims are made elsewhere: the same invoices, in a file of theirs.
    pub async fn claim_elsewhere(&self, due_on: Date) {
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, &Sending { customer_unit: "00229221", number: ELSEWHERE }).unwrap();
        let (account, _) = ACCOUNTS[2];
        writer.order(&NewOrder { kind: OrderKind::Claims, number: 1, account }).unwrap();
        for bill in Bill::all().into_iter().filter(|bill| bill.way() == ClaimWay::Elsewhere) {
            let amount = Amount::new(bill.minor(), Currency::NOK);
            let claim = NewClaim { kid: &bill.kid(), amount, due_on, payer: "KARI", reference: "", notice: Notice::ByPayee };
            writer.claim(&claim).unwrap();
        }
        writer.end().unwrap();
        let folder = self.bench.sandbox.folder("bank").join("in");
        fs::write(folder.join(".elsewhere.part"), bytes).unwrap();
        fs::rename(folder.join(".elsewhere.part"), folder.join("elsewhere.txt")).unwrap();
    }

    /// Calls a claim back; the codes where that is refused.
    pub async fn call_back(&self, bill: Bill) -> Vec<String> {
        let ask = Ask::Settle {
            company: None,
            invoice: bill.number(),
            settlement: Settlement::Cancel,
            purpose: Purpose::Bill,
            by: "Ada".to_owned(),
        };
        let refused = match self.bench.hub.answer(ask).await {
            Answer::Done => vec![],
            Answer::Refused { faults } => faults.iter().map(|fault| fault.code.name().to_owned()).collect(),
            other => panic!("{other:?}"),
        };
        self.work().await;
        refused
    }

    /// What the hub tells of an invoice.
    pub async fn story(&self, bill: Bill) -> Story {
        match self.bench.hub.answer(Ask::Explain { company: None, invoice: bill.number() }).await {
            Answer::Story(story) => *story,
            other => panic!("{bill:?}: {other:?}"),
        }
    }

    /// Payments that the hub has in a state, or all.
    pub async fn payments(&self, state: Option<&str>) -> Vec<PaymentShown> {
        let wanted = WantedPayments { state: state.map(str::to_owned), suggestions: true };
        let ask = MoneyAsk::Payments { company: None, wanted, after: None, limit: 1_000 };
        match self.bench.hub.answer(Ask::Money(ask)).await {
            Answer::Payments { payments, .. } => payments,
            other => panic!("{other:?}"),
        }
    }

    /// A list that the sandbox shows.
    pub async fn seen(&self, path: &str) -> Vec<Value> {
        let text = self.bench.sandbox.shown_now(path).await;
        match serde_json::from_str(&text) {
            Ok(list) => list,
            Err(_) => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        }
    }

    /// Does something that is answered with "done".
    pub async fn done(&self, ask: Ask) {
        let answer = self.bench.hub.answer(ask).await;
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    /// The day in Oslo.
    pub fn today(&self) -> Date {
        calendar::today(self.bench.hub.clock().business())
    }

    /// Lets the clock go on to a time in Oslo.
    pub async fn until(&self, date: Date, hour: i8, minute: i8) {
        let at = calendar::at(date, Time::constant(hour, minute, 0, 0));
        let left = at.duration_since(self.bench.hub.clock().business());
        self.pass(Duration::try_from(left).unwrap()).await;
    }

    /// Lets the clock go on, and does what is due then.
    pub async fn pass(&self, time: Duration) {
        self.bench.pass(time).await;
        self.work().await;
    }

    /// Works until nothing is due and no counterparty's file waits to be read.
    pub async fn work(&self) {
        let sandbox = self.bench.sandbox;
        let folders = [sandbox.folder("bank").join("out"), sandbox.folder("print_shop").join("receipts")];
        let is_file = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().path().is_file();
        for _ in 0..20 {
            self.bench.work().await;
            if !folders.iter().any(|folder| fs::read_dir(folder).unwrap().any(is_file)) {
                return;
            }
        }
        panic!("files of the counterparties stay unread");
    }
}

/// The same document with the bill's account and KID.
fn paid_to(xml: Vec<u8>, bill: Bill) -> Vec<u8> {
    let xml = String::from_utf8(xml).unwrap();
    let (before, rest) = xml.split_once("<cbc:PaymentID>").unwrap();
    let (_, after) = rest.split_once("</cbc:PaymentID>").unwrap();
    let after = after.replacen(documents::ACCOUNT, ACCOUNTS[bill.account].0, 1);
    format!("{before}<cbc:PaymentID>{}</cbc:PaymentID>{after}", bill.kid()).into_bytes()
}
