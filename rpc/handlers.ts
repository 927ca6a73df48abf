import type { RpcSession } from "./session.ts";
import { asInvalidParams } from "./session_errors.ts";
import type {
  InitializeParams,
  InitializeResult,
  Method,
  OpenRpcDocument,
  Requests,
} from "./types.ts";

/** What the handlers work with. */
export interface MethodContext {
  readonly session: RpcSession;
  initialize(params: InitializeParams): InitializeResult;
  shutDown(): Promise<null>;
  openRpcDocument(): Promise<OpenRpcDocument>;
}

/** Performs a request whose params were checked. */
export type Handler<M extends Method> = (
  context: MethodContext,
  params: Requests[M]["params"],
  signal: AbortSignal,
) => Requests[M]["result"] | Promise<Requests[M]["result"]>;

/** What performs each method of methods.ts. */
export const HANDLERS: { readonly [M in Method]: Handler<M> } = {
  initialize: (context, params) => context.initialize(params),
  shutdown: (context) => context.shutDown(),
  "rpc.discover": (context) => context.openRpcDocument(),
  discover: ({ session }) => session.discover(),
  "simulator/start": ({ session }, params) => session.startSimulator(params),
  "simulator/stop": ({ session }, { simulatorId }) => session.stopSimulator(simulatorId),
  "client/start": ({ session }, params, signal) => session.startClient(params, signal),
  "client/startAll": ({ session }, params, signal) => session.startAllClients(params, signal),
  "client/list": ({ session }) => session.listClients(),
  "client/announce": ({ session }, { clientId }, signal) =>
    session.handle(clientId).announce({ signal }),
  "client/externalAddress": async ({ session }, { clientId }, signal) => ({
    externalAddress: await session.handle(clientId).externalAddress({ signal }),
  }),
  "client/diagnose": ({ session }, { clientId }, signal) =>
    session.handle(clientId).diagnose({ signal }),
  "client/prefix64": async ({ session }, { clientId }, signal) => [
    ...await session.handle(clientId).prefix64({ signal }),
  ],
  "client/stats": ({ session }, { clientId }) => session.handle(clientId).stats(),
  "client/leftovers": ({ session }, { clientId }) => [...session.handle(clientId).leftovers],
  "client/deleteLeftovers": async ({ session }, { clientId, mapping }) => ({
    deleted: await asInvalidParams(
      "client/deleteLeftovers",
      () => session.handle(clientId).deleteLeftovers(mapping),
    ),
  }),
  "client/trace": ({ session }, { clientId, on }) => session.trace(clientId, on),
  "client/shutdown": ({ session }, { clientId, keep = false }) =>
    session.shutdownClient(clientId, keep),
  "mapping/request": ({ session }, params) => session.request(params),
  "mapping/ready": ({ session }, { mappingId }, signal) => session.ready(mappingId, signal),
  "mapping/get": ({ session }, { mappingId }) => session.get(mappingId),
  "mapping/list": ({ session }, { clientId }) => session.list(clientId),
  "mapping/renew": ({ session }, { mappingId, lifetime }) => session.renew(mappingId, lifetime),
  "mapping/revoke": ({ session }, { mappingId }, signal) => session.revoke(mappingId, signal),
};
