"""Uses the Python client on the lab's inside host, on orders that arrive as lines of JSON on stdin."""

import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rpc"))

from pcp_client import ResultCodeError, Server  # noqa: E402

mappings = {}


OUTPUT = threading.Lock()


def show(value):
    """One line for the test."""
    # One write a line: alerts come on threads of their own.
    with OUTPUT:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()


def follow(name, mapping):
    """Prints every alert."""
    for alert in mapping.alerts():
        show({"event": "alert", "name": name, "alert": alert})


def perform(client, order):
    """Carries out one order and returns what came of it."""
    what, name = order["do"], order.get("name")
    if what == "inbound":
        mapping = mappings[name] = client.request(order["port"], order["lifetime"], protocol=order["protocol"])
        threading.Thread(target=follow, args=(name, mapping), daemon=True).start()
        return mapping.info
    if what == "outbound":
        mapping = mappings[name] = client.request_outbound(
            order["port"], order["remoteAddress"], order["remotePort"], order["lifetime"], protocol=order["protocol"],
        )
        return mapping.info
    if what == "ready":
        return mappings[name].ready(timeout=10)
    if what == "renew":
        return mappings[name].renew(order["lifetime"])
    if what == "revoke":
        return mappings[name].revoke(timeout=10)["state"]
    if what == "get":
        return mappings[name].refresh()
    if what == "announce":
        return client.announce(timeout=10)
    if what == "externalAddress":
        return client.external_address(timeout=10)
    if what == "discover":
        return server.discover()
    raise ValueError(what)


with Server() as server, server.start_client() as router:  # without addresses: it has to find the router
    for line in sys.stdin:
        message = json.loads(line)
        try:
            show({"reply": message["id"], "ok": True, "value": perform(router, message["order"])})
        except (ResultCodeError, OSError, ValueError) as error:
            show({"reply": message["id"], "ok": False, "error": str(error)})
