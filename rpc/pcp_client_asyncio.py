"""The client of pcp_client.py for asyncio: the same classes and methods, of which those that wait are awaited::

    from pcp_client_asyncio import Server

    async with Server() as server, await server.start_client() as client:
        async with await client.request(6000, lifetime=3600, protocol="tcp") as mapping:
            assigned = await mapping.ready()
            print(f"Reachable at {assigned['externalAddress']} port {assigned['externalPort']}")
            async for alert in mapping.alerts():
                print(alert)

A task that is cancelled cancels its request. All calls must come from the event loop in which the server was started.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import warnings
import weakref
from types import TracebackType
from typing import Any, AsyncIterator, Dict, List, Optional, Sequence, Set, Tuple, Type, TypeVar, Union

from pcp_client_base import (
    ALERTS, DEFAULT_TIMEOUT, NEW_LIMIT, NEWS, OPENING, UNREAD_LIMIT, ConnectionLost, Json, RequestTimeout,
    RequestType, ResultCodeError, RpcError, encode_message, ends_mapping, exit_on, gateway_of, has_mappings,
    mapping_params, result_of, server_command, start_failure, start_timeout, state_files, state_folder, without_none,
)

__all__ = [
    "Client", "ConnectionLost", "Mapping", "RequestTimeout", "ResultCodeError", "RpcError", "Server", "Simulator",
    "server_command", "state_folder",
]

Self = TypeVar("Self", bound="_Context")


class _Context:
    """``async with``: closed at the end."""

    async def _enter(self) -> None:
        """What happens at the start of ``async with``."""

    async def _exit(self, waits: bool) -> None:
        """What happens at its end; does not wait after a cancellation."""

    async def __aenter__(self: Self) -> Self:
        await self._enter()
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        await self._exit(error is None or isinstance(error, Exception))


class Server(_Context):
    """A server process, started by ``async with`` or :meth:`start`. Its end releases every mapping."""

    def __init__(
        self, command: Optional[Sequence[str]] = None, *, timeout: float = DEFAULT_TIMEOUT,
        release_on: Sequence[str] = (),
    ) -> None:
        """See :class:`pcp_client.Server`; nothing is started yet."""
        self.timeout = timeout
        self._command = list(command) if command is not None else server_command()
        self._last_id = 0
        self._requests: Dict[int, Tuple[str, "asyncio.Future[Json]"]] = {}
        self._inboxes: "weakref.WeakValueDictionary[Tuple[str, int], _Inbox]" = weakref.WeakValueDictionary()
        #: Those whose mapping or client is not made yet; the oldest go first.
        self._new_inboxes: Dict[Tuple[str, int], _Inbox] = {}
        self._tasks: Set["asyncio.Task[None]"] = set()
        self._process: Optional[asyncio.subprocess.Process] = None
        self._lost = False
        self._closed = False
        self.info: Json = {}
        exit_on(release_on)

    async def start(self) -> Server:
        """Start the server and initialize it."""
        self._drained = asyncio.Lock()  # of this event loop
        # A session of its own, so that Ctrl-C reaches this process only, which then shuts the server down.
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=os.name == "posix",
        )
        self._run(self._read(self._process))
        try:
            params = {"clientInfo": {"name": "pcp_client_asyncio.py"}, "processId": os.getpid()}
            self.info = await self.call("initialize", params)
        except ConnectionLost:
            await self.close()
            raise start_failure(self._command, self._process.returncode) from None
        except BaseException:
            await self.close()
            raise
        return self

    async def call(self, method: str, params: Optional[Json] = None, *, timeout: Optional[float] = None) -> Any:
        """Send any request and wait for its result; errors as of :meth:`pcp_client.Server.call`."""
        self._last_id += 1
        request_id, future = self._last_id, asyncio.get_running_loop().create_future()
        self._requests[request_id] = (method, future)
        seconds = self.timeout if timeout is None else timeout
        try:
            await self._send({"id": request_id, "method": method, "params": without_none(params or {})})
            response = await asyncio.wait_for(future, None if seconds == math.inf else seconds)
        except asyncio.TimeoutError:
            await self.notify("$/cancelRequest", {"id": request_id})
            raise RequestTimeout(f'Cannot wait any longer for the answer to "{method}"') from None
        except asyncio.CancelledError:
            self._write({"method": "$/cancelRequest", "params": {"id": request_id}})
            raise
        finally:
            self._requests.pop(request_id, None)
        return result_of(response)

    async def notify(self, method: str, params: Optional[Json] = None) -> None:
        """Send any notification."""
        await self._send({"method": method, "params": without_none(params or {})})

    async def discover(self) -> List[Json]:
        """The default gateways of this host, and the addresses of this host that face them."""
        return await self.call("discover")

    async def start_client(
        self, client: Optional[str] = None, server: Union[str, Sequence[str], None] = None, *,
        port: Optional[int] = None, protocols: Optional[Sequence[str]] = None, anycast: Optional[bool] = None,
        watch: Union[bool, Json, None] = None, wait_for_network: Optional[bool] = None,
        state: Union[str, bool] = True, timeout: Optional[float] = None, **options: Any,
    ) -> Client:
        """Start a client of one PCP server; see :meth:`pcp_client.Server.start_client`."""
        params = {
            "client": client, "server": server, "port": port, "protocols": protocols, "anycast": anycast,
            "watch": watch, "waitForNetwork": wait_for_network, **options,
        }
        timeout = start_timeout(timeout, wait_for_network)
        if state is True:
            return Client(self, await self._start_with_state(params, timeout))
        return Client(self, await self.call("client/start", {**params, "state": state or None}, timeout=timeout))

    async def start_all(
        self, *, port: Optional[int] = None, protocols: Optional[Sequence[str]] = None,
        watch: Union[bool, Json, None] = None, wait_for_network: Optional[bool] = None,
        timeout: Optional[float] = None, **options: Any,
    ) -> List[Client]:
        """Start a client of every default gateway of this host, without a state file."""
        params = {
            "port": port, "protocols": protocols, "watch": watch, "waitForNetwork": wait_for_network, **options,
        }
        timeout = start_timeout(timeout, wait_for_network)
        return [Client(self, info) for info in await self.call("client/startAll", params, timeout=timeout)]

    async def start_simulator(
        self, *, lifetime: Optional[int] = None, port: Optional[int] = None, **options: Any,
    ) -> Simulator:
        """Start a simulated gateway on loopback; see :meth:`pcp_client.Server.start_simulator`."""
        return Simulator(self, await self.call("simulator/start", {"lifetime": lifetime, "port": port, **options}))

    async def clients(self) -> List[Json]:
        """The running clients."""
        return await self.call("client/list")

    async def mappings(self) -> List[Json]:
        """The mappings that are not over."""
        return await self.call("mapping/list")

    async def close(self) -> None:
        """Release every mapping and end the server. Never raises but for a cancellation; later calls do nothing."""
        process = self._process
        if process is None or process.stdin is None or self._closed:
            return
        self._closed = True
        try:
            await self.call("shutdown", timeout=10)
            await self.notify("exit")
        except (RpcError, OSError):  # ended, or too slow: the end of its stdin has the same effect
            pass
        for stop in (process.stdin.close, process.terminate, process.kill):
            try:
                stop()
            except OSError:  # it has ended
                pass
            try:
                await asyncio.wait_for(process.wait(), 10)
                break
            except asyncio.TimeoutError:
                continue
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _enter(self) -> None:
        await self.start()

    async def _exit(self, waits: bool) -> None:
        await self.close()

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, message: Json) -> Optional[asyncio.StreamWriter]:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return None
        process.stdin.write(encode_message(message))
        return process.stdin

    async def _send(self, message: Json) -> None:
        stream = None if self._lost else self._write(message)
        try:
            if stream is not None:
                async with self._drained:  # before Python 3.10 only one task may wait
                    await stream.drain()
        except OSError:
            stream = None
        if stream is None:
            raise ConnectionLost("Cannot send a request: the server is gone")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while True:
                headers = await process.stdout.readuntil(b"\r\n\r\n")
                length = int(headers.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                message = json.loads(await process.stdout.readexactly(length))
                if "method" in message:
                    self._notified(message["method"], message["params"])
                else:
                    self._answered(message)
        except (asyncio.IncompleteReadError, OSError):  # it has ended
            pass
        finally:
            self._lost = True
            for _, future in self._requests.values():
                if not future.done():
                    future.set_exception(ConnectionLost("Cannot get the answer: the server is gone"))
            for inbox in list(self._inboxes.values()):
                inbox.put(None)

    def _answered(self, message: Json) -> None:
        method, future = self._requests.get(message["id"], ("", None))
        if future is None or future.done():
            return
        if method in OPENING and "result" in message:
            # Before the next message is read, which may be a notification for it.
            results = message["result"]
            for result in results if isinstance(results, list) else [results]:
                for kind in ALERTS if "mappingId" in result else NEWS:
                    self._inbox(kind, result, is_new=True)
        future.set_result(message)

    def _notified(self, method: str, params: Json) -> None:
        kind, entry = method, params.get("alert") or params.get("error") or params
        if method == "client/serverRestarted":
            kind, entry = "client/error", {**params, "name": "ServerRestartedError"}
        inbox = self._inboxes.get((kind, params.get("mappingId") or params.get("clientId") or 0))
        if inbox is not None:
            inbox.put(entry)

    def _inbox(self, kind: str, info: Json, is_new: bool = False) -> _Inbox:
        key = (kind, info["mappingId"] if kind in ALERTS else info["clientId"])
        inbox = self._new_inboxes.pop(key, None) or self._inboxes.get(key)
        if inbox is None:
            inbox = self._inboxes[key] = _Inbox()
            if self._lost:
                inbox.put(None)
        if is_new:
            self._new_inboxes[key] = inbox
            if len(self._new_inboxes) > NEW_LIMIT:
                del self._new_inboxes[next(iter(self._new_inboxes))]
        return inbox

    async def _start_with_state(self, params: Json, timeout: Optional[float]) -> Json:
        """Start a client with the first state file that no other one uses."""
        try:
            for path in state_files(state_folder()):
                try:
                    info = await self.call("client/start", {**params, "state": path}, timeout=timeout)
                except RpcError as error:
                    if error.code != 9:
                        raise
                    if error.data["reason"] in ("unreadable", "unwritable"):
                        raise PermissionError(error.message) from error
                    continue  # it is in use, or damaged
                self._run(self._clean_up(info, path))
                return info
        except OSError as error:
            if isinstance(error, (RequestTimeout, ConnectionLost)):
                raise
            warnings.warn(f"Mappings are not deleted after a crash: {error}", RuntimeWarning, stacklevel=3)
        return await self.call("client/start", params, timeout=timeout)

    async def _clean_up(self, info: Json, own: str) -> None:
        """Delete what runs that were killed have left at the server of a client, also with other state files."""
        try:
            await self.call("client/deleteLeftovers", {"clientId": info["clientId"]})
            for path in state_files(os.path.dirname(own), used=True):
                if path == own or not has_mappings(path):
                    continue
                at = {"client": info["client"], "server": info["server"], "port": info["port"], "multicast": False}
                try:
                    other = {"clientId": (await self.call("client/start", {**at, "state": path}))["clientId"]}
                except RpcError:  # it is in use
                    continue
                try:
                    await self.call("client/deleteLeftovers", other)
                finally:
                    await self.call("client/shutdown", other)
        except (RpcError, OSError):  # the client or the server has ended; the next start goes on
            pass


class Simulator:
    """A simulated gateway on loopback."""

    def __init__(self, server: Server, info: Json) -> None:
        self._server = server
        self.simulator_id: int = info["simulatorId"]
        self.address: str = info["server"]
        self.port: int = info["port"]

    async def start_client(self, **options: Any) -> Client:
        """Start a client of this simulator, without a state file."""
        options = {"state": False, **options}
        return await self._server.start_client(self.address, self.address, port=self.port, **options)

    async def stop(self) -> None:
        """Stop it."""
        await self._server.call("simulator/stop", {"simulatorId": self.simulator_id})


class Client(_Context):
    """A running client of one PCP server."""

    def __init__(self, server: Server, info: Json) -> None:
        self._server = server
        self.client_id: int = info["clientId"]
        self.client: str = info["client"]
        self.server: str = info["server"]
        self.port: int = info["port"]
        self._ended = False
        self._news = {kind: server._inbox(kind, info) for kind in NEWS}

    async def request(
        self, internal_port: int, lifetime: int = 3600, *, protocol: Union[str, int] = "tcp",
        request_type: RequestType = "keepAlive", external_port: Optional[int] = None,
        external_address: Optional[str] = None, third_party: Optional[str] = None,
        third_party_id: Optional[str] = None, description: Optional[str] = None,
        prefer_failure: Optional[bool] = None, filters: Optional[List[Json]] = None, port_set: Optional[Json] = None,
    ) -> Mapping:
        """Request an inbound mapping; :meth:`Mapping.ready` waits. See :meth:`pcp_client.Client.request`."""
        return await self._request(mapping_params(
            "inbound", internal_port, lifetime, protocol, request_type, external_port, external_address,
            third_party, third_party_id, description,
            preferFailure=prefer_failure, filters=filters, portSet=port_set,
        ))

    async def request_outbound(
        self, internal_port: int, remote_address: str, remote_port: int, lifetime: int = 3600, *,
        protocol: Union[str, int] = "tcp", request_type: RequestType = "keepAlive",
        external_port: Optional[int] = None, external_address: Optional[str] = None,
        third_party: Optional[str] = None, third_party_id: Optional[str] = None, description: Optional[str] = None,
    ) -> Mapping:
        """Request an outbound mapping, which keeps a flow to one remote peer."""
        return await self._request(mapping_params(
            "outbound", internal_port, lifetime, protocol, request_type, external_port, external_address,
            third_party, third_party_id, description, remoteAddress=remote_address, remotePort=remote_port,
        ))

    async def announce(self, *, timeout: Optional[float] = None) -> Json:
        """Ask the PCP server since when it has been running."""
        return await self._call("client/announce", timeout)

    async def external_address(self, *, timeout: Optional[float] = None) -> str:
        """Ask for the external address; leaves no mapping behind."""
        return (await self._call("client/externalAddress", timeout))["externalAddress"]

    async def diagnose(self, *, timeout: Optional[float] = None) -> Json:
        """Find out what stands in the way of being reached from the Internet."""
        return await self._call("client/diagnose", timeout)

    async def prefix64(self, *, timeout: Optional[float] = None) -> List[Json]:
        """How the network's NAT64 builds IPv6 addresses from IPv4 addresses."""
        return await self._call("client/prefix64", timeout)

    async def stats(self) -> Json:
        """Counters of what was sent, received and ignored."""
        return await self._call("client/stats")

    async def gateway(self) -> Json:
        """What is known of the gateway now."""
        return gateway_of(await self._server.clients(), self.client_id)

    async def leftovers(self) -> List[Json]:
        """The mappings that an earlier run with the same ``state`` file left."""
        return await self._call("client/leftovers")

    async def delete_leftovers(self, mapping: Optional[Json] = None, *, timeout: Optional[float] = None) -> int:
        """Delete what an earlier run left, or one of it; returns the number of mappings deleted."""
        return (await self._call("client/deleteLeftovers", timeout, mapping=mapping))["deleted"]

    async def trace(self, on: bool = True) -> None:
        """Begin or end to report every datagram in :meth:`traces`."""
        await self._call("client/trace", on=on)

    async def mappings(self) -> List[Json]:
        """The mappings of this client that are not over."""
        return await self._call("mapping/list")

    def errors(self, *, timeout: Optional[float] = None) -> AsyncIterator[Json]:
        """Trouble that belongs to no single mapping; ends after ``timeout`` seconds without any."""
        return self._news["client/error"].entries(timeout)

    def gateway_changes(self, *, timeout: Optional[float] = None) -> AsyncIterator[Json]:
        """What becomes known of the gateway."""
        return self._news["client/gateway"].entries(timeout)

    def traces(self, *, timeout: Optional[float] = None) -> AsyncIterator[Json]:
        """Decoded datagrams."""
        return self._news["client/trace"].entries(timeout)

    async def shutdown(self, *, keep: bool = False) -> None:
        """End this client and release its mappings, or leave them at the PCP server until they expire."""
        if self._ended:
            return
        self._ended = True
        await self._call("client/shutdown", keep=keep)

    async def _exit(self, waits: bool) -> None:
        try:
            await self.shutdown()
        except ConnectionLost:  # the server has released the mappings
            pass

    async def _request(self, params: Json) -> Mapping:
        return Mapping(self._server, await self._call("mapping/request", **params))

    async def _call(self, method: str, timeout: Optional[float] = None, **params: Any) -> Any:
        return await self._server.call(method, {"clientId": self.client_id, **params}, timeout=timeout)


