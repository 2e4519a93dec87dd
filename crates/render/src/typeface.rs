//! Text that fits: shaping with kerning and tabular figures, breaking into lines, shrinking to a width.
//!
//! Everything that enters here is cleaned first, so that no text can break a document: control and formatting characters go, what the
//! typeface lacks becomes an empty box. Where the lines stand is decided in `compose`.

use std::ops::Range;
use std::sync::OnceLock;

use harfrust::{Direction, Feature, ShapeOptions, ShapePlan, ShaperData, Tag, UnicodeBuffer, script};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::{FontRef, MetadataProvider};

/// One of the three cuts of the typeface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Running text.
    Regular,
    /// What matters.
    SemiBold,
    /// Large sizes only.
    Display,
}

/// What a text is painted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Nearly black.
    Text,
    /// Grey, for labels.
    Quiet,
    /// The company's colour.
    Accent,
}

/// How a text is set. Sizes in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Style {
    pub face: Face,
    pub size: f32,
    /// From line to line.
    pub lead: f32,
    pub ink: Ink,
}

impl Style {
    pub(crate) const fn new(face: Face, size: f32, lead: f32, ink: Ink) -> Style {
        Style { face, size, lead, ink }
    }

    /// Where the baseline stands in a line that begins `top` points down: the capitals are centred in the line.
    pub(crate) fn baseline(self, top: f32) -> f32 {
        top + self.lead / 2.0 + self.size * HALF_CAPITAL
    }

    /// Space between letters in em: large type is set tighter, small type wider.
    fn tracking(self) -> f32 {
        match self.face {
            Face::Display => -0.012,
            Face::Regular | Face::SemiBold if self.size <= 7.5 => 0.01,
            Face::Regular | Face::SemiBold => 0.0,
        }
    }
}

/// Half the height of Inter's capitals (0.727 em).
const HALF_CAPITAL: f32 = 0.364;

/// A line of shaped text, ready to be placed.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub text: String,
    pub glyphs: Vec<KrillaGlyph>,
    /// In points, without the spaces at its end.
    pub width: f32,
    pub style: Style,
}

/// How high lines are, set below each other.
pub(crate) fn height(lines: &[Line]) -> f32 {
    lines.iter().map(|line| line.style.lead).sum()
}

/// The text on one line, however wide.
pub(crate) fn line(text: &str, style: Style) -> Line {
    let text = clean(text).replace('\n', " ");
    let glyphs = shape(&text, style);
    cut(&text, &glyphs, 0..glyphs.len(), style)
}

/// The text on one line, set smaller where it would be wider than `width` points.
pub(crate) fn fit(text: &str, style: Style, width: f32) -> Line {
    let mut fitted = line(text, style);
    // Twice at most: small type is set wider, so the first guess can be a little too large.
    for _ in 0..2 {
        if fitted.width <= width {
            break;
        }
        // A thousandth less, for the rounding of a hundred glyphs.
        let size = fitted.style.size * (width / fitted.width) * 0.999;
        fitted = line(text, Style { size, ..style });
    }
    fitted
}

/// The text broken into lines of at most `width` points. Words wider than that are broken too. Empty text has no lines.
pub(crate) fn wrap(text: &str, style: Style, width: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in clean(text).split('\n') {
        let paragraph = paragraph.trim();
        if !paragraph.is_empty() {
            break_lines(paragraph, style, width, &mut lines);
        }
    }
    lines
}

/// As [`wrap`], with lines of about one length: for a few words that would otherwise leave one alone on the last line.
pub(crate) fn balance(text: &str, style: Style, width: f32) -> Vec<Line> {
    /// Each step halves what is left to win; four leave less than a word.
    const STEPS: usize = 4;
    let mut best = wrap(text, style, width);
    let count = best.len();
    let (mut low, mut high) = (width / 2.0, width);
    for _ in 0..STEPS {
        let middle = (low + high) / 2.0;
        let lines = wrap(text, style, middle);
        if lines.len() == count {
            (best, high) = (lines, middle);
        } else {
            low = middle;
        }
    }
    best
}

fn break_lines(text: &str, style: Style, width: f32, lines: &mut Vec<Line>) {
    let glyphs = shape(text, style);
    let width_em = width / style.size;
    let mut start = 0;
    while start < glyphs.len() {
        let mut end = start;
        let mut wide = 0.0;
        let mut may_break = None;
        while end < glyphs.len() {
            let last = cluster_text(text, &glyphs[end]);
            let advance = glyphs[end].x_advance;
            // A space may hang over the edge: nobody sees it, and whoever copies the text keeps it.
            if last != " " && wide + advance > width_em {
                break;
            }
            wide += advance;
            end += 1;
            if matches!(last, " " | "-" | "–" | "/" | "@" | ";" | "_") {
                may_break = Some(end);
            }
        }
        if end < glyphs.len() {
            end = may_break.unwrap_or_else(|| whole_cluster(&glyphs, start, end));
        }
        lines.push(cut(text, &glyphs, start..end, style));
        start = end;
    }
}

