//! Makes the invoice of a draft: sums by decimal arithmetic as EN 16931 demands, parties, references, and everything that is missing
//! at the field where it belongs.
//!
//! VAT is rounded once for each category and rate, on the sum of its lines (EN 16931-1, BR-CO-17), and a line's net amount once, after
//! its discount. The VAT code and ledger account of a line are the seller's own books and stand in no document: they stay with the draft.

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::customer::Customer;
use super::draft::{Draft, DraftLine};
use super::project::Project;
use super::settings::InvoicingSettings;
use super::vat::{self, VatCode};
use crate::fault::{Fault, codes};
use crate::identifiers::Kid;
use crate::invoice::{
    AllowanceKind, AllowanceOrCharge, Attachment, Contact, DeliveryInformation, DocumentKind, File, Identifier, Invoice, Item,
    Line, Note, Party, PaymentAccount, PaymentInstruction, PrecedingInvoice, Price, References, Totals, VatRate, VatSubtotal,
};
use crate::language::Language;
use crate::money::{Amount, Currency};
use crate::recipient::RecipientType;

/// BT-24 of Peppol BIS Billing 3, which EHF 3 is.
const SPECIFICATION: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
/// BT-23 of the same.
const PROCESS: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";
/// UNTDID 4461: credit transfer.
const CREDIT_TRANSFER: &str = "30";
/// UNTDID 5189: discount.
const DISCOUNT: &str = "95";
/// ISO 6523 and EAS: the Norwegian register of organisations.
const ORGANISATIONS: &str = "0192";
/// BT-32 of companies that stand in the register of business enterprises.
const IN_REGISTER: &str = "Foretaksregisteret";

/// What an invoice is made of.
#[derive(Debug, Clone)]
pub struct Parts<'p> {
    /// What somebody wrote.
    pub draft: &'p Draft,
    /// Who sends it.
    pub seller: Seller<'p>,
    /// Whom it goes to, and under which number they stand in the register.
    pub customer: Option<(&'p str, &'p Customer)>,
    /// For which project, and under which number it stands in the register.
    pub project: Option<(&'p str, &'p Project)>,
    /// BT-1.
    pub number: &'p str,
    /// BT-83.
    pub kid: Option<&'p Kid>,
    /// The day on which it is made.
    pub today: Date,
    /// The draft's files with their bytes, in its order.
    pub files: Vec<File>,
}

/// The company.
#[derive(Debug, Clone, Copy)]
pub struct Seller<'p> {
    /// Its name.
    pub name: &'p str,
    /// Nine digits.
    pub org_number: &'p str,
    /// What it decided.
    pub settings: &'p InvoicingSettings,
}

/// The sums of a draft.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// The net amount of each line, in the draft's order; none where it cannot be worked out.
    pub lines: Vec<Option<LineSum>>,
    /// One for each category and rate, in the order in which they first stand.
    pub vat: Vec<VatSum>,
    /// Without VAT.
    pub without_vat: Amount,
    /// The VAT.
    pub vat_total: Amount,
    /// With VAT: what is to be paid, or what a credit note takes off.
    pub with_vat: Amount,
}

/// The amounts of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSum {
    /// Quantity times price.
    pub gross: Amount,
    /// What is taken off it.
    pub discount: Amount,
    /// What is left.
    pub net: Amount,
}

/// What one rate comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct VatSum {
    /// The code that stands for it in the books.
    pub code: &'static VatCode,
    /// Category and rate.
    pub rate: VatRate,
    /// The sum of its lines.
    pub taxable: Amount,
    /// The VAT of that sum.
    pub tax: Amount,
}

/// The day whose VAT rates count: that of the delivery (merverdiavgiftsloven § 15-9 follows the supply), where it is known.
pub fn rate_day(draft: &Draft, today: Date) -> Date {
    let period_end = draft.period.and_then(|period| period.to);
    draft.delivered_on.or(period_end).or(draft.issued_on).unwrap_or(today)
}

