//! The rules on lines, their periods and items (EN 16931-1, 6.4.1 and 6.4.2).

use super::usage::is_vat;
use super::{has_cents_at_most, is_line_item};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Unjudged, Why, to_double};
use crate::vocabulary::{Tag, cac, cbc};

/// BR-21 to BR-28, BR-CO-04, BR-DEC-23.
pub(super) fn line(judge: &mut Judge<'_>, line: Element<'_>) {
    judge.check("BR-21", line, line.only_text(&[cbc::ID]).map(|id| !id.is_empty()));
    let mut quantities = line.children().filter(|child| matches!(child.tag(), cbc::InvoicedQuantity | cbc::CreditedQuantity));
    let first = quantities.next();
    judge.check("BR-22", line, first.is_some());
    let has_unit = first.into_iter().chain(quantities).any(|quantity| quantity.attribute("unitCode").is_some());
    judge.check("BR-23", line, has_unit);
    judge.check("BR-24", line, line.has(cbc::LineExtensionAmount));
    judge.check("BR-25", line, line.only_text(&[cac::Item, cbc::Name]).map(|name| !name.is_empty()));
    let price = [cac::Price, cbc::PriceAmount];
    judge.check("BR-26", line, line.exists(&price));
    judge.check("BR-27", line, any_not_negative(line, &price));
    let gross = [cac::Price, cac::AllowanceCharge, cbc::BaseAmount];
    judge.check("BR-28", line, any_not_negative(line, &gross).map(|holds| holds || !line.exists(&gross)));
    let categorised = || -> Checked<'_, bool> {
        for category in line.all(cac::Item).flat_map(|item| item.all(cac::ClassifiedTaxCategory)) {
            if is_vat(category)? && category.has(cbc::ID) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    judge.check("BR-CO-04", line, categorised());
    let amount = line.only(cbc::LineExtensionAmount);
    judge.check("BR-DEC-23", line, amount.map(|amount| amount.is_none_or(has_cents_at_most)));
}

/// Is any of these amounts zero or more? Compared as doubles, where a text that is no number cannot be judged.
fn any_not_negative<'u>(line: Element<'u>, path: &[Tag]) -> Checked<'u, bool> {
    let mut unjudged = None;
    let found = line.any(path, &mut |amount| {
        let number = to_double(amount.text());
        if number.is_nan() && amount.trimmed() != "NaN" {
            unjudged = Some(Unjudged { why: Why::Number, element: amount });
            return true;
        }
        number >= 0.0
    });
    unjudged.map_or(Ok(found), Err)
}

/// BR-29, BR-30, BR-CO-19, BR-CO-20.
pub(super) fn period(judge: &mut Judge<'_>, period: Element<'_>) {
    let of_line = matches!(period.parent_tag(), cac::InvoiceLine | cac::CreditNoteLine);
    let has_date = period.has(cbc::StartDate) || period.has(cbc::EndDate);
    let order = || -> Checked<'_, bool> {
        let (Some(_), Some(_)) = (period.child(cbc::StartDate), period.child(cbc::EndDate)) else {
            return Ok(true);
        };
        let start = period.only(cbc::StartDate)?.map(Element::to_date).transpose()?;
        let end = period.only(cbc::EndDate)?.map(Element::to_date).transpose()?;
        Ok(end >= start)
    };
    if of_line {
        judge.check("BR-30", period, order());
        judge.check("BR-CO-20", period, has_date);
    } else {
        judge.check("BR-29", period, order());
        judge.check("BR-CO-19", period, has_date || period.has(cbc::DescriptionCode));
    }
}

/// BR-54.
pub(super) fn property(judge: &mut Judge<'_>, property: Element<'_>) {
    judge.check("BR-54", property, property.has(cbc::Name) && property.has(cbc::Value));
}

/// BR-65.
pub(super) fn classification(judge: &mut Judge<'_>, code: Element<'_>) {
    if code.parent().is_some_and(|parent| parent.tag() == cac::CommodityClassification && is_line_item(parent)) {
        judge.check("BR-65", code, code.attribute("listID").is_some());
    }
}

/// BR-64.
pub(super) fn standard_identification(judge: &mut Judge<'_>, identification: Element<'_>) {
    if is_line_item(identification) {
        for id in identification.all(cbc::ID) {
            judge.check("BR-64", id, id.attribute("schemeID").is_some());
        }
    }
}
