//! The sheet of paper: its measures, what can stand on it, and the cursor that fills one page after the other.
//!
//! Measures are public because print shops and tests check them. What stands where is decided in `compose`, how it becomes a PDF in
//! `paint`.

use crate::RenderError;
use crate::look::Color;
use crate::typeface::{self, Line};

/// One millimetre in points.
pub const MM: f32 = 72.0 / 25.4;
/// A4, 210 mm.
pub const WIDTH: f32 = 210.0 * MM;
/// A4, 297 mm.
pub const HEIGHT: f32 = 297.0 * MM;
/// Left and right margin, 20 mm. Norwegian public print wants at least 18 mm on the left, Digipost 15 mm.
pub const MARGIN: f32 = 20.0 * MM;
/// The width between the margins, 170 mm.
pub const MEASURE: f32 = WIDTH - 2.0 * MARGIN;
/// The window of a Norwegian C5 envelope over an A4 sheet folded once: 15 mm from the left, 44 mm from the top, 105 x 35 mm. Nothing but
/// the recipient's address and the return address stands in it.
pub const WINDOW: Area = Area { left: 15.0 * MM, top: 44.0 * MM, width: 105.0 * MM, height: 35.0 * MM };
/// Where the recipient's address is set: inside [`WINDOW`] and inside the window of a C6/5 envelope (39 to 74 mm from the top), with room
/// for the sheet to slide.
pub const ADDRESS: Area = Area { left: MARGIN, top: 51.0 * MM, width: 92.0 * MM, height: 22.5 * MM };
/// As far from the right edge as [`WINDOW`] is from the left, for envelopes with the window on the right.
pub const RIGHT_WINDOW: Area = Area { left: WIDTH - WINDOW.left - WINDOW.width, ..WINDOW };
/// [`ADDRESS`] in it.
pub const RIGHT_ADDRESS: Area = Area { left: RIGHT_WINDOW.left + (ADDRESS.left - WINDOW.left), ..ADDRESS };
/// Where the text of the second and later pages begins, 27 mm from the top.
pub const LATER_TOP: f32 = 27.0 * MM;
/// The distance of the last line, the page number, from the bottom edge: 10 mm, beyond the reach of no printer.
pub const FOOT: f32 = 10.0 * MM;
/// No document has more pages: it is ten times what print shops take, and a few times the longest real bill.
pub const MOST_PAGES: usize = 1_000;

/// A rectangle on the page, in points from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// From the left edge of the sheet.
    pub left: f32,
    /// From the top edge of the sheet.
    pub top: f32,
    /// To the right.
    pub width: f32,
    /// Downwards.
    pub height: f32,
}

impl Area {
    /// Its lower edge.
    pub fn bottom(self) -> f32 {
        self.top + self.height
    }
}

/// Heights are summed in another order when they are measured than when they are drawn; that is not a reason for a new page.
const ROUNDING: f32 = 0.05;

/// A laid-out document.
pub(crate) struct Document {
    pub title: String,
    pub author: String,
    pub pages: Vec<Page>,
    pub nodes: Vec<Node>,
}

/// One page, its items in reading order.
#[derive(Default)]
pub(crate) struct Page {
    pub items: Vec<Item>,
}

/// A thing on a page and what it belongs to.
pub(crate) struct Item {
    pub owner: Owner,
    pub shape: Shape,
}

/// What an item is to a reader who hears the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Part of the text.
    Node(NodeId),
    /// Repeated at the head of a page.
    Header,
    /// Repeated at the foot of a page.
    Footer,
    /// Lines and panels.
    Ornament,
}

/// What is drawn.
pub(crate) enum Shape {
    /// `x` and the baseline `y`, in points from the top left.
    Text { x: f32, y: f32, line: Line },
    /// A horizontal hairline.
    Rule { x: f32, y: f32, width: f32, weight: f32, color: Color },
    /// A filled rectangle.
    Panel { area: Area, color: Color },
    /// The logo.
    Logo { area: Area },
}

/// The position of a [`Node`] in [`Document::nodes`].
pub(crate) type NodeId = usize;

