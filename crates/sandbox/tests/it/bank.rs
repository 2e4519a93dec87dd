//! The bank's drop: claim files in; receipts, mandates and payments out.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::claims::{ACCOUNT, EARLIEST, TUESDAY, kid};
use crate::harness::{Stage, eventually};
use crate::mps::ISSUER;

/// One transaction of a claim file: number, due date (DDMMYY), øre, KID.
pub type Item<'a> = (u32, &'a str, u64, &'a str);

/// The records of an order.
pub fn order(number: u32, account: &str, cancels: bool, items: &[Item<'_>]) -> Vec<String> {
    let (start, end, kind) = if cancels { ("3620", "3688", "93") } else { ("0020", "0088", "02") };
    let mut rows = vec![format!("NY21{start}000000000{number:07}{account}{:045}", 0)];
    for (n, due, minor, kid) in items {
        rows.push(format!("NY21{kind}30{n:07}{due}{:11}{minor:017}{kid:>25}000000", ""));
        rows.push(format!("NY21{kind}31{n:07}{:10}{:25}{:25}00000", "NORDMANN", "", "Faktura"));
    }
    let by_day = |due: &&str| format!("{}{}{}", &due[4..], &due[2..4], &due[..2]);
    let mut dates: Vec<&str> = items.iter().map(|(_, due, ..)| *due).collect();
    dates.sort_by_key(by_day);
    let (first, last) = (dates.first().unwrap_or(&"000000"), dates.last().unwrap_or(&"000000"));
    let sum: u64 = items.iter().map(|(.., minor, _)| minor).sum();
    rows.push(format!("NY21{end}{:08}{:08}{sum:017}{first}{last}{:027}", items.len(), rows.len() + 1, 0));
    rows
}

/// A transmission of orders, CR LF.
pub fn transmission(number: u32, orders: &[Vec<String>]) -> String {
    let rows: Vec<&String> = orders.iter().flatten().collect();
    let part = |row: &str, from: usize, to: usize| row[from..to].parse::<u64>().unwrap();
    let ends: Vec<&String> = orders.iter().map(|order| order.last().unwrap()).collect();
    let sum: u64 = ends.iter().map(|row| part(row, 24, 41)).sum();
    let count: u64 = ends.iter().map(|row| part(row, 8, 16)).sum();
    let first =
        ends.iter().map(|row| &row[41..47]).min_by_key(|due| format!("{}{}{}", &due[4..], &due[2..4], &due[..2])).unwrap();
    let mut text = format!("NY00001000229221{number:07}00008080{:049}\r\n", 0);
    for row in &rows {
        text.push_str(row);
        text.push_str("\r\n");
    }
    text + &format!("NY000089{count:08}{:08}{sum:017}{first}{:033}\r\n", rows.len() + 2, 0)
}

impl Stage {
    /// Puts a claim file into the drop as a hub does, and waits until it is taken.
    pub fn hand_in(&self, number: u32, text: &str) {
        let (home, name) = (self.sandbox().bank().to_owned(), format!("kvitt-00229221-{number:07}.txt"));
        let part = home.join(format!("in/.{name}.part"));
        fs::write(&part, text).unwrap();
        fs::rename(part, home.join("in").join(&name)).unwrap();
        eventually(|| (!home.join("in").join(&name).exists()).then_some(()));
    }

    fn out(&self) -> PathBuf {
        self.sandbox().bank().join("out")
    }

    /// Names in `out/` that begin so, in their order.
    pub fn told(&self, prefix: &str) -> Vec<String> {
        let names = fs::read_dir(self.out()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
        names.sort();
        names
    }

    /// The content of the one file in `out/` whose name begins so; it is put away as a hub does.
    pub fn read_out(&self, prefix: &str) -> String {
        let names = self.told(prefix);
        assert_eq!(names.len(), 1, "{prefix}: {names:?}");
        let bytes = fs::read(self.out().join(&names[0])).unwrap();
        fs::rename(self.out().join(&names[0]), self.out().join("read").join(&names[0])).unwrap();
        bytes.into_iter().map(char::from).collect()
    }

    /// The same, of a file in UTF-8.
    fn read_utf8(&self, prefix: &str) -> String {
        String::from_utf8(self.read_out(prefix).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()).unwrap()
    }

    /// Status and code of each line of a list of transactions.
    fn details(&self, number: u32) -> Vec<String> {
        let text = self.read_out(&format!("L00202-{number:07}.csv"));
        let line = |line: &str| line.split(';').skip(6).take(2).collect::<Vec<_>>().join(" ").trim().to_owned();
        text.lines().skip(1).map(line).collect()
    }

    fn ready() -> Stage {
        let stage = Stage::new();
        stage.at(TUESDAY);
        stage.agree(ISSUER, ACCOUNT);
        stage
    }
}

/// Each line of a file of records is 80 characters and ends with CR LF, and the frame counts them.
fn well_formed(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    assert!(lines.iter().all(|line| line.chars().count() == 80 && line.starts_with("NY")), "{text}");
    assert_eq!(lines[0][..31], format!("NY00001000008080{}00229221", &lines[0][16..23]));
    assert_eq!(lines.last().unwrap()[16..24], format!("{:08}", lines.len()));
    lines
}

#[test]
fn a_claim_file_is_taken_answered_and_debited() {
    let mut stage = Stage::ready();
    let kids = [kid(42, 1), kid(43, 1), kid(11, 1), kid(1, 1)];
    let items = [
        (1, "090140", 49_900, kids[0].as_str()),
        (2, "080140", 10_050, &kids[1]),
        (3, "090140", 10_000, &kids[2]),
        (4, "090140", 10_000, &kids[3]),
        (5, "050140", 10_000, &kids[0]),
    ];
    let text = transmission(1, &[order(1, ACCOUNT, false, &items)]);
    stage.hand_in(1, &text);
    let list = stage.read_out("L226-2040-01-03-0000001.csv");
    let line = list.lines().nth(1).unwrap();
    assert!(line.starts_with("0000001;2040-01-03T08:") && line.ends_with(";1;5;89950;RECEIVED"), "{list}");
    assert_eq!(stage.details(1), ["ACCEPTED", "WARNING W001", "REJECTED M001", "ACCEPTED", "REJECTED D001"]);
    assert_eq!(stage.told("L"), [""; 0]);

    // The same file again is answered again, and nothing else happens; another of its number is refused.
    stage.restart();
    stage.hand_in(1, &text);
    assert_eq!((stage.details(1).len(), stage.read_out("L226").lines().count()), (5, 2));
    stage.hand_in(1, &text.replace("NORDMANN", "ANDERSEN"));
    assert_eq!(
        stage.read_out("L200-0000001.csv").lines().nth(1),
        Some("0000001;REFUSED;T002;another transmission had this number")
    );

    // A cancellation in a later file, by what the claim is.
    let gone = order(2, ACCOUNT, true, &[(1, "090140", 10_000, &kids[3]), (2, "090140", 10_001, &kids[3])]);
    stage.hand_in(2, &transmission(2, &[gone]));
    assert_eq!(stage.details(2), ["ACCEPTED", "REJECTED C002"]);
    stage.at("2040-01-08T13:30:00Z");
    let late = order(3, ACCOUNT, true, &[(1, "090140", 49_900, &kids[0])]);
    stage.hand_in(3, &transmission(3, &[late]));
    assert_eq!(stage.details(3), ["REJECTED C001"]);
    stage.at("2040-01-09T07:30:00Z");
    let keys: Vec<String> = stage.debits().into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys, [format!("{ACCOUNT}/{}/499.00/{EARLIEST}", kids[0]), format!("{ACCOUNT}/{}/100.50/2040-01-08", kids[1])]);
}

#[test]
fn the_same_claim_by_both_ways_is_debited_once() {
    let stage = Stage::ready();
    let (kid, other) = (kid(42, 1), kid(43, 1));
    stage.send_claims(1, &[(&kid, "499.00", EARLIEST)]);
    let items = [(1, "090140", 49_900, kid.as_str()), (2, "090140", 49_900, &other)];
    stage.hand_in(1, &transmission(1, &[order(1, ACCOUNT, false, &items)]));
    assert_eq!(stage.details(1), ["REJECTED X001", "ACCEPTED"]);
    stage.send_claims(2, &[(&other, "499.00", EARLIEST)]);
    // A file cancels what came the other way, and it may come again.
    stage.hand_in(2, &transmission(2, &[order(2, ACCOUNT, true, &items[..1]), order(3, ACCOUNT, false, &items[..1])]));
    assert_eq!(stage.details(2), ["ACCEPTED", "ACCEPTED"]);
    stage.at("2040-01-03T08:10:00Z");
    assert_eq!([stage.claim_status(1, 1), stage.claim_status(2, 1)], ["CANCELLATION_ACCEPTED_BY_BDS", "REJECTED X001"]);
    assert_eq!(stage.json("/mps/transactions")[0]["claim"], "REJECTED");
    stage.at("2040-01-10T08:00:00Z");
    let keys: Vec<String> = stage.debits().into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys, [&other, &kid].map(|kid| format!("{ACCOUNT}/{kid}/499.00/{EARLIEST}")));
}

