/**
 * Cases from the field, with the ids that test names contain: what gateways (G), hosts (H), programs that keep ports open (K)
 * and JSON-RPC clients (R) do that no RFC foresees, and what a diagnosis needs (D). tests/repo/conformance_test.ts compares the list with the names of all tests.
 */

import type { Row } from "./rows.ts";

const TABLE = `
G-1 | the router allows ports from 1024 only: the external address is found all the same
G-2 | PCP requests vanish, NAT-PMP is spoken: a mapping within 2 s, and PCP's answer wins
G-3 | version errors of 4 to 60 octets, with or without the response bit, in the wrong octet order
G-4 | optional options that a server refuses are left out once, and named
G-5 | an IPv6 pinhole has the internal port, whatever port the answer has
G-6 | PREFER_FAILURE answered with another port: refused at the second answer, and the wrong mapping deleted
G-7 | options that are only sent back: no prefix, one port, no confirmed filter
G-8 | UNSUPP_OPCODE without a copy of the request belongs to the only request under way
G-9 | THIRD_PARTY ignored: refused with a sentence, and the mapping for this host deleted
G-10 | a NAT-PMP address that changed unheard is learned with the next renewals; 0.0.0.0 is none
G-11 | the error says which part of a request NAT-PMP cannot express
G-12 | the nonce is kept as long as the server may hold the mapping
G-13 | answers from another address are not accepted, but named
G-14 | a success with lifetime 0 or external port 0 is of no use, and the state says why
G-15 | a renewal that an error holds back is sent when a restart is announced
G-16 | lifetimes of 1 to 4 s, granted or of errors, cannot drive the host
G-17 | a request may have 1,100 octets
G-18 | newer miniupnpd grants no less than 2 minutes: the lab works with that too
G-19 | one external port for two internal ports: the older mapping is lost by a conflict
G-20 | other clients suggest the address \`::\` for IPv4, and common servers grant that
H-1 | a VPN's kill switch, an own address and a dummy interface are no gateways
H-2 | tunnels rank after the local network by their flags, not by their names
H-3 | without the program ip the kernel's files are read, or an error names the flag
H-4 | a start before the network waits for it, if that is wanted
H-5 | each client of startAll() follows the changes of the host's addresses
H-6 | a server may be a host name, in brackets, with a zone or blanks around
H-7 | the gateway of a container or of WSL is not the router
K-1 | a first refusal that can pass does not end a command that keeps a port open
K-2 | a state path that has something else is refused and not touched
K-3 | an empty state file is none
K-4 | a hook that fails runs again until it succeeds
K-5 | a program that never ends is stopped after a signal, and the mapping deleted
K-6 | a full disk on standard output does not end the mapping
K-7 | an ignored SIGHUP stays ignored
K-8 | the prompt is suspended, searches its history, helps and leaves as shells do
K-9 | Ctrl-C clears the line first, then asks
K-10 | a program ended by SIGINT or SIGTERM deletes its mappings first, if \`releaseOn\` says so
K-11 | mappings of an earlier run are listed, and can be deleted one by one
K-12 | a refusal in a loop of new processes mentions the earlier run
K-13 | narrow terminals cut the external address last
K-14 | the Python client says that it waits, and ends within 2 s
R-1 | params of null count as left out
R-2 | \`--clientProcessId\` is obeyed as \`processId\`
R-3 | a JSON object a line is answered with the framing that is spoken
R-4 | framing of text modes is read, or refused with the name of the fault
D-1 | a private or shared external address is shown as such beside the address
D-2 | a refusal of a low port names ports below 1024 first
D-3 | a diagnosis listens for announcements, and a ULA is no double NAT
D-4 | permissions, types and classes are named in errors of the library
D-5 | JSON-RPC and the command line give no advice for TypeScript
D-6 | a router that speaks none of the protocols is named as such within 10 s
D-7 | one unanswered renewal is no lost port in the editor
`;

/** The cases in the order of their ids. */
export const FIELD_ROWS: readonly Row[] = TABLE.trim().split("\n").map((line) => {
  const [id = "", text = ""] = line.split(" | ");
  return { id, section: "field", level: "REC", text, reason: undefined };
});
