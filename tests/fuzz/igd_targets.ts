/** The codecs of UPnP: whatever arrives, nothing throws, and nothing unsafe comes out. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { seededRandom } from "../../src/testing/random.ts";
import { IpAddress } from "../../src/wire/address.ts";
import {
  encodeIgdRequest,
  readConnected,
  readExternalAddress,
  readFirewallStatus,
  readListedPortMapping,
  readReservedPort,
  readUniqueId,
} from "../../src/wire/igd/action.ts";
import { decodeDescription } from "../../src/wire/igd/description.ts";
import { parseLocation, resolveControlUrl } from "../../src/wire/igd/http_location.ts";
import {
  decodeHttpResponse,
  encodeGet,
  HttpFrame,
  LONGEST_HEAD,
} from "../../src/wire/igd/http_message.ts";
import { readSoapResponse } from "../../src/wire/igd/soap.ts";
import { decodeSsdp } from "../../src/wire/igd/ssdp.ts";
import { elementsOf, readXml } from "../../src/wire/igd/xml.ts";
import * as vectors from "../helpers/igd_vectors.ts";
import { readStrictly, xmlDocument } from "../helpers/xml_documents.ts";
import { mutate, randomOctets } from "./mutate.ts";
import type { Target } from "./target.ts";

const { ADDED, ADDED_ANY, ADDRESS, CONFLICT, DESCRIPTION, utf8 } = vectors;

const RESPONSES = [ADDED, ADDED_ANY, ADDRESS, CONFLICT].map(utf8);
const LONGEST_BODY = 2_048;
const INPUTS = 100;

/** Datagrams of SSDP. */
export const ssdp: Target = perInput(
  "ssdp",
  "Datagrams of SSDP give a message or a reason, and no control character for people.",
  (random) => {
    const texts = [vectors.ANSWER, vectors.BYEBYE, vectors.SEARCH].map(utf8);
    const decoded = decodeSsdp(damaged(texts, random));
    if (!decoded.ok) return;
    const { server, target, uuid, location, bootId = 1 } = decoded.value;
    for (const text of [server, target, uuid]) checkPrintable(text);
    assert(bootId > 0 && Number.isInteger(bootId));
    const url = parseLocation(location);
    if (url.ok) encodeGet({ address: IpAddress.ANY_IPV4, ...url.value });
  },
);

/** Responses of HTTP, in pieces. */
export const http: Target = perInput(
  "http",
  "Responses of HTTP decode to the same however they arrive, within their limits.",
  (random) => {
    const bytes = damaged(RESPONSES, random);
    const whole = decodeHttpResponse(bytes, LONGEST_BODY);
    const frame = new HttpFrame(LONGEST_BODY);
    let length = 0;
    while (!frame.update(bytes.subarray(0, length)) && length < bytes.length) {
      length = Math.min(bytes.length, length + 1 + Math.floor(random() * 200));
    }
    assertEquals(frame.response(bytes.subarray(0, length)), whole);
    assert(length <= LONGEST_HEAD + LONGEST_BODY + 6 * bytes.length);
    if (whole.ok) assert(whole.value.body.length <= LONGEST_BODY);
  },
);

/** Documents of XML, well-formed and damaged. */
export const xml: Target = {
  name: "xml",
  invariant:
    "Documents of XML are read as a strict parser reads them; damaged ones stay within the limits.",
  shortRounds: 4,
  inputsPerRound: 2 * INPUTS,
  start: () => ({
    round: (seed) => {
      const random = seededRandom(seed);
      for (const document of fc.sample(xmlDocument, { seed, numRuns: INPUTS })) {
        const read = readXml(utf8(document));
        assert(read.ok, document);
        const names = [...elementsOf(read.value)].map(({ name, text }) => [name, text]);
        assertEquals(names, namesOf(readStrictly(document)));
        checkTree(damaged([utf8(document), utf8(DESCRIPTION)], random));
      }
    },
  }),
};

