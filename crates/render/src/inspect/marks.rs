//! Where a page draws, and with which fonts: a walk over its operators (ISO 32000-1, 8 and 9) that keeps the state that decides about
//! places and colours, and draws nothing.
//!
//! The walk never misses something further left (`clear`), and tells apart what it is sure of (`mark`). How wide a text is needs its
//! font's measures, which are not read: a text that runs to the right begins at its origin, and one that runs to the left may
//! reach the edge.

use std::collections::BTreeSet;

use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, Rect, Stream};
use hayro_syntax::page::{Page, Resources};

use crate::page::WINDOW;
use places::{Frame, Matrix};
use state::{Ink, State};

mod places;
mod state;

/// How much is walked in one file, over all its pages.
pub(super) struct Budget {
    /// Operators. The busiest maps have some hundred thousand on a page.
    operators: usize,
    /// Bytes of operators, unpacked.
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { operators: 2_000_000, bytes: Budget::MOST_BYTES }
    }
}

impl Budget {
    const MOST_BYTES: usize = 128 << 20;
}

/// Drawings inside drawings, as deep as is walked.
const MOST_DEPTH: usize = 12;
/// Saved states at a time.
const MOST_SAVED: usize = 512;

/// What a page draws, in units of the page from its left edge.
pub(super) struct Seen {
    /// Nothing stands further left; the width of the page where it is empty.
    pub clear: f64,
    /// The leftmost thing that is certainly seen.
    pub mark: Option<f64>,
    /// Pieces of text that begin in the window; `None` where a picture lies there.
    pub texts_in_window: Option<u32>,
    /// Whether all of the page was walked.
    pub is_complete: bool,
}

/// Walks over one page. The names of fonts that set text here and are not embedded are added to `fonts`.
pub(super) fn walk(page: &Page<'_>, budget: &mut Budget, fonts: &mut BTreeSet<String>) -> Seen {
    let (width, height) = page.render_dimensions();
    let frame = Frame { left: 0.0, top: 0.0, right: f64::from(width), bottom: f64::from(height) };
    let seen = Seen { clear: frame.right, mark: None, texts_in_window: Some(0), is_complete: true };
    let mut walk = Walk { page: frame, seen, budget, fonts };
    let state = State::new(Matrix(page.initial_transform(true).as_coeffs()), frame);
    match contents(page) {
        Contents::None => {}
        Contents::Of(content) => walk.operators(&content, page.resources(), state.clone(), 0),
        Contents::Unread => walk.seen.is_complete = false,
    }
    walk.annotations(page, &state);
    walk.seen
}

enum Contents {
    None,
    Of(Vec<u8>),
    Unread,
}

/// The content of a page, its parts joined, for an operator may be cut. Unpacked here and dropped after, because many pages can share
/// one content.
fn contents(page: &Page<'_>) -> Contents {
    if let Some(stream) = page.raw().get::<Stream<'_>>("Contents") {
        return unpack(&stream).map_or(Contents::Unread, Contents::Of);
    }
    let Some(parts) = page.raw().get::<Array<'_>>("Contents") else {
        return Contents::None;
    };
    let mut joined = Vec::new();
    for part in parts.iter::<Stream<'_>>() {
        match unpack(&part) {
            Some(content) if joined.len() + content.len() < Budget::MOST_BYTES => joined.extend(content),
            _ => return Contents::Unread,
        }
        joined.push(b' ');
    }
    Contents::Of(joined)
}

/// A picture's stream is never unpacked: it was not weighed.
fn unpack(stream: &Stream<'_>) -> Option<Vec<u8>> {
    if is_picture(stream.dict()) { None } else { Some(stream.decoded_data().ok()?.into_owned()) }
}

fn is_picture(dictionary: &Dict<'_>) -> bool {
    dictionary.get::<Name<'_>>("Subtype").is_some_and(|kind| kind.as_str() == "Image")
}

struct Walk<'w> {
    page: Frame,
    seen: Seen,
    budget: &'w mut Budget,
    fonts: &'w mut BTreeSet<String>,
}