/// The nearest end of a cluster at or before `end`, but after at least one cluster: letters keep their accents.
fn whole_cluster(glyphs: &[KrillaGlyph], start: usize, end: usize) -> usize {
    let same = |one: usize, other: usize| glyphs[one].text_range == glyphs[other].text_range;
    let mut end = end.max(start + 1);
    while end > start + 1 && end < glyphs.len() && same(end - 1, end) {
        end -= 1;
    }
    while end < glyphs.len() && same(end - 1, end) {
        end += 1;
    }
    end
}

fn cluster_text<'a>(text: &'a str, glyph: &KrillaGlyph) -> &'a str {
    &text[glyph.text_range.clone()]
}

/// The line that these glyphs make, with ranges that count from its own beginning.
fn cut(text: &str, glyphs: &[KrillaGlyph], range: Range<usize>, style: Style) -> Line {
    let glyphs = &glyphs[range];
    let (from, to) = match (glyphs.first(), glyphs.last()) {
        (Some(first), Some(last)) => (first.text_range.start, last.text_range.end),
        _ => (0, 0),
    };
    let visible = glyphs.iter().rposition(|glyph| cluster_text(text, glyph) != " ").map_or(0, |last| last + 1);
    let width = glyphs[..visible].iter().map(|glyph| glyph.x_advance).sum::<f32>() * style.size;
    let glyphs = glyphs
        .iter()
        .map(|glyph| {
            let range = glyph.text_range.start - from..glyph.text_range.end - from;
            KrillaGlyph { text_range: range, ..glyph.clone() }
        })
        .collect();
    Line { text: text[from..to].to_owned(), glyphs, width, style }
}

/// Stands for what the typeface lacks.
const EMPTY_BOX: char = '\u{25a1}';

/// Text without what a document may not hold: one space for any run of blanks, line feeds kept, control and formatting characters
/// gone, an empty box for each character that the typeface lacks or that has no public meaning.
pub(crate) fn clean(text: &str) -> String {
    let charmap = loaded(Face::Regular).font.charmap();
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => cleaned.push('\n'),
            ' ' | '\t' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200a}' | '\u{205f}' | '\u{3000}' => {
                if !cleaned.ends_with([' ', '\n']) {
                    cleaned.push(' ');
                }
            }
            _ if is_invisible(character) => {}
            _ if is_private(character) || charmap.map(character).is_none_or(|glyph| glyph.to_u32() == 0) => {
                cleaned.push(EMPTY_BOX)
            }
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// Characters that steer rendering and show nothing: controls, soft hyphens, zero width and bidirectional marks, variation selectors,
/// tags. Bidirectional marks could make a number read backwards.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// PDF/A level A wants a public meaning for every character (ISO 19005-2, 6.2.11.7.3).
fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}') || (u32::from(character) & 0xfffe) == 0xfffe
}

fn shape(text: &str, style: Style) -> Vec<KrillaGlyph> {
    let face = loaded(style.face);
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    // One plan for everything: Latin, Greek and Cyrillic letters of this typeface obey the same tables.
    buffer.set_direction(Direction::LeftToRight);
    buffer.set_script(script::LATIN);
    // Kerning would pull figures out of their columns, so texts of figures have none.
    let plan = if text.contains(char::is_alphabetic) { &face.plan } else { &face.figures };
    let shaper = face.shaper.shaper(&face.font).build();
    let shaped = shaper.shape(buffer, ShapeOptions::new().plan(Some(plan)));
    let infos = shaped.glyph_infos();
    let tracking = style.tracking();
    infos
        .iter()
        .zip(shaped.glyph_positions())
        .enumerate()
        .map(|(at, (info, position))| {
            let start = info.cluster as usize;
            let end = infos[at..].iter().map(|next| next.cluster as usize).find(|next| *next > start).unwrap_or(text.len());
            let id = if info.glyph_id == 0 { face.empty_box } else { info.glyph_id };
            let em = |units: i32| units as f32 / face.units_per_em;
            // Accents have no advance and get no tracking.
            let tracking = if position.x_advance == 0 { 0.0 } else { tracking };
            KrillaGlyph::new(
                GlyphId::new(id),
                em(position.x_advance) + tracking,
                em(position.x_offset),
                em(position.y_offset),
                em(position.y_advance),
                start..end,
                None,
            )
        })
        .collect()
}

