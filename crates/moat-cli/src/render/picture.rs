//! A network as a picture in plain ASCII, with the real ids.

use moat::ingress::facts::IngressFacts;
use moat::network::facts::{NatGatewayFacts, NetworkFacts, SubnetFacts};
use moat::service::facts::ServiceFacts;

/// Characters inside of a subnet's box: `0.0.0.0/0 -> nat-0123456789abcdef0` fits.
const BOX: usize = 36;
/// Two zones stand side by side; further ones follow below.
const ABREAST: usize = 2;
const FRAME: usize = ABREAST * (BOX + 4) + (ABREAST - 1) * 2 + 2;

/// Draws the VPC, its zones as columns, and what is in each subnet.
pub fn picture(network: &NetworkFacts, ingress: Option<&IngressFacts>, service: Option<&ServiceFacts>) -> String {
    let mut drawing = Drawing::default();
    let igw = network.internet_gateway.as_deref();
    drawing.outside("          Internet");
    drawing.outside("             |");
    drawing.edge(&format!("vpc {} {} {}", network.name, network.cidr, network.vpc_id.as_deref().unwrap_or_default()));
    drawing.inside("            |");
    drawing.inside(&format!("    internet gateway {}", igw.unwrap_or("(missing)")));
    if let Some(name) = ingress.and_then(balancer) {
        drawing.inside("            |");
        drawing.inside(&format!("    load balancer {name}, port 80"));
    }
    let pairs: Vec<_> = zones(network).into_iter().map(|zone| column(zone, network, ingress, service)).collect();
    for abreast in pairs.chunks(ABREAST) {
        drawing.inside("");
        let tallest = abreast.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..tallest {
            let cells = abreast.iter().map(|column| column.get(row).cloned().unwrap_or_else(|| " ".repeat(BOX + 4)));
            drawing.inside(&format!(" {}", cells.collect::<Vec<_>>().join("  ")));
        }
    }
    drawing.edge("");
    drawing.text
}

#[derive(Default)]
struct Drawing {
    text: String,
}

impl Drawing {
    fn outside(&mut self, line: &str) {
        self.text.push_str(&format!("{line}\n"));
    }

    fn inside(&mut self, line: &str) {
        self.text.push_str(&format!("|{line:<FRAME$}|\n"));
    }

    fn edge(&mut self, title: &str) {
        self.text.push_str(&format!("+{}+\n", rule(title, FRAME)));
    }
}

/// `-- title -------`, `width` characters wide.
fn rule(title: &str, width: usize) -> String {
    let title = if title.is_empty() { String::new() } else { format!("-- {title} ") };
    format!("{title:-<width$}")
}

/// One availability zone: what is public in it and what is private.
struct Zone<'a> {
    name: &'a str,
    public: Option<&'a SubnetFacts>,
    private: Option<&'a SubnetFacts>,
}

fn zones(network: &NetworkFacts) -> Vec<Zone<'_>> {
    let mut zones: Vec<Zone<'_>> = Vec::new();
    let sides = network.public_subnets.iter().map(|subnet| (subnet, true));
    for (subnet, is_public) in sides.chain(network.private_subnets.iter().map(|subnet| (subnet, false))) {
        let at = zones.iter().position(|zone| zone.name == subnet.zone).unwrap_or_else(|| {
            zones.push(Zone { name: &subnet.zone, public: None, private: None });
            zones.len() - 1
        });
        let side = if is_public { &mut zones[at].public } else { &mut zones[at].private };
        *side = Some(subnet);
    }
    zones
}

/// The lines of a zone, each `BOX + 4` characters wide.
fn column(
    zone: Zone<'_>,
    network: &NetworkFacts,
    ingress: Option<&IngressFacts>,
    service: Option<&ServiceFacts>,
) -> Vec<String> {
    let mut lines = vec![format!("{:<1$}", zone.name, BOX + 4)];
    if let Some(subnet) = zone.public {
        let mut inner = Vec::new();
        inner.extend(ingress.and_then(balancer).map(|_| "load balancer".to_owned()));
        for gateway in network.nat_gateways.iter().filter(|gateway| gateway.subnet == subnet.id) {
            inner.extend(nat(gateway));
        }
        lines.extend(framed(subnet, inner, None));
    }
    if let Some(subnet) = zone.private {
        let tasks = service.map(|service| format!("tasks of {}, no public IP", service.name));
        lines.extend(framed(subnet, tasks.into_iter().collect(), network.s3_endpoint.as_deref()));
    }
    lines
}

fn nat(gateway: &NatGatewayFacts) -> Vec<String> {
    let state = if gateway.is_available { "" } else { " (pending)" };
    let mut lines = vec![format!("nat gateway {}{state}", gateway.id)];
    lines.extend(gateway.public_ip.as_ref().map(|ip| format!("  public IP {ip}")));
    lines
}

fn framed(subnet: &SubnetFacts, inner: Vec<String>, s3: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!("+{}+", rule(&format!("{} {}", subnet.name, subnet.cidr), BOX + 2))];
    let mut put = |line: &str| lines.push(format!("| {:<BOX$} |", shortened(line)));
    put(&subnet.id);
    inner.iter().for_each(|line| put(line));
    put(&format!("0.0.0.0/0 -> {}", subnet.default_route.as_deref().unwrap_or("nowhere")));
    if let Some(endpoint) = s3 {
        put(&format!("s3 -> {endpoint}"));
    }
    lines.push(format!("+{}+", rule("", BOX + 2)));
    lines
}

fn shortened(line: &str) -> String {
    if line.chars().count() <= BOX { line.to_owned() } else { line.chars().take(BOX - 2).chain("..".chars()).collect() }
}

/// The name inside of a load balancer's ARN: `…:loadbalancer/app/<name>/<id>`.
fn balancer(ingress: &IngressFacts) -> Option<&str> {
    let arn = ingress.load_balancer.as_deref()?;
    Some(arn.rsplit('/').nth(1).unwrap_or(arn))
}
