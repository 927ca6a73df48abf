import { escape } from "./http_request.ts";
import type { IgdQuirks } from "./options.ts";

/** The body of a success: the results of an action. */
export function successBody(
  type: string,
  action: string,
  results: readonly (readonly [string, string | number])[],
  quirks: IgdQuirks,
): Uint8Array {
  const attributes = quirks.spelling === "attributes" ? ' dt:dt="string" x=">"' : "";
  const values = results.map(([name, value]) =>
    `<${name}${attributes}>${escape(String(value))}</${name}>`
  );
  const response = `u:${action}Response`;
  return envelope(`<${response} xmlns:u="${type}">${values.join("")}</${response}>`, quirks);
}

/** The body of a fault. */
export function faultBody(code: number, quirks: IgdQuirks): Uint8Array {
  const text = quirks.spelling === "damaged" ? "Conf\uFFFF</UPnPError>" : NAMES[code] ?? "Error";
  return envelope(
    "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>" +
      `<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>${code}</errorCode>` +
      `<errorDescription>${text}</errorDescription></UPnPError></detail></s:Fault>`,
    quirks,
  );
}

function envelope(content: string, { spelling }: IgdQuirks): Uint8Array {
  if (spelling === "page") return encode("<html><body>Login</body></html>");
  const whole = '<?xml version="1.0"?>\n' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">' +
    `<s:Body>${content}</s:Body></s:Envelope>\r\n`;
  if (spelling === "prefixes") {
    return encode(whole.replaceAll(/(<\/?)s:/g, "$1SOAP-ENV:").replaceAll(/(<\/?)u:/g, "$1m:"));
  }
  if (spelling === "case") {
    const changed = whole.replaceAll(/<(\/?)([\w:]+)/g, (_, slash, name) => {
      return `<${slash}${name.toUpperCase()}`;
    });
    return encode(changed);
  }
  const bytes = encode(spelling === "damaged" ? `\uFEFF\r\n${whole}\0\0` : whole);
  // Octets that are not UTF-8 in the place of U+FFFF.
  const at = bytes.findIndex((octet, index) =>
    octet === 0xef && bytes[index + 1] === 0xbf && bytes[index + 2] === 0xbf
  );
  if (spelling === "damaged" && at >= 0) bytes.set([0xff, 0xfe, 0xfd], at);
  return bytes;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const NAMES: Readonly<Record<number, string>> = {
  401: "Invalid Action",
  402: "Invalid Args",
  501: "Action Failed",
  606: "Action not authorized",
  713: "SpecifiedArrayIndexInvalid",
  714: "NoSuchEntryInArray",
  718: "ConflictInMappingEntry",
  724: "SamePortValuesRequired",
  725: "OnlyPermanentLeasesSupported",
  728: "NoPortMapsAvailable",
};
