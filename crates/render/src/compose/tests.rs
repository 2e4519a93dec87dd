//! The layout asked for what no look at a PDF can prove: nothing overlaps, nothing leaves the margins, nothing strays into the window,
//! no total stands alone, whatever the invoice says.

use std::iter::Cycle;
use std::vec::IntoIter;

use kvitt_domain::invoice::*;
use kvitt_domain::language::Language;
use kvitt_domain::money::{Amount, Currency};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::compose;
use crate::look::{Look, PaymentOverride};
use crate::page::{Area, Document, FOOT, HEIGHT, MARGIN, MM, Page, Role, Shape, WIDTH, WINDOW};
use crate::page::{Item, Owner};
use crate::typeface::Face;

#[path = "../../tests/it/samples.rs"]
#[allow(dead_code)]
mod samples;

/// The box of the letters of a text, capitals to descenders.
fn area_of(shape: &Shape) -> Option<Area> {
    match shape {
        Shape::Text { x, y, line } => {
            let top = y - 0.73 * line.style.size;
            Some(Area { left: *x, top, width: line.width, height: 0.93 * line.style.size })
        }
        Shape::Logo { area } => Some(*area),
        Shape::Rule { .. } | Shape::Panel { .. } => None,
    }
}

fn overlap(one: Area, other: Area) -> bool {
    // Two hundredths of a millimetre are rounding, not an overlap.
    const SLACK: f32 = 0.06;
    one.left + SLACK < other.left + other.width
        && other.left + SLACK < one.left + one.width
        && one.top + SLACK < other.bottom()
        && other.top + SLACK < one.bottom()
}

fn words_of(item: &Item) -> &str {
    match &item.shape {
        Shape::Text { line, .. } => &line.text,
        _ => "",
    }
}

fn check(document: &Document) {
    for (at, page) in document.pages.iter().enumerate() {
        check_page(page, at + 1);
    }
    for item in &document.pages[0].items {
        let is_for_the_window = [0, 1, 2, 3].iter().any(|early| owner_is(item, *early));
        let Some(area) = area_of(&item.shape) else {
            continue;
        };
        assert!(is_for_the_window || !overlap(area, WINDOW), "{:?} stands in the window", words_of(item));
    }
    for node in &document.nodes {
        let parent = node.parent.map(|parent| &document.nodes[parent].role);
        let fits = match node.role {
            Role::Row => matches!(parent, Some(Role::Table(_))),
            Role::Cell | Role::ColumnHead | Role::RowHead => matches!(parent, Some(Role::Row)),
            _ => matches!(parent, None | Some(Role::Section)),
        };
        assert!(fits, "{:?} stands in {parent:?}", node.role);
    }
}

/// The first nodes of every document: sender, title, return address, recipient.
fn owner_is(item: &Item, node: usize) -> bool {
    item.owner == Owner::Node(node)
}

fn check_page(page: &Page, number: usize) {
    let mut areas: Vec<(Area, &str)> = Vec::new();
    for item in &page.items {
        let Some(area) = area_of(&item.shape) else {
            continue;
        };
        let words = words_of(item);
        assert!(
            area.left >= MARGIN - 0.1 && area.left + area.width <= WIDTH - MARGIN + 0.1,
            "{words:?} leaves page {number} sideways: {area:?}"
        );
        assert!(area.top >= 10.0 * MM && area.bottom() <= HEIGHT - FOOT + 0.1, "{words:?} leaves page {number}: {area:?}");
        areas.push((area, words));
    }
    areas.sort_by(|(one, _), (other, _)| one.top.total_cmp(&other.top));
    for (at, (one, words)) in areas.iter().enumerate() {
        let near = areas[at + 1..].iter().take_while(|(other, _)| other.top < one.bottom());
        for (other, others) in near {
            assert!(!overlap(*one, *other), "{words:?} and {others:?} overlap on page {number}: {one:?} {other:?}");
        }
    }
}

#[test]
fn the_samples_are_laid_out_well() {
    for sample in samples::all() {
        check(&compose(&sample.invoice, &sample.look).expect("a sample can be drawn"));
    }
}

#[test]
fn every_word_is_in_the_catalogue_in_every_language() {
    for mut sample in samples::all() {
        for language in Language::ALL {
            sample.look.language = language;
            let document = compose(&sample.invoice, &sample.look).expect("a sample can be drawn");
            // A key without a text is shown as itself.
            let missing =
                document.pages.iter().flat_map(|page| &page.items).map(words_of).find(|words| words.starts_with("pdf."));
            assert_eq!(missing, None, "{language:?}");
        }
    }
}

#[test]
fn the_margins_are_what_print_shops_want() {
    const { assert!(MARGIN >= 18.0 * MM) };
    for sample in samples::all() {
        let document = compose(&sample.invoice, &sample.look).expect("a sample can be drawn");
        let shapes = document.pages.iter().flat_map(|page| &page.items).map(|item| &item.shape);
        for shape in shapes {
            if let Shape::Panel { area, .. } = shape {
                assert!(area.left >= 18.0 * MM && area.left + area.width <= WIDTH - 18.0 * MM);
            }
        }
    }
}

