//! One line of a NETS file, and its fields as values. Faults name line and column; what a record may mean is `nets`.

use jiff::civil::Date;
use kvitt_domain::Fault;
use kvitt_domain::fault::codes;

use super::layout::{self, Field, Kind, WIDTH, date_of};

/// One record as it stood, filled with blanks where the line was shorter.
pub(super) struct Record<'l> {
    pub bytes: &'l [u8; WIDTH],
    /// Its line in the file, from 1.
    pub line: u64,
    /// How many of the bytes stood there.
    pub length: usize,
}

impl Record<'_> {
    /// What stood there.
    pub fn raw(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The first eight characters, to show.
    pub fn prefix(&self) -> String {
        shown(&self.bytes[..8])
    }

    /// A fault in a field of this record.
    pub fn fault(&self, code: kvitt_domain::Code, field: &Field) -> Fault {
        at(code, self.line, field.from).at(format!("{}/{} {}:{}", self.prefix(), field.name, self.line, field.from))
    }

    /// That the field holds what it cannot hold.
    #[cold]
    pub fn refused(&self, field: &Field) -> Fault {
        let value = &self.bytes[field.range()];
        // The first character that is out of place says more than where the field begins.
        let wrong = match field.kind {
            Kind::Number | Kind::Digits => value.iter().position(|byte| !byte.is_ascii_digit()),
            _ => None,
        };
        let column = field.from + wrong.unwrap_or_default();
        at(codes::BANK_FIELD, self.line, column)
            .at(format!("{}/{} {}:{column}", self.prefix(), field.name, self.line))
            .with("bank_field", field.name)
            .with("value", shown(value))
    }

    /// A number; it has at most 17 digits.
    #[inline]
    pub fn number(&self, field: &Field) -> Result<i64, Fault> {
        let mut value = &self.bytes[field.range()];
        let mut number = 0_i64;
        // Eight digits at a time: amounts have seventeen, and most of a file is digits.
        while let Some((eight, rest)) = value.split_first_chunk::<8>() {
            let Some(part) = eight_digits(*eight) else { return Err(self.refused(field)) };
            number = number * 100_000_000 + part;
            value = rest;
        }
        let mut wrong = 0_u8;
        for byte in value {
            let digit = byte.wrapping_sub(b'0');
            wrong |= u8::from(digit > 9);
            number = number * 10 + i64::from(digit);
        }
        if wrong == 0 { Ok(number) } else { Err(self.refused(field)) }
    }

    /// A number of at most nine digits.
    #[inline]
    pub fn small(&self, field: &Field) -> Result<u32, Fault> {
        self.number(field).and_then(|number| u32::try_from(number).map_err(|_| self.refused(field)))
    }

    /// Digits as they stand.
    pub fn digits(&self, field: &Field) -> Result<String, Fault> {
        let value = &self.bytes[field.range()];
        let digits = value.iter().all(u8::is_ascii_digit).then(|| String::from_utf8_lossy(value).into_owned());
        digits.ok_or_else(|| self.refused(field))
    }

    /// Digits that say nothing where they are all zeros or blanks.
    #[inline]
    pub fn digits_if_any(&self, field: &Field) -> Option<String> {
        let value = &self.bytes[field.range()];
        let says_nothing = value.iter().all(|byte| matches!(byte, b'0' | b' '));
        (!says_nothing).then(|| text_of(value))
    }

    /// A day; zeros or blanks are none.
    #[inline]
    pub fn date(&self, field: &Field) -> Result<Option<Date>, Fault> {
        let digits: [u8; 6] = self.bytes[field.range()].try_into().map_err(|_| self.refused(field))?;
        if digits == *b"000000" || digits == *b"      " {
            return Ok(None);
        }
        date_of(digits).map(Some).ok_or_else(|| self.refused(field))
    }

    /// A day that must be there.
    #[inline]
    pub fn day(&self, field: &Field) -> Result<Date, Fault> {
        self.date(field)?.ok_or_else(|| self.refused(field))
    }

    /// Text without the blanks around it; control characters are blanks, so that nothing that shows it obeys it.
    #[inline]
    pub fn text(&self, field: &Field) -> String {
        let value = &self.bytes[field.range()];
        // Most texts are not there, and looking for blanks all at once is faster than for the first that is none.
        let is_blank = value.iter().fold(true, |blank, byte| blank & (*byte == b' '));
        if is_blank { String::new() } else { text_of(value) }
    }

    /// Text with the blanks before it.
    pub fn indented(&self, field: &Field) -> String {
        latin1(self.bytes[field.range()].trim_ascii_end())
    }

    /// The one character of a field.
    pub fn letter(&self, field: &Field) -> u8 {
        self.bytes[field.from - 1]
    }

    /// A KID or whatever stands in its place, blanks being nothing; and whether it has the form of a KID.
    #[inline]
    pub fn kid(&self, field: &Field) -> (Option<String>, bool) {
        let value = self.bytes[field.range()].trim_ascii();
        let body = value.strip_suffix(b"-").unwrap_or(value);
        let is_kid = body.iter().all(u8::is_ascii_digit);
        ((!value.is_empty()).then(|| latin1(value)), is_kid)
    }

    /// Whether a line may be so short: only text and unused positions are missing, and no unused field is cut in two, as a line
    /// is that lost its end and not only its blanks.
    pub fn may_be_short(&self, layout: &layout::Record) -> bool {
        self.length == WIDTH
            || layout.fields.iter().filter(|field| field.to() > self.length).all(|field| match field.kind {
                Kind::Text => true,
                Kind::Zeros | Kind::Blanks => self.bytes[field.range()].iter().all(|byte| *byte == b' '),
                _ => false,
            })
    }
}

/// The number of eight digits, all at once: pairs, then fours, then the eight, within one word.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<i64> {
    let word = u64::from_le_bytes(digits);
    let digit = word ^ 0x3030_3030_3030_3030;
    // A byte above nine has its high half set, or gets it by adding six.
    if (digit | digit.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0 != 0 {
        return None;
    }
    let pairs = (digit * 10 + (digit >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    let eight = (fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF;
    i64::try_from(eight).ok()
}

/// A fault at a line and a column.
pub(super) fn at(code: kvitt_domain::Code, line: u64, column: usize) -> Fault {
    Fault::fatal(code).at(format!("{line}:{column}")).with("line", line).with("column", column)
}

/// ISO 8859-1 as text; control characters as blanks.
#[inline]
pub(super) fn latin1(bytes: &[u8]) -> String {
    let is_control = |byte: u8| byte < 0x20 || (0x7F..0xA0).contains(&byte);
    let plain = bytes.iter().fold(true, |plain, byte| plain & (0x20..0x7F).contains(byte));
    if plain && let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    bytes.iter().map(|byte| if is_control(*byte) { ' ' } else { char::from(*byte) }).collect()
}

#[inline]
fn text_of(bytes: &[u8]) -> String {
    latin1(bytes.trim_ascii())
}

/// What a fault repeats.
pub(super) fn shown(bytes: &[u8]) -> String {
    latin1(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_at_once() {
        assert_eq!(eight_digits(*b"00000000"), Some(0));
        assert_eq!(eight_digits(*b"12345678"), Some(12_345_678));
        assert_eq!(eight_digits(*b"99999999"), Some(99_999_999));
        for at in 0..8 {
            for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                let mut digits = *b"90909090";
                digits[at] = byte;
                assert_eq!(eight_digits(digits), None, "{byte} at {at}");
            }
        }
    }
}
