import type { Endpoint } from "../../../wire/address.ts";

/** A request as the gateway reads it, tolerant, so that a violation is counted and not only refused. */
export interface GatewayRequest {
  readonly method: string;
  readonly path: string;
  /** The lines of the head, with the request line. */
  readonly head: string;
  /** Values by name as spelled. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads a request; undefined until it has arrived whole. */
export function readRequest(bytes: Uint8Array): GatewayRequest | undefined {
  const text = latin1(bytes);
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end + 4);
  const [start = "", ...lines] = text.slice(0, end).split("\r\n");
  const [method = "", path = ""] = start.split(" ");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  const length = Number(headerOf(headers, "content-length") ?? 0);
  if (bytes.length < end + 4 + length) return undefined;
  const body = new TextDecoder().decode(bytes.subarray(end + 4, end + 4 + length));
  return { method, path, head, headers, body };
}

/** The value of a header, whatever the case of its name. */
function headerOf(headers: ReadonlyMap<string, string>, name: string): string | undefined {
  for (const [each, value] of headers) if (each.toLowerCase() === name) return value;
  return undefined;
}

/** An action as a request asks for it. */
export interface RequestedAction {
  /** Service type and action in the header SOAPAction, without quotes. */
  readonly type: string;
  readonly name: string;
  /** Arguments in their order. */
  readonly values: ReadonlyMap<string, string>;
}

/** Reads the action in a request; undefined if the header SOAPAction has none. */
export function readAction({ headers, body }: GatewayRequest): RequestedAction | undefined {
  const [, type, name] = /^"?([^"#]+)#(\w+)"?$/.exec(headerOf(headers, "soapaction") ?? "") ?? [];
  if (type === undefined || name === undefined) return undefined;
  const values = new Map<string, string>();
  for (const [, full, text = "", empty] of body.matchAll(ARGUMENT)) {
    values.set(full ?? empty ?? "", unescape(text));
  }
  return { type, name, values };
}

/** The one form of a head that a client should send to a gateway at an address. */
export function expectedHead(request: GatewayRequest, local: Endpoint): string {
  const { address, port } = local;
  const text = address.withScope(undefined).toString();
  const host = address.family === "IPv4" ? text : `[${text}]`;
  const lines = [
    `${request.method} ${request.path} HTTP/1.1`,
    `Host: ${host}${port === 80 ? "" : `:${port}`}`,
  ];
  if (request.method === "POST") {
    lines.push(
      `Content-Length: ${new TextEncoder().encode(request.body).length}`,
      'Content-Type: text/xml; charset="utf-8"',
      `SOAPAction: "${(headerOf(request.headers, "soapaction") ?? "").replaceAll('"', "")}"`,
    );
  }
  return [...lines, "Connection: close", "", ""].join("\r\n");
}

/** The one form of a body that a client should send. `names` are the arguments in their order. */
export function expectedBody(action: RequestedAction, names: readonly string[]): string {
  const values = names.map((name) => `<${name}>${escape(action.values.get(name) ?? "")}</${name}>`);
  return '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action.name} xmlns:u="${action.type}">${values.join("")}</u:${action.name}>` +
    "</s:Body></s:Envelope>";
}

/** Escapes a text of an element. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** One character for each octet. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes) text += String.fromCharCode(octet);
  return text;
}

/** An element without child elements, or an empty one. */
const ARGUMENT = /<([A-Za-z]\w*)>([^<]*)<\/\1>|<([A-Za-z]\w*)\s*\/>/g;