/// The sums of a draft as it is, with a fault at each line that has none. Never an error: whoever is still typing sees what there is.
pub fn sums(draft: &Draft, today: Date) -> (Sums, Vec<Fault>) {
    let currency = draft.currency;
    let (mut lines, mut vat, mut faults) = (Vec::new(), Vec::<VatSum>::new(), Vec::new());
    let on = rate_day(draft, today);
    for (index, line) in draft.lines.iter().enumerate() {
        let place = |field: &str| format!("line_{}_{field}", index + 1);
        let sum = line_sum(line, currency);
        if sum.is_none() {
            faults.push(Fault::fatal(codes::FIELD_INVALID).at(place("price")).with("field", "price").with("value", line.price));
        }
        lines.push(sum);
        let code = vat::named(&line.vat_code).and_then(|code| Some((code, code.on(on)?)));
        match (code, sum) {
            (None, _) => faults.push(fault_of_code(line, on).at(place("vat_code"))),
            (Some((code, rate)), Some(sum)) => match vat.iter_mut().find(|known| known.rate == rate) {
                Some(known) => known.taxable = known.taxable.checked_add(sum.net).unwrap_or(known.taxable),
                None => vat.push(VatSum { code, rate, taxable: sum.net, tax: Amount::zero(currency) }),
            },
            (Some(_), None) => {}
        }
    }
    for sum in &mut vat {
        let percent = sum.rate.percent.unwrap_or_default();
        let tax = sum.taxable.to_decimal().checked_mul(percent).and_then(|product| product.checked_div(Decimal::ONE_HUNDRED));
        sum.tax = tax.and_then(|tax| Amount::rounded(tax, currency)).unwrap_or(Amount::zero(currency));
    }
    let without_vat = added(currency, lines.iter().flatten().map(|sum| sum.net));
    let vat_total = added(currency, vat.iter().map(|sum| sum.tax));
    let with_vat = without_vat.zip(vat_total).and_then(|(without, vat)| without.checked_add(vat));
    let (Some(without_vat), Some(vat_total), Some(with_vat)) = (without_vat, vat_total, with_vat) else {
        faults.push(Fault::fatal(codes::FIELD_INVALID).at("lines").with("field", "lines").with("value", "∞"));
        let zero = Amount::zero(currency);
        return (Sums { lines, vat, without_vat: zero, vat_total: zero, with_vat: zero }, faults);
    };
    (Sums { lines, vat, without_vat, vat_total, with_vat }, faults)
}

fn added(currency: Currency, mut amounts: impl Iterator<Item = Amount>) -> Option<Amount> {
    amounts.try_fold(Amount::zero(currency), Amount::checked_add)
}

fn line_sum(line: &DraftLine, currency: Currency) -> Option<LineSum> {
    let gross = Amount::rounded(line.quantity.checked_mul(line.price)?, currency)?;
    let discount = gross.to_decimal().checked_mul(line.discount_percent)?.checked_div(Decimal::ONE_HUNDRED)?;
    let discount = Amount::rounded(discount, currency)?;
    Some(LineSum { gross, discount, net: gross.checked_sub(discount)? })
}

fn fault_of_code(line: &DraftLine, on: Date) -> Fault {
    if line.vat_code.is_empty() {
        return Fault::fatal(codes::FIELD_MISSING).with("field", "vat_code");
    }
    Fault::fatal(codes::VAT_CODE_UNKNOWN).with("code", &line.vat_code).with("date", on)
}

