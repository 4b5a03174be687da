// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// A program in Rust that allocates from everywhere, the same again and again, in two
// threads: collections, text, trait objects, closures, panics that are caught. For ever.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::panic;
use std::thread;

trait Part {
    fn name(&self, depth: usize) -> String;
}

struct Leaf;

struct Group {
    parts: Vec<Box<dyn Part>>,
}

impl Part for Leaf {
    #[inline(never)]
    fn name(&self, depth: usize) -> String {
        if depth % 5 == 4 {
            panic!("too deep: {}", depth);
        }
        format!("a leaf of the depth {}", depth)
    }
}

impl Part for Group {
    fn name(&self, depth: usize) -> String {
        let names: Vec<String> = self.parts.iter().map(|p| p.name(depth + 1)).collect();
        names.join(", ")
    }
}

fn group(depth: usize) -> Box<dyn Part> {
    if depth == 0 {
        return Box::new(Leaf);
    }
    Box::new(Group {
        parts: (0..2).map(|_| group(depth - 1)).collect(),
    })
}

fn text(count: usize) -> String {
    let mut out = String::new();
    for i in 0..count {
        writeln!(out, "number {} of some", i * 7919 % 100).unwrap();
    }
    out
}

fn words(text: &str) -> usize {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for word in text.split_whitespace() {
        *seen.entry(word.to_uppercase()).or_insert(0) += 1;
    }
    seen.len()
}

fn sorted(text: &str) -> usize {
    let mut by_name: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let (name, rest) = line.split_once(' ').unwrap();
        by_name.entry(name).or_default().push(rest.to_string());
    }
    by_name.values_mut().for_each(|v| v.sort());
    by_name.values().map(Vec::len).sum()
}

fn work() {
    let all: Vec<Box<dyn Fn() -> usize>> = vec![
        Box::new(|| words(&text(10))),
        Box::new(|| sorted(&text(10))),
        Box::new(|| group(3).name(0).len()),
        Box::new(|| group(4).name(0).len()),
    ];
    let mut sum = 0;
    loop {
        for f in &all {
            sum += panic::catch_unwind(panic::AssertUnwindSafe(|| f())).unwrap_or(1);
        }
        if sum == 0 {
            break;
        }
    }
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    let other = thread::spawn(work);
    work();
    other.join().unwrap();
}