#[test]
fn files_and_orders_that_are_refused() {
    let stage = Stage::ready();
    let (kid, other) = (kid(42, 1), kid(43, 1));
    let items = [(1, "090140", 49_900, kid.as_str()), (2, "100140", 10_000, &other)];
    let good = transmission(7, &[order(1, ACCOUNT, false, &items)]);
    let refused = |text: &str, number: u32, code: &str| {
        stage.hand_in(7, text);
        let said = stage.read_out(&format!("L200-{number:07}.csv"));
        assert!(said.lines().nth(1).unwrap().starts_with(&format!("{number:07};REFUSED;{code};")), "{said}");
    };
    let lines: Vec<&str> = good.lines().collect();
    let without =
        |at: usize| lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| format!("{line}\r\n")).collect::<String>();
    refused("", 0, "T003");
    refused("hello", 0, "T003");
    refused(&without(0), 0, "T003");
    refused(&without(1), 7, "T003");
    refused(&without(lines.len() - 2), 7, "T003");
    refused(&without(lines.len() - 1), 7, "T003");
    refused(&good.replace("00229221", "00229222"), 7, "T001");
    refused(&good.replace("NY210230", "NY210930"), 7, "T003");
    refused(&good.replace("Faktura", "Faktura "), 0, "T003");
    refused(&good.replace(&format!("NY000089{:08}", 2), &format!("NY000089{:08}", 3)), 7, "T004");
    // An order's own counts are its own trouble; so is one without an agreement, and a number that was used.
    let wrong = order(1, ACCOUNT, false, &items);
    let mut spoilt = wrong.clone();
    spoilt.last_mut().unwrap().replace_range(15..16, "9");
    let orders = [wrong, order(1, ACCOUNT, false, &items[..1]), order(1, "86011117947", false, &items[..1])];
    stage.hand_in(8, &transmission(8, &orders));
    assert_eq!(stage.details(8), ["ACCEPTED", "ACCEPTED", "REJECTED O001", "REJECTED G001"]);
    // Transactions whose records do not fit together.
    let item = |n: u32, kid: &str| order(n, ACCOUNT, false, &[(1, "110140", 100, kid)]);
    let mut alone = item(10, &kid);
    alone.remove(2);
    let end = alone.pop().unwrap().replace("00000004", "00000003");
    alone.push(end);
    let mut astray = item(11, &kid);
    astray[2] = astray[2].replace("310000001", "310000002");
    let zero = order(12, ACCOUNT, false, &[(0, "110140", 100, &kid)]);
    stage.hand_in(9, &transmission(9, &[alone, astray, zero, item(13, "12 4"), item(14, &kid)]));
    assert_eq!(stage.details(9), ["REJECTED F001", "REJECTED F001", "REJECTED F001", "REJECTED F001", "ACCEPTED"]);
    assert_eq!(spoilt.len(), 6);
}

