//! Small UBL documents whose recipients, routes, sums and dates a test chooses, with the metadata beside them. The sender's own PDF
//! is a single page, so that thousands of them cost nothing.

use std::sync::OnceLock;

use jiff::civil::Date;
use kvitt_hub::desk::HandedIn;
use serde_json::json;

/// The companies that send: number and name.
pub const COMPANIES: [(&str, &str); 2] = [("999001017", "Nordlys Kraft AS"), ("999002013", "Fjordvik Byggservice AS")];

/// One document.
#[derive(Debug, Clone)]
pub struct Document {
    /// The company's organisation number.
    pub company: &'static str,
    /// Its number: unique over the companies, but for those that come with another content.
    pub number: String,
    /// What is to be paid, as MPS is told it: unique over the companies.
    pub amount: String,
    /// What it is, for the story of a run.
    pub described: String,
    /// As it is handed in.
    pub handed: HandedIn,
    /// The fødselsnummer beside it, which must be seen nowhere.
    pub identity: Option<String>,
    /// Else an invoice.
    pub is_credit_note: bool,
    /// What it asks to be paid by; a credit note says it and asks for nothing.
    pub paid_to: PaidTo,
    /// When it is due.
    pub due_on: Date,
}

/// The account that is paid, and what the payment is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PaidTo {
    /// Eleven digits.
    pub account: String,
    /// The KID.
    pub kid: String,
}

/// What a document is to be.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The recipient's address, persona and all.
    pub email: Option<String>,
    /// A word of the recipient's street.
    pub print: &'static str,
    /// The order of routes.
    pub order: &'static [&'static str],
    /// Whether it is a credit note.
    pub is_credit_note: bool,
    /// Whether the sender's own PDF is in it.
    pub has_picture: bool,
    /// The day from which the document's dates count; it was issued four days before.
    pub today: Date,
    /// Days until it is due.
    pub due_in_days: i64,
    /// A fødselsnummer.
    pub identity: Option<String>,
    /// Where the banks know the recipient, so that no register is asked.
    pub efaktura_identifier: Option<String>,
    /// Else a business.
    pub is_consumer: bool,
    /// What it asks to be paid by; its own KID and [`ACCOUNT`] where nothing is wished.
    pub paid_to: Option<PaidTo>,
    /// The number of the invoice that a credit note takes something off.
    pub credits: Option<String>,
}

