//! A trial of rollouts: from a seed, a world in which everything may happen at once. While it goes on, `moat-fake` holds
//! moat to its promises at every call: one rollout in flight, no digest out of quarantine, nothing deregistered that is
//! in use, no desired count touched, minimum interval, freeze windows and a person's yes kept, and every outcome as ECS
//! has it on record. What is checked here is how it all comes to rest.

mod rollouts;

use futures_util::future::{join_all, join4};
use moat::image::Digest;
use moat::rollout::release::Asked;
use moat_fake::rollout::{Ended, Fate, Rollout, moment};
use moat_fake::{Chance, Faults, Rules, World};
use rollouts::{digest, event, rolls, running, settled, told};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::panic::catch_unwind;

/// Which tag the policy of the service takes.
#[derive(Debug, Clone, Copy)]
enum Tags {
    Latest,
    Builds,
    Versions,
}

impl Tags {
    fn track(self) -> Value {
        match self {
            Self::Latest => json!("tag"),
            Self::Builds => json!({"glob": "build-*"}),
            Self::Versions => json!({"semver": ">=1"}),
        }
    }

    fn of(self, number: u64) -> String {
        match self {
            Self::Latest => "latest".into(),
            Self::Builds => format!("build-{number}"),
            Self::Versions => format!("v1.{number}.0"),
        }
    }
}

/// One seed's world and those who act in it.
struct Trial {
    world: World,
    tags: Tags,
}

/// What the service's spec says about rollouts.
fn rules(chance: &mut Chance) -> Value {
    let mut rules = json!({
        "minimumInterval": chance.one_of(&[0, 0, 300, 900]),
        "timeLimit": chance.one_of(&[600, 3600]),
        "keepRevisions": chance.one_of(&[1, 3, 10]),
    });
    if chance.percent(20) {
        rules["approval"] = json!("ask");
        rules["approvalExpires"] = json!(600);
    }
    if chance.percent(15) {
        // It is Sunday, one o'clock.
        rules["freeze"] = json!([{"cron": "3 13 * * SUN", "duration": 1200, "timeZone": "UTC"}]);
    }
    rules
}

impl Trial {
    fn new(seed: u64, chance: &mut Chance) -> Self {
        let tags = *chance.one_of(&[Tags::Latest, Tags::Latest, Tags::Builds, Tags::Versions]);
        let world = settled(seed, &json!({"track": tags.track(), "rollout": rules(chance)}));
        let faults = Faults::some(u32::try_from(chance.between(0, 8)).unwrap(), chance.between(1, 10));
        let lag = Rules { lag: *chance.one_of(&[0, 0, 1_500, 4_000]), lagging: 50, ..Rules::default() };
        let world = world.with(lag, faults);
        world.change(|state| {
            let (now, ground) = (state.now, &mut state.ground);
            ground.registry.push(&digest(1), &tags.of(1), now);
            let is_yes = chance.percent(70);
            ground.answers = chance.percent(80).then(|| (is_yes, chance.between(1, 900) * 1000));
        });
        Self { world, tags }
    }

    async fn start(&self, name: String, input: Value) -> Ended {
        Rollout::new(&self.world, &name, input).run().await
    }

    /// Something happens in the registry. EventBridge tells of it late, twice, or not at all.
    async fn push(&self, number: u64, mut chance: Chance) -> Vec<Ended> {
        self.world.clock().sleep(chance.between(0, 600_000)).await;
        let (tag, old) = (self.tags.of(number), digest(chance.between(1, number)));
        let pushed = self.world.change(|state| {
            let (now, ground) = (state.now, &mut state.ground);
            let is_there = ground.registry.has(&old);
            match chance.between(0, 99) {
                0..8 if ground.ecs.current().is_none_or(|current| current.digest != old) => {
                    ground.registry.delete(&old);
                    None
                }
                8..20 if is_there => {
                    ground.registry.tag(&old, &tag);
                    Some(old.clone())
                }
                _ => {
                    ground.ecs.fates.extend(fate(&mut chance).map(|fate| (digest(number), fate)));
                    ground.registry.push(&digest(number), &tag, now);
                    Some(digest(number))
                }
            }
        });
        let Some(pushed) = pushed else { return Vec::new() };
        let mut input = event(&pushed);
        input["detail"]["image-tag"] = json!(tag);
        let lates: Vec<u64> = (0..chance.between(0, 2)).map(|_| chance.between(0, 200_000)).collect();
        let copies = lates.into_iter().enumerate().map(|(copy, late)| {
            let input = input.clone();
            async move {
                self.world.clock().sleep(late).await;
                self.start(format!("push-{number}-{copy}"), input).await
            }
        });
        join_all(copies).await
    }

