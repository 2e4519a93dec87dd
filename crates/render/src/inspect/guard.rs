//! What must hold before a foreign PDF is read at all: that nothing in it unpacks to more than a machine has, and that it is not
//! encrypted. The reader itself has no such limits.
//!
//! Every dictionary in the raw bytes is looked at with the reader's own parser, wherever it stands, because a hostile file can
//! point anywhere. Streams are weighed: unpacked in small pieces that are counted and thrown away.

use flate2::{Decompress, FlushDecompress, Status};
use hayro_syntax::object::{Dict, FromBytes, MaybeRef, Name, Object};

use super::NotReadable;

/// What all streams of a file but its pictures may unpack to: fonts, drawings and attachments of the largest letter are a tenth of it.
const MOST_UNPACKED: usize = 256 << 20;
/// What the streams that hold other objects may unpack to: they stay in memory, as objects several times as large.
const MOST_OBJECT_BYTES: usize = 16 << 20;
/// What all pictures, and streams that are not packed, may come to in a file with streams of cross references. Those can call any stream
/// one of objects, and the reader would unpack and keep it; else nobody unpacks a picture.
const MOST_REFERRED: usize = 1 << 30;
/// Dictionaries in a file, and begun in streams of objects. A tagged document of a thousand pages has a third.
const MOST_DICTIONARIES: usize = 500_000;
/// A longer dictionary belongs to no stream: the longest real ones list the names of a whole book.
const LONGEST_DICTIONARY: usize = 256 << 10;
/// Dictionaries lie in each other, so that their bytes are read more than once; never so often in an honest file.
const MOST_READINGS: usize = 32;
/// How many columns a row of a predictor may have: a page at 1200 dots per inch has ten thousand.
const MOST_COLUMNS: i32 = 1 << 20;

/// Refuses what is not safe to read.
pub(super) fn check(bytes: &[u8]) -> Result<(), NotReadable> {
    let mut left = Budget {
        unpacked: MOST_UNPACKED,
        object_bytes: MOST_OBJECT_BYTES,
        dictionaries: MOST_DICTIONARIES,
        if_referred: Some(MOST_REFERRED),
        has_references: false,
    };
    // In random bytes `<<` stands once in 65,536 places, and begins no dictionary there.
    let mut failures = bytes.len() / 16_384 + 1_024;
    let mut readings = bytes.len().saturating_mul(MOST_READINGS);
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], b"<<").map(|at| from + at) {
        from = at + 1;
        take(&mut left.dictionaries, 1)?;
        let end = bytes.len().min(at + LONGEST_DICTIONARY);
        let Some(dictionary) = Dict::from_bytes(&bytes[at..end]) else {
            take(&mut failures, 1)?;
            continue;
        };
        let length = dictionary.data().len();
        take(&mut readings, length)?;
        if let Some(body) = stream_after(&bytes[at + length..]) {
            weigh(&dictionary, body, &mut left)?;
        }
    }
    if left.has_references && left.if_referred.is_none() { Err(NotReadable::Unsafe) } else { Ok(()) }
}

/// Whether the file says that it is encrypted. Looked for in the raw bytes, because the reader decrypts by itself whatever needs no
/// password, and what it decrypts cannot be weighed before.
pub(super) fn is_encrypted(bytes: &[u8]) -> bool {
    let ends_name =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'/' | b'%');
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'/').map(|at| from + at) {
        from = at + 1;
        let end = bytes[from..].iter().position(ends_name).map_or(bytes.len(), |length| from + length);
        // Letters may be spelled as `#45`.
        let is_it = Name::from_bytes(&bytes[at..end]).is_some_and(|name| name.as_str() == "Encrypt");
        // The value is a reference or a dictionary.
        let value = bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace());
        if is_it && value.is_some_and(|byte| *byte == b'<' || byte.is_ascii_digit()) {
            return true;
        }
    }
    false
}

struct Budget {
    unpacked: usize,
    object_bytes: usize,
    dictionaries: usize,
    /// What is left of [`MOST_REFERRED`]; `None` where it is spent.
    if_referred: Option<usize>,
    /// Whether the file has a stream of cross references.
    has_references: bool,
}

