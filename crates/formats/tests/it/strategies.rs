//! Invoices of every shape that the syntax can hold, for property tests.
//!
//! What UBL cannot hold is not made: a unit without a quantity, a gross price without a discount, a tax representative's
//! contact, and texts with white space around them. `ubl` says what becomes of those.

use jiff::civil::Date;
use kvitt_domain::invoice::*;
use kvitt_domain::{Amount, Currency};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use rust_decimal::Decimal;

/// A text without white space around it: letters of the north, markup, line breaks inside.
fn text() -> BoxedStrategy<String> {
    "[A-Za-zÆØÅæøåäöü€&<>\"'/.,;!?-]([A-Za-z0-9ÆØÅæøåäöü€&<>\"'/.,;!? \n\t-]{0,24}[A-Za-z0-9æøå&<>\"'.])?".boxed()
}

/// A code or number as it stands in an attribute or identifier; never eleven digits, which could be a fødselsnummer.
fn code() -> BoxedStrategy<String> {
    "[A-Z]{1,3}[A-Za-z0-9:&\"-]{0,8}".boxed()
}

fn date() -> BoxedStrategy<Date> {
    (2000i16..2100, 1i8..=12, 1i8..=28)
        .prop_map(|(year, month, day)| Date::new(year, month, day).expect("all months have 28 days"))
        .boxed()
}

fn decimal() -> BoxedStrategy<Decimal> {
    (-1_000_000_000i64..1_000_000_000, 0u32..6).prop_map(|(digits, scale)| Decimal::new(digits, scale)).boxed()
}

fn currency() -> BoxedStrategy<Currency> {
    prop::sample::select(vec!["NOK", "EUR", "SEK", "JPY", "ISK", "KWD"])
        .prop_map(|code| Currency::parse(code).expect("a currency of the list"))
        .boxed()
}

fn amount(currency: Currency) -> BoxedStrategy<Amount> {
    any::<i64>().prop_map(move |minor| Amount::new(minor / 1_000, currency)).boxed()
}

fn identifier() -> BoxedStrategy<Identifier> {
    (code(), of(prop::sample::select(vec!["0192", "0088", "NO:ORGNR"])))
        .prop_map(|(value, scheme)| Identifier { value, scheme: scheme.map(str::to_owned) })
        .boxed()
}

fn address() -> BoxedStrategy<Address> {
    let lines = (of(text()), of(text()), of(text()), of(text()));
    (lines, of(code()), of(text()), of(Just("NO".to_owned())))
        .prop_map(|((line1, line2, line3, city), postal_code, subdivision, country)| Address {
            line1,
            line2,
            line3,
            city,
            postal_code,
            subdivision,
            country,
        })
        .boxed()
}

fn some_address() -> BoxedStrategy<Option<Address>> {
    of(address()).prop_map(|address| address.filter(|address| *address != Address::default())).boxed()
}

fn contact() -> BoxedStrategy<Contact> {
    (of(text()), of(code()), of(code())).prop_map(|(name, phone, email)| Contact { name, phone, email }).boxed()
}

fn party() -> BoxedStrategy<Party> {
    let names = (text(), of(text()), of(text()));
    let numbers = (vec(identifier(), 0..3), of(identifier()), of(code()), of(code()), of(identifier()));
    (names, numbers, address(), contact())
        .prop_map(|(names, numbers, address, contact)| Party {
            name: names.0,
            trading_name: names.1,
            legal_information: names.2,
            identifiers: numbers.0,
            legal_registration: numbers.1,
            vat_number: numbers.2,
            tax_registration: numbers.3,
            electronic_address: numbers.4,
            address,
            contact,
        })
        .boxed()
}

fn tax_representative() -> BoxedStrategy<Party> {
    (text(), of(code()), address())
        .prop_map(|(name, vat_number, address)| Party { name, vat_number, address, ..Party::default() })
        .boxed()
}

fn payee() -> BoxedStrategy<Payee> {
    (text(), of(identifier()), of(identifier()))
        .prop_map(|(name, identifier, legal_registration)| Payee { name, identifier, legal_registration })
        .boxed()
}

fn period() -> BoxedStrategy<Option<Period>> {
    (of(date()), of(date()))
        .prop_map(|(from, to)| Some(Period { from, to }).filter(|period| *period != Period::default()))
        .boxed()
}

fn delivery() -> BoxedStrategy<Option<DeliveryInformation>> {
    (of(text()), of(identifier()), of(date()), some_address())
        .prop_map(|(name, location, delivered_on, address)| {
            Some(DeliveryInformation { name, location, delivered_on, address })
                .filter(|delivery| *delivery != DeliveryInformation::default())
        })
        .boxed()
}

