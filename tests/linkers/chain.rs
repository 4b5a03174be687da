// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// Waits in inner < middle < outer < main, linked as rustc links by itself: by
// lld from 1.90 on.
use std::io::Write;

// std::hint::black_box is of Rust 1.66, Debian 12 has 1.63
#[inline(never)]
fn black_box<T>(value: T) -> T {
    let read = unsafe { std::ptr::read_volatile(&value) };
    std::mem::forget(value);
    read
}

#[inline(never)]
fn inner(n: usize) -> usize {
    println!("ready");
    std::io::stdout().flush().unwrap();
    loop {
        std::thread::park();
        if black_box(n) == 0 {
            return n;
        }
    }
}

#[inline(never)]
fn middle(n: usize) -> usize {
    let room = black_box([n as u8; 200]);
    inner(n + 1) + room[n & 127] as usize
}

#[inline(never)]
fn outer(n: usize) -> usize {
    middle(n + 1) * 3 + black_box(n)
}

fn main() {
    println!("{}", outer(black_box(2)) + 1);
}