/// The invoice of a draft, and everything that is missing or wrong in it, at the fields of its form. There is an invoice wherever one
/// can be written down at all, so that rules can judge it too; with fatal faults beside it, it is never to be sent.
pub fn invoice(parts: Parts<'_>) -> (Invoice, Vec<Fault>) {
    let (sums, mut faults) = sums(parts.draft, parts.today);
    let issued_on = parts.draft.issued_on.unwrap_or(parts.today);
    missing(&parts, &sums, &mut faults);
    let language = parts.customer.map(|(_, customer)| customer.language).unwrap_or_default();
    let lines = parts.draft.lines.iter().zip(&sums.lines).enumerate();
    let on = rate_day(parts.draft, parts.today);
    let lines: Vec<Line> =
        lines.map(|(index, (line, sum))| write_line(index + 1, line, *sum, on, parts.draft.currency, language)).collect();
    let draft = parts.draft;
    let outside_vat = sums.vat.iter().any(|sum| sum.rate.category == "O");
    let is_credit = draft.kind == DocumentKind::CreditNote;
    let credited = draft.credits.as_ref();
    let invoice = Invoice {
        kind: draft.kind,
        type_code: if is_credit { "381" } else { "380" }.to_owned(),
        number: parts.number.to_owned(),
        issued_on,
        due_on: if is_credit { None } else { Some(due_on(&parts, issued_on)) },
        tax_point_on: None,
        tax_point_code: None,
        currency: draft.currency,
        tax_currency: None,
        specification: Some(SPECIFICATION.to_owned()),
        process: Some(PROCESS.to_owned()),
        notes: note(draft).into_iter().collect(),
        references: references(&parts),
        preceding: credited
            .map(|credited| PrecedingInvoice { number: credited.number.clone(), issued_on: Some(credited.issued_on) })
            .into_iter()
            .collect(),
        seller: seller(&parts, outside_vat),
        buyer: parts.customer.map(|(number, customer)| buyer(number, customer, outside_vat)).unwrap_or_default(),
        payee: None,
        tax_representative: None,
        delivery: draft.delivered_on.map(|on| DeliveryInformation { delivered_on: Some(on), ..DeliveryInformation::default() }),
        period: draft.period,
        payment: if is_credit { Vec::new() } else { payment(&parts).into_iter().collect() },
        payment_terms: draft
            .footer
            .clone()
            .or_else(|| credited.map(|credited| language.text("invoice_text.credits", &[("number", &credited.number)]))),
        allowances_and_charges: Vec::new(),
        totals: Totals {
            lines: sums.without_vat,
            allowances: None,
            charges: None,
            without_vat: sums.without_vat,
            vat: Some(sums.vat_total),
            vat_in_tax_currency: None,
            with_vat: sums.with_vat,
            prepaid: None,
            rounding: None,
            payable: sums.with_vat,
        },
        vat_breakdown: sums.vat.iter().map(|sum| subtotal(sum, language)).collect(),
        attachments: attachments(parts.number, parts.files),
        lines,
    };
    (invoice, faults)
}

/// What a draft must have before it can be an invoice.
fn missing(parts: &Parts<'_>, sums: &Sums, faults: &mut Vec<Fault>) {
    let draft = parts.draft;
    let settings = parts.seller.settings;
    let mut demand = |field: &str| faults.push(Fault::fatal(codes::FIELD_MISSING).at(field).with("field", field));
    if parts.customer.is_none() {
        demand("customer");
    }
    if draft.lines.is_empty() {
        demand("lines");
    }
    for (index, line) in draft.lines.iter().enumerate() {
        let place = |field: &str| format!("line_{}_{field}", index + 1);
        if line.text.is_empty() {
            faults.push(Fault::fatal(codes::FIELD_MISSING).at(place("text")).with("field", "text"));
        }
        if !line.ledger_account.is_empty() && settings.ledger_account(&line.ledger_account).is_none() {
            let unknown = Fault::fatal(codes::LEDGER_ACCOUNT_UNKNOWN).with("number", &line.ledger_account);
            faults.push(unknown.at(place("ledger_account")));
        }
        let bears_vat = vat::named(&line.vat_code).is_some_and(|code| code.category == "S");
        if bears_vat && draft.kind == DocumentKind::Invoice && !settings.sender.vat_registered {
            faults.push(Fault::fatal(codes::VAT_NOT_REGISTERED).at(place("vat_code")).with("code", &line.vat_code));
        }
    }
    if draft.kind == DocumentKind::Invoice && sums.with_vat.minor() > 0 && settings.sender.bank_account.is_none() {
        faults.push(Fault::fatal(codes::INVOICING_ACCOUNT_MISSING).at("bank_account"));
    }
    if sums.with_vat.is_negative() {
        faults.push(Fault::fatal(codes::INVOICING_NEGATIVE).at("lines").with("amount", sums.with_vat));
    }
    // What lies outside of VAT takes the seller's VAT number off the whole document (EN 16931-1, BR-O-02, BR-O-11).
    if sums.vat.len() > 1 && sums.vat.iter().any(|sum| sum.rate.category == "O") {
        for (index, line) in draft.lines.iter().enumerate() {
            if vat::named(&line.vat_code).is_some_and(|code| code.category == "O") {
                let mixed = Fault::fatal(codes::VAT_OUTSIDE_MIXED).at(format!("line_{}_vat_code", index + 1));
                faults.push(mixed.with("code", &line.vat_code));
            }
        }
    }
    // What was invoiced is credited whatever has become of the customer since.
    if draft.kind == DocumentKind::Invoice && parts.customer.is_some_and(|(_, customer)| customer.archived) {
        faults.push(Fault::fatal(codes::CUSTOMER_ARCHIVED).at("customer"));
    }
}