fn references() -> BoxedStrategy<References> {
    let first = (of(text()), of(code()), of(code()), of(code()), of(code()));
    let second = (of(code()), of(code()), of(code()), of(identifier()), of(code()));
    (first, second)
        .prop_map(|(first, second)| References {
            buyer: first.0,
            project: first.1,
            contract: first.2,
            purchase_order: first.3.filter(|order| order != "NA"),
            sales_order: first.4,
            receiving_advice: second.0,
            despatch_advice: second.1,
            tender: second.2,
            invoiced_object: second.3,
            buyer_accounting: second.4,
        })
        .boxed()
}

fn account() -> BoxedStrategy<PaymentAccount> {
    (code(), of(text()), of(code())).prop_map(|(number, name, bank)| PaymentAccount { number, name, bank }).boxed()
}

/// Ways to pay: credit transfers, a card, or direct debits that share their creditor, as UBL has room for one.
fn payment() -> BoxedStrategy<Vec<PaymentInstruction>> {
    let transfer = (of(text()), vec(account(), 0..3)).prop_map(|(means_text, accounts)| PaymentInstruction {
        means_code: "30".to_owned(),
        means_text,
        accounts,
        ..PaymentInstruction::default()
    });
    let card = (code(), of(text())).prop_map(|(last_digits, holder)| PaymentInstruction {
        means_code: "48".to_owned(),
        card: Some(Card { last_digits, holder }),
        ..PaymentInstruction::default()
    });
    let debit = (code(), of(code())).prop_map(|(mandate, debited_account)| PaymentInstruction {
        means_code: "59".to_owned(),
        direct_debit: Some(DirectDebit { mandate: Some(mandate), creditor: None, debited_account }),
        ..PaymentInstruction::default()
    });
    (vec(prop_oneof![4 => transfer, 1 => card, 1 => debit], 0..4), of(code()))
        .prop_map(|(mut payment, creditor)| {
            for (at, means) in payment.iter_mut().enumerate() {
                // Different references keep neighbours from being one instruction with several accounts.
                means.remittance = Some(format!("{at}2345678"));
                if let Some(debit) = &mut means.direct_debit {
                    debit.creditor = creditor.clone().map(|value| Identifier { value, scheme: Some("SEPA".to_owned()) });
                }
            }
            payment
        })
        .boxed()
}

fn vat_rate() -> BoxedStrategy<VatRate> {
    (prop::sample::select(vec!["S", "Z", "E", "AE", "O"]), of(decimal()))
        .prop_map(|(category, percent)| VatRate { category: category.to_owned(), percent })
        .boxed()
}

fn change(currency: Currency, vat: BoxedStrategy<Option<VatRate>>) -> BoxedStrategy<AllowanceOrCharge> {
    let adds = prop::sample::select(vec![AllowanceKind::Allowance, AllowanceKind::Charge]);
    (adds, amount(currency), of(amount(currency)), of(decimal()), vat, of(text()), of(code()))
        .prop_map(|(adds, amount, base, percent, vat, reason, reason_code)| AllowanceOrCharge {
            adds,
            amount,
            base,
            percent,
            vat,
            reason,
            reason_code,
        })
        .boxed()
}

fn totals(currency: Currency, tax_currency: Option<Currency>) -> BoxedStrategy<Totals> {
    let required = (amount(currency), amount(currency), amount(currency), amount(currency));
    let optional = (of(amount(currency)), of(amount(currency)), of(amount(currency)), of(amount(currency)), of(amount(currency)));
    let in_tax_currency = of(amount(tax_currency.unwrap_or(currency)));
    (required, optional, in_tax_currency)
        .prop_map(move |(required, optional, in_tax_currency)| Totals {
            lines: required.0,
            allowances: optional.0,
            charges: optional.1,
            without_vat: required.1,
            vat: optional.2,
            vat_in_tax_currency: in_tax_currency.filter(|_| tax_currency.is_some()),
            with_vat: required.2,
            prepaid: optional.3,
            rounding: optional.4,
            payable: required.3,
        })
        .boxed()
}

fn vat_subtotal(currency: Currency) -> BoxedStrategy<VatSubtotal> {
    (amount(currency), amount(currency), vat_rate(), of(text()), of(code()))
        .prop_map(|(taxable, tax, rate, exemption, exemption_code)| VatSubtotal { taxable, tax, rate, exemption, exemption_code })
        .boxed()
}

fn attachments() -> BoxedStrategy<Vec<Attachment>> {
    let file = (vec(any::<u8>(), 1..50), prop::sample::select(vec!["pdf", "png", "csv"])).prop_map(|(bytes, ending)| File {
        name: format!("vedlegg.{ending}"),
        media_type: kvitt_formats::files::media_type(&format!("x.{ending}")).to_owned(),
        bytes,
    });
    let plain = (code(), of(text()), of(code()), of(file)).prop_map(|(id, description, location, file)| {
        Attachment {
            id,
            // A description of one word could by chance be the mark of a picture.
            description: description.map(|text| format!("Vedlegg: {text}")),
            location,
            file,
            is_image_of_invoice: false,
        }
    });
    (vec(plain, 0..3), any::<bool>())
        .prop_map(|(mut attachments, with_image)| {
            if with_image {
                attachments.push(Attachment {
                    id: "bilde".to_owned(),
                    description: Some("Faktura".to_owned()),
                    location: None,
                    file: Some(File {
                        name: "b.pdf".to_owned(),
                        media_type: "application/pdf".to_owned(),
                        bytes: b"%PDF".to_vec(),
                    }),
                    is_image_of_invoice: true,
                });
            }
            attachments
        })
        .boxed()
}

