//! The stage: everything that goes on in the hub stops at named places, and goes on when it is told to.
//!
//! An *actor* is a future: a job, a hand-in, something that arrives, a person. It stops at every failpoint of the hub and at
//! every point of a conversation with a counterparty. Only one actor is polled at a time, until its next stop or its end, so
//! that the order is the scheduler's and never the machine's. The writer of the database runs by itself meanwhile; when it
//! comes by a failpoint the dice may say that the process dies there.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use kvitt_hub::failpoint;

use crate::dice::Dice;

/// The name of a place at which an actor stops.
pub type Place = Cow<'static, str>;

/// What becomes of an actor that was let go on.
#[derive(Debug)]
pub enum Came<T> {
    /// It stopped here.
    To(Place),
    /// It ended.
    ToItsEnd(T),
    /// The process died here, in the database's writer.
    ToDeath(Place),
}

/// When the writer of the database takes the process down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriterDeath {
    /// Never.
    Never,
    /// Once in so many times that it comes by.
    OnceIn(u64),
    /// When it comes by for this time, counted from when this is said, from 1.
    Nth(u64),
}

/// The stage. Clones share it.
#[derive(Debug, Clone)]
pub struct Stage(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// An actor is being polled; whatever comes by otherwise is the writer.
    is_actor: bool,
    /// Where the actor stopped that is being polled.
    stopped: Option<Place>,
    /// It may leave the stop that it is at.
    may_go: bool,
    died: Option<Place>,
    scheduler: Option<Waker>,
    writer_death: WriterDeath,
    writer_came_by: u64,
    dice: Dice,
}

impl Stage {
    /// A stage for one run; failpoints of this thread stop there until [`Stage::close`].
    pub fn open(seed: u64) -> Stage {
        let inner = Inner {
            is_actor: false,
            stopped: None,
            may_go: false,
            died: None,
            scheduler: None,
            writer_death: WriterDeath::Never,
            writer_came_by: 0,
            dice: Dice(seed ^ 0x5747_4147),
        };
        let stage = Stage(Arc::new(Mutex::new(inner)));
        let held = stage.clone();
        failpoint::hold(Some(Box::new(move |name| held.stop(name).boxed())));
        stage
    }

    /// Failpoints of this thread stop nothing any more.
    pub fn close() {
        failpoint::hold(None);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panics while holding it")
    }

    /// How the writer dies from now on.
    pub fn writer_dies(&self, death: WriterDeath) {
        let mut inner = self.inner();
        (inner.writer_death, inner.writer_came_by) = (death, 0);
    }

    /// How often the writer has come by a failpoint since its death was last spoken of.
    pub fn writer_came_by(&self) -> u64 {
        self.inner().writer_came_by
    }

    /// Everything that stood here is gone: a new process begins.
    pub fn clear(&self) {
        let mut inner = self.inner();
        (inner.stopped, inner.may_go, inner.died, inner.scheduler) = (None, false, None, None);
    }

    /// Stops whoever awaits it.
    pub fn stop(&self, place: impl Into<Place>) -> Stop {
        Stop { stage: self.clone(), place: Some(place.into()) }
    }

    /// Lets one actor go on until its next stop or its end.
    pub async fn let_go_on<T>(&self, actor: &mut Pin<Box<dyn Future<Output = T>>>) -> Came<T> {
        self.inner().may_go = true;
        std::future::poll_fn(|context| {
            {
                let mut inner = self.inner();
                inner.is_actor = true;
                inner.scheduler = Some(context.waker().clone());
            }
            let polled = actor.as_mut().poll(context);
            let mut inner = self.inner();
            inner.is_actor = false;
            match polled {
                Poll::Ready(end) => Poll::Ready(Came::ToItsEnd(end)),
                Poll::Pending => match (inner.stopped.take(), inner.died.take()) {
                    (Some(place), _) => Poll::Ready(Came::To(place)),
                    (None, Some(place)) => Poll::Ready(Came::ToDeath(place)),
                    (None, None) => Poll::Pending,
                },
            }
        })
        .await
    }
}

/// A stop: it ends when the scheduler lets its actor go on.
#[derive(Debug)]
pub struct Stop {
    stage: Stage,
    /// Where; `None` once the actor stands there.
    place: Option<Place>,
}

impl Future for Stop {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let place = self.place.take();
        let mut inner = self.stage.inner();
        match place {
            Some(place) if inner.is_actor => {
                inner.may_go = false;
                inner.stopped = Some(place);
                Poll::Pending
            }
            Some(place) => {
                inner.writer_came_by += 1;
                let dies = match inner.writer_death {
                    WriterDeath::Never => false,
                    WriterDeath::OnceIn(times) => inner.dice.once_in(times),
                    WriterDeath::Nth(time) => inner.writer_came_by == time,
                };
                if !dies {
                    return Poll::Ready(());
                }
                inner.died = Some(place);
                if let Some(scheduler) = &inner.scheduler {
                    scheduler.wake_by_ref();
                }
                Poll::Pending
            }
            None if inner.is_actor && inner.may_go => {
                inner.may_go = false;
                Poll::Ready(())
            }
            None => Poll::Pending,
        }
    }
}
