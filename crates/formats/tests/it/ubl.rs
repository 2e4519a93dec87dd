//! UBL read and written: own documents, faults, and the round trip of generated invoices.

use insta::assert_snapshot;
use jiff::civil::date;
use kvitt_domain::fault::codes;
use kvitt_domain::invoice::{DocumentKind, Identifier, Invoice};
use kvitt_domain::{Amount, Currency};
use kvitt_formats::ubl;
use kvitt_rules::arena::Limits;
use proptest::prelude::*;

use crate::lines;
use crate::strategies::invoice;

const CONSUMER: &str = include_str!("../data/invoice_consumer_kid.xml");

fn read(text: &str) -> Invoice {
    ubl::read(text.as_bytes(), &Limits::default()).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

fn refused(text: &str) -> String {
    lines(&ubl::read(text.as_bytes(), &Limits::default()).expect_err("it is refused"))
}

/// The consumer's invoice with one thing changed.
fn with(from: &str, to: &str) -> String {
    assert!(CONSUMER.contains(from), "{from}");
    CONSUMER.replacen(from, to, 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_as_the_same_invoice(invoice in invoice()) {
        let written = ubl::write(&invoice);
        let read = ubl::read(&written, &Limits::default());
        prop_assert_eq!(read.as_ref(), Ok(&invoice), "{}", String::from_utf8_lossy(&written));
        prop_assert_eq!(ubl::write(&read.expect("it was read")), written);
    }
}

#[test]
fn a_consumers_invoice_is_read_with_its_kid() {
    let invoice = read(CONSUMER);
    assert_eq!(invoice.kind, DocumentKind::Invoice);
    assert_eq!((invoice.number.as_str(), invoice.type_code.as_str()), ("2026-10417", "380"));
    assert_eq!((invoice.issued_on, invoice.due_on), (date(2026, 11, 2), Some(date(2026, 11, 20))));
    assert_eq!((invoice.remittance(), invoice.account()), (Some("123456782"), Some("86011117947")));
    assert_eq!(invoice.totals.payable, Amount::new(100_800, Currency::NOK));
    assert_eq!(invoice.notes[0].subject_code.as_deref(), Some("AAI"));
    assert_eq!(invoice.notes[0].text, "Målerstand er avlest 31. oktober.");
    assert_eq!(invoice.seller.tax_registration.as_deref(), Some("Foretaksregisteret"));
    assert_eq!(invoice.seller.vat_number.as_deref(), Some("NO988077917MVA"));
    assert_eq!(invoice.seller.trading_name.as_deref(), Some("Fjordkraftverket"));
    assert_eq!(invoice.seller.address.line1.as_deref(), Some("Elvegata 14"));
    assert_eq!(invoice.buyer.address.postal_code.as_deref(), Some("0601"));
    assert_eq!(invoice.buyer.name, "Åse Bjørnstad");
    let object = Identifier { value: "707057500012345678".to_owned(), scheme: Some("AVE".to_owned()) };
    assert_eq!(invoice.references.invoiced_object, Some(object));
    assert_eq!(invoice.lines[0].price.net.to_string(), "1.1990625");
    assert!(invoice.attachments.is_empty());
}

#[test]
fn a_credit_note_keeps_its_due_date_project_and_the_invoice_it_credits() {
    let invoice = read(include_str!("../data/credit_note.xml"));
    assert_eq!((invoice.kind, invoice.type_code.as_str()), (DocumentKind::CreditNote, "381"));
    assert_eq!(invoice.due_on, Some(date(2026, 11, 30)));
    assert_eq!(invoice.references.project.as_deref(), Some("Prosjekt Elvegata"));
    assert_eq!(invoice.preceding[0].number, "2026-10417");
    assert_eq!(invoice.preceding[0].issued_on, Some(date(2026, 11, 2)));
    assert!(invoice.attachments.is_empty(), "the project and the object are no attachments");
    assert_eq!(read(&String::from_utf8(ubl::write(&invoice)).expect("UTF-8")), invoice);
}

#[test]
fn a_credit_note_without_payment_keeps_its_due_date() {
    let mut invoice = read(include_str!("../data/credit_note.xml"));
    invoice.payment.clear();
    let written = String::from_utf8(ubl::write(&invoice)).expect("UTF-8");
    assert!(written.contains("<cbc:PaymentMeansCode>1</cbc:PaymentMeansCode>"), "{written}");
    assert_eq!(read(&written), invoice);
}

#[test]
fn attachments_are_decoded_and_the_marked_pdf_is_the_picture() {
    let invoice = read(include_str!("../data/invoice_attachments.xml"));
    let described: Vec<_> = invoice
        .attachments
        .iter()
        .map(|attachment| {
            (attachment.id.as_str(), attachment.file.as_ref().map(|file| file.name.as_str()), attachment.is_image_of_invoice)
        })
        .collect();
    assert_eq!(described, [("timer", Some("timer.csv"), false), ("bilde", Some("faktura.pdf"), true), ("vilkår", None, false)]);
    assert_eq!(invoice.own_image().map(|file| file.name.as_str()), Some("faktura.pdf"));
    assert_eq!(invoice.enclosures().next().map(|file| file.bytes.as_slice()), Some(b"dato;timer\ndato;timer\n".as_slice()));
    assert_eq!(invoice.attachments[2].location.as_deref(), Some("https://example.no/vilkår.pdf"));
}

#[test]
fn a_picture_without_its_mark_is_written_with_it() {
    let mut invoice = read(include_str!("../data/invoice_attachments.xml"));
    invoice.attachments[1].description = None;
    let again = read(&String::from_utf8(ubl::write(&invoice)).expect("UTF-8"));
    assert!(again.attachments[1].is_image_of_invoice);
    assert_eq!(again.attachments[1].description.as_deref(), Some("Commercial invoice"));
}

#[test]
fn all_faults_come_at_once_each_with_its_term_path_and_place() {
    let faults = refused(include_str!("../data/many_faults.xml"));
    assert!(!faults.contains("10915596784"), "a fødselsnummer is repeated: {faults}");
    assert_snapshot!(faults, @r"
    term.missing | BT-1 /Invoice/cbc:ID 2:1
    term.invalid | BT-2 /Invoice/cbc:IssueDate 8:3 | value=02.11.2026
    term.repeated | BT-9 /Invoice/cbc:DueDate[2] 10:3
    term.missing | BT-122 /Invoice/cac:AdditionalDocumentReference[2]/cbc:ID 23:3
    attachment.unreadable | BT-125 /Invoice/cac:AdditionalDocumentReference[2]/cac:Attachment/cbc:EmbeddedDocumentBinaryObject 25:7 | file=a.pdf
    term.missing | BT-44 /Invoice/cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName 62:5
    term.invalid | BT-47 /Invoice/cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID 72:9 | value=•••••••••••
    term.invalid | BT-111 /Invoice/cac:TaxTotal/cbc:TaxAmount/@currencyID 91:5 | value=SEK
    term.invalid | BT-112 /Invoice/cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount 107:5 | value=1 008,00
    term.missing | BT-115 /Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID 108:5
    amount.decimals | BT-131 /Invoice/cac:InvoiceLine[1]/cbc:LineExtensionAmount 113:5 | value=767.405, decimals=2
    term.missing | BT-146 /Invoice/cac:InvoiceLine[2]/cac:Price/cbc:PriceAmount 128:3
    term.missing | BT-130 /Invoice/cac:InvoiceLine[2]/cbc:InvoicedQuantity/@unitCode 130:5
    term.invalid | BT-129 /Invoice/cac:InvoiceLine[2]/cbc:InvoicedQuantity 130:5 | value=én
    ");
}

#[test]
fn what_is_no_invoice_is_refused_as_such() {
    for (text, expected) in [
        ("<Order xmlns='urn:x'/>", "document.unknown | /Order 1:1 | root={urn:x}Order"),
        ("<Invoice/>", "document.unknown | /Invoice 1:1 | root={}Invoice"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml.doctype | 1:1"),
        ("<a>&b;</a>", "xml.doctype | 1:4"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert!(refused("<a><b></a>").starts_with("xml.unreadable | 1:7 | why="), "{}", refused("<a><b></a>"));
    assert!(refused("").starts_with("xml.unreadable | 1:1 | why="), "{}", refused(""));
    let limits = Limits { depth: 3, ..Limits::default() };
    let faults = ubl::read(CONSUMER.as_bytes(), &limits).expect_err("it is too deep");
    assert_eq!(lines(&faults), "xml.over_budget | 24:7 | what=depth, limit=3");
}

#[test]
fn neighbouring_accounts_are_one_instruction() {
    let second = "</cac:PaymentMeans>
  <cac:PaymentMeans>
    <cbc:PaymentMeansCode name=\"Credit transfer\">30</cbc:PaymentMeansCode>
    <cbc:PaymentID>123456782</cbc:PaymentID>
    <cac:PayeeFinancialAccount>
      <cbc:ID>NO9386011117947</cbc:ID>
    </cac:PayeeFinancialAccount>
  </cac:PaymentMeans>";
    let invoice = read(&with("</cac:PaymentMeans>", second));
    assert_eq!(invoice.payment.len(), 1);
    assert_eq!(invoice.payment[0].accounts.len(), 2);
}

#[test]
fn a_sepa_creditor_belongs_to_the_direct_debit() {
    let creditor = "<cac:PartyIdentification><cbc:ID schemeID=\"SEPA\">DE98ZZZ</cbc:ID></cac:PartyIdentification><cac:PartyName>";
    let transfer = with("<cac:PartyName>", creditor);
    assert_eq!(read(&transfer).seller.identifiers.len(), 1, "without a direct debit it stays where it stands");
    let debit = transfer.replacen("name=\"Credit transfer\">30<", ">59<", 1);
    let invoice = read(&debit);
    assert!(invoice.seller.identifiers.is_empty());
    let found = invoice.payment[0].direct_debit.as_ref().and_then(|debit| debit.creditor.as_ref());
    assert_eq!(found.map(|creditor| creditor.value.as_str()), Some("DE98ZZZ"));
}

#[test]
fn a_fødselsnummer_is_no_identifier_of_a_party() {
    let buyer = "<cac:AccountingCustomerParty>\n    <cac:Party>";
    for element in [
        "<cbc:EndpointID schemeID=\"0192\">10915596784</cbc:EndpointID>",
        "<cac:PartyIdentification><cbc:ID schemeID=\"NO:FNR\">10915596784</cbc:ID></cac:PartyIdentification>",
        "<cac:PartyIdentification><cbc:ID>109155 96784</cbc:ID></cac:PartyIdentification>",
    ] {
        let faults =
            ubl::read(with(buyer, &format!("{buyer}{element}")).as_bytes(), &Limits::default()).expect_err("it is refused");
        assert_eq!(faults.len(), 1, "{element}");
        assert_eq!(faults[0].code, codes::TERM_INVALID);
        assert!(!format!("{faults:?}").contains("96784"), "{faults:?}");
    }
    // Another register's number of eleven digits is believed.
    let italian = "<cac:PartyIdentification><cbc:ID schemeID=\"0211\">10915596784</cbc:ID></cac:PartyIdentification>";
    assert_eq!(read(&with(buyer, &format!("{buyer}{italian}"))).buyer.identifiers.len(), 1);
}

#[test]
fn faults_end_somewhere() {
    let lines = "<cac:InvoiceLine/>".repeat(1_000);
    let faults =
        ubl::read(with("</Invoice>", &format!("{lines}</Invoice>")).as_bytes(), &Limits::default()).expect_err("it is refused");
    assert_eq!(faults.len(), 100);
}
