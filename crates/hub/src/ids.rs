//! Where ids come from: UUIDv7, so that what is made later sorts later.
//!
//! Debug builds can give a thread ids from a seed instead, so that a seeded run of the hub in one thread is the same run again.

use uuid::Uuid;

/// A new id.
pub fn new_id() -> Uuid {
    #[cfg(debug_assertions)]
    if let Some(id) = seeded::next() {
        return id;
    }
    Uuid::now_v7()
}

/// Ids of one thread, from a seed.
#[cfg(debug_assertions)]
pub mod seeded {
    use std::cell::Cell;

    use uuid::Uuid;

    thread_local! {
        static NEXT: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
    }

    /// From now on this thread's ids are counted from a seed: `None` ends it.
    pub fn begin(seed: Option<u64>) {
        NEXT.with(|next| next.set(seed.map(|seed| (seed, 0))));
    }

    pub(super) fn next() -> Option<Uuid> {
        NEXT.with(|next| {
            let (seed, count) = next.get()?;
            next.set(Some((seed, count + 1)));
            // The time part counts, so that the ids sort in the order in which they were made.
            Some(uuid::Builder::from_unix_timestamp_millis(count, &seed_bytes(seed)).into_uuid())
        })
    }

    fn seed_bytes(seed: u64) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&seed.to_be_bytes());
        bytes
    }
}
