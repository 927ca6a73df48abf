"""Uses the Python client on the lab's inside host, by commands in lines of JSON on stdin."""

import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rpc"))

from pcp_client import ResultCodeError, Server  # noqa: E402

mappings = {}


OUTPUT = threading.Lock()


def show(value):
    """Prints one line for the test."""
    # Alerts are printed by threads of their own.
    with OUTPUT:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()


def follow(name, mapping):
    """Prints all alerts of a mapping."""
    for alert in mapping.alerts():
        show({"event": "alert", "name": name, "alert": alert})


def perform(client, command):
    """Performs a command and returns its result."""
    what, name = command["do"], command.get("name")
    if what == "inbound":
        mapping = mappings[name] = client.request(command["port"], command["lifetime"], protocol=command["protocol"])
        threading.Thread(target=follow, args=(name, mapping), daemon=True).start()
        return mapping.info
    if what == "outbound":
        mapping = mappings[name] = client.request_outbound(
            command["port"], command["remoteAddress"], command["remotePort"], command["lifetime"], protocol=command["protocol"],
        )
        return mapping.info
    if what == "ready":
        return mappings[name].ready(timeout=10)
    if what == "renew":
        return mappings[name].renew(command["lifetime"])
    if what == "revoke":
        return mappings[name].revoke(timeout=10)["state"]
    if what == "get":
        return mappings[name].refresh()
    if what == "announce":
        return client.announce(timeout=10)
    if what == "externalAddress":
        return client.external_address(timeout=10)
    if what == "diagnose":
        return client.diagnose(timeout=20)
    if what == "discover":
        return server.discover()
    raise ValueError(what)


with Server() as server, server.start_client(state=False) as router:  # it finds the router
    for line in sys.stdin:
        message = json.loads(line)
        try:
            show({"reply": message["id"], "ok": True, "value": perform(router, message["command"])})
        except (ResultCodeError, OSError, ValueError) as error:
            show({"reply": message["id"], "ok": False, "error": str(error)})