/// By the draft, else by the customer's terms, else by the company's.
fn due_on(parts: &Parts<'_>, issued_on: Date) -> Date {
    let days = parts.customer.and_then(|(_, customer)| customer.terms_days).unwrap_or(parts.seller.settings.terms_days);
    parts.draft.due_on.unwrap_or_else(|| issued_on.checked_add(i32::from(days).days()).unwrap_or(issued_on))
}

/// One note at most: Peppol takes no more (PEPPOL-EN16931-R002).
fn note(draft: &Draft) -> Option<Note> {
    let texts: Vec<&str> = [&draft.description, &draft.text_before].into_iter().flatten().map(String::as_str).collect();
    (!texts.is_empty()).then(|| Note { subject_code: None, text: texts.join("\n") })
}

fn references(parts: &Parts<'_>) -> References {
    let draft = parts.draft;
    let usual = || parts.customer.and_then(|(_, customer)| customer.reference.clone());
    References {
        buyer: draft.buyer_reference.clone().or_else(usual),
        project: parts.project.map(|(number, _)| number.to_owned()),
        purchase_order: draft.purchase_order.clone(),
        ..References::default()
    }
}

/// The company. What lies outside of VAT altogether is sold without a VAT number (EN 16931-1, BR-O-02).
fn seller(parts: &Parts<'_>, outside_vat: bool) -> Party {
    let Seller { name, org_number, settings } = parts.seller;
    let sender = &settings.sender;
    Party {
        name: name.to_owned(),
        legal_registration: Some(of_register(org_number)),
        vat_number: (sender.vat_registered && !outside_vat).then(|| format!("NO{org_number}MVA")),
        tax_registration: sender.in_business_register.then(|| IN_REGISTER.to_owned()),
        electronic_address: Some(of_register(org_number)),
        address: sender.address.clone(),
        contact: Contact {
            name: parts.draft.seller_reference.clone().or_else(|| sender.contact.clone()),
            phone: sender.phone.clone(),
            email: sender.email.clone(),
        },
        ..Party::default()
    }
}

fn buyer(number: &str, customer: &Customer, outside_vat: bool) -> Party {
    let org_number = customer.org_number.as_ref().map(|number| of_register(number.as_str()));
    let is_business = customer.kind == RecipientType::Business;
    let mut address = customer.postal.clone();
    if address.country.is_none() && org_number.is_some() {
        // The register holds Norwegians only.
        address.country = Some("NO".to_owned());
    }
    Party {
        name: customer.name.clone(),
        identifiers: vec![Identifier { value: number.to_owned(), scheme: None }],
        vat_number: customer.vat_number.clone().filter(|_| !outside_vat),
        electronic_address: customer.electronic_address.clone().or_else(|| org_number.clone().filter(|_| is_business)),
        legal_registration: org_number,
        address,
        contact: Contact { name: customer.contact.clone(), phone: customer.phone.clone(), email: customer.email.clone() },
        ..Party::default()
    }
}

fn of_register(org_number: &str) -> Identifier {
    Identifier { value: org_number.to_owned(), scheme: Some(ORGANISATIONS.to_owned()) }
}

fn payment(parts: &Parts<'_>) -> Option<PaymentInstruction> {
    let account = parts.seller.settings.sender.bank_account.clone()?;
    Some(PaymentInstruction {
        means_code: CREDIT_TRANSFER.to_owned(),
        remittance: parts.kid.map(ToString::to_string),
        accounts: vec![PaymentAccount { number: account, ..PaymentAccount::default() }],
        ..PaymentInstruction::default()
    })
}

