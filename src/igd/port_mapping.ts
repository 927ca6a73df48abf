import { igdDescriptionText, readReservedPort } from "../wire/igd/action.ts";
import { IgdErrorCode } from "../wire/igd/error_code.ts";
import { wantedLease } from "./entry.ts";
import { look } from "./holder.ts";
import { LeaseChoice } from "./lease_choice.ts";
import { PortChoice } from "./port_choice.ts";
import {
  CLOSED,
  mappingRefusal,
  NOT_SPOKEN,
  type Problem,
  problemOf,
  type Refusal,
} from "./refusal.ts";
import { call, type Outcome, type Task } from "./task.ts";
import type { MadeOrNot, Work } from "./work.ts";

/** Makes a port mapping: reads the entry of the port, adds the mapping, and reads the entry again. */
export function* addPortMapping(work: Work): Task<MadeOrNot> {
  const attempt = new Attempt(work);
  while (attempt.exchanges + 2 <= MOST_EXCHANGES) {
    const end = yield* attempt.tryOnce();
    if (end !== undefined) return end;
    if (work.isAbandoned()) return { type: "abandoned" };
  }
  return attempt.refusal;
}

/** Asks for a lease of the entry's port, as it stands. */
export function* requestMapping(
  work: Work,
  action: "AddPortMapping" | "AddAnyPortMapping" = "AddPortMapping",
): Task<Outcome> {
  const { device, entry, client } = work;
  entry.mayExist = true;
  entry.client = client;
  entry.sentAt = work.now();
  entry.description = igdDescriptionText(descriptionOf(work));
  work.adding();
  const { externalPort, protocol, internalPort, description, lease } = entry;
  return yield* call(device.service, {
    action,
    externalPort,
    protocol,
    internalPort,
    internalClient: client,
    description,
    lease,
  });
}

/** The gateway said that it made the mapping. Notes what that means for its end. */
export function noteLease({ device, entry }: Work): void {
  const { mapping, lease } = entry;
  entry.isPermanent = lease === 0 && device.service.version === 1;
  entry.outlives = lease === 0 || lease > mapping.lifetime;
}

/** The entry was seen, or the gateway confirmed it: it is ours until its lease ends. */
export function noteSeen({ entry, now }: Pick<Work, "entry" | "now">): void {
  entry.lookedAt = now();
  entry.knownUntil = entry.lease === 0 ? Infinity : entry.sentAt + entry.lease * 1000;
}

/** One attempt to make a port mapping, with all ports and leases that are tried. */
class Attempt {
  /** Exchanges so far, without those that look at what was made. */
  exchanges = 0;
  refusal: Refusal = NOT_SPOKEN;
  readonly #work: Work;
  readonly #ports: PortChoice;
  readonly #leases: LeaseChoice;
  /** The port that was looked at, so that it is free or ours. */
  #lookedAt = 0;
  #isOurs = false;
  #isPageSeen = false;
  #isDeletionTried = false;

  constructor(work: Work) {
    this.#work = work;
    this.#ports = new PortChoice(work.entry, work.random);
    this.#leases = new LeaseChoice(work.device, wantedLease(work.entry));
  }

  /** Tries one port and lease. Returns the end, or undefined if something else is to be tried. */
  *tryOnce(): Task<MadeOrNot | undefined> {
    const work = this.#work;
    const { entry, device } = work;
    const { port } = this.#ports;
    if (this.#lookedAt !== port) {
      const end = yield* this.#lookBefore(port);
      if (end !== "free" && end !== "ours") return end;
      if (work.isAbandoned()) return { type: "abandoned" };
    }
    const usesAny = device.service.version >= 2 && !device.traits.hasNoAddAny &&
      !this.#ports.isBinding && !this.#isOurs && !this.#ports.hasMoved;
    entry.externalPort = port;
    entry.lease = this.#leases.lease;
    this.exchanges++;
    const outcome = yield* requestMapping(work, usesAny ? "AddAnyPortMapping" : "AddPortMapping");
    if (outcome.type !== "success") {
      return yield* this.#react(problemOf(outcome), usesAny);
    }
    this.#leases.worked();
    noteLease(work);
    const reserved = usesAny ? readReservedPort(outcome.values) : port;
    entry.externalPort = reserved ?? port;
    return yield* this.#verify(reserved !== undefined);
  }

  /** Whose is the port? Before the first request for it, because some routers overwrite what another host has. */
  *#lookBefore(port: number): Task<MadeOrNot | undefined | "free" | "ours"> {
    const { entry } = this.#work;
    this.exchanges++;
    const holder = yield* look(this.#work, port);
    if (holder.type === "gone") return holder;
    if (holder.type === "other") {
      if (entry.externalPort === port) entry.mayExist = false;
      return this.#conflict(IgdErrorCode.ConflictInMappingEntry);
    }
    if (holder.type === "former") yield* this.#delete(port);
    this.#lookedAt = port;
    this.#isOurs = holder.type === "ours";
    return this.#isOurs ? "ours" : "free";
  }