/// The font as the PDF writer wants it.
pub(crate) fn font(face: Face) -> Font {
    loaded(face).writer.clone()
}

struct Loaded {
    writer: Font,
    font: FontRef<'static>,
    shaper: ShaperData,
    plan: ShapePlan,
    figures: ShapePlan,
    units_per_em: f32,
    empty_box: u32,
}

/// The three cuts are parsed once per process: that is most of the cost of a first document.
fn loaded(face: Face) -> &'static Loaded {
    static REGULAR: OnceLock<Loaded> = OnceLock::new();
    static SEMI_BOLD: OnceLock<Loaded> = OnceLock::new();
    static DISPLAY: OnceLock<Loaded> = OnceLock::new();
    match face {
        Face::Regular => REGULAR.get_or_init(|| load(include_bytes!("../fonts/Inter-Regular.otf"))),
        Face::SemiBold => SEMI_BOLD.get_or_init(|| load(include_bytes!("../fonts/Inter-SemiBold.otf"))),
        Face::Display => DISPLAY.get_or_init(|| load(include_bytes!("../fonts/InterDisplay-SemiBold.otf"))),
    }
}

fn load(bytes: &'static [u8]) -> Loaded {
    let font = FontRef::new(bytes).expect("the font is part of the program and a test reads it");
    let writer = Font::new(bytes.into(), 0).expect("the font is part of the program and a test reads it");
    let shaper = ShaperData::new(&font);
    // Tabular figures everywhere, so that columns of numbers line up. Inter's contextual alternates turn `->` and `x` between
    // figures into other signs, which an invoice must not do.
    let features = [feature(b"tnum", 1), feature(b"calt", 0), feature(b"liga", 0), feature(b"clig", 0), feature(b"kern", 0)];
    let instance = shaper.shaper(&font).build();
    let plan = |features: &[Feature]| ShapePlan::new(&instance, Direction::LeftToRight, Some(script::LATIN), None, features);
    let (figures, plan) = (plan(&features), plan(&features[..features.len() - 1]));
    let empty_box = font.charmap().map(EMPTY_BOX).map_or(0, |glyph| glyph.to_u32());
    Loaded { units_per_em: writer.units_per_em(), writer, font, shaper, plan, figures, empty_box }
}

fn feature(tag: &[u8; 4], value: u32) -> Feature {
    Feature::new(Tag::new(tag), value, ..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style::new(Face::Regular, 9.0, 12.0, Ink::Text);

    #[test]
    fn text_is_cleaned_of_what_a_document_may_not_hold() {
        let cases = [
            ("Blåbær  og\tkrem", "Blåbær og krem"),
            ("bell\u{7} nul\u{0} bom\u{feff}", "bell nul bom"),
            ("\u{202e}321 rk", "321 rk"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("漢 \u{e000} \u{fffe}", "□ □ □"),
            ("one\r\ntwo\u{2028}three", "one\ntwo\nthree"),
            ("čđŋšŧž Ʒʒ ǥ Ж Ω €", "čđŋšŧž Ʒʒ ǥ Ж Ω €"),
        ];
        for (given, wanted) in cases {
            assert_eq!(clean(given), wanted);
        }
    }

    #[test]
    fn lines_keep_their_width_and_lose_no_letter() {
        let texts = [
            "Månedsbeløp for strøm og nettleie i Kárášjohka",
            "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
            "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p",
            "1 234 567 890",
        ];
        for text in texts {
            for width in [1.0, 20.0, 55.0, 300.0] {
                let lines = wrap(text, STYLE, width);
                assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<String>(), text);
                let is_one_cluster = |line: &Line| line.text.trim().chars().count() == 1;
                assert!(lines.iter().all(|line| line.width <= width || is_one_cluster(line)), "{text} in {width}");
                assert!(fit(text, STYLE, width).width <= width);
            }
        }
    }

    #[test]
    fn accents_stay_with_their_letters() {
        let text = "q\u{300}".repeat(20);
        for line in wrap(&text, STYLE, 12.0) {
            assert!(line.text.starts_with('q') && line.text.ends_with('\u{300}'), "{:?}", line.text);
        }
    }

    #[test]
    fn figures_are_all_of_one_width() {
        let widths: Vec<f32> = "0123456789".chars().map(|figure| line(&figure.to_string(), STYLE).width).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
        assert_eq!(line("1\u{a0}177,11", STYLE).width, line("8\u{a0}484,74", STYLE).width);
    }

    #[test]
    fn a_balanced_text_has_no_word_alone_on_its_last_line() {
        let text = "Fordringen er overdratt og kan bare betales med frigjørende virkning til kontoen over.";
        let lines = balance(text, STYLE, 330.0);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].width > lines[0].width / 2.0);
    }
}
