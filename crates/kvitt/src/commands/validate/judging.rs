//! Reads and judges many files on every core, and hands each on in the order given.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Files whose answers wait for each other at most: what bounds the memory, however many files there are.
const AT_A_TIME: usize = 256;

/// Judges every source, as many at the same time as there are cores, and takes each answer in the order of the sources.
///
/// # Errors
/// The first failure of either, in the order of the sources; what comes after it is not judged any more.
pub fn in_order<T: Send>(
    sources: &[Source],
    judge: impl Fn(&Source) -> Result<T, Failure> + Sync,
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    for some in sources.chunks(AT_A_TIME) {
        let answers: Vec<Mutex<Option<Result<T, Failure>>>> = some.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((source, answer)) = {
                let index = next.fetch_add(1, Ordering::Relaxed);
                some.get(index).zip(answers.get(index))
            } {
                let judged = judge(source);
                *answer.lock().expect("nobody panics while holding an answer") = Some(judged);
            }
        };
        thread::scope(|scope| {
            for _ in 1..cores.min(some.len()) {
                scope.spawn(work);
            }
            work();
        });
        for answer in answers {
            let judged = answer.into_inner().expect("nobody panics while holding an answer");
            take(judged.expect("every index was drawn before the threads ended")?)?;
        }
    }
    Ok(())
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
}
