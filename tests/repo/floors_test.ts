/** The floors: which folder may import which, types included. CONTRIBUTING.md explains them. */

import { assertEquals } from "@std/assert";
import { type Import, listImports } from "../tools/imports.ts";
import { listFiles } from "../tools/repository.ts";

/** `files` may import their own folder, the paths of `may` and the packages of `packages`. */
interface Floor {
  /** A folder (with a slash at the end) or a file. The first floor that fits a file is its floor. */
  readonly files: string;
  /** Folders or files; a `mod.ts` is allowed only where it is named in full. */
  readonly may: readonly string[];
  readonly packages?: readonly string[];
}

const PUBLIC = ["mod.ts", "src/testing/mod.ts"];
/** `src/testing/mod.ts` exports it too, but loads the lab as well; a command must start fast. */
const SIMULATOR = ["src/testing/loopback.ts"];
/** For the two programs only. */
const SHARED = [
  "src/clock.ts",
  "src/late_modules.ts",
  "src/mapping_options.ts",
  "src/printable.ts",
  "src/runtime/",
  "src/version.ts",
];
/** Waits for a promise or a signal; makes a promise that is settled from outside; makes an error an uncaught one. */
const ABORTABLE = ["src/abortable.ts", "src/deferred.ts", "src/report_error.ts"];
const ON_CLOCK = ["src/clock.ts", "src/transport/", "src/wire/"];
/** The base class of all errors of the library. */
const ERROR = ["src/pcp_error.ts"];
const UNDER_CLIENT = [
  ...ABORTABLE,
  ...ERROR,
  "src/check_runtime.ts",
  "src/clock.ts",
  "src/discovery/",
  "src/engine/",
  "src/transport/",
  "src/wire/",
];
/** What a command works with: neither the session, which runs it, nor the parser. */
const UNDER_COMMANDS = [
  "advice",
  "command",
  "command_context",
  "event_words",
  "keep_alive",
  "lease_bar",
  "leftover",
  "read_values",
  "render",
  "repl_client",
  "text",
  "tracked_mapping",
  "usage_error",
  "wait",
];
const ON_SERVER = [...ON_CLOCK, "src/testing/server/"];

