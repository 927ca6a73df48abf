"""Delays the requests to the router's server: python3 slow_relay.py LISTEN_PORT SERVER MILLISECONDS.

Hands each datagram on after the delay, with the source that it came from, so that the server answers the client itself.
"""

import json
import socket
import struct
import sys
import threading
import time


def main():
    port, server, delay = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]) / 1000
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((server, port))
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    target = socket.inet_aton(server)
    waiting = []
    changed = threading.Condition()

    def receive():
        while True:
            payload, (host, source_port) = listener.recvfrom(2048)
            udp = struct.pack("!HHHH", source_port, 5351, 8 + len(payload), 0) + payload
            header = struct.pack(
                "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(host), target
            )
            with changed:
                waiting.append((time.monotonic() + delay, header + udp))
                changed.notify()

    threading.Thread(target=receive, daemon=True).start()
    print(json.dumps({"listening": port}), flush=True)
    while True:
        with changed:
            while not waiting:
                changed.wait()
            due, datagram = waiting.pop(0)
        time.sleep(max(0, due - time.monotonic()))
        raw.sendto(datagram, (server, 0))


if __name__ == "__main__":
    main()
