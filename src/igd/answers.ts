import type { Answer } from "../engine/fallback.ts";
import type { Mapping } from "../engine/mapping.ts";
import type { UpnpRecord } from "../engine/upnp_io.ts";
import { IpAddress } from "../wire/address.ts";
import { Opcode } from "../wire/opcode.ts";
import { ResultCode } from "../wire/result_code.ts";
import type { Device } from "./device.ts";
import type { Entry } from "./entry.ts";
import type { Refusal } from "./refusal.ts";

/** What a later run has to know of an entry. */
export function recordOf({ service, bootId }: Device, entry: Entry): UpnpRecord {
  const { description, lease, isPermanent, pinhole } = entry;
  const isForever = isPermanent || (lease === 0 && service.version === 1);
  return {
    service: service.type,
    description,
    ...isForever ? { permanent: true } as const : {},
    ...pinhole === undefined ? {} : { uniqueId: pinhole.id },
    ...bootId === undefined ? {} : { bootId },
  };
}

/** The mapping was made or renewed. Its lifetime is the wanted one, also if the gateway keeps it for longer. */
export function grantAnswer(device: Device, entry: Entry, client: IpAddress): Answer {
  const { mapping, externalPort } = entry;
  const known = device.external?.address ?? mapping.lease?.assignment.externalAddress;
  return {
    ...answerOf(mapping),
    result: ResultCode.Success,
    lifetime: mapping.lifetime,
    externalPort,
    externalAddress: client.family === "IPv6" ? client : known ?? IpAddress.ANY_IPV4,
    upnp: recordOf(device, entry),
  };
}

/** The mapping was not made; or with {@linkcode ResultCode} `Success`, it was deleted. */
export function failureAnswer(
  mapping: Mapping,
  { result, hold, upnpCode }: Omit<Refusal, "type">,
): Answer {
  return { ...answerOf(mapping), result, lifetime: hold ?? 0, upnpCode };
}

function answerOf(mapping: Mapping): Answer {
  const { spec, nonce } = mapping;
  return {
    type: "map",
    by: "upnp",
    version: 0,
    opcode: Opcode.Map,
    result: ResultCode.Success,
    lifetime: 0,
    epoch: 0,
    nonce,
    protocol: spec.protocol,
    internalPort: spec.internalPort,
    externalPort: 0,
    externalAddress: IpAddress.any(spec.externalAddress.family),
    options: [],
    optionFault: undefined,
  };
}
