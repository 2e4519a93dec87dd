//! Documents that are built to cost: a valid invoice with one thing in it repeated until it is large, and bombs. None may take
//! longer than a second or more memory than any other document.

use std::fmt::Write as _;

use super::invoices::invoice;

/// Bytes of each: a large invoice with its attachments.
pub const BYTES: usize = 4_000_000;

/// A document and what is in it.
pub struct Hostile {
    /// What there is so much of.
    pub what: &'static str,
    pub xml: String,
}

/// What is repeated and before which tag of an invoice it stands; `@` becomes a number that is never the same.
const REPEATED: &[(&str, &str, &str)] = &[
    ("unknown elements", "<cac:AccountingSupplierParty>", "<a/>"),
    ("unknown names", "<cac:AccountingSupplierParty>", "<a@/>"),
    ("namespaces", "<cac:AccountingSupplierParty>", "<a:b xmlns:a=\"urn:@\"/>"),
    ("empty notes", "<cbc:DocumentCurrencyCode>", "<cbc:Note/>"),
    ("references in a text", "Varehuset Eksempel<", "&amp;"),
    ("pieces of a text", "Varehuset Eksempel<", "a<![CDATA[b]]>"),
    ("instructions and comments", "<cac:AccountingSupplierParty>", "<?a?><!---->"),
    ("open elements", "<cac:AccountingSupplierParty>", "<cac:Party>"),
    (
        "faulty lines",
        "<cac:InvoiceLine>",
        "<cac:InvoiceLine><cbc:ID/><cbc:LineExtensionAmount currencyID=\"@\">0.123</cbc:LineExtensionAmount><cac:Item/></cac:InvoiceLine>",
    ),
    (
        "breakdowns, each of its own rate",
        "</cac:TaxTotal>",
        "<cac:TaxSubtotal><cbc:TaxableAmount currencyID=\"NOK\">1</cbc:TaxableAmount><cbc:TaxAmount currencyID=\"NOK\">1</cbc:TaxAmount>\
         <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>@</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>\
         </cac:TaxCategory></cac:TaxSubtotal>",
    ),
    (
        "allowances of one price",
        "</cac:Price>",
        "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:Amount currencyID=\"NOK\">0</cbc:Amount>\
         <cbc:BaseAmount currencyID=\"NOK\">@</cbc:BaseAmount></cac:AllowanceCharge>",
    ),
    (
        "categories of one item, each of its own rate",
        "<cac:ClassifiedTaxCategory>",
        "<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>@</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>\
         </cac:ClassifiedTaxCategory>",
    ),
    (
        "tax registrations of the seller",
        "<cac:PartyLegalEntity>",
        "<cac:PartyTaxScheme><cbc:CompanyID>NO@</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>",
    ),
    (
        "means of payment",
        "<cac:TaxTotal>",
        "<cac:PaymentMeans><cbc:PaymentMeansCode>@</cbc:PaymentMeansCode><cbc:PaymentID>@</cbc:PaymentID></cac:PaymentMeans>",
    ),
];

/// All of them, of about so many bytes each.
pub fn documents(bytes: usize) -> Vec<Hostile> {
    let one = invoice(1);
    let mut documents: Vec<Hostile> = REPEATED
        .iter()
        .map(|(what, before, piece)| {
            let at = one.find(before).expect("the invoice has every one of these tags");
            let mut repeated = String::with_capacity(bytes + piece.len() + 16);
            for number in 0.. {
                if repeated.len() >= bytes {
                    break;
                }
                repeated.push_str(&piece.replace('@', &number.to_string()));
            }
            Hostile { what, xml: format!("{}{repeated}{}", &one[..at], &one[at..]) }
        })
        .collect();
    documents.push(Hostile { what: "parts of an invoice in an extension", xml: extension(&one, bytes) });
    documents.push(Hostile { what: "entities of entities", xml: bomb() });
    documents
}

/// No schema says what an extension holds: here as many accounts as codes that each of them might be compared with.
fn extension(one: &str, bytes: usize) -> String {
    let pair = "<cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cac:PayeeFinancialAccount/>";
    let inside = pair.repeat(bytes / pair.len());
    let own = "xmlns:ext=\"urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2\"";
    let extensions = format!(
        "<ext:UBLExtensions {own}><ext:UBLExtension><ext:ExtensionContent><cac:PaymentMeans>{inside}</cac:PaymentMeans>\
         </ext:ExtensionContent></ext:UBLExtension></ext:UBLExtensions><cbc:CustomizationID>"
    );
    one.replacen("<cbc:CustomizationID>", &extensions, 1)
}

/// The billion laughs: 10 entities, each ten times the one before.
fn bomb() -> String {
    let mut xml = "<!DOCTYPE a [<!ENTITY e0 \"lol\">".to_owned();
    for number in 1..10 {
        let _ = write!(xml, "<!ENTITY e{number} \"{}\">", format!("&e{};", number - 1).repeat(10));
    }
    xml + "]><a>&e9;</a>"
}
