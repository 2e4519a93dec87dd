//! Rows: BG-25 with BG-26 to BG-32, both ways.

use kvitt_domain::invoice::{AllowanceKind, Classification, Item, Line, Period, Price};
use kvitt_rules::arena::Node;
use rust_decimal::Decimal;

use super::amounts::{full_price, of_line, read_row_changes, read_vat_rate, write_change, write_price, write_row_allowances};
use super::values::{self, amount, icd_identifier, object, optional, percent, quantity, text, untdid, wrapped};
use crate::element::Element;
use crate::terms::{Terms, all, attribute_of, identifier_of, text_of};

/// UN/ECE Rec 20, one: the unit of a row that names none.
const ONE: &str = "C62";

/// Where a row names the country of origin.
const ORIGIN: &str = "RowDeliveryDetails/RowCustomsInfo/CNOriginCountryCode";

/// The elements without which a row is only words.
const FIGURES: [&str; 7] = [
    "InvoicedQuantity",
    "DeliveredQuantity",
    "UnitPriceAmount",
    "UnitPriceNetAmount",
    "RowVatExcludedAmount",
    "RowAmount",
    "RowVatRatePercent",
];

/// One line as a row.
pub(super) fn write(line: &Line) -> Element {
    let currency = line.net.currency();
    let period = line.period.unwrap_or_default();
    let price = &line.price;
    let base = price.base_quantity.and_then(|base| quantity("UnitPriceBaseQuantity", base, price.base_unit.as_deref()));
    // The price before the discount is the one that older programs read: without a discount it is the net price.
    let gross = price.gross.or((price.discount.is_none()).then_some(price.net));
    write_article(
        &line.item,
        Element::group("InvoiceRow").children(line.invoiced_object.as_ref().map(|id| object("InvoicedObjectID", id))),
    )
    .children(quantity("InvoicedQuantity", line.quantity, Some(&line.unit)))
    .children(period.from.map(|from| values::date("StartDate", from)))
    .children(period.to.map(|to| values::date("EndDate", to)))
    .children(write_price("UnitPriceAmount", gross, currency))
    .children(write_price("UnitPriceDiscountAmount", price.discount, currency))
    .children(write_price("UnitPriceNetAmount", Some(price.net), currency))
    .children(base)
    .children(optional("RowOrderPositionIdentifier", line.order_line.as_deref(), 35))
    .child(text("RowPositionIdentifier", &line.id, 35))
    .children(write_origin(&line.item))
    .children(optional("RowAccountDimensionText", line.buyer_accounting.as_deref(), 35))
    .children(line.note.iter().flat_map(|note| pieces(note)).map(|piece| Element::leaf("RowFreeText", piece)))
    .children(write_row_allowances(line))
    .children(of_line(line, AllowanceKind::Charge).map(|charge| write_change("RowChargeDetails", "ReasonText", charge)))
    .children(percent("RowVatRatePercent", line.vat.percent))
    .children(untdid("RowVatCode", Some(&line.vat.category)))
    .child(amount("RowVatExcludedAmount", line.net))
}

/// A free text as it is, or in pieces where it is too long for one element.
pub(super) fn pieces(text: &str) -> Vec<String> {
    const MOST: usize = 512;
    if text.chars().count() <= MOST { vec![text.to_owned()] } else { wrapped(text, MOST) }
}

fn write_article(item: &Item, row: Element) -> Element {
    let classes = item.classifications.iter().map(|class| {
        text("ArticleGroupIdentifier", &class.code, 70)
            .attribute("SchemeID", Some(class.list.as_str()).filter(|list| values::is_untdid(list)))
            .attribute("SchemeVersion", class.version.as_deref().map(|version| values::cut(version, 35)).as_deref())
    });
    let attributes = item.attributes.iter().map(|(name, value)| {
        Element::group("RowDefinitionDetails").child(text("RowDefinitionHeaderText", name, 70)).child(text(
            "RowDefinitionValue",
            value,
            70,
        ))
    });
    row.children(optional("ArticleIdentifier", item.seller_id.as_deref(), 70))
        .children(classes)
        .child(text("ArticleName", &item.name, 100))
        .children(optional("ArticleDescription", item.description.as_deref(), 512))
        .children(optional("BuyerArticleIdentifier", item.buyer_id.as_deref(), 70))
        .children(item.standard_id.as_ref().map(|id| icd_identifier("EanCode", id, 35)))
        .children(attributes)
}

fn write_origin(item: &Item) -> Option<Element> {
    let country = item.origin_country.as_deref().filter(|code| values::is_country(code))?;
    let customs = Element::group("RowCustomsInfo").value("CNOriginCountryCode", country);
    Some(Element::group("RowDeliveryDetails").child(customs))
}

/// Whether the row has only words, as some programs write them between the others.
pub(super) fn is_only_words(row: Node<'_>) -> bool {
    !FIGURES.into_iter().any(|name| all(row, name).any(|node| !node.trimmed().is_empty()))
}

