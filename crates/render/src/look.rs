//! What a company chooses about its documents: language, logo, colour, texts, and whom the money goes to.
//!
//! Nothing here changes what the invoice says, except [`PaymentOverride`], which replaces its payment instructions as a sale demands.

use jiff::Timestamp;
use krilla::Data;
use krilla::image::Image;
use kvitt_domain::language::Language;

/// How a document is drawn.
#[derive(Debug, Clone)]
pub struct Look {
    /// The language of labels, dates and numbers. The sender's own texts are shown as they are.
    pub language: Language,
    /// The sender's logo; without one the sender's name stands in its place.
    pub logo: Option<Logo>,
    /// The colour of the few things that have one.
    pub accent: Color,
    /// A greeting or explanation above the lines.
    pub text_before: Option<String>,
    /// A line at the foot of every page, such as opening hours.
    pub footer: Option<String>,
    /// Payment instructions that replace those of the invoice, in a rendition sold to a financier.
    pub payment: Option<PaymentOverride>,
    /// When this rendition is made. It stands in the file's metadata, so that the same rendition is the same bytes.
    pub made_at: Timestamp,
}

impl Look {
    /// The house style in a language: no logo, no texts, the invoice's own payment instructions.
    pub fn plain(language: Language, made_at: Timestamp) -> Look {
        Look { language, logo: None, accent: Color::FJORD, text_before: None, footer: None, payment: None, made_at }
    }
}

/// Payment instructions in place of the invoice's own. What is absent here is absent on the document: the sender's KID never
/// stands beside a financier's account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentOverride {
    /// Whom to pay; absent: the seller.
    pub payee: Option<String>,
    /// The account: eleven Norwegian digits, or an IBAN.
    pub account: String,
    /// Its BIC, for payments from abroad.
    pub bic: Option<String>,
    /// The KID.
    pub kid: Option<String>,
    /// What the law or the financier wants said, such as the notice of assignment.
    pub text: Option<String>,
}

/// A file to put inside the PDF, as PDF/A-3 allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// A bare file name, unique in the document.
    pub name: String,
    /// Its media type, such as `application/xml`.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// What it is to the document.
    pub relationship: Relationship,
}

/// `AFRelationship`, ISO 19005-3:2012 annex E.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relationship {
    /// Says the same in another form: the UBL document.
    Alternative,
    /// The PDF was made from it.
    Source,
    /// Comes in addition, such as a time sheet.
    Supplement,
}

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color {
    /// 0 to 255.
    pub red: u8,
    /// 0 to 255.
    pub green: u8,
    /// 0 to 255.
    pub blue: u8,
}

impl Color {
    /// The house colour, a deep blue-green.
    pub const FJORD: Color = Color::new(0x14, 0x4b, 0x5c);
    pub(crate) const INK: Color = Color::new(0x1a, 0x1f, 0x24);
    pub(crate) const QUIET: Color = Color::new(0x5b, 0x65, 0x6e);
    pub(crate) const HAIR: Color = Color::new(0xd5, 0xda, 0xde);
    const WHITE: Color = Color::new(0xff, 0xff, 0xff);

    /// A colour from its three parts.
    pub const fn new(red: u8, green: u8, blue: u8) -> Color {
        Color { red, green, blue }
    }

    /// Reads `#144b5c` or `144b5c`; anything else is `None`.
    pub fn parse(text: &str) -> Option<Color> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let part = |from: usize| u8::from_str_radix(&digits[from..from + 2], 16).ok();
        Some(Color::new(part(0)?, part(2)?, part(4)?))
    }

    /// This colour with white, `percent` of it left: what a panel is filled with.
    pub(crate) fn tint(self, percent: u16) -> Color {
        let mix = |part: u8, white: u8| {
            let mixed = (u16::from(part) * percent + u16::from(white) * (100 - percent)) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Color::new(mix(self.red, Color::WHITE.red), mix(self.green, Color::WHITE.green), mix(self.blue, Color::WHITE.blue))
    }

    /// Whether text of this colour can be read on a panel of its own tint: WCAG 2.2, 1.4.3 wants 4.5 : 1, or 3 : 1 for large text.
    /// A company's yellow is fine as a colour and useless as ink.
    pub(crate) fn is_readable(self) -> bool {
        (Color::WHITE.luminance() + 0.05) / (self.luminance() + 0.05) >= 4.5
    }

    fn luminance(self) -> f32 {
        let linear = |part: u8| {
            let share = f32::from(part) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

/// A logo that can be drawn. Cloning is cheap, and a logo kept between documents is decoded once.
#[derive(Debug, Clone)]
pub struct Logo {
    pub(crate) image: Image,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Why a file cannot be a logo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// Neither PNG nor JPEG.
    #[error("the logo is neither PNG nor JPEG")]
    NoPicture,
    /// More than [`Logo::MOST_BYTES`] bytes.
    #[error("the logo is larger than {} kB", Logo::MOST_BYTES / 1000)]
    TooManyBytes,
    /// A side of 0 pixels or of more than [`Logo::MOST_PIXELS`].
    #[error("the logo is {width} x {height} pixels; each side may have 1 to {}", Logo::MOST_PIXELS)]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
}

impl Logo {
    /// Every PDF carries the logo, and routes have size limits, so it must be small.
    pub const MOST_BYTES: usize = 300_000;
    /// 60 mm at 600 dots per inch is 1,417 pixels; more is never seen.
    pub const MOST_PIXELS: u32 = 3_000;

    /// Takes a PNG or JPEG file. The pixels are decoded when the first document is drawn.
    ///
    /// # Errors
    /// [`LogoError`] where the file is something else, or too large.
    pub fn parse(bytes: Vec<u8>) -> Result<Logo, LogoError> {
        if bytes.len() > Logo::MOST_BYTES {
            return Err(LogoError::TooManyBytes);
        }
        let is_png = bytes.starts_with(b"\x89PNG\r\n\x1a\n");
        let is_jpeg = bytes.starts_with(b"\xff\xd8\xff");
        let data = Data::from(bytes);
        let image = match (is_png, is_jpeg) {
            (true, _) => Image::from_png(data, false),
            (_, true) => Image::from_jpeg(data, false),
            _ => return Err(LogoError::NoPicture),
        };
        let image = image.map_err(|_| LogoError::NoPicture)?;
        let (width, height) = image.size();
        let sides = 1..=Logo::MOST_PIXELS;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(LogoError::Size { width, height });
        }
        Ok(Logo { image, width, height })
    }
}
