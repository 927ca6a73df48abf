#!/bin/sh
# The framing of the JSON-RPC server, with nothing but printf, pipes and dd: every message is a header with the
# number of octets, an empty line, and the JSON. Opens a port at a simulated gateway and closes it again.
# PCP_RPC_ENTRY names the server to run; the default is the published package.
set -eu

pipes=$(mktemp -d)
trap 'rm -rf "$pipes"' EXIT
mkfifo "$pipes/in" "$pipes/out"
deno run -A "${PCP_RPC_ENTRY:-jsr:@portcontrol/pcp/rpc/main}" --stdio <"$pipes/in" >"$pipes/out" &
exec 3>"$pipes/in" 4<"$pipes/out"

# Sends one message. ${#1} counts octets only as long as the text is ASCII.
send() {
  printf 'Content-Length: %d\r\n\r\n%s' "${#1}" "$1" >&3
}

# Reads one message into $message: the headers line by line, then the body octet by octet.
receive() {
  length=0
  while IFS= read -r line <&4; do
    line=$(printf '%s' "$line" | tr -d '\r')
    [ -z "$line" ] && break
    case $line in Content-Length:*) length=${line#Content-Length: } ;; esac
  done
  [ "$length" -gt 0 ] || { echo "The server is gone" >&2; exit 1; }
  message=$(dd bs=1 count="$length" <&4 2>/dev/null)
}

# Sends request number $1 and prints every message up to its answer.
call() {
  send "$2"
  while receive; do
    printf '%s\n' "$message"
    case $message in *"\"id\":$1,"*) break ;; esac
  done
}

call 1 '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"clientInfo":{"name":"shell"}}}'
call 2 '{"jsonrpc":"2.0","id":2,"method":"simulator/start","params":{}}'
port=$(printf '%s' "$message" | sed 's/.*"port":\([0-9]*\).*/\1/')
call 3 '{"jsonrpc":"2.0","id":3,"method":"client/start","params":{"client":"127.0.0.1","server":"127.0.0.1","port":'"$port"'}}'
call 4 '{"jsonrpc":"2.0","id":4,"method":"mapping/request","params":{"clientId":1,"kind":"inbound","internalPort":6000,"lifetime":3600}}'
call 5 '{"jsonrpc":"2.0","id":5,"method":"mapping/ready","params":{"mappingId":1}}'
call 6 '{"jsonrpc":"2.0","id":6,"method":"mapping/revoke","params":{"mappingId":1}}'
call 7 '{"jsonrpc":"2.0","id":7,"method":"shutdown"}'
send '{"jsonrpc":"2.0","method":"exit"}'
wait
