// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// A program in Rust: trait objects, closures, collections, recursion, and
// panics that are caught. Its output is the same in every run.

use std::collections::BTreeMap;
use std::panic;

trait Bee {
    fn fly(&self, far: u64) -> u64;
}

struct Worker {
    load: Vec<u64>,
}

struct Drone;

impl Bee for Worker {
    #[inline(never)]
    fn fly(&self, far: u64) -> u64 {
        let mut sum = far;
        for n in &self.load {
            sum = sum.rotate_left((n % 13) as u32) ^ dance(n % 7, sum);
        }
        sum
    }
}

impl Bee for Drone {
    #[inline(never)]
    fn fly(&self, far: u64) -> u64 {
        if far % 101 == 0 {
            panic!("lost at {}", far);
        }
        dance(far % 9, far)
    }
}

#[inline(never)]
fn dance(depth: u64, sum: u64) -> u64 {
    if depth == 0 {
        return sum.wrapping_mul(0x9e37_79b9);
    }
    dance(depth - 1, sum.wrapping_add(depth)).wrapping_add(depth)
}

#[inline(never)]
fn swarm(round: u64, hive: &[Box<dyn Bee>]) -> u64 {
    let mut seen: BTreeMap<u64, String> = BTreeMap::new();
    let mut flights: Vec<u64> = hive
        .iter()
        .enumerate()
        .map(|(i, bee)| {
            let far = round * 31 + i as u64;
            let back = panic::catch_unwind(panic::AssertUnwindSafe(|| bee.fly(far)));
            back.unwrap_or(far)
        })
        .collect();
    flights.sort_by_key(|n| n.wrapping_mul(0x2545_f491));
    for n in flights {
        seen.insert(n % 64, format!("{:x}-{}", n, round));
    }
    seen.values().map(|s| s.len() as u64).sum()
}

fn main() {
    let mut hive: Vec<Box<dyn Bee>> = Vec::new();
    for i in 0..24 {
        if i % 5 == 4 {
            hive.push(Box::new(Drone));
        } else {
            hive.push(Box::new(Worker {
                load: (0..i + 3).collect(),
            }));
        }
    }
    panic::set_hook(Box::new(|_| {}));
    let mut total = 0u64;
    for round in 0..4000 {
        total = total.wrapping_add(swarm(round, &hive));
    }
    println!("{}", total);
}