impl Walk<'_> {
    fn operators<'a>(&mut self, content: &[u8], resources: &Resources<'a>, begin: State<'a>, depth: usize) {
        let Some(bytes) = self.budget.bytes.checked_sub(content.len()) else {
            self.seen.is_complete = false;
            return;
        };
        self.budget.bytes = bytes;
        let mut saved: Vec<State<'a>> = Vec::new();
        // Marked contents that are open, and how many of them lie around the first that is a layer, which may be off.
        let (mut open, mut layer): (usize, Option<(usize, bool)>) = (0, None);
        let mut state = begin;
        let mut operators = TypedIter::new(content);
        while let Some(operator) = operators.next() {
            let Some(left) = self.budget.operators.checked_sub(1) else {
                self.seen.is_complete = false;
                return;
            };
            self.budget.operators = left;
            match &operator {
                Op::SaveState(_) if saved.len() < MOST_SAVED => saved.push(state.clone()),
                Op::SaveState(_) => {
                    self.seen.is_complete = false;
                    return;
                }
                Op::RestoreState(_) => state = saved.pop().unwrap_or(state),
                Op::XObject(name) => self.drawing(name.0, resources, &state, depth),
                Op::InlineImage(_) => self.picture(&state),
                Op::Shading(_) => self.possible(state.clip),
                Op::BeginMarkedContent(_) => open += 1,
                Op::BeginMarkedContentWithProperties(content) => {
                    if content.0.as_str() == "OC" && layer.is_none() {
                        layer = Some((open, state.is_plain));
                        state.is_plain = false;
                    }
                    open += 1;
                }
                Op::EndMarkedContent(_) => {
                    open = open.saturating_sub(1);
                    if let Some((_, was_plain)) = layer.filter(|(outside, _)| *outside == open) {
                        (state.is_plain, layer) = (was_plain, None);
                    }
                }
                Op::SetGraphicsState(name) => {
                    let parameters = resources.get_ext_g_state(name.0).unwrap_or_default();
                    state.set_parameters(&parameters);
                }
                Op::TextFont(font) => {
                    state.text.font = resources.get_font(font.0);
                    state.text.size = font.1.as_f64();
                }
                _ => self.operator(&operator, resources, &mut state),
            }
        }
    }

    fn operator(&mut self, operator: &Op<'_, '_>, resources: &Resources<'_>, state: &mut State<'_>) {
        if state.follow_color(operator, resources) || state.follow_path(operator) || state.follow_text(operator) {
            return;
        }
        match operator {
            Op::FillPathNonZero(_) | Op::FillPathNonZeroCompatibility(_) | Op::FillPathEvenOdd(_) => self.fill(state),
            Op::StrokePath(_) | Op::CloseAndStrokePath(_) => self.stroke(state),
            Op::FillAndStrokeNonZero(_)
            | Op::FillAndStrokeEvenOdd(_)
            | Op::CloseFillAndStrokeNonZero(_)
            | Op::CloseFillAndStrokeEvenOdd(_) => {
                self.fill(state);
                self.stroke(state);
            }
            Op::EndPath(_) => {}
            _ => return self.shows(operator, state),
        }
        state.end_path();
    }

    fn shows(&mut self, operator: &Op<'_, '_>, state: &mut State<'_>) {
        match operator {
            Op::ShowText(text) => self.text(state, text.0.as_bytes(), 0.0),
            Op::ShowTexts(pieces) => self.texts(state, pieces.0),
            Op::NextLineAndShowText(text) => {
                state.lead();
                self.text(state, text.0.as_bytes(), 0.0);
            }
            Op::ShowTextWithParameters(text) => {
                state.lead();
                self.text(state, text.2.as_bytes(), 0.0);
            }
            _ => {}
        }
    }

    fn fill(&mut self, state: &State<'_>) {
        if let Some(path) = state.path {
            self.put(path.within(state.clip), state.fill, state);
        }
    }

    fn stroke(&mut self, state: &State<'_>) {
        if let Some(path) = state.path {
            // Corners reach a little beyond half the width; only hair-thin spikes reach further.
            let reach = state.line_width.abs() * state.ctm.scale() * 0.75;
            self.put(path.grown(reach).within(state.clip), state.stroke, state);
        }
    }

    /// A row of texts with steps between them, in thousandths of the size, positive to the left.
    fn texts(&mut self, state: &State<'_>, pieces: &Array<'_>) {
        /// A larger step back is no kerning: what comes next may stand further left than what came before.
        const BACK: f64 = 500.0;
        let mut step = 0.0;
        let mut is_begun = false;
        for piece in pieces.raw_iter() {
            match piece {
                MaybeRef::NotRef(Object::Number(number)) if !is_begun => step -= number.as_f64() / 1000.0,
                MaybeRef::NotRef(Object::Number(number)) if number.as_f64() > BACK => self.possible(state.clip),
                MaybeRef::NotRef(Object::String(text)) if !is_begun && !text.as_bytes().is_empty() => {
                    is_begun = true;
                    self.text(state, text.as_bytes(), step);
                }
                _ => {}
            }
        }
    }

    /// A text that begins `step` sizes from where the last one set the cursor.
    fn text(&mut self, state: &State<'_>, text: &[u8], step: f64) {
        // Rendering mode 3 and 7 show nothing (9.3.6): the letters behind a scanned page.
        let is_shown = !matches!(state.text.mode, 3 | 7);
        // A blank is 0x20, or in most fonts of two bytes 0x0003.
        let is_blank = text.iter().all(|byte| matches!(byte, 0 | 3 | b' '));
        if !is_shown || is_blank || text.is_empty() {
            return;
        }
        if let Some(font) = &state.text.font {
            self.fonts.extend(missing_font(font));
        }
        let matrix = state.text.matrix.then(state.ctm);
        let scale = state.text.horizontal * state.text.size;
        let origin = matrix.apply(step * scale, state.text.rise);
        // From below the line to the top of the letters, in sizes: ample for every script.
        const DOWN: f64 = 0.35;
        const UP: f64 = 1.1;
        let across = |sizes: f64| matrix.0[2] * sizes * state.text.size;
        let thickness = across(UP).min(across(-DOWN)).min(0.0);
        // Up and down by as much, or without end where it does not run along the page.
        let is_level = (matrix.0[1] * scale).abs() < 1e-3 * (matrix.0[0] * scale).abs().max(1e-6);
        let reach = if is_level { (matrix.0[3] * UP * state.text.size).abs() } else { f64::INFINITY };
        let runs = matrix.0[0] * scale;
        let runs_left = runs < -1e-3 * (matrix.0[1] * scale).abs().max(1e-6);
        let left = match runs_left {
            true => f64::NEG_INFINITY,
            // Letters lean and hang out of their places a little; upright text does not stand on its side.
            false if is_level => origin.0,
            false => origin.0 + thickness,
        };
        let ink = if matches!(state.text.mode, 1 | 5) { state.stroke } else { state.fill };
        // How far it runs is not known, so that all to the right may be letters.
        let line = Frame { left, top: origin.1 - reach, right: f64::INFINITY, bottom: origin.1 + reach };
        if ink != Ink::None {
            self.possible(line.within(state.clip));
        }
        if ink == Ink::Seen && state.is_plain && state.clip.holds(origin) {
            self.mark(origin.0);
        }
        let window = window();
        if window.holds(origin) && ink != Ink::None && state.clip.holds(origin) {
            self.seen.texts_in_window = self.seen.texts_in_window.map(|count| count.saturating_add(1));
        }
    }

    fn drawing<'a>(&mut self, name: &Name<'_>, resources: &Resources<'a>, state: &State<'a>, depth: usize) {
        let Some(stream) = resources.get_x_object(name) else { return };
        let dictionary = stream.dict();
        if is_picture(dictionary) {
            self.picture(state);
            return;
        }
        let content = if depth < MOST_DEPTH { unpack(&stream) } else { None };
        let Some(content) = content else {
            self.seen.is_complete = false;
            return;
        };
        let mut inner = state.clone();
        if let Some(matrix) = dictionary.get::<Array<'_>>("Matrix").and_then(|array| Matrix::of(&array)) {
            inner.ctm = matrix.then(inner.ctm);
        }
        if let Some(frame) = dictionary.get::<Rect>("BBox") {
            inner.clip = inner.clip.within(inner.ctm.frame(frame.x0, frame.y0, frame.x1, frame.y1));
        }
        inner.is_plain &= !dictionary.contains_key("OC");
        inner.path = None;
        let own = dictionary.get::<Dict<'_>>("Resources").map(Resources::new);
        self.operators(&content, own.as_ref().unwrap_or(resources), inner, depth + 1);
    }

    /// A picture fills the unit square (8.9.5).
    fn picture(&mut self, state: &State<'_>) {
        let frame = state.ctm.frame(0.0, 0.0, 1.0, 1.0).within(state.clip);
        self.possible(frame);
        if !frame.within(window()).is_empty() {
            self.seen.texts_in_window = None;
        }
    }

    /// Fields, stamps and notes: their frames (12.5.2), unless they are hidden or only a link.
    fn annotations(&mut self, page: &Page<'_>, state: &State<'_>) {
        const HIDDEN: i32 = 1 << 1;
        let Some(annotations) = page.raw().get::<Array<'_>>("Annots") else { return };
        for annotation in annotations.iter::<Dict<'_>>() {
            let Some(left) = self.budget.operators.checked_sub(1) else { return };
            self.budget.operators = left;
            let kind = annotation.get::<Name<'_>>("Subtype");
            let is_drawn = !kind.is_some_and(|kind| matches!(kind.as_str(), "Link" | "Popup"));
            let is_hidden = annotation.get::<i32>("F").unwrap_or(0) & HIDDEN != 0;
            let frame = annotation.get::<Rect>("Rect").filter(|_| is_drawn && !is_hidden);
            if let Some(frame) = frame {
                self.possible(state.ctm.frame(frame.x0, frame.y0, frame.x1, frame.y1));
            }
        }
    }

    fn put(&mut self, frame: Frame, ink: Ink, state: &State<'_>) {
        if ink == Ink::None {
            return;
        }
        self.possible(frame);
        let frame = frame.within(self.page);
        // What is thinner than a tenth of a point or lies outside is nothing that a reader sees.
        if ink == Ink::Seen && state.is_plain && !frame.is_empty() {
            self.mark(frame.left);
        }
    }

    fn possible(&mut self, frame: Frame) {
        let frame = frame.within(self.page);
        if !frame.is_empty() {
            self.lower(frame.left);
        }
    }

    fn lower(&mut self, left: f64) {
        self.seen.clear = self.seen.clear.min(if left.is_finite() { left.max(0.0) } else { 0.0 });
    }

    fn mark(&mut self, left: f64) {
        if left.is_finite() && (self.page.left..self.page.right).contains(&left) {
            self.seen.mark = Some(self.seen.mark.map_or(left, |mark| mark.min(left)));
        }
    }
}

