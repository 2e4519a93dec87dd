//! Lines: BG-25 with BG-26 to BG-32, both ways.

use kvitt_domain::invoice::{Classification, DocumentKind, Item, Line, Price, VatRate};
use kvitt_rules::arena::Node;
use rust_decimal::Decimal;

use super::amounts::{self, Exemption, amount, decimal, write_allowance_or_charge, write_vat_rate};
use super::names;
use super::read::{read_object, read_period};
use super::write::{document_reference_of_object, identifier, period_group};
use crate::element::Element;
use crate::terms::{Terms, all, attribute_of, text_of};

/// One line.
pub(super) fn read<'d>(terms: &mut Terms<'d>, node: Node<'d>, kind: DocumentKind) -> Line {
    let quantity = names(kind).quantity;
    let unit = terms.one(node, quantity, "BT-129").and_then(|quantity| terms.required_attribute(quantity, "unitCode", "BT-130"));
    Line {
        id: terms.required_text(node, "cbc:ID", "BT-126"),
        note: terms.free_text(node, "cbc:Note"),
        invoiced_object: read_object(terms, node, "cac:DocumentReference", "BT-128"),
        quantity: terms.required_decimal(node, quantity, "BT-129"),
        unit: unit.unwrap_or_default().to_owned(),
        net: terms.required_amount(node, "cbc:LineExtensionAmount", "BT-131"),
        order_line: terms.text(node, "cac:OrderLineReference/cbc:LineID", "BT-132"),
        buyer_accounting: terms.text(node, "cbc:AccountingCost", "BT-133"),
        period: read_period(terms, node, "BT-134", "BT-135"),
        allowances_and_charges: amounts::read_changes(terms, node, &amounts::OF_LINE),
        price: read_price(terms, node),
        vat: VatRate {
            category: terms.required_text(node, "cac:Item/cac:ClassifiedTaxCategory/cbc:ID", "BT-151"),
            percent: terms.decimal(node, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", "BT-152"),
        },
        item: read_item(terms, node),
    }
}

/// BG-29. Prices may have more decimals than the currency, so that they are numbers here; their currency must still be the
/// document's.
fn read_price<'d>(terms: &mut Terms<'d>, line: Node<'d>) -> Price {
    let change = terms.one(line, "cac:Price/cac:AllowanceCharge", "BT-147");
    for (path, term) in [
        ("cac:Price/cbc:PriceAmount", "BT-146"),
        ("cac:Price/cac:AllowanceCharge/cbc:Amount", "BT-147"),
        ("cac:Price/cac:AllowanceCharge/cbc:BaseAmount", "BT-148"),
    ] {
        if let Some(node) = terms.one(line, path, term) {
            terms.check_currency(node, term);
        }
    }
    let base = terms.one(line, "cac:Price/cbc:BaseQuantity", "BT-149");
    let gross = change.and_then(|change| terms.decimal(change, "cbc:BaseAmount", "BT-148"));
    let discount = change.and_then(|change| terms.decimal(change, "cbc:Amount", "BT-147"));
    let base_quantity = terms.decimal(line, "cac:Price/cbc:BaseQuantity", "BT-149");
    Price {
        net: terms.required_decimal(line, "cac:Price/cbc:PriceAmount", "BT-146"),
        // The schema wants the discount wherever there is a gross price: its absence is none.
        discount: discount.or(gross.map(|_| Decimal::ZERO)),
        gross,
        base_quantity,
        // A unit without a quantity means nothing.
        base_unit: base_quantity.and(base).and_then(|base| attribute_of(base, "unitCode")),
    }
}

