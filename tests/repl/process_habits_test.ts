/** The command line among other programs: full disks, nohup, signals. */

import { assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../tools/repository.ts";

const COMMAND = `${Deno.execPath()} run -A --no-check --quiet repl.ts`;

function shell(script: string): Promise<Deno.CommandOutput> {
  return new Deno.Command("bash", { args: ["-c", script], cwd: ROOT }).output();
}

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "a full disk on standard output is reported once, and the port is kept (K-6)",
  ignore: !isLinux,
  fn: async () => {
    const { code, stderr } = await shell(
      `${COMMAND} map 6000 -k --json --simulate --lifetime 4 >/dev/full & sleep 6; kill -INT $!; wait $!`,
    );
    const text = new TextDecoder().decode(stderr);
    assertMatch(text, /^Cannot write to standard output, going on without: .*\n$/);
    assertEquals(code, 1);
  },
});

Deno.test({
  name: "a one-shot whose result cannot be written fails (K-6)",
  ignore: !isLinux,
  fn: async () => {
    const { code, stderr } = await shell(`${COMMAND} map 6000 --json --simulate >/dev/full`);
    assertMatch(new TextDecoder().decode(stderr), /^Cannot write to standard output/);
    assertEquals(code, 1);
  },
});

Deno.test({
  name: "under nohup SIGHUP stays ignored; otherwise it ends the command (K-7)",
  ignore: !isLinux,
  fn: async () => {
    const hangUp = (prefix: string): string =>
      `coproc ${prefix} ${COMMAND} map 6000 -k --simulate 2>&1; read -u \${COPROC[0]} line; echo "$line"
       pid=$COPROC_PID; kill -HUP $pid; sleep 1; kill -0 $pid 2>/dev/null && echo alive; kill -TERM $pid 2>/dev/null; true`;
    const text = async (prefix: string): Promise<string> =>
      new TextDecoder().decode((await shell(hangUp(prefix))).stdout);
    assertEquals((await text("")).includes("alive"), false);
    assertEquals((await text("nohup")).includes("alive"), true);
  },
});
