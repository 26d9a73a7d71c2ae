//! Classic misconfigurations: a good network, one change, and what the proof says about it.

use crate::networks::*;
use moat::proof::{Proofs, prove};

fn told(proofs: &Proofs) -> String {
    format!("{}{}", proofs.privacy, proofs.egress)
}

#[test]
fn e1_e3_a_network_with_nat_gateways_is_proven() {
    let proofs = prove(&with_nat());
    assert!(proofs.privacy.holds() && proofs.egress.holds());
    insta::assert_snapshot!(told(&proofs));
    insta::assert_snapshot!("the_picture_of_a_network_with_nat_gateways", proofs.picture);
}

#[test]
fn e1_e3_a_network_with_endpoints_and_no_route_to_the_internet_is_proven() {
    let proofs = prove(&with_endpoints());
    assert!(proofs.privacy.holds() && proofs.egress.holds());
    insta::assert_snapshot!(told(&proofs));
    insta::assert_snapshot!("the_picture_of_a_network_with_endpoints", proofs.picture);
}
