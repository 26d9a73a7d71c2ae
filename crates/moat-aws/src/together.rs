//! Questions that several looks ask at the same time, asked of AWS in one call: names, ARNs and owners are described by
//! many where the API takes many.

use moat::error::{Failure, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// What AWS said of each key; a key that is not there is not known to AWS.
pub type Found<V> = BTreeMap<String, V>;

/// One operation, for all who call it at the same time.
#[derive(Debug)]
pub struct Together<V> {
    waiting: Arc<Mutex<Vec<Asking<V>>>>,
    /// As many keys as the operation takes.
    at_most: usize,
}

#[derive(Debug)]
struct Asking<V> {
    key: String,
    answer: oneshot::Sender<Result<Option<V>, Failure>>,
}

impl<V> Clone for Together<V> {
    fn clone(&self) -> Self {
        Self { waiting: Arc::clone(&self.waiting), at_most: self.at_most }
    }
}

impl<V: Clone> Together<V> {
    pub fn new(at_most: usize) -> Self {
        Self { waiting: Arc::default(), at_most }
    }

    /// Asks for one key. The first of those who ask at the same time makes the call for all of them.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn ask<F>(&self, key: &str, call: F) -> Result<Option<V>, Failure>
    where
        F: AsyncFn(Vec<String>) -> Result<Found<V>, Failure>,
    {
        loop {
            let (answer, mut heard) = oneshot::channel();
            let is_first = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.push(Asking { key: key.to_owned(), answer });
                waiting.len() == 1
            };
            if is_first {
                let leading = Leading { waiting: Some(&self.waiting) };
                // The others come in the same turn.
                tokio::task::yield_now().await;
                let asking = leading.take();
                self.answer(asking, &call).await;
            }
            match heard.try_recv() {
                Ok(said) => return said,
                Err(_) if is_first => return Err(unheard()),
                Err(_) => {}
            }
            // Whoever made the call was dropped on the way: then each asks again.
            if let Ok(said) = heard.await {
                return said;
            }
        }
    }

    async fn answer<F>(&self, asking: Vec<Asking<V>>, call: &F)
    where
        F: AsyncFn(Vec<String>) -> Result<Found<V>, Failure>,
    {
        let keys: Vec<String> =
            asking.iter().map(|asking| asking.key.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let mut said: BTreeMap<String, Result<Option<V>, Failure>> = BTreeMap::new();
        for some in keys.chunks(self.at_most) {
            let found = call(some.to_vec()).await;
            let one = |key: &String| found.as_ref().map(|found| found.get(key).cloned()).map_err(Clone::clone);
            said.extend(some.iter().map(|key| (key.clone(), one(key))));
        }
        for Asking { key, answer } in asking {
            // Who is not there any more needs no answer.
            answer.send(said.get(&key).cloned().unwrap_or_else(|| Err(unheard()))).ok();
        }
    }
}

/// The first of those who ask. When it is dropped before it makes the call, the others must not wait for it.
struct Leading<'a, V> {
    waiting: Option<&'a Mutex<Vec<Asking<V>>>>,
}

impl<V> Leading<'_, V> {
    fn take(mut self) -> Vec<Asking<V>> {
        self.waiting.take().map(all).unwrap_or_default()
    }
}

impl<V> Drop for Leading<'_, V> {
    fn drop(&mut self) {
        drop(self.waiting.take().map(all));
    }
}

fn all<V>(waiting: &Mutex<Vec<Asking<V>>>) -> Vec<Asking<V>> {
    std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner))
}

/// For operations that take names and name the first that is missing instead of describing the others: then each is
/// described alone. `describe` answers `None` when AWS says that one does not exist.
pub async fn by_name<T>(
    names: &[String],
    describe: impl AsyncFn(&[String]) -> Result<Option<T>, Failure>,
) -> Result<Vec<T>, Failure> {
    if let Some(all) = describe(names).await? {
        return Ok(vec![all]);
    }
    let mut found = Vec::new();
    for name in names.iter().filter(|_| names.len() > 1) {
        found.extend(describe(std::slice::from_ref(name)).await?);
    }
    Ok(found)
}

fn unheard() -> Failure {
    Failure::new(Kind::Unavailable, "a question was asked together with others, and got no answer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::join;

    async fn ask(
        together: &Together<usize>,
        key: &str,
        calls: &RefCell<Vec<Vec<String>>>,
    ) -> Result<Option<usize>, Failure> {
        let call = async |keys: Vec<String>| {
            calls.borrow_mut().push(keys.clone());
            tokio::task::yield_now().await;
            if keys.iter().any(|key| key == "bad") {
                return Err(Failure::new(Kind::Denied, "no"));
            }
            Ok(keys.into_iter().filter(|key| key != "absent").map(|key| (key.clone(), key.len())).collect())
        };
        together.ask(key, call).await
    }

    #[tokio::test]
    async fn who_asks_at_the_same_time_shares_a_call() {
        let (together, calls) = (Together::new(20), RefCell::default());
        let (a, b, c, again) = join!(
            ask(&together, "a", &calls),
            ask(&together, "bb", &calls),
            ask(&together, "absent", &calls),
            ask(&together, "a", &calls),
        );
        assert_eq!((a, b, c, again), (Ok(Some(1)), Ok(Some(2)), Ok(None), Ok(Some(1))));
        assert_eq!(*calls.borrow(), [["a", "absent", "bb"]]);
        assert_eq!(ask(&together, "bb", &calls).await, Ok(Some(2)), "later is another call");
        assert_eq!(calls.borrow().len(), 2);
    }

    #[tokio::test]
    async fn a_call_takes_no_more_keys_than_the_operation_does() {
        let (together, calls) = (Together::new(2), RefCell::default());
        let all = join!(ask(&together, "a", &calls), ask(&together, "b", &calls), ask(&together, "c", &calls));
        assert_eq!(all, (Ok(Some(1)), Ok(Some(1)), Ok(Some(1))));
        assert_eq!(*calls.borrow(), [vec!["a", "b"], vec!["c"]]);
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_and_who_goes_away_takes_nobodys_answer_along() {
        let (together, calls) = (Together::new(20), RefCell::default());
        let (good, bad) = join!(ask(&together, "a", &calls), ask(&together, "bad", &calls));
        assert_eq!((good.unwrap_err().kind, bad.unwrap_err().kind), (Kind::Denied, Kind::Denied));
        // Dropped before it makes the call, and dropped while AWS has not answered.
        for turns in [1, 2] {
            let dropped = async {
                let patience = async {
                    for _ in 0..turns {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    biased;
                    () = patience => {}
                    _ = ask(&together, "a", &calls) => panic!("it is dropped first"),
                }
            };
            let (_, other) = join!(dropped, ask(&together, "bb", &calls));
            assert_eq!(other, Ok(Some(2)), "{turns}");
        }
    }

    #[tokio::test]
    async fn where_one_name_is_missing_each_is_described_alone() {
        let describe = async |names: &[String]| Ok((!names.contains(&"absent".to_owned())).then(|| names.join("+")));
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(by_name(&names(&["a", "b"]), describe).await, Ok(names(&["a+b"])));
        assert_eq!(by_name(&names(&["a", "absent", "b"]), describe).await, Ok(names(&["a", "b"])));
        assert_eq!(by_name(&names(&["absent"]), describe).await, Ok(vec![]));
    }
}
