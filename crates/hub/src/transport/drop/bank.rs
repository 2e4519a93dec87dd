//! What a bank leaves in a drop: `out/FILE`, moved to `out/read/` or `out/refused/` once it is known what became of it. A refused file
//! gets one beside it that says why.

use tokio::time::timeout;

use super::{Site, Steps, What, in_time, is_finished, trouble};
use crate::error::Result;
use crate::transport::Became;
use crate::transport::folder::FAULTS;

/// Bytes of one bank file that are fetched: two million payments of OCR giro. A larger one is imported from a disk.
const LARGEST: u64 = 512 << 20;
/// The longest that fetching such a file takes over a slow line.
const FETCHING: std::time::Duration = std::time::Duration::from_secs(11 * 60);
/// Files of the same name that are told apart by a number.
const MOST_NUMBERS: usize = 1_000;
/// Where a bank leaves its files.
const OUT: &str = "out";

impl Site {
    /// The names of what a bank left, the oldest first.
    pub async fn bank_files(&self) -> Result<Vec<String>> {
        let listed = in_time(async {
            let steps = self.open().await?;
            let listed = list(&*steps).await;
            steps.leave().await;
            listed
        });
        listed.await.map_err(|why| trouble("looking for bank files", why))
    }

    /// The bytes of one of them.
    pub async fn bank_file(&self, name: &str) -> Result<Vec<u8>> {
        let fetched = timeout(FETCHING, async {
            let steps = self.open().await?;
            let bytes = match is_finished(name) {
                true => steps.read(&format!("{OUT}/{name}"), LARGEST).await,
                false => Err(format!("{name} is no finished file")),
            };
            steps.leave().await;
            bytes
        });
        let fetched = fetched.await.unwrap_or_else(|_| Err("the file was not through in time".to_owned()));
        fetched.map_err(|why| trouble("fetching a bank file", why))
    }

    /// Moves one of them to what became of it. One that is no longer there was moved before.
    pub async fn settle_bank_file(&self, name: &str, became: Became) -> Result<()> {
        let moved = in_time(async {
            let steps = self.open().await?;
            let moved = settle(&*steps, name, became).await;
            steps.leave().await;
            moved
        });
        moved.await.map_err(|why| trouble("moving a bank file", why))
    }
}

async fn list(steps: &dyn Steps) -> std::result::Result<Vec<String>, String> {
    let mut listed = steps.list(OUT).await?;
    listed.retain(|entry| is_finished(&entry.name) && matches!(entry.what, What::File { .. }));
    listed.sort_by(|one, other| (one.changed, &one.name).cmp(&(other.changed, &other.name)));
    Ok(listed.into_iter().map(|entry| entry.name).collect())
}

async fn settle(steps: &dyn Steps, name: &str, became: Became) -> std::result::Result<(), String> {
    let from = format!("{OUT}/{name}");
    if !is_finished(name) {
        return Err(format!("{name} is no finished file"));
    }
    if steps.find(&from).await?.is_none() {
        return Ok(());
    }
    let folder = match became {
        Became::Read => format!("{OUT}/read"),
        Became::Refused(_) => format!("{OUT}/refused"),
    };
    if steps.find(&folder).await?.is_none() {
        steps.make_folder(&folder).await?;
    }
    for number in 1..=MOST_NUMBERS {
        let target = if number == 1 { format!("{folder}/{name}") } else { format!("{folder}/{number}-{name}") };
        if steps.find(&target).await?.is_some() {
            continue;
        }
        if let Became::Refused(why) = &became {
            let beside = format!("{target}{FAULTS}");
            // Left by a crash before the file itself was moved: it says the same.
            if steps.find(&beside).await?.is_none() {
                steps.write(&beside, why).await?;
            }
        }
        return steps.rename(&from, &target).await;
    }
    Err(format!("{folder} has {MOST_NUMBERS} files called {name}"))
}
