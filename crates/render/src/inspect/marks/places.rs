//! Matrices and rectangles: where on the page something lies (ISO 32000-1, 8.3).

use hayro_syntax::object::{Array, Number};

/// A number that one can calculate with.
pub(super) fn plain(number: &Number) -> f64 {
    let value = number.as_f64();
    if value.is_finite() { value } else { 0.0 }
}

/// A matrix as PDF writes it: `[a b c d e f]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix(pub [f64; 6]);

impl Matrix {
    /// Leaves everything where it is.
    pub(super) const SAME: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn moved(x: f64, y: f64) -> Matrix {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y])
    }

    pub(super) fn of_numbers(numbers: [&Number; 6]) -> Matrix {
        Matrix(numbers.map(plain))
    }

    /// Six numbers; `None` for anything else.
    pub(super) fn of(array: &Array<'_>) -> Option<Matrix> {
        let mut numbers = array.iter::<Number>();
        let mut matrix = [0.0; 6];
        for value in &mut matrix {
            *value = plain(&numbers.next()?);
        }
        Some(Matrix(matrix))
    }

    /// First this, then the other.
    pub(super) fn then(self, other: Matrix) -> Matrix {
        let ([a, b, c, d, e, f], o) = (self.0, other.0);
        Matrix([
            a * o[0] + b * o[2],
            a * o[1] + b * o[3],
            c * o[0] + d * o[2],
            c * o[1] + d * o[3],
            e * o[0] + f * o[2] + o[4],
            e * o[1] + f * o[3] + o[5],
        ])
    }

    pub(super) fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// The frame around a rectangle.
    pub(super) fn frame(self, x0: f64, y0: f64, x1: f64, y1: f64) -> Frame {
        let [one, two, three, four] = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| Frame::around(self.apply(x, y)));
        one.with(two).with(three).with(four)
    }

    /// How much longer a line can become.
    pub(super) fn scale(self) -> f64 {
        let [a, b, c, d, ..] = self.0;
        a.hypot(b).max(c.hypot(d))
    }
}

/// A rectangle along the edges of the page, from its top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    pub(super) fn around((x, y): (f64, f64)) -> Frame {
        Frame { left: x, top: y, right: x, bottom: y }
    }

    /// The frame around both.
    pub(super) fn with(self, other: Frame) -> Frame {
        Frame {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// The part of it inside the other.
    pub(super) fn within(self, other: Frame) -> Frame {
        Frame {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub(super) fn grown(self, by: f64) -> Frame {
        Frame { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    /// Whether nothing is left of it. A line has no width and is something.
    pub(super) fn is_empty(self) -> bool {
        self.left > self.right || self.top > self.bottom
    }

    pub(super) fn holds(self, (x, y): (f64, f64)) -> bool {
        self.left <= x && x <= self.right && self.top <= y && y <= self.bottom
    }
}
