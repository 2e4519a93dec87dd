//! Patience with files that fail: each is left alone for longer and longer, and given up after so many tries.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How often a file is tried before it is moved aside. It rests for 1, 2, 4… looks between them: at two looks a second the last
/// try is more than eight minutes after the first.
pub const MOST_TRIES: u32 = 11;

/// What failed so far. It counts looks and reads no clock.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failed: HashMap<PathBuf, Failed>,
}

#[derive(Debug)]
struct Failed {
    tries: u32,
    rests: u32,
}

impl Patience {
    /// Begins a look at what is there now: answers what is to be tried, and forgets what is no longer there.
    pub fn due(&mut self, there: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut before = std::mem::take(&mut self.failed);
        let mut due = Vec::with_capacity(there.len());
        for file in there {
            match before.remove(&file) {
                Some(failed) if failed.rests > 0 => {
                    self.failed.insert(file, Failed { rests: failed.rests - 1, ..failed });
                }
                Some(failed) => {
                    self.failed.insert(file.clone(), failed);
                    due.push(file);
                }
                None => due.push(file),
            }
        }
        due
    }

    /// Notes that a file failed. Answers whether that was its last try.
    pub fn failed(&mut self, file: &Path) -> bool {
        let failed = self.failed.entry(file.to_owned()).or_insert(Failed { tries: 0, rests: 0 });
        failed.tries += 1;
        // What is over its tries stays only where it cannot even be moved aside: then it is tried as rarely as before.
        failed.rests = 1 << failed.tries.min(MOST_TRIES).saturating_sub(1);
        failed.tries >= MOST_TRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_rests_longer_and_longer_and_others_never_wait() {
        let (bad, good) = (PathBuf::from("bad"), PathBuf::from("good"));
        let mut patience = Patience::default();
        let mut tried_at = Vec::new();
        for look in 0.. {
            let due = patience.due(vec![bad.clone(), good.clone()]);
            assert!(due.contains(&good));
            if due.contains(&bad) {
                tried_at.push(look);
                if patience.failed(&bad) {
                    break;
                }
            }
        }
        assert_eq!(tried_at, [0, 2, 5, 10, 19, 36, 69, 134, 263, 520, 1033]);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let file = PathBuf::from("file");
        let mut patience = Patience::default();
        assert!(!patience.failed(&file));
        assert!(patience.due(vec![]).is_empty());
        assert_eq!(patience.due(vec![file.clone()]), [file]);
    }
}
