#!/usr/bin/env python3
"""Open ports on the router from Python: a client of the pcp JSON-RPC server.

It starts the server as a subprocess, which needs Deno, or npm to fetch Deno, and the standard library of
Python 3.9 or later. Every call blocks, takes a timeout in seconds, and may come from any thread::

    from pcp_client import Server

    with Server() as server, server.start_client() as client:
        with client.request(6000, lifetime=3600, protocol="tcp") as mapping:
            assigned = mapping.ready()
            print(f"Reachable at {assigned['externalAddress']} port {assigned['externalPort']}")
            for alert in mapping.alerts():
                print(alert)

With pcp_client_command.py beside it, ``python3 pcp_client.py map 6000`` keeps a port open until Ctrl-C.
pcp_client_asyncio.py has the same for ``asyncio``.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
import warnings
import weakref
from types import TracebackType
from typing import IO, Any, Dict, Iterator, List, Optional, Sequence, Tuple, Type, Union

from pcp_client_base import (
    ALERTS, DEFAULT_TIMEOUT, NEW_LIMIT, NEWS, OPENING, UNREAD_LIMIT, ConnectionLost, Json, RequestTimeout,
    RequestType, ResultCodeError, RpcError, encode_message, ends_mapping, exit_on, gateway_of, has_mappings,
    mapping_params, result_of, server_command, start_failure, start_timeout, state_files, state_folder, without_none,
)

__all__ = [
    "Client", "ConnectionLost", "Mapping", "RequestTimeout", "ResultCodeError", "RpcError", "Server", "Simulator",
    "server_command", "state_folder",
]


class Server:
    """A running server process. Closing it, or the end of ``with``, releases every mapping.

    When this process ends without that, even by SIGKILL, the server releases every mapping and exits.
    """

    def __init__(
        self, command: Optional[Sequence[str]] = None, *, timeout: float = DEFAULT_TIMEOUT,
        release_on: Sequence[str] = (),
    ) -> None:
        """Start the server and initialize it.

        :param command: The command to run instead of :func:`server_command`.
        :param timeout: Seconds that a call without its own timeout waits for the response.
        :param release_on: Signals, such as ``SIGTERM``, that raise SystemExit, so that ``with`` releases every mapping.
        """
        exit_on(release_on)
        self.timeout = timeout
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._last_id = 0
        self._requests: Dict[int, _Request] = {}
        #: By kind and id. Each belongs to a mapping or a client of the program, and goes with it.
        self._inboxes: "weakref.WeakValueDictionary[Tuple[str, int], _Inbox]" = weakref.WeakValueDictionary()
        #: Those whose mapping or client is not made yet; the oldest go first.
        self._new_inboxes: Dict[Tuple[str, int], _Inbox] = {}
        self._lost = False
        self._closed = False
        # A session of its own, so that Ctrl-C reaches this process only, which then shuts the server down.
        arguments = list(command) if command is not None else server_command()
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=os.name == "posix",
        )
        self._reader = threading.Thread(target=self._read, name="pcp-rpc", daemon=True)
        self._reader.start()
        atexit.register(self.close)
        try:
            params = {"clientInfo": {"name": "pcp_client.py"}, "processId": os.getpid()}
            self.info: Json = self.call("initialize", params)
        except BaseException as error:
            self.close()
            if isinstance(error, ConnectionLost):
                raise start_failure(arguments, self._process.returncode) from None
            raise

    def call(self, method: str, params: Optional[Json] = None, *, timeout: Optional[float] = None) -> Any:
        """Send any request and wait for its result. Members of ``params`` that are None are left out.

        :raises RpcError: if the server responds with an error.
        :raises RequestTimeout: if it does not respond in time; the request is cancelled.
        :raises ConnectionLost: if it has ended.
        """
        request = _Request(method)
        with self._lock:
            self._last_id += 1
            request_id = self._last_id
            self._requests[request_id] = request
        try:
            self._send({"id": request_id, "method": method, "params": without_none(params or {})})
            if not request.answered.wait(_seconds(self.timeout if timeout is None else timeout)):
                self.notify("$/cancelRequest", {"id": request_id})
                raise RequestTimeout(f'Cannot wait any longer for the answer to "{method}"')
        finally:
            with self._lock:
                self._requests.pop(request_id, None)
        if request.response is None:
            raise ConnectionLost(f'Cannot get the answer to "{method}": the server is gone')
        return result_of(request.response)

    def notify(self, method: str, params: Optional[Json] = None) -> None:
        """Send any notification."""
        self._send({"method": method, "params": without_none(params or {})})

    def discover(self) -> List[Json]:
        """The default gateways of this host, and the addresses of this host that face them."""
        return self.call("discover")

    def start_client(
        self, client: Optional[str] = None, server: Union[str, Sequence[str], None] = None, *,
        port: Optional[int] = None, protocols: Optional[Sequence[str]] = None, anycast: Optional[bool] = None,
        watch: Union[bool, Json, None] = None, wait_for_network: Optional[bool] = None,
        state: Union[str, bool] = True, timeout: Optional[float] = None, **options: Any,
    ) -> Client:
        """Start a client of one PCP server, by default of the router.

        :param client: Address of this host that faces the PCP server.
        :param server: Address or name of the PCP server, or a list of those of one server.
        :param port: UDP port of the PCP server, 5351 by default.
        :param protocols: Those that may be used, of ``pcp``, ``nat-pmp``, ``upnp``; all by default.
        :param anycast: Whether the anycast address of PCP is asked if the router does not answer.
        :param watch: Whether changes of the network are followed, or ``{"interval": milliseconds}``.
        :param wait_for_network: Whether to wait, without end if ``timeout`` is None, until this host has a route and an address.
        :param state: A file that keeps the mappings, so that a later run can continue or delete them. True, the default:
            one in :func:`state_folder`; what an earlier run left there is deleted. False: none.
        :param options: ``announcePort``, ``multicast``, ``allowThirdParty``, ``shutdownTimeout``.
        """
        params = {
            "client": client, "server": server, "port": port, "protocols": protocols, "anycast": anycast,
            "watch": watch, "waitForNetwork": wait_for_network, **options,
        }
        timeout = start_timeout(timeout, wait_for_network)
        if state is True:
            return Client(self, self._start_with_state(params, timeout))
        return Client(self, self.call("client/start", {**params, "state": state or None}, timeout=timeout))

    def start_all(
        self, *, port: Optional[int] = None, protocols: Optional[Sequence[str]] = None,
        watch: Union[bool, Json, None] = None, wait_for_network: Optional[bool] = None,
        timeout: Optional[float] = None, **options: Any,
    ) -> List[Client]:
        """Start a client of every default gateway of this host, without a state file. Options as of :meth:`start_client`."""
        params = {
            "port": port, "protocols": protocols, "watch": watch, "waitForNetwork": wait_for_network, **options,
        }
        timeout = start_timeout(timeout, wait_for_network)
        return [Client(self, info) for info in self.call("client/startAll", params, timeout=timeout)]

    def start_simulator(self, *, lifetime: Optional[int] = None, port: Optional[int] = None, **options: Any) -> Simulator:
        """Start a simulated PCP server on loopback, to try things without a router.

        :param lifetime: Longest lifetime granted, in seconds.
        :param port: UDP port to listen on, any free one by default.
        :param options: ``minLifetime``, ``externalAddress``, ``protocols``.
        """
        return Simulator(self, self.call("simulator/start", {"lifetime": lifetime, "port": port, **options}))

    def clients(self) -> List[Json]:
        """The running clients."""
        return self.call("client/list")

    def mappings(self) -> List[Json]:
        """The mappings that are not over."""
        return self.call("mapping/list")

    def close(self) -> None:
        """Release every mapping and end the server. Never raises; later calls do nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        try:
            self.call("shutdown", timeout=10)
            self.notify("exit")
        except (RpcError, OSError):  # ended, or too slow: the end of its stdin has the same effect
            pass
        for stop in (self._process.stdin.close, self._process.terminate, self._process.kill):  # type: ignore[union-attr]
            try:
                stop()
            except OSError:
                pass
            try:
                self._process.wait(timeout=10)
                break
            except subprocess.TimeoutExpired:
                continue
        self._reader.join(timeout=1)
        if not self._reader.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _send(self, message: Json) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            with self._write_lock:
                stream.write(encode_message(message))
                stream.flush()
        except (OSError, ValueError):
            raise ConnectionLost("Cannot send a request: the server is gone") from None

    def _read(self) -> None:
        """Run in the reader thread: give each message to its request, mapping or client."""
        assert self._process.stdout is not None
        for message in _messages(self._process.stdout):
            if "method" in message:
                self._notified(message["method"], message["params"])
            else:
                self._answered(message)
        with self._lock:
            self._lost = True
            requests, inboxes = list(self._requests.values()), list(self._inboxes.values())
        for request in requests:
            request.answered.set()
        for inbox in inboxes:
            inbox.put(None)

    def _answered(self, message: Json) -> None:
        with self._lock:
            request = self._requests.get(message["id"])
        if request is None:
            return
        if request.method in OPENING and "result" in message:
            # Before the next message is read, which may be a notification for it.
            results = message["result"]
            for result in results if isinstance(results, list) else [results]:
                for kind in ALERTS if "mappingId" in result else NEWS:
                    self._inbox(kind, result, is_new=True)
        request.response = message
        request.answered.set()

    def _notified(self, method: str, params: Json) -> None:
        kind, entry = method, params.get("alert") or params.get("error") or params
        if method == "client/serverRestarted":
            kind, entry = "client/error", {**params, "name": "ServerRestartedError"}
        with self._lock:
            inbox = self._inboxes.get((kind, params.get("mappingId") or params.get("clientId") or 0))
        if inbox is not None:
            inbox.put(entry)

    def _inbox(self, kind: str, info: Json, is_new: bool = False) -> _Inbox:
        key = (kind, info["mappingId"] if kind in ALERTS else info["clientId"])
        with self._lock:
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

    def _start_with_state(self, params: Json, timeout: Optional[float]) -> Json:
        """Start a client with the first state file that no other one uses."""
        try:
            for path in state_files(state_folder()):
                try:
                    info = self.call("client/start", {**params, "state": path}, timeout=timeout)
                except RpcError as error:
                    if error.code != 9:
                        raise
                    if error.data["reason"] in ("unreadable", "unwritable"):
                        raise PermissionError(error.message) from error
                    continue  # it is in use, or damaged
                threading.Thread(target=self._clean_up, args=(info, path), daemon=True).start()
                return info
        except OSError as error:
            if isinstance(error, (RequestTimeout, ConnectionLost)):
                raise
            warnings.warn(f"Mappings are not deleted after a crash: {error}", RuntimeWarning, stacklevel=3)
        return self.call("client/start", params, timeout=timeout)

    def _clean_up(self, info: Json, own: str) -> None:
        """Delete what runs that were killed have left at the server of a client, also with other state files."""
        try:
            self.call("client/deleteLeftovers", {"clientId": info["clientId"]})
            for path in state_files(os.path.dirname(own), used=True):
                if path == own or not has_mappings(path):
                    continue
                at = {"client": info["client"], "server": info["server"], "port": info["port"], "multicast": False}
                try:
                    other = {"clientId": self.call("client/start", {**at, "state": path})["clientId"]}
                except RpcError:  # it is in use
                    continue
                try:
                    self.call("client/deleteLeftovers", other)
                finally:
                    self.call("client/shutdown", other)
        except (RpcError, OSError):  # the client or the server has ended; the next start goes on
            pass


