//! The Python package `netsgiro`, asked to read or write a file and to say how long that took it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::exit::Failure;

/// The version that figures are compared with.
const VERSION: &str = "2.0.1";

/// Reads the file before the clock runs. Time is that of the process on the cores, as ours is.
const PROGRAM: &str = r#"
import json, resource, sys, time
import netsgiro
way, path = sys.argv[1:]
with open(path, encoding="iso-8859-1") as file:
    text = file.read()
if way == "read":
    begun = time.process_time()
    transmission = netsgiro.parse(text)
else:
    transmission = netsgiro.parse(text)
    begun = time.process_time()
    transmission.to_ocr()
seconds = time.process_time() - begun
print(json.dumps({"seconds": seconds, "peak_kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"#;

/// A Python that has it.
pub struct Netsgiro {
    python: PathBuf,
}

/// What one call took.
#[derive(Debug, Deserialize)]
pub struct Measured {
    pub seconds: f64,
    pub peak_kilobytes: u64,
}

impl Netsgiro {
    /// The package in this Python, or what to do to get one.
    pub fn in_python(python: &Path) -> Result<Netsgiro, Failure> {
        let program = "import importlib.metadata as m; print(m.version('netsgiro'))";
        let output = Command::new(python).args(["-c", program]).output();
        let version = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
        match version.map(|version| String::from_utf8_lossy(&version).trim().to_owned()) {
            Some(version) if version == VERSION => Ok(Netsgiro { python: python.to_owned() }),
            found => Err(Failure::Usage(format!(
                "{} has {}, and what is measured is compared with netsgiro {VERSION}. Make one that has it: python3 -m venv DIR && \
                 DIR/bin/pip install netsgiro=={VERSION}, then --python DIR/bin/python",
                python.display(),
                found.map_or_else(|| "no netsgiro".to_owned(), |version| format!("netsgiro {version}"))
            ))),
        }
    }

    /// Parses the file.
    pub fn reads(&self, path: &Path) -> Result<Measured, Failure> {
        self.measure("read", path)
    }

    /// Writes what it parsed from the file, which does not count.
    pub fn writes(&self, path: &Path) -> Result<Measured, Failure> {
        self.measure("write", path)
    }

    fn measure(&self, way: &str, path: &Path) -> Result<Measured, Failure> {
        let output = Command::new(&self.python)
            .args(["-c", PROGRAM, way])
            .arg(path)
            .output()
            .map_err(|cause| Failure::io(self.python.display().to_string(), cause))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let failed = || Failure::Answered(format!("netsgiro could not {way} the file: {}", said.trim()));
        serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success()).ok_or_else(failed)
    }
}
