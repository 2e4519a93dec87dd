//! The clocks: time on a core for what runs alone, time on the wall for what runs side by side.

use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Work that is measured. What it answers keeps the compiler from leaving it out.
pub type Work<'w> = &'w (dyn Fn() -> usize + Sync);

/// Turns that each measurement is cut into. In each, every work gets its share, so that all meet the same troubles of the
/// machine.
const TURNS: u32 = 15;

/// Seconds on a core that one run of each takes: the median of the turns.
pub fn cpu_per_run<const N: usize>(time: Duration, works: [Work<'_>; N]) -> [f64; N] {
    let share = time / TURNS / u32::try_from(N).unwrap_or(u32::MAX);
    let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for work in works {
        // The first run meets cold memory and unbuilt tables.
        work();
    }
    for _ in 0..TURNS {
        for (work, found) in works.iter().zip(&mut found) {
            found.push(cpu_of(share, *work));
        }
    }
    found.map(median)
}

/// Runs it for about this long on a core, at least once.
fn cpu_of(time: Duration, work: Work<'_>) -> f64 {
    let begun = cpu_time();
    let mut runs = 0_u32;
    loop {
        std::hint::black_box(work());
        runs += 1;
        let spent = cpu_time() - begun;
        if spent >= time {
            return spent.as_secs_f64() / f64::from(runs);
        }
    }
}

/// The time that this thread had on a core.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    // A thread's time is never negative.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// What one and two threads get done.
#[derive(Debug, Clone, Copy)]
pub struct Throughput {
    /// Runs a second on the wall: the best turn, because others on the machine only ever take from it.
    pub by_wall: f64,
    /// Cores that the threads really had in that turn: less than there are threads where others took from them.
    pub cores: f64,
    /// Runs a second that the threads would do on cores of their own: the median.
    pub by_cpu: f64,
}

/// How much is done by one thread and by two, in turns.
pub fn runs_per_second(time: Duration, work: Work<'_>) -> [Throughput; 2] {
    let share = time / TURNS / 2;
    let mut turns: [Vec<Throughput>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        for (threads, turns) in (1..).zip(&mut turns) {
            turns.push(side_by_side(threads, share, work));
        }
    }
    turns.map(|turns| {
        let best = turns.iter().max_by(|one, other| one.by_wall.total_cmp(&other.by_wall));
        let (by_wall, cores) = best.map_or((f64::NAN, f64::NAN), |turn| (turn.by_wall, turn.cores));
        Throughput { by_wall, cores, by_cpu: median(turns.iter().map(|turn| turn.by_cpu).collect()) }
    })
}

/// All threads together: by the clock on the wall, and by the time that they had on cores.
fn side_by_side(threads: usize, time: Duration, work: Work<'_>) -> Throughput {
    let one = || {
        let (begun, cpu_begun) = (Instant::now(), cpu_time());
        let mut runs = 0_u32;
        while begun.elapsed() < time || runs == 0 {
            std::hint::black_box(work());
            runs += 1;
        }
        let (runs, wall, cpu) = (f64::from(runs), begun.elapsed().as_secs_f64(), (cpu_time() - cpu_begun).as_secs_f64());
        Throughput { by_wall: runs / wall, cores: cpu / wall, by_cpu: runs / cpu }
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let done = running.into_iter().map(|thread| thread.join().expect("the work does not panic"));
        done.reduce(|all, one| Throughput {
            by_wall: all.by_wall + one.by_wall,
            cores: all.cores + one.cores,
            by_cpu: all.by_cpu + one.by_cpu,
        })
    })
    .expect("there is at least one thread")
}

/// The value in the middle; no number where there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The time that a process had on the cores, its own and the system's for it; `self` is this one. Nothing where the operating
/// system does not say.
pub fn process_cpu(process: &str) -> Duration {
    /// Linux counts in hundredths of a second, whatever its kernel was built with (`proc(5)`).
    const TICKS_PER_SECOND: u64 = 100;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name stands in parentheses and may hold anything; user and system time are the twelfth and thirteenth after it.
    let fields: Vec<u64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    Duration::from_millis(fields.iter().sum::<u64>() * 1000 / TICKS_PER_SECOND)
}
