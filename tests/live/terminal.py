# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""terminal.py COLUMNSxLINES STEP... -- COMMAND... - COMMAND on a terminal of that size.
Steps: "until REGEX" (of the screen), "key TEXT", "size COLUMNSxLINES", "show", "end".
Prints as JSON: the screens that were shown, the widest line that was sent, what is left
on the screen of before, whether the terminal echoes again, and the exit status."""
import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time


def size_of(text):
    columns, lines = text.split('x')
    return int(columns), int(lines)


class Screen:
    """What the sequences that dwunw sends do."""

    def __init__(self):
        self.lines, self.plain, self.at, self.alternate = [''], '', 0, False
        self.rest, self.widest = '', 0

    def take(self, text):
        text = self.rest + text
        self.rest = ''
        while text:
            found = re.match(r'\x1b\[(\??)([\d;]*)([A-Za-z])', text)
            if found:
                self.sequence(*found.groups())
                text = text[found.end():]
            elif text[0] == '\x1b':
                self.rest = text
                return
            else:
                self.letter(text[0])
                text = text[1:]

    def sequence(self, private, number, kind):
        if private and number == '1049':
            self.alternate = kind == 'h'
            self.lines, self.at = [''], 0
        elif kind == 'H':
            self.at = 0
            self.lines[0] = ''
        elif kind == 'J':
            del self.lines[self.at:]
            self.lines.append('')

    def letter(self, letter):
        if not self.alternate:
            self.plain += letter
        elif letter == '\n':
            self.at += 1
            if self.at == len(self.lines):
                self.lines.append('')
            self.lines[self.at] = ''
        elif letter != '\r':
            self.lines[self.at] += letter
            self.widest = max(self.widest, len(self.lines[self.at]))


def main():
    words = sys.argv[1:]
    cut = words.index('--')
    steps, command = words[1:cut], words[cut + 1:]
    pid, fd = pty.fork()
    if not pid:
        os.execv(command[0], command)
    screen, shown = Screen(), []

    def resize(text):
        columns, lines = size_of(text)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))

    def read(seconds):
        if not select.select([fd], [], [], seconds)[0]:
            return True
        try:
            part = os.read(fd, 65536)
        except OSError:
            return False
        screen.take(part.decode('utf-8', 'replace'))
        return bool(part)

    resize(words[0])
    open_still = True
    for step in steps:
        what, _, rest = step.partition(' ')
        last = time.time() + 120
        if what == 'until':
            while open_still and time.time() < last and \
                    not re.search(rest, '\n'.join(screen.lines)):
                open_still = read(0.1)
        elif what == 'key':
            os.write(fd, rest.encode().decode('unicode_escape').encode())
        elif what == 'size':
            resize(rest)
        elif what == 'show':
            shown.append(list(screen.lines))
        elif what == 'end':
            echo = True
            while read(0.1) and time.time() < last:
                try:
                    echo = bool(termios.tcgetattr(fd)[3] & termios.ECHO)
                except termios.error:
                    break
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(json.dumps({'shown': shown, 'widest': screen.widest, 'plain': screen.plain,
                      'echo': echo, 'status': status}))


main()
