//! Time that stands still while there is work to do, and then leaps to the next thing that somebody waits for.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A clock in milliseconds, and the executor that moves it. Clones share the time.
#[derive(Clone, Default)]
pub struct Clock(Rc<Inner>);

#[derive(Default)]
struct Inner {
    now: Cell<u64>,
    sequence: Cell<u64>,
    timers: RefCell<BTreeMap<(u64, u64), Waker>>,
    /// What goes on by itself: requests that are on their way, whether or not anybody still waits for the answer.
    spawned: RefCell<Vec<Task>>,
}

impl Clock {
    pub fn now(&self) -> u64 {
        self.0.now.get()
    }

    /// Waits for `milliseconds` of this clock.
    pub fn sleep(&self, milliseconds: u64) -> Sleep {
        Sleep { clock: self.clone(), until: self.now() + milliseconds, timer: None }
    }

    /// Lets `task` go on by itself. It outlives whoever started it.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.spawned.borrow_mut().push(Box::pin(task));
    }

    /// Runs `root` to its end. What was spawned and has not ended by then goes on in the next run.
    ///
    /// # Panics
    /// When everything waits and nothing would ever wake it.
    pub fn run<T>(&self, root: impl Future<Output = T>) -> T {
        let ready = Arc::new(Ready::default());
        let mut root = std::pin::pin!(root);
        let mut tasks: BTreeMap<usize, Task> = BTreeMap::new();
        let mut next = ROOT + 1;
        ready.push(ROOT);
        loop {
            for task in self.0.spawned.take() {
                tasks.insert(next, task);
                ready.push(next);
                next += 1;
            }
            let Some(id) = ready.pop() else {
                if self.0.spawned.borrow().is_empty() {
                    self.leap();
                }
                continue;
            };
            let waker = Waker::from(Arc::new(Alarm { id, ready: Arc::clone(&ready) }));
            let mut context = Context::from_waker(&waker);
            if id == ROOT {
                if let Poll::Ready(output) = root.as_mut().poll(&mut context) {
                    self.0.spawned.borrow_mut().extend(tasks.into_values());
                    return output;
                }
            } else if let Some(task) = tasks.get_mut(&id)
                && task.as_mut().poll(&mut context).is_ready()
            {
                tasks.remove(&id);
            }
        }
    }

    fn leap(&self) {
        let mut timers = self.0.timers.borrow_mut();
        let Some(((at, _), waker)) = timers.pop_first() else { panic!("everything waits, and nothing would wake it") };
        self.0.now.set(self.now().max(at));
        waker.wake();
    }
}

const ROOT: usize = 0;

#[derive(Default)]
struct Ready(Mutex<VecDeque<usize>>);

impl Ready {
    fn push(&self, id: usize) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !queue.contains(&id) {
            queue.push_back(id);
        }
    }

    fn pop(&self) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct Alarm {
    id: usize,
    ready: Arc<Ready>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.id);
    }
}

/// The future of [`Clock::sleep`].
pub struct Sleep {
    clock: Clock,
    until: u64,
    timer: Option<(u64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until {
            return Poll::Ready(());
        }
        let inner = Rc::clone(&self.clock.0);
        let key = self.timer.unwrap_or_else(|| {
            inner.sequence.set(inner.sequence.get() + 1);
            (self.until, inner.sequence.get())
        });
        inner.timers.borrow_mut().insert(key, context.waker().clone());
        self.timer = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.timer {
            self.clock.0.timers.borrow_mut().remove(&key);
        }
    }
}
