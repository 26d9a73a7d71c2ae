//! What a provision leaves, proven by what is there and not by a plan: private at every step, and with every way out in
//! the end (E1, E3).

use moat::proof::Verdict;
use moat::proof::facts::What;
use moat::spec::Nat;
use moat_fake::trial::{asked, empty, must_be_proven, settled};
use moat_fake::{End, Execution, Faults, Rules};
use std::cell::RefCell;

#[test]
fn e1_e3_what_is_settled_is_proven_with_one_nat_gateway_and_with_one_in_each_zone() {
    for (zones, nat) in [(2, Nat::Single), (3, Nat::PerZone)] {
        let asked = asked(zones, nat);
        let world = settled(1, &asked);
        must_be_proven(&world, &asked);
        let evidence = world.evidence(&asked).unwrap();
        let needs: Vec<&What> = evidence.needs.iter().map(|need| &need.what).collect();
        assert_eq!(needs, [&What::EcrApi, &What::EcrDkr, &What::Layers, &What::Logs]);
        let proofs = world.proofs(&asked).unwrap();
        assert_eq!(proofs.reaches.len(), usize::from(zones) * needs.len());
        let told = proofs.privacy.witness.join("\n");
        assert!(told.contains("none of its 2 network interfaces has one") && told.contains("HTTP 80"), "{told}");
    }
}

/// E3 with lag and lost answers: whoever looks at any moment of a provision finds no way in.
#[test]
fn e3_at_no_moment_of_a_provision_is_a_task_reachable_from_the_internet() {
    let (mut all, mut proven) = (0, 0);
    for seed in 0..12 {
        let asked = asked(2, if seed % 2 == 0 { Nat::Single } else { Nat::PerZone });
        let rules = Rules { lag: 4_000, lagging: 30, ..Rules::default() };
        let world = empty(seed).with(rules, Faults::some(6, 20));
        let (seen, ended) = (RefCell::new((0, None)), RefCell::new(None));
        let provision = async {
            *ended.borrow_mut() = Some(Execution::new(&world, "it", &asked).run().await);
        };
        let watch = async {
            while ended.borrow().is_none() {
                if let Some(proofs) = world.proofs(&asked) {
                    assert_ne!(proofs.privacy.verdict, Verdict::Fails, "{}\n{}", proofs.privacy, world.story());
                    *seen.borrow_mut() = (seen.borrow().0 + 1, Some(proofs.egress.verdict));
                }
                world.clock().sleep(700).await;
            }
        };
        world.run(futures_util::future::join(provision, watch));
        let (looks, egress) = seen.into_inner();
        all += looks;
        if ended.into_inner() == Some(End::Settled) {
            assert_eq!(egress, Some(Verdict::Holds), "{}", world.story());
            proven += 1;
        }
    }
    assert!(all > 1_000 && proven > 1, "{all} looks, {proven} provisions that settled");
}

#[test]
fn e1_what_somebody_breaks_is_found_in_what_is_there() {
    let asked = asked(2, Nat::PerZone);
    let world = settled(2, &asked);
    world.delete_default_route("route-table private-a");
    let egress = world.proofs(&asked).unwrap().egress;
    assert_eq!(egress.verdict, Verdict::Fails);
    assert!(egress.faults.iter().all(|fault| fault.cuts.contains("private-a") && !fault.cuts.contains("private-b")));
    world.lead_to_the_internet("route-table private-b", "0.0.0.0/1");
    let privacy = world.proofs(&asked).unwrap().privacy;
    assert_eq!(privacy.faults.iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>(), ["open-route"]);
}