#[test]
fn no_total_stands_alone_on_a_page_for_any_number_of_lines() {
    let electrician = samples::all().remove(4);
    for count in 1..=electrician.invoice.lines.len() {
        let mut invoice = electrician.invoice.clone();
        invoice.lines.truncate(count);
        let document = compose(&invoice, &electrician.look).expect("a sample can be drawn");
        check(&document);
        let last = document.pages.last().expect("a page");
        let says = |text: &str| last.items.iter().any(|item| words_of(item).contains(text));
        let last_lines = invoice.lines.iter().rev().take(2);
        for line in last_lines {
            assert!(says(&line.item.name), "{count} lines: {} is not beside the total", line.item.name);
        }
        assert!(says("Å betale"), "{count} lines: the total is not on the last page");
    }
}

#[test]
fn the_carried_sum_is_the_sum_of_the_lines_before_it() {
    let mut sample = samples::all().remove(4);
    for (at, line) in sample.invoice.lines.iter_mut().enumerate() {
        line.net = Amount::new(1 << (at % 40), Currency::NOK);
    }
    let document = compose(&sample.invoice, &sample.look).expect("a sample can be drawn");
    let words = crate::wording::Wording(Language::Bokmal);
    let mut sum = Amount::zero(Currency::NOK);
    let mut drawn = sample.invoice.lines.iter();
    for page in &document.pages[..document.pages.len() - 1] {
        // Each row has its net amount at the right edge, in the regular cut; the carried sum is in another.
        let rows = page.items.iter().filter(|item| matches!(&item.shape, Shape::Text { x, line, .. } if (x + line.width - WIDTH + MARGIN).abs() < 0.1 && line.style.face == Face::Regular && line.text.contains(',')));
        for _ in rows.filter(|item| matches!(item.owner, Owner::Node(_))) {
            sum = drawn.next().and_then(|line| sum.checked_add(line.net)).expect("there are lines left");
        }
        let carried = page.items.iter().rfind(|item| item.owner == Owner::Footer && words_of(item).contains(',')).map(words_of);
        assert_eq!(carried, Some(words.amount(sum).as_str()));
    }
}

/// Texts and numbers that go round: every field of an invoice takes the next.
struct Supply {
    texts: Cycle<IntoIter<String>>,
    numbers: Cycle<IntoIter<i64>>,
}

impl Supply {
    fn text(&mut self) -> String {
        self.texts.next().unwrap_or_default()
    }

    fn maybe(&mut self) -> Option<String> {
        let text = self.text();
        (self.number() % 5 != 0).then_some(text)
    }

    fn number(&mut self) -> i64 {
        self.numbers.next().unwrap_or_default()
    }

    fn count(&mut self, most: i64) -> usize {
        usize::try_from(self.number().rem_euclid(most)).unwrap_or(0)
    }

    fn amount(&mut self) -> Amount {
        let currency = if self.number() % 7 == 0 { "JPY" } else { "NOK" };
        Amount::new(self.number(), Currency::parse(currency).expect("a currency"))
    }

    fn decimal(&mut self) -> Decimal {
        let scale = u32::try_from(self.number().rem_euclid(20)).unwrap_or(0);
        Decimal::new(self.number(), scale)
    }

    fn rate(&mut self) -> VatRate {
        let category = ["S", "Z", "E", "AE", "K", "G", "O", "?"][self.count(8)];
        VatRate { category: category.to_owned(), percent: (category != "O").then(|| self.decimal()) }
    }

    fn address(&mut self) -> Address {
        Address {
            line1: self.maybe(),
            line2: self.maybe(),
            line3: self.maybe(),
            city: self.maybe(),
            postal_code: self.maybe(),
            subdivision: self.maybe(),
            country: self.maybe(),
        }
    }

    fn party(&mut self) -> Party {
        Party {
            name: self.text(),
            trading_name: self.maybe(),
            identifiers: vec![Identifier { value: self.text(), scheme: None }],
            legal_registration: Some(Identifier { value: self.text(), scheme: None }),
            vat_number: self.maybe(),
            tax_registration: self.maybe(),
            legal_information: self.maybe(),
            electronic_address: None,
            address: self.address(),
            contact: Contact { name: self.maybe(), phone: self.maybe(), email: self.maybe() },
        }
    }

    fn change(&mut self) -> AllowanceOrCharge {
        AllowanceOrCharge {
            adds: if self.number() % 2 == 0 { AllowanceKind::Charge } else { AllowanceKind::Allowance },
            amount: self.amount(),
            base: None,
            percent: Some(self.decimal()),
            vat: Some(self.rate()),
            reason: self.maybe(),
            reason_code: None,
        }
    }

    fn line(&mut self) -> Line {
        let mut line = samples::line(1, &self.text(), "1", "EA", "1", "25");
        line.note = self.maybe();
        line.quantity = self.decimal();
        line.unit = self.text();
        line.net = self.amount();
        line.price = Price {
            net: self.decimal(),
            discount: Some(self.decimal()),
            gross: Some(self.decimal()),
            base_quantity: Some(self.decimal()),
            base_unit: None,
        };
        line.vat = self.rate();
        line.item.description = self.maybe();
        line.item.seller_id = self.maybe();
        line.item.attributes = vec![(self.text(), self.text())];
        line.allowances_and_charges = (0..self.count(3)).map(|_| self.change()).collect();
        line
    }

