import { ErrorCode } from "./error_codes.ts";
import type { Method, Notifications } from "./types.ts";

/** What people read of a method, in the OpenRPC document and in the table of README.md. */
export interface MethodNote {
  /** One line. */
  readonly summary: string;
  /** More, where the line is not all. */
  readonly description?: string;
  /** What the result is called. */
  readonly result: string;
  /** Errors of its own, besides those that every request can have. */
  readonly codes: readonly ErrorCode[];
}

const { DiscoveryFailed, InvalidParams, NotRunning, ResultCode, SocketError } = ErrorCode;
const { UnknownClient, UnknownMapping, UnknownSimulator, MappingConflict, StoreError } = ErrorCode;

/** Every request. */
export const METHOD_NOTES: Readonly<Record<Method, MethodNote>> = {
  initialize: {
    summary: "The handshake; anything else before it is refused with -32002",
    result: "server",
    codes: [ErrorCode.InvalidRequest, InvalidParams],
  },
  shutdown: {
    summary: "Releases every mapping that is not kept, waits for the confirmations; then send exit",
    result: "null",
    codes: [],
  },
  "rpc.discover": { summary: "This document", result: "OpenRPC document", codes: [] },
  discover: {
    summary: "Finds the default gateways of this host, IPv4 first; sends nothing",
    result: "gateways",
    codes: [DiscoveryFailed],
  },
  "simulator/start": {
    summary: "Starts a simulated PCP server on loopback, to try things without a router",
    result: "simulator",
    codes: [InvalidParams, SocketError],
  },
  "simulator/stop": { summary: "Stops it", result: "null", codes: [UnknownSimulator] },
  "client/start": {
    summary: "Starts a client of one PCP server; without addresses it finds the default gateway",
    result: "client",
    codes: [InvalidParams, DiscoveryFailed, SocketError, StoreError],
  },
  "client/list": { summary: "The running clients", result: "clients", codes: [] },
  "client/announce": {
    summary: "Asks whether the PCP server is there, and since when; waits for the answer",
    result: "announcement",
    codes: [UnknownClient, ResultCode, NotRunning],
  },
  "client/externalAddress": {
    summary: "Asks for the external address, and leaves no mapping behind",
    result: "external address",
    codes: [UnknownClient, ResultCode, NotRunning],
  },
  "client/diagnose": {
    summary: "Finds out what stands in the way of being reached from the Internet",
    description: "Takes 8 s at most, and leaves no mapping behind.",
    result: "diagnosis",
    codes: [UnknownClient, NotRunning],
  },
  "client/deleteLeftovers": {
    summary: "Deletes what an earlier run with the same state file left at the PCP server",
    result: "count",
    codes: [UnknownClient, NotRunning],
  },
  "client/shutdown": {
    summary: "Ends a client: releases its mappings and waits for the confirmations, or keeps them",
    result: "null",
    codes: [UnknownClient],
  },
  "mapping/request": {
    summary: "Asks for a mapping; answered at once, before the PCP server has",
    description:
      "From now on mapping/alert tells of every change. Ids count up from 1 over all clients of this server.",
    result: "mapping",
    codes: [MappingConflict, InvalidParams, UnknownClient],
  },
  "mapping/ready": {
    summary: "Waits until the mapping is assigned; error 5 if the PCP server refuses",
    result: "mapping",
    codes: [UnknownMapping, ResultCode, NotRunning],
  },
  "mapping/get": {
    summary: "What is known of a mapping now, also when it is over",
    result: "mapping",
    codes: [UnknownMapping],
  },
  "mapping/list": {
    summary: "The mappings that are not over, of one client or of all",
    result: "mappings",
    codes: [UnknownClient],
  },
  "mapping/renew": {
    summary: "Asks for another lifetime from now on; answered at once",
    result: "mapping",
    codes: [InvalidParams, UnknownMapping, NotRunning],
  },
  "mapping/revoke": {
    summary: "Deletes the mapping; answered when the PCP server has confirmed",
    description:
      "Cancelling ends the waiting, not the deletion. An outbound mapping is left to expire.",
    result: "mapping",
    codes: [UnknownMapping, ResultCode],
  },
};

/** Every notification. */
export const NOTIFICATION_NOTES: Readonly<Record<keyof Notifications | "exit", string>> = {
  "mapping/alert": "A mapping changed its state or its assignment; carries its own snapshot",
  "client/error": "Trouble that belongs to no single mapping and ends nothing",
  "client/serverRestarted": "The PCP server lost its mappings; they are being asked for again",
  exit: "The server ends: exit code 0 after shutdown, 1 without",
};

/** What each error code means. */
export const ERROR_NOTES: Readonly<Record<keyof typeof ErrorCode, string>> = {
  ParseError: "The message is no JSON, or not in UTF-8",
  InvalidRequest:
    "No request object, a batch, an id that still waits, a second initialize, or after shutdown",
  MethodNotFound: "No such method",
  InvalidParams:
    "Params are missing, unknown or out of range; data lists every fault as {path, message}",
  InternalError: "A defect of the server; stderr has the details",
  ServerNotInitialized: "A request before initialize",
  RequestCancelled: "Cancelled with $/cancelRequest",
  DiscoveryFailed: "No gateway, or no address of this host, was found",
  UnknownClient: "No running client has this id",
  UnknownMapping: "No mapping has this id, or its client is gone",
  SocketError:
    "A socket could not be opened, most often because the address is not one of this host",
  ResultCode: "The PCP server refused; data is {code, name, lifetime}, as in RFC 6887 section 7.4",
  NotRunning: "The mapping is over or not assigned; data is {state}",
  UnknownSimulator: "No running simulator has this id",
  MappingConflict:
    "The client has a mapping of this protocol and internal port already, with other options",
  StoreError:
    "The file that keeps mappings across runs is damaged, in use, or cannot be read or written",
};