impl Wishes {
    /// An invoice to a consumer in this order of routes, due in a month, with the sender's own PDF.
    pub fn in_order(order: &'static [&'static str], today: Date) -> Wishes {
        Wishes {
            email: None,
            print: "",
            order,
            is_credit_note: false,
            has_picture: true,
            today,
            due_in_days: 30,
            identity: None,
            efaktura_identifier: None,
            is_consumer: true,
            paid_to: None,
            credits: None,
        }
    }

    /// The document under a number; `index` makes its amount its own.
    pub fn document(&self, company: &'static str, number: String, index: u64) -> Document {
        let own = || PaidTo { account: ACCOUNT.to_owned(), kid: with_check_digit(&format!("{:0>7}{number:0>8}", index + 1)) };
        let paid_to = self.paid_to.clone().unwrap_or_else(own);
        let xml = self.xml(company, &number, index, &paid_to);
        let mut metadata = json!({ "version": "1.1", "recipient_type": if self.is_consumer { "consumer" } else { "business" } });
        if !self.order.is_empty() {
            metadata["routing"] = json!({ "route_order": self.order });
        }
        if let Some(identity) = &self.identity {
            metadata["recipient_ssn"] = json!(identity);
        }
        if let Some(identifier) = &self.efaktura_identifier {
            metadata["recipient_efaktura_id"] = json!(identifier);
        }
        let mut handed = HandedIn::file(&format!("{number}.xml"), xml.into_bytes());
        handed.metadata = Some(metadata.to_string());
        let described =
            format!("{:?}, {:?} on paper, {:?}", self.email.as_deref().unwrap_or("no e-mail"), self.print, self.order);
        Document {
            company,
            number,
            amount: payable(index),
            described,
            handed,
            identity: self.identity.clone(),
            is_credit_note: self.is_credit_note,
            paid_to,
            due_on: self.due_on(),
        }
    }

    fn due_on(&self) -> Date {
        self.today.saturating_add(jiff::Span::new().days(self.due_in_days))
    }

    fn xml(&self, company: &str, number: &str, index: u64, PaidTo { account, kid }: &PaidTo) -> String {
        let root = if self.is_credit_note { "CreditNote" } else { "Invoice" };
        let name = COMPANIES.iter().find(|(known, _)| *known == company).map_or("Nordlys Kraft AS", |(_, name)| name);
        let issued = self.today.saturating_sub(jiff::Span::new().days(4));
        let due = self.due_on();
        let (net, vat, total) = sums(index);
        let preceding = self.credits.as_ref().map_or(String::new(), |number| {
            format!(
                "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{number}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>"
            )
        });
        let email = self.email.as_deref().map_or(String::new(), |email| {
            format!("<cac:Contact><cbc:ElectronicMail>{email}</cbc:ElectronicMail></cac:Contact>")
        });
        let buyer = if self.is_consumer { "" } else { "<cbc:CompanyID schemeID=\"0192\">999003018</cbc:CompanyID>" };
        let (due_element, payment_due) = match self.is_credit_note {
            true => (String::new(), format!("<cbc:PaymentDueDate>{due}</cbc:PaymentDueDate>")),
            false => (format!("<cbc:DueDate>{due}</cbc:DueDate>"), String::new()),
        };
        let type_code = if self.is_credit_note {
            "<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>"
        } else {
            "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>"
        };
        let payment_id = if self.is_credit_note { String::new() } else { format!("<cbc:PaymentID>{kid}</cbc:PaymentID>") };
        let (line, quantity) =
            if self.is_credit_note { ("CreditNoteLine", "CreditedQuantity") } else { ("InvoiceLine", "InvoicedQuantity") };
        let picture = if self.has_picture { picture(number) } else { String::new() };
        let word = if self.print.is_empty() { String::new() } else { format!("{} ", self.print) };
        let address = |street: &str, city: &str, zone: &str| {
            format!(
                "<cac:PostalAddress><cbc:StreetName>{street}</cbc:StreetName><cbc:CityName>{city}</cbc:CityName>\
                 <cbc:PostalZone>{zone}</cbc:PostalZone><cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country></cac:PostalAddress>"
            )
        };
        let category = "<cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>";
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <{root} xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:{root}-2\" \
             xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
             xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">\
             <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>\
             <cbc:ID>{number}</cbc:ID><cbc:IssueDate>{issued}</cbc:IssueDate>{due_element}{type_code}\
             <cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode><cbc:BuyerReference>{index}</cbc:BuyerReference>{preceding}{picture}\
             <cac:AccountingSupplierParty><cac:Party>{seller_address}\
             <cac:PartyTaxScheme><cbc:CompanyID>NO{company}MVA</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>\
             <cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName><cbc:CompanyID schemeID=\"0192\">{company}</cbc:CompanyID></cac:PartyLegalEntity>\
             </cac:Party></cac:AccountingSupplierParty>\
             <cac:AccountingCustomerParty><cac:Party>{buyer_address}\
             <cac:PartyLegalEntity><cbc:RegistrationName>Kari Nordmann</cbc:RegistrationName>{buyer}</cac:PartyLegalEntity>{email}\
             </cac:Party></cac:AccountingCustomerParty>\
             <cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>{payment_due}{payment_id}\
             <cac:PayeeFinancialAccount><cbc:ID>{account}</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>\
             <cac:TaxTotal><cbc:TaxAmount currencyID=\"NOK\">{vat}</cbc:TaxAmount><cac:TaxSubtotal>\
             <cbc:TaxableAmount currencyID=\"NOK\">{net}</cbc:TaxableAmount><cbc:TaxAmount currencyID=\"NOK\">{vat}</cbc:TaxAmount>\
             <cac:TaxCategory>{category}</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>\
             <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID=\"NOK\">{net}</cbc:LineExtensionAmount>\
             <cbc:TaxExclusiveAmount currencyID=\"NOK\">{net}</cbc:TaxExclusiveAmount>\
             <cbc:TaxInclusiveAmount currencyID=\"NOK\">{total}</cbc:TaxInclusiveAmount>\
             <cbc:PayableAmount currencyID=\"NOK\">{total}</cbc:PayableAmount></cac:LegalMonetaryTotal>\
             <cac:{line}><cbc:ID>1</cbc:ID><cbc:{quantity} unitCode=\"C62\">1</cbc:{quantity}>\
             <cbc:LineExtensionAmount currencyID=\"NOK\">{net}</cbc:LineExtensionAmount>\
             <cac:Item><cbc:Name>Arbeid</cbc:Name><cac:ClassifiedTaxCategory>{category}</cac:ClassifiedTaxCategory></cac:Item>\
             <cac:Price><cbc:PriceAmount currencyID=\"NOK\">{net}</cbc:PriceAmount></cac:Price></cac:{line}></{root}>",
            seller_address = address("Kraftveien 1", "Bodø", "8006"),
            buyer_address = address(&format!("{word}Bjerkealléen 14"), "Oslo", "0487"),
        )
    }
}

/// The account that every company of a run has registered.
pub const ACCOUNT: &str = "99991001014";

/// Net, VAT and total of a document: no two are alike.
fn sums(index: u64) -> (String, String, String) {
    let net = 100 + index;
    let kroner = |oere: u64| format!("{}.{:02}", oere / 100, oere % 100);
    (kroner(net * 100), kroner(net * 25), kroner(net * 125))
}

fn payable(index: u64) -> String {
    sums(index).2
}

/// A KID with its check digit (MOD10).
fn with_check_digit(digits: &str) -> String {
    let weighted = |(place, digit): (usize, u8)| {
        let value = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
        value / 10 + value % 10
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(weighted).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The sender's own picture of the invoice: one empty page A4, the smallest PDF that a printer takes.
fn picture(number: &str) -> String {
    use std::fmt::Write as _;
    static PDF: OnceLock<String> = OnceLock::new();
    let pdf = PDF.get_or_init(|| {
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>",
            "<< /Length 32 >>\nstream\n200 400 m 400 400 l 2 w S       \n\nendstream",
        ];
        let mut pdf = "%PDF-1.4\n".to_owned();
        let mut places = Vec::new();
        for (index, object) in objects.iter().enumerate() {
            places.push(pdf.len());
            let _ = write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1);
        }
        let at = pdf.len();
        let _ = write!(pdf, "xref\n0 5\n0000000000 65535 f \n");
        for place in places {
            let _ = writeln!(pdf, "{place:010} 00000 n ");
        }
        let _ = write!(pdf, "trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n");
        base64(pdf.as_bytes())
    });
    format!(
        "<cac:AdditionalDocumentReference><cbc:ID>{number}</cbc:ID><cbc:DocumentDescription>Commercial invoice</cbc:DocumentDescription>\
         <cac:Attachment><cbc:EmbeddedDocumentBinaryObject mimeCode=\"application/pdf\" filename=\"{number}.pdf\">{pdf}\
         </cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
    )
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[number >> (18 - 6 * place) & 63] as char;
            text.push(if place <= three.len() { letter } else { '=' });
        }
    }
    text
}
