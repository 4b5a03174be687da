// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// beside calls N | spin MS - as beside.cc, with Rust's names (v0).
use std::arch::asm;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

#[repr(C)]
struct TimeSpec {
    seconds: i64,
    ns: i64,
}
extern "C" {
    fn clock_gettime(clock: i32, time: *mut TimeSpec) -> i32;
}

// Is used, as far as the compiler knows (black_box is not in Debian 12's std).
#[inline(always)]
fn keep<T>(value: T) -> T {
    unsafe { asm!("/* {0} */", in(reg) &value, options(nostack)) };
    value
}

fn spent() -> f64 {
    let mut time = TimeSpec { seconds: 0, ns: 0 };
    unsafe { clock_gettime(3, &mut time) };
    time.seconds as f64 + time.ns as f64 / 1e9
}

#[no_mangle]
#[inline(never)]
pub extern "C" fn counted(n: i64) -> i64 {
    keep(n) + 1
}

struct Cart;
trait Add<T> {
    fn add(&self, n: T) -> T;
}
impl Add<i64> for Cart {
    #[inline(never)]
    fn add(&self, n: i64) -> i64 {
        keep(counted(n) + counted(n + 1)) + 1
    }
}

struct Store<T>(T);
impl<T: Add<i64>> Store<T> {
    #[inline(never)]
    fn serve(&self, calls: i64) {
        let mut room = [0u8; 12000];
        keep(&mut room);
        let start = Instant::now();
        for i in 0..calls / 2 {
            keep(self.0.add(i));
        }
        println!("calls {} ns {}", calls, start.elapsed().as_nanos() as i64 / calls);
        keep(&mut room);
    }

    #[inline(never)]
    fn little(&self, until: f64) {
        burn(until);
        keep(1);
    }

    #[inline(never)]
    fn much(&self, until: f64) {
        burn(until);
        keep(2);
    }

    #[inline(never)]
    fn work(&self, ms: i64) {
        let mut room = [0u8; 12000];
        keep(&mut room);
        let start = spent();
        self.little(start + ms as f64 / 4000.0);
        let middle = spent();
        self.much(middle + 3.0 * ms as f64 / 4000.0);
        println!("spin little {} much {}", middle - start, spent() - middle);
        keep(&mut room);
    }
}

#[inline(always)]
fn burn(until: f64) {
    while spent() < until {
        for i in 0..100000 {
            keep(i);
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let begin = std::env::var("BEGIN").unwrap_or("/".to_string());
    while !Path::new(&begin).exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let store = Store(Cart);
    let number: i64 = args[2].parse().unwrap();
    if args[1] == "calls" {
        store.serve(number);
    } else {
        store.work(number);
    }
    std::io::stdout().flush().unwrap();
    let _ = std::fs::File::create(begin + ".done");
    std::thread::park();
}
