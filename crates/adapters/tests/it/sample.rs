//! One invented invoice and all that stands around it. Tests change what they are about.

use jiff::Timestamp;
use jiff::civil::date;
use kvitt_adapters::route::{Artefact, ArtefactRole, Consignment, Member, RouteSetup, Sender};
use kvitt_adapters::routes::avtalegiro::{self, House};
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::claim::Claim;
use kvitt_domain::delivery::{AttemptId, Purpose};
use kvitt_domain::identifiers::{KidParts, KidStructure, Modulus};
use kvitt_domain::invoice::{
    Address, DocumentKind, Identifier, Invoice, Party, PaymentAccount, PaymentInstruction, References, Totals,
};
use kvitt_domain::recipient::{Metadata, Recipient, RecipientType};
use kvitt_domain::{Amount, Currency};
use serde_json::json;
use uuid::uuid;

pub const ATTEMPT: AttemptId = AttemptId(uuid!("0199a0de-0000-7000-8000-0000000000a1"));

pub fn now() -> Timestamp {
    "2026-11-02T09:30:00Z".parse().expect("a time")
}

pub fn invoice() -> Invoice {
    let amount = Amount::new(123_450, Currency::NOK);
    Invoice {
        kind: DocumentKind::Invoice,
        type_code: "380".to_owned(),
        number: "10023".to_owned(),
        issued_on: date(2026, 11, 2),
        due_on: Some(date(2026, 11, 16)),
        tax_point_on: None,
        tax_point_code: None,
        currency: Currency::NOK,
        tax_currency: None,
        specification: None,
        process: None,
        notes: vec![],
        references: References::default(),
        preceding: vec![],
        seller: Party { name: "Nordlys Kraft AS".to_owned(), ..Party::default() },
        buyer: Party { name: "Kåre Ødegård".to_owned(), ..Party::default() },
        payee: None,
        tax_representative: None,
        delivery: None,
        period: None,
        payment: vec![PaymentInstruction {
            means_code: "30".to_owned(),
            remittance: Some("1002312345674".to_owned()),
            accounts: vec![PaymentAccount { number: "86011117947".to_owned(), ..PaymentAccount::default() }],
            ..PaymentInstruction::default()
        }],
        payment_terms: None,
        allowances_and_charges: vec![],
        totals: Totals {
            lines: amount,
            allowances: None,
            charges: None,
            without_vat: amount,
            vat: None,
            vat_in_tax_currency: None,
            with_vat: amount,
            prepaid: None,
            rounding: None,
            payable: amount,
        },
        vat_breakdown: vec![],
        attachments: vec![],
        lines: vec![],
    }
}

pub fn recipient() -> Recipient {
    Recipient {
        kind: RecipientType::Consumer,
        name: "Kåre Ødegård".to_owned(),
        email: Some("kare@post.example".to_owned()),
        ..Recipient::default()
    }
}

pub fn business() -> Recipient {
    Recipient {
        kind: RecipientType::Business,
        name: "Fjellheimen Barnehage SA".to_owned(),
        org_number: Some("988077917".to_owned()),
        electronic_address: Some(Identifier { value: "988077917".to_owned(), scheme: Some("0192".to_owned()) }),
        email: Some("regnskap@fjellheimen.example".to_owned()),
        ..Recipient::default()
    }
}

/// The attempt of the `number`-th member, counted from 1.
pub fn attempt(number: usize) -> AttemptId {
    AttemptId(uuid::Uuid::from_u128(ATTEMPT.0.as_u128() + number as u128 - 1))
}

/// What one route gets: as many members as asked for, alike but for their numbers, and settings of its own.
pub fn consignment_of(route: &str, members: usize) -> Consignment {
    let members = (1..=members).map(|number| {
        let invoice = Invoice { number: (10_022 + number).to_string(), ..invoice() };
        Member { attempt: attempt(number), invoice, recipient: resident(), ..member() }
    });
    let consignment = consignment(members.collect());
    match route {
        "efaktura" => {
            Consignment { setup: efaktura_setup(), members: consignment.members.into_iter().map(hosted).collect(), ..consignment }
        }
        "print" => Consignment { setup: print_setup(), number: 42, ..consignment },
        "avtalegiro" => claims(ClaimWay::Service, consignment),
        _ => consignment,
    }
}