/// The words of a row that has nothing else.
pub(super) fn words(row: Node<'_>) -> Option<String> {
    let texts: Vec<String> = ["ArticleName", "ArticleDescription", "RowFreeText"]
        .into_iter()
        .flat_map(|name| all(row, name).filter_map(text_of))
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// One row as a line; `position` is what it is called where it has no identifier of its own.
pub(super) fn read<'d>(terms: &mut Terms<'d>, row: Node<'d>, position: usize) -> Line {
    let (quantity, unit) = read_quantity(terms, row);
    let price = read_price(terms, row);
    let full = full_price(quantity, price.net, price.base_quantity);
    let period = Period { from: terms.date(row, "StartDate", "BT-134"), to: terms.date(row, "EndDate", "BT-135") };
    Line {
        id: terms.text(row, "RowPositionIdentifier", "BT-126").unwrap_or_else(|| position.to_string()),
        note: terms.free_text(row, "RowFreeText"),
        invoiced_object: terms.identifier(row, "InvoicedObjectID", "BT-128"),
        quantity,
        unit,
        net: terms.required_amount(row, "RowVatExcludedAmount", "BT-131"),
        order_line: terms.text(row, "RowOrderPositionIdentifier", "BT-132"),
        buyer_accounting: terms.text(row, "RowAccountDimensionText", "BT-133"),
        period: (period != Period::default()).then_some(period),
        allowances_and_charges: read_row_changes(terms, row, full),
        price,
        vat: read_vat_rate(terms, row, ("RowVatCode", "RowVatRatePercent"), ("BT-151", "BT-152")),
        item: read_item(terms, row),
    }
}

/// BT-129 and BT-130. The invoiced quantity, else the delivered; a row that counts nothing is one of what it names.
fn read_quantity<'d>(terms: &mut Terms<'d>, row: Node<'d>) -> (Decimal, String) {
    let counted = ["InvoicedQuantity", "DeliveredQuantity"]
        .into_iter()
        .find_map(|name| all(row, name).find(|node| !node.trimmed().is_empty()));
    let Some(node) = counted else {
        return (Decimal::ONE, ONE.to_owned());
    };
    let value = values::parse_decimal(node.trimmed());
    if value.is_none() {
        terms.invalid(node, "BT-129");
    }
    (value.unwrap_or_default(), unit_of(node).unwrap_or_else(|| ONE.to_owned()))
}

/// The unit by the list of the United Nations, else in the sender's words.
fn unit_of(node: Node<'_>) -> Option<String> {
    attribute_of(node, "QuantityUnitCodeUN").or_else(|| attribute_of(node, "QuantityUnitCode"))
}

/// BG-29. One price is the net price; a second one that says the same says nothing more.
fn read_price<'d>(terms: &mut Terms<'d>, row: Node<'d>) -> Price {
    for (name, term) in [("UnitPriceNetAmount", "BT-146"), ("UnitPriceDiscountAmount", "BT-147"), ("UnitPriceAmount", "BT-148")] {
        if let Some(node) = terms.one(row, name, term).filter(|node| !node.trimmed().is_empty()) {
            terms.check_currency(node, term);
        }
    }
    let net = terms.decimal(row, "UnitPriceNetAmount", "BT-146");
    let discount = terms.decimal(row, "UnitPriceDiscountAmount", "BT-147");
    let gross = terms.decimal(row, "UnitPriceAmount", "BT-148");
    let after_discount = gross.map(|gross| gross.checked_sub(discount.unwrap_or_default()).unwrap_or(gross));
    let base = terms.one(row, "UnitPriceBaseQuantity", "BT-149").filter(|node| !node.trimmed().is_empty());
    let net = net.or(after_discount);
    Price {
        net: match net {
            Some(net) => net,
            None => terms.required_decimal(row, "UnitPriceAmount", "BT-146"),
        },
        discount,
        gross: gross.filter(|gross| discount.is_some() || net != Some(*gross)),
        base_quantity: terms.decimal(row, "UnitPriceBaseQuantity", "BT-149"),
        base_unit: base.and_then(unit_of),
    }
}

/// BG-31.
fn read_item<'d>(terms: &mut Terms<'d>, row: Node<'d>) -> Item {
    let description = terms.text(row, "ArticleDescription", "BT-154");
    let (name, description) = match (terms.text(row, "ArticleName", "BT-153"), description) {
        (Some(name), description) => (name, description),
        (None, Some(description)) => (description, None),
        (None, None) => (terms.required_text(row, "ArticleName", "BT-153"), None),
    };
    Item {
        name,
        description,
        seller_id: terms.text(row, "ArticleIdentifier", "BT-155"),
        buyer_id: terms.text(row, "BuyerArticleIdentifier", "BT-156"),
        standard_id: terms.one(row, "EanCode", "BT-157").and_then(|node| identifier_of(node, "SchemeID")),
        classifications: all(row, "ArticleGroupIdentifier")
            .filter_map(|node| {
                Some(Classification {
                    code: text_of(node)?,
                    list: attribute_of(node, "SchemeID").unwrap_or_default(),
                    version: attribute_of(node, "SchemeVersion"),
                })
            })
            .collect(),
        origin_country: terms.text(row, ORIGIN, "BT-159"),
        attributes: all(row, "RowDefinitionDetails")
            .filter_map(|details| {
                let name = terms.text(details, "RowDefinitionHeaderText", "BT-160")?;
                Some((name, terms.text(details, "RowDefinitionValue", "BT-161")?))
            })
            .collect(),
    }
}
