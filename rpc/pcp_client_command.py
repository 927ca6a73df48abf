"""The command line of pcp_client.py: ``python3 pcp_client.py map 6000`` keeps a port open until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
from types import TracebackType
from typing import IO, Any, Dict, List, Optional, Sequence, Type

from pcp_client import Client, Mapping, RpcError, Server

#: Seconds after which a wait is reported.
PATIENCE = 3.0
#: Milliseconds that the end waits for confirmations: Ctrl-C ends the command within two seconds.
SHUTDOWN_TIMEOUT = 1_500
#: Control characters, line separators, and characters that change the direction of text (UAX #9).
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed, 130 after Ctrl-C, 143 after SIGTERM."""
    arguments = _arguments(argv)
    try:
        with Server(release_on=["SIGTERM"]) as server:
            _run(server, arguments)
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return int(end.code or 0)
    except (RpcError, OSError) as error:
        _complain(str(error))
        return 1
    return 0


def printable(text: str) -> str:
    """Text of others for a terminal or a log, with escapes for what could steer it."""
    return UNPRINTABLE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def to_json(value: Any) -> str:
    """A value as one printable line of JSON."""
    return json.dumps(value).replace("\x7f", "\\u007f")  # the only control character that dumps() leaves


def _arguments(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="pcp_client.py", description="Opens ports on the router.")
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
            _print(to_json(gateway) if arguments.json else f"{gateway['client']} -> {gateway['gateway']}")
        return
    with _start_client(server, arguments) as client:
        if arguments.command == "external":
            with Waiting(f"No answer from {client.server} yet, still asking; Ctrl-C ends"):
                address = client.external_address()
            _print(to_json({"externalAddress": address}) if arguments.json else address)
            return
        protocol = "udp" if arguments.udp else "tcp"
        with client.request(
            arguments.internal_port, arguments.lifetime, protocol=protocol, external_port=arguments.external_port,
        ) as mapping:
            _follow(client, mapping, arguments)


def _start_client(server: Server, arguments: argparse.Namespace) -> Client:
    options: Dict[str, Any] = {"shutdownTimeout": SHUTDOWN_TIMEOUT}
    if arguments.simulate:
        return server.start_simulator().start_client(**options)
    if arguments.command != "map":
        return server.start_client(arguments.client, arguments.server, port=arguments.port, **options)
    with Waiting("This host has no network yet, waiting for it; Ctrl-C ends"):
        return server.start_client(
            arguments.client, arguments.server, port=arguments.port, wait_for_network=True, **options,
        )


def _follow(client: Client, mapping: Mapping, arguments: argparse.Namespace) -> None:
    """Report what becomes of a mapping, until it is over or the time is."""
    over = threading.Event()
    with Waiting(f"No answer from {client.server} yet, still asking; Ctrl-C ends") as waiting:
        threads = [(_report, (mapping, arguments, waiting, over)), (_report_gateway, (client, waiting))]
        for target, args in threads:
            threading.Thread(target=target, args=args, daemon=True).start()
        if over.wait(arguments.duration):
            raise RpcError(6, f"The mapping is over: {to_json(mapping.refresh()['state'])}")


def _report(mapping: Mapping, arguments: argparse.Namespace, waiting: Waiting, over: threading.Event) -> None:
    is_open = False
    for alert in mapping.alerts():
        if alert["type"] == "assigned" or alert["state"]["type"] == "error":
            waiting.end()
        if arguments.json:
            _print(to_json(alert))
        elif alert["type"] == "assigned":
            _print_assigned(alert, mapping, first=not is_open)
            is_open = True
        elif alert["state"]["type"] == "error":
            _complain(_refusal(alert["state"]))
        elif is_open:
            _print(f"state: {alert['state']['type']}")
    over.set()


def _print_assigned(alert: Any, mapping: Mapping, first: bool) -> None:
    where = f"{alert['externalAddress']} port {alert['externalPort']}"
    if not first:
        _print(f"assigned: {where}")
        return
    name = f"{mapping.info['protocol']} {mapping.info['internalPort']}"
    _print(f"{name} is open: {where}, for {alert['lifetime']} s at a time. Ctrl-C closes it")
    if "reachProblem" in alert:
        reason = NOT_REACHED.get(alert["reachProblem"], NOT_REACHED["oddAddress"])
        _complain(f"Not reached from the Internet: {alert['externalAddress']} {reason}")


NOT_REACHED = {
    "doubleNat": "is a private address, the router is behind a second NAT (double NAT)",
    "carrierNat": "is shared by customers of the provider (carrier NAT)",
    "uniqueLocal": "is an address of the local network only (ULA)",
    "oddAddress": "is no address of the Internet",
}


def _refusal(state: Any) -> str:
    retry = f"; asking again in {state['retryIn']:.0f} s" if "retryIn" in state else ""
    return f"The router refused with {state['name']} ({state['code']}){retry}"


def _report_gateway(client: Client, waiting: Waiting) -> None:
    for change in client.gateway_changes():
        if change["gateway"]["state"] in ("silent", "refuses"):
            waiting.end()
            _complain(f"{change['message']}. Still asking; Ctrl-C ends")


class Waiting:
    """Says once on stderr what is waited for, if that takes some seconds."""

    def __init__(self, text: str) -> None:
        self._timer = threading.Timer(PATIENCE, _complain, (text,))
        self._timer.daemon = True

    def end(self) -> None:
        """There is nothing to wait for any more."""
        self._timer.cancel()

    def __enter__(self) -> Waiting:
        self._timer.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        self.end()


def _print(text: str) -> None:
    _write(sys.stdout, printable(text))


def _complain(text: str) -> None:
    _write(sys.stderr, f"pcp_client: {printable(text)}")


_unwritable: List[IO[str]] = []


def _write(stream: IO[str], line: str) -> None:
    """Write a line. A full disk or a closed pipe is reported once, and ends nothing: the port stays open."""
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except (OSError, ValueError) as error:
        if stream in _unwritable:
            return
        _unwritable.append(stream)
        if stream is not sys.stderr:
            _complain(f"Cannot write to stdout: {error}")
