//! Pushes and their events against a registry, a service and a record in memory, in every order.

use super::*;
use proptest::prelude::*;

/// One push: which image, when, and with which tags. A tag moves from the image that had it.
#[derive(Debug, Clone)]
struct Pushed {
    digit: char,
    at: Moment,
    tags: Vec<String>,
}

/// A registry and a service in which a rollout takes as long as a few deliveries.
struct World {
    spec: ServiceSpec,
    pushes: Vec<Pushed>,
    release: Release,
    running: Option<Digest>,
    rollouts: Vec<Digest>,
    /// The execution that rolls, and how many deliveries it takes until the rollout is over.
    busy: Option<(String, u32)>,
    executions: u32,
    /// How many deliveries a rollout takes.
    lasts: u32,
}

impl World {
    fn new(spec: ServiceSpec, pushes: Vec<Pushed>) -> Self {
        let running = Some(digest('f'));
        Self {
            spec,
            pushes,
            release: Release::default(),
            running,
            rollouts: vec![],
            busy: None,
            executions: 0,
            lasts: 2,
        }
    }

    /// What the registry says at that moment.
    fn registry(&self, now: Moment) -> Vec<Candidate> {
        let mut images: Vec<Candidate> = Vec::new();
        for push in self.pushes.iter().filter(|push| push.at <= now) {
            for image in &mut images {
                image.tags.retain(|tag| !push.tags.contains(tag));
            }
            let tags: Vec<&str> = push.tags.iter().map(String::as_str).collect();
            images.push(image(push.digit, push.at, &tags));
        }
        images.retain(|image| !image.tags.is_empty());
        images
    }

    /// An event arrives: it starts an execution, which ends at once while another one rolls.
    fn deliver(&mut self, push: &Pushed, now: Moment) {
        self.executions += 1;
        if self.busy.is_none() {
            let execution = format!("execution {}", self.executions);
            self.look(&execution, Some(push), now);
        }
    }

