#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""Ids of stacks, computed a second time by SPEC.md 4 alone.

    ids.py < OUTPUT            of check --ids
    ids.py --file PATH...      identities
    ids.py --spec SPEC.md      the example there

Every "stack" line must have the id of the "frame" lines before it; "-" there is
the file that a "vdso" line has, "none" no file, whose identity is 0. Prints how many have, and how many files have a
build id.
"""
import struct
import sys

MASK = (1 << 64) - 1
CODE_MAX = 16 << 20


def fnv1a(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


class File:
    """What of an ELF file an identity is made of."""

    def __init__(self, path, data=None):
        if data is None:
            with open(path, "rb") as f:
                data = f.read()
        self.data = data
        wide, order = self.data[4] == 2, "<" if self.data[5] == 1 else ">"
        self.order = order
        head = struct.unpack_from(
            order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"), self.data, 16)
        self.type, self.machine, _, self.entry, self.phoff = head[:5]
        _, _, self.phentsize, self.phnum = head[6:10]
        self.head_size = 64 if wide else 52
        self.segments = []
        for i in range(self.phnum):
            at = self.phoff + i * self.phentsize
            if wide:
                kind, flags, off, vaddr, _, size, mem, _ = struct.unpack_from(
                    order + "IIQQQQQQ", self.data, at)
            else:
                kind, off, vaddr, _, size, mem, flags, _ = struct.unpack_from(
                    order + "IIIIIIII", self.data, at)
            self.segments.append((kind, flags, off, vaddr, size, mem))

    def build_id(self):
        for kind, _, off, _, size, _ in self.segments:
            while kind == 4 and size >= 12:
                n, d, what = struct.unpack_from(self.order + "III", self.data,
                                                off)
                name = self.data[off + 12:off + 12 + n]
                start = off + 12 + (n + 3 & ~3)
                if what == 3 and name == b"GNU\0" and d:
                    return self.data[start:start + d]
                whole = 12 + (n + 3 & ~3) + (d + 3 & ~3)
                off, size = off + whole, size - whole
        return None

    def code(self, off, size):
        """Without the ELF header and the program headers."""
        table = (self.phoff, self.phoff + self.phnum * self.phentsize)
        out = bytearray(self.data[off:off + size])
        drop = set()
        for start, end in ((0, self.head_size), table):
            drop.update(range(max(start, off), min(end, off + size)))
        for at in sorted(drop, reverse=True):
            del out[at - off]
        return bytes(out)

    def identity(self):
        note = self.build_id()
        if note:
            return fnv1a(note)
        numbers = [self.machine, self.type, self.entry, self.data[4],
                   self.data[5]]
        stream = b"".join(struct.pack("<Q", n) for n in numbers)
        left = CODE_MAX
        for kind, flags, off, vaddr, size, mem in self.segments:
            if kind != 1:
                continue
            stream += struct.pack("<QQQ", vaddr, mem, flags)
            if flags & 1:
                code = self.code(off, size)[:left]
                left -= len(code)
                stream += code
        words = stream + b"\0" * (-len(stream) % 8)
        h = 0xCBF29CE484222325
        for (word,) in struct.iter_unpack("<Q", words +
                                          struct.pack("<Q", len(stream))):
            h = (h ^ word) * 0x9E3779B97F4A7C15 & MASK
            h ^= h >> 32
        return h


def add(stack, file, vaddr, exact):
    stack = (stack ^ file) * 0x9E3779B97F4A7C15 & MASK
    stack = (stack ^ stack >> 32 ^ (vaddr << 1 | exact) & MASK) \
        * 0xD6E8FEB86659FD93 & MASK
    return stack ^ stack >> 32


def stacks(lines):
    files, noted, stack, right, wrong, vdso = {"none": 0}, 0, 0, 0, 0, b""
    for line in lines:
        words = line.split(None, 3)
        if words and words[0] == "frame":
            path = words[3].rstrip("\n")
            if path not in files:
                file = File(path, vdso) if path == "-" else File(path)
                files[path] = file.identity()
                noted += bool(file.build_id())
            stack = add(stack, files[path], int(words[1], 16), int(words[2]))
        elif words and words[0] == "vdso":
            vdso = bytes.fromhex("".join(words[1:]))
            files.pop("-", None)
        elif words and words[0] == "stack":
            right += int(words[1], 16) == stack
            wrong += int(words[1], 16) != stack
            stack = 0
    print(f"{right} ids are right, {wrong} wrong; {noted} of {len(files) - 1} "
          "files have a build id")
    return wrong or not right


def example(path):
    """What stands before each arrow gives what stands behind it."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    lines = text[text.index("\nbuild-id "):].split("```")[0].split("\n")
    stack, wrong, count = 0, 0, 0
    for line in filter(None, lines):
        left, want = line.split(" -> ")
        words = left.split()
        if words[0] == "build-id":
            got = fnv1a(bytes.fromhex(words[1]))
        else:
            got = stack = add(stack, int(words[1], 16), int(words[2], 16),
                              int(words[3]))
        count += 1
        wrong += got != int(want, 16)
    print(f"{count} numbers of {path}, {wrong} wrong")
    return wrong or count < 4


def main(arguments):
    if arguments[:1] == ["--spec"]:
        return example(arguments[1])
    if arguments[:1] != ["--file"]:
        return stacks(sys.stdin)
    for path in arguments[1:]:
        print(f"{File(path).identity():016x} {path}")
    return 0


sys.exit(main(sys.argv[1:]))