    fn invoice(&mut self) -> Invoice {
        let mut invoice = samples::all().remove(self.count(8)).invoice;
        invoice.number = self.text();
        invoice.type_code = self.text();
        invoice.seller = self.party();
        invoice.buyer = self.party();
        invoice.payee = self.maybe().map(|name| Payee { name, ..Payee::default() });
        invoice.tax_representative = Some(self.party());
        invoice.references = References {
            buyer: self.maybe(),
            project: self.maybe(),
            contract: self.maybe(),
            purchase_order: self.maybe(),
            sales_order: self.maybe(),
            receiving_advice: self.maybe(),
            despatch_advice: self.maybe(),
            tender: self.maybe(),
            invoiced_object: self.maybe().map(|value| Identifier { value, scheme: None }),
            buyer_accounting: self.maybe(),
        };
        invoice.preceding = (0..self.count(4)).map(|_| PrecedingInvoice { number: self.text(), issued_on: None }).collect();
        invoice.delivery =
            Some(DeliveryInformation { name: self.maybe(), address: Some(self.address()), ..DeliveryInformation::default() });
        invoice.notes = (0..self.count(4)).map(|_| Note { subject_code: None, text: self.text() }).collect();
        invoice.payment_terms = self.maybe();
        invoice.payment = (0..self.count(4))
            .map(|_| PaymentInstruction {
                means_code: ["30", "48", "49"][self.count(3)].to_owned(),
                remittance: self.maybe(),
                accounts: (0..self.count(3))
                    .map(|_| PaymentAccount { number: self.text(), name: self.maybe(), bank: self.maybe() })
                    .collect(),
                card: self.maybe().map(|last_digits| Card { last_digits, holder: None }),
                ..PaymentInstruction::default()
            })
            .collect();
        invoice.lines = (0..self.count(30)).map(|_| self.line()).collect();
        invoice.allowances_and_charges = (0..self.count(30)).map(|_| self.change()).collect();
        invoice.vat_breakdown = (0..self.count(40))
            .map(|_| VatSubtotal {
                taxable: self.amount(),
                tax: self.amount(),
                rate: self.rate(),
                exemption: self.maybe(),
                exemption_code: self.maybe(),
            })
            .collect();
        invoice.totals = Totals {
            lines: self.amount(),
            allowances: None,
            charges: None,
            without_vat: self.amount(),
            vat: Some(self.amount()),
            vat_in_tax_currency: Some(self.amount()),
            with_vat: self.amount(),
            prepaid: Some(self.amount()),
            rounding: Some(self.amount()),
            payable: self.amount(),
        };
        invoice
    }

    fn look(&mut self) -> Look {
        let mut look = samples::all().remove(self.count(8)).look;
        look.language = Language::ALL[self.count(2)];
        look.text_before = self.maybe();
        look.footer = self.maybe();
        if self.number() % 3 == 0 {
            look.payment = Some(PaymentOverride {
                payee: self.maybe(),
                account: self.text(),
                bic: self.maybe(),
                kid: self.maybe(),
                text: self.maybe(),
            });
        }
        look
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-ZÆØÅa-zæøåčđŋšŧž0-9 ,.–]{0,40}",
        2 => any::<String>(),
        1 => "\\PC{0,200}",
        1 => "[0-9]{1,40}",
        1 => "W{60,160}",
        1 => "[a-z\u{300}-\u{310}]{1,60}",
        1 => "([a-z]{1,12} ){20,250}",
        1 => Just("👩‍👩‍👧‍👦 مرحبا \u{202e}evil\u{0}\u{7}\u{feff}\u{fffe} \u{e000} 漢字 ﷽".to_owned()),
    ]
}

fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![3 => -100_000_i64..10_000_000, 1 => any::<i64>(), 1 => prop_oneof![Just(0), Just(i64::MIN), Just(i64::MAX)]]
}

#[test]
fn a_logo_of_a_seller_without_a_name_is_described_all_the_same() {
    let mut drawn = samples::all().into_iter().find(|sample| sample.look.logo.is_some()).expect("one sample has a logo");
    drawn.invoice.seller.trading_name = None;
    for nameless in ["", " ", "\u{0}\u{7}"] {
        nameless.clone_into(&mut drawn.invoice.seller.name);
        crate::pdf(&drawn.invoice, &drawn.look, &[]).expect("PDF/UA wants every figure described");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_invoice_breaks_the_layout_or_the_writer(
        texts in proptest::collection::vec(any_text(), 1..40),
        numbers in proptest::collection::vec(any_number(), 1..60),
    ) {
        let mut supply = Supply { texts: texts.into_iter().cycle(), numbers: numbers.into_iter().cycle() };
        let (invoice, look) = (supply.invoice(), supply.look());
        check(&compose(&invoice, &look).expect("no invoice of this size is too long"));
        crate::pdf(&invoice, &look, &[]).expect("the writer takes every text");
    }
}
