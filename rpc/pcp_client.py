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

As a program: ``python3 pcp_client.py map 6000`` keeps a port open until Ctrl-C.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from types import TracebackType
from typing import IO, Any, Dict, Iterator, List, Optional, Sequence, Type, Union

__all__ = [
    "Client", "ConnectionLost", "Mapping", "RequestTimeout", "ResultCodeError", "RpcError", "Server", "Simulator",
    "server_command",
]

Json = Dict[str, Any]
RequestType = Union[str, Dict[str, int]]

PACKAGE_ENTRY = "jsr:@portcontrol/pcp/rpc/main"
DEFAULT_TIMEOUT = 30.0
UNREAD_LIMIT = 1000


class RpcError(Exception):
    """The server answered with an error: ``code``, ``message`` and ``data`` as in its README."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class ResultCodeError(RpcError):
    """The PCP server refused: ``result_code`` (RFC 6887 section 7.4), ``result_name``, and ``lifetime`` in seconds."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(code, message, data)
        self.result_code: int = data["code"]
        self.result_name: str = data["name"]
        self.lifetime: Optional[float] = data["lifetime"]


class RequestTimeout(TimeoutError):
    """No response came in time. The request was cancelled; what it had started at the PCP server goes on."""


class ConnectionLost(ConnectionError):
    """The server process has ended, and with it every mapping that it held."""


def server_command() -> List[str]:
    """The command that starts the server: with ``deno`` where it is installed, otherwise with npm's ``npx``.

    The server is the ``main.ts`` beside this file, or else the published package. ``PCP_RPC_COMMAND`` replaces both.
    """
    override = os.environ.get("PCP_RPC_COMMAND")
    if override:
        return [*shlex.split(override), "--stdio"]
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "main.ts")
    entry = beside if os.path.exists(beside) else PACKAGE_ENTRY
    deno = shutil.which("deno")
    if deno is not None:
        return [deno, "run", "-A", entry, "--stdio"]
    npx = shutil.which("npx")
    if npx is not None:
        return [npx, "--yes", "deno@2", "run", "-A", entry, "--stdio"]
    raise FileNotFoundError("Cannot start the server: neither deno (https://deno.com) nor npx is installed")


