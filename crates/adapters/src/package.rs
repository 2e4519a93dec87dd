//! The files of a package as bytes: what a drop gets. Pure: the same package and contents, the same bytes.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::request::{Content, Package};

/// Why a package cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotComposed {
    /// An index names a file that is not there.
    #[error("the index names {0}, which is not in the package")]
    NoSuchFile(String),
    /// A file has no bytes: a cover sheet that was not drawn, or contents that do not fit the package.
    #[error("there are no bytes for {0}")]
    NoBytes(String),
}

/// Path and bytes of every file. `stored` has the bytes of the stored files, at their places; the others' are not looked at.
/// An index gets `sha256` (lower-case hexadecimal) and `bytes` beside every `file` that it names, whatever place that has.
pub fn compose(package: &Package, stored: Vec<Vec<u8>>) -> Result<Vec<(String, Vec<u8>)>, NotComposed> {
    let mut stored = stored.into_iter();
    let mut files: Vec<(String, Vec<u8>)> = Vec::with_capacity(package.files.len());
    let mut indices = Vec::new();
    for file in &package.files {
        let bytes = stored.next().ok_or_else(|| NotComposed::NoBytes(file.path.clone()))?;
        let bytes = match &file.content {
            Content::Stored { .. } => bytes,
            Content::Text(text) => text.clone().into_bytes(),
            Content::Latin1(text) => latin1(text).ok_or_else(|| NotComposed::NoBytes(file.path.clone()))?,
            Content::CoverSheet(_) => return Err(NotComposed::NoBytes(file.path.clone())),
            Content::Index(index) => {
                indices.push((files.len(), index));
                Vec::new()
            }
        };
        files.push((file.path.clone(), bytes));
    }
    let digests: std::collections::HashMap<String, (String, usize)> =
        files.iter().map(|(path, bytes)| (path.clone(), (hex::encode(Sha256::digest(bytes)), bytes.len()))).collect();
    for (place, index) in indices {
        let mut index = index.clone();
        complete(&mut index, &digests)?;
        files[place].1 = format!("{index:#}\n").into_bytes();
    }
    Ok(files)
}

/// Each character as one byte; `None` where one has none.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn complete(value: &mut Value, digests: &std::collections::HashMap<String, (String, usize)>) -> Result<(), NotComposed> {
    match value {
        Value::Array(values) => values.iter_mut().try_for_each(|value| complete(value, digests)),
        Value::Object(members) => {
            if let Some(file) = members.get("file").and_then(Value::as_str) {
                let (digest, bytes) = digests.get(file).ok_or_else(|| NotComposed::NoSuchFile(file.to_owned()))?.clone();
                members.insert("sha256".to_owned(), digest.into());
                members.insert("bytes".to_owned(), bytes.into());
            }
            members.values_mut().try_for_each(|value| complete(value, digests))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::{Packed, Shape};

    fn package(files: &[(&str, Content)]) -> Package {
        let files = files.iter().map(|(path, content)| Packed { path: (*path).to_owned(), content: content.clone() });
        Package { drop: "shop".into(), name: "job".into(), shape: Shape::Folder, files: files.collect() }
    }

    #[test]
    fn an_index_says_what_the_files_weigh_and_hash_to() {
        let index = json!({"letters": [{"file": "a.txt", "pages": 1}]});
        let made = compose(
            &package(&[("a.txt", Content::Text("abc".into())), ("index.json", Content::Index(index))]),
            vec![Vec::new(), Vec::new()],
        );
        let made = made.unwrap();
        let read: Value = serde_json::from_slice(&made[1].1).unwrap();
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(read, json!({"letters": [{"file": "a.txt", "pages": 1, "sha256": sha256, "bytes": 3}]}));
    }

    #[test]
    fn an_index_of_a_file_that_is_not_there_is_refused() {
        let index = Content::Index(json!([{"file": "b.txt"}]));
        let made = compose(&package(&[("index.json", index)]), vec![Vec::new()]);
        assert_eq!(made, Err(NotComposed::NoSuchFile("b.txt".into())));
    }
}
