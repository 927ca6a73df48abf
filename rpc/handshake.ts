import type { InitializeParams, InitializeResult } from "./types.ts";
import { PROTOCOL_VERSION, VERSION } from "./version.ts";

/** The result of `initialize`. */
export function handshake(): InitializeResult {
  return {
    serverInfo: { name: "pcp-rpc", version: VERSION },
    protocolVersion: PROTOCOL_VERSION,
    capabilities: { cancellation: true, openrpc: true, simulator: true },
  };
}

/**
 * The params of a valid `initialize`, which is answered before anything else is loaded; undefined for every other message,
 * which the server answers.
 */
export function plainInitialize(
  message: { method?: unknown; params?: unknown },
): InitializeParams | undefined {
  if (message.method !== "initialize") return undefined;
  const { params = {} } = message;
  if (!isObject(params)) return undefined;
  const { clientInfo, processId } = params;
  const plain: InitializeParams = {};
  if (clientInfo !== undefined) {
    if (!isObject(clientInfo) || typeof clientInfo["name"] !== "string") return undefined;
    const { name, version } = clientInfo;
    if (version !== undefined && typeof version !== "string") return undefined;
    plain.clientInfo = { name, ...(version === undefined ? {} : { version }) };
  }
  if (processId !== undefined) {
    if (processId !== null && !isProcessId(processId)) return undefined;
    plain.processId = processId;
  }
  return plain;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isProcessId(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