fn item() -> BoxedStrategy<Item> {
    let ids = (of(code()), of(code()), of(identifier()));
    let class = (code(), code(), of(code())).prop_map(|(code, list, version)| Classification { code, list, version });
    (text(), of(text()), ids, vec(class, 0..2), of(Just("NO".to_owned())), vec((text(), text()), 0..2))
        .prop_map(|(name, description, ids, classifications, origin_country, attributes)| Item {
            name,
            description,
            seller_id: ids.0,
            buyer_id: ids.1,
            standard_id: ids.2,
            classifications,
            origin_country,
            attributes,
        })
        .boxed()
}

fn price() -> BoxedStrategy<Price> {
    (decimal(), of((decimal(), of(decimal()))), of((decimal(), of(code()))))
        .prop_map(|(net, change, base)| Price {
            net,
            discount: change.map(|change| change.0),
            gross: change.and_then(|change| change.1),
            base_quantity: base.as_ref().map(|base| base.0),
            base_unit: base.and_then(|base| base.1),
        })
        .boxed()
}

fn line(currency: Currency) -> BoxedStrategy<Line> {
    let head = (code(), of(text()), of(identifier()), decimal(), code(), amount(currency));
    let references = (of(code()), of(code()), period());
    let changes = vec(change(currency, Just(None).boxed()), 0..2);
    (head, references, changes, price(), vat_rate(), item())
        .prop_map(|(head, references, allowances_and_charges, price, vat, item)| Line {
            id: head.0,
            note: head.1,
            invoiced_object: head.2,
            quantity: head.3,
            unit: head.4,
            net: head.5,
            order_line: references.0,
            buyer_accounting: references.1,
            period: references.2,
            allowances_and_charges,
            price,
            vat,
            item,
        })
        .boxed()
}

fn notes() -> BoxedStrategy<Vec<Note>> {
    vec((of(Just("AAI".to_owned())), text()), 0..3)
        .prop_map(|notes| notes.into_iter().map(|(subject_code, text)| Note { subject_code, text }).collect())
        .boxed()
}

fn of_currency(currency: Currency, tax_currency: Option<Currency>) -> BoxedStrategy<Invoice> {
    let kind = prop::sample::select(vec![DocumentKind::Invoice, DocumentKind::CreditNote]);
    let head = (kind, code(), code(), of(text()), of(text()), of(text()), of(code()));
    let dates = (date(), of(date()), of(date()), period());
    let parties = (party(), party(), of(payee()), of(tax_representative()));
    let groups = (notes(), references(), delivery(), payment(), attachments());
    let preceding = vec((code(), of(date())), 0..2)
        .prop_map(|all| all.into_iter().map(|(number, issued_on)| PrecedingInvoice { number, issued_on }).collect::<Vec<_>>());
    let money = (
        vec(change(currency, of(vat_rate()).boxed()), 0..2),
        totals(currency, tax_currency),
        vec(vat_subtotal(currency), 0..3),
        vec(line(currency), 1..3),
    );
    (head, dates, parties, groups, preceding, money)
        .prop_map(move |(head, dates, parties, groups, preceding, money)| Invoice {
            kind: head.0,
            type_code: head.1,
            number: head.2,
            issued_on: dates.0,
            due_on: dates.1,
            tax_point_on: dates.2,
            tax_point_code: head.6,
            currency,
            tax_currency,
            specification: head.3,
            process: head.4,
            notes: groups.0,
            references: groups.1,
            preceding,
            seller: parties.0,
            buyer: parties.1,
            payee: parties.2,
            tax_representative: parties.3,
            delivery: groups.2,
            period: dates.3,
            payment: groups.3,
            payment_terms: head.5,
            allowances_and_charges: money.0,
            // The VAT specification has no place without its sum.
            vat_breakdown: if money.1.vat.is_some() { money.2 } else { Vec::new() },
            totals: money.1,
            attachments: groups.4,
            lines: money.3,
        })
        .boxed()
}

/// An invoice or credit note that UBL can hold.
pub fn invoice() -> BoxedStrategy<Invoice> {
    (currency(), of(currency()))
        .prop_flat_map(|(currency, tax)| of_currency(currency, tax.filter(|tax| *tax != currency)))
        .boxed()
}
