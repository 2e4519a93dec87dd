//! Reads and judges many files on every core, and hands each on in the order given.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use crate::exit::Failure;
use crate::handin::LARGEST_FILE;

/// Where a document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Input,
}

impl Source {
    /// As it is shown.
    pub fn name(&self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Input => "-".to_owned(),
        }
    }

    /// All of it; of what is larger than any document may be only so much that the judge says so.
    pub fn read(&self) -> Result<Vec<u8>, Failure> {
        let read = |from: &mut dyn Read, expected: u64| {
            let mut bytes = Vec::with_capacity(usize::try_from(expected.min(LARGEST_FILE)).unwrap_or_default() + 1);
            from.take(LARGEST_FILE).read_to_end(&mut bytes).map(|_| bytes)
        };
        let bytes = match self {
            Source::File(path) => File::open(path).and_then(|mut file| {
                let size = file.metadata()?.len();
                read(&mut file, size)
            }),
            Source::Input => read(&mut std::io::stdin().lock(), 0),
        };
        bytes.map_err(|cause| Failure::io(format!("reading {}", self.name()), cause))
    }
}

/// How far the cores may be ahead of the answer that is taken next: what bounds the memory, however many files there are.
const AHEAD: usize = 256;

/// Judges every source, as many at the same time as there are cores, and takes each answer in the order of the sources.
///
/// # Errors
/// The first failure of either, in the order of the sources; what comes after it is not judged any more.
pub fn in_order<T: Send>(
    sources: &[Source],
    judge: impl Fn(&Source) -> Result<T, Failure> + Sync,
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(sources.len());
    let (next, ahead) = (AtomicUsize::new(0), Ahead::new());
    thread::scope(|scope| {
        let (answer, answers) = mpsc::channel();
        for _ in 0..cores {
            let (answer, judge, next, ahead) = (answer.clone(), &judge, &next, &ahead);
            scope.spawn(move || {
                let _end = EndOfPanicking(ahead);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(source) = sources.get(index).filter(|_| ahead.may_begin(index)) else { return };
                    if answer.send((index, judge(source))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(answer);
        let result = take_in_order(answers, &ahead, &mut take);
        ahead.end();
        result
    })
}

fn take_in_order<T>(
    answers: Receiver<(usize, Result<T, Failure>)>,
    ahead: &Ahead,
    take: &mut impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut early = HashMap::new();
    let mut taken = 0;
    for (index, answer) in answers {
        early.insert(index, answer);
        while let Some(answer) = early.remove(&taken) {
            take(answer?)?;
            taken += 1;
            ahead.took(taken);
        }
    }
    Ok(())
}

/// Keeps the cores from running away from the answer that is taken next.
struct Ahead {
    /// How many answers were taken; all that there can be where nobody takes any more.
    taken: Mutex<usize>,
    moved: Condvar,
}

impl Ahead {
    fn new() -> Ahead {
        Ahead { taken: Mutex::new(0), moved: Condvar::new() }
    }

    /// Waits for the turn of this source; false where its answer would not be taken any more.
    fn may_begin(&self, index: usize) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_early = |taken: &mut usize| index >= taken.saturating_add(AHEAD);
        let taken = self.moved.wait_while(taken, is_early).unwrap_or_else(PoisonError::into_inner);
        *taken != usize::MAX
    }

    fn took(&self, taken: usize) {
        let mut known = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // An end stays one.
        *known = taken.max(*known);
        self.moved.notify_all();
    }

    fn end(&self) {
        self.took(usize::MAX);
    }
}

/// A panic of one judge must end the others, which would wait for its answer for ever.
struct EndOfPanicking<'a>(&'a Ahead);

impl Drop for EndOfPanicking<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let sources: Vec<Source> = (0..1000).map(|number| Source::File(number.to_string().into())).collect();
        let mut taken = Vec::new();
        in_order(
            &sources,
            |source| Ok(source.name()),
            |name| {
                taken.push(name);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(taken, (0..1000).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_failure_in_order_is_told() {
        let sources: Vec<Source> = ["a", "b", "c"].map(|name| Source::File(name.into())).to_vec();
        let judge = |source: &Source| match source.name().as_str() {
            "a" => Ok(()),
            name => Err(Failure::Usage(name.to_owned())),
        };
        let mut taken = 0;
        let failure = in_order(&sources, judge, |()| {
            taken += 1;
            Ok(())
        })
        .unwrap_err();
        assert_eq!((failure.to_string().as_str(), taken), ("b", 1));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panicking_judge_leaves_nobody_waiting() {
        let sources: Vec<Source> = (0..10 * AHEAD).map(|number| Source::File(number.to_string().into())).collect();
        let judge = |source: &Source| match source.name().as_str() {
            "0" => panic!("of itself"),
            _ => Ok(()),
        };
        let _ = in_order(&sources, judge, |()| Ok(()));
    }
}