/** Responses to actions, and descriptions. */
export const soap: Target = perInput(
  "soap",
  "Responses to actions and descriptions give results in range, and nothing that changes a request.",
  (random) => {
    checkResponse(damaged(RESPONSES, random));
    const description = decodeDescription(damaged([utf8(DESCRIPTION)], random));
    if (!description.ok) return;
    const { friendlyName, manufacturer, modelName, uuid, services, urlBase } = description.value;
    for (const text of [friendlyName, manufacturer, modelName, uuid]) checkPrintable(text);
    assert(services.length >= 1 && services.length <= 16);
    const address = IpAddress.parse("192.168.1.1");
    const location = { host: "192.168.1.1", port: 5000, path: "/rootDesc.xml" };
    for (const { type, controlUrl } of services) {
      const url = resolveControlUrl({ location, address, urlBase, controlUrl });
      if (!url.ok) continue;
      const target = { address, ...url.value };
      const request = encodeIgdRequest(target, type, { action: "GetStatusInfo" });
      // The head has its six lines and no other.
      const [head = ""] = new TextDecoder().decode(request).split("\r\n\r\n");
      assertEquals(head.split(/[\r\n]+/).length, 6, head);
    }
  },
);

function perInput(name: string, invariant: string, run: (random: () => number) => void): Target {
  return {
    name,
    invariant,
    shortRounds: 20,
    inputsPerRound: INPUTS,
    start: () => ({
      round: (seed) => {
        const random = seededRandom(seed);
        for (let input = 0; input < INPUTS; input++) run(random);
      },
    }),
  };
}

/** One of the messages with some octets changed, or pieces of the languages in any order, or noise. */
function damaged(messages: readonly Uint8Array[], random: () => number): Uint8Array {
  const chance = random();
  if (chance < 0.1) return randomOctets(random, 3_000);
  if (chance < 0.3) {
    const pieces = Array.from({ length: Math.floor(60 * random()) }, () => pick(PIECES, random));
    return utf8(pieces.join(""));
  }
  return mutate(pick(messages, random) ?? new Uint8Array(), random);
}

function pick<T>(list: readonly T[], random: () => number): T | undefined {
  return list[Math.floor(random() * list.length)];
}

function checkResponse(bytes: Uint8Array): void {
  const response = decodeHttpResponse(bytes, LONGEST_BODY);
  if (!response.ok) return;
  for (const action of ["AddPortMapping", "AddAnyPortMapping", "GetExternalIPAddress"]) {
    const result = readSoapResponse(response.value, action);
    if (result.type === "fault") checkPrintable(result.description);
    if (result.type !== "success") continue;
    assertEquals(response.value.statusClass, 2);
    const { values } = result;
    const { externalPort = 0, internalPort = 0, lease = 0, ...texts } = readListedPortMapping(
      values,
    );
    checkPrintable(texts.description);
    checkPrintable(texts.remoteHost);
    const numbers = [readReservedPort(values) ?? 1, externalPort, internalPort, lease];
    assert(numbers.every((each) => Number.isInteger(each) && each >= 0), `${numbers}`);
    assert(readReservedPort(values) !== 0);
    readConnected(values);
    readExternalAddress(values);
    readFirewallStatus(values);
    readUniqueId(values);
  }
}

function checkTree(bytes: Uint8Array): void {
  const read = readXml(bytes);
  if (!read.ok) return;
  let count = 0;
  for (const { text, children } of elementsOf(read.value)) {
    count++;
    assert(utf8(text).length <= 2_048);
    assert(text === "" || children.length === 0);
  }
  assert(count <= 4_096);
}

function namesOf({ name, text, children }: ReturnType<typeof readStrictly>): string[][] {
  return [[name, text], ...children.flatMap(namesOf)];
}

function checkPrintable(text: string): void {
  assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(text) && [...text].length <= 200, JSON.stringify(text));
}

const PIECES: readonly string[] = [
  ...["HTTP/1.1 200 OK", "HTTP/1.1 500", "NOTIFY * HTTP/1.1", "\r\n", "\n", "\r\n\r\n", ": ", " "],
  ...["Content-Length: 9", "Content-Length: -1", "Transfer-Encoding: chunked", "LOCATION:", "USN:"],
  ...["0", "1", "a", "ffffffff", ";", "http://192.168.1.1", ":5000", "/", "..", "?", "#", "@", "%"],
  ...["<", ">", "/>", "</", "<a", "<a>", "</a>", "<s:Fault>", "</s:Fault>", "<root>", "</root>"],
  ...["<errorCode>718</errorCode>", "<u:AddPortMappingResponse>", "</u:AddPortMappingResponse>"],
  ...["<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE", "<?", "?>", "&", "&lt;", "&#x41;", "&#", '"'],
  ...["<service>", "<serviceType>", vectors.IP1, "</serviceType>", "<controlURL>", "\0", "\u202e"],
];