#[test]
fn mandates_are_listed_and_then_their_changes() {
    let stage = Stage::ready();
    let name = format!("MANDATES-{ACCOUNT}-2040-01-03-");
    let list = stage.read_out(&name);
    let lines = well_formed(&list);
    let mandates: Vec<&&str> = lines.iter().filter(|line| line.starts_with("NY219470")).collect();
    // A hundred, but for the one who has none and the one who comes later.
    assert_eq!(mandates.len(), 98);
    assert_eq!(mandates[0][8..42], format!("00000010{:>25}J", kid(1, 0)));
    assert_eq!(mandates[3][8..42], format!("00000040{:>25}N", kid(4, 0)));
    assert_eq!(lines[lines.len() - 2], format!("NY212488{:08}{:08}{:056}", 98, 100, 0));
    let change =
        |method: &str, body: serde_json::Value| assert_eq!(stage.http(method, "/bank/mandates", &body.to_string()).0, 200);
    change("POST", json!({"accountNumber": ACCOUNT, "customerPart": "000200"}));
    change("DELETE", json!({"accountNumber": ACCOUNT, "customerPart": "000042"}));
    stage.at("2040-01-04T06:30:00Z");
    let changes = stage.read_out("MANDATES-2040-01-04-");
    let lines = well_formed(&changes);
    let told: Vec<&str> = lines.iter().filter(|line| line.starts_with("NY219470")).map(|line| &line[15..42]).collect();
    let expected = [(1, 12, 'J'), (1, 13, 'N'), (2, 42, 'J'), (1, 200, 'J')];
    assert_eq!(told, expected.map(|(kind, customer, notice)| format!("{kind}{:>25}{notice}", kid(customer, 0))));
    // Nothing is told twice.
    stage.at("2040-01-06T08:00:00Z");
    assert_eq!((stage.told("MANDATES"), stage.told("OCR")), (Vec::new(), Vec::new()));
    assert_eq!(stage.http("POST", "/bank/mandates/list", &json!({"accountNumber": ACCOUNT}).to_string()).0, 204);
    assert_eq!(well_formed(&stage.read_out(&format!("MANDATES-{ACCOUNT}-2040-01-06-"))).len(), 99 + 4);
    assert_eq!(stage.http("POST", "/bank/mandates/list", &json!({"accountNumber": "86011117947"}).to_string()).0, 409);
}

