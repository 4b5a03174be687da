#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""compare.py DWUNW ADDR2LINE LLVM-SYMBOLIZER COUNT SEED FILE...

Asks all three for the function, file, line and inlined calls of COUNT random
addresses in the code of each FILE. Where addr2line and llvm-symbolizer agree,
dwunw has to say the same; prints one line a file and one for all:

	FILE asked agreed same | function line levels other | gnu llvm neither

agreed: both oracles say the same; same: and so does dwunw. Then in what it
differs from them. Where they disagree: with whom it goes.

DWUNW_RAW=1 leaves names as they are linked. DWUNW_SHOW=n shows n of the differences of each file, -n of the addresses for
which it goes with neither.
"""

import os
import random
import re
import subprocess
import sys


def code(path):
    """Address ranges of the sections that hold code."""
    ranges = []
    text = subprocess.run(["readelf", "-SW", path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    for line in text.splitlines():
        m = re.match(r"\s*\[\s*\d+\]\s+(\.text\S*)\s+\S+\s+([0-9a-f]+)"
                     r"\s+[0-9a-f]+\s+([0-9a-f]+)\s+\S+\s+\S*X", line)
        if m:
            start, size = int(m.group(2), 16), int(m.group(3), 16)
            ranges.append((start, start + size))
    return ranges


def run(command, pcs):
    text = "".join("0x%x\n" % pc for pc in pcs)
    return subprocess.run(command, input=text, text=True, check=True,
                          errors="replace",
                          stdout=subprocess.PIPE).stdout.splitlines()


def place(text):
    """'file:line', as both oracles write it."""
    text = re.sub(r" \(discriminator \d+\)$", "", text)
    m = re.match(r"(.*):(\d+|\?)(:\d+)?$", text)
    if not m:
        return ("??", 0)
    return (m.group(1), 0 if m.group(2) == "?" else int(m.group(2)))


def gnu(lines):
    """address -> [(function, file, line)], of addr2line -a -f -i."""
    answers, levels, function = {}, None, None
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line) and function is None:
            levels = answers.setdefault(int(line, 16), [])
            levels.clear()
        elif line == "" or levels is None:
            continue
        elif function is None:
            function = line
        else:
            levels.append((function,) + place(line))
            function = None
    return answers


def ours(lines):
    answers, levels = {}, None
    for line in lines:
        if line.startswith("0x"):
            levels = answers.setdefault(int(line, 16), [])
            levels.clear()
            continue
        m = re.match(r"  (.*?)(?: \(inlined\)|\+0x[0-9a-f]+)(?: (/.*|\S+))?$",
                     line)
        if m:
            where = m.group(2) or "??:0"
            where = re.sub(r"(:\d+):\d+$", r"\1", where)
            levels.append((m.group(1),) + place(where))
            continue
        m = re.match(r"  \?\?(?: (\S+:\d+))?", line)
        where = re.sub(r"(:\d+):\d+$", r"\1", m.group(1) or "??:0")
        levels.append(("??",) + place(where))
    return answers


def plain(levels):
    """Spellings that are no difference."""
    out = []
    for function, file, line in levels:
        # a file without a line says nothing
        if file == "??" or not line:
            file, line = (file if line else "??"), line
        out.append((function, os.path.normpath(file), line))
    return out


def kind(a, b):
    if len(a) != len(b):
        return "levels"
    functions = [x[0] for x in a] == [x[0] for x in b]
    lines = [x[1:] for x in a] == [x[1:] for x in b]
    if functions == lines:
        return "other"
    return "line" if functions else "function"


def main():
    dwunw, addr2line, llvm = sys.argv[1:4]
    count, seed = int(sys.argv[4]), int(sys.argv[5])
    show = int(os.environ.get("DWUNW_SHOW", "0"))
    total = dict.fromkeys("asked agreed same function line levels other "
                          "gnu llvm neither".split(), 0)
    for path in sys.argv[6:]:
        rng = random.Random("%d %s" % (seed, os.path.basename(path)))
        ranges = code(path)
        weights = [end - start for start, end in ranges]
        if not ranges:
            continue
        pcs = set()
        for start, end in rng.choices(ranges, weights, k=count):
            pcs.add(rng.randrange(start, end))
        pcs = sorted(pcs)
        rng.shuffle(pcs)
        raw = bool(os.environ.get("DWUNW_RAW"))
        a = gnu(run([addr2line, "-a", "-f", "-i", "-e", path] +
                    ([] if raw else ["-C"]), pcs))
        b = gnu(run([llvm, "-e", path, "--output-style=GNU", "-a", "-f",
                     "-i", "--no-demangle" if raw else "-C"], pcs))
        c = ours(run([dwunw, "symbolize"] + (["--raw"] if raw else []) +
                     [path], pcs))
        sums = dict.fromkeys(total, 0)
        for pc in pcs:
            sums["asked"] += 1
            x, y, z = (plain(s.get(pc, [])) for s in (a, b, c))
            if x != y:
                which = "gnu" if x == z else "llvm" if y == z else "neither"
                sums[which] += 1
                if which == "neither" and show < 0:
                    show += 1
                    print("# %s 0x%x\n#   gnu  %s\n#   llvm %s\n#   got  %s" %
                          (path, pc, x, y, z))
                continue
            sums["agreed"] += 1
            if x == z:
                sums["same"] += 1
                continue
            sums[kind(x, z)] += 1
            if show > 0:
                show -= 1
                print("# %s 0x%x\n#   want %s\n#   got  %s" % (path, pc, x, z))
        show = int(os.environ.get("DWUNW_SHOW", "0"))
        print("/".join(path.split("/")[-2:]), *sums.values(), flush=True)
        for key in total:
            total[key] += sums[key]
    print("all", *total.values())


main()
