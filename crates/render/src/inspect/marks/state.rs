//! The part of a page's graphics state (ISO 32000-1, 8.4 and 9.3) that decides where something is drawn and whether it shows.

use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use hayro_syntax::page::Resources;

use super::places::{Frame, Matrix, plain};

/// Whether a colour shows on white paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// White.
    None,
    /// A colour.
    Seen,
    /// A pattern, or a colour of a space that is not looked into.
    Unknown,
}

/// What the values of a colour space mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// Light: all ones is white.
    Light,
    /// Ink: all noughts is white.
    Ink,
    /// Not looked into.
    Other,
}

impl Space {
    fn named(name: &str, resources: &Resources<'_>) -> Space {
        match name {
            "DeviceGray" | "DeviceRGB" | "CalGray" | "CalRGB" | "G" | "RGB" => Space::Light,
            "DeviceCMYK" | "CMYK" => Space::Ink,
            _ => {
                let space = resources.color_spaces.get::<Array<'_>>(name).unwrap_or_default();
                let mut parts = space.flex_iter();
                let kind = parts.next::<Name<'_>>();
                match kind.as_ref().map(|kind| kind.as_str()) {
                    Some("CalGray" | "CalRGB") => Space::Light,
                    Some("Separation" | "DeviceN") => Space::Ink,
                    Some("ICCBased") => match parts.next::<Stream<'_>>().and_then(|profile| profile.dict().get::<i32>("N")) {
                        Some(1 | 3) => Space::Light,
                        Some(4) => Space::Ink,
                        _ => Space::Other,
                    },
                    _ => Space::Other,
                }
            }
        }
    }

    fn ink(self, values: &[Number]) -> Ink {
        const NEARLY: f64 = 0.005;
        let is_white = match self {
            Space::Light => values.iter().all(|value| plain(value) >= 1.0 - NEARLY),
            Space::Ink => values.iter().all(|value| plain(value) <= NEARLY),
            Space::Other => return Ink::Unknown,
        };
        if is_white { Ink::None } else { Ink::Seen }
    }

    /// The colour that a space begins with (8.6.5): black, or full ink.
    fn first(self) -> Ink {
        if self == Space::Other { Ink::Unknown } else { Ink::Seen }
    }
}

/// The state of the text.
#[derive(Debug, Clone)]
pub(super) struct Text<'a> {
    pub matrix: Matrix,
    line: Matrix,
    pub font: Option<Dict<'a>>,
    pub size: f64,
    pub horizontal: f64,
    pub rise: f64,
    leading: f64,
    pub mode: i64,
}

/// What is kept while a page is walked.
#[derive(Debug, Clone)]
pub(super) struct State<'a> {
    pub ctm: Matrix,
    /// What can be seen at all.
    pub clip: Frame,
    pub fill: Ink,
    pub stroke: Ink,
    fill_space: Space,
    stroke_space: Space,
    pub line_width: f64,
    /// Whether things show as they are drawn: not transparent, masked, or in a layer that may be off.
    pub is_plain: bool,
    /// The frame of the path so far, and whether it is to clip.
    pub path: Option<Frame>,
    clips: bool,
    pub text: Text<'a>,
}

