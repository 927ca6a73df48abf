"""Runs a program on a pseudo-terminal and executes commands from standard input, one JSON array a line.

["type", TEXT]              types
["expect", REGEX, SECONDS]  waits until the output since the last match matches; replies with the text up to its end
["resize", ROWS, COLUMNS]   resizes the terminal
["signal", NUMBER]          sends a signal to the program
["hangup"]                  closes the terminal
["wait", SECONDS]           waits for the program's end; replies with its exit code and the rest of the output

The reply to each command is one JSON object a line: {"ok": true, ...} or {"ok": false, "error": ..., "output": ...}.
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
            # The size is set before the program reads it.
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
            # The echo is read meanwhile: a full terminal buffer would block the write.
            readable, writable, _ = select.select([self.master], [self.master], [], 5)
            if readable:
                self.read()
            if writable:
                data = data[os.write(self.master, data[:512]):]

    def read(self):
        """Reads the available output; returns False at its end."""
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
    """Decodes whole characters; an incomplete one stays pending."""
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


def run(terminal, command):
    name, *arguments = command
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
        return {"ok": False, "error": f"unknown command {name}", "output": ""}
    return {"ok": True, "output": ""}


def main():
    rows, columns, *command = sys.argv[1:]
    terminal = Terminal(int(rows), int(columns), command)
    try:
        for line in sys.stdin:
            try:
                reply = run(terminal, json.loads(line))
            except OSError as error:
                reply = {"ok": False, "error": str(error), "output": terminal.output}
            print(json.dumps(reply), flush=True)
    finally:
        if terminal.status is None:
            os.kill(terminal.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
