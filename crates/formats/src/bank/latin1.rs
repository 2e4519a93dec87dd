//! Text into ISO 8859-1, the only letters that a NETS file has: by likeness, and never by a question mark.

/// A text as a NETS file can hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// ISO 8859-1 without control characters.
    pub bytes: Vec<u8>,
    /// Whether letters were left out because nothing in ISO 8859-1 is like them.
    pub has_losses: bool,
}

/// What letters and marks outside ISO 8859-1 become. Letters with marks that are the plain letter without are [`PLAIN`].
const LIKE: &[(char, &str)] = &[
    ('\u{2010}', "-"),
    ('\u{2011}', "-"),
    ('\u{2012}', "-"),
    ('\u{2013}', "-"),
    ('\u{2014}', "-"),
    ('\u{2015}', "-"),
    ('\u{2212}', "-"),
    ('\u{2018}', "'"),
    ('\u{2019}', "'"),
    ('\u{201A}', "'"),
    ('\u{201B}', "'"),
    ('\u{2032}', "'"),
    ('\u{2039}', "'"),
    ('\u{203A}', "'"),
    ('\u{201C}', "\""),
    ('\u{201D}', "\""),
    ('\u{201E}', "\""),
    ('\u{201F}', "\""),
    ('\u{2033}', "\""),
    ('\u{2026}', "..."),
    ('\u{2022}', "*"),
    ('\u{2044}', "/"),
    ('\u{20AC}', "EUR"),
    ('\u{2116}', "No"),
    ('\u{2122}', "TM"),
    ('\u{2030}', "o/oo"),
    ('\u{2264}', "<="),
    ('\u{2265}', ">="),
    ('\u{FB01}', "fi"),
    ('\u{FB02}', "fl"),
    ('Œ', "OE"),
    ('œ', "oe"),
    ('Ĳ', "IJ"),
    ('ĳ', "ij"),
    ('ẞ', "SS"),
    ('Ŋ', "NG"),
    ('ŋ', "ng"),
    ('ŉ', "'n"),
    ('Ə', "E"),
    ('ə', "e"),
];

/// A plain letter, and the letters that are it with a mark. Sami, Polish, Baltic, Czech, Romanian, Turkish and Vietnamese names
/// are frequent in Norway.
const PLAIN: &[(char, &str)] = &[
    ('A', "ĀĂĄǍȂẠẢẤẦẨẪẬẮẰẲẴẶ"),
    ('a', "āăąǎȃạảấầẩẫậắằẳẵặ"),
    ('B', "Ḃ"),
    ('b', "ḃ"),
    ('C', "ĆĈĊČ"),
    ('c', "ćĉċč"),
    ('D', "ĎĐḌ"),
    ('d', "ďđḍ"),
    ('E', "ĒĔĖĘĚẸẺẼẾỀỂỄỆ"),
    ('e', "ēĕėęěẹẻẽếềểễệ"),
    ('F', "Ḟ"),
    ('f', "ḟ"),
    ('G', "ĜĞĠĢǤǦ"),
    ('g', "ĝğġģǥǧ"),
    ('H', "ĤĦḤ"),
    ('h', "ĥħḥ"),
    ('I', "ĨĪĬĮİǏỈỊ"),
    ('i', "ĩīĭįıǐỉị"),
    ('J', "Ĵ"),
    ('j', "ĵǰ"),
    ('K', "ĶǨ"),
    ('k', "ķĸǩ"),
    ('L', "ĹĻĽĿŁ"),
    ('l', "ĺļľŀł"),
    ('N', "ŃŅŇ"),
    ('n', "ńņň"),
    ('O', "ŌŎŐƠǑỌỎỐỒỔỖỘỚỜỞỠỢ"),
    ('o', "ōŏőơǒọỏốồổỗộớờởỡợ"),
    ('R', "ŔŖŘ"),
    ('r', "ŕŗř"),
    ('S', "ŚŜŞŠȘṢ"),
    ('s', "śŝşšșṣſ"),
    ('T', "ŢŤŦȚṬ"),
    ('t', "ţťŧțṭ"),
    ('U', "ŨŪŬŮŰŲƯǓỤỦỨỪỬỮỰ"),
    ('u', "ũūŭůűųưǔụủứừửữự"),
    ('W', "ŴẀẂẄ"),
    ('w', "ŵẁẃẅ"),
    ('Y', "ŶŸỲỴỶỸ"),
    ('y', "ŷỳỵỷỹ"),
    ('Z', "ŹŻŽƵ"),
    ('z', "źżžƶ"),
    // Sami ezh, as it is written where it is missing.
    ('Z', "ƷǮ"),
    ('z', "ʒǯ"),
];