class Simulator:
    """A simulated PCP server on loopback."""

    def __init__(self, server: Server, info: Json) -> None:
        self._server = server
        self.simulator_id: int = info["simulatorId"]
        self.address: str = info["server"]
        self.port: int = info["port"]

    def start_client(self, **options: Any) -> Client:
        """Start a client of this simulator; there is no state file, as the simulator ends with the server."""
        return self._server.start_client(self.address, self.address, port=self.port, **{"state": False, **options})

    def stop(self) -> None:
        """Stop it."""
        self._server.call("simulator/stop", {"simulatorId": self.simulator_id})


class Client:
    """A running client of one PCP server."""

    def __init__(self, server: Server, info: Json) -> None:
        self._server = server
        self.client_id: int = info["clientId"]
        #: Address of this host that requests are sent from.
        self.client: str = info["client"]
        #: Address of the PCP server.
        self.server: str = info["server"]
        #: UDP port of the PCP server.
        self.port: int = info["port"]
        self._ended = False
        self._news = {kind: server._inbox(kind, info) for kind in NEWS}

    def request(
        self, internal_port: int, lifetime: int = 3600, *, protocol: Union[str, int] = "tcp",
        request_type: RequestType = "keepAlive", external_port: Optional[int] = None,
        external_address: Optional[str] = None, third_party: Optional[str] = None,
        third_party_id: Optional[str] = None, description: Optional[str] = None,
        prefer_failure: Optional[bool] = None, filters: Optional[List[Json]] = None, port_set: Optional[Json] = None,
    ) -> Mapping:
        """Request an inbound mapping. Returns at once; :meth:`Mapping.ready` waits.

        :param internal_port: Port on this host, 0 to 65535.
        :param lifetime: Wanted lifetime in seconds.
        :param protocol: ``tcp``, ``udp``, or a number of IANA's.
        :param request_type: ``once``, ``keepAlive``, or ``{"repeat": n}``.
        :param external_port: Suggested external port.
        :param external_address: Suggested external address.
        :param third_party: Address of the host that the mapping is for, if not this one.
        :param third_party_id: Which of several hosts behind that address, in hexadecimal digits.
        :param description: Text for the router's list of mappings.
        :param prefer_failure: No mapping rather than another external port or address than suggested.
        :param filters: The remote peers that are let in: ``[{"address": …, "prefix": …, "port": …}]``.
        :param port_set: Consecutive ports from ``internal_port`` on: ``{"size": …, "parity": …}``.
        """
        return self._request(mapping_params(
            "inbound", internal_port, lifetime, protocol, request_type, external_port, external_address,
            third_party, third_party_id, description,
            preferFailure=prefer_failure, filters=filters, portSet=port_set,
        ))

    def request_outbound(
        self, internal_port: int, remote_address: str, remote_port: int, lifetime: int = 3600, *,
        protocol: Union[str, int] = "tcp", request_type: RequestType = "keepAlive",
        external_port: Optional[int] = None, external_address: Optional[str] = None,
        third_party: Optional[str] = None, third_party_id: Optional[str] = None, description: Optional[str] = None,
    ) -> Mapping:
        """Request an outbound mapping, which keeps a flow to one remote peer. Returns at once."""
        return self._request(mapping_params(
            "outbound", internal_port, lifetime, protocol, request_type, external_port, external_address,
            third_party, third_party_id, description, remoteAddress=remote_address, remotePort=remote_port,
        ))

    def announce(self, *, timeout: Optional[float] = None) -> Json:
        """Ask the PCP server since when it has been running: ``{"epoch": …, "roundTrip": …}``."""
        return self._server.call("client/announce", {"clientId": self.client_id}, timeout=timeout)

    def external_address(self, *, timeout: Optional[float] = None) -> str:
        """Ask for the external address; leaves no mapping behind."""
        params = {"clientId": self.client_id}
        return self._server.call("client/externalAddress", params, timeout=timeout)["externalAddress"]

    def diagnose(self, *, timeout: Optional[float] = None) -> Json:
        """Find out what stands in the way of being reached from the Internet; ``findings`` has it in sentences."""
        return self._server.call("client/diagnose", {"clientId": self.client_id}, timeout=timeout)

    def prefix64(self, *, timeout: Optional[float] = None) -> List[Json]:
        """How the network's NAT64 builds IPv6 addresses from IPv4 addresses; empty without a NAT64."""
        return self._server.call("client/prefix64", {"clientId": self.client_id}, timeout=timeout)

    def stats(self) -> Json:
        """Counters of what was sent, received and ignored."""
        return self._server.call("client/stats", {"clientId": self.client_id})

    def gateway(self) -> Json:
        """What is known of the gateway now, such as ``{"state": "answers", "since": …}``."""
        return gateway_of(self._server.clients(), self.client_id)

    def leftovers(self) -> List[Json]:
        """The mappings that an earlier run with the same ``state`` file left."""
        return self._server.call("client/leftovers", {"clientId": self.client_id})

    def delete_leftovers(self, mapping: Optional[Json] = None, *, timeout: Optional[float] = None) -> int:
        """Delete what an earlier run left, or one of :meth:`leftovers`; returns the number of mappings deleted."""
        params = {"clientId": self.client_id, "mapping": mapping}
        return self._server.call("client/deleteLeftovers", params, timeout=timeout)["deleted"]

    def trace(self, on: bool = True) -> None:
        """Begin or end to report every datagram in :meth:`traces`."""
        self._server.call("client/trace", {"clientId": self.client_id, "on": on})

    def traces(self, *, timeout: Optional[float] = None) -> Iterator[Json]:
        """Decoded datagrams: ``{"direction": …, "remote": …, "text": …}``, as :meth:`errors`."""
        return self._news["client/trace"].entries(timeout)

    def mappings(self) -> List[Json]:
        """The mappings of this client that are not over."""
        return self._server.call("mapping/list", {"clientId": self.client_id})

    def errors(self, *, timeout: Optional[float] = None) -> Iterator[Json]:
        """Trouble that belongs to no single mapping; ends after ``timeout`` seconds without any."""
        return self._news["client/error"].entries(timeout)

    def gateway_changes(self, *, timeout: Optional[float] = None) -> Iterator[Json]:
        """What becomes known of the gateway: ``{"gateway": {"state": …}, "message": …}``, as :meth:`errors`."""
        return self._news["client/gateway"].entries(timeout)

    def shutdown(self, *, keep: bool = False) -> None:
        """End this client and release its mappings, or leave them at the PCP server until they expire."""
        if self._ended:
            return
        self._ended = True
        self._server.call("client/shutdown", {"clientId": self.client_id, "keep": keep})

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        try:
            self.shutdown()
        except ConnectionLost:  # the server has released the mappings
            pass

    def _request(self, params: Json) -> Mapping:
        return Mapping(self._server, self._server.call("mapping/request", {"clientId": self.client_id, **params}))