impl<'a> State<'a> {
    /// What a page begins with.
    pub(super) fn new(ctm: Matrix, clip: Frame) -> State<'a> {
        let text = Text {
            matrix: Matrix::SAME,
            line: Matrix::SAME,
            font: None,
            size: 0.0,
            horizontal: 1.0,
            rise: 0.0,
            leading: 0.0,
            mode: 0,
        };
        State {
            ctm,
            clip,
            fill: Ink::Seen,
            stroke: Ink::Seen,
            fill_space: Space::Light,
            stroke_space: Space::Light,
            line_width: 1.0,
            is_plain: true,
            path: None,
            clips: false,
            text,
        }
    }

    /// Transparency and masks (11.6.4): what is drawn under them may not show. They are not followed back.
    pub(super) fn set_parameters(&mut self, parameters: &Dict<'a>) {
        let is_opaque = |key: &str| parameters.get::<f32>(key).is_none_or(|alpha| alpha >= 1.0);
        let is_unmasked = match parameters.get::<Object<'a>>("SMask") {
            None => true,
            Some(Object::Name(name)) => name.as_str() == "None",
            Some(_) => false,
        };
        self.is_plain &= is_opaque("ca") && is_opaque("CA") && is_unmasked;
        self.line_width = parameters.get::<f32>("LW").map_or(self.line_width, f64::from);
    }

    /// Colours and the width of lines. Answers whether this was one of their operators.
    pub(super) fn follow_color(&mut self, operator: &Op<'_, '_>, resources: &Resources<'_>) -> bool {
        let mut fill = |space: Space, ink: Ink| (self.fill_space, self.fill) = (space, ink);
        match operator {
            Op::NonStrokeColorDeviceGray(gray) => fill(Space::Light, Space::Light.ink(&[gray.0])),
            Op::NonStrokeColorDeviceRgb(rgb) => fill(Space::Light, Space::Light.ink(&[rgb.0, rgb.1, rgb.2])),
            Op::NonStrokeColorCmyk(ink) => fill(Space::Ink, Space::Ink.ink(&[ink.0, ink.1, ink.2, ink.3])),
            Op::ColorSpaceNonStroke(name) => {
                let space = Space::named(name.0.as_str(), resources);
                fill(space, space.first());
            }
            Op::NonStrokeColor(values) => self.fill = self.fill_space.ink(&values.0),
            Op::NonStrokeColorNamed(values) => {
                self.fill = if values.1.is_some() { Ink::Unknown } else { self.fill_space.ink(&values.0) };
            }
            _ => return self.follow_stroke_color(operator, resources),
        }
        true
    }

    fn follow_stroke_color(&mut self, operator: &Op<'_, '_>, resources: &Resources<'_>) -> bool {
        let mut stroke = |space: Space, ink: Ink| (self.stroke_space, self.stroke) = (space, ink);
        match operator {
            Op::StrokeColorDeviceGray(gray) => stroke(Space::Light, Space::Light.ink(&[gray.0])),
            Op::StrokeColorDeviceRgb(rgb) => stroke(Space::Light, Space::Light.ink(&[rgb.0, rgb.1, rgb.2])),
            Op::StrokeColorCmyk(ink) => stroke(Space::Ink, Space::Ink.ink(&[ink.0, ink.1, ink.2, ink.3])),
            Op::ColorSpaceStroke(name) => {
                let space = Space::named(name.0.as_str(), resources);
                stroke(space, space.first());
            }
            Op::StrokeColor(values) => self.stroke = self.stroke_space.ink(&values.0),
            Op::StrokeColorNamed(values) => {
                self.stroke = if values.1.is_some() { Ink::Unknown } else { self.stroke_space.ink(&values.0) };
            }
            Op::LineWidth(width) => self.line_width = plain(&width.0),
            _ => return false,
        }
        true
    }

    /// Paths and the coordinate system. The frame of a curve's control points holds the curve.
    pub(super) fn follow_path(&mut self, operator: &Op<'_, '_>) -> bool {
        match operator {
            Op::Transform(m) => self.ctm = Matrix::of_numbers([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5]).then(self.ctm),
            Op::MoveTo(to) => self.point(&to.0, &to.1),
            Op::LineTo(to) => self.point(&to.0, &to.1),
            Op::CubicTo(curve) => {
                self.point(&curve.0, &curve.1);
                self.point(&curve.2, &curve.3);
                self.point(&curve.4, &curve.5);
            }
            Op::CubicStartTo(curve) => {
                self.point(&curve.0, &curve.1);
                self.point(&curve.2, &curve.3);
            }
            Op::CubicEndTo(curve) => {
                self.point(&curve.0, &curve.1);
                self.point(&curve.2, &curve.3);
            }
            Op::RectPath(area) => {
                let [x, y, width, height] = [&area.0, &area.1, &area.2, &area.3].map(plain);
                self.add(self.ctm.frame(x, y, x + width, y + height));
            }
            Op::ClipNonZero(_) | Op::ClipEvenOdd(_) => self.clips = true,
            Op::ClosePath(_) => {}
            _ => return false,
        }
        true
    }

    fn point(&mut self, x: &Number, y: &Number) {
        self.add(Frame::around(self.ctm.apply(plain(x), plain(y))));
    }

    fn add(&mut self, frame: Frame) {
        self.path = Some(self.path.map_or(frame, |path| path.with(frame)));
    }

    /// After an operator that paints, or ends a path without painting.
    pub(super) fn end_path(&mut self) {
        if let (true, Some(path)) = (self.clips, self.path) {
            self.clip = self.clip.within(path);
        }
        (self.path, self.clips) = (None, false);
    }

    /// Where the next text stands and how it is set. The cursor stays at the beginning of what is shown: how wide that is, is not known.
    pub(super) fn follow_text(&mut self, operator: &Op<'_, '_>) -> bool {
        match operator {
            Op::BeginText(_) => (self.text.matrix, self.text.line) = (Matrix::SAME, Matrix::SAME),
            Op::SetTextMatrix(m) => self.set_line(Matrix::of_numbers([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5])),
            Op::NextLine(by) => self.next_line(plain(&by.0), plain(&by.1)),
            Op::NextLineAndSetLeading(by) => {
                self.text.leading = -plain(&by.1);
                self.next_line(plain(&by.0), plain(&by.1));
            }
            // The text itself is shown by the walk.
            Op::NextLineUsingLeading(_) => self.next_line(0.0, -self.text.leading),
            Op::TextLeading(leading) => self.text.leading = plain(&leading.0),
            Op::HorizontalScaling(percent) => self.text.horizontal = plain(&percent.0) / 100.0,
            Op::TextRise(rise) => self.text.rise = plain(&rise.0),
            Op::TextRenderingMode(mode) => self.text.mode = mode.0.as_i64(),
            _ => return false,
        }
        true
    }

    /// To the next line, as the operators do that show text at once.
    pub(super) fn lead(&mut self) {
        self.next_line(0.0, -self.text.leading);
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.set_line(Matrix::moved(x, y).then(self.text.line));
    }

    fn set_line(&mut self, line: Matrix) {
        (self.text.matrix, self.text.line) = (line, line);
    }
}
