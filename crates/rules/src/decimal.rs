//! Exact decimals, as the rules count: no rounding but where a rule rounds, no floats, overflow is said.
//!
//! The rules are written for `xs:decimal` (XML Schema part 2, section 3.2.3). Thirty-six digits are kept, which is
//! beyond any amount; a longer number is refused by [`Decimal::parse`] as one that cannot be judged.

use std::cmp::Ordering;

/// `units / 10^scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    units: i128,
    scale: u32,
}

const MAX_DIGITS: u32 = 36;

/// Digits after the point that a quotient keeps; the reference engine keeps eighteen or more.
const QUOTIENT_SCALE: u32 = 18;

impl Decimal {
    pub(crate) const ZERO: Decimal = Decimal::whole(0);
    pub(crate) const ONE: Decimal = Decimal::whole(1);
    pub(crate) const HUNDRED: Decimal = Decimal::whole(100);

    pub(crate) const fn whole(units: i128) -> Decimal {
        Decimal { units, scale: 0 }
    }

    /// `units` hundredths: `cents(2)` is 0.02.
    pub(crate) const fn cents(units: i128) -> Decimal {
        Decimal { units, scale: 2 }
    }

    /// The lexical space of `xs:decimal`, white space around it allowed: no exponent, at least one digit.
    pub(crate) fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']).as_bytes();
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let (mut units, mut scale, mut seen, mut point) = (0i128, 0, 0u32, false);
        for byte in digits {
            match byte {
                b'.' if !point => point = true,
                b'0'..=b'9' => {
                    seen += u32::from(seen > 0 || *byte != b'0' || point);
                    if seen > MAX_DIGITS {
                        return None;
                    }
                    units = units * 10 + i128::from(byte - b'0');
                    scale += u32::from(point);
                }
                _ => return None,
            }
        }
        if digits.iter().all(|byte| *byte == b'.') {
            return None;
        }
        Some(Decimal { units: if negative { -units } else { units }, scale })
    }

    pub(crate) fn plus(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let units = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Some(Decimal { units, scale })
    }

    pub(crate) fn minus(self, other: Decimal) -> Option<Decimal> {
        self.plus(Decimal { units: -other.units, scale: other.scale })
    }

    pub(crate) fn times(self, other: Decimal) -> Option<Decimal> {
        let units = self.units.checked_mul(other.units)?;
        Some(Decimal { units, scale: self.scale + other.scale }.shortened())
    }

    /// The quotient, cut at eighteen digits; none when dividing by zero.
    pub(crate) fn over(self, other: Decimal) -> Option<Decimal> {
        let shift = (other.scale + QUOTIENT_SCALE).checked_sub(self.scale);
        let (shift, scale) = match shift {
            Some(shift) => (shift, QUOTIENT_SCALE),
            None => (0, self.scale - other.scale),
        };
        let units = self.units.checked_mul(10i128.checked_pow(shift)?)?.checked_div(other.units)?;
        Some(Decimal { units, scale }.shortened())
    }

    /// Rounded to two decimals as XPath's `round` does: half a cent goes towards positive infinity.
    pub(crate) fn rounded(self) -> Decimal {
        self.rounded_to(2)
    }

    pub(crate) fn rounded_to(self, scale: u32) -> Decimal {
        let Some(cut) = self.scale.checked_sub(scale).filter(|cut| *cut > 0) else {
            return self;
        };
        let Some(step) = 10i128.checked_pow(cut) else {
            return Decimal::ZERO;
        };
        let floor = self.units.div_euclid(step);
        let up = self.units.rem_euclid(step) >= step / 2;
        Decimal { units: floor + i128::from(up), scale }
    }

    pub(crate) fn absolute(self) -> Decimal {
        Decimal { units: self.units.abs(), scale: self.scale }
    }

    pub(crate) fn is_zero(self) -> bool {
        self.units == 0
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        self.units.checked_mul(10i128.checked_pow(scale - self.scale)?)
    }

    /// Without zeros at the end, so that long chains of products do not overflow without need.
    fn shortened(mut self) -> Decimal {
        while self.scale > 0 && self.units % 10 == 0 {
            self.units /= 10;
            self.scale -= 1;
        }
        self
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.at_scale(scale), other.at_scale(scale)) {
            (Some(left), Some(right)) => left.cmp(&right),
            // Only one of two numbers can overflow when brought to the other's scale: the longer one in front of
            // the point, whose sign then decides.
            (None, _) => self.units.cmp(&0),
            (_, None) => 0.cmp(&other.units),
        }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.units);
        }
        let step = 10i128.pow(self.scale.min(38));
        let sign = if self.units < 0 { "-" } else { "" };
        let (whole, part) = (self.units.abs() / step, self.units.abs() % step);
        write!(f, "{sign}{whole}.{part:0width$}", width = self.scale as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn text_is_read_as_the_schema_says() {
        for (text, shown) in [("1", "1"), (" +1.50 ", "1.50"), ("-.5", "-0.5"), ("5.", "5"), ("007", "7"), ("0.00", "0.00")] {
            assert_eq!(d(text).to_string(), shown, "{text}");
        }
        let long = "1".repeat(37);
        for text in ["", ".", "-", "1e2", "1,5", "abc", "1 2", "--1", "1.2.3", "INF", long.as_str()] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn halves_round_towards_positive_infinity() {
        for (text, rounded) in
            [("1.005", "1.01"), ("1.0049", "1.00"), ("-1.005", "-1.00"), ("-1.0051", "-1.01"), ("2", "2"), ("-0.004", "0")]
        {
            assert_eq!(d(text).rounded(), d(rounded), "{text}");
        }
        assert_eq!(d("0.5").rounded_to(0), Decimal::ONE);
        assert_eq!(d("-0.5").rounded_to(0), Decimal::ZERO);
    }

    #[test]
    fn sums_products_and_quotients_are_exact() {
        assert_eq!(d("0.1").plus(d("0.2")), Some(d("0.3")));
        assert_eq!(d("1").minus(d("1.01")), Some(d("-0.01")));
        assert_eq!(d("0.50").times(d("-3")), Some(d("-1.5")));
        assert_eq!(d("10").over(d("4")), Some(d("2.5")));
        assert_eq!(d("1").over(d("3")), Some(d("0.333333333333333333")));
        assert_eq!(d("1").over(Decimal::ZERO), None);
        let long = d(&"9".repeat(36));
        assert_eq!(long.times(long), None);
        assert!(long > d("0.000000000000000000001") && d("-0.1") < Decimal::ZERO);
    }
}