class Mapping:
    """One mapping, revoked at the end of ``with``."""

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

    def ready(self, *, timeout: Optional[float] = None) -> Json:
        """Wait for the first assignment and return it.

        :raises ResultCodeError: if the PCP server refuses.
        """
        assigned = self._call("mapping/ready", timeout=timeout)["assigned"]
        assert assigned is not None
        return assigned

    def refresh(self) -> Json:
        """Get the mapping as it is now."""
        return self._call("mapping/get")

    def renew(self, lifetime: int) -> Json:
        """Request another lifetime from now on, in seconds. Returns at once."""
        return self._call("mapping/renew", lifetime=lifetime)

    def revoke(self, *, timeout: Optional[float] = None) -> Json:
        """Delete it and wait until the PCP server has confirmed."""
        return self._call("mapping/revoke", timeout=timeout)

    def alerts(self, *, timeout: Optional[float] = None) -> Iterator[Json]:
        """All alerts from the first on; ends with the mapping, or after ``timeout`` seconds without any."""
        for alert in self._alerts.entries(timeout):
            yield alert
            if ends_mapping(alert, self.info["requestType"]):
                return

    def __enter__(self) -> Mapping:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        try:
            # After an interruption, and if the gateway has never answered, the end of the client waits, which is bounded.
            interrupted = error is not None and not isinstance(error, Exception)
            self.revoke(timeout=0 if interrupted or not self._gateway_answered() else None)
        except (ConnectionLost, RequestTimeout, RpcError):  # released with its client, or refused
            pass

    def _gateway_answered(self) -> bool:
        clients = self._server.call("client/list")
        return any(info["clientId"] == self.info["clientId"] and "protocol" in info for info in clients)

    def _call(self, method: str, *, timeout: Optional[float] = None, **params: Any) -> Json:
        self.info = self._server.call(method, {"mappingId": self.mapping_id, **params}, timeout=timeout)
        return self.info