fn take(left: &mut usize, amount: usize) -> Result<(), NotReadable> {
    *left = left.checked_sub(amount).ok_or(NotReadable::Unsafe)?;
    Ok(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| *byte == first).map(|at| from + at) {
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// What follows `stream` and the end of its line, where that comes next. To the end of the file: what the stream says of its own
/// length is not believed.
fn stream_after(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match rest {
            [b'%', ..] => rest = &rest[rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?..],
            [0 | b'\t' | b'\n' | 0xc | b'\r' | b' ', after @ ..] => rest = after,
            _ => break,
        }
    }
    match rest.strip_prefix(b"stream")? {
        [b'\r', b'\n', body @ ..] | [b'\n' | b'\r', body @ ..] => Some(body),
        _ => None,
    }
}

/// A filter that makes more of bytes, or as much.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    Hex,
    Base85,
    Deflate,
    /// Lempel-Ziv-Welch makes at most 3,839 bytes of a code of 12 bits (ISO 32000-1, 7.4.4.2).
    LempelZivWelch,
    /// Makes at most 128 bytes of 2 (7.4.5).
    RunLength,
    /// A coding of pictures, which the reader leaves alone, and the whole stream with it.
    Picture,
}

impl Filter {
    fn named(name: &str) -> Option<Filter> {
        Some(match name {
            "ASCIIHexDecode" | "AHx" => Filter::Hex,
            "ASCII85Decode" | "A85" => Filter::Base85,
            "FlateDecode" | "Fl" => Filter::Deflate,
            "LZWDecode" | "LZW" => Filter::LempelZivWelch,
            "RunLengthDecode" | "RL" => Filter::RunLength,
            "DCTDecode" | "DCT" | "JPXDecode" | "JBIG2Decode" | "CCITTFaxDecode" | "CCF" => Filter::Picture,
            _ => return None,
        })
    }
}

fn weigh(dictionary: &Dict<'_>, body: &[u8], left: &mut Budget) -> Result<(), NotReadable> {
    check_widths(dictionary)?;
    left.has_references |= dictionary.contains_key("W");
    if holds_objects(dictionary)? {
        let most = left.object_bytes.min(left.unpacked);
        let unpacked = unpack(dictionary, body, most, Count::Dictionaries)?;
        take(&mut left.unpacked, unpacked.bytes)?;
        take(&mut left.object_bytes, unpacked.bytes)?;
        return take(&mut left.dictionaries, unpacked.dictionaries);
    }
    let subtype = direct(dictionary, "Subtype")?;
    if !matches!(subtype, Some(Object::Name(name)) if name.as_str() == "Image") {
        let unpacked = unpack(dictionary, body, left.unpacked, Count::Bytes)?;
        // What is not packed is read where it lies.
        return match filters(dictionary)?.is_empty() {
            true => {
                left.if_referred = left.if_referred.and_then(|left| left.checked_sub(unpacked.bytes));
                Ok(())
            }
            false => take(&mut left.unpacked, unpacked.bytes),
        };
    }
    if let Some(most) = left.if_referred {
        left.if_referred =
            unpack(dictionary, body, most, Count::Bytes).ok().and_then(|unpacked| most.checked_sub(unpacked.bytes));
    }
    Ok(())
}

/// Whether it can be taken for a stream of objects or of cross references, whatever it says that it is.
fn holds_objects(dictionary: &Dict<'_>) -> Result<bool, NotReadable> {
    let says_so = matches!(direct(dictionary, "Type")?, Some(Object::Name(name)) if matches!(name.as_str(), "ObjStm" | "XRef"));
    Ok(says_so || ["First", "N", "W", "Index"].iter().any(|key| dictionary.contains_key(key)))
}

/// What is counted in what is unpacked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    Bytes,
    /// The beginnings of dictionaries too.
    Dictionaries,
}

