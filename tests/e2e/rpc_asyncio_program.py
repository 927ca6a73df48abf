"""Calls every method of the server from Python with asyncio and checks the results; prints the methods called."""

import asyncio
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rpc"))

from pcp_client_asyncio import ConnectionLost, RequestTimeout, ResultCodeError, RpcError, Server  # noqa: E402

called = {"initialize", "shutdown"}  # by Server itself


class Recording(Server):
    """Records the methods called."""

    async def call(self, method, params=None, **options):
        called.add(method)
        return await super().call(method, params, **options)


async def expect(error, awaitable):
    """The error that the awaitable raises; fails if it raises none."""
    try:
        await awaitable
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} expected")


async def main():
    async with Recording() as server:
        methods = [m["name"] for m in (await server.call("rpc.discover"))["methods"] if "x-notification" not in m]
        assert isinstance(await server.discover(), list)
        simulator = await server.start_simulator(lifetime=120)
        async with await simulator.start_client(shutdownTimeout=500) as client:
            await drive(server, client)
            await trouble(server, client)
            ports = await asyncio.gather(*(granted(client, port) for port in range(7000, 7060)))
            assert len(set(ports)) == 60, ports
        assert await server.clients() == []
        try:
            for client in await server.start_all(protocols=["pcp"], watch=False):
                await client.shutdown(keep=True)
        except RpcError as error:  # no gateway here
            assert error.code in (1, 4), error
        await simulator.stop()
    await expect(ConnectionLost, server.clients())
    missing = set(methods) - called
    assert not missing, missing
    print(json.dumps(sorted(called)))


async def drive(server, client):
    """The life of two mappings."""
    assert (await client.announce())["epoch"] >= 0
    assert await client.external_address() == "203.0.113.5"
    assert (await client.leftovers(), await client.delete_leftovers(), await client.prefix64()) == ([], 0, [])
    assert (await client.diagnose())["protocol"] == "PCP"
    assert (await client.gateway())["state"] == "answers"
    await client.trace()
    mapping = await client.request(6000, 3600, protocol="udp", external_port=6001)
    assigned = await mapping.ready()
    assert (assigned["externalAddress"], assigned["externalPort"], assigned["lifetime"]) == ("203.0.113.5", 6001, 120)
    assert (mapping.state, mapping.assigned) == ("running", assigned)
    async for trace in client.traces(timeout=5):
        assert trace["text"].startswith("PCP MAP request, udp 6000"), trace
        break
    await client.trace(False)
    async for change in client.gateway_changes(timeout=5):
        assert change["gateway"]["state"] == "answers", change
        break
    assert (await client.stats())["mappings"] == {"running": 1}
    await mapping.renew(60)
    while (await mapping.refresh())["assigned"]["lifetime"] != 60:
        await asyncio.sleep(0.01)
    assert await server.mappings() == await client.mappings()
    assert (await mapping.revoke())["state"] == {"type": "revoked"}
    states = [alert["state"]["type"] async for alert in mapping.alerts() if alert["type"] == "stateChange"]
    assert states == ["starting", "running", "updating", "running", "updating", "revoked"], states
    async with await client.request_outbound(6002, "198.51.100.7", 443, 60) as outbound:
        assert (await outbound.ready())["externalAddress"] == "203.0.113.5"
    assert await client.mappings() == []


async def trouble(server, client):
    """Refusals, a wait that is too long, a task that is cancelled."""
    error = await expect(RpcError, client.request(70_000, 0))
    assert [fault["path"] for fault in error.data] == [["internalPort"], ["lifetime"]]
    refused = await client.request(6003, protocol=132, request_type="once")
    error = await expect(ResultCodeError, refused.ready())
    assert (error.code, error.result_name) == (5, "UNSUPP_PROTOCOL")
    async with await server.start_client("127.0.0.1", "127.0.0.2", port=9, shutdownTimeout=100) as silent:
        waiting = await silent.request(6004)
        await expect(RequestTimeout, waiting.ready(timeout=0.1))
        task = asyncio.ensure_future(waiting.ready())
        await asyncio.sleep(0.05)
        task.cancel()
        await expect(asyncio.CancelledError, task)
        assert (await waiting.refresh())["state"]["type"] == "starting"
        assert [alert async for alert in waiting.alerts(timeout=0.01)][0]["type"] == "stateChange"
    assert (await expect(RpcError, waiting.refresh())).code == 3
    assert (await expect(RpcError, silent.gateway())).code == 2


async def granted(client, port):
    """Opens a port and returns the external one."""
    return (await (await client.request(port, 60)).ready())["externalPort"]


asyncio.run(main())