fn write_line(number: usize, line: &DraftLine, sum: Option<LineSum>, on: Date, currency: Currency, language: Language) -> Line {
    let zero = Amount::zero(currency);
    let sum = sum.unwrap_or(LineSum { gross: zero, discount: zero, net: zero });
    // A price is never below zero (EN 16931-1, BR-27): what is taken away is a quantity below zero.
    let (quantity, price) =
        if line.price.is_sign_negative() { (-line.quantity, -line.price) } else { (line.quantity, line.price) };
    let discount = (sum.discount.minor() != 0).then(|| AllowanceOrCharge {
        adds: AllowanceKind::Allowance,
        amount: sum.discount,
        base: Some(sum.gross),
        percent: Some(line.discount_percent.normalize()),
        vat: None,
        reason: Some(language.text("invoice_text.discount", &[])),
        reason_code: Some(DISCOUNT.to_owned()),
    });
    let nothing = || VatRate { category: String::new(), percent: None };
    Line {
        id: number.to_string(),
        note: None,
        invoiced_object: None,
        quantity: quantity.normalize(),
        unit: line.unit.clone(),
        net: sum.net,
        order_line: line.order_line.clone(),
        buyer_accounting: None,
        period: line.period,
        allowances_and_charges: discount.into_iter().collect(),
        price: Price { net: price.normalize(), discount: None, gross: None, base_quantity: None, base_unit: None },
        vat: vat::named(&line.vat_code).and_then(|code| code.on(on)).unwrap_or_else(nothing),
        item: Item {
            name: line.text.clone(),
            description: line.description.clone(),
            seller_id: line.product.clone(),
            ..Item::default()
        },
    }
}

fn subtotal(sum: &VatSum, language: Language) -> VatSubtotal {
    let needs_reason = sum.code.needs_reason();
    VatSubtotal {
        taxable: sum.taxable,
        tax: sum.tax,
        rate: sum.rate.clone(),
        exemption: needs_reason.then(|| language.text(&format!("invoice_text.exempt_{}", sum.code.code), &[])),
        exemption_code: sum.code.exemption.clone().filter(|_| needs_reason),
    }
}

/// The files, each under a number. A PDF that is named after the invoice would be taken for its picture by whoever reads it, so that
/// it gets another name.
fn attachments(number: &str, files: Vec<File>) -> Vec<Attachment> {
    let plain = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    let named = |file: File| match plain(&stem(&file.name)) == plain(number) {
        true => File { name: format!("vedlegg-{}", file.name), ..file },
        false => file,
    };
    let numbered = (1..).zip(files.into_iter().map(named));
    let attach = |(id, file): (usize, File)| Attachment {
        id: format!("{id}"),
        description: None,
        location: None,
        file: Some(file),
        is_image_of_invoice: false,
    };
    numbered.map(attach).collect()
}

/// The field of a draft's form that a place in its invoice comes from: a business term with its groups (`BG-25[2]/BT-146`), or a path
/// in its XML. Empty where it is about the whole.
pub fn field_of(place: &str) -> String {
    let line = ["BG-25[", "cac:InvoiceLine[", "cac:CreditNoteLine["]
        .iter()
        .find_map(|before| place.split_once(before)?.1.split_once(']')?.0.parse::<usize>().ok());
    let term = place.split(' ').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let term = term.split('[').next().unwrap_or_default();
    if let Some(number) = line {
        let field = match term {
            "BT-129" | "cbc:InvoicedQuantity" | "cbc:CreditedQuantity" => "quantity",
            "BT-130" => "unit",
            "BT-131" | "BT-146" | "cbc:PriceAmount" | "cbc:LineExtensionAmount" => "price",
            "BT-151" | "BT-152" | "cac:ClassifiedTaxCategory" => "vat_code",
            "BT-134" | "BT-135" | "cac:InvoicePeriod" => "period_to",
            "BT-136" | "BT-138" | "cac:AllowanceCharge" => "discount_percent",
            _ => "text",
        };
        return format!("line_{number}_{field}");
    }
    let field = match term {
        "BT-2" | "cbc:IssueDate" => "issued_on",
        "BT-9" | "cbc:DueDate" => "due_on",
        "BT-10" | "cbc:BuyerReference" => "buyer_reference",
        "BT-13" => "purchase_order",
        "BT-73" | "BT-74" => "period_to",
        "BG-25" => "lines",
        "BT-83" | "BT-84" => "bank_account",
        "BT-44" | "BT-46" | "BT-47" | "BT-48" | "BT-49" | "BG-8" => "customer",
        _ if place.contains("cac:AccountingCustomerParty") => "customer",
        _ if place.contains("cac:AccountingSupplierParty") => "sender",
        _ => "",
    };
    field.to_owned()
}

#[cfg(test)]
mod tests;
