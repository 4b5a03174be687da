// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
//! framehop behind a C interface (../framehop.h), for bench.c: modules by their
//! sections, and walks of x86_64 with the stack at hand or by a callback.

use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, Module, Unwinder};
use std::os::raw::c_void;

/// A section: its address as linked and its bytes, which the caller keeps.
#[repr(C)]
pub struct Section {
    vaddr: u64,
    bytes: *const u8,
    size: usize,
}

/// Where a file is mapped, and what it is unwound by.
#[repr(C)]
pub struct File {
    start: u64,
    end: u64,
    bias: u64,
    eh_frame: Section,
    eh_frame_hdr: Section,
    text: Section,
    got: Section,
}

/// A word of the target's memory; false: it cannot be read.
type Read = unsafe extern "C" fn(*mut c_void, u64, *mut u64) -> bool;

/// What a walk begins with. `size` 0: every read is by the callback.
#[repr(C)]
pub struct Start {
    pc: u64,
    sp: u64,
    fp: u64,
    stack: *const u8,
    stack_addr: u64,
    size: u64,
    read: Read,
    ctx: *mut c_void,
}

pub struct State {
    unwinder: UnwinderX86_64<&'static [u8]>,
    cache: CacheX86_64,
}

impl Section {
    fn data(&self) -> Option<&'static [u8]> {
        if self.bytes.is_null() {
            return None;
        }
        Some(unsafe { std::slice::from_raw_parts(self.bytes, self.size) })
    }

    fn range(&self) -> Option<std::ops::Range<u64>> {
        self.data()
            .map(|bytes| self.vaddr..self.vaddr + bytes.len() as u64)
    }
}

#[no_mangle]
pub extern "C" fn bench_framehop_open() -> *mut State {
    Box::into_raw(Box::new(State {
        unwinder: UnwinderX86_64::new(),
        cache: CacheX86_64::new(),
    }))
}

/// # Safety
/// `state` is of bench_framehop_open(); the file's sections outlive it.
#[no_mangle]
pub unsafe extern "C" fn bench_framehop_add(state: *mut State, file: &File) {
    let sections = ExplicitModuleSectionInfo {
        text_svma: file.text.range(),
        got_svma: file.got.range(),
        eh_frame_svma: file.eh_frame.range(),
        eh_frame: file.eh_frame.data(),
        eh_frame_hdr_svma: file.eh_frame_hdr.range(),
        eh_frame_hdr: file.eh_frame_hdr.data(),
        ..Default::default()
    };
    let module = Module::new(String::new(), file.start..file.end, file.bias, sections);

    (*state).unwinder.add_module(module);
}

/// pcs[0 .. result), innermost first.
///
/// # Safety
/// `state` is of bench_framehop_open(), `pcs` has room for `max`, and `start`
/// tells where `size` bytes are.
#[no_mangle]
pub unsafe extern "C" fn bench_framehop_walk(
    state: *mut State,
    start: &Start,
    pcs: *mut u64,
    max: usize,
) -> usize {
    let stack = match start.size {
        0 => &[],
        size => std::slice::from_raw_parts(start.stack, size as usize),
    };
    let pcs = std::slice::from_raw_parts_mut(pcs, max);

    if stack.is_empty() {
        return walk(&mut *state, start, pcs, |addr| by_callback(start, addr));
    }
    walk(&mut *state, start, pcs, |addr: u64| {
        let at = addr.wrapping_sub(start.stack_addr) as usize;
        match stack.get(at..at.wrapping_add(8)) {
            Some(bytes) => Ok(u64::from_le_bytes(bytes.try_into().unwrap())),
            None => by_callback(start, addr),
        }
    })
}

fn walk<F>(state: &mut State, start: &Start, pcs: &mut [u64], mut read: F) -> usize
where
    F: FnMut(u64) -> Result<u64, ()>,
{
    let regs = UnwindRegsX86_64::new(start.pc, start.sp, start.fp);
    let mut frames = state
        .unwinder
        .iter_frames(start.pc, regs, &mut state.cache, &mut read);
    let mut count = 0;

    while count < pcs.len() {
        let Ok(Some(frame)) = frames.next() else {
            break;
        };
        pcs[count] = frame.address();
        count += 1;
    }
    count
}

fn by_callback(start: &Start, addr: u64) -> Result<u64, ()> {
    let mut word = 0;

    if unsafe { (start.read)(start.ctx, addr, &mut word) } {
        Ok(word)
    } else {
        Err(())
    }
}

/// # Safety
/// `state` is of bench_framehop_open() and not used any more.
#[no_mangle]
pub unsafe extern "C" fn bench_framehop_close(state: *mut State) {
    drop(Box::from_raw(state));
}