    /// A person orders something, or the schedule looks.
    async fn order(&self, number: u64, mut chance: Chance) -> Ended {
        self.world.clock().sleep(chance.between(0, 900_000)).await;
        let some = digest(chance.between(1, 5));
        let input = match chance.between(0, 3) {
            0 => json!({"service": "web"}),
            1 => json!({"service": "web", "to": "previous"}),
            2 => json!({"service": "web", "to": some}),
            _ => json!({"service": "web", "release": some}),
        };
        self.start(format!("order-{number}"), input).await
    }

    /// Events that are none of moat's business.
    async fn noise(&self, number: u64, mut chance: Chance) {
        self.world.clock().sleep(chance.between(0, 600_000)).await;
        let mut input = event(&digest(chance.between(1, 5)));
        let (field, value) = chance.one_of(&[("action-type", "DELETE"), ("result", "FAILURE"), ("image-tag", "x.sig")]);
        input["detail"][*field] = json!(value);
        let ended = self.start(format!("noise-{number}"), input).await;
        assert!(matches!(ended.outcome(), "ignored" | "killed" | "error"), "{ended:?}");
    }

    /// Other people and their tools at work on the service.
    async fn meddle(&self, mut chance: Chance) {
        self.world.clock().sleep(chance.between(0, 900_000)).await;
        self.world.change(|state| {
            let (now, ecs) = (state.now, &mut state.ground.ecs);
            let deed = chance.between(0, 9);
            state.log.push(format!("[{now:>8} ms, other people] deed {deed} of meddle()"));
            match deed {
                0 => ecs.stop(now),
                1 => ecs.abort(now),
                2 => ecs.usual = *chance.one_of(&[Fate::Good(20_000), Fate::Good(200_000), Fate::Good(1_500_000)]),
                3 => ecs.desired = 0,
                4 => ecs.desired = 3,
                5 => ecs.is_closed ^= true,
                6 => ecs.has_service_deployments ^= true,
                7 => deploy(ecs, &digest(900), now),
                _ => {
                    let runs = ecs.current().unwrap().digest.clone();
                    deploy(ecs, &runs, now);
                }
            }
        });
    }
}

fn deploy(ecs: &mut moat_fake::rollout::Ecs, digest: &Digest, now: u64) {
    let revision = ecs.register(digest, None, vec![format!("sidecar at {now}")], now);
    ecs.update(&revision, "a person", now);
}

/// What becomes of an image, where it is not the usual.
fn fate(chance: &mut Chance) -> Option<Fate> {
    let after = chance.between(5_000, 700_000);
    match chance.between(0, 99) {
        0..12 => Some(Fate::Breaker(after)),
        12..20 => Some(Fate::Alarm(after)),
        20..25 => Some(Fate::Hook(after)),
        25..32 => Some(Fate::Stalls),
        _ => None,
    }
}

fn trial(seed: u64) {
    let mut chance = Chance::new(seed ^ 0x0074_7269_616c);
    let trial = Trial::new(seed, &mut chance);
    let mut some = |most: u64| -> Vec<(u64, Chance)> {
        (0..chance.between(0, most)).map(|number| (number, Chance::new(chance.next()))).collect()
    };
    let (pushes, orders, noises, meddlers) = (some(6), some(2), some(1), some(3));
    let world = &trial.world;
    let (pushed, ordered, _, _) = world.run(join4(
        join_all(pushes.into_iter().map(|(number, chance)| trial.push(number + 2, chance))),
        join_all(orders.into_iter().map(|(number, chance)| trial.order(number, chance))),
        join_all(noises.into_iter().map(|(number, chance)| trial.noise(number, chance))),
        join_all(meddlers.into_iter().map(|(_, chance)| trial.meddle(chance))),
    ));
    let ended: Vec<Ended> = pushed.into_iter().flatten().chain(ordered).collect();
    let lost = ended.iter().filter(|ended| matches!(ended, Ended::Killed)).count();
    trial.comes_to_rest(lost);
}

