import type { FallbackHost } from "../engine/fallback.ts";
import type { IgnoreReason } from "../engine/events.ts";
import type { Milliseconds } from "../milliseconds.ts";
import type { Endpoint, IpAddress } from "../wire/address.ts";
import { ipv6HostOf, parseLocation } from "../wire/igd/http_location.ts";
import { encodeSearch, type SsdpAnswer } from "../wire/igd/ssdp.ts";
import { groupsOf, type SearchGroup } from "./groups.ts";
import type { Location } from "./location.ts";

/** A description that an answer names. */
export interface Candidate {
  readonly location: Location;
  readonly uuid: string;
  readonly bootId: number | undefined;
  readonly server: string;
  /** Whether the answer is for an Internet Gateway Device, as far as such a text proves anything. */
  readonly isGateway: boolean;
}

/** A host that an answer over IPv6 names, and that must prove to be the same device. */
interface Check {
  readonly candidate: Candidate;
  readonly until: Milliseconds;
}

/**
 * One search for the gateway's descriptions (UPnP Device Architecture 1.1 section 1.3): three rounds, each to the group and
 * to the gateway itself, since some answer only one of them. Only answers from the gateway's own addresses count.
 */
export class Search {
  /** When no answer is waited for any more. Read only. */
  endsAt: Milliseconds;
  readonly #host: FallbackHost;
  readonly #groups: readonly SearchGroup[];
  readonly #startedAt: Milliseconds;
  readonly #candidates: Candidate[] = [];
  readonly #checks: Check[] = [];
  readonly #seen = new Set<string>();
  #round = 0;
  #answers = 0;
  #taken = 0;
  #firstAnswerAt: Milliseconds | undefined;

  constructor(now: Milliseconds, host: FallbackHost) {
    this.#host = host;
    this.#startedAt = now;
    this.endsAt = now + LAST_ROUND + LAST_WAIT;
    const [server] = host.servers();
    this.#groups = groupsOf(host.clientAddress, server?.address);
    this.wake(now);
  }

  /** Whether no answer is waited for any more, and every description was taken. */
  isOver(now: Milliseconds): boolean {
    return now >= this.endsAt && this.#next === undefined;
  }

  /** The next description to read, those of an Internet Gateway Device first; at most 10 in all. */
  take(): Candidate | undefined {
    const next = this.#next;
    if (next === undefined) return undefined;
    this.#candidates.splice(this.#candidates.indexOf(next), 1);
    this.#taken++;
    return next;
  }

