import { encodePost, type HttpResponse, type HttpTarget } from "./http_message.ts";
import { printable, readNumber } from "./text.ts";
import { elementsOf, escapeXml, findElement, readXml, type XmlElement } from "./xml.ts";

/** The arguments of an action in its order: name and value. */
export type SoapArguments = readonly (readonly [name: string, value: string | number])[];

/** The arguments of a response by name in lower case; of two with one name the first counts. */
export type SoapValues = ReadonlyMap<string, string>;

/** What a response says (UPnP Device Architecture 1.1 section 3.2). */
export type SoapResult =
  | {
    /** The action was carried out. */
    readonly type: "success";
    /** Its results. */
    readonly values: SoapValues;
  }
  | {
    /** The action was refused, whatever the HTTP status. */
    readonly type: "fault";
    /** The number of the error as sent; 501 (Action Failed) if there is none or it cannot be read. */
    readonly code: number;
    /** The router's text, for people. */
    readonly description: string;
  }
  | {
    /** The body ends before the response or the fault. */
    readonly type: "cut";
  }
  | {
    /** Neither a response of the action nor a fault: a login page, or an HTTP error. */
    readonly type: "notSoap";
    /** The HTTP status. */
    readonly status: number;
  };

/**
 * Encodes an action: a body on one line, because a router refuses line breaks, with every argument as start and end tag.
 *
 * @param serviceType The type as the description spells it.
 * @throws {RangeError} If the port or path is invalid.
 */
export function encodeSoapRequest(
  target: HttpTarget,
  serviceType: string,
  action: string,
  values: SoapArguments,
): Uint8Array<ArrayBuffer> {
  const content = values.map(([name, value]) => `<${name}>${escapeXml(`${value}`)}</${name}>`);
  const body = `${ENVELOPE_START}<u:${action} xmlns:u="${serviceType}">${
    content.join("")
  }</u:${action}>${ENVELOPE_END}`;
  return encodePost(target, `${serviceType}#${action}`, body);
}

/** Reads what the response to an action says. Never throws. */
export function readSoapResponse(response: HttpResponse, action: string): SoapResult {
  const { status, statusClass, body, cut } = response;
  const document = readXml(body);
  const wanted = `${action.toLowerCase()}response`;
  // What is inside of the response are its values, which other hosts can choose.
  const isResult = ({ name }: XmlElement): boolean => name === wanted;
  const elements = document.ok ? [...elementsOf(document.value, isResult)] : [];
  const fault = elements.find(({ name }) => name === "fault");
  const result = elements.find(isResult);
  if (fault?.closed === false || result?.closed === false) return { type: "cut" };
  if (fault !== undefined) return readFault(fault);
  if (result !== undefined && statusClass === 2) {
    return { type: "success", values: readValues(result) };
  }
  if (cut) return { type: "cut" };
  return status === 500 ? ACTION_FAILED : { type: "notSoap", status };
}

function readFault(fault: XmlElement): SoapResult {
  const code = readNumber(findElement(fault, "errorcode")?.text, -0x8000_0000, 0x7fff_ffff);
  if (code === undefined) return ACTION_FAILED;
  const description = printable(findElement(fault, "errordescription")?.text);
  return { type: "fault", code, description };
}

function readValues(result: XmlElement): SoapValues {
  const values = new Map<string, string>();
  for (const { name, text } of result.children) if (!values.has(name)) values.set(name, text);
  return values;
}

/** HTTP status 500, or a fault, without a number that can be read. */
const ACTION_FAILED: SoapResult = { type: "fault", code: 501, description: "" };

const ENVELOPE_START = '<?xml version="1.0"?>' +
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"' +
  ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>';

const ENVELOPE_END = "</s:Body></s:Envelope>";