impl Trial {
    /// All trouble is over, and the schedule looks until there is nothing more to do.
    fn comes_to_rest(&self, lost: usize) {
        let world = &self.world;
        world.change(|state| {
            state.faults = Faults::none();
            state.rules = Rules::default();
            let ground = &mut state.ground;
            ground.answers = Some((true, 1_000));
            ground.ecs.is_closed = false;
            ground.ecs.usual = Fate::Good(60_000);
            ground.ecs.fates.retain(|_, fate| *fate != Fate::Stalls);
            ground.ecs.desired = ground.ecs.desired.max(1);
        });
        // One image after the other may turn out to be bad.
        let mut began = usize::MAX;
        for number in 0..12 {
            let before = std::mem::replace(&mut began, rolls(world));
            if before == began && number > 2 {
                break;
            }
            world.wait(2_000_000);
            let input = json!({"service": "web"});
            let ended = world.run(Rollout::new(world, &format!("peace-{number}"), input).run());
            assert!(matches!(ended, Ended::With(_)), "{ended:?}\n{}", world.story());
        }
        assert_eq!(rolls(world), began, "it does not come to rest\n{}", world.story());
        self.runs_what_it_should();
        let (release, locks) = world.read(|state| (state.ground.release(), state.locks()));
        // A yes keeps, and a question that nobody waits for expires.
        let is_awaited = |asked: &Asked| !asked.is_approved && asked.expires > moment(world.clock().now());
        let is_open = release.asked.as_ref().is_some_and(is_awaited);
        assert!(release.rolling.is_none() && !is_open, "{release:?}\n{}", world.story());
        assert!(locks.is_empty(), "{locks:?}\n{}", world.story());
        assert_eq!(world.read(|state| state.ground.lost_updates), 0, "{}", world.story());
        self.each_end_was_told_once(lost);
    }

    fn runs_what_it_should(&self) {
        let (world, runs) = (&self.world, running(&self.world));
        let (pick, release) = world.read(|state| (state.ground.pick(), state.ground.release()));
        let Some(pick) = pick else { return };
        let is_barred = release.quarantine.contains_key(&pick) || release.hold().is_some();
        // Nothing older is rolled in the place of an image that was deleted (I8).
        let is_gone = !matches!(self.tags, Tags::Latest) && !world.read(|state| state.ground.registry.has(&runs));
        assert!(runs == pick || is_barred || is_gone, "it runs {runs}, not {pick}\n{}", world.story());
    }

    /// Every deployment of ours has one end that was told. A killed execution may take with it what it was to tell.
    fn each_end_was_told_once(&self, lost: usize) {
        let world = &self.world;
        let all: Vec<(String, bool)> = told(world)
            .into_iter()
            .filter_map(|event| Some((event["taskDefinition"].as_str()?.to_owned(), event["outcome"] == "timed-out")))
            .collect();
        let ends: Vec<&String> = all.iter().filter(|(_, is_open)| !is_open).map(|(revision, _)| revision).collect();
        let different: BTreeSet<&&String> = ends.iter().collect();
        assert_eq!(different.len(), ends.len(), "an end was told twice: {ends:?}\n{}", world.story());
        let told: BTreeSet<&String> = all.iter().map(|(revision, _)| revision).collect();
        let missing = rolls(world) - told.len();
        assert!(missing <= lost, "{missing} ends were not told, with {lost} executions killed\n{}", world.story());
    }
}

#[test]
fn whatever_happens_every_promise_is_kept_at_every_call_and_it_comes_to_rest() {
    let only: Option<u64> = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let count: u64 = std::env::var("SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(1000);
    let seeds = only.map_or(0..count, |seed| seed..seed + 1);
    let failed: Vec<u64> = seeds.filter(|seed| catch_unwind(|| trial(*seed)).is_err()).take(5).collect();
    assert!(failed.is_empty(), "SEED=… one of these shows its story: {failed:?}");
}
