#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""golden.py DIR - writes the recordings of each version in tests/record/golden, by
SPEC.md 6 alone: tests/unit/recording.c writes the same bytes and reads them all.
Those by zstd need the program zstd."""
import struct
import subprocess
import sys
import zlib


def u(value):
    out = b''
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def s(value):
    return u(2 * value if value >= 0 else -2 * value - 1)


def text(value):
    return u(len(value)) + value.encode()


def fixed(value):
    return struct.pack('<Q', value)


def record(*parts):
    content = b''.join(parts)
    return u(len(content)) + content


HEAD, PROCESSES, FILES, MAPS, FRAMES, STACKS, STEP, COUNTS, NAMES, END = range(1, 11)
LIVE, LIVE_BYTES, EVENTS, AMOUNT, SIZES = 4, 5, 12, 13, 64


def step(time, *entries):
    """entries: (stack, process, {field: change}), sorted by stack"""
    out, stack = u(time) + u(1) + u(len(entries)), 0
    for number, process, values in entries:
        out += s(number - stack) + u(process) + u(len(values))
        stack, field = number, 0
        for key in sorted(values):
            out += u(key - field) + s(values[key])
            field = key
    return out


def call(function, source, line, column):
    return text(function) + text(source) + u(line) + u(column)


def head(event, *more):
    return HEAD, b''.join([
        u(4), u(2), u(1), u(event), u(2), u(1), u(1700000000 * second), u(1000),
        u(second // 2), u(0), u((1 << 64) - 1), u(1), u(0),
        text('Linux 5.15.0'), text('mips'), text('dwunw 0.2.0'), *more])


second = 1000000000


def tables():
    yield PROCESSES, (
        record(u(1234), u(1), u(900), text('leaky'), text('leaky --forever')) +
        record(u(1235), u(0), u(0), text('\nline'), text('')))
    yield FILES, (
        record(fixed(0xcc927f6ee23a0f61), u(70000), u(20), bytes(range(20)),
               text('/usr/bin/leaky')) +
        record(fixed(0x123456789abcdef0), u(5000000000), u(0),
               text('/lib/libc.so.0')))
    yield FRAMES, b''.join([
        record(u(2), u(0x1234), s(0x77000000), u(0), u(0), u(0)),
        record(u(1), u(0x400800), s(0), u(1), u(0), u(0)),
        record(u(1), u(0x400900), s(0), u(6), u(16), u(0)),
        record(u(0), u(0x7f0000001000), s(0), u(7), u(0), u(1)),
        record(u(2), u(0x1300), s(0x1000000), u(0), u(0), u(0))])
    yield STACKS, (
        record(fixed(0x15b7a514620e3d33), u(1), u(0), u(0), u(0), text(''),
               u(0), u(3), s(1), s(1), s(1)) +
        record(fixed(2), u(1), u(1), u(3), u(4),
               text('no unwind information for 0x1300 in /lib/libc.so.0'),
               u(1), u(2), s(5), s(-1)))
    yield MAPS, b''.join([
        u(2 * second), u(1), u(2),
        u(0x400000), u(0x10000), u(0), u(1), s(0),
        u(0x77000000 - 0x410000), u(0x80000), u(0x1000), u(2), s(0x77000000)])


def allocations():
    yield head(1)
    yield from tables()
    yield STEP, step(2 * second,
                     (1, 1, {0: 100, 1: 6400, LIVE: 9, LIVE_BYTES: 639,
                             SIZES + 7: 100}),
                     (2, 2, {LIVE: 3}))
    yield COUNTS, u(0) + u(100) + u(4) + u(5)
    yield STEP, step(4 * second,
                     (0, 1, {LIVE_BYTES: (1 << 63) - 1}),
                     (1, 1, {0: 100, 1: 6400, LIVE: -1, LIVE_BYTES: -1,
                             SIZES + 7: 100}),
                     (2, 2, {LIVE: -3}))
    yield COUNTS, u(0) + u(200) + u(4) + u(5)
    yield STEP, step(6 * second,
                     (0, 1, {LIVE_BYTES: 1 - (1 << 63)}),
                     (1, 1, {0: 100, 1: 6400, LIVE: -1, LIVE_BYTES: -1,
                             SIZES + 7: 100}))
    yield COUNTS, u(0) + u(300) + u(4) + u(5)
    yield from end()


def events():
    yield head(2, text('cpu'), text('nanoseconds'), u(10101010))
    yield from tables()
    yield STEP, step(2 * second,
                     (0, 0, {EVENTS: 5, AMOUNT: 50505050}),
                     (1, 1, {EVENTS: 99, AMOUNT: 999999990}),
                     (1, 2, {EVENTS: 1, AMOUNT: 10101010}))
    yield COUNTS, u(0) + u(105) + u(4) + u(5)
    yield STEP, step(4 * second, (1, 1, {EVENTS: 1, AMOUNT: 10101010}))
    for _ in range(2):  # of the step, and of the end
        yield COUNTS, u(0) + u(106) + u(4) + u(5)
    yield from end()


def end():
    yield NAMES, (
        record(u(2), u(0x20), u(2), call('work', '/src/leaky.c', 12, 5),
               call('grow', '/src/grow.h', 17, 3),
               call('more', '/src/grow.h', 4, 0)) +
        record(u(3), u(0), u(0), call('main', '', 0, 0)))
    yield END, u(6 * second)


def plain(content):
    return 0, content


def by_zlib(content):
    packed = zlib.compress(content, 9)
    return (1, packed) if len(packed) < len(content) else (0, content)


def by_zstd(content):
    packed = subprocess.run(['zstd', '-q', '-19', '-c'], input=content,
                            stdout=subprocess.PIPE, check=True).stdout
    return 2, packed


def both():
    """Steps of both, one behind the other: (event, kind, content)."""
    parts = [[], []]
    for event, chunks in enumerate((allocations, events)):
        part = []
        for chunk in chunks():
            part.append((event, *chunk))
            if chunk[0] in (HEAD, COUNTS, END):
                parts[event].append(part)
                part = []
    # head; tables, a step, counts; another; the end has a step and counts as well
    (head1, one1, two1, three1, end1), (head2, one2, two2, three2, end2) = parts
    for part in (head1, head2, one1, one2, two1, two2, three2, end2, three1, end1):
        yield from part


def recording(version, chunks, pack):
    out = b'\x89DWR\r\n\x1a\n' + struct.pack(
        '<II', version, 2 if version == 3 else 0)
    for number, (*event, kind, content) in enumerate(chunks()):
        how, stored = pack(content)
        start = struct.pack('<IHBBIII', 0x4b435744, kind, how, sum(event),
                            number, len(stored), len(content))
        out += start + struct.pack('<I', zlib.crc32(start + stored)) + stored
    return out


for version, chunks in (1, allocations), (2, events), (3, both):
    for name, pack in ('plain', plain), ('zlib', by_zlib), ('zstd', by_zstd):
        with open(f'{sys.argv[1]}/{version}-{name}.dwr', 'wb') as file:
            file.write(recording(version, chunks, pack))