/// Converts a text. White space of every kind and control characters become blanks, marks that stand beside their letter
/// (combining ones) are dropped, a soft hyphen and what has no width goes, and what has no likeness is left out and told.
pub fn convert(text: &str) -> Converted {
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        return Converted { bytes: text.as_bytes().to_vec(), has_losses: false };
    }
    let mut converted = Converted { bytes: Vec::with_capacity(text.len()), has_losses: false };
    for letter in text.chars() {
        match letter {
            letter if letter.is_whitespace() || letter.is_control() => converted.bytes.push(b' '),
            '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' => {
                compose(&mut converted.bytes, letter);
            }
            letter => match u8::try_from(u32::from(letter)) {
                Ok(byte) => converted.bytes.push(byte),
                Err(_) => match likeness(letter) {
                    Some(like) => like.encode_into(&mut converted.bytes),
                    None => converted.has_losses = true,
                },
            },
        }
    }
    converted
}

/// The Norwegian letter that a letter and the mark after it make, in place of the letter; any other mark is dropped.
fn compose(bytes: &mut [u8], mark: char) {
    let Some(last) = bytes.last_mut() else { return };
    let composed = match (*last, mark) {
        (b'A', '\u{30A}') => 'Å',
        (b'a', '\u{30A}') => 'å',
        (b'A', '\u{308}') => 'Ä',
        (b'a', '\u{308}') => 'ä',
        (b'O', '\u{308}') => 'Ö',
        (b'o', '\u{308}') => 'ö',
        (b'U', '\u{308}') => 'Ü',
        (b'u', '\u{308}') => 'ü',
        (b'E', '\u{301}') => 'É',
        (b'e', '\u{301}') => 'é',
        _ => return,
    };
    *last = u8::try_from(u32::from(composed)).unwrap_or(*last);
}

enum Like {
    Letter(char),
    Letters(&'static str),
}

impl Like {
    fn encode_into(self, bytes: &mut Vec<u8>) {
        match self {
            Like::Letter(letter) => bytes.extend(u8::try_from(u32::from(letter))),
            Like::Letters(letters) => bytes.extend_from_slice(letters.as_bytes()),
        }
    }
}

fn likeness(letter: char) -> Option<Like> {
    let plain = PLAIN.iter().find(|(_, marked)| marked.contains(letter)).map(|(plain, _)| Like::Letter(*plain));
    plain.or_else(|| LIKE.iter().find(|(known, _)| *known == letter).map(|(_, like)| Like::Letters(like)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let check = |text: &str, expected: &str, has_losses: bool| {
            let converted = convert(text);
            let read: String = converted.bytes.iter().map(|byte| char::from(*byte)).collect();
            assert_eq!((read.as_str(), converted.has_losses), (expected, has_losses), "{text}");
        };
        check("Åse Ærlig-Øren", "Åse Ærlig-Øren", false);
        check("Faktura – “nr. 1” …", "Faktura - \"nr. 1\" ...", false);
        check("100 €", "100 EUR", false);
        check("Łukasz Żółć, Nguyễn, Čáhppe, Đorđe, Şahin", "Lukasz Zólc, Nguyen, Cáhppe, Dorde, Sahin", false);
        check("A\u{30A}se\u{301}", "Åsé", false);
        check("soft\u{AD}hyphen\u{200B}", "softhyphen", false);
        check("a\tb\u{a0}c\r\nd\u{85}e", "a b c  d e", false);
        check("Иван", "", true);
        check("田中 Tanaka", " Tanaka", true);
        check("🙂 ok", " ok", true);
        check("", "", false);
    }

    #[test]
    fn every_likeness_is_in_iso_8859_1_and_of_something_that_is_not() {
        for (letter, like) in LIKE {
            assert!(u32::from(*letter) > 0xFF && like.is_ascii(), "{letter}");
        }
        for (plain, marked) in PLAIN {
            assert!(plain.is_ascii_alphabetic() && marked.chars().all(|letter| u32::from(letter) > 0xFF), "{plain}");
        }
    }
}
