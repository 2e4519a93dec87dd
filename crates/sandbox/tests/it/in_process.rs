//! The counterparties without sockets, as a simulation uses them: the same seed and the same requests give the same
//! answers, and no bytes make them panic.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use kvitt_sandbox::counterparties::bank::Bank;
use kvitt_sandbox::counterparties::drop::{Course, Step, course};
use kvitt_sandbox::counterparties::mail::{self, Login, Mail};
use kvitt_sandbox::counterparties::mps::consumers::{Consumer, Nature};
use kvitt_sandbox::counterparties::mps::{self, Mps, Neighbours, Now, Say};
use kvitt_sandbox::counterparties::print_shop::{self, Job, PrintShop};
use kvitt_sandbox::counterparties::signing::Signing;
use kvitt_sandbox::counterparties::{Faults, Letter, Line, Order};

use crate::mps::{NS, bill, envelope, request, shipment_of};
use crate::print_shop::{files, job_name, letter, manifest};

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    start.saturating_add(minutes.minutes()).unwrap()
}

fn order(json: &str) -> Order {
    serde_json::from_str(json).unwrap()
}

fn ship(service: &mut Mps, faults: &mut Faults, shipment: u32, minutes: i64) -> mps::Answer {
    let to = Consumer::of_name(Nature::YesToAll, "Kari Nordmann").identifier();
    let body = envelope("kvitt", "sandbox-mps", &request("AddShipmentRequest", &shipment_of(shipment, &bill(shipment, 1, &to))));
    let action = format!("\"{NS}addShipment\"");
    let now = Now { business: at(minutes), machine: at(0) };
    let (mut bank, signing) = (Bank::default(), Signing::default());
    let neighbours = Neighbours { bank: &mut bank, signing: &signing };
    service.handle(mps::Request::Call { action: &action, body: body.as_bytes() }, neighbours, faults, now)
}

/// One run: what every counterparty said and took, with faults that strike now and then.
fn run(seed: u64) -> (Vec<String>, Vec<Line>) {
    let mut faults = Faults::seeded(seed);
    for (counterparty, at) in [("mps", "request"), ("mps", "reply"), ("mail", "dot"), ("print", "rename")] {
        let json = format!(r#"{{"counterparty":"{counterparty}","at":"{at}","kind":"drop","probability":0.3}}"#);
        faults.add(order(&json)).unwrap();
    }
    let (mut service, mut server, mut shop) = (Mps::new(b"secret"), Mail::resumed(0), PrintShop::default());
    let (mut said, mut lines) = (Vec::new(), Vec::new());
    for n in 1..=20 {
        let answer = ship(&mut service, &mut faults, n, i64::from(n));
        said.push(format!("{:?}", answer.say));
        lines.extend(answer.lines);

        let text = crate::harness::letter(&n.to_string());
        let recipients = ["kari@kunde.example".to_owned()];
        let asked =
            mail::Request::Letter { from: "a@b.example", recipients: &recipients, letter: &Letter::read(text.as_bytes()) };
        let answer = server.handle(asked, &mut faults, at(i64::from(n)));
        said.push(format!("{:?}", answer.say));
        lines.extend(answer.copies.into_iter().map(|copy| copy.line));

        let files = files(&manifest(n, &[letter(1, &format!("F-{n}"), "Kari Nordmann")]));
        let job = Job::look(&job_name(n), &files.into_iter().collect());
        let course = course(print_shop::NAME, Step::Rename, job.name(), &mut faults);
        said.push(format!("{course:?}"));
        if course == Course::Normal {
            let answer = shop.take(&job, at(i64::from(n)));
            said.extend(answer.receipts.into_iter().map(|receipt| receipt.name));
            lines.extend(answer.lines);
        }
    }
    (said, lines)
}

#[test]
fn a_seed_decides_everything() {
    let (said, lines) = run(7);
    assert_eq!((said.clone(), lines.clone()), run(7));
    assert_ne!(said, run(8).0);
    for counterparty in ["mail", "mps", "print"] {
        let taken = lines.iter().filter(|line| line.counterparty == counterparty).count();
        assert!((1..20).contains(&taken), "{counterparty} took {taken} of 20");
    }
}

#[test]
fn what_was_not_stored_was_not_taken() {
    let (mut faults, mut service) = (Faults::seeded(1), Mps::new(b"secret"));
    let first = ship(&mut service, &mut faults, 1, 0);
    service.not_stored(&first);
    assert_eq!(ship(&mut service, &mut faults, 1, 0), first);
    // What was written down makes another service that knows as much.
    let mut again = Mps::new(b"secret");
    first.records.into_iter().for_each(|record| again.remember(record));
    let Say::Reply(reply) = ship(&mut again, &mut faults, 1, 0).say else { panic!("a reply") };
    assert!(reply.body.contains("<errorCode>3002</errorCode>"), "{}", reply.body);
}

#[test]
fn any_bytes_are_answered() {
    let good = envelope("kvitt", "sandbox-mps", &request("AddShipmentRequest", &shipment_of(1, &bill(1, 1, "900100001"))));
    let action = format!("{NS}addShipment");
    bolero::check!().for_each(|bytes: &[u8]| {
        let (mut faults, mut service, mut shop) = (Faults::seeded(1), Mps::new(b"secret"), PrintShop::default());
        let now = Now { business: at(0), machine: at(0) };
        // Bytes as they are, and a good request with some of its bytes replaced.
        let mut spoilt = good.clone().into_bytes();
        for pair in bytes.chunks_exact(3) {
            let place = usize::from(pair[0]) * 256 + usize::from(pair[1]);
            let length = spoilt.len();
            spoilt[place % length] = pair[2];
        }
        for body in [bytes, &spoilt] {
            let (mut bank, signing) = (Bank::default(), Signing::default());
            let neighbours = Neighbours { bank: &mut bank, signing: &signing };
            let answer = service.handle(mps::Request::Call { action: &action, body }, neighbours, &mut faults, now);
            assert!(matches!(answer.say, Say::Reply(_)));
        }
        let job = Job::look(&job_name(1), &BTreeMap::from([("manifest.json".to_owned(), bytes.to_vec())]));
        assert_eq!(shop.take(&job, at(0)).lines, []);
    });
}

#[test]
fn a_login_is_asked_of_the_mail_server_without_a_socket() {
    let mut server = Mail::resumed(0);
    let asked = mail::Request::Recipient { from: "a@b.example", to: "hardbounce@kunde.example", login: Login::Missing };
    assert!(!server.handle(asked, &mut Faults::seeded(0), at(0)).takes_effect);
}
