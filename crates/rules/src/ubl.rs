//! A document as the rules see it: the arena with a vocabulary, and XPath's way of asking.
//!
//! Here: [`Ubl`], [`Element`] and the casts that can fail. The rules were published as XPath 2.0 asserts, and where a
//! document breaks their expectations (two elements where one is expected, a text where a number is) a reference
//! engine stops with a dynamic error and says nothing more. Ours says so as a finding of its own ([`Unjudged`]) and
//! goes on; either way the document is refused.

use std::slice;

use crate::arena::{Children, Document, Node};
use crate::decimal::Decimal;
use crate::vocabulary::{self, Tag};

/// A document whose names have been looked up.
pub(crate) struct Ubl<'d> {
    pub(crate) document: &'d Document<'d>,
    tags: Vec<Tag>,
    /// The root's children by tag and then in document order, once [`Ubl::sort_top`] was called.
    top: Vec<(Tag, u32)>,
}

impl<'d> Ubl<'d> {
    pub(crate) fn new(document: &'d Document<'d>) -> Ubl<'d> {
        let tags = document.names().map(|(namespace, local)| vocabulary::tag(namespace, local)).collect();
        Ubl { document, tags, top: Vec::new() }
    }

    /// Sorts the root's children by their tags. Nearly a hundred rules ask the root for a child of some name: in a document of
    /// a hundred thousand lines each would step over all of them, at one cache miss a line. Only for a document whose
    /// structure was judged: in one that is all unknown children this would cost more memory than the document.
    pub(crate) fn sort_top(&mut self) {
        let tag = |node: Node<'_>| self.tags[node.name_number() as usize];
        self.top = self.document.root().children().map(|node| (tag(node), node.number())).collect();
        self.top.sort_unstable();
    }

    /// The root's children of that tag; none where they are not sorted.
    fn top(&self, tag: Tag) -> Option<slice::Iter<'_, (Tag, u32)>> {
        if self.top.is_empty() {
            return None;
        }
        let from = self.top.partition_point(|(other, _)| *other < tag);
        let count = self.top[from..].partition_point(|(other, _)| *other == tag);
        Some(self.top[from..from + count].iter())
    }

    /// The tag of each different name, by the name's number.
    pub(crate) fn tags(&self) -> &[Tag] {
        &self.tags
    }

    pub(crate) fn root(&self) -> Element<'_> {
        Element { ubl: self, node: self.document.root() }
    }

    /// All elements in document order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        self.document.nodes().map(|node| Element { ubl: self, node })
    }
}

/// An element with its number in the vocabulary.
#[derive(Clone, Copy)]
pub(crate) struct Element<'u> {
    ubl: &'u Ubl<'u>,
    pub(crate) node: Node<'u>,
}

impl<'u> Element<'u> {
    pub(crate) fn tag(self) -> Tag {
        self.ubl.tags[self.node.name_number() as usize]
    }

    pub(crate) fn parent(self) -> Option<Element<'u>> {
        self.node.parent().map(|node| Element { ubl: self.ubl, node })
    }

    pub(crate) fn parent_tag(self) -> Tag {
        self.parent().map_or(vocabulary::OTHER, Element::tag)
    }

    /// Is the way up from here through these tags, nearest first?
    pub(crate) fn is_below(self, ancestors: &[Tag]) -> bool {
        let mut element = self;
        ancestors.iter().all(|tag| match element.parent() {
            Some(parent) => {
                element = parent;
                parent.tag() == *tag
            }
            None => false,
        })
    }

    pub(crate) fn is_root(self) -> bool {
        self.node.parent().is_none()
    }

    pub(crate) fn children(self) -> impl Iterator<Item = Element<'u>> {
        self.node.children().map(move |node| Element { ubl: self.ubl, node })
    }

    /// The children of that name.
    pub(crate) fn all(self, tag: Tag) -> All<'u> {
        let top = if self.is_root() { self.ubl.top(tag) } else { None };
        let within = top.map_or_else(|| Within::Children(self.node.children()), Within::Top);
        All { ubl: self.ubl, tag, within }
    }

    /// The first child of that name.
    pub(crate) fn child(self, tag: Tag) -> Option<Element<'u>> {
        self.all(tag).next()
    }

    pub(crate) fn has(self, tag: Tag) -> bool {
        self.child(tag).is_some()
    }

    pub(crate) fn count(self, tag: Tag) -> usize {
        self.all(tag).count()
    }

    pub(crate) fn text(self) -> &'u str {
        self.node.text()
    }

    /// `normalize-space` for texts that are then compared with a code: no code has white space inside.
    pub(crate) fn trimmed(self) -> &'u str {
        self.node.trimmed()
    }

    pub(crate) fn attribute(self, name: &str) -> Option<&'u str> {
        self.node.attribute(name)
    }

    /// Does any element reached by this path satisfy the question? XPath's existential comparison.
    pub(crate) fn any(self, path: &[Tag], question: &mut dyn FnMut(Element<'u>) -> bool) -> bool {
        match path {
            [] => question(self),
            [tag, rest @ ..] => self.all(*tag).any(|child| child.any(rest, question)),
        }
    }

    pub(crate) fn exists(self, path: &[Tag]) -> bool {
        self.any(path, &mut |_| true)
    }

    pub(crate) fn count_at(self, path: &[Tag]) -> usize {
        let mut count = 0;
        self.any(path, &mut |_| {
            count += 1;
            false
        });
        count
    }

    /// The one element at the end of the path where XPath takes at most one item.
    pub(crate) fn only_at(self, path: &[Tag]) -> Checked<'u, Option<Element<'u>>> {
        let mut first = None;
        let mut second = None;
        self.any(path, &mut |element| {
            if first.is_none() {
                first = Some(element);
                return false;
            }
            second = Some(element);
            true
        });
        match second {
            Some(element) => Err(Unjudged { why: Why::Repeated, element }),
            None => Ok(first),
        }
    }

    pub(crate) fn only(self, tag: Tag) -> Checked<'u, Option<Element<'u>>> {
        let mut all = self.all(tag);
        let first = all.next();
        match all.next() {
            Some(element) => Err(Unjudged { why: Why::Repeated, element }),
            None => Ok(first),
        }
    }

    /// `normalize-space(path) = …`: the trimmed text of the one element, empty when there is none.
    pub(crate) fn only_text(self, path: &[Tag]) -> Checked<'u, &'u str> {
        Ok(self.only_at(path)?.map_or("", Element::trimmed))
    }

    /// `xs:decimal(path)`: none when there is no element.
    pub(crate) fn decimal(self, tag: Tag) -> Checked<'u, Option<Decimal>> {
        self.only(tag)?.map(Element::to_decimal).transpose()
    }

    pub(crate) fn to_decimal(self) -> Checked<'u, Decimal> {
        Decimal::parse(self.text()).ok_or(Unjudged { why: Why::Number, element: self })
    }

    /// The text as `xs:boolean` when compared with one.
    pub(crate) fn to_boolean(self) -> Checked<'u, bool> {
        match self.trimmed() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Unjudged { why: Why::Boolean, element: self }),
        }
    }

    /// The text as `xs:date`, as days that can be compared.
    pub(crate) fn to_date(self) -> Checked<'u, i64> {
        parse_date(self.text()).ok_or(Unjudged { why: Why::Date, element: self })
    }
}

