//! Drafts become invoices: once, under numbers without a gap, with all that the customer's routes need, and after a death in the middle.

use std::sync::Arc;
use std::time::Duration;

use kvitt_domain::collection::State;
use kvitt_domain::invoice::{DocumentKind, File};
use kvitt_domain::invoicing::draft::Draft;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::plan::OrderFrom;
use kvitt_hub::actions::finalise_draft::{Finalised, finalise};
use kvitt_hub::actions::{judge_draft, write_draft};
use kvitt_hub::error::Result;
use kvitt_hub::failpoint;
use kvitt_hub::store::draft::{self, DraftState, StoredDraft};
use kvitt_hub::store::invoice::StoredInvoice;
use kvitt_hub::store::{artefact, collection, invoice, series};

use super::{Office, each_office, refused, sheet};

/// A business that can be sent anything.
const BUYER: [(&str, &str); 8] = [
    ("name", "Fjellheimen Barnehage SA"),
    ("kind", "business"),
    ("org_number", "988077917"),
    ("postal_line1", "Fjellveien 2"),
    ("postal_postal_code", "0155"),
    ("postal_city", "Oslo"),
    ("postal_country", "NO"),
    ("reference", "Eva"),
];

/// An office that is set up, and what it invoices.
async fn written(office: &Office, lines: &[(&str, &str)]) -> StoredDraft {
    let customer = office.customer_of(&BUYER).await;
    let draft = Draft { customer: Some(customer), ..Draft::new(DocumentKind::Invoice) };
    let draft = write_draft::begin(&office.hub, &office.us, draft).await.unwrap();
    let mut typed = draft.body.draft.sheet();
    for (row, (text, price)) in (1..).zip(lines) {
        typed.set(format!("line_{row}_text"), text);
        typed.set(format!("line_{row}_price"), price);
    }
    write_draft::write(&office.hub, &office.us, &draft.id, draft.version, &typed).await.unwrap()
}

async fn made_final(office: &Office, draft: &StoredDraft) -> Result<Finalised> {
    finalise(&office.hub, &office.us, &draft.id, draft.version).await
}

async fn stored(office: &Office, id: &str) -> StoredInvoice {
    invoice::by_id(&mut office.hub.db().read().await.unwrap(), &office.us.id, &office.us.key, id).await.unwrap()
}

async fn draft_of(office: &Office, id: &str) -> Option<StoredDraft> {
    draft::by_id(&mut office.hub.db().read().await.unwrap(), &office.us.id, &office.us.key, id).await.unwrap()
}

