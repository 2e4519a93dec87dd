//! The words by which something is found again: folded, so that `odegard` finds Ødegård and `VAERSTE` finds Værste.

/// No name is found by more words than this.
const MOST: usize = 24;
/// The longest word that is kept: the beginning of a word is what people type.
const LONGEST: usize = 32;

/// The words of a text, folded: lower case, letters of the Latin alphabet without their marks, `æ` as `ae`, `å` as `a`. Every word
/// consists of `a` to `z` and `0` to `9`, so that any database sorts them alike; a character of another alphabet stands as its number.
/// Each word once, in order.
pub fn of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_alphanumeric() {
            fold(character, &mut word);
            continue;
        }
        // A name with a hyphen or dot is looked for in its parts.
        let finished: String = std::mem::take(&mut word).chars().take(LONGEST).collect();
        if !finished.is_empty() && words.len() < MOST && !words.contains(&finished) {
            words.push(finished);
        }
    }
    words
}

/// The text as one sortable word: what a list is ordered by.
pub fn sorted_by(text: &str) -> String {
    of(text).join(" ")
}

fn fold(character: char, word: &mut String) {
    for lower in character.to_lowercase() {
        match lower {
            'a'..='z' | '0'..='9' => word.push(lower),
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => word.push('a'),
            'æ' => word.push_str("ae"),
            'ç' => word.push('c'),
            'ð' => word.push('d'),
            'è' | 'é' | 'ê' | 'ë' => word.push('e'),
            'ì' | 'í' | 'î' | 'ï' => word.push('i'),
            'ñ' => word.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => word.push('o'),
            'œ' => word.push_str("oe"),
            'š' => word.push('s'),
            'ß' => word.push_str("ss"),
            'þ' => word.push_str("th"),
            'ù' | 'ú' | 'û' | 'ü' => word.push('u'),
            'ý' | 'ÿ' => word.push('y'),
            'ž' => word.push('z'),
            other => word.push_str(&format!("u{:x}", u32::from(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        let check = |text: &str, expected: &[&str]| assert_eq!(of(text), expected, "{text}");
        check("Kåre Ødegård", &["kare", "odegard"]);
        check("Værste-Øst AS, avd. 2", &["vaerste", "ost", "as", "avd", "2"]);
        check("988 077 917", &["988", "077", "917"]);
        check("Müller & Søn & Müller", &["muller", "son"]);
        check("  ", &[]);
        check("Łódź", &["u142odu17a"]);
        assert_eq!(of(&"x".repeat(100))[0].len(), LONGEST);
        assert_eq!(sorted_by("Øst AS"), "ost as");
    }
}
