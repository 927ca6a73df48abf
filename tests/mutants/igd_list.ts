import type { MutantsByFile } from "./mutant.ts";

/** Ways to break UPnP, in files of src/igd/. */
export const IGD_MUTANTS: MutantsByFile = {
  "lease_choice.ts": [
    ["a permanent lease is an hour", "lease", "return 0", "return 3_600"],
    ["a long lease is the wanted one", "lease", "Math.max(this.#wanted, LONG)", "this.#wanted"],
    ["the lease that worked is forgotten", "worked", "this.#device.traits.lease = this.#kind"],
    ["the same lease is tried again", "#try", "return false", "return true"],
  ],
  "renewal.ts": [
    [
      "no renewal is checked",
      "renewPortMapping",
      "{ at: work.now() + CHECK_AFTER, left }",
      "undefined",
    ],
    [
      "a router that does not extend is not noticed",
      "checkRenewal",
      "device.traits.recreates = true",
    ],
    ["a quarter less is an extension", "checkRenewal", "check.left + entry.lease / 4", "0"],
    ["a mapping is made anew without a deletion", "recreate", "yield* call(device.service"],
    [
      "a refused renewal of ours is final",
      "react",
      '"ours" && !device.traits.recreates',
      '"other" && false',
    ],
  ],
  "deletion.ts": [
    [
      "what another host has by now is deleted",
      "deletePortMapping",
      "entry.knownUntil <= now()",
      "false",
    ],
    [
      "a mapping that is gone counts as kept",
      "deletePortMapping",
      "meaning === IgdErrorCode.NoSuchEntryInArray",
      "false",
    ],
    [
      "a permanent mapping is deleted without end",
      "refusalOf",
      "entry.isPermanent && ",
      "false && ",
    ],
    ["a deletion that is forbidden is tried again", "refusalOf", "isFinal || isEnough", "isEnough"],
  ],
  "entry.ts": [
    ["an earlier run's port is not known", "newEntry", "isKnown ? upnp.externalPort : 0", "0"],
    ["leases have no upper limit", "leaseOf", "Math.min(lifetime, LONGEST_LEASE)", "lifetime"],
  ],
  "holder.ts": [
    ["every port of this host is ours", "look", "isPort || isRecorded", "true"],
    ["what a former address had is another host's", "look", "isRecorded && isPort &&", "false &&"],
    [
      "a lease of 0 has run out",
      "leftOf",
      "holder.left === undefined || holder.left === 0",
      "holder.left === undefined",
    ],
  ],
  "port_choice.ts": [
    ["a low port is asked for", "constructor", "wanted < LEAST_FREE && !isMeant", "false"],
    ["a port that must be is replaced", "next", "this.isBinding || ", ""],
    ["one other port is tried", "MOST_OTHERS", "4", "1"],
  ],
  "port_mapping.ts": [
    ["a success is believed", "#verify", 'case "nothing"', 'case "gone"'],
    ["a port is taken from another host", "#lookBefore", 'holder.type === "other"', "false"],
    [
      "a conflict ends the attempt",
      "#conflict",
      "this.#ports.next() ? undefined : this.refusal",
      "this.refusal",
    ],
    [
      "permanent leases only is a refusal",
      "#react",
      "this.#leases.tryPermanent() ? undefined : this.refusal",
      "this.refusal",
    ],
    [
      "AddAnyPortMapping is asked for again",
      "#missing",
      "device.traits.hasNoAddAny = true",
      "return this.refusal",
    ],
    ["what may be ours is not kept in mind", "requestMapping", "entry.mayExist = true"],
  ],
  "pinhole.ts": [
    [
      "a pinhole's number survives a restart",
      "deletePinhole",
      "entry.pinhole?.generation !== device.generation",
      "false",
    ],
    [
      "a closed firewall is asked all the same",
      "addPinhole",
      "device.firewall?.isClosed === true",
      "false",
    ],
  ],
  "entries.ts": [
    ["what lasts for ever is left behind", "sweep", "entry.outlives || ", ""],
    ["one loss says nothing of the others", "lost", "this.doubtAllBut(entry)"],
    ["a war over a mapping has no end", "isLostTooOften", "> MOST_LOSSES", "> 1_000"],
    [
      "the newest look comes first",
      "takeToLook",
      "one.lookedAt - other.lookedAt",
      "other.lookedAt - one.lookedAt",
    ],
  ],
  "external_address.ts": [
    ["an address of the provider is public", "isPublic", " && !isShared(address)", ""],
    ["an inside address is an outside one", "readExternal", "address.equals(inner.client) || ", ""],
  ],
  "refusal.ts": [
    [
      "a router without a line has no resources",
      "mappingRefusal",
      "isOffline ? ResultCode.NetworkFailure : result",
      "result",
    ],
    [
      "a page to log in is a wrong URL",
      "problemOfStatus",
      "status === 401 || status === 403",
      "false",
    ],
  ],
};
