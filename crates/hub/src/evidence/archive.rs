//! The archive of a bundle: a ZIP (APPNOTE 6.3) of stored files without anything that could differ, so that its bytes follow from paths and
//! contents alone. Any program opens it; read here, it must be byte for byte what would be written of what it holds. That is how
//! nothing can be changed in it, not even what no file is made of.

/// One that is read or written: its path, and what it holds.
pub type File = (String, Vec<u8>);

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Version 2.0 is needed to open it.
const NEEDED: u16 = 20;
/// Names are UTF-8.
const UTF_8: u16 = 1 << 11;
/// The first day that the format knows: 1980-01-01.
const DAY: u16 = 0x21;
/// Made on Unix, so that the mode below counts.
const MADE_BY: u16 = 3 << 8 | NEEDED;
/// An ordinary file that its owner may write: `-rw-r--r--`.
const MODE: u32 = 0o100_644 << 16;
/// Bytes of a local header before the name.
const LOCAL_BYTES: usize = 30;

/// An archive of these files in their order; `None` where they are more than the format holds.
pub fn write(files: &[File]) -> Option<Vec<u8>> {
    let count = u16::try_from(files.len()).ok()?;
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (path, content) in files {
        let (crc, size) = (crc32(content), u32::try_from(content.len()).ok()?);
        let (name, offset) = (u16::try_from(path.len()).ok()?, u32::try_from(bytes.len()).ok()?);
        // What the header of a file and its line in the directory have in common: from the version needed to the length of the name.
        let mut common = Vec::new();
        for half in [NEEDED, UTF_8, 0, 0, DAY] {
            common.extend(half.to_le_bytes());
        }
        for whole in [crc, size, size] {
            common.extend(whole.to_le_bytes());
        }
        common.extend(name.to_le_bytes());
        common.extend([0; 2]);
        bytes.extend(LOCAL.to_le_bytes());
        bytes.extend(&common);
        bytes.extend(path.as_bytes());
        bytes.extend(content);
        central.extend(CENTRAL.to_le_bytes());
        central.extend(MADE_BY.to_le_bytes());
        central.extend(&common);
        // No comment, the first disk, no internal attributes.
        central.extend([0; 6]);
        central.extend(MODE.to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(path.as_bytes());
    }
    let (at, size) = (u32::try_from(bytes.len()).ok()?, u32::try_from(central.len()).ok()?);
    bytes.extend(central);
    bytes.extend(END.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend(size.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0; 2]);
    Some(bytes)
}

/// The files of an archive that was written here; `None` where it is another, or was changed.
pub fn read(bytes: &[u8]) -> Option<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    let mut rest = bytes;
    while rest.starts_with(&LOCAL.to_le_bytes()) {
        let header = rest.get(..LOCAL_BYTES)?;
        let size = usize::try_from(u32::from_le_bytes(header[22..26].try_into().ok()?)).ok()?;
        let name = usize::from(u16::from_le_bytes(header[26..28].try_into().ok()?));
        let path = std::str::from_utf8(rest.get(LOCAL_BYTES..LOCAL_BYTES + name)?).ok()?;
        let content = rest.get(LOCAL_BYTES + name..)?.get(..size)?;
        files.push((path.to_owned(), content.to_vec()));
        rest = &rest[LOCAL_BYTES + name + size..];
    }
    (write(&files)? == bytes).then_some(files)
}

/// The checksum of the format: CRC-32 of ISO 3309.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let (mut value, mut bit) = (index as u32, 0);
            while bit < 8 {
                value = if value & 1 == 1 { value >> 1 ^ 0xEDB8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ TABLE[usize::from((crc as u8) ^ byte)])
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn any_program_opens_it_and_every_byte_counts() {
        let files = vec![("a.txt".to_owned(), b"en faktura".to_vec()), ("mappe/b.bin".to_owned(), vec![0, 255, 80, 75, 3, 4])];
        let bytes = write(&files).unwrap();
        let mut opened = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
        for (index, (path, content)) in files.iter().enumerate() {
            let mut file = opened.by_index(index).unwrap();
            assert_eq!(file.name(), path);
            let mut read = Vec::new();
            file.read_to_end(&mut read).unwrap();
            assert_eq!(read, *content);
        }
        assert_eq!(read(&bytes), Some(files.clone()));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            // Where it still is an archive, it holds something else.
            assert_ne!(read(&changed), Some(files.clone()), "byte {place}");
            assert_eq!(read(&bytes[..place]), None, "cut at {place}");
        }
        assert_eq!(read(b""), None);
        assert_eq!(read(&write(&[]).unwrap()), Some(Vec::new()));
    }

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
