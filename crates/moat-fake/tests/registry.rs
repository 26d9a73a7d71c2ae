//! Services that read secrets, come from a registry that is not ECR, have a role, or come through a cache: provisioned,
//! found as asked, and changed later.

use moat::image::Image;
use moat::spec::{Nat, Secret, TaskRole};
use moat_fake::trial::{asked, digest, empty, must_be_settled, settled};
use moat_fake::{Asked, End, Execution, World};

const CACHED: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hub/library/nginx:1";

fn secret(name: &str) -> Secret {
    Secret::new(&format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}")).unwrap()
}

fn role(name: &str) -> TaskRole {
    TaskRole::new(&format!("arn:aws:iam::123456789012:role/moat-task-{name}")).unwrap()
}

/// From a private registry, with everything that a service may read and be.
fn private() -> Asked {
    let mut asked = asked(2, Nat::Single);
    asked.service.image = Image::new("ghcr.io/team/web:1").unwrap();
    asked.service.registry_credentials = Some(secret("ghcr-a1B2c3"));
    asked.service.secrets = [("DB".to_owned(), secret("db-a1B2c3"))].into();
    asked.service.task_role = Some(role("web"));
    asked.service.exec = true;
    asked
}

fn run(world: &World, asked: &Asked) -> End {
    world.run(Execution::new(world, "it", asked).run())
}

#[test]
fn a_service_from_a_private_registry_with_secrets_a_role_and_exec_is_settled_and_stays_so() {
    let asked = private();
    let world = settled(7, &asked);
    must_be_settled(&world, &asked);
}

#[test]
fn secrets_that_are_added_later_and_taken_out_again_are_one_new_revision_each() {
    let plain = asked(2, Nat::Single);
    let world = settled(8, &plain);
    let mut more = plain.clone();
    more.service.secrets = [("DB".to_owned(), secret("db-a1B2c3"))].into();
    for asked in [&more, &plain] {
        assert_eq!(run(&world, asked), End::Settled, "{}", world.story());
        must_be_settled(&world, asked);
    }
    let registered = world.story().lines().filter(|line| line.contains("register task-definition")).count();
    assert_eq!(registered, 3, "{}", world.story());
}

#[test]
fn exec_that_is_asked_for_later_comes_with_the_role_that_it_needs() {
    let plain = asked(2, Nat::Single);
    let world = settled(9, &plain);
    let mut more = plain.clone();
    (more.service.task_role, more.service.exec) = (Some(role("web")), true);
    assert_eq!(run(&world, &more), End::Settled, "{}", world.story());
    must_be_settled(&world, &more);
    more.service.exec = false;
    assert_eq!(run(&world, &more), End::Settled, "{}", world.story());
    must_be_settled(&world, &more);
}

#[test]
fn exec_without_a_role_is_what_ecs_refuses() {
    let mut asked = private();
    asked.service.task_role = None;
    let world = empty(10);
    assert_ne!(run(&world, &asked), End::Settled);
    assert!(world.story().contains("a valid taskRoleArn is not being used"), "{}", world.story());
}

#[test]
fn an_image_that_the_cache_has_not_fetched_is_deployed_by_its_tag_and_named_by_digest_once_it_has() {
    let mut asked = asked(2, Nat::Single);
    asked.service.image = Image::new(CACHED).unwrap();
    let world = empty(11);
    assert_ne!(run(&world, &asked), End::Settled, "without a rule there is no such image");
    let world = empty(11);
    world.cache("hub");
    assert_eq!(run(&world, &asked), End::Settled, "{}", world.story());
    assert!(world.story().contains(&format!("register task-definition {CACHED} with")), "{}", world.story());
    must_be_settled(&world, &asked);
    // The first pull has fetched it.
    world.push(CACHED, &digest(3));
    assert_eq!(run(&world, &asked), End::Settled, "{}", world.story());
    assert!(world.story().contains(&digest(3)), "{}", world.story());
    must_be_settled(&world, &asked);
}
