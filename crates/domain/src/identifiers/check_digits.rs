//! The sums behind check digits. Digits are numbers 0-9, most significant first; callers have refused everything else.

/// The MOD10 (Luhn) check digit of a body: weights 2, 1 from the right, digit sums, `(10 - s % 10) % 10`.
/// OCR giro system specification 2.0, KID; also old Postgiro accounts.
pub(super) fn mod10(body: &[u8]) -> u8 {
    let weighted = body.iter().rev().zip([2, 1].iter().cycle()).map(|(digit, weight)| {
        let product = digit * weight;
        u32::from(product / 10 + product % 10)
    });
    let rest = weighted.sum::<u32>() % 10;
    ((10 - rest) % 10) as u8
}

/// The MOD11 check digit of a KID body: weights 2..7 repeating from the right, `11 - s % 11`, 11 becomes 0.
/// `None` where the result is 10, which a KID writes as `-` and every other number leaves unused.
pub(super) fn mod11(body: &[u8]) -> Option<u8> {
    let sum: u32 = body.iter().rev().zip((2..=7).cycle()).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    match 11 - sum % 11 {
        11 => Some(0),
        10 => None,
        digit => Some(digit as u8),
    }
}

/// The weighted sum of digits, for the numbers whose weights are written out in their standard.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// The remainder of a long decimal number by 97 (ISO 7064, used by ISO 13616 for IBANs); letters count as 10 to 35.
/// `None` for anything but digits and capital letters.
pub(super) fn mod97(characters: impl Iterator<Item = char>) -> Option<u32> {
    let mut rest = 0;
    for character in characters {
        rest = match character {
            '0'..='9' => (rest * 10 + (character as u32 - '0' as u32)) % 97,
            'A'..='Z' => (rest * 100 + (character as u32 - 'A' as u32 + 10)) % 97,
            _ => return None,
        };
    }
    Some(rest)
}
