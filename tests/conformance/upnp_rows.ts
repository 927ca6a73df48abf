/** The rules of UPnP, with the ids that test names contain. Most are decisions of this library, because routers differ so much. */

import type { Row } from "./rows.ts";

const TABLE = `
U-1.1 | nothing of UPnP leaves while the gateway answers in PCP or NAT-PMP
U-1.2 | the search begins 1 s after the first request in PCP, or at once after a refusal by ICMP
U-1.3 | mappings go over only after the second request in PCP had no answer, or after a refusal
U-1.4 | PCP's answer comes before NAT-PMP's, and that before UPnP's
U-1.5 | a mapping made over UPnP stays there until it ends; what is requested next is tried in PCP first
U-1.6 | without upnp in the protocols, or for what it cannot express, no search begins
U-1.7 | the module is loaded when it is needed
U-2.1 | searches have one form, and leave from the client's address and a random port
U-2.2 | a search has three rounds, because UDP loses datagrams
U-2.3 | each round goes to the group and to the gateway, for both versions
U-2.4 | the host of a search to the gateway is the group's
U-2.5 | the third round asks for services and root devices too, never for everything
U-2.6 | searches leave by the interface of the client's address
U-2.7 | answers from any port count, copies once
U-2.8 | a search ends 200 ms after a usable answer, or 2.5 s after the last round; at most 10 descriptions are read
U-2.9 | after a search in vain the next one waits for 5 s, twice as long each time, up to 10 minutes
U-2.10 | announcements are received while a mapping lives
U-3.1 | answers and announcements count from the gateway's addresses only
U-3.2 | over IPv4 every connection goes to the gateway, whatever host a URL names
U-3.3 | only plain http URLs are used, with a port and a path of printable ASCII
U-3.4 | over IPv6 a host that a URL names must prove to be the same device
U-3.5 | redirections are not followed
U-3.6 | the client never listens on TCP
U-4.1 | requests have one order and spelling, and are written in one piece
U-4.2 | connections leave from the address that is mapped
U-4.3 | responses end by length, by chunks or by the connection's end
U-4.4 | odd status lines, headers and line ends are read
U-4.5 | 2 s for the connection, 5 s for a description, 10 s for an action
U-4.6 | one exchange at a time
U-4.7 | an exchange that breaks off is repeated once; before a second AddAnyPortMapping the gateway is looked at
U-4.8 | after a refused connection or a wrong URL the gateway is described anew, and asked again
U-4.9 | a mapping released before its turn is never asked for
U-5.1 | a service counts wherever it stands in a description
U-5.2 | the content type of a description does not matter
U-5.3 | control URLs are resolved; a wrong base is ignored
U-5.4 | several descriptions of one gateway make one choice
U-5.5 | devices without a connection service are passed over
U-5.6 | descriptions of services are not fetched
U-6.1 | a connection that is up, with a public address, comes first
U-6.2 | among equals WANIPConnection comes before WANPPPConnection, and version 2 before 1
U-6.3 | while no connection is up nothing is made
U-7.1 | bodies have all arguments in order, without white space
U-7.2 | a fault is recognised by the body, success by the response element
U-7.3 | XML is read tolerantly, and never throws
U-7.4 | numbers out of range count as missing
U-7.5 | attributes of arguments are skipped
U-8.1 | the internal client is the client's address, from any remote host, enabled
U-8.2 | no port is ever 0
U-8.3 | the suggestion is asked for, otherwise the internal port; below 1024 only what the caller suggests
U-8.4 | a port is looked at before it is asked for; another host's is left alone
U-8.5 | an entry of this host with the same internal port is adopted, another program's left alone
U-8.6 | version 2 chooses the port with AddAnyPortMapping, but not for renewals or prefer-failure
U-8.7 | after a conflict up to four random ports are tried, with prefer-failure none
U-8.8 | where the ports must be equal, the internal one is asked for
U-8.9 | the lease is the wanted one; routers that refuse it get another kind
U-8.10 | descriptions are plain, short and never empty
U-8.11 | an attempt has at most 10 exchanges
U-9.1 | success is verified by looking
U-9.2 | one mapping is looked at every 5 minutes; a lost one is made again
U-9.3 | a restart of the gateway is noticed, and everything made again
U-9.4 | a boot number of -1 is no sign of a restart
U-9.5 | announcements make the client look, at most once in 30 s
U-9.6 | the remaining lease that a gateway reports is no deadline
U-10.1 | renewals at 1/2, 3/4, 7/8 of the lease
U-10.2 | a renewal refused by a conflict with ourselves becomes a deletion and a new mapping
U-10.3 | where a renewal does not extend the lease, mappings are made anew
U-10.4 | a refused renewal leaves the mapping running
U-10.5 | renew() asks at once
U-11.1 | a deletion names the exact external port and protocol
U-11.2 | what is gone is deleted
U-11.3 | only what this client made is deleted, and looked at first if that is long ago
U-11.4 | at the end all mappings are deleted one by one
U-11.5 | a permanent mapping is deleted at the end of its lifetimes
U-11.6 | entries of a former address of this host are deleted
U-12.1 | the external address is asked for before the first mapping and with every fifth look
U-12.2 | a changed external address is reported for each mapping
U-12.3 | the external address is answered without a mapping
U-13.1 | pinholes are asked for over IPv6, from the address that they are for
U-13.2 | searches over IPv6 go to both groups and to the gateway
U-13.3 | a firewall that is off needs no pinhole; one that allows none is not asked
U-13.4 | a pinhole is for any peer, one port and one protocol
U-13.5 | a pinhole assigns the own address and the internal port
U-13.6 | a pinhole is renewed by the same request
U-13.7 | a pinhole is deleted by a number of the same start of the gateway
U-13.8 | an unknown pinhole is deleted
U-13.9 | a gateway without pinholes is not usable over IPv6
U-14.1 | states and errors are those of PCP
U-14.2 | a mapping of an earlier run is searched for at once
U-14.3 | a mapping that a crash left is deleted
U-14.4 | the trace shows searches and exchanges as text
U-14.5 | a diagnosis names UPnP
U-15.1 | a datagram has at most 2 KiB and 32 headers
U-15.2 | a search takes at most 100 answers
U-15.3 | a head has at most 16 KiB and 100 headers
U-15.4 | a description has at most 256 KiB
U-15.5 | a response has at most 64 KiB
U-15.6 | XML has at most 32 levels, 4,096 elements, and values of 2 KiB
U-15.7 | at most 16 services are collected
U-15.8 | each mapping waits once
U-15.9 | at most 600 exchanges leave in a minute
U-15.10 | at most 4 interim responses are skipped
`;

/** The rules in the order of their ids. */
export const UPNP_ROWS: readonly Row[] = TABLE.trim().split("\n").map((line) => {
  const [id = "", text = ""] = line.split(" | ");
  return { id, section: "UPnP", level: "REC", text, reason: undefined };
});