/// BG-31.
fn read_item<'d>(terms: &mut Terms<'d>, line: Node<'d>) -> Item {
    let Some(group) = terms.one(line, "cac:Item", "BG-31") else {
        terms.missing_text(line, "cac:Item/cbc:Name", "BT-153");
        return Item::default();
    };
    Item {
        name: terms.required_text(group, "cbc:Name", "BT-153"),
        description: terms.free_text(group, "cbc:Description"),
        seller_id: terms.text(group, "cac:SellersItemIdentification/cbc:ID", "BT-155"),
        buyer_id: terms.text(group, "cac:BuyersItemIdentification/cbc:ID", "BT-156"),
        standard_id: terms.identifier(group, "cac:StandardItemIdentification/cbc:ID", "BT-157"),
        classifications: all(group, "cac:CommodityClassification")
            .flat_map(|class| all(class, "cbc:ItemClassificationCode"))
            .filter_map(|code| {
                Some(Classification {
                    code: text_of(code)?,
                    list: attribute_of(code, "listID").unwrap_or_default(),
                    version: attribute_of(code, "listVersionID"),
                })
            })
            .collect(),
        origin_country: terms.text(group, "cac:OriginCountry/cbc:IdentificationCode", "BT-159"),
        attributes: all(group, "cac:AdditionalItemProperty")
            .map(|property| {
                (terms.required_text(property, "cbc:Name", "BT-160"), terms.required_text(property, "cbc:Value", "BT-161"))
            })
            .collect(),
    }
}

pub(super) fn write(line: &Line, kind: DocumentKind) -> Element {
    let names = names(kind);
    Element::group(names.line)
        .value("cbc:ID", &line.id)
        .optional("cbc:Note", line.note.as_deref())
        .child(Element::leaf(names.quantity, decimal(line.quantity)).attribute("unitCode", Some(&line.unit)))
        .child(amount("cbc:LineExtensionAmount", line.net))
        .optional("cbc:AccountingCost", line.buyer_accounting.as_deref())
        .child(period_group(line.period.unwrap_or_default()))
        .child(Element::group("cac:OrderLineReference").optional("cbc:LineID", line.order_line.as_deref()))
        .children(line.invoiced_object.as_ref().map(|object| document_reference_of_object("cac:DocumentReference", object)))
        .children(line.allowances_and_charges.iter().map(write_allowance_or_charge))
        .child(write_item(line))
        .child(write_price(line))
}

fn write_item(line: &Line) -> Element {
    let item = &line.item;
    let id = |group, id: Option<&str>| Element::group(group).optional("cbc:ID", id);
    Element::group("cac:Item")
        .optional("cbc:Description", item.description.as_deref())
        .value("cbc:Name", &item.name)
        .child(id("cac:BuyersItemIdentification", item.buyer_id.as_deref()))
        .child(id("cac:SellersItemIdentification", item.seller_id.as_deref()))
        .children(
            item.standard_id.as_ref().map(|id| Element::group("cac:StandardItemIdentification").child(identifier("cbc:ID", id))),
        )
        .child(Element::group("cac:OriginCountry").optional("cbc:IdentificationCode", item.origin_country.as_deref()))
        .children(item.classifications.iter().map(|class| {
            let list = Some(class.list.as_str()).filter(|list| !list.is_empty());
            let code = Element::leaf("cbc:ItemClassificationCode", &*class.code)
                .attribute("listID", list)
                .attribute("listVersionID", class.version.as_deref());
            Element::group("cac:CommodityClassification").child(code)
        }))
        .child(write_vat_rate("cac:ClassifiedTaxCategory", &line.vat, Exemption::default()))
        .children(
            item.attributes.iter().map(|(name, value)| {
                Element::group("cac:AdditionalItemProperty").value("cbc:Name", name).value("cbc:Value", value)
            }),
        )
}

/// BG-29. The syntax holds a gross price only beside a discount, so that one without the other gets a discount of 0.
fn write_price(line: &Line) -> Element {
    let price = &line.price;
    let currency = line.net.currency();
    let in_currency = |name, value: Decimal| Element::leaf(name, decimal(value)).attribute("currencyID", Some(currency.code()));
    let discount = price.discount.or(price.gross.map(|_| Decimal::ZERO)).map(|discount| {
        Element::group("cac:AllowanceCharge")
            .value("cbc:ChargeIndicator", "false")
            .child(in_currency("cbc:Amount", discount))
            .children(price.gross.map(|gross| in_currency("cbc:BaseAmount", gross)))
    });
    Element::group("cac:Price")
        .child(in_currency("cbc:PriceAmount", price.net))
        .children(price.base_quantity.map(|quantity| {
            Element::leaf("cbc:BaseQuantity", decimal(quantity)).attribute("unitCode", price.base_unit.as_deref())
        }))
        .children(discount)
}