const FLOORS: readonly Floor[] = [
  { files: "src/deferred.ts", may: [] },
  { files: "src/report_error.ts", may: [] },
  { files: "src/abortable.ts", may: ["src/deferred.ts"] },
  { files: "src/milliseconds.ts", may: [] },
  { files: "src/clock.ts", may: ["src/milliseconds.ts"] },
  { files: "src/pcp_error.ts", may: [] },
  {
    files: "src/late_modules.ts",
    may: ["client", "discovery", "igd", "testing", "transport"].map((f) => `src/${f}/`),
  },
  { files: "src/printable.ts", may: [] },
  { files: "src/seeded_random.ts", may: [] },
  { files: "src/check_runtime.ts", may: [] },
  { files: "src/runtime/", may: ["src/check_runtime.ts"], packages: ["node:"] },
  { files: "src/version.ts", may: [] },
  { files: "src/mapping_options.ts", may: ["mod.ts"] },
  {
    files: "src/wire/igd/",
    may: ["address", "errors", "protocol_number"].map((file) => `src/wire/${file}.ts`),
  },
  { files: "src/wire/", may: [] },
  {
    files: "src/transport/memory.ts",
    may: ["src/clock.ts", "src/transport/", "src/seeded_random.ts"],
  },
  { files: "src/transport/", may: ["src/clock.ts"], packages: ["node:dgram", "node:net"] },
  { files: "src/engine/", may: ["src/wire/", "src/milliseconds.ts"] },
  { files: "src/igd/", may: ["src/wire/", "src/engine/", "src/milliseconds.ts"] },
  {
    files: "src/discovery/",
    may: [...ERROR, "src/wire/address.ts"],
    packages: ["node:child_process", "node:dns", "node:fs", "node:os"],
  },
  {
    files: "src/client/persistence/",
    may: [
      ...ABORTABLE,
      ...ERROR,
      "src/engine/",
      "src/wire/",
      "src/clock.ts",
      "src/client/errors.ts",
    ],
    packages: ["node:fs"],
  },
  {
    files: "src/client/network/",
    may: [
      ...UNDER_CLIENT,
      "src/igd/",
      ...["discover", "errors", "trace"].map((f) => `src/client/${f}.ts`),
    ],
  },
  {
    files: "src/client/diagnosis/",
    may: [
      ...UNDER_CLIENT,
      "src/client/network/",
      ...["address_kind", "errors", "external_address", "map_handle"].map((f) =>
        `src/client/${f}.ts`
      ),
    ],
  },
  {
    files: "src/client/",
    may: UNDER_CLIENT,
  },
  { files: "src/testing/manual_clock.ts", may: ON_CLOCK },
  { files: "src/testing/faults.ts", may: ON_SERVER },
  { files: "src/testing/host.ts", may: ON_SERVER },
  { files: "src/testing/igd_host.ts", may: ON_SERVER },
  { files: "src/testing/loopback.ts", may: ON_SERVER },
  { files: "src/testing/stream_server.ts", may: ON_CLOCK, packages: ["node:net"] },
  { files: "src/testing/lab.ts", may: [...ON_SERVER, "src/client/"] },
  { files: "src/testing/mod.ts", may: [...ON_SERVER, ...ERROR, "src/client/", "src/engine/"] },
  {
    files: "src/testing/server/igd/",
    may: [
      ...["address", "protocol_number"].map((file) => `src/wire/${file}.ts`),
      ...["counters", "time_queue"].map((file) => `src/testing/server/${file}.ts`),
    ],
  },
  { files: "src/testing/server/", may: ["src/wire/"] },
  { files: "src/testing/random.ts", may: ["src/seeded_random.ts"] },
  {
    files: "src/repl/commands/",
    may: [...PUBLIC, ...ABORTABLE, ...UNDER_COMMANDS.map((file) => `src/repl/${file}.ts`)],
  },
  {
    files: "src/repl/shell.ts",
    may: [...PUBLIC, ...SIMULATOR, "src/repl/", "src/runtime/"],
    packages: ["@std/cli"],
  },
  {
    files: "src/repl/",
    may: [...PUBLIC, ...SHARED, ...ABORTABLE],
    packages: ["@std/cli", "node:fs", "node:readline", "node:stream"],
  },
  {
    files: "rpc/",
    may: [...PUBLIC, ...SHARED, "src/deferred.ts", "src/report_error.ts"],
    packages: ["vscode-jsonrpc", "zod", "node:"],
  },
  { files: "examples/", may: [...PUBLIC, "rpc/mod.ts"], packages: ["vscode-jsonrpc", "node:"] },
  { files: "repl.ts", may: ["src/repl/", "src/runtime/"] },
  {
    files: "mod.ts",
    may: [
      ...ERROR,
      "src/clock.ts",
      ...["wire", "transport", "engine", "discovery", "client"].map((f) => `src/${f}/`),
    ],
  },
];

Deno.test("every file has a floor", async () => {
  assertEquals((await sources()).filter((file) => floorOf(file) === undefined), []);
});

Deno.test("no file imports above its floor", async () => {
  const imports = await listImports(await sources());
  assertEquals(imports.filter((each) => !allowed(each)).map(show), []);
});

Deno.test("allowed() refuses what the floors forbid", () => {
  const refused = [
    ["src/wire/message.ts", "src/clock.ts"],
    ["src/wire/message.ts", "npm:zod@4"],
    ["src/wire/igd/soap.ts", "src/wire/message.ts"],
    ["src/engine/engine.ts", "src/transport/transport.ts"],
    ["src/engine/engine.ts", "src/wire/mod.ts"],
    ["src/client/handle.ts", "src/client/mod.ts"],
    ["src/discovery/gateway.ts", "src/wire/message.ts"],
    ["src/testing/server/simulated_server.ts", "src/clock.ts"],
    ["src/testing/server/igd/http_face.ts", "src/wire/igd/soap.ts"],
    ["src/repl/session.ts", "src/client/handle.ts"],
    ["src/repl/commands/list.ts", "src/repl/session.ts"],
    ["src/repl/commands/list.ts", "src/repl/table.ts"],
    ["rpc/server.ts", "src/wire/address.ts"],
    ["examples/map.ts", "src/client/client.ts"],
  ];
  for (const [from = "", to = ""] of refused) {
    assertEquals([from, to, allowed({ from, to, specifier: to })], [from, to, false]);
  }
});