class Mapping(_Context):
    """One mapping, revoked at the end of ``async with``."""

    def __init__(self, server: Server, info: Json) -> None:
        self._server = server
        self.mapping_id: int = info["mappingId"]
        #: The mapping as of the last response; :meth:`refresh` gets it anew.
        self.info = info
        self._alerts = server._inbox("mapping/alert", info)

    @property
    def state(self) -> str:
        """``requested``, ``starting``, ``updating``, ``running``, ``error``, ``expired``, ``revoked`` or ``dropped``."""
        return self.info["state"]["type"]

    @property
    def assigned(self) -> Optional[Json]:
        """``{"externalAddress": …, "externalPort": …, "lifetime": …}``, or None."""
        return self.info["assigned"]

    async def ready(self, *, timeout: Optional[float] = None) -> Json:
        """Wait for the first assignment and return it."""
        assigned = (await self._call("mapping/ready", timeout=timeout))["assigned"]
        assert assigned is not None
        return assigned

    async def refresh(self) -> Json:
        """Get the mapping as it is now."""
        return await self._call("mapping/get")

    async def renew(self, lifetime: int) -> Json:
        """Request another lifetime from now on, in seconds."""
        return await self._call("mapping/renew", lifetime=lifetime)

    async def revoke(self, *, timeout: Optional[float] = None) -> Json:
        """Delete it and wait until the PCP server has confirmed."""
        return await self._call("mapping/revoke", timeout=timeout)

    async def alerts(self, *, timeout: Optional[float] = None) -> AsyncIterator[Json]:
        """All alerts from the first on; ends with the mapping, or after ``timeout`` seconds without any."""
        async for alert in self._alerts.entries(timeout):
            yield alert
            if ends_mapping(alert, self.info["requestType"]):
                return

    async def _exit(self, waits: bool) -> None:
        try:
            await self.revoke(timeout=None if waits else 0)
        except (ConnectionLost, RequestTimeout, RpcError):  # released with its client, or refused
            pass

    async def _call(self, method: str, *, timeout: Optional[float] = None, **params: Any) -> Json:
        self.info = await self._server.call(method, {"mappingId": self.mapping_id, **params}, timeout=timeout)
        return self.info


class _Inbox:
    """Notifications for one reader. Of too many unread ones the newest stay; None is the end."""

    def __init__(self) -> None:
        self._entries: "asyncio.Queue[Optional[Json]]" = asyncio.Queue()

    def put(self, entry: Optional[Json]) -> None:
        while self._entries.qsize() >= UNREAD_LIMIT:
            self._entries.get_nowait()
        self._entries.put_nowait(entry)

    async def entries(self, timeout: Optional[float]) -> AsyncIterator[Json]:
        """Yield entries until the server has ended, or so many seconds bring none."""
        while True:
            try:
                entry = await asyncio.wait_for(self._entries.get(), timeout)
            except asyncio.TimeoutError:
                return
            if entry is None:
                self._entries.put_nowait(None)  # for the next reader
                return
            yield entry
