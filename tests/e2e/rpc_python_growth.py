"""Opens and closes 3,000 mappings without reading an alert; prints by how many megabytes that makes this process larger."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rpc"))

from pcp_client import Server  # noqa: E402


def megabytes():
    """The memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def use(client, count):
    """Opens and closes so many mappings."""
    for port in range(6000, 6000 + count):
        with client.request(port, 60) as mapping:
            mapping.ready()


with Server() as server, server.start_simulator().start_client() as started:
    use(started, 300)
    before = megabytes()
    use(started, 3_000)
    print(round(megabytes() - before, 1))