fn unpack(dictionary: &Dict<'_>, body: &[u8], most: usize, count: Count) -> Result<Unpacked, NotReadable> {
    let filters = filters(dictionary)?;
    if filters.contains(&Filter::Picture) {
        return Ok(Unpacked { bytes: 0, dictionaries: 0 });
    }
    check_predictors(dictionary)?;
    let length = length_of(dictionary, body);
    let mut plain;
    let mut body = body;
    let mut unpacked = Unpacked::of(&body[..length], count);
    for (at, filter) in filters.iter().enumerate() {
        match filter {
            Filter::Picture => {}
            Filter::Hex | Filter::Base85 => {
                let decoder = if *filter == Filter::Hex { hex } else { base85 };
                plain = decoder(body, most)?;
                body = &plain;
                unpacked = Unpacked::of(body, count);
            }
            // What is unpacked twice cannot be weighed in small pieces; nobody packs twice but to hide.
            _ if at + 1 < filters.len() => return Err(NotReadable::Unsafe),
            Filter::Deflate => unpacked = inflate(body, most, count)?,
            Filter::LempelZivWelch => unpacked = Unpacked::at_worst(length, 2_560),
            Filter::RunLength => unpacked = Unpacked::at_worst(length, 64),
        }
    }
    Ok(unpacked)
}

/// What stands in the dictionary itself. A reference is refused: it would be followed before the file is known to be safe, and
/// nobody writes these values apart.
fn direct<'a>(dictionary: &Dict<'a>, key: &str) -> Result<Option<Object<'a>>, NotReadable> {
    match dictionary.get_raw::<Object<'a>>(key) {
        Some(MaybeRef::Ref(_)) => Err(NotReadable::Unsafe),
        Some(MaybeRef::NotRef(object)) => Ok(Some(object)),
        None => Ok(None),
    }
}

/// The objects of an array, none of them a reference; one object is an array of itself.
fn direct_all<'a>(object: Option<Object<'a>>) -> Result<Vec<Object<'a>>, NotReadable> {
    match object {
        None => Ok(Vec::new()),
        Some(Object::Array(array)) => array
            .raw_iter()
            .map(|item| match item {
                MaybeRef::Ref(_) => Err(NotReadable::Unsafe),
                MaybeRef::NotRef(object) => Ok(object),
            })
            .collect(),
        Some(object) => Ok(vec![object]),
    }
}

fn filters(dictionary: &Dict<'_>) -> Result<Vec<Filter>, NotReadable> {
    let mut filters = Vec::new();
    for key in ["F", "Filter"] {
        for object in direct_all(direct(dictionary, key)?)? {
            if let Object::Name(name) = object {
                filters.extend(Filter::named(name.as_str()));
            }
        }
    }
    Ok(filters)
}

