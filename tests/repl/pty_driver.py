"""Runs a program on a pseudo-terminal and obeys orders, one JSON array a line, on standard input.

["type", TEXT]              types
["expect", REGEX, SECONDS]  waits until what came since the last match fits; answers with the text up to its end
["resize", ROWS, COLUMNS]   resizes the terminal
["signal", NUMBER]          sends a signal to the program
["hangup"]                  closes the terminal
["wait", SECONDS]           waits for the program's end; answers with its exit code and all that is left of the output

Every order is answered by one JSON object a line: {"ok": true, ...} or {"ok": false, "error": ..., "output": ...}.
Usage: pty_driver.py ROWS COLUMNS PROGRAM ARGUMENT...
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time


class Terminal:
    """The program, and the master side of its terminal."""

    def __init__(self, rows, columns, command):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            # The size must be there before the program looks.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(command[0], command)
        self.resize(rows, columns)
        self.output = ""
        self.status = None
        self.pending = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        data = text.encode()
        while data:
            # What is typed faster than it is read must not block: the echo has to be taken off too.
            readable, writable, _ = select.select([self.master], [self.master], [], 5)
            if readable:
                self.read()
            if writable:
                data = data[os.write(self.master, data[:512]):]

    def read(self):
        """Takes what there is; false at the end."""
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.pending += data
        text = self.pending.decode(errors="ignore") if data == b"" else decode_whole(self)
        self.output += text
        return data != b""

    def expect(self, pattern, seconds):
        deadline = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.output, re.S)
            if match:
                taken, self.output = self.output[: match.end()], self.output[match.end():]
                return {"ok": True, "output": taken}
            rest = deadline - time.monotonic()
            if rest <= 0:
                return {"ok": False, "error": f"no match for {pattern} in {seconds} s", "output": self.output}
            if select.select([self.master], [], [], rest)[0] and not self.read():
                if not re.search(pattern, self.output, re.S):
                    return {"ok": False, "error": f"ended without {pattern}", "output": self.output}

    def wait(self, seconds):
        deadline = time.monotonic() + seconds
        is_open = self.master >= 0
        while True:
            if is_open and select.select([self.master], [], [], 0.02)[0]:
                is_open = self.read()
                if is_open:
                    continue
            if self.status is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.status = os.waitstatus_to_exitcode(status) if pid else None
            if self.status is not None:
                taken, self.output = self.output, ""
                return {"ok": True, "exitCode": self.status, "output": taken}
            if time.monotonic() > deadline:
                return {"ok": False, "error": f"no end in {seconds} s", "output": self.output}
            if not is_open:
                time.sleep(0.02)


def decode_whole(terminal):
    """Whole characters only; the beginning of one waits for its rest."""
    for cut in range(min(4, len(terminal.pending) + 1)):
        end = len(terminal.pending) - cut
        try:
            text = terminal.pending[:end].decode()
        except UnicodeDecodeError:
            continue
        terminal.pending = terminal.pending[end:]
        return text
    text, terminal.pending = terminal.pending.decode(errors="replace"), b""
    return text


def obey(terminal, order):
    name, *arguments = order
    if name == "type":
        terminal.type(*arguments)
    elif name == "expect":
        return terminal.expect(*arguments)
    elif name == "resize":
        terminal.resize(*arguments)
    elif name == "signal":
        os.kill(terminal.pid, *arguments)
    elif name == "hangup":
        os.close(terminal.master)
        terminal.master = -1
    elif name == "wait":
        return terminal.wait(*arguments)
    else:
        return {"ok": False, "error": f"unknown order {name}", "output": ""}
    return {"ok": True, "output": ""}


def main():
    rows, columns, *command = sys.argv[1:]
    terminal = Terminal(int(rows), int(columns), command)
    try:
        for line in sys.stdin:
            try:
                answer = obey(terminal, json.loads(line))
            except OSError as error:
                answer = {"ok": False, "error": str(error), "output": terminal.output}
            print(json.dumps(answer), flush=True)
    finally:
        if terminal.status is None:
            os.kill(terminal.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