#[test]
fn payments_are_told_in_ocr_giro() {
    let mut stage = Stage::ready();
    let kids = [kid(42, 1), kid(5, 1), kid(10, 1)];
    let items: Vec<Item<'_>> = kids.iter().zip(1..).map(|(kid, n)| (n, "090140", 10_000 * u64::from(n), kid.as_str())).collect();
    stage.hand_in(1, &transmission(1, &[order(1, ACCOUNT, false, &items)]));
    stage.order(
        "/bank/payments",
        &json!({"accountNumber": ACCOUNT, "amount": "75.00", "text": "Takk for lånet", "payerAccount": "86011117947"}),
    );
    stage.at("2040-01-05T06:30:00Z");
    let text = stage.read_out("OCR-2040-01-05-");
    let lines = well_formed(&text);
    assert_eq!(lines[1], format!("NY090020{}0000001{ACCOUNT}{:045}", &ACCOUNT[..9], 0));
    // Somebody paid with words and no KID: purchase with text.
    assert_eq!(lines[2], format!("NY09213000000010401401404000001000000000000007500{:25}000000", ""));
    assert_eq!(lines[3], format!("NY0921310000001{:010}0000000000000000040140{:033}", 1, 0));
    assert_eq!(lines[4], format!("NY0921320000001{:<40}{:025}", "Takk for lånet", 0));
    assert_eq!(lines[5], format!("NY0900880000000100000005{:017}050140040140040140{:021}", 7500, 0));
    assert_eq!(lines[6][24..47], format!("{:017}050140", 7500));

    stage.restart();
    stage.at("2040-01-12T08:00:00Z");
    let told = |day: &str| {
        let text = stage.read_out(&format!("OCR-{day}-"));
        let lines = well_formed(&text).into_iter().filter(|line| line.starts_with("NY09") && &line[6..8] == "30");
        // Type, sign, amount, KID.
        let part = |line: &str| format!("{} {} {} {}", &line[4..6], &line[31..32], &line[32..49], line[49..74].trim());
        lines.map(part).collect::<Vec<_>>()
    };
    let said = |kind: u32, sign: char, minor: u64, kid: &str| format!("{kind} {sign} {minor:017} {kid}");
    let debits = [
        said(15, '0', 10_000, &kids[0]),
        said(15, '0', 20_000, &kids[1]),
        said(10, '0', 20_000, &kids[1]),
        said(15, '0', 30_000, &kids[2]),
    ];
    assert_eq!(told("2040-01-10"), debits);
    assert_eq!(told("2040-01-12"), [said(18, '-', 30_000, &kids[2])]);
    assert!(stage.json("/bank/payments").as_array().unwrap().iter().all(|one| one["told"] == true));
}