    fn look(&mut self, execution: &str, push: Option<&Pushed>, now: Moment) {
        let registry = self.registry(now);
        let policy = Policy::of(&self.spec);
        let push = push.map(|push| Push {
            repository: self.spec.image.ecr().unwrap(),
            tag: push.tags.iter().find(|tag| policy.takes(tag)).unwrap_or(&push.tags[0]).clone(),
            digest: Some(digest(push.digit)),
            source: None,
            event: None,
            time: None,
        });
        let question = Question {
            spec: &self.spec,
            account: "123456789012",
            order: &Order::Look,
            push: push.as_ref(),
            candidates: &registry,
            release: &self.release,
            running: self.running.as_ref(),
            approved: None,
            execution,
            now,
        };
        match decide(&question) {
            Decision::Deploy { digest, tag, hold } => {
                let by = "push".to_owned();
                let new = Rolling { digest, tag, by, execution: execution.to_owned(), hold, ..rolling('0', now) };
                self.release = self.release.begun(&new);
                self.rollouts.push(new.digest.clone());
                self.running = Some(new.digest);
                self.busy = Some((execution.to_owned(), self.lasts));
            }
            Decision::AlreadyRunning { .. } | Decision::Ignore { .. } | Decision::NotTracked { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    /// Time passes. Whoever rolled decides once more when it is over.
    fn pass(&mut self, now: Moment) {
        let Some((execution, left)) = self.busy.take() else { return };
        if left > 0 {
            self.busy = Some((execution, left - 1));
            return;
        }
        let started = self.release.rolling.as_ref().unwrap().started(1800);
        self.release = self.release.concluded(&started, &Outcome::Succeeded, &execution, now);
        self.look(&execution, None, now);
    }

    /// Delivers the pushes in this order, one event each `step` milliseconds, then lets everything come to rest.
    fn run(mut self, order: &[usize], first: Moment, step: i64) -> (Option<Digest>, Vec<Digest>) {
        let mut now = first;
        for index in order {
            let push = self.pushes[*index].clone();
            now = Moment::from_millis((now.millis() + step).max(push.at.millis()));
            self.deliver(&push, now);
            self.pass(now);
        }
        while self.busy.is_some() {
            now = now.plus_seconds(60);
            self.pass(now);
        }
        (self.running, self.rollouts)
    }
}

/// Tags that a policy may take, and some that none takes.
const TAGS: [&str; 8] = ["latest", "1.0.0", "v1.2.3", "2.0.0-rc.1", "build-1", "build-2", "moat-keep-x", "x"];

/// Every order of two pushes, each delivered twice.
fn orders() -> Vec<[usize; 4]> {
    let all = (0..16u8).map(|bits| [0, 1, 2, 3].map(|bit| usize::from(bits >> bit & 1)));
    all.filter(|order| order.iter().sum::<usize>() == 2).collect()
}

fn pair(i: i64) -> Vec<Pushed> {
    let first = at(i);
    let second = Moment::from_millis(first.millis() + 50);
    let tags = |n: i64| vec!["latest".to_owned(), format!("1.{}.0", 2 * i + n), format!("build-{}", 2 * i + n)];
    let mut pair =
        vec![Pushed { digit: 'a', at: first, tags: tags(0) }, Pushed { digit: 'b', at: second, tags: tags(1) }];
    for push in &mut pair {
        push.tags.rotate_left(usize::try_from(i % 3).unwrap());
    }
    pair
}

#[test]
fn i3_i4_two_pushes_50_ms_apart_in_every_order_and_twice_end_on_the_newer_one_with_at_most_two_rollouts() {
    let tracks = [json!("tag"), json!({"semver": "1"}), json!({"glob": "build-*"}), json!({"regex": "^build-[0-9]+$"})];
    assert_eq!(orders().len(), 6);
    for i in 0..210 {
        for track in &tracks {
            for order in orders() {
                for step in [1, 30, 80] {
                    let world = World::new(spec(json!({ "track": track })), pair(i));
                    let (running, rollouts) = world.run(&order, at(i), step);
                    assert_eq!(running, Some(digest('b')), "{track} {order:?} {step}");
                    assert!(rollouts.len() <= 2, "{track} {order:?} {step}: {rollouts:?}");
                }
            }
        }
    }
}

#[test]
fn i11_fifty_pushes_in_a_minute_are_two_rollouts_one_after_the_other_and_the_last_push_wins() {
    let digits: Vec<char> = "0123456789abcde".chars().collect();
    let pushes: Vec<Pushed> = (0..50usize)
        .map(|i| Pushed {
            digit: digits[i % digits.len()],
            at: at(i64::try_from(i).unwrap()),
            tags: vec!["latest".into()],
        })
        .collect();
    let last = digest(pushes[49].digit);
    let order: Vec<usize> = (0..50).collect();
    let world = World { lasts: 60, ..World::new(spec(json!({})), pushes) };
    let (running, rollouts) = world.run(&order, at(0), 1);
    assert_eq!((running, rollouts.len()), (Some(last), 2), "the first one, and then the newest");
}

proptest! {
    #[test]
    fn any_order_and_duplication_of_the_same_pushes_ends_in_the_same_digest(
        times in prop::collection::vec(0i64..5_000, 1..8),
        deliveries in prop::collection::vec((any::<prop::sample::Index>(), 0i64..400), 0..24),
        policy in 0usize..4,
    ) {
        let digits: Vec<char> = "0123456789".chars().collect();
        let mut times = times;
        times.sort_unstable();
        times.dedup();
        let pushes: Vec<Pushed> = times
            .iter()
            .enumerate()
            .map(|(i, millis)| Pushed {
                digit: digits[i],
                at: Moment::from_millis(at(0).millis() + millis),
                tags: vec![["latest", "1.X.0", "build-X", "build-X"][policy].replace('X', &i.to_string())],
            })
            .collect();
        // Each event arrives at least once; the last ones after everything was pushed.
        let count = pushes.len();
        let mut order: Vec<usize> = deliveries.iter().map(|(index, _)| index.index(count)).collect();
        order.extend(0..count);
        let step = deliveries.iter().map(|(_, step)| *step).max().unwrap_or(10);
        let world = World::new(spec(every_policy()[policy].clone()), pushes);
        let (running, _) = world.run(&order, at(0), step);
        prop_assert_eq!(running, Some(digest(digits[count - 1])));
    }

    #[test]
    fn every_question_has_an_answer_and_the_order_of_the_candidates_makes_no_difference(
        images in prop::collection::vec((0usize..10, -100i64..100, prop::collection::btree_set(0usize..8, 0..4)), 0..8),
        order in 0usize..4,
        flags in any::<[bool; 6]>(),
        policy in 0usize..5,
        turn in 0usize..8,
    ) {
        let digits: Vec<char> = "0123456789".chars().collect();
        let mut case = Case::new(if policy == 4 { json!({"track": "none"}) } else { every_policy()[policy].clone() });
        case.candidates = images
            .iter()
            .map(|(digit, seconds, tags)| {
                let tags: Vec<&str> = tags.iter().map(|tag| TAGS[*tag]).collect();
                image(digits[*digit], at(*seconds), &tags)
            })
            .collect();
        // The registry has each digest once.
        let mut seen = std::collections::BTreeSet::new();
        case.candidates.retain(|image| seen.insert(image.digest.clone()));
        case.order = [Order::Look, Order::Previous, Order::Digest(digest('1')), Order::Release(digest('2'))][order].clone();
        if flags[0] { case.release.rolling = Some(rolling('3', at(-5))); }
        if flags[1] { case.release = case.release.answered(&digest('1'), false, at(-3)); }
        if flags[2] { case.release.held = Some(Hold { at: at(0), aside: Some(digest('2')) }); }
        if flags[3] { case.running = None; }
        if flags[4] { case.spec.rollout.approval = Approval::Ask; }
        if flags[5] { (case.spec.rollout.minimum_interval, case.release.began) = (60, Some(at(-5))); }
        let decision = case.decide();
        let chosen = favourite(&case.question()).map(|image| image.digest.clone());
        if let Decision::Deploy { digest, .. } = &decision {
            prop_assert_eq!(Some(digest), chosen.as_ref());
            prop_assert_ne!(Some(digest), case.running.as_ref());
            let is_barred = case.release.quarantine.contains_key(digest);
            prop_assert!(!is_barred || case.order.is_explicit());
        }
        let count = case.candidates.len().max(1);
        case.candidates.rotate_left(turn % count);
        prop_assert_eq!(&case.decide(), &decision);
        case.candidates.reverse();
        prop_assert_eq!(&case.decide(), &decision);
        let text = serde_json::to_string(&decision).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Decision>(&text).unwrap(), &decision);
    }
}
