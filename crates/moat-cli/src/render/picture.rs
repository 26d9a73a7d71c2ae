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
    if let Some((name, ingress)) = ingress.and_then(|ingress| Some((balancer(ingress)?, ingress))) {
        let (line, kind) = if ingress.is_internal { ("", "internal load balancer") } else { ("|", "load balancer") };
        drawing.inside(&format!("            {line}"));
        drawing.inside(&format!("    {kind} {name}, {}", ports(ingress)));
    }
    let zones = zones(network);
    for abreast in zones.chunks(ABREAST) {
        drawing.inside("");
        drawing.side_by_side(abreast.iter().map(|zone| vec![format!("{:<1$}", zone.name, BOX + 4)]).collect());
        drawing.side_by_side(boxes(abreast.iter().map(|zone| zone.public), |subnet| public(subnet, network, ingress)));
        drawing.side_by_side(boxes(abreast.iter().map(|zone| zone.private), |subnet| {
            private(subnet, network, ingress, service)
        }));
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

    /// Columns of equal height.
    fn side_by_side(&mut self, columns: Vec<Vec<String>>) {
        for row in 0..columns.first().map_or(0, Vec::len) {
            let cells: Vec<&str> = columns.iter().map(|column| column[row].as_str()).collect();
            self.inside(&format!(" {}", cells.join("  ")));
        }
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

/// One box for each zone, all as tall as the tallest; a zone without such a subnet has a blank in its place.
fn boxes<'a>(
    subnets: impl Iterator<Item = Option<&'a SubnetFacts>>,
    content: impl Fn(&SubnetFacts) -> Vec<String>,
) -> Vec<Vec<String>> {
    let contents: Vec<_> = subnets.map(|subnet| subnet.map(|subnet| (subnet, content(subnet)))).collect();
    let tallest = contents.iter().flatten().map(|(_, lines)| lines.len()).max().unwrap_or(0);
    let framed = contents.into_iter().map(|content| match content {
        Some((subnet, lines)) => framed(subnet, lines, tallest),
        None => vec![" ".repeat(BOX + 4); tallest + 2],
    });
    framed.collect()
}

fn public(subnet: &SubnetFacts, network: &NetworkFacts, ingress: Option<&IngressFacts>) -> Vec<String> {
    let mut lines = vec![subnet.id.clone(), way_out(subnet)];
    lines.extend(door(ingress, false));
    lines.extend(
        network
            .nat_gateways
            .iter()
            .filter(|gateway| gateway.subnet.as_deref() == Some(subnet.id.as_str()))
            .flat_map(nat),
    );
    lines
}

fn private(
    subnet: &SubnetFacts,
    network: &NetworkFacts,
    ingress: Option<&IngressFacts>,
    service: Option<&ServiceFacts>,
) -> Vec<String> {
    let mut lines = vec![subnet.id.clone(), way_out(subnet)];
    lines.extend(door(ingress, true));
    lines.extend(network.s3_endpoint.as_ref().map(|endpoint| format!("s3 -> {endpoint}")));
    lines.extend(service.map(|service| format!("tasks of {}, no public IP", service.name)));
    lines
}

fn way_out(subnet: &SubnetFacts) -> String {
    format!("0.0.0.0/0 -> {}", subnet.default_route.as_deref().unwrap_or("nowhere"))
}

fn nat(gateway: &NatGatewayFacts) -> Vec<String> {
    let state = if gateway.is_available { "" } else { " (pending)" };
    let mut lines = vec![format!("nat gateway {}{state}", gateway.id)];
    lines.extend(gateway.public_ip.as_ref().map(|ip| format!("  public IP {ip}")));
    lines
}

fn framed(subnet: &SubnetFacts, content: Vec<String>, height: usize) -> Vec<String> {
    let mut lines = vec![format!("+{}+", rule(&format!("{} {}", subnet.name, subnet.cidr), BOX + 2))];
    let blank = std::iter::repeat(String::new());
    lines.extend(content.into_iter().chain(blank).take(height).map(|line| format!("| {:<BOX$} |", shortened(&line))));
    lines.push(format!("+{}+", rule("", BOX + 2)));
    lines
}

fn shortened(line: &str) -> String {
    if line.chars().count() <= BOX { line.to_owned() } else { line.chars().take(BOX - 2).chain("..".chars()).collect() }
}

/// A load balancer's line in a box of the side that it is on.
fn door(ingress: Option<&IngressFacts>, is_internal: bool) -> Option<String> {
    ingress.filter(|ingress| ingress.is_internal == is_internal).and_then(balancer).map(|_| "load balancer".to_owned())
}

/// What was written before there were others listened on port 80.
fn ports(ingress: &IngressFacts) -> String {
    match ingress.ports.as_slice() {
        [] => "port 80".into(),
        [port] => format!("port {port}"),
        ports => format!("ports {}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" and ")),
    }
}

/// The name inside of a load balancer's ARN: `…:loadbalancer/app/<name>/<id>`, or `net` instead of `app`.
fn balancer(ingress: &IngressFacts) -> Option<&str> {
    let arn = ingress.load_balancer.as_deref()?;
    Some(arn.rsplit('/').nth(1).unwrap_or(arn))
}
