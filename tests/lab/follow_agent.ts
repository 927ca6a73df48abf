/**
 * Starts clients as its argument says, a JSON object: `all` of all gateways, otherwise one. Prints their addresses, and those of
 * a client whose network has changed. Ends with its stdin.
 */
import { Client, type ClientOptions, type Handle } from "../../mod.ts";
import { print, serveCommands } from "./command_server.ts";

/** What the agent is started with. */
export interface FollowOptions {
  readonly all?: boolean;
  readonly options?: ClientOptions;
}

const { all = false, options = {} } = JSON.parse(Deno.args[0] ?? "{}") as FollowOptions;
const settings: ClientOptions = { watch: { interval: 200 }, ...options };
const handles = all
  ? await Client.startAll(settings)
  : [await Client.start(undefined, undefined, settings)];
print({ started: handles.map(addresses) });
for (const [index, handle] of handles.entries()) void follow(handle, index);
await serveCommands(() => Promise.resolve());

async function follow(handle: Handle, index: number): Promise<void> {
  for await (const { name } of handle.errors()) {
    if (name === "NetworkChangedError") print({ moved: index, to: addresses(handle) });
  }
}

function addresses({ client, server }: Handle): string {
  return `${client} ${server}`;
}
