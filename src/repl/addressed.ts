import type { Command, CommonOptions } from "./command.ts";

/** The options with the addresses that the command itself gives. */
export function addressed(command: Command, options: CommonOptions): CommonOptions {
  const { server: _server, client: _client, simulate: _simulate, ...rest } = options;
  if (command.name === "simulate") return { ...rest, simulate: true };
  if (command.name !== "connect" || command.server === undefined) return options;
  return {
    ...rest,
    server: command.server,
    ...(command.client === undefined ? {} : { client: command.client }),
  };
}
