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
    /// The elements with many children, in document order, once [`Ubl::sort_many`] was called.
    wide: Vec<Wide>,
    /// The numbers of their children that have a tag, by tag and then in document order.
    sorted: Vec<u32>,
}

/// An element with many children, and where they stand among the sorted ones.
struct Wide {
    number: u32,
    from: u32,
    to: u32,
}

/// So many children are stepped over faster than they are looked up.
const MANY: u32 = 64;

impl<'d> Ubl<'d> {
    pub(crate) fn new(document: &'d Document<'d>) -> Ubl<'d> {
        let tags = document.names().map(|(namespace, local)| vocabulary::tag(namespace, local)).collect();
        Ubl { document, tags, wide: Vec::new(), sorted: Vec::new() }
    }

    /// Sorts the children of elements that have many by their tags. Rules ask for a child by its name, nearly a hundred of them
    /// the root: without this each would step over all lines of a long invoice, and a rule on each of a hundred thousand
    /// siblings that asks their parent would take hours.
    ///
    /// Only for a document whose structure was judged: its elements have names of some length and order, so that four bytes for
    /// each do not matter beside the document.
    pub(crate) fn sort_many(&mut self) {
        let Ubl { document, tags, wide, sorted } = self;
        let tag = |node: Node<'_>| tags[node.name_number() as usize];
        let mut waiting = vec![document.root().number()];
        while let Some(number) = waiting.pop() {
            let from = sorted.len();
            for child in document.node(number).children() {
                if tag(child) != vocabulary::OTHER {
                    sorted.push(child.number());
                }
                if child.descendants() > MANY {
                    waiting.push(child.number());
                }
            }
            if sorted.len() - from > MANY as usize {
                sorted[from..].sort_by_key(|child| tag(document.node(*child)));
                wide.push(Wide { number, from: from as u32, to: sorted.len() as u32 });
            } else {
                sorted.truncate(from);
            }
        }
        wide.sort_unstable_by_key(|wide| wide.number);
    }

    /// The children of that tag; none where they are few or not sorted.
    fn sorted(&self, node: Node<'_>, tag: Tag) -> Option<slice::Iter<'_, u32>> {
        if self.wide.is_empty() || node.descendants() <= MANY {
            return None;
        }
        let at = self.wide.binary_search_by_key(&node.number(), |wide| wide.number).ok()?;
        let children = &self.sorted[self.wide[at].from as usize..self.wide[at].to as usize];
        let tag_of = |child: u32| self.tags[self.document.node(child).name_number() as usize];
        let from = children.partition_point(|child| tag_of(*child) < tag);
        let count = children[from..].partition_point(|child| tag_of(*child) == tag);
        Some(children[from..from + count].iter())
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
        let sorted = self.ubl.sorted(self.node, tag);
        let within = sorted.map_or_else(|| Within::Children(self.node.children()), Within::Sorted);
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
    Sorted(slice::Iter<'u, u32>),
    Children(Children<'u>),
}

impl<'u> Iterator for All<'u> {
    type Item = Element<'u>;

    fn next(&mut self) -> Option<Element<'u>> {
        let node = match &mut self.within {
            Within::Sorted(sorted) => sorted.next().map(|number| self.ubl.document.node(*number)),
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
