/**
 * Every rule for a client, with the id that test names contain. C: RFC 6887 and RFC 7488; D: RFC 6886 (NAT-PMP);
 * E: the extensions. tests/repo/conformance_test.ts compares the list with the names of all tests.
 */

import { REASONS } from "./reasons.ts";

/** One rule. */
export interface Row {
  readonly id: string;
  /** RFC and section, such as `6887 8.5`. */
  readonly section: string;
  /** The RFC's keyword; `DESC` for a description, `REC` for a rule of this library where the RFC has none. */
  readonly level: string;
  /** The rule in short. */
  readonly text: string;
  /** Why there is no test. */
  readonly reason: string | undefined;
}

const TABLE = `
C-4-1 | 6887 4 | SHOULD | inbound traffic is wanted: PCP is used, whatever the own address
C-8.1-1 | 6887 8.1 | DESC | a configured server is the only one; otherwise the default router
C-8.1-2 | 6887 8.1 | DESC | each family has its own router and its own mappings
C-8.1-3 | 6887 8.1 | DESC | requests go to port 5351, from a port of each client's own
C-8.1-4 | 6887 8.1 | SHOULD | the source port is random, not 5350 or 5351
C-8.1-5 | 6887 7.1 | MUST | the address in the header is the source address of the datagram
C-16.4-1 | 6887 16.4 | DESC | that address is the one that faces the server, as the system chooses it (section 16 is not normative)
C-16.4-2 | 6887 16.4 | DESC | when the host's address changes, the header follows
C-8.4-1 | 6887 8.4 | SHOULD | over IPv6 a global source address, no ULA or link-local one if there is another
C-8.4-2 | 6887 8.4 | MAY | private IPv4 source addresses are fine
C-8.4-3 | 6887 8.4 | SHOULD | mappings of a privacy address are asked for from that address
C-10-1 | 6887 10 | DESC | the all-zeros suggestion says which external family is wanted
C-10-2 | 6887 10 | DESC | internal and remote address are of one family, the external one may differ
C-10-3 | 6887 10 | DESC | what a server supports is found out by asking
C-11.5-1 | 6887 11.5 | SHOULD | what refreshes a mapping leaves from where it was made
C-11.5-2 | 6887 11.5 | MAY | what makes a mapping may leave from any address
C-11.5-3 | 6887 11.5 | DESC | a new own address: new mappings, and an error that says so
C-8.3-NEW | 6887 8.3 | MAY | a new server is not held up by what the one before said
C-7-1 | 6887 7 | DESC | at most 1100 octets, a multiple of 4
C-7-2 | 6887 7 | DESC | numbers are big-endian
C-7.1-1 | 6887 7.1 | DESC | version 2, R bit clear
C-7.1-2 | 6887 7.1 | MUST | reserved bits are zero
C-5-1 | 6887 5 | MUST | IPv4 addresses are mapped, no suggestion is the all-zeros address of a family
C-5-2 | 6887 5 | MUST | all 96 leading bits tell IPv4 from IPv6
C-7.3-1 | 6887 7.3 | DESC | an option's length leaves out its padding, which is zeros
C-7.3-2 | 6887 7.3 | MAY | the order of options means nothing
C-7.3-3 | 6887 7.3 | DESC | requests leave room for what the server adds
C-7.3-4 | 6887 7.3 | MUST | options stand on the opcodes that allow them only
C-7.3-5 | 6887 7.3 | DESC | options that may stand once stand once
C-7.3-6 | 6887 7.3 | MUST | unknown options in responses are ignored, codes below 128 included
C-7.3-7 | 6887 7.3 | SHOULD | data of options that were asked for are read
C-11.1-1 | 6887 11.1 | MUST | no suggested port is 0, no suggested address is all zeros
C-11.1-2 | 6887 11.1 | MUST | protocol 0 goes with port 0
C-11.2-1 | 6887 11.2 | MUST | protocols without ports have port fields of 0
C-11.2-2 | 6887 11.2 | MUST | another port than suggested is a success
C-11.2-3 | 6887 11.2 | MAY | the first request may suggest
C-12.1-1 | 6887 12.1 | MUST | PEER has protocol, internal port and remote port
C-12.1-2 | 6887 12.1 | DESC | the first PEER of a flow suggests nothing, a later one what was assigned
C-14.1-1 | 6887 14.1.1 | MUST | ANNOUNCE has lifetime 0 and is unicast
C-14.1-2 | 6887 14.1.2 | MAY | ANNOUNCE may probe a server
C-16.3.2-1 | 6887 16.3.2 | DESC | every response has the epoch
C-11-1 | 6887 11 | MUST | the program has bound the port before it asks
C-10.2-1 | 6887 10.2 | MUST | nothing is sent from the port before the answer
C-11.6-1 | 6887 11.6 | DESC | the external address is learnt by a short mapping
C-11.2-N1 | 6887 11.2 | DESC | a nonce is 96 random bits
C-11.2-N2 | 6887 11.2 | MUST | another nonce for each server, the same for its addresses
C-11.2-N3 | 6887 11.2 | SHOULD | another nonce for each start
C-11.2-N4 | 6887 11.2 | MAY | a nonce of its own for each mapping
C-8.1.1-N5 | 6887 8.1.1 | MUST | repetitions have the same nonce
C-11.2-N6 | 6887 11.2.1 | DESC | renewal, recovery and deletion have the nonce of the creation
C-11.2-N7 | 6887 15 | REC | a kept nonce gets the same port after a restart
C-11.2-N8 | 6887 | REC | a false alarm of the epoch changes no nonce
C-8.1.1-1 | 6887 8.1.1 | DESC | unanswered requests are repeated
C-8.1.1-2 | 6887 8.1.1 | SHOULD | the first wait is 3 s
C-8.1.1-3 | 6887 8.1.1 | DESC | waits double with a fresh 10 % to both sides
C-8.1.1-4 | 6887 8.1.1 | SHOULD | the longest wait is 1024 s
C-8.1.1-5 | 6887 8.1.1 | SHOULD | there is no limit by default
C-8.1.1-6 | 6887 8.1.1 | DESC | MRC and MRD end an exchange if set
C-8.1.1-7 | 6887 8.1.1 | DESC | runs differ
C-8.1.1-8 | 6887 8.1.1 | DESC | a request that is revoked is not sent again
C-8.1.1-9 | 6887 8.1.1 | DESC | after a success the renewal timer takes over
C-8.1.1-10 | 6887 6 | DESC | all requests of a mapping are alike but for suggestion and lifetime
C-8.1.1-11 | 6887 | REC | a late answer is used, a second one is an update
C-8.1.1-12 | 6887 8.3 | REC | what does not match leaves the timer alone
C-8.3-1 | 6887 8.3 | DESC | the source address is the server's
C-8.3-2 | 6887 8.3 | DESC | the source port is the server's
C-8.3-3 | 6887 8.3 | DESC | less than 4 octets are dropped
C-8.3-4 | 6887 8.3 | DESC | requests are no responses
C-8.3-5 | 6887 8.3 | DESC | below 24 octets, above 1100, or no multiple of 4: dropped
C-8.3-6 | 6887 8.3 | DESC | the opcode is that of a request
C-8.3-7 | 6887 11.4 | DESC | too short for its opcode: dropped
C-11.4-1 | 6887 11.4 | DESC | MAP is matched by internal address, protocol, internal port and nonce
C-11.4-2 | 6887 11.4 | DESC | nothing else is compared
C-12.4-1 | 6887 12.4 | DESC | PEER is matched by the remote peer, too
C-8.3-8 | 6887 7.2 | MUST | reserved fields may hold anything
C-8.3-9 | 6887 8.3 | MUST | responses to no request change nothing
C-8-1 | 6887 8 | MUST | later responses count
C-8-2 | 6887 8.3 | SHOULD | an error after a success counts
C-8-3 | 6887 8 | MUST | a success after an error counts
C-8.3-10 | 6887 11.4 | DESC | answers find their mappings in any order
C-8.3-11 | 6887 | REC | the version is 2 unless the result says otherwise
C-8.3-12 | 6887 | REC | a success without a usable port or address is a failure
C-8.3-13 | 6887 | REC | a malformed option area does no harm
C-8.3-14 | 6887 7 | DESC | a longer datagram than 1100 octets is noticed
C-8.3-L1 | 6887 8.3 | SHOULD NOT | after an error the request rests for its lifetime
C-11.4-L2 | 6887 11.4 | SHOULD NOT | one server's errors do not hold up another
C-8.3-L3 | 6887 8.3 | SHOULD | lifetimes are limited to a day
C-11.4-L4 | 6887 11.4 | SHOULD NOT | NO_RESOURCES for a new mapping holds up new ones only
C-11.4-L5 | 6887 11.4 | SHOULD NOT | NO_RESOURCES for a deletion holds up everything
C-11.4-L6 | 6887 11.4 | MUST | a success arms the renewal
C-15-1 | 6887 15 | DESC | the granted lifetime counts
C-15-2 | 6887 15 | MUST NOT | traffic keeps no mapping alive
C-8.3-L7 | 6887 8.3 | DESC | ADDRESS_MISMATCH is reported
C-12.4-L8 | 6887 12.4 | DESC | another external address in a PEER response is reported
C-7.4-1 | 6887 7.4 | DESC | only result 0 is a success
C-8.3-L9 | 6887 | REC | error lifetime 0 does not mean at once
C-8.3-L10 | 6887 | REC | a refused renewal ends no live mapping
C-9-1 | 6887 9 | DESC | the highest known version is tried first
C-9-2 | 6887 9 | DESC | a version that both know is used
C-9-3 | 6887 9 | SHOULD | stepping down version by version
C-9-4 | 6887 9 | SHOULD | version 2 refused: asked again after 30 minutes at most
C-9-5 | 6887 9 | MAY | version 0 is NAT-PMP, asked at once
C-9-6 | 6886 1.1 | MUST NOT | version 1 is never spoken
C-9-7 | 6886 1.1 | SHOULD NOT | PCP is tried again each time
C-9-8 | 6886 3.5 | DESC | the NAT-PMP version error has an epoch and no lifetime
C-9-9 | 6887 | REC | a gateway not known to speak PCP: one version error makes each request go over once, so n errors are n NAT-PMP requests
C-9-10 | 6887 8.3 | DESC | UNSUPP_VERSION counts in any length from 4 octets
C-9-11 | 6887 | REC | UNSUPP_VERSION counts only while something is asked, and takes no live mapping
C-9-12 | 6887 | REC | UNSUPP_VERSION that names version 2 makes no loop
C-9-13 | 6887 | REC | what NAT-PMP cannot do is refused
C-8.5-1 | 6887 8.5 | DESC | the first epoch is valid
C-8.5-2 | 6887 8.5 | DESC | backwards by more than a second is a restart
C-8.5-3 | 6887 8.5 | DESC | the clocks may drift by a sixteenth and 2 s
C-8.5-4 | 6887 8.5 | DESC | the sample is stored whatever the verdict
C-8.5-5 | 6887 8.5 | DESC | errors and all opcodes count
C-8.5-6 | 6887 8.5 | MUST NOT | the own clock is monotonic
C-8.5-7 | 6887 8.3 | DESC | only what matches touches the epoch
C-8.5-8 | 6887 8.5 | DESC | servers are not compared with each other
C-8.5-9 | 6887 8.5 | DESC | a restart: all mappings are asked for, with what they had
C-8.5-10 | 6887 8.5 | DESC | a new external address resets the epoch, too
C-14.1.3-1 | 6887 14.1.3 | MUST | announcements are heard on the interface of the requests
C-14.1.3-2 | 6887 14.1.3 | MAY | unicast announcements count
C-14.1.3-3 | 6887 14.1.3 | DESC | several listeners share port 5350
C-14.1.3-4 | 6887 14.1.3 | MUST | announcements are the server's own
C-14.1.3-5 | 6887 14.1.3 | MUST | a random wait of up to 5 s before recovery
C-14.1.3-6 | 6887 14.1.3 | DESC | a plausible epoch recovers nothing
C-14.1.3-7 | 6887 14.1.3 | DESC | ten copies are one recovery
C-14.1.3-8 | 6887 14.1.1 | DESC | lifetime and options of an announcement mean nothing
C-14.1.3-9 | 6887 14.1.3 | DESC | unsolicited announcements have result 0
C-14.1.3-10 | 6887 5 | REC | port 5350 is for announcements of PCP and NAT-PMP alike
C-14.1.3-11 | 6887 18.1 | REC | forged announcements cause bounded work and lose no mapping
C-14.1.3-12 | 6887 | REC | recovery is no burst
C-14.1.3-13 | 6887 7.1 | DESC | an ANNOUNCE request is ignored
C-14.2-1 | 6887 14.2 | DESC | updates come to the socket of the requests, for the life of the mapping
C-14.2-2 | 6887 14.2 | DESC | an update brings tuple, lifetime and the next suggestion
C-14.2-3 | 6887 14.2 | DESC | three copies are one change
C-14.2-4 | 6887 14.2 | DESC | an update needs no reply
C-14.2-5 | 6887 14.2 | DESC | CANNOT_PROVIDE_EXTERNAL may come unasked
C-14.2-6 | 6887 14.2 | DESC | updates for third parties carry that option
C-14.2-7 | 6887 6 | DESC | updates of mappings that are over are ignored
C-11.2.1-1 | 6887 11.2.1 | SHOULD | a wanted mapping is renewed before its end
C-11.2.1-2 | 6887 11.2.1 | SHOULD | first between 1/2 and 5/8 of the lifetime
C-11.2.1-3 | 6887 11.2.1 | SHOULD | one packet in each window, and no repetitions after 3 s
C-11.2.1-4 | 6887 11.2.1 | DESC | then 3/4 to 13/16, 7/8 to 29/32, and so on
C-11.2.1-5 | 6887 11.2.1 | MUST NOT | never two within 4 s
C-11.2.1-6 | 6887 11.2.1 | SHOULD | renewals suggest what is assigned
C-11.2.1-7 | 6887 10.1 | DESC | the wanted lifetime stays
C-11.2.1-8 | 6887 12.4 | DESC | PEER is renewed alike
C-11.2.1-9 | 6887 16.3.2 | DESC | another tuple in the answer is adopted
C-11.2.1-10 | 6887 | REC | at expiry without a response: reported, and requested as at first
C-11.2.1-11 | 6887 | REC | a lifetime begins when the request left
C-15.1-1 | 6887 11.1 | DESC | a deletion is MAP with lifetime 0
C-15.1-2 | 6887 15.1 | MUST | a deletion suggests nothing, in the family of the mapping
C-15.1-3 | 6887 15.1 | MUST | wildcards are deleted as such
C-15.1-4 | 6887 15.1 | DESC | success is success, there or not
C-15.1-5 | 6887 15 | DESC | a success with a lifetime is a deletion
C-15.1-6 | 6887 15.1 | DESC | NOT_AUTHORIZED ends a deletion
C-15.1-7 | 6887 11.3 | DESC | deletions carry what names the mapping, no more
C-15.1-8 | 6887 8.1.1 | DESC | deletions are repeated until the mapping ends by itself
C-15.1-9 | 6887 14.2 | REC | late answers to the creation do not pass for the deletion's
C-12.1-D | 6887 12.1 | DESC | PEER is never deleted
C-8.4-D | 6887 8.4 | SHOULD | mappings of a former address are deleted from there
C-15-3 | 6887 15 | DESC | nonce and port are kept while the server may hold the mapping: 2 minutes, 124 for TCP, longer after a deletion that was refused or answered with a rest, PEER to its end
C-12-1 | 6887 12.2 | MAY | PEER may come before or after the traffic
C-12-2 | 6887 12.1 | DESC | the remote peer is as the client sees it
C-12-3 | 6887 12.1 | DESC | a suggestion that cannot be honoured is reported
C-12-4 | 6887 12.3 | DESC | any tuple is accepted for a flow that exists
C-12-5 | 6887 12.1 | DESC | the lifetime may be longer than asked
C-12-6 | 6887 12.3 | DESC | a flow managed under another nonce is held
C-12-7 | 6887 12.4 | DESC | the lifetime is reported, for fewer keepalives
C-12-8 | 6887 10.4 | DESC | after a restart PEER suggests the old tuple
C-12-9 | 6887 12.4 | DESC | the external family may be another
C-12-10 | 6887 12.3 | DESC | without renewal a flow's mapping just ends
C-13.1-1 | 6887 13.1 | MUST NOT | THIRD_PARTY only with the user's consent
C-13.1-2 | 6887 13.1 | MUST NOT | the third party is another host
C-13.1-3 | 6887 13.1 | DESC | answers for third parties are matched by that option
C-13.1-4 | 6887 13.1 | DESC | the third party may be gone: look before renewing
C-13.1-5 | 6887 13.1 | DESC | UNSUPP_OPTION: not supported, or not allowed
C-13.2-1 | 6887 13.2 | SHOULD NOT | PREFER_FAILURE is not sent unasked
C-13.2-2 | 6887 13.2 | DESC | PREFER_FAILURE needs a port
C-13.2-3 | 6887 13.2 | MUST | PREFER_FAILURE: only what was suggested is the answer
C-13.2-4 | 6887 13.2 | DESC | no probing of port ranges
C-13.3-1 | 6887 13.3 | DESC | the prefix of an IPv4 filter counts from 96
C-13.3-2 | 6887 13.3 | DESC | filters replace: the first one removes all
C-13.3-3 | 6887 13.3 | DESC | prefix 0 removes all filters
C-13.3-4 | 6887 13.3 | DESC | a refusal leaves the old filters
C-13.3-5 | 6887 13.3 | DESC | servers may take one filter only
C-13.3-6 | 6887 13.3 | DESC | filters are of the internal family
C-13.3-7 | 6887 11 | DESC | without filters anyone comes in
C-13.3-8 | 6887 | REC | renewals carry the whole set
C-16.3.3-1 | 6887 16.3.3 | DESC | SCTP suggests nothing at first, and a refusal of its port is an error of its own
C-11.1-F1 | 6887 3 | DESC | external equal to internal is a firewall, and a success
C-11.3-F2 | 6887 11.3 | DESC | static mappings last for ever: renewed within a day
C-11.1-F3 | 6887 10 | DESC | an IPv6 pinhole suggests the all-zeros IPv6 address
C-7.2-F4 | 6887 2.2 | DESC | UNSUPP_PROTOCOL is reported
C-7488-1 | 7488 3 | DESC | the addresses of a server are sorted by destination selection
C-7488-2 | 7488 3 | DESC | one address after the other
C-7488-3 | 7488 3 | DESC | four requests for each
C-7488-4 | 7488 3 | SHOULD | late responses of an address that was left are ignored
C-7488-5 | 7488 3 | MUST | an unreachable address is left at once
C-7488-6 | 7488 3 | SHOULD | the next round begins after 15 minutes
C-7488-7 | 7488 3 | DESC | the address that answered stays until it falls silent
C-7488-8 | 7488 3 | SHOULD | all addresses of a server have the same nonce
C-7488-9 | 7488 4 | DESC | several servers are independent
C-7488-10 | 7488 4 | MAY | they may be asked at the same time
C-7488-11 | 7488 4 | DESC | mappings of several servers are kept, each with its own
C-7488-12 | 7488 1 | DESC | a server belongs to the interface it was learnt on
C-18.1-1 | 6887 18.1 | DESC | a host that cannot see the requests can change nothing
C-18.1-2 | 6887 8.1 | SHOULD | random port and random nonce
C-18.3-1 | 6887 18.3.1 | DESC | holds are limited to a day
C-18.3-2 | 6887 18.3.3 | DESC | rapid recovery and short lifetimes leave less to steal
C-18-3 | 6887 | REC | nonces are not logged
C-18-4 | 7723 5.1 | MAY | an anycast address may be probed first
C-18-5 | 6887 | REC | the parser is total
D-1.1-1 | 6886 1.1 | DESC | PCP first, NAT-PMP after a version error or, beside PCP, after a second of silence; never remembered for good
D-3-1 | 6886 3 | SHOULD | for hosts with a private address
D-3-2 | 6886 3 | DESC | the default gateway is the server
D-3.1-1 | 6886 3.1 | SHOULD NOT | one request at a time
D-3.1-2 | 6886 3.1 | SHOULD | nine transmissions from 250 ms on, then none
D-3.1-3 | 6886 3.1 | DESC | port unreachable ends it at once
D-3.1-4 | 6886 3.1 | MAY | an announcement ends what was concluded from silence
D-3.1-5 | 6886 3.1 | SHOULD | at least one deletion when closing
D-3.2-1 | 6886 3.2 | MUST | responses of others are dropped
D-3.2-2 | 6886 3.2 | MUST | the address beside an error is ignored
D-3.2-4 | 6886 3.2.1 | SHOULD | a changed external address is learned with the next renewals, and when the user asks; 0.0.0.0 is none
D-3.3-1 | 6886 3.3 | MUST | reserved octets are zero
D-3.3-2 | 6886 3.3 | DESC | matched by opcode and internal port
D-3.3-3 | 6886 3.3 | SHOULD | renewed at half the lifetime, with the assigned port
D-3.3-4 | 6886 3.3 | DESC | the granted lifetime counts if it is shorter; a longer one is cut to what was requested
D-3.4-1 | 6886 3.4 | MUST | a deletion has lifetime 0 and suggests nothing
D-3.4-2 | 6886 3.4 | DESC | a deletion succeeds, there or not
D-3.4-3 | 6886 3.4 | MAY | everything of a protocol may be deleted at once
D-3.5-1 | 6886 3.5 | MUST | unknown results end the request
D-3.6-1 | 6886 3.6 | MUST | the epoch may lag by an eighth and 2 s, in every packet
D-3.7-1 | 6886 3.7 | MUST | a random wait of up to 5 s; then one request after the other (SHOULD)
D-3.8-1 | 6886 3.8 | DESC | no NAT-PMP is no catastrophe
D-3.2.1-1 | 6886 3.2.1 | DESC | up to ten copies announce a new address
D-3.2.1-2 | 6886 3.2.1 | MUST | announcements are the gateway's own
D-3.2.1-3 | 6886 3.2.1 | DESC | the epoch is checked and the address adopted
D-3.2.1-4 | 6886 3.2.1 | DESC | several listeners share port 5350
D-5-1 | 6886 5 | DESC | forged announcements cause bounded work
E-7723-1 | 7723 2.1 | MAY | the anycast addresses come after the default router
E-7723-2 | 7723 1 | DESC | they can be switched off
E-7723-3 | 7723 2.2 | DESC | they answer under their own address
E-7723-4 | 7723 3 | DESC | another route to them is a restart
E-7723-5 | 7723 5.1 | MAY | a small TTL, and a probe first
E-7291-1 | 7291 3.2 | DESC | the DHCP client asks for the option
E-7291-2 | 7291 3.2 | MUST | each list is a server
E-7291-3 | 7291 3.2 | MUST | multicast and loopback addresses are dropped
E-7291-4 | 7291 7 | MUST | a server belongs to the interface it was learnt on
E-7291-5 | 7291 6 | DESC | both families may tell servers
E-7220-1 | 7220 2 | MUST | UTF-8 without a final NUL
E-7220-2 | 7220 2 | DESC | at most 1016 octets, once, on MAP and PEER
E-7220-3 | 7220 3 | DESC | absent in the answer: not kept
E-7220-4 | 7220 3 | DESC | the empty text erases
E-7220-5 | 7220 3 | DESC | only legal UTF-8 goes out
E-7220-6 | 7220 4 | DESC | no DESCRIPTION is sent unasked
E-7225-1 | 7225 4.3 | MUST | asked with ::/96 and no list
E-7225-2 | 7225 4.3 | MUST | each server's prefixes are its own
E-7225-3 | 7225 4.2 | DESC | each message replaces the prefixes before
E-7225-4 | 7225 4.3 | DESC | without lists the first prefix serves
E-7225-5 | 7225 4.3 | MUST | the longest matching list decides
E-7225-6 | 7225 4.3 | DESC | an invalid IPv4 prefix is skipped
E-7225-7 | 7225 4.3 | SHOULD | the prefixes of a server that is gone are dropped
E-7225-8 | 7225 4.1 | DESC | lengths other than 4 to 8 and 12 are ignored
E-7225-9 | 7225 4.1 | MUST | addresses are put together around octet 8
E-7753-1 | 7753 4 | DESC | the first port of the set is the internal port
E-7753-2 | 7753 4.1 | MUST NOT | one set a mapping, without PREFER_FAILURE
E-7753-3 | 7753 4.1 | SHOULD NOT | one port is no set
E-7753-4 | 7753 4.1 | MAY | 65535 is as many as possible
E-7753-5 | 7753 4.2 | DESC | absent in the answer: one port
E-7753-6 | 7753 4 | DESC | the granted set is reported
E-7753-7 | 7753 4.4 | MUST | renewals and deletions carry it
E-7753-8 | 7753 4.4.1 | MUST | sets of one client do not overlap
E-7753-9 | 7753 4.1 | MUST | parity is asked for
E-7753-10 | 7753 6.4 | DESC | fewer ports are a success
E-7843-1 | 7843 5.1 | MUST | with THIRD_PARTY only
E-7843-2 | 7843 4 | DESC | the id goes out as given
E-7843-3 | 7843 5.3 | SHOULD | its three errors are reported
E-7843-4 | 7843 7 | SHOULD | with authentication, unless the network is protected
`;

/** The rules in the order of their sections. */
export const ROWS: readonly Row[] = TABLE.trim().split("\n").map((line) => {
  const [id = "", section = "", level = "", text = ""] = line.split(" | ");
  return { id, section, level, text, reason: REASONS[id] };
});
