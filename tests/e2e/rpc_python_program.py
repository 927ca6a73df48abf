"""Calls every method of the server from Python and checks the results; prints the methods called."""

import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rpc"))

from pcp_client import ConnectionLost, RequestTimeout, ResultCodeError, RpcError, Server  # noqa: E402

called = {"initialize", "shutdown"}  # by Server itself


class Recording(Server):
    """Records the methods called."""

    def call(self, method, params=None, **options):
        called.add(method)
        return super().call(method, params, **options)


def expect(error, action):
    """The error that the action raises; fails if it raises none."""
    try:
        action()
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} expected")


def main():
    with Recording() as server:
        assert server.info["serverInfo"]["name"] == "pcp-rpc"
        methods = [m["name"] for m in server.call("rpc.discover")["methods"] if "x-notification" not in m]
        assert isinstance(server.discover(), list)
        simulator = server.start_simulator(lifetime=120)
        with simulator.start_client(shutdownTimeout=500) as client:
            (listed,) = server.clients()
            expected = {"clientId": 1, "client": simulator.address, "server": simulator.address, "port": simulator.port}
            assert expected.items() <= listed.items(), listed
            assert listed["gateway"]["state"] in ("unknown", "answers"), listed
            drive(server, client)
            refusals(server, client)
            threads(client)
        assert server.clients() == []
        all_gateways(server)
        simulator.stop()
        assert expect(RpcError, simulator.stop).code == 7
    assert expect(ConnectionLost, server.clients)
    missing = set(methods) - called
    assert not missing, missing
    print(json.dumps(sorted(called)))


def all_gateways(server):
    """A client of each gateway; where this host has none, the error that says so."""
    try:
        clients = server.start_all(protocols=["pcp"], watch=False)
    except RpcError as error:
        assert error.code in (1, 4), error
        return
    assert [each["clientId"] for each in server.clients()] == [client.client_id for client in clients]
    for client in clients:
        client.shutdown(keep=True)


def drive(server, client):
    """The life of two mappings."""
    assert client.announce()["epoch"] >= 0
    assert client.external_address() == "203.0.113.5"
    assert (client.leftovers(), client.delete_leftovers()) == ([], 0)
    assert client.prefix64() == []
    assert client.gateway()["state"] == "answers"
    assert client.diagnose()["protocol"] == "PCP"
    client.trace()
    mapping = client.request(6000, 3600, protocol="udp", external_port=6001)
    assigned = mapping.ready()
    expected = {"externalAddress": "203.0.113.5", "externalPort": 6001, "lifetime": 120, "protocol": "pcp"}
    assert assigned == expected, assigned
    assert (mapping.state, mapping.assigned) == ("running", assigned)
    client.trace(False)
    first = next(client.traces(timeout=5))
    assert first["direction"] == "sent" and first["text"].startswith("PCP MAP request, udp 6000"), first
    assert client.stats()["mappings"] == {"running": 1}
    alerts = mapping.alerts(timeout=5)
    assert next(alerts) == {"type": "stateChange", "state": {"type": "starting", "attempt": 0}}
    assert next(alerts) == {"type": "stateChange", "state": {"type": "running"}}
    assert next(alerts) == {"type": "assigned", **assigned}
    assert mapping.renew(60)["lifetime"] == 60
    assert next(alerts)["state"]["type"] == "updating"
    assert next(alerts)["state"]["type"] == "running"
    assert next(alerts)["lifetime"] == 60
    assert mapping.refresh()["assigned"]["lifetime"] == 60
    assert [each["mappingId"] for each in client.mappings()] == [mapping.mapping_id]
    assert server.mappings() == client.mappings()
    assert mapping.revoke()["state"] == {"type": "revoked"}
    assert [alert["state"]["type"] for alert in alerts] == ["updating", "revoked"]
    with client.request_outbound(6002, "198.51.100.7", 443, 60) as outbound:
        assert outbound.ready()["externalAddress"] == "203.0.113.5"
        assert (outbound.info["remoteAddress"], outbound.info["remotePort"]) == ("198.51.100.7", 443)
    assert client.mappings() == []


def refusals(server, client):
    """Refused requests and their errors."""
    error = expect(RpcError, lambda: client.request(70_000, 0))
    assert error.code == -32602
    assert [fault["path"] for fault in error.data] == [["internalPort"], ["lifetime"]]
    error = expect(RpcError, lambda: server.start_client("203.0.113.77", "203.0.113.1"))
    assert error.code == 4
    refused = client.request(6003, protocol=132, request_type="once")  # the simulator translates TCP and UDP only
    error = expect(ResultCodeError, refused.ready)
    assert (error.code, error.result_name) == (5, "UNSUPP_PROTOCOL")
    with server.start_client("127.0.0.1", "127.0.0.2", port=9, shutdownTimeout=100) as silent:
        waiting = silent.request(6004)
        expect(RequestTimeout, lambda: waiting.ready(timeout=0.1))
        expect(RequestTimeout, lambda: silent.announce(timeout=0.1))
        assert waiting.refresh()["state"]["type"] == "starting"
    assert expect(RpcError, waiting.refresh).code == 3
    assert expect(RpcError, silent.gateway).code == 2
    began = time.monotonic()
    with server.start_client("127.0.0.1", "127.0.0.2", port=9) as silent:
        with silent.request(6004), silent.request(6005):
            pass
    taken = time.monotonic() - began
    assert taken < 2, f"the end took {taken} s at a gateway that never answered"


def threads(client):
    """Calls may come from any thread."""
    granted = []
    workers = [
        threading.Thread(target=lambda port=port: granted.append(client.request(port, 60).ready()["externalPort"]))
        for port in range(7000, 7020)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(set(granted)) == 20, granted


main()