/// A node of the structure tree (ISO 32000-1, 14.8). Parents come before their children, and children in reading order.
pub(crate) struct Node {
    pub role: Role,
    pub parent: Option<NodeId>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Role {
    /// The one heading.
    Title(String),
    /// A group of other nodes.
    Section,
    /// A paragraph.
    Paragraph,
    /// A table with its summary.
    Table(String),
    /// A row of a table.
    Row,
    /// A header cell above a column.
    ColumnHead,
    /// A header cell before a row.
    RowHead,
    /// A cell.
    Cell,
    /// A picture with its description.
    Figure(String),
}

/// The document while it grows: pages, structure, and how far down the current page is filled.
pub(crate) struct Sheet {
    pub pages: Vec<Page>,
    pub nodes: Vec<Node>,
    /// The next free height on the current page.
    pub y: f32,
    /// Where the text of every page ends, above the foot.
    pub bottom: f32,
}

impl Sheet {
    pub(crate) fn new(bottom: f32) -> Sheet {
        Sheet { pages: vec![Page::default()], nodes: Vec::new(), y: 0.0, bottom }
    }

    /// A new node of the structure.
    pub(crate) fn node(&mut self, role: Role, parent: Option<NodeId>) -> NodeId {
        self.nodes.push(Node { role, parent });
        self.nodes.len() - 1
    }

    /// Puts something on the current page.
    pub(crate) fn put(&mut self, owner: Owner, shape: Shape) {
        if let Some(page) = self.pages.last_mut() {
            page.items.push(Item { owner, shape });
        }
    }

    /// Puts a line whose top is at `top` with its left end at `x`.
    pub(crate) fn left(&mut self, owner: Owner, line: Line, x: f32, top: f32) {
        let y = line.style.baseline(top);
        self.put(owner, Shape::Text { x, y, line });
    }

    /// Puts a line whose top is at `top` with its right end at `x`.
    pub(crate) fn right(&mut self, owner: Owner, line: Line, x: f32, top: f32) {
        let left = x - line.width;
        self.left(owner, line, left, top);
    }

    /// Puts lines below each other and answers the height below the last.
    pub(crate) fn stack(&mut self, owner: Owner, lines: Vec<Line>, x: f32, top: f32) -> f32 {
        let mut y = top;
        for line in lines {
            let lead = line.style.lead;
            self.left(owner, line, x, y);
            y += lead;
        }
        y
    }

    /// A hairline over the whole measure, or a part of it.
    pub(crate) fn rule(&mut self, x: f32, width: f32, y: f32, weight: f32, color: Color) {
        self.put(Owner::Ornament, Shape::Rule { x, y, width, weight, color });
    }

    /// Goes to a new page.
    pub(crate) fn turn(&mut self) -> Result<(), RenderError> {
        if self.pages.len() == MOST_PAGES {
            return Err(RenderError::TooLong);
        }
        self.pages.push(Page::default());
        self.y = LATER_TOP;
        Ok(())
    }

    /// Goes to a new page where less than `height` is left, unless the page is empty: then no page has more.
    pub(crate) fn need(&mut self, height: f32) -> Result<(), RenderError> {
        let is_fresh = self.pages.len() > 1 && self.y <= LATER_TOP;
        if self.y + height > self.bottom + ROUNDING && !is_fresh { self.turn() } else { Ok(()) }
    }

    /// What fits on a page that holds nothing else.
    pub(crate) fn capacity(&self) -> f32 {
        self.bottom - LATER_TOP
    }

    /// Sets lines in the flow, over pages where they are many. A few lines stay together.
    pub(crate) fn flow(&mut self, owner: Owner, lines: Vec<Line>, x: f32) -> Result<(), RenderError> {
        const TOGETHER: usize = 4;
        if lines.len() <= TOGETHER {
            self.need(typeface::height(&lines))?;
        }
        for line in lines {
            let lead = line.style.lead;
            self.need(lead)?;
            let top = self.y;
            self.left(owner, line, x, top);
            self.y += lead;
        }
        Ok(())
    }
}