fn window() -> Frame {
    Frame {
        left: f64::from(WINDOW.left),
        top: f64::from(WINDOW.top),
        right: f64::from(WINDOW.left + WINDOW.width),
        bottom: f64::from(WINDOW.bottom()),
    }
}

/// The name of a font that brings no program along; `None` where it does (ISO 32000-1, 9.9). A font of type 3 is drawn by the
/// document itself.
fn missing_font(font: &Dict<'_>) -> Option<String> {
    let kind = font.get::<Name<'_>>("Subtype");
    let kind = kind.as_ref().map_or("", |kind| kind.as_str());
    if kind == "Type3" {
        return None;
    }
    let inner = if kind == "Type0" {
        font.get::<Array<'_>>("DescendantFonts").and_then(|fonts| fonts.iter::<Dict<'_>>().next())
    } else {
        Some(font.clone())
    };
    let descriptor = inner.and_then(|font| font.get::<Dict<'_>>("FontDescriptor")).unwrap_or_default();
    let is_embedded = ["FontFile", "FontFile2", "FontFile3"].iter().any(|key| descriptor.contains_key(key));
    let name = || font.get::<Name<'_>>("BaseFont").map_or_else(|| "?".to_owned(), |name| readable(name.as_str()));
    (!is_embedded).then(name)
}

/// A name as one can show it: no controls, and not endless.
fn readable(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(80).collect()
}