/// Claims that go one way: as many as there are members, told apart by their KIDs.
pub fn claims(way: ClaimWay, consignment: Consignment) -> Consignment {
    let house = House { customer_unit: "00229221".to_owned(), files: "bank".to_owned(), service: "mps".to_owned() };
    let members = (1..).zip(consignment.members).map(|(number, member)| {
        let (amount, due_on) = (member.invoice.totals.payable, member.invoice.due_on.expect("the sample is due"));
        let kid = structure().generate(42, number).expect("it fits").to_string();
        let claim = Claim { bank_account: "86011117947".to_owned(), kid, due_on, amount, way };
        Member { claim: Some(claim), ..member }
    });
    Consignment {
        setup: avtalegiro::setup::completed(None, &house, way),
        number: 7,
        transmission: (way == ClaimWay::File).then_some(42),
        members: members.collect(),
        ..consignment
    }
}

/// How the sample's account makes KIDs.
pub fn structure() -> KidStructure {
    let parts = KidParts { length: 10, customer: 0..4, kind: None, invoice: 4..9, modulus: Modulus::Mod10 };
    KidStructure::new(parts).expect("a structure")
}

/// A consumer with an address.
pub fn resident() -> Recipient {
    Recipient {
        address: Address {
            line1: Some("Fjordgata 7".to_owned()),
            postal_code: Some("8003".to_owned()),
            city: Some("Bodø".to_owned()),
            country: Some("NO".to_owned()),
            ..Address::default()
        },
        ..recipient()
    }
}

/// A KID whose check digit holds.
pub const KID: &str = "123456782";

/// The same member with a sound KID and an address at the bill host.
fn hosted(mut member: Member) -> Member {
    member.invoice.payment[0].remittance = Some(KID.to_owned());
    let bill_address = Some(format!("https://faktura.nordlys.example/bill/nordlys/{}", member.invoice.number));
    Member { bill_address, ..member }
}

pub fn efaktura_setup() -> RouteSetup {
    RouteSetup(json!({ "accounts": ["86011117947"], "brand_name": "Nordlys" }))
}

pub fn print_setup() -> RouteSetup {
    RouteSetup(json!({ "return_address": ["Storgata 1", "8006 Bodø"] }))
}

pub fn setup() -> RouteSetup {
    RouteSetup(json!({
        "from": "faktura@nordlys.example",
        "bounce_domain_or_address": "retur.nordlys.example",
        "reply_to": "kundeservice@nordlys.example",
        "footer": "Nordlys Kraft AS, Storgata 1, 8006 Bodø",
    }))
}

pub fn pdf() -> (Artefact, Vec<u8>) {
    let bytes = b"%PDF-1.7 an invented file\r\n.\r\n%%EOF".to_vec();
    (file(ArtefactRole::Pdf, "faktura-10023.pdf", "application/pdf", bytes.len() as u64), bytes)
}

pub fn file(role: ArtefactRole, name: &str, media_type: &str, bytes: u64) -> Artefact {
    Artefact {
        role,
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        digest: format!("digest of {name}"),
        bytes,
        link: None,
    }
}

pub fn member() -> Member {
    Member {
        attempt: ATTEMPT,
        purpose: Purpose::Bill,
        opened_at: now(),
        invoice: invoice(),
        recipient: recipient(),
        metadata: Metadata::default(),
        artefacts: vec![pdf().0],
        bill_address: None,
        claim: None,
        said: None,
        perhaps_sent: false,
    }
}

pub fn consignment(members: Vec<Member>) -> Consignment {
    Consignment {
        id: uuid!("0199a0de-0000-7000-8000-0000000000c1"),
        number: 1,
        transmission: None,
        closed_at: now(),
        company: Sender { name: "Nordlys Kraft AS".to_owned(), org_number: "999999999".to_owned() },
        setup: setup(),
        members,
    }
}