/// A predictor's row is allocated whole, whatever the data are.
fn check_predictors(dictionary: &Dict<'_>) -> Result<(), NotReadable> {
    for key in ["DP", "DecodeParms"] {
        for object in direct_all(direct(dictionary, key)?)? {
            let Object::Dict(parameters) = object else { continue };
            match direct(&parameters, "Columns")? {
                Some(Object::Number(columns)) if !(1..=i64::from(MOST_COLUMNS)).contains(&columns.as_i64()) => {
                    return Err(NotReadable::Unsafe);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Cross references of no width are as many as the file claims, out of nothing.
fn check_widths(dictionary: &Dict<'_>) -> Result<(), NotReadable> {
    if !dictionary.contains_key("W") {
        return Ok(());
    }
    let widths = direct_all(direct(dictionary, "W")?)?;
    let is_wide = widths.iter().any(|width| matches!(width, Object::Number(number) if number.as_i64() > 0));
    if is_wide { Ok(()) } else { Err(NotReadable::Unsafe) }
}

struct Unpacked {
    bytes: usize,
    /// How many dictionaries begin in it.
    dictionaries: usize,
}

impl Unpacked {
    fn of(bytes: &[u8], count: Count) -> Unpacked {
        Unpacked { bytes: bytes.len(), dictionaries: if count == Count::Dictionaries { begun(bytes) } else { 0 } }
    }

    fn at_worst(length: usize, factor: usize) -> Unpacked {
        // What such a stream holds is not looked at, so that it may as well be dictionaries.
        let bytes = length.saturating_mul(factor);
        Unpacked { bytes, dictionaries: bytes / 4 }
    }
}

/// How long a stream may be that has no end in itself: what it says, or to the first word for its end, or where it refers to another
/// object for its length, to the end of the file.
fn length_of(dictionary: &Dict<'_>, body: &[u8]) -> usize {
    let said = match dictionary.get_raw::<Object<'_>>("Length") {
        Some(MaybeRef::NotRef(Object::Number(length))) => usize::try_from(length.as_i64()).unwrap_or(0),
        Some(MaybeRef::Ref(_)) => body.len(),
        _ => 0,
    };
    let seen = find(body, b"endstream").unwrap_or(body.len());
    said.max(seen).min(body.len())
}

fn begun(bytes: &[u8]) -> usize {
    bytes.windows(2).filter(|two| two == b"<<").count()
}

/// Counts what a stream unpacks to, as the reader will: two bytes of head where they are one, then deflate to its end.
fn inflate(body: &[u8], most: usize, count: Count) -> Result<Unpacked, NotReadable> {
    const PIECE: usize = 64 << 10;
    let has_head = |head: [u8; 2]| head[0] & 0x0f == 8 && u16::from_be_bytes(head).is_multiple_of(31) && head[1] & 0x20 == 0;
    let mut rest = match body {
        [first, second, after @ ..] if has_head([*first, *second]) => after,
        _ => body,
    };
    let mut inflater = Decompress::new(false);
    let mut piece = vec![0; PIECE];
    let mut unpacked = Unpacked { bytes: 0, dictionaries: 0 };
    loop {
        let (read, written) = (inflater.total_in(), inflater.total_out());
        // A stream that is broken here might go on for the reader, which is more lenient.
        let status = inflater.decompress(rest, &mut piece, FlushDecompress::None).map_err(|_| NotReadable::Broken)?;
        let read = usize::try_from(inflater.total_in() - read).map_err(|_| NotReadable::Unsafe)?;
        let written = usize::try_from(inflater.total_out() - written).map_err(|_| NotReadable::Unsafe)?;
        rest = &rest[read..];
        let more = Unpacked::of(&piece[..written], count);
        unpacked.bytes += more.bytes;
        unpacked.dictionaries += more.dictionaries;
        if unpacked.bytes > most {
            return Err(NotReadable::Unsafe);
        }
        if status == Status::StreamEnd || (read == 0 && written == 0) {
            return Ok(unpacked);
        }
    }
}

/// ISO 32000-1, 7.4.2.
fn hex(body: &[u8], most: usize) -> Result<Vec<u8>, NotReadable> {
    let mut bytes = Vec::new();
    let mut high = None;
    for byte in body.iter().take_while(|byte| **byte != b'>') {
        let Some(digit) = char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else { continue };
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
        if bytes.len() > most {
            return Err(NotReadable::Unsafe);
        }
    }
    bytes.extend(high.map(|high| high << 4));
    Ok(bytes)
}

/// ISO 32000-1, 7.4.3.
fn base85(body: &[u8], most: usize) -> Result<Vec<u8>, NotReadable> {
    let mut bytes = Vec::new();
    let (mut value, mut digits) = (0_u32, 0_usize);
    for byte in body {
        match byte {
            b'z' if digits == 0 => bytes.extend([0; 4]),
            b'!'..=b'u' => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                digits += 1;
                if digits == 5 {
                    bytes.extend(value.to_be_bytes());
                    (value, digits) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
        if bytes.len() > most {
            return Err(NotReadable::Unsafe);
        }
    }
    if digits > 1 {
        for _ in digits..5 {
            value = value.wrapping_mul(85).wrapping_add(84);
        }
        bytes.extend(&value.to_be_bytes()[..digits - 1]);
    }
    Ok(bytes)
}
