/** `discover`, `announce`, `external`, `prefix64`, `stats` and `diagnose`: what the gateways of this host answer. */

import type { ExitCode } from "../command.ts";
import type { CommandContext } from "../command_context.ts";
import { diagnosisLines, fieldLines, statsFields } from "../render.ts";
import { clockTime, printable } from "../text.ts";
import { CommandError } from "../usage_error.ts";

/** `discover`: the default gateways of this host. */
export async function discover(context: CommandContext): Promise<ExitCode> {
  const { parts, options: { timeout } } = context;
  const found = await context.wait(() => parts.discover(), {
    timeout,
    text: () => "Looking for gateways",
  });
  if (found.length === 0) {
    throw new CommandError(
      "This host has no default gateway",
      "Connect to a network, or use --simulate to go without a router",
    );
  }
  for (const { family, gateway, interface: name, client, reason } of found) {
    context.print(
      { family, gateway, interface: name, client, reason },
      `${family}  gateway ${gateway}  interface ${printable(name)}  this host ${client}`,
      `      ${printable(reason)}`,
    );
  }
  return 0;
}

/** `announce`: whether the server answers, and since when it has kept its mappings. */
export async function announce(context: CommandContext): Promise<ExitCode> {
  const client = await context.connect();
  const response = await context.waitForServer(
    client,
    (signal) => client.handle.announce({ signal }),
  );
  const now = context.parts.date();
  const since = clockTime(new Date(now.getTime() - response.epoch * 1000), now);
  context.print(
    response,
    `${client.serverText} is alive: it has kept its mappings since ${since}, and answered in ${
      response.roundTrip.toFixed(1)
    } ms`,
  );
  return 0;
}

/** `external`: the external address. */
export async function external(context: CommandContext): Promise<ExitCode> {
  const client = await context.connect();
  const externalAddress = await context.waitForServer(
    client,
    (signal) => client.handle.externalAddress({ signal }),
  );
  context.print({ externalAddress }, externalAddress);
  return 0;
}

/** `prefix64`: how the network's NAT64 builds IPv6 addresses (RFC 7225). */
export async function prefix64(context: CommandContext): Promise<ExitCode> {
  const client = await context.connect();
  const prefixes = await context.waitForServer(
    client,
    (signal) => client.handle.prefix64({ signal }),
  );
  const lines = prefixes.map(({ prefix, suffix, ipv4Prefixes = [] }) => {
    const addresses = ipv4Prefixes.length === 0 ? "" : `  for ${ipv4Prefixes.join(", ")}`;
    return `${prefix}${suffix === "" ? "" : `  suffix ${suffix}`}${addresses}`;
  });
  const none = "The router names no prefix of a NAT64";
  context.print(prefixes, ...(lines.length === 0 ? [none] : lines));
  return 0;
}

/** `stats`: what the client has sent, received and ignored. */
export async function stats(context: CommandContext): Promise<ExitCode> {
  const { handle } = await context.connect();
  const counts = handle.stats();
  context.print(counts, ...fieldLines(statsFields(counts), context.parts.screen));
  return 0;
}

/** `diagnose`: what blocks connections from outside. Fails if there is a problem. */
export async function diagnose(context: CommandContext): Promise<ExitCode> {
  const client = await context.connect();
  const diagnosis = await context.waitForServer(
    client,
    (signal) => client.handle.diagnose({ signal }),
    undefined,
    false, // a silent gateway is a finding
  );
  context.print(
    { ...diagnosis, gateway: client.handle.gateway },
    ...diagnosisLines(diagnosis, context.parts.screen),
  );
  return diagnosis.findings.some(({ level }) => level === "problem") ? 1 : 0;
}
