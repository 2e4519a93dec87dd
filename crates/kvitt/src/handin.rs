//! The files that a command hands in: found, read, each with its metadata.

use std::fs;
use std::path::{Path, PathBuf};

use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::RouteName;
use kvitt_domain::recipient::RecipientType;
use kvitt_hub::desk::{HandedIn, Wishes};

use crate::exit::Failure;

/// Larger than any document that intake takes; what is larger is not even read.
pub const LARGEST_FILE: u64 = 110 << 20;

/// Folders inside folders that are walked: enough for every archive, and no endless loop of links.
const DEEPEST: usize = 32;

/// The options that `send` and `plan` share.
#[derive(Debug, Clone, clap::Args)]
pub struct Documents {
    /// Documents: UBL XML, or a ZIP of XML, PDF and attachments. A folder means every .xml and .zip in it.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The recipient is a consumer or a business; wins over the metadata.
    #[arg(long, value_name = "consumer|business", value_parser = recipient_type)]
    pub recipient_type: Option<RecipientType>,
    /// The routes to use, in order, such as email,print; wins over the metadata.
    #[arg(long, value_name = "ROUTE,…", value_delimiter = ',')]
    pub route_order: Vec<String>,
    /// Metadata (JSON) for the one document given. Without this, FILE.json beside FILE.xml is its metadata.
    #[arg(long, value_name = "FILE")]
    pub metadata: Option<PathBuf>,
}

fn recipient_type(text: &str) -> Result<RecipientType, String> {
    RecipientType::parse(text).ok_or_else(|| "say consumer or business".to_owned())
}

/// A file that was read, or why it cannot be handed in.
#[derive(Debug)]
pub struct Document {
    /// As it is shown.
    pub file: String,
    /// Ready to be handed in, or refused before the hub was asked.
    pub handed: Result<HandedIn, Vec<Fault>>,
}

impl Documents {
    /// Every file that is meant, in the order given, those of a folder by name.
    pub fn find(&self) -> Result<Vec<PathBuf>, Failure> {
        let found = find(&self.files)?;
        if self.metadata.is_some() && found.len() != 1 {
            return Err(Failure::Usage(format!("--metadata is for one document, and {} were given", found.len())));
        }
        Ok(found)
    }

    /// Reads one of them.
    pub fn read(&self, path: &Path) -> Result<Document, Failure> {
        let file = path.display().to_string();
        let failed = |cause| Failure::io(format!("reading {file}"), cause);
        let size = fs::metadata(path).map_err(failed)?.len();
        if size > LARGEST_FILE {
            let fault = Fault::fatal(codes::XML_OVER_BUDGET).with("detail", format!("{size} bytes"));
            return Ok(Document { handed: Err(vec![fault]), file });
        }
        let bytes = fs::read(path).map_err(failed)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let handed =
            self.metadata_of(path)?.map(|metadata| HandedIn { metadata, wishes: self.wishes(), ..HandedIn::file(&name, bytes) });
        Ok(Document { file, handed })
    }

    fn wishes(&self) -> Wishes {
        let route_order = self.route_order.iter().map(RouteName::new).collect();
        Wishes { recipient_type: self.recipient_type, route_order, uuid: None }
    }

    fn metadata_of(&self, document: &Path) -> Result<Result<Option<String>, Vec<Fault>>, Failure> {
        let beside = document.with_extension("json");
        let file = match &self.metadata {
            Some(file) => file,
            None if beside.is_file() => &beside,
            None => return Ok(Ok(None)),
        };
        let bytes = fs::read(file).map_err(|cause| Failure::io(format!("reading {}", file.display()), cause))?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(cause) => Err(vec![Fault::fatal(codes::METADATA_UNREADABLE).with("why", cause.utf8_error())]),
        })
    }
}

/// The documents among these files, in the order given, those of a folder by name.
pub fn find(files: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in files {
        if path.is_dir() {
            walk(path, DEEPEST, &mut found)?;
        } else if ending(path) != "json" {
            // A .json is metadata, also where a shell's pattern names it along with the documents.
            found.push(path.clone());
        }
    }
    if found.is_empty() {
        return Err(Failure::Usage("there is no .xml or .zip among the files given".to_owned()));
    }
    Ok(found)
}

fn walk(folder: &Path, deeper: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |cause| Failure::io(format!("reading the folder {}", folder.display()), cause);
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if deeper > 0 {
                walk(&path, deeper - 1, found)?;
            }
        } else if matches!(ending(&path).as_str(), "xml" | "zip") {
            found.push(path);
        }
    }
    Ok(())
}

fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}