Deno.test("the simulated server reaches nothing but itself and the wire", async () => {
  const reached = reachable(
    "src/testing/server/simulated_server.ts",
    await listImports(await sources()),
  );
  const strangers = [...reached].filter((file) => !/^src\/(testing\/server|wire)\//.test(file));
  assertEquals(reached.has("src/wire/message.ts"), true);
  assertEquals(strangers, []);
});

Deno.test("the root entry loads no package until discovery", async () => {
  const imports = (await listImports(await sources())).filter((each) => !each.dynamic);
  const reached = reachable("mod.ts", imports.filter((each) => !each.typeOnly));
  assertEquals(reached.has("src/client/client.ts"), true);
  assertEquals([...reached].filter((target) => /^(npm|jsr|node):/.test(target)), []);
});

Deno.test("the root entry loads nothing of UPnP until a gateway needs it (U-1.7)", async () => {
  const imports = (await listImports(await sources())).filter((each) => !each.dynamic);
  const reached = [...reachable("mod.ts", imports.filter((each) => !each.typeOnly))];
  assertEquals(reached.includes("src/client/network/upnp_connection.ts"), true);
  assertEquals(reached.filter((file) => OF_UPNP.test(file)), []);
});

Deno.test("late_modules.ts loads every file that the library or the JSON-RPC server loads late", async () => {
  const imports = (await listImports(await sources())).filter((each) => each.dynamic);
  const late = imports.filter(({ from, to }) =>
    /^(src\/(?!repl|runtime)|rpc\/(?!main))/.test(from) && !/^(npm|jsr|node):/.test(to)
  );
  const targets = (from: RegExp): string[] =>
    [
      ...new Set(late.filter((each) => from.test(each.from)).map(({ to }) => to)),
    ].sort();
  assertEquals(targets(/^src\/late_modules\.ts$/), targets(/^src\//));
  const loaded = targets(/^rpc\/late_modules\.ts$/);
  assertEquals(targets(/^rpc\//).filter((file) => !loaded.includes(file)), []);
});

Deno.test("no circle of imports, type imports and dynamic imports counted", async () => {
  assertEquals(inCircles(await listImports(await sources())), []);
});

Deno.test("inCircles() lists the files of every circle, and no file that only leads to one", () => {
  const imports = ["a b", "b c", "c b", "c d", "e e"].map((pair) => {
    const [from = "", to = ""] = pair.split(" ");
    return { from, to, specifier: to, dynamic: false, typeOnly: true };
  });
  assertEquals(inCircles(imports), ["b", "c", "e"]);
});

const OF_UPNP = /^src\/(igd|wire\/igd)\/|upnp_driver|(node|memory)_stream/;

function sources(): Promise<string[]> {
  // The VS Code extension is a package of its own and imports nothing of this one.
  return listFiles(/^(?!tests\/|links\/|examples\/vscode\/).*\.ts$/);
}

function floorOf(file: string): Floor | undefined {
  return FLOORS.find((floor) => covers(floor.files, file));
}

function allowed({ from, to, specifier }: Pick<Import, "from" | "to" | "specifier">): boolean {
  const floor = floorOf(from);
  if (floor === undefined) return false;
  if (floor.packages?.some((name) => isPackage(name, specifier))) return true;
  if (floor.may.includes(to)) return true;
  if (to.startsWith("src/") && to.endsWith("/mod.ts")) return false;
  const own = from.slice(0, from.lastIndexOf("/") + 1);
  return [...(own === "" ? [] : [own]), ...floor.may].some((path) => covers(path, to));
}

function covers(path: string, file: string): boolean {
  return path.endsWith("/") ? file.startsWith(path) : file === path;
}

/** `node:` stands for every built-in module, another name for the package and what it exports. */
function isPackage(name: string, specifier: string): boolean {
  return specifier === name || specifier.startsWith(name.endsWith(":") ? name : `${name}/`);
}

/** Everything that a file imports, directly or not; the file itself only if it stands in a circle. */
function reachable(
  file: string,
  imports: readonly Import[],
  seen = new Set<string>(),
): Set<string> {
  for (const { from, to } of imports) {
    if (from !== file || seen.has(to)) continue;
    seen.add(to);
    reachable(to, imports, seen);
  }
  return seen;
}

function inCircles(imports: readonly Import[]): string[] {
  const files = [...new Set(imports.map(({ from }) => from))];
  return files.filter((file) => reachable(file, imports).has(file));
}

function show(each: Import): string {
  return `${each.from} imports ${each.specifier}`;
}