def _seconds(timeout: float) -> float:
    """A timeout as threads take it: infinity is too long for them."""
    return max(0.0, min(timeout, threading.TIMEOUT_MAX))


def _messages(stream: IO[bytes]) -> Iterator[Json]:
    """The messages of a stream: headers, an empty line, then ``Content-Length`` octets of JSON."""
    while True:
        length: Optional[int] = None
        while True:
            line = stream.readline()
            if not line:
                return
            if line == b"\r\n":
                break
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        body = stream.read(length or 0)
        if length is None or len(body) < length:
            return
        yield json.loads(body.decode("utf-8"))


class _Request:
    """A request that waits for its response."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.answered = threading.Event()
        #: None as long as there is none, or if the server has ended.
        self.response: Optional[Json] = None


class _Inbox:
    """Notifications for one reader. Of too many unread ones the newest stay; None is the end."""

    def __init__(self) -> None:
        self._entries: "queue.SimpleQueue[Optional[Json]]" = queue.SimpleQueue()

    def put(self, entry: Optional[Json]) -> None:
        try:
            while self._entries.qsize() >= UNREAD_LIMIT:
                self._entries.get_nowait()
        except queue.Empty:  # the reader was faster
            pass
        self._entries.put(entry)

    def entries(self, timeout: Optional[float]) -> Iterator[Json]:
        """Yield entries until the server has ended, or so many seconds bring none."""
        while True:
            try:
                entry = self._entries.get(timeout=None if timeout is None else _seconds(timeout))
            except queue.Empty:
                return
            if entry is None:
                self._entries.put(None)  # for the next reader
                return
            yield entry


if __name__ == "__main__":
    from pcp_client_command import main

    sys.exit(main())