/// An element's children of one name.
pub(crate) struct All<'u> {
    ubl: &'u Ubl<'u>,
    tag: Tag,
    within: Within<'u>,
}

enum Within<'u> {
    Top(slice::Iter<'u, (Tag, u32)>),
    Children(Children<'u>),
}

impl<'u> Iterator for All<'u> {
    type Item = Element<'u>;

    fn next(&mut self) -> Option<Element<'u>> {
        let node = match &mut self.within {
            Within::Top(top) => top.next().map(|(_, number)| self.ubl.document.node(*number)),
            Within::Children(children) => children.find(|child| self.ubl.tags[child.name_number() as usize] == self.tag),
        };
        node.map(|node| Element { ubl: self.ubl, node })
    }
}

/// A value, or the reason why a rule cannot be judged.
pub(crate) type Checked<'u, T> = Result<T, Unjudged<'u>>;

/// A rule met something that it is not written for.
#[derive(Clone, Copy)]
pub(crate) struct Unjudged<'u> {
    pub(crate) why: Why,
    pub(crate) element: Element<'u>,
}

/// What a rule could not be judged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Number,
    Boolean,
    Date,
    Repeated,
    TooLarge,
}

impl Why {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Why::Number => "VALUE-NUMBER",
            Why::Boolean => "VALUE-BOOLEAN",
            Why::Date => "VALUE-DATE",
            Why::Repeated => "VALUE-REPEATED",
            Why::TooLarge => "VALUE-TOO-LARGE",
        }
    }
}

/// `number(…)`: XPath's double, NaN for what is none. Only for comparisons with small whole numbers.
pub(crate) fn to_double(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    match text {
        "INF" => f64::INFINITY,
        "-INF" => f64::NEG_INFINITY,
        _ if plain => text.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// `xs:date` (XML Schema part 2, section 3.2.9) in days, with the time zone as a part of the day: thousandths.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let year_length = digits.find('-')?;
    let year_text = &digits[..year_length];
    if year_length < 4 || (year_length > 4 && year_text.starts_with('0')) || year_length > 9 {
        return None;
    }
    let rest = &digits[year_length + 1..];
    let bytes = rest.as_bytes();
    if bytes.len() < 5 || bytes[2] != b'-' || !rest.is_char_boundary(5) {
        return None;
    }
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok()).flatten();
    let year = number(year_text)? * if negative { -1 } else { 1 };
    let (month, day) = (number(&rest[..2])?, number(&rest[3..5])?);
    let zone_minutes = parse_zone(&rest[5..])?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    // Days since year 0, by counting from 1 March so that the leap day comes last.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let shifted_month = (month + 9) % 12;
    let days = shifted_year * 365 + shifted_year.div_euclid(4) - shifted_year.div_euclid(100)
        + shifted_year.div_euclid(400)
        + (shifted_month * 306 + 5) / 10
        + day;
    Some(days * 1440 - zone_minutes)
}

fn parse_zone(text: &str) -> Option<i64> {
    match text.as_bytes() {
        [] | [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()) => {
            let digit = |byte: &u8| i64::from(byte - b'0');
            let minutes = (digit(h1) * 10 + digit(h2)) * 60 + digit(m1) * 10 + digit(m2);
            let valid = digit(m1) < 6 && minutes <= 14 * 60;
            valid.then_some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::parse_date;

    #[test]
    fn dates_are_the_schemas() {
        let day = |text| parse_date(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(day("2026-03-01") - day("2026-02-28"), 1440);
        assert_eq!(day("2024-03-01") - day("2024-02-28"), 2 * 1440);
        assert_eq!(day("2027-01-01") - day("2026-01-01"), 365 * 1440);
        assert_eq!(day("2026-01-01Z"), day(" 2026-01-01 "));
        assert!(day("2026-01-01+01:00") < day("2026-01-01Z"));
        for text in ["", "2026-13-01", "2026-02-30", "26-01-01", "2026-1-1", "20260101", "2026-01-01x", "2026-01-01+15:00"] {
            assert!(parse_date(text).is_none(), "{text}");
        }
    }
}
