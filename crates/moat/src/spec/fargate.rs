//! The sizes that Fargate offers.
//!
//! Source: "Task CPU and memory", Amazon ECS Developer Guide for Fargate.

/// One row: CPU units, then the smallest and largest memory in MiB and the step between.
const SIZES: [(u32, u32, u32, u32); 6] = [
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// The sizes of CPU, in units.
pub fn cpus() -> Vec<u32> {
    std::iter::once(256).chain(SIZES.iter().map(|size| size.0)).collect()
}

/// The sizes of memory in MiB that go with `cpu`; empty when there is no such CPU size.
pub fn memories(cpu: u32) -> Vec<u32> {
    if cpu == 256 {
        return vec![512, 1024, 2048];
    }
    SIZES
        .iter()
        .find(|size| size.0 == cpu)
        .map(|&(_, least, most, step)| (least..=most).step_by(step as usize).collect())
        .unwrap_or_default()
}

/// Why the pair is not legal, naming the legal ones near it; `None` when it is.
pub fn objection(cpu: u32, memory: u32) -> Option<String> {
    let memories = memories(cpu);
    if memories.is_empty() {
        let cpus: Vec<String> = cpus().iter().map(u32::to_string).collect();
        return Some(format!("Fargate has no tasks with {cpu} CPU units; it has {}", cpus.join(", ")));
    }
    if memories.contains(&memory) {
        return None;
    }
    let below = memories.iter().rev().find(|&&m| m < memory);
    let above = memories.iter().find(|&&m| m > memory);
    let mut near: Vec<String> = [below, above].into_iter().flatten().map(|m| format!("{m} MiB with {cpu}")).collect();
    // The same memory with another CPU size may be what was meant.
    let other = cpus().into_iter().filter(|&other| self::memories(other).contains(&memory));
    near.extend(other.min_by_key(|other| other.abs_diff(cpu)).map(|other| format!("{memory} MiB with {other}")));
    Some(format!("Fargate has no tasks with {cpu} CPU units and {memory} MiB; near it are {}", near.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_illegal_pair_names_the_legal_ones_near_it() {
        assert_eq!(objection(256, 512), None);
        assert_eq!(objection(16384, 122_880), None);
        let text = objection(256, 4096).unwrap();
        assert!(text.ends_with("near it are 2048 MiB with 256, 4096 MiB with 512"), "{text}");
        let text = objection(512, 1500).unwrap();
        assert!(text.ends_with("near it are 1024 MiB with 512, 2048 MiB with 512"), "{text}");
        assert!(objection(300, 512).unwrap().contains("256, 512, 1024"));
    }
}