class Server:
    """A running server process. Closing it, or the end of ``with``, releases every mapping.

    When this process ends without that, even by SIGKILL, the server releases every mapping and exits.
    """

    def __init__(self, command: Optional[Sequence[str]] = None, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Start the server and initialize it.

        :param command: The command to run instead of :func:`server_command`.
        :param timeout: Seconds that a call without its own timeout waits for the response.
        """
        self.timeout = timeout
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._last_id = 0
        self._responses: Dict[int, "queue.Queue[Optional[Json]]"] = {}
        self._alerts: Dict[int, "queue.Queue[Optional[Json]]"] = {}
        self._errors: Dict[int, "queue.Queue[Optional[Json]]"] = {}
        self._lost = False
        self._closed = False
        # A session of its own, so that Ctrl-C reaches this process only, which then shuts the server down.
        self._process = subprocess.Popen(
            list(command) if command is not None else server_command(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=os.name == "posix",
        )
        self._reader = threading.Thread(target=self._read, name="pcp-rpc", daemon=True)
        self._reader.start()
        atexit.register(self.close)
        try:
            self.info: Json = self.call("initialize", {
                "clientInfo": {"name": "pcp_client.py"},
                "processId": os.getpid(),
            })
        except BaseException:
            self.close()
            raise

    def call(self, method: str, params: Optional[Json] = None, *, timeout: Optional[float] = None) -> Any:
        """Send any request and wait for its result. Members of ``params`` that are None are left out.

        :raises RpcError: if the server responds with an error.
        :raises RequestTimeout: if it does not respond in time; the request is cancelled.
        :raises ConnectionLost: if it has ended.
        """
        response: "queue.Queue[Optional[Json]]" = queue.Queue()
        with self._lock:
            self._last_id += 1
            request_id = self._last_id
            self._responses[request_id] = response
        try:
            self._send({"id": request_id, "method": method, "params": _without_none(params or {})})
            message = response.get(timeout=self.timeout if timeout is None else timeout)
        except queue.Empty:
            self.notify("$/cancelRequest", {"id": request_id})
            raise RequestTimeout(f'Cannot wait any longer for the answer to "{method}"') from None
        finally:
            with self._lock:
                self._responses.pop(request_id, None)
        if message is None:
            raise ConnectionLost(f'Cannot get the answer to "{method}": the server is gone')
        if "error" in message:
            error = message["error"]
            kind = ResultCodeError if error["code"] == 5 else RpcError
            raise kind(error["code"], error["message"], error.get("data"))
        return message["result"]

    def notify(self, method: str, params: Optional[Json] = None) -> None:
        """Send any notification."""
        self._send({"method": method, "params": _without_none(params or {})})

    def discover(self) -> List[Json]:
        """The default gateways of this host, and the addresses of this host that face them."""
        return self.call("discover")

    def start_client(
        self, client: Optional[str] = None, server: Optional[str] = None, *, port: Optional[int] = None, **options: Any,
    ) -> Client:
        """Start a client of one PCP server, by default of the router.

        :param client: Address of this host that faces the PCP server.
        :param server: Address of the PCP server.
        :param port: UDP port of the PCP server, 5351 by default.
        :param options: ``announcePort``, ``multicast``, ``allowThirdParty``, ``shutdownTimeout``, ``state`` (a file that
            keeps the mappings, so that a later run can continue or delete them).
        """
        return Client(self, self.call("client/start", {"client": client, "server": server, "port": port, **options}))

    def start_simulator(self, *, lifetime: Optional[int] = None, port: Optional[int] = None, **options: Any) -> Simulator:
        """Start a simulated PCP server on loopback, to try things without a router.

        :param lifetime: Longest lifetime granted, in seconds.
        :param port: UDP port to listen on, any free one by default.
        :param options: ``minLifetime``, ``externalAddress``.
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
        body = json.dumps({"jsonrpc": "2.0", **message}).encode("utf-8")
        stream = self._process.stdin
        assert stream is not None
        try:
            with self._write_lock:
                stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                stream.flush()
        except (OSError, ValueError):
            raise ConnectionLost("Cannot send a request: the server is gone") from None

    def _read(self) -> None:
        """Run in the reader thread: put each message into the queue of its request, mapping or client."""
        assert self._process.stdout is not None
        for message in _messages(self._process.stdout):
            if "method" not in message:
                with self._lock:
                    response = self._responses.get(message["id"])
                if response is not None:
                    response.put(message)
                continue
            params = message["params"]
            if message["method"] == "mapping/alert":
                _put(self._inbox(self._alerts, params["mappingId"]), params["alert"])
            elif message["method"] == "client/error":
                _put(self._inbox(self._errors, params["clientId"]), params["error"])
            elif message["method"] == "client/serverRestarted":
                restarted = {"name": "ServerRestartedError", "epoch": params["epoch"]}
                _put(self._inbox(self._errors, params["clientId"]), restarted)
        with self._lock:
            self._lost = True
            waiting = [*self._responses.values(), *self._alerts.values(), *self._errors.values()]
        for inbox in waiting:
            inbox.put(None)

    def _inbox(self, boxes: Dict[int, "queue.Queue[Optional[Json]]"], key: int) -> "queue.Queue[Optional[Json]]":
        with self._lock:
            inbox = boxes.get(key)
            if inbox is None:
                inbox = boxes[key] = queue.Queue()
                if self._lost:
                    inbox.put(None)
            return inbox


class Simulator:
    """A simulated PCP server on loopback."""

    def __init__(self, server: Server, info: Json) -> None:
        self._server = server
        self.simulator_id: int = info["simulatorId"]
        self.address: str = info["server"]
        self.port: int = info["port"]

    def start_client(self, **options: Any) -> Client:
        """Start a client of this simulator."""
        return self._server.start_client(self.address, self.address, port=self.port, **options)

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
        return self._request({
            "kind": "inbound", "internalPort": internal_port, "lifetime": lifetime, "protocol": protocol,
            "requestType": request_type, "externalPort": external_port, "externalAddress": external_address,
            "thirdParty": third_party, "thirdPartyId": third_party_id, "description": description,
            "preferFailure": prefer_failure, "filters": filters, "portSet": port_set,
        })

    def request_outbound(
        self, internal_port: int, remote_address: str, remote_port: int, lifetime: int = 3600, *,
        protocol: Union[str, int] = "tcp", request_type: RequestType = "keepAlive",
        external_port: Optional[int] = None, external_address: Optional[str] = None,
        third_party: Optional[str] = None, third_party_id: Optional[str] = None, description: Optional[str] = None,
    ) -> Mapping:
        """Request an outbound mapping, which keeps a flow to one remote peer. Returns at once."""
        return self._request({
            "kind": "outbound", "internalPort": internal_port, "lifetime": lifetime, "protocol": protocol,
            "requestType": request_type, "externalPort": external_port, "externalAddress": external_address,
            "thirdParty": third_party, "thirdPartyId": third_party_id, "description": description,
            "remoteAddress": remote_address, "remotePort": remote_port,
        })

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

    def delete_leftovers(self, *, timeout: Optional[float] = None) -> int:
        """Delete the mappings that an earlier run with the same ``state`` file left; returns their number."""
        return self._server.call("client/deleteLeftovers", {"clientId": self.client_id}, timeout=timeout)["deleted"]

    def mappings(self) -> List[Json]:
        """The mappings of this client that are not over."""
        return self._server.call("mapping/list", {"clientId": self.client_id})

    def errors(self, *, timeout: Optional[float] = None) -> Iterator[Json]:
        """Trouble that belongs to no single mapping; ends after ``timeout`` seconds without any."""
        return _drain(self._server._inbox(self._server._errors, self.client_id), timeout)

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
        self._alerts = server._inbox(server._alerts, self.mapping_id)

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
        for alert in _drain(self._alerts, timeout):
            yield alert
            if self._ends_with(alert):
                return

    def __enter__(self) -> Mapping:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        try:
            self.revoke()
        except (ConnectionLost, RpcError):  # released with the server or its client, or refused
            pass

    def _call(self, method: str, *, timeout: Optional[float] = None, **params: Any) -> Json:
        self.info = self._server.call(method, {"mappingId": self.mapping_id, **params}, timeout=timeout)
        return self.info

    def _ends_with(self, alert: Json) -> bool:
        if alert["type"] != "stateChange":
            return False
        state = alert["state"]
        if state["type"] == "error":
            return "retryIn" not in state
        if state["type"] == "expired":
            return self.info["requestType"] != "keepAlive"
        return state["type"] in ("revoked", "dropped")


def _without_none(params: Json) -> Json:
    return {name: value for name, value in params.items() if value is not None}


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


def _put(inbox: "queue.Queue[Optional[Json]]", entry: Json) -> None:
    """Add an entry; of too many unread ones the newest stay."""
    while inbox.qsize() >= UNREAD_LIMIT:
        inbox.get_nowait()
    inbox.put(entry)


def _drain(inbox: "queue.Queue[Optional[Json]]", timeout: Optional[float]) -> Iterator[Json]:
    while True:
        try:
            entry = inbox.get(timeout=timeout)
        except queue.Empty:
            return
        if entry is None:
            inbox.put(None)  # for the next reader
            return
        yield entry


def _arguments(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Opens ports on the router.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    keep = commands.add_parser("map", help="keep a port open until Ctrl-C")
    keep.add_argument("internal_port", type=int, metavar="PORT", help="port on this host")
    keep.add_argument("--udp", action="store_true", help="UDP, not TCP")
    keep.add_argument("--lifetime", type=int, default=3600, metavar="SECONDS", help="wanted lifetime, 3600 by default")
    keep.add_argument("--external-port", type=int, metavar="PORT", help="suggested external port")
    keep.add_argument("--for", type=float, dest="duration", metavar="SECONDS", help="end after so long")
    commands.add_parser("external", help="print the external address")
    commands.add_parser("discover", help="print the gateways of this host")
    for command in commands.choices.values():
        command.add_argument("--client", metavar="ADDRESS", help="address of this host, found by default")
        command.add_argument("--server", metavar="ADDRESS", help="address of the PCP server, the gateway by default")
        command.add_argument("--port", type=int, metavar="PORT", help="UDP port of the PCP server, 5351 by default")
        command.add_argument("--simulate", action="store_true", help="with a simulated PCP server, without a router")
        command.add_argument("--json", action="store_true", help="JSON, one value a line")
    return parser.parse_args(argv)


def _run(server: Server, arguments: argparse.Namespace) -> None:
    if arguments.command == "discover":
        for gateway in server.discover():
            print(json.dumps(gateway) if arguments.json else f"{gateway['client']} -> {gateway['gateway']}", flush=True)
        return
    if arguments.simulate:
        client = server.start_simulator().start_client()
    else:
        client = server.start_client(arguments.client, arguments.server, port=arguments.port)
    with client:
        if arguments.command == "external":
            address = client.external_address()
            print(json.dumps({"externalAddress": address}) if arguments.json else address, flush=True)
            return
        protocol = "udp" if arguments.udp else "tcp"
        with client.request(
            arguments.internal_port, arguments.lifetime, protocol=protocol, external_port=arguments.external_port,
        ) as mapping:
            _follow(mapping, arguments)


def _follow(mapping: Mapping, arguments: argparse.Namespace) -> None:
    assigned = mapping.ready()
    if not arguments.json:
        print(
            f"{mapping.info['protocol']} {arguments.internal_port} is open: {assigned['externalAddress']} port "
            f"{assigned['externalPort']}, for {assigned['lifetime']} s at a time. Ctrl-C closes it", flush=True,
        )
    over = threading.Event()
    threading.Thread(target=_print_alerts, args=(mapping, arguments.json, over), daemon=True).start()
    if over.wait(arguments.duration):
        raise RpcError(6, f"The mapping is over: {json.dumps(mapping.refresh()['state'])}")


def _print_alerts(mapping: Mapping, as_json: bool, over: threading.Event) -> None:
    for alert in mapping.alerts():
        if as_json:
            print(json.dumps(alert), flush=True)
        elif alert["type"] == "stateChange":
            print(f"state: {alert['state']['type']}", flush=True)
        else:
            print(f"assigned: {alert['externalAddress']} port {alert['externalPort']}", flush=True)
    over.set()


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed, 130 interrupted."""
    arguments = _arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the mapping is deleted first
    try:
        with Server() as server:
            _run(server, arguments)
    except KeyboardInterrupt:
        return 130
    except (RpcError, OSError) as error:
        print(f"pcp_client: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