  /** Success is not believed: some routers keep nothing. */
  *#verify(isPortKnown: boolean): Task<MadeOrNot | undefined> {
    const work = this.#work;
    const holder = yield* look(work);
    switch (holder.type) {
      case "gone":
        return holder;
      case "former":
      case "other":
        work.entry.mayExist = false;
        return this.#conflict(IgdErrorCode.ConflictInMappingEntry);
      case "nothing":
        work.entry.mayExist = false;
        return this.#failed();
      case "unknown":
        if (!isPortKnown) return this.#failed();
        work.device.traits.cannotLook = true;
    }
    noteSeen(work);
    return { type: "made" };
  }

  /** What an error leads to; undefined if something else is tried. */
  *#react(problem: Problem, wasAny: boolean): Task<MadeOrNot | undefined> {
    const { entry, device } = this.#work;
    if (problem.type === "closed") return yield* this.#closed(wasAny);
    if (problem.type === "gone") return problem;
    entry.mayExist = this.#isOurs;
    if (problem.type === "refused") return problem;
    if (problem.type === "page") {
      const isFirst = !this.#isPageSeen;
      this.#isPageSeen = true;
      return isFirst && this.#ports.nextHigh() ? undefined : NOT_SPOKEN;
    }
    const { meaning, code } = problem;
    this.refusal = mappingRefusal(device, code);
    switch (meaning) {
      case IgdErrorCode.OnlyPermanentLeasesSupported:
        return this.#leases.tryPermanent() ? undefined : this.refusal;
      case IgdErrorCode.ConflictInMappingEntry:
        if (this.#isOurs && !this.#isDeletionTried) return yield* this.#delete(entry.externalPort);
        return this.#conflict(code);
      case IgdErrorCode.ConflictWithOtherMechanisms:
        return this.#conflict(code);
      case IgdErrorCode.NoPortMapsAvailable:
        return wasAny ? this.#conflict(code) : this.refusal;
      case IgdErrorCode.SamePortValuesRequired:
        return this.#ports.same() ? undefined : this.refusal;
      case IgdErrorCode.ActionFailed:
        return this.#failed(code);
      case IgdErrorCode.NotAuthorized:
      case IgdErrorCode.NotAvailable:
        return this.#ports.isLow && this.#ports.nextHigh() ? undefined : this.refusal;
      case IgdErrorCode.InvalidAction:
        return this.#missing(wasAny);
      case IgdErrorCode.InvalidArgs:
        return this.#leases.next() ? undefined : this.refusal;
      default:
        return this.refusal;
    }
  }

  #conflict(code: number): MadeOrNot | undefined {
    this.refusal = mappingRefusal(this.#work.device, code);
    return this.#ports.next() ? undefined : this.refusal;
  }

  #failed(code: number = IgdErrorCode.ActionFailed): MadeOrNot | undefined {
    const { device } = this.#work;
    this.refusal = mappingRefusal(device, code);
    if (this.#ports.nextHigh()) return undefined;
    return device.service.version === 1 && this.#leases.tryPermanent() ? undefined : this.refusal;
  }

  /** The action is missing: AddPortMapping for AddAnyPortMapping, or another service. */
  #missing(wasAny: boolean): MadeOrNot | undefined {
    const { device } = this.#work;
    if (wasAny) device.traits.hasNoAddAny = true;
    else if (!device.useNextService()) return this.refusal;
    return undefined;
  }

  /** No answer: it may have been carried out. Some routers close the connection for ports that they do not allow. */
  *#closed(wasAny: boolean): Task<MadeOrNot | undefined> {
    const work = this.#work;
    if (wasAny) {
      const holder = yield* look(work);
      if (holder.type === "ours") {
        noteLease(work);
        noteSeen(work);
        return { type: "made" };
      }
      if (holder.type !== "gone") {
        work.device.traits.hasNoAddAny = true;
        return undefined;
      }
    }
    work.entry.mayExist = this.#isOurs;
    this.refusal = CLOSED;
    return this.#ports.isLow && this.#ports.nextHigh() ? undefined : this.refusal;
  }

  /** Some routers refuse to replace what is ours. */
  *#delete(externalPort: number): Task<undefined> {
    const { device: { service }, entry: { protocol } } = this.#work;
    this.#isDeletionTried = true;
    this.exchanges++;
    yield* call(service, { action: "DeletePortMapping", externalPort, protocol });
    return undefined;
  }
}

function descriptionOf({ entry: { mapping } }: Work): string | undefined {
  const option = mapping.spec.options.find(({ type }) => type === "description");
  return option?.type === "description" ? option.text : undefined;
}

/** Our decision: more says that the router refuses everything. */
const MOST_EXCHANGES = 10;
