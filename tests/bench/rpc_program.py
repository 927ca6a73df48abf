"""The bench's program in Python: ``rpc_program.py MODE CLIENT SERVER PORT COUNT COMMAND...``

``rpc`` starts the JSON-RPC server and waits until COUNT mappings run; ``bare`` runs a script that opens them and then prints a line.
Prints the milliseconds, and the peak of the server's memory in MiB.
"""

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "rpc"))
from pcp_client import Server  # noqa: E402


def main(mode: str, client: str, server: str, port: str, count: str, *command: str) -> None:
    began = time.perf_counter()
    peak = None
    if mode == "bare":
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() != b"", "the script failed"
            taken = time.perf_counter() - began
    else:
        with Server(command) as process:
            gateway = process.start_client(client, server, port=int(port), state=False)
            mappings = [gateway.request(1 + number, 120, protocol="udp") for number in range(int(count))]
            for mapping in mappings:
                mapping.ready()
            taken = time.perf_counter() - began
            peak = peak_of(process._process.pid)
    print(json.dumps({"ms": taken * 1_000, "peak": peak}))


def peak_of(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1_024 for line in status if line.startswith("VmHWM:"))


main(*sys.argv[1:])