  /** A description is usable: others that belong to the same gateway come at about the same time. */
  found(now: Milliseconds): void {
    this.endsAt = Math.min(this.endsAt, Math.max(now, (this.#firstAnswerAt ?? now) + SETTLING));
    this.#round = ROUNDS.length;
  }

  /** When {@linkcode Search.wake} is due; Infinity after the last round. */
  get roundAt(): Milliseconds {
    const round = ROUNDS[this.#round];
    return round === undefined ? Infinity : this.#startedAt + round.at;
  }

  /** Sends a round that is due. */
  wake(now: Milliseconds): void {
    const round = ROUNDS[this.#round];
    if (round !== undefined && this.#startedAt + round.at <= now) {
      this.#round++;
      this.#send(round);
    }
  }

  /** Takes an answer; returns why it changes nothing, if so. */
  receive(now: Milliseconds, answer: SsdpAnswer, source: Endpoint): IgnoreReason | undefined {
    if (this.#answers >= MOST_ANSWERS) return "stale";
    const isServer = this.#host.servers().some(({ address }) => address.equals(source.address));
    if (!isServer) return this.#receiveCheck(now, answer, source.address) ? undefined : "source";
    this.#answers++;
    const parsed = parseLocation(answer.location);
    if (!parsed.ok) return "unmatched";
    const { clientAddress } = this.#host;
    const isIpv4 = clientAddress.family === "IPv4";
    const address = isIpv4
      ? source.address
      : ipv6HostOf(parsed.value, source.address, clientAddress);
    if (address === undefined) return "unmatched";
    const candidate: Candidate = {
      location: { address, http: parsed.value },
      uuid: answer.uuid,
      bootId: answer.bootId,
      server: answer.server,
      isGateway: answer.target.includes(GATEWAY_DEVICE),
    };
    const isProven = this.#host.servers().some((each) => each.address.equals(address));
    // Each part of a device answers with the same description, but the one that was checked must be the same part.
    const { host, port, path } = parsed.value;
    const key = `${isProven ? "" : answer.uuid} ${host} ${port} ${path}`;
    if (this.#seen.has(key)) return "stale";
    this.#seen.add(key);
    if (isProven) this.#add(now, candidate);
    else this.#check(now, candidate);
    return undefined;
  }

  get #next(): Candidate | undefined {
    if (this.#taken >= MOST_DESCRIPTIONS) return undefined;
    return this.#candidates.find(({ isGateway }) => isGateway) ?? this.#candidates[0];
  }

  #add(now: Milliseconds, candidate: Candidate): void {
    this.#firstAnswerAt ??= now;
    this.#candidates.push(candidate);
  }

  /** The other host must answer a search sent to it, and name the same device. */
  #check(now: Milliseconds, candidate: Candidate): void {
    const { address } = candidate.location;
    const isAsked = this.#checks.some((check) => check.candidate.location.address.equals(address));
    if (this.#checks.length >= MOST_DESCRIPTIONS) return;
    this.#checks.push({ candidate, until: now + CHECK_TIME });
    if (!isAsked) this.#sendTo(address, GATEWAY_TARGETS[0], 1);
  }

  #receiveCheck(now: Milliseconds, { uuid }: SsdpAnswer, source: IpAddress): boolean {
    const isMet = ({ candidate, until }: Check): boolean =>
      until >= now && candidate.uuid === uuid && candidate.location.address.equals(source);
    const met = this.#checks.filter(isMet);
    for (const check of met) {
      this.#checks.splice(this.#checks.indexOf(check), 1);
      this.#add(now, check.candidate);
    }
    return met.length > 0;
  }

  #send({ mx, targets }: Round): void {
    const [server] = this.#host.servers();
    for (const target of targets) {
      for (const group of this.#groups) {
        const bytes = encodeSearch({ group: group.name, mx, target });
        this.#host.act({ type: "search", bytes, to: this.#endpoint(group.address) });
      }
      if (server !== undefined) this.#sendTo(server.address, target, mx);
    }
  }

  /** To one host, with the group as HOST, because libupnp ignores others. */
  #sendTo(address: IpAddress, target: string, mx: number): void {
    const [group] = this.#groups;
    const bytes = encodeSearch({ group: group?.name ?? "239.255.255.250", mx, target });
    this.#host.act({ type: "search", bytes, to: this.#endpoint(address) });
  }

  #endpoint(address: IpAddress): Endpoint {
    return { address, port: this.#host.config.ssdpPort };
  }
}

/** One round of a search. */
interface Round {
  readonly at: Milliseconds;
  /** Seconds over which devices spread their answers. */
  readonly mx: number;
  readonly targets: readonly string[];
}

const GATEWAY_DEVICE = "InternetGatewayDevice";
const GATEWAY_TARGETS = [
  "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
  "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
] as const;

/** Our decision, because UDP loses datagrams; what devices answer to is asked for last if nothing else helps. */
const ROUNDS: readonly Round[] = [
  { at: 0, mx: 1, targets: GATEWAY_TARGETS },
  { at: 1_000, mx: 1, targets: GATEWAY_TARGETS },
  {
    at: 2_000,
    mx: 2,
    targets: [
      ...GATEWAY_TARGETS,
      "urn:schemas-upnp-org:service:WANIPConnection:1",
      "urn:schemas-upnp-org:service:WANPPPConnection:1",
      "upnp:rootdevice",
    ],
  },
];
const LAST_ROUND: Milliseconds = 2_000;

/** MX of the last round, and half a second for the way. */
const LAST_WAIT: Milliseconds = 2_500;

/** Our decision: for a second description of the same gateway. */
const SETTLING: Milliseconds = 200;

/** Our decision: a device on the same link has answered by then. */
const CHECK_TIME: Milliseconds = 1_000;

/** Our decisions: devices answer once for each of their parts, and routers have at most two descriptions. */
const MOST_ANSWERS = 100;
const MOST_DESCRIPTIONS = 10;
