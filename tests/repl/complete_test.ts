import { assertEquals } from "@std/assert";
import { complete } from "../../src/repl/complete.ts";

const CONTEXT = {
  ids: [1, 12],
  gateways: () => Promise.resolve(["192.168.1.1", "fe80::1%eth0"]),
  clients: () => Promise.resolve(["192.168.1.20"]),
  names: ["handle", "mappings", "InboundMap"],
  valueOf: (name: string): unknown =>
    (({
      handle: { stats: () => ({}), mappings: [{ renew() {}, id: 1 }] },
      text: "",
    }) as Record<string, unknown>)[name],
  files: (word: string): Promise<string[]> =>
    Promise.resolve(["ports.json ", "private/"].filter((name) => name.startsWith(word))),
};

Deno.test("complete() offers commands, options, ids, gateways, protocols and names", async () => {
  const cases: [string, string[]][] = [
    ["re", ["renew ", "revoke "]],
    ["  dis", ["discover ", "disconnect "]],
    ["help ext", ["external "]],
    ["show ", ["1 ", "12 "]],
    ["revoke a", ["all "]],
    ["renew 1", ["1 ", "12 "]],
    ["renew 1 ", []],
    ["trace o", ["on ", "off "]],
    ["map 6000/t", ["6000/tcp "]],
    ["map 6000 --keep", ["--keep-alive "]],
    ["list --keep", []],
    ["map 6000 --json --js", []],
    ["--si", ["--simulate "]],
    ["simulate up", ["upnp "]],
    ["--simulate dis", ["discover ", "disconnect "]],
    ["announce --server 19", ["192.168.1.1 "]],
    ["--server fe", ["fe80::1%eth0 "]],
    ["connect ", ["192.168.1.20 "]],
    ["connect 192.168.1.20 ", ["192.168.1.1 ", "fe80::1%eth0 "]],
    ["connect --port 5351 192.168.1.20 1", ["192.168.1.1 "]],
    ["js await handle.request(new Inb", ["InboundMap"]],
    ["js handle.", ["mappings", "stats"]],
    ["js await handle.st", ["stats"]],
    ["js handle.mappings[0].re", ["renew"]],
    ["js handle.nothing.re", []],
    ["js f(text.trimE", ["trimEnd"]],
    ["list --state p", ["ports.json ", "private/"]],
    ["map 6000 6001/u", ["6001/udp ", "6001/udplite "]],
    ["? ext", ["external "]],
    ["completions b", ["bash "]],
    ["nonsense x", []],
  ];
  for (const [line, candidates] of cases) {
    assertEquals((await complete(line, CONTEXT)).candidates, candidates, line);
  }
});

Deno.test("complete() returns the word that the candidates replace", async () => {
  assertEquals((await complete("map 6000 --keep", CONTEXT)).word, "--keep");
  assertEquals((await complete("js new Inb", CONTEXT)).word, "Inb");
  assertEquals((await complete("js handle.st", CONTEXT)).word, "st");
});
