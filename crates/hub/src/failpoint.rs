//! Named places where a test may kill the process, or hold what comes by. Only in debug builds; a release build has none of it.
//!
//! `KVITT_FAILPOINT=name:3` kills the process, as `kill -9` would, the third time that it comes by `name`. [`hold`] lets a test
//! that drives the hub in one thread decide when what comes by goes on, or that it never does.

/// Every name, so that a test can walk them all.
pub const NAMES: &[&str] = &[
    "before_commit",
    "after_commit",
    "after_exchange_written",
    "after_committing_mark",
    "before_reply_recorded",
    "after_reply_recorded",
    "after_job_claimed",
    "after_arrival_recorded",
    "after_package_written",
    "after_rename",
    "before_answer_read",
    "after_bank_file_stored",
    "after_payments_placed",
    "after_bank_file_read",
];

/// Names that no command of the crash test comes by, because people come by them on pages: tests of the hub hold what does.
pub const OF_PAGES: &[&str] = &["after_number_taken", "after_draft_accepted"];

/// Comes by a named place.
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(debug_assertions)]
        $crate::failpoint::come_by($name).await;
    };
}

/// What a test does with what comes by: it goes on when the future ends.
#[cfg(debug_assertions)]
pub type Hold = Box<dyn Fn(&'static str) -> futures_util::future::BoxFuture<'static, ()>>;

#[cfg(debug_assertions)]
thread_local! {
    static HOLD: std::cell::RefCell<Option<Hold>> = const { std::cell::RefCell::new(None) };
}

/// From now on whatever comes by on this thread is held; `None` ends it.
#[cfg(debug_assertions)]
pub fn hold(hold: Option<Hold>) {
    HOLD.with(|held| *held.borrow_mut() = hold);
}

/// Comes by a place: killed if the environment says so, held if the thread's test says so.
#[cfg(debug_assertions)]
pub async fn come_by(name: &'static str) {
    kill_if_wanted(name);
    let held = HOLD.with(|held| held.borrow().as_ref().map(|hold| hold(name)));
    if let Some(held) = held {
        held.await;
    }
}

/// Kills the process if the environment says so.
#[cfg(debug_assertions)]
fn kill_if_wanted(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};
    static WANTED: OnceLock<Option<(String, AtomicI64)>> = OnceLock::new();
    debug_assert!(NAMES.contains(&name) || OF_PAGES.contains(&name), "the failpoint {name} is not on the list");
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("KVITT_FAILPOINT").ok()?;
        let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), AtomicI64::new(count.parse().ok()?)))
    });
    if let Some((wanted, left)) = wanted
        && wanted == name
        && left.fetch_sub(1, Ordering::AcqRel) == 1
    {
        // SIGKILL cannot be caught: no destructor runs, no buffer is flushed.
        let _ = std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
        std::process::abort();
    }
}
