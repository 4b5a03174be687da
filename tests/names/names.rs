// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// Closures and generics of the standard library, inlined.
use std::collections::HashMap;

fn main() {
    let mut lengths: HashMap<String, Vec<u32>> = HashMap::new();
    for arg in std::env::args() {
        lengths.entry(arg.clone()).or_default().push(arg.len() as u32);
    }
    let mut sums: Vec<_> = lengths
        .iter()
        .map(|(name, all)| (name.len(), all.iter().sum::<u32>()))
        .collect();
    sums.sort();
    println!("{:?}", sums);
}