#[test]
fn payments_are_told_in_camt_where_the_account_is_such() {
    let stage = Stage::new();
    stage.at(TUESDAY);
    let (notified, stated) = ("99980700018", "99980800012");
    for account in [notified, stated, ACCOUNT] {
        stage.agree(ISSUER, account);
        let (one, other) = (kid(10, 1), kid(42, 1));
        let items = [(1, "090140", 10_000, one.as_str()), (2, "090140", 20_000, other.as_str())];
        let number = account[4..8].parse().unwrap();
        stage.hand_in(number, &transmission(number, &[order(1, account, false, &items)]));
        stage.order("/bank/payments", &json!({"accountNumber": account, "amount": "75.00", "text": "Lån & <rente>"}));
    }
    stage.order("/bank/worst-day", &json!({"on": "2040-01-09"}));
    stage.at("2040-01-05T06:30:00Z");
    let first = stage.read_utf8("camt053-2040-01-05-");
    assert!(first.contains("<Ustrd>Lån &amp; &lt;rente&gt;</Ustrd>"), "{first}");
    let balances = |text: &str| -> Vec<String> {
        let amount = |part: &str| part.split("<Amt Ccy=\"NOK\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        text.split("<Bal>").skip(1).map(amount).collect()
    };
    assert_eq!(balances(&first), ["0.00", "75.00"]);
    stage.at("2040-01-11T06:30:00Z");
    let day = stage.read_utf8("camt053-2040-01-10-");
    // Two claims, each debited twice.
    assert_eq!((day.matches("<TxDtls>").count(), balances(&day)), (4, vec!["75.00".to_owned(), "675.00".to_owned()]));
    // Of the day's six payers on all accounts in turn: reversed, paid back, both, nothing, reversed, paid back.
    let after = stage.read_utf8("camt053-2040-01-11-");
    let told = |text: &str| (text.matches("<RvslInd>true</RvslInd>").count(), text.matches("Tilbakebetaling KID").count());
    assert_eq!((told(&after), balances(&after)), ((1, 1), vec!["675.00".to_owned(), "475.00".to_owned()]));
    // What OCR giro cannot say of an ordinary account is told in camt.054.
    let of_day: Vec<String> = stage.told("camt054-2040-01-11-").iter().map(|name| stage.read_utf8(name)).collect();
    let of = |account: &str| of_day.iter().find(|text| text.contains(&format!("<Acct><Id><Othr><Id>{account}<"))).unwrap();
    assert_eq!((told(of(notified)), told(of(ACCOUNT))), ((1, 1), (0, 1)));
    for text in [&first, &day, &after, of(ACCOUNT), of(notified)] {
        roxmltree::Document::parse(text).unwrap();
    }
}

#[test]
fn faults_at_the_drop() {
    let stage = Stage::ready();
    let kid = kid(42, 1);
    let file = |number: u32| transmission(number, &[order(number, ACCOUNT, false, &[(1, "090140", u64::from(number), &kid)])]);
    // Not at the first look, but at the next.
    stage.fault(r#"{"counterparty":"bank","at":"rename","kind":"refuse","times":1}"#);
    stage.hand_in(1, &file(1));
    assert_eq!(stage.details(1), ["ACCEPTED"]);
    for (number, kind, lists) in [(2, "drop", 0), (3, "duplicate", 2), (4, "garble", 1)] {
        let order = format!(r#"{{"counterparty":"bank","at":"receipt","kind":"{kind}","times":1,"to":"L00202*"}}"#);
        stage.fault(&order);
        stage.hand_in(number, &file(number));
        let name = format!("L00202-{number:07}.csv");
        assert_eq!(stage.told(&name).len() + stage.told(&format!("again-{name}")).len(), lists, "{kind}");
        assert_eq!(stage.told(&format!("L226-2040-01-03-{number:07}")).len(), 1, "{kind}");
    }
    assert_eq!(stage.json("/bank/claims").as_array().unwrap().len(), 4);
}
