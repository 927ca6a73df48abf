"""What the clients for threads and for asyncio share: errors, the command of the server, messages, state files."""

from __future__ import annotations

import json
import math
import os
import shlex
import shutil
import signal
import stat
import sys
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

Json = Dict[str, Any]
RequestType = Union[str, Dict[str, int]]

#: Requests that begin something that notifications report of, and the kinds of those.
OPENING = ("client/start", "client/startAll", "mapping/request")
ALERTS = ("mapping/alert",)
NEWS = ("client/error", "client/gateway", "client/trace")

# The server of the same version: a later one may know another protocol.
VERSION = "0.1.0"
PACKAGE_ENTRY = f"jsr:@portcontrol/pcp@{VERSION}/rpc/main"
DEFAULT_TIMEOUT = 30.0
#: Entries that wait for a reader; older ones are lost.
UNREAD_LIMIT = 1000
#: Inboxes that wait for their owner: more requests than the server lets wait.
NEW_LIMIT = 2048
#: Clients that a server runs at most, and so the most state files.
CLIENT_LIMIT = 256


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


def start_failure(command: Sequence[str], exit_code: Optional[int]) -> ConnectionLost:
    """The error of a server that ended before it answered."""
    return ConnectionLost(
        f'Cannot start the server: "{shlex.join(command)}" ended with exit code {exit_code}, see its messages above. '
        "If Deno could not download it, connect this computer, or name a server that is here with PCP_RPC_COMMAND"
    )


def state_folder() -> str:
    """The folder of the state files that :meth:`Server.start_client` uses by default: of this user alone.

    :raises OSError: if there is no such folder, and it cannot be made.
    """
    home = os.path.expanduser("~")
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Application Support")
    else:
        base = os.environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(base):  # such a value counts as none (XDG Base Directory Specification)
            base = os.path.join(home, ".local", "state")
    if not os.path.isabs(base):
        raise FileNotFoundError("Cannot find the folder for state files: this user has no home folder")
    folder = os.path.join(base, "portcontrol")
    for path in (folder, os.path.join(folder, "python")):
        os.makedirs(path, mode=0o700, exist_ok=True)
        found = os.lstat(path)
        if os.name == "posix" and (not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid()):
            raise PermissionError(f'Cannot keep state files in "{path}": it is no folder of this user')
        os.chmod(path, 0o700)
    return path


def exit_on(signals: Sequence[str]) -> None:
    """Exit with 128 and the number of a signal when it comes; one that is ignored, as with ``nohup``, stays ignored."""
    for name in signals:
        number = getattr(signal, name)
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)


def _exit(number: int, _frame: Any) -> None:
    raise SystemExit(128 + number)


def result_of(response: Json) -> Any:
    """The result of a response.

    :raises RpcError: if it has an error.
    """
    if "error" not in response:
        return response["result"]
    error = response["error"]
    kind = ResultCodeError if error["code"] == 5 else RpcError
    raise kind(error["code"], error["message"], error.get("data"))


def ends_mapping(alert: Json, request_type: RequestType) -> bool:
    """Whether an alert is the last one of its mapping."""
    if alert["type"] != "stateChange":
        return False
    state = alert["state"]
    if state["type"] == "error":
        return "retryIn" not in state
    if state["type"] == "expired":
        return request_type != "keepAlive"
    return state["type"] in ("revoked", "dropped")


def state_files(folder: str, used: bool = False) -> Iterator[str]:
    """The state files of a folder: those that exist, or all that clients may use."""
    for number in range(1, CLIENT_LIMIT + 1):
        path = os.path.join(folder, f"client-{number}.json")
        if not used or os.path.exists(path):
            yield path


def gateway_of(clients: List[Json], client_id: int) -> Json:
    """What is known of a client's gateway.

    :raises RpcError: if no such client is running.
    """
    for each in clients:
        if each["clientId"] == client_id:
            return each["gateway"]
    raise RpcError(2, f'Cannot find the client: no running one has the id "{client_id}"')


def start_timeout(timeout: Optional[float], wait_for_network: Optional[bool]) -> Optional[float]:
    """The timeout of a start: that which waits for a network has none by itself."""
    return math.inf if timeout is None and wait_for_network else timeout


def has_mappings(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            return bool(json.load(file)["mappings"])
    except (OSError, ValueError, KeyError, TypeError):  # the server says what is wrong with a file
        return False


def mapping_params(
    kind: str, internal_port: int, lifetime: int, protocol: Union[str, int], request_type: RequestType,
    external_port: Optional[int], external_address: Optional[str], third_party: Optional[str],
    third_party_id: Optional[str], description: Optional[str], **others: Any,
) -> Json:
    """Params of ``mapping/request`` but for the client."""
    return {
        "kind": kind, "internalPort": internal_port, "lifetime": lifetime, "protocol": protocol,
        "requestType": request_type, "externalPort": external_port, "externalAddress": external_address,
        "thirdParty": third_party, "thirdPartyId": third_party_id, "description": description, **others,
    }


def encode_message(message: Json) -> bytes:
    """A message with its header."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode("utf-8")
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def without_none(params: Json) -> Json:
    return {name: value for name, value in params.items() if value is not None}
