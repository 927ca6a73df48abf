import { type ServerHost, SimulatedServer, startLoopbackServer } from "../src/testing/mod.ts";
import { ErrorCode } from "./error_codes.ts";
import { RpcError } from "./rpc_error.ts";
import type { SimulatorStartParams } from "./types.ts";

/**
 * Starts a simulated gateway on loopback.
 *
 * @throws {RangeError} If the bounds of the lifetime exclude each other.
 * @throws {RpcError} If the port is taken.
 */
export async function startSimulator(params: SimulatorStartParams): Promise<ServerHost> {
  const { lifetime, port, ...options } = params;
  const server = new SimulatedServer({
    ...options,
    ...(lifetime === undefined ? {} : { maxLifetime: lifetime }),
  });
  try {
    return await startLoopbackServer(server, port === undefined ? {} : { port });
  } catch (error) {
    throw new RpcError(
      ErrorCode.SocketError,
      `Cannot start a simulator on port "${port ?? 0}": ${
        error instanceof Error ? error.message : String(error)
      }`,
      { operation: "open" },
    );
  }
}
