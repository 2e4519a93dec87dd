//! Sample documents: what a Norwegian household and a small business get in the post.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use kvitt_domain::invoice::*;
use kvitt_domain::language::Language;
use kvitt_domain::money::{Amount, Currency};
use kvitt_render::{Color, Embedded, Logo, Look, Relationship};
use rust_decimal::Decimal;

/// A document and how it is to look.
pub struct Sample {
    pub name: &'static str,
    pub invoice: Invoice,
    pub look: Look,
    pub embed: Vec<Embedded>,
}

/// Every sample.
pub fn all() -> Vec<Sample> {
    vec![power(), municipality(), kindergarten(), gym(), electrician(), credit_note(), english(), reverse_charge()]
}

pub fn decimal(text: &str) -> Decimal {
    text.parse().expect("a sample's number is a number")
}

pub fn nok(text: &str) -> Amount {
    Amount::rounded(decimal(text), Currency::NOK).expect("a sample's amount is small")
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn look(accent: Color) -> Look {
    let made_at: Timestamp = "2026-11-22T08:15:00Z".parse().expect("a date");
    Look { accent, ..Look::plain(Language::Bokmal, made_at) }
}

/// A PNG with transparency.
pub fn logo() -> Logo {
    Logo::parse(include_bytes!("logo.png").to_vec()).expect("the sample logo is a small PNG")
}

fn ubl() -> Vec<Embedded> {
    let bytes =
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\"/>"
            .to_vec();
    vec![Embedded {
        name: "invoice.xml".to_owned(),
        media_type: "application/xml".to_owned(),
        bytes,
        relationship: Relationship::Alternative,
    }]
}

pub fn party(name: &str, line1: &str, postal_code: &str, city: &str) -> Party {
    let address = Address {
        line1: text(line1),
        postal_code: text(postal_code),
        city: text(city),
        country: text("NO"),
        ..Address::default()
    };
    Party { name: name.to_owned(), address, ..Party::default() }
}

pub fn seller(name: &str, line1: &str, postal_code: &str, city: &str, number: &str) -> Party {
    Party {
        legal_registration: Some(Identifier { value: number.to_owned(), scheme: text("0192") }),
        vat_number: Some(format!("NO{number}MVA")),
        tax_registration: text("Foretaksregisteret"),
        contact: Contact { name: None, phone: text("55 12 30 00"), email: text("post@example.no") },
        ..party(name, line1, postal_code, city)
    }
}

/// A line at one rate; the net amount is quantity times price.
pub fn line(id: usize, name: &str, quantity: &str, unit: &str, price: &str, percent: &str) -> Line {
    let (quantity, net) = (decimal(quantity), decimal(price));
    Line {
        id: id.to_string(),
        note: None,
        invoiced_object: None,
        quantity,
        unit: unit.to_owned(),
        net: Amount::rounded(quantity * net, Currency::NOK).expect("a sample's amount is small"),
        order_line: None,
        buyer_accounting: None,
        period: None,
        allowances_and_charges: Vec::new(),
        price: Price { net, discount: None, gross: None, base_quantity: None, base_unit: None },
        vat: rate(percent),
        item: Item { name: name.to_owned(), ..Item::default() },
    }
}

pub fn rate(percent: &str) -> VatRate {
    let percent = decimal(percent);
    VatRate { category: if percent.is_zero() { "E" } else { "S" }.to_owned(), percent: Some(percent) }
}

/// An invoice of these lines with right sums.
pub fn invoice(number: &str, issued_on: Date, due_on: Date, seller: Party, buyer: Party, lines: Vec<Line>) -> Invoice {
    let zero = Amount::zero(Currency::NOK);
    let mut invoice = Invoice {
        kind: DocumentKind::Invoice,
        type_code: "380".to_owned(),
        number: number.to_owned(),
        issued_on,
        due_on: Some(due_on),
        tax_point_on: None,
        tax_point_code: None,
        currency: Currency::NOK,
        tax_currency: None,
        specification: None,
        process: None,
        notes: Vec::new(),
        references: References::default(),
        preceding: Vec::new(),
        seller,
        buyer,
        payee: None,
        tax_representative: None,
        delivery: None,
        period: None,
        payment: Vec::new(),
        payment_terms: None,
        allowances_and_charges: Vec::new(),
        totals: Totals {
            lines: zero,
            allowances: None,
            charges: None,
            without_vat: zero,
            vat: None,
            vat_in_tax_currency: None,
            with_vat: zero,
            prepaid: None,
            rounding: None,
            payable: zero,
        },
        vat_breakdown: Vec::new(),
        attachments: Vec::new(),
        lines,
    };
    settle(&mut invoice);
    invoice
}

/// Sums lines, allowances and charges, and VAT by rate.
pub fn settle(invoice: &mut Invoice) {
    let currency = invoice.currency;
    let mut bases: Vec<(VatRate, Decimal)> = Vec::new();
    let mut add = |rate: &VatRate, amount: Decimal| match bases.iter_mut().find(|(known, _)| known == rate) {
        Some((_, base)) => *base += amount,
        None => bases.push((rate.clone(), amount)),
    };
    let mut lines = Decimal::ZERO;
    for line in &invoice.lines {
        lines += line.net.to_decimal();
        add(&line.vat, line.net.to_decimal());
    }
    let mut changes = Decimal::ZERO;
    for change in &invoice.allowances_and_charges {
        let amount = match change.adds {
            AllowanceKind::Charge => change.amount.to_decimal(),
            AllowanceKind::Allowance => -change.amount.to_decimal(),
        };
        changes += amount;
        add(change.vat.as_ref().expect("a document's change has a rate"), amount);
    }
    let money = |value: Decimal| Amount::rounded(value, currency).expect("a sample's amount is small");
    invoice.vat_breakdown = bases
        .into_iter()
        .map(|(rate, base)| {
            let tax = money(base * rate.percent.unwrap_or_default() / Decimal::ONE_HUNDRED);
            VatSubtotal { taxable: money(base), tax, rate, exemption: None, exemption_code: None }
        })
        .collect();
    let vat: Decimal = invoice.vat_breakdown.iter().map(|subtotal| subtotal.tax.to_decimal()).sum();
    let totals = &mut invoice.totals;
    totals.lines = money(lines);
    totals.without_vat = money(lines + changes);
    totals.vat = Some(money(vat));
    totals.with_vat = money(lines + changes + vat);
    let prepaid = totals.prepaid.map_or(Decimal::ZERO, Amount::to_decimal);
    let rounding = totals.rounding.map_or(Decimal::ZERO, Amount::to_decimal);
    totals.payable = money(lines + changes + vat - prepaid + rounding);
}

pub fn pay_to(account: &str, kid: &str) -> Vec<PaymentInstruction> {
    let accounts = vec![PaymentAccount { number: account.to_owned(), name: None, bank: None }];
    vec![PaymentInstruction { means_code: "30".to_owned(), remittance: text(kid), accounts, ..PaymentInstruction::default() }]
}

fn customer(number: &str) -> Vec<Identifier> {
    vec![Identifier { value: number.to_owned(), scheme: None }]
}

fn power() -> Sample {
    let mut buyer = party("Ingrid Sørbø Čállán", "Fjellveien 14 B", "5019", "BERGEN");
    buyer.identifiers = customer("204418");
    let mut energy = line(1, "Strøm, spotpris", "1284.6", "KWH", "0.6231", "25");
    energy.item.description = text("Målt forbruk 1 284,6 kWh, vektet snittpris for NO5");
    let mut fee = line(2, "Månedsbeløp Fjordstrøm Spot", "1", "MON", "31.2", "25");
    fee.item.description = text("Ingen bindingstid");
    let mut grid = line(3, "Nettleie, energiledd", "1284.6", "KWH", "0.3987", "25");
    grid.item.description = text("Viderefakturert for Vestnett AS");
    let fixed = line(4, "Nettleie, kapasitetsledd 5–10 kW", "1", "MON", "332", "25");
    let tax = line(5, "Forbruksavgift", "1284.6", "KWH", "0.0713", "25");
    let mut lines = vec![energy, fee, grid, fixed, tax];
    let month = Period { from: Some(date(2026, 10, 1)), to: Some(date(2026, 10, 31)) };
    for line in &mut lines {
        line.period = None;
    }
    let mut invoice = invoice(
        "7000418826",
        date(2026, 11, 5),
        date(2026, 11, 25),
        seller("Fjordstrøm AS", "Postboks 411 Sentrum", "5805", "BERGEN", "974760673"),
        buyer,
        lines,
    );
    invoice.period = Some(month);
    invoice.references.invoiced_object = Some(Identifier { value: "Måler 707057500012345671".to_owned(), scheme: None });
    invoice.payment = pay_to("12345678903", "0020441870004188267");
    invoice.delivery = Some(DeliveryInformation {
        address: Some(invoice.buyer.address.clone()),
        delivered_on: None,
        ..DeliveryInformation::default()
    });
    invoice.payment_terms = text("Ved forsinket betaling beregnes forsinkelsesrente etter forsinkelsesrenteloven.");
    let mut look = look(Color::new(0x0b, 0x5d, 0x4e));
    look.logo = Some(logo());
    look.footer = text(
        "Kundeservice: 55 12 30 00, hverdager 8–16 · Strømbrudd: ring nettselskapet ditt · Klage: Elklagenemnda, elklagenemnda.no",
    );
    Sample { name: "power", invoice, look, embed: ubl() }
}

fn municipality() -> Sample {
    let mut buyer = party("Per Ole Ánde Sara og Kari Løvås", "Elvebakken 3", "9730", "KARASJOK");
    buyer.identifiers = customer("118204");
    let quarter = Period { from: Some(date(2026, 10, 1)), to: Some(date(2026, 12, 31)) };
    let mut lines = vec![
        line(1, "Vanngebyr, fastledd", "0.25", "ANN", "2480", "15"),
        line(2, "Vanngebyr, målt forbruk", "31", "MTQ", "18.75", "15"),
        line(3, "Avløpsgebyr, fastledd", "0.25", "ANN", "3120", "15"),
        line(4, "Avløpsgebyr, målt forbruk", "31", "MTQ", "24.4", "15"),
        line(5, "Renovasjon, 140 l", "0.25", "ANN", "4236", "25"),
        line(6, "Feiing og tilsyn", "0.25", "ANN", "612", "25"),
        line(7, "Eiendomsskatt, 3. termin", "1", "C62", "1140", "0"),
    ];
    lines[1].item.description = text("Målerstand 1 207 → 1 238 m³");
    lines[6].item.description = text("Gnr. 12 bnr. 47, takst 2 850 000, 4 ‰");
    let mut invoice = invoice(
        "2026-30118204",
        date(2026, 11, 2),
        date(2026, 11, 30),
        seller("Kárášjoga gielda – Karasjok kommune", "Rádjeluodda 4", "9730", "KARASJOK", "945475056"),
        buyer,
        lines,
    );
    invoice.seller.vat_number = text("NO945475056MVA");
    invoice.seller.tax_registration = None;
    invoice.period = Some(quarter);
    invoice.references.invoiced_object = Some(Identifier { value: "Gnr. 12 bnr. 47".to_owned(), scheme: None });
    invoice.references.buyer = text("Eiendommen Elvebakken 3");
    invoice.payment =
        vec![PaymentInstruction { means_code: "49".to_owned(), ..pay_to("12345678903", "01182042026304")[0].clone() }];
    for subtotal in &mut invoice.vat_breakdown {
        if subtotal.rate.category == "E" {
            subtotal.exemption = text("Eiendomsskatt er ikke omsetning");
        }
    }
    invoice.notes = vec![Note {
        subject_code: None,
        text: "Klage på gebyr må sendes kommunen skriftlig innen tre uker. Giitu – takk!".to_owned(),
    }];
    let mut look = look(Color::new(0x1b, 0x3a, 0x6b));
    look.text_before = text("Kommunale avgifter og eiendomsskatt for fjerde kvartal 2026.");
    Sample { name: "municipality", invoice, look, embed: ubl() }
}

fn kindergarten() -> Sample {
    let mut buyer = party("Amina Yusuf", "Tøyengata 22, H0304", "0578", "OSLO");
    buyer.identifiers = customer("3391");
    let mut stay = line(1, "Foreldrebetaling, 100 % plass", "1", "MON", "1200", "0");
    stay.item.attributes = vec![("Barn".to_owned(), "Idris".to_owned()), ("Avdeling".to_owned(), "Blåklokka".to_owned())];
    let mut sibling = line(2, "Foreldrebetaling, 100 % plass", "1", "MON", "840", "0");
    sibling.item.attributes = vec![("Barn".to_owned(), "Leyla".to_owned()), ("Avdeling".to_owned(), "Hvitveis".to_owned())];
    sibling.price.gross = Some(decimal("1200"));
    sibling.price.discount = Some(decimal("360"));
    let food = line(3, "Kostpenger", "2", "MON", "350", "0");
    let mut invoice = invoice(
        "41207",
        date(2026, 11, 1),
        date(2026, 11, 20),
        seller("Markblomsten barnehage SA", "Hagegata 30", "0653", "OSLO", "983974724"),
        buyer,
        vec![stay, sibling, food],
    );
    invoice.seller.vat_number = None;
    invoice.period = Some(Period { from: Some(date(2026, 11, 1)), to: Some(date(2026, 11, 30)) });
    invoice.seller.contact.name = text("Berit Aasen, styrer");
    invoice.vat_breakdown[0].exemption = text("Omsorgstjenester i barnehage, merverdiavgiftsloven § 3-4");
    invoice.payment = pay_to("12345678903", "33914120731");
    Sample { name: "kindergarten", invoice, look: look(Color::new(0x8a, 0x3f, 0x1f)), embed: ubl() }
}

fn gym() -> Sample {
    let mut buyer = party("Jonas Hagen", "Innherredsveien 61 A", "7042", "TRONDHEIM");
    buyer.identifiers = customer("880412");
    let mut membership = line(1, "Medlemskap Fri, alle sentre", "1", "MON", "399.2", "25");
    membership.period = Some(Period { from: Some(date(2026, 12, 1)), to: Some(date(2026, 12, 31)) });
    let mut session = line(2, "PT-time, 55 min", "2", "H87", "552", "25");
    session.net = nok("993.60");
    session.allowances_and_charges = vec![AllowanceOrCharge {
        adds: AllowanceKind::Allowance,
        amount: nok("110.40"),
        base: Some(nok("1104")),
        percent: Some(decimal("10")),
        vat: None,
        reason: text("Medlemsrabatt"),
        reason_code: None,
    }];
    let mut invoice = invoice(
        "F-102938",
        date(2026, 11, 15),
        date(2026, 12, 1),
        seller("Spenst Trening AS", "Olav Tryggvasons gate 8", "7011", "TRONDHEIM", "916634773"),
        buyer,
        vec![membership, session],
    );
    invoice.allowances_and_charges = vec![AllowanceOrCharge {
        adds: AllowanceKind::Charge,
        amount: nok("39"),
        base: None,
        percent: None,
        vat: Some(rate("25")),
        reason: text("Fakturagebyr, papir"),
        reason_code: None,
    }];
    invoice.totals.prepaid = Some(nok("100"));
    settle(&mut invoice);
    invoice.payment = pay_to("12345678903", "8804121029388");
    Sample { name: "gym", invoice, look: look(Color::new(0xf2, 0xc2, 0x00)), embed: ubl() }
}

fn electrician() -> Sample {
    let goods = [
        ("Automatsikring C16 2P", "EA", "412"),
        ("PFXP 3G2,5 mm²", "MTR", "18.9"),
        ("Stikkontakt dobbel, jordet, hvit", "EA", "189"),
        ("LED-downlight 8 W, 2700 K, dimbar", "EA", "349"),
        ("Koblingsboks IP55 80 × 80", "EA", "46.5"),
        ("Timer, montør", "HUR", "1085"),
    ];
    let lines = (0..60)
        .map(|at| {
            let (name, unit, price) = goods[at % goods.len()];
            let quantity = ["4", "35.5", "6", "12", "8", "7.5"][at % goods.len()];
            let mut line = line(at + 1, name, quantity, unit, price, "25");
            line.item.seller_id = (unit != "HUR").then(|| format!("16 {:05}", 20_000 + at * 137));
            if at % 7 == 3 {
                line.item.description =
                    text("Montert i himling, felt inn i eksisterende isolasjon. Dimmer programmert sammen med byggherre.");
            }
            if unit == "HUR" {
                line.period = Some(Period { from: Some(date(2026, 10, 5)), to: Some(date(2026, 10, 9)) });
            }
            line
        })
        .collect();
    let mut buyer = party("Nordre Brygge Eiendom AS", "Postboks 88", "4001", "STAVANGER");
    buyer.legal_registration = Some(Identifier { value: "987654325".to_owned(), scheme: text("0192") });
    buyer.contact.name = text("Silje Tveit");
    let mut invoice = invoice(
        "2026-1187",
        date(2026, 11, 10),
        date(2026, 12, 10),
        seller("Lervik Elektro AS", "Lervigbrygga 12", "4014", "STAVANGER", "998877665"),
        buyer,
        lines,
    );
    invoice.seller.contact.name = text("Øyvind Lervik");
    invoice.references = References {
        buyer: text("ST-Brygge-3"),
        project: text("P-2291 Rehabilitering kai 3"),
        purchase_order: text("PO-55120"),
        contract: text("RA-2025-14"),
        ..References::default()
    };
    invoice.delivery = Some(DeliveryInformation {
        name: None,
        location: None,
        delivered_on: Some(date(2026, 10, 30)),
        address: Some(Address {
            line1: text("Nordre Brygge 7"),
            postal_code: text("4006"),
            city: text("STAVANGER"),
            ..Address::default()
        }),
    });
    invoice.allowances_and_charges = vec![AllowanceOrCharge {
        adds: AllowanceKind::Allowance,
        amount: nok("5000"),
        base: None,
        percent: None,
        vat: Some(rate("25")),
        reason: text("Avtalerabatt RA-2025-14"),
        reason_code: None,
    }];
    settle(&mut invoice);
    invoice.payment = pay_to("12345678903", "2026118755");
    invoice.payment_terms = text("30 dager netto.");
    invoice.attachments = vec![Attachment {
        id: "1".to_owned(),
        description: text("Timeliste"),
        location: None,
        file: Some(File { name: "timeliste-uke-41.pdf".to_owned(), media_type: "application/pdf".to_owned(), bytes: Vec::new() }),
        is_image_of_invoice: false,
    }];
    Sample { name: "electrician", invoice, look: look(Color::FJORD), embed: ubl() }
}

fn credit_note() -> Sample {
    let mut sample = gym();
    let invoice = &mut sample.invoice;
    invoice.kind = DocumentKind::CreditNote;
    invoice.type_code = "381".to_owned();
    invoice.number = "K-5512".to_owned();
    invoice.due_on = None;
    invoice.preceding = vec![PrecedingInvoice { number: "F-102938".to_owned(), issued_on: Some(date(2026, 11, 15)) }];
    invoice.issued_on = date(2026, 11, 22);
    invoice.lines.truncate(1);
    invoice.allowances_and_charges.clear();
    invoice.totals.prepaid = None;
    invoice.notes = vec![Note { subject_code: None, text: "Medlemskapet er fryst i desember etter avtale.".to_owned() }];
    settle(invoice);
    sample.look = look(Color::new(0x6d, 0x28, 0x5f));
    Sample { name: "credit-note", ..sample }
}

fn english() -> Sample {
    let mut buyer = party("Østersjö Marin AB", "Skeppsbron 20", "111 30", "STOCKHOLM");
    buyer.address.country = text("SE");
    buyer.vat_number = text("SE556036079301");
    let euro = Currency::parse("EUR").expect("EUR is a currency");
    let mut lines = vec![
        line(1, "Hull survey, M/S “Nordlys II”", "14", "HUR", "165", "0"),
        line(2, "Ultrasonic thickness report", "1", "LS", "1850", "0"),
        line(3, "Travel Bergen–Stockholm", "1", "C62", "412.35", "0"),
    ];
    lines[0].item.description = text("Two surveyors, dry dock 3, 9–10 November 2026");
    for line in &mut lines {
        line.net = Amount::new(line.net.minor(), euro);
        line.vat = VatRate { category: "G".to_owned(), percent: Some(Decimal::ZERO) };
    }
    let mut invoice = invoice(
        "2026-0417",
        date(2026, 11, 12),
        date(2026, 12, 12),
        seller("Vågen Marine Survey AS", "Strandkaien 2", "5013", "BERGEN", "921605900"),
        buyer,
        Vec::new(),
    );
    invoice.currency = euro;
    invoice.tax_currency = Some(Currency::NOK);
    invoice.lines = lines;
    settle(&mut invoice);
    invoice.totals.vat_in_tax_currency = Some(Amount::zero(Currency::NOK));
    invoice.vat_breakdown[0].exemption = text("Export of services, Norwegian VAT Act section 6-22");
    invoice.references = References { buyer: text("Erik Ström"), purchase_order: text("4500018823"), ..References::default() };
    invoice.seller.contact.name = text("Turid Næss");
    invoice.payment = vec![PaymentInstruction {
        means_code: "30".to_owned(),
        remittance: text("RF18 2026 0417"),
        accounts: vec![PaymentAccount { number: "NO9386011117947".to_owned(), name: None, bank: text("DNBANOKKXXX") }],
        ..PaymentInstruction::default()
    }];
    invoice.delivery = Some(DeliveryInformation {
        delivered_on: Some(date(2026, 11, 10)),
        name: text("Beckholmen, dry dock 3"),
        ..DeliveryInformation::default()
    });
    let mut look = look(Color::new(0x0f, 0x3d, 0x56));
    look.language = Language::English;
    Sample { name: "english", invoice, look, embed: ubl() }
}

fn reverse_charge() -> Sample {
    let mut sample = electrician();
    let invoice = &mut sample.invoice;
    invoice.number = "2026-1188".to_owned();
    invoice.lines.truncate(3);
    for line in &mut invoice.lines {
        line.vat = VatRate { category: "AE".to_owned(), percent: Some(Decimal::ZERO) };
    }
    invoice.allowances_and_charges.clear();
    settle(invoice);
    sample.look.payment = Some(kvitt_render::PaymentOverride {
        payee: text("Nordisk Fakturakjøp AS"),
        account: "97101234565".to_owned(),
        bic: None,
        kid: text("900118800042"),
        text: text(
            "Fordringen er overdratt til Nordisk Fakturakjøp AS og kan bare betales med frigjørende virkning til kontoen over.",
        ),
    });
    Sample { name: "reverse-charge", ..sample }
}