#[tokio::test]
async fn a_draft_becomes_an_invoice_once() {
    each_office(async |office| {
        office.set_up().await;
        let draft = written(office, &[("Rådgivning", "1 250,00"), ("Reise", "100")]).await;
        let line = &draft.body.draft.lines[0];
        assert_eq!((line.vat_code.as_str(), line.ledger_account.as_str()), ("3", "3000"), "what nobody wrote is filled in");
        let judged = judge_draft::judge(&office.hub, &office.us, &draft.body.draft).await.unwrap();
        assert_eq!((judged.faults, judged.warnings), (vec![], vec![]), "it breaks no rule of EN 16931 or Peppol");
        let done = made_final(office, &draft).await.unwrap();
        assert_eq!(done.number, "10001");
        assert_eq!(made_final(office, &draft).await.unwrap(), done, "asked for again, it is the same invoice");
        let accepted = stored(office, &done.invoice).await.body;
        assert_eq!(accepted.metadata.uuid.unwrap().to_string(), draft.id);
        assert_eq!(accepted.invoice.totals.payable.to_string(), "1687.50 NOK");
        let kid = accepted.invoice.remittance().unwrap();
        assert!(super::structure().read(kid).is_ok() && kid.starts_with("100000"), "{kid}");
        let after = draft_of(office, &draft.id).await.unwrap();
        assert_eq!((after.state, after.invoice.as_str()), (DraftState::Final, done.invoice.as_str()));
        let mut db = office.hub.db().read().await.unwrap();
        let of = draft::of_invoice(&mut db, &office.us.id, &office.us.key, &done.invoice).await.unwrap().unwrap();
        assert_eq!(of.body.draft.lines, draft.body.draft.lines, "the books find their accounts again");
        drop(db);
        assert_eq!(office.told(&draft.id).await, ["draft.created", "draft.numbered", "draft.finalised"]);
        let typed = after.body.draft.sheet();
        let changed = write_draft::write(&office.hub, &office.us, &draft.id, after.version, &typed).await;
        assert_eq!(refused(changed), ["draft.final "]);
        let discarded = write_draft::discard(&office.hub, &office.us, &draft.id, after.version).await;
        assert_eq!(refused(discarded), ["draft.final "]);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_taken_for_what_cannot_be_an_invoice() {
    each_office(async |office| {
        let empty = write_draft::begin(&office.hub, &office.us, Draft::new(DocumentKind::Invoice)).await.unwrap();
        assert_eq!(refused(made_final(office, &empty).await), ["field.missing customer", "field.missing lines"]);
        let draft = written(office, &[("", "100"), ("Reise", "1")]).await;
        let told = refused(made_final(office, &draft).await);
        assert_eq!(told, ["field.missing line_1_text", "invoicing.account_missing bank_account"]);
        let last = series::last(&mut office.hub.db().read().await.unwrap(), &office.us.id, Numbered::Invoice).await.unwrap();
        assert_eq!(last, None);
        let theirs = finalise(&office.hub, &office.other, &draft.id, draft.version).await;
        assert_eq!(refused(theirs), ["entry.unknown "]);
        let stale = finalise(&office.hub, &office.us, &draft.id, draft.version - 1).await;
        assert_eq!(refused(stale), ["entry.changed "]);
    })
    .await;
}

#[tokio::test]
async fn numbers_have_no_gap_and_none_is_given_twice() {
    each_office(async |office| {
        office.set_up().await;
        let mut drafts = Vec::new();
        for _ in 0..12 {
            drafts.push(written(office, &[("Strøm", "10")]).await);
        }
        let done = futures_util::future::join_all(drafts.iter().map(|draft| made_final(office, draft))).await;
        let mut numbers: Vec<String> = done.into_iter().map(|done| done.unwrap().number).collect();
        numbers.sort();
        let expected: Vec<String> = (10_001..10_013).map(|number| number.to_string()).collect();
        assert_eq!(numbers, expected);
        // What a program sent under the next number is passed over.
        office.sent_elsewhere("10013").await;
        let next = written(office, &[("Strøm", "10")]).await;
        let judged = judge_draft::judge(&office.hub, &office.us, &next.body.draft).await.unwrap();
        assert_eq!(judged.invoice.number, "10014", "what is shown passes over it too");
        assert_eq!(made_final(office, &next).await.unwrap().number, "10014");
    })
    .await;
}

/// The process dies where it is held; whoever starts next finds the number taken and the document the same.
#[tokio::test]
async fn a_death_between_number_and_invoice_leaves_no_gap() {
    for place in ["after_number_taken", "after_draft_accepted"] {
        each_office(async |office| {
            office.set_up().await;
            let draft = written(office, &[("Strøm", "10")]).await;
            let reached = Arc::new(tokio::sync::Notify::new());
            let at = reached.clone();
            failpoint::hold(Some(Box::new(move |name| {
                let (at, is_here) = (at.clone(), name == place);
                Box::pin(async move {
                    if is_here {
                        at.notify_one();
                        std::future::pending::<()>().await;
                    }
                })
            })));
            tokio::select! {
                done = made_final(office, &draft) => panic!("it was not held: {done:?}"),
                () = reached.notified() => {}
            }
            failpoint::hold(None);
            let numbered = draft_of(office, &draft.id).await.unwrap();
            assert_eq!((numbered.state, numbered.number.as_str()), (DraftState::Numbered, "10001"));
            let after = written(office, &[("Strøm", "20")]).await;
            assert_eq!(made_final(office, &after).await.unwrap().number, "10002");
            // The job that was left behind does what was begun.
            office.hub.move_clock(Duration::from_secs(60)).await.unwrap();
            office.hub.work_until_quiet(Duration::ZERO, |_| {}).await.unwrap();
            let done = draft_of(office, &draft.id).await.unwrap();
            assert_eq!(done.state, DraftState::Final);
            assert_eq!(stored(office, &done.invoice).await.body.invoice.number, "10001");
            let mut db = office.hub.db().read().await.unwrap();
            let ever = invoice::Span { from: i64::MIN, to: i64::MAX };
            assert_eq!(invoice::count_in(&mut db, &office.us.id, ever, "").await.unwrap(), 2);
        })
        .await;
    }
}

#[tokio::test]
async fn credit_notes_take_off_no_more_than_is_left() {
    each_office(async |office| {
        office.set_up().await;
        let draft = written(office, &[("Rådgivning", "800"), ("Reise", "200")]).await;
        let invoice_id = made_final(office, &draft).await.unwrap().invoice;
        let part = write_draft::credit(&office.hub, &office.us, &invoice_id).await.unwrap();
        let mut typed = part.body.draft.sheet();
        for field in ["text", "price", "description", "product"] {
            typed.set(format!("line_1_{field}"), "");
        }
        let part = write_draft::write(&office.hub, &office.us, &part.id, part.version, &typed).await.unwrap();
        let done = made_final(office, &part).await.unwrap();
        assert_eq!(done.number, "10002", "credit notes are numbered with the invoices");
        let note = stored(office, &done.invoice).await.body.invoice;
        assert_eq!((note.kind, note.preceding[0].number.as_str()), (DocumentKind::CreditNote, "10001"));
        assert_eq!(note.totals.payable.to_string(), "250.00 NOK");
        let whole = write_draft::credit(&office.hub, &office.us, &invoice_id).await.unwrap();
        assert_eq!(refused(made_final(office, &whole).await), ["credit.too_much lines"]);
        // Two people credit the rest at the same moment.
        let rest = async || {
            let rest = write_draft::credit(&office.hub, &office.us, &invoice_id).await.unwrap();
            let mut typed = rest.body.draft.sheet();
            ["text", "price"].iter().for_each(|field| typed.set(format!("line_2_{field}"), ""));
            write_draft::write(&office.hub, &office.us, &rest.id, rest.version, &typed).await.unwrap()
        };
        let (one, other) = (rest().await, rest().await);
        let (one, other) = tokio::join!(made_final(office, &one), made_final(office, &other));
        assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|is_ok| **is_ok).count(), 1, "{one:?} {other:?}");
        let money = collection::of_invoice(&mut office.hub.db().read().await.unwrap(), &office.us.id, &invoice_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(money.candidate.collection.state(), State::Credited);
        let nothing = write_draft::credit(&office.hub, &office.us, &invoice_id).await;
        assert_eq!(refused(nothing), ["credit.nothing_left "]);
    })
    .await;
}

#[tokio::test]
async fn only_vat_that_was_charged_is_taken_back() {
    each_office(async |office| {
        office.set_up().await;
        let retyped = async |draft: &StoredDraft, fields: &[(&str, &str)]| {
            let mut typed = draft.body.draft.sheet();
            fields.iter().for_each(|(field, value)| typed.set(format!("line_1_{field}"), value));
            write_draft::write(&office.hub, &office.us, &draft.id, draft.version, &typed).await.unwrap()
        };
        let exempt = written(office, &[("Kurs", "1000")]).await;
        let exempt = retyped(&exempt, &[("vat_code", "6")]).await;
        let id = made_final(office, &exempt).await.unwrap().invoice;
        let note = write_draft::credit(&office.hub, &office.us, &id).await.unwrap();
        // 800 and 200 of VAT are no more than the 1,000 that were invoiced, and 200 that nobody was charged.
        let other = retyped(&note, &[("price", "800"), ("vat_code", "3")]).await;
        assert_eq!(refused(made_final(office, &other).await), ["credit.other_vat lines"]);
        let part = retyped(&other, &[("price", "800"), ("vat_code", "6")]).await;
        made_final(office, &part).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_was_written_elsewhere_can_be_credited_too() {
    each_office(async |office| {
        office.set_up().await;
        let id = office.sent_elsewhere("260401").await;
        let document = stored(office, &id).await.body.invoice;
        let note = write_draft::credit(&office.hub, &office.us, &id).await.unwrap();
        let mut typed = note.body.draft.sheet();
        typed.set("customer", office.customer_of(&[("name", "Kari"), ("kind", "consumer")]).await);
        let note = write_draft::write(&office.hub, &office.us, &note.id, note.version, &typed).await.unwrap();
        let judged = judge_draft::judge(&office.hub, &office.us, &note.body.draft).await.unwrap();
        assert_eq!(judged.faults, []);
        assert_eq!(judged.sums.with_vat, document.totals.with_vat);
        made_final(office, &note).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn files_go_along_and_copies_begin_anew() {
    each_office(async |office| {
        office.set_up().await;
        let (hub, us) = (&office.hub, &office.us);
        let draft = written(office, &[("Strøm", "10")]).await;
        let file = |name: &str, bytes: &[u8]| File { name: name.into(), media_type: String::new(), bytes: bytes.to_vec() };
        let with = write_draft::add_file(hub, us, &draft.id, draft.version, file("C:\\timer.csv", b"a;b")).await.unwrap();
        assert_eq!(with.body.draft.files[0].media_type, "text/csv");
        let program = write_draft::add_file(hub, us, &draft.id, with.version, file("a.exe", b"MZ")).await;
        assert_eq!(refused(program), ["attachment.type files"]);
        let nothing = write_draft::add_file(hub, us, &draft.id, with.version, file("a.pdf", b"")).await;
        assert_eq!(refused(nothing), ["attachment.unreadable files"]);
        let copy = write_draft::copy(hub, us, &draft.id).await.unwrap();
        assert_eq!(copy.body.draft.lines, draft.body.draft.lines);
        write_draft::discard(hub, us, &copy.id, copy.version).await.unwrap();
        assert!(draft_of(office, &copy.id).await.is_none());
        let done = made_final(office, &with).await.unwrap();
        let mut db = hub.db().read().await.unwrap();
        let files = artefact::of_invoice(&mut db, &us.id, &done.invoice, None).await.unwrap();
        let named: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(named, ["10001.xml", "timer.csv"]);
        drop(db);
        let removed = write_draft::add_file(hub, us, &copy.id, 1, file("a.csv", b"1")).await;
        assert_eq!(refused(removed), ["entry.unknown "]);
    })
    .await;
}

#[tokio::test]
async fn the_dry_run_follows_the_customers_order() {
    each_office(async |office| {
        office.set_up().await;
        let mut fields = BUYER.to_vec();
        fields.extend([("email", "post@barnehage.example"), ("route_order", "print, email")]);
        let customer = office.customer_of(&fields).await;
        let draft = Draft { customer: Some(customer), ..Draft::new(DocumentKind::Invoice) };
        let draft = write_draft::begin(&office.hub, &office.us, draft).await.unwrap();
        let typed = sheet(&[
            ("customer", draft.body.draft.customer.as_deref().unwrap()),
            ("line_1_text", "Strøm"),
            ("line_1_price", "10"),
        ]);
        let draft = write_draft::write(&office.hub, &office.us, &draft.id, 1, &typed).await.unwrap();
        let (_, planned) = judge_draft::plan(&office.hub, &office.us, &draft.body.draft).await.unwrap();
        assert_eq!((planned.number.as_str(), planned.plan.order_from), ("10001", OrderFrom::Customer));
        let done = made_final(office, &draft).await.unwrap();
        let recipient = stored(office, &done.invoice).await.body.recipient;
        assert_eq!(recipient.email.as_deref(), Some("post@barnehage.example"));
    })
    .await;
}

#[tokio::test]
async fn a_consumers_national_identity_number_comes_out_of_the_vault_and_stays_out_of_the_document() {
    each_office(async |office| {
        office.set_up().await;
        let consumer = [("name", "Kari Nordmann"), ("kind", "consumer"), ("identity", "10915596784"), ("phone", "91234567")];
        let customer = office.customer_of(&consumer).await;
        let draft = Draft { customer: Some(customer), ..Draft::new(DocumentKind::Invoice) };
        let draft = write_draft::begin(&office.hub, &office.us, draft).await.unwrap();
        let mut typed = draft.body.draft.sheet();
        typed.set("line_1_text", "Strøm");
        typed.set("line_1_price", "10");
        let draft = write_draft::write(&office.hub, &office.us, &draft.id, 1, &typed).await.unwrap();
        let done = made_final(office, &draft).await.unwrap();
        let body = stored(office, &done.invoice).await.body;
        let reference = body.recipient.identity_ref.clone().unwrap();
        assert!(!serde_json::to_string(&body).unwrap().contains("10915596784"));
        let mut db = office.hub.db().read().await.unwrap();
        let number = invoice::identity(&mut db, &office.us.id, &office.us.key, &reference).await.unwrap();
        assert_eq!(number, "10915596784");
        assert_eq!(body.recipient.phone.as_deref(), Some("+4791234567"));
    })
    .await;
}
