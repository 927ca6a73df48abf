/** The prompt on a real pseudo-terminal. */

// deno-lint-ignore-file no-control-regex -- what a terminal is sent

import { assertEquals, assertMatch } from "@std/assert";
import { Terminal, type TerminalOptions } from "./terminal.ts";

interface Prompt extends AsyncDisposable {
  readonly terminal: Terminal;
  readonly folder: string;
}

/** A prompt connected to the simulated gateway, ready for its first line. */
async function startPrompt(options: TerminalOptions & { folder?: string } = {}): Promise<Prompt> {
  const folder = options.folder ?? await Deno.makeTempDir();
  const terminal = Terminal.start({
    ...options,
    args: ["--simulate", ...options.args ?? []],
    env: { XDG_STATE_HOME: folder, ...options.env },
  });
  await terminal.expect("[0]> ");
  return {
    terminal,
    folder,
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      if (options.folder === undefined) await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Text without control sequences. */
function visible(text: string): string {
  return text.replace(/\x1b\][^\x07]*\x07|\x1b\[[?0-9;]*[A-Za-z]/g, "");
}

/** The marks of OSC 633 in order. */
function marks(text: string): string[] {
  return Array.from(text.matchAll(/\x1b\]633;([^\x07]*)\x07/g), ([, mark = ""]) => mark);
}

Deno.test("typing a command shows its result and a new prompt with the number of mappings", async () => {
  await using prompt = await startPrompt();
  const { terminal } = prompt;
  await terminal.type("map 6000/tcp --keep-alive\r");
  const shown = visible(await terminal.expect("[1]> ")).split("\r\n");
  assertEquals(shown.slice(0, 2), ["map 6000/tcp --keep-alive\r", "203.0.113.5:6000"]);
  assertMatch(shown[2] ?? "", /^mapping 1: tcp 6000, granted for 1 h, until .*renewed from/);
  assertEquals(shown[3], "pcp simulated [1]> ");
  await terminal.type("exit\r");
  const { exitCode, output } = await terminal.end();
  assertEquals(exitCode, 0);
  assertMatch(output, /Released mapping 1 \(tcp 6000 at 203\.0\.113\.5:6000\)/);
});

Deno.test("Tab completes commands, options and ids", async () => {
  await using prompt = await startPrompt();
  const { terminal } = prompt;
  // Written piece by piece: text written at once is a paste, and a tab in it a blank.
  for (
    const [keys, shown] of [["ma\t", "map "], ["6000/t\t", "6000/tcp "], [
      "--keep\t",
      "--keep-alive ",
    ]]
  ) {
    await terminal.type(keys ?? "");
    await terminal.expect(shown ?? "");
  }
  await terminal.type("\r");
  await terminal.expect("[1]> ");
  for (const [keys, shown] of [["rev\t", "revoke "], ["a\t", "all "]]) {
    await terminal.type(keys ?? "");
    await terminal.expect(shown ?? "");
  }
  await terminal.type("\x15sho\t");
  await terminal.expect("show ");
  await terminal.type("\t");
  await terminal.expect("1 ");
  await terminal.type("\r");
  await terminal.expect(/internal.*tcp 6000/);
});

Deno.test("history lasts across runs, in a file that only its owner can read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      await using first = await startPrompt({ folder });
      await first.terminal.type("list\rhelp trace\r secret\r");
      await first.terminal.expect(/secret.*> /);
      await first.terminal.type("\x04");
      assertEquals((await first.terminal.end()).exitCode, 0);
    }
    const file = `${folder}/pcp/history`;
    assertEquals(await Deno.readTextFile(file), "list\nhelp trace\n");
    assertEquals((await Deno.stat(file)).mode ?? 0 & 0o777, 0o100600);
    await using second = await startPrompt({ folder });
    await second.terminal.type("\x1b[A\x1b[A\r");
    await second.terminal.expect("No mappings");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a state folder that cannot be written is ignored", async () => {
  await using prompt = await startPrompt({ env: { XDG_STATE_HOME: "/proc/no" } });
  await prompt.terminal.type("list\r");
  const shown = await prompt.terminal.expect(/No mappings.*> /);
  assertEquals(/error|denied|proc/i.test(shown), false);
});

Deno.test("an alert is printed above the line being typed, which is drawn again", async () => {
  await using prompt = await startPrompt();
  const { terminal } = prompt;
  await terminal.type("map 6000/tcp -k\r");
  await terminal.expect("[1]> ");
  await terminal.type(
    "js void setTimeout(() => gateway.changeExternalAddress('203.0.113.9'), 400)\r",
  );
  await terminal.expect("[1]> ");
  await terminal.type("lis");
  const shown = visible(await terminal.expect(/reached at 203\.0\.113\.9:6000.*\]> lis/));
  assertMatch(
    shown,
    /lis\r.*mapping 1 \(tcp 6000\) is reached at .*\r\npcp simulated \[1\]> lis$/s,
  );
  await terminal.type("t\r");
  await terminal.expect(/203\.0\.113\.9:6000 +.*running/);
});

Deno.test("an alert is printed above a line of several rows", async () => {
  await using prompt = await startPrompt({ columns: 30 });
  const { terminal } = prompt;
  await terminal.type("map 6000/tcp -k\r");
  await terminal.expect("[1]> ");
  await terminal.type(
    "js void setTimeout(() => gateway.changeExternalAddress('203.0.113.9'), 400)\r",
  );
  await terminal.expect("[1]> ");
  const long = "revoke 11111111112222222222333333333344444444445555555555";
  await terminal.type(long);
  const shown = await terminal.expect(/203\.0\.113\.9:6000.*5555555555/);
  // Two rows up to the start of the line, the alert, the whole line.
  assertMatch(shown, /\x1b\[2A\r\x1b\[J.*reached at.*\r\n\x1b\[1G\x1b\[0J/s);
  assertEquals(visible(shown).endsWith(`pcp simulated [1]> ${long}`), true);
});

Deno.test("Ctrl-C cancels a command that waits and the prompt comes back", async () => {
  await using prompt = await startPrompt();
  const { terminal } = prompt;
  await terminal.type("js gateway.server.silent = true\r");
  await terminal.expect("[0]> ");
  await terminal.type("map 6000 -k\r");
  await terminal.expect(/asking \(sent 2 times\)/);
  await terminal.type("\x03");
  assertMatch(
    visible(await terminal.expect(/Cancelled.*> /)),
    /Cancelled\r\npcp simulated \[\d\]> $/,
  );
  await terminal.type("js gateway.server.silent = false\r");
  await terminal.expect("false");
  await terminal.type("\x04");
  assertEquals((await terminal.end()).exitCode, 0);
});

Deno.test("Ctrl-C clears a line, the next one asks with the number of ports, the next one leaves (K-9)", async () => {
  await using prompt = await startPrompt();
  const { terminal } = prompt;
  await terminal.type("map 6000/tcp+udp -k\r");
  await terminal.expect("[2]> ");
  await terminal.type("rubbish\x03");
  const shown = visible(await terminal.expect(/\^C.*\]> /));
  assertMatch(shown, /rubbish\^C\r\npcp simulated \[2\]> $/s);
  await terminal.type("\x03");
  await terminal.expect(/Press Ctrl-C again to close 2 ports and leave.*\]> /);
  await terminal.type("list\r"); // any key takes the question back
  await terminal.expect(/running.*\]> /);
  await terminal.type("\x03");
  await terminal.expect("Press Ctrl-C again");
  await terminal.type("\x03");
  const { exitCode, output } = await terminal.end();
  assertEquals(exitCode, 0);
  assertMatch(output, /Released mapping 1.*Released mapping 2/s);
});

Deno.test("? is help, q and quit leave (K-8)", async () => {
  for (const [index, word] of ["q", "quit"].entries()) {
    await using prompt = await startPrompt();
    await prompt.terminal.type(index === 0 ? "?\r" : "? revoke\r");
    await prompt.terminal.expect(index === 0 ? /discover +the gateways/ : /Examples.*revoke all/);
    await prompt.terminal.type(`${word}\r`);
    assertEquals((await prompt.terminal.end()).exitCode, 0);
  }
});

Deno.test("Ctrl-R searches the history, older ones with each press (K-8)", async () => {
  await using prompt = await startPrompt();
  const { terminal } = prompt;
  for (const line of ["help trace", "list --json", "help watch"]) {
    await terminal.type(`${line}\r`);
    await terminal.expect("[0]> ");
  }
  await terminal.type("half\x12");
  await terminal.type("help");
  await terminal.expect(/search "help".* help watch/);
  await terminal.type("\x12");
  await terminal.expect(/search "help".* help trace/);
  await terminal.type("zzz");
  await terminal.expect(/no line has "helpzzz"/);
  await terminal.type("\x7f\x7f\x7f");
  await terminal.expect(/search "help".* help watch/);
  await terminal.type("\r");
  await terminal.expect(/Examples.*watch --timeout 10.*\]> /);
  await terminal.type("half\x12list\x07"); // Ctrl-G takes the line back
  await terminal.expect(/\]> half/);
  await terminal.type("\x03\x12list\x1b");
  await terminal.expect(/\]> list --json/);
});

Deno.test({
  name: "Ctrl-Z stops the prompt as any program in a shell, and fg continues it (K-8)",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    await using terminal = Terminal.start({
      program: ["bash", "--norc", "-i"],
      env: { XDG_STATE_HOME: folder },
    });
    await terminal.type("PS1='shell''$ '\r");
    await terminal.expect("shell$ ");
    await terminal.type(`${Deno.execPath()} run -A --no-check repl.ts --simulate\r`);
    await terminal.expect("[0]> ");
    await terminal.type("map 6000 -k\r");
    await terminal.expect("[1]> ");
    await terminal.type("lis\x1a");
    await terminal.expect(/Stopped.*shell\$ /);
    await terminal.type("echo $((6 * 7))\r"); // the shell has the terminal, with its echo
    await terminal.expect(/42\r\n.*shell\$ /);
    await terminal.type("fg\r");
    await terminal.expect("[1]> lis");
    await terminal.type("t\r");
    await terminal.expect(/203\.0\.113\.5:6000 .*running.*\]> /);
    await terminal.type("exit\r");
    await terminal.expect(/Released mapping 1.*shell\$ /);
    await terminal.type("exit\r");
    await terminal.end();
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("Ctrl-D exits and releases every mapping", async () => {
  await using prompt = await startPrompt();
  await prompt.terminal.type("map 6000/tcp -k\r");
  await prompt.terminal.expect("[1]> ");
  await prompt.terminal.type("\x04");
  const { exitCode, output } = await prompt.terminal.end();
  assertEquals(exitCode, 0);
  assertMatch(output, /Released mapping 1/);
});

Deno.test("lines typed or pasted while a command runs are run after it", async () => {
  await using prompt = await startPrompt();
  await prompt.terminal.type("map 6000/tcp -k\rmap 6001/udp\rrevoke 1\r");
  const shown = visible(await prompt.terminal.expect(/Deleted mapping 1.*\[1\]> /));
  assertMatch(shown, /\[1\]> map 6001\/udp\r\n203.*\[2\]> revoke 1\r\nDeleted mapping 1/s);
});

Deno.test("the spinner and watch are replaced in place, and drawn again after a resize", async () => {
  await using prompt = await startPrompt({ columns: 100 });
  const { terminal } = prompt;
  await terminal.type("map 6000/tcp -k\r");
  await terminal.expect("[1]> ");
  await terminal.type("watch\r");
  await terminal.expect(/running.*Ctrl-C ends watching/);
  await terminal.resize(30, 40);
  // Four lines, three of which the narrower terminal has wrapped to two rows each.
  await terminal.expect(/\x1b\[7A\r\x1b\[J/);
  const narrow = visible(await terminal.expect("ends watching"));
  for (const line of narrow.split("\r\n")) assertEquals(line.length <= 40, true, line);
  await terminal.type("\x03");
  const after = await terminal.expect("[1]> ");
  assertEquals(after.includes("\x1b[?1049"), false);
  await terminal.type("list\r");
  const table = visible(await terminal.expect(/EXTERNAL.*\]> |EXT….*\]> /));
  for (const line of table.split("\r\n").slice(1)) assertEquals(line.length <= 40, true, line);
});

Deno.test("a pasted line of 100 kB is refused in one line, and the next one works", async () => {
  await using prompt = await startPrompt();
  await prompt.terminal.type(`${"x".repeat(100_000)}\r`);
  await prompt.terminal.expect("it is longer than 4096 characters");
  await prompt.terminal.type("list\r");
  await prompt.terminal.expect("No mappings");
});

Deno.test("closing the terminal, or SIGTERM, ends the program", async () => {
  await using closed = await startPrompt();
  await closed.terminal.type("map 6000/tcp -k\r");
  await closed.terminal.expect("[1]> ");
  await closed.terminal.hangUp();
  assertEquals((await closed.terminal.end()).exitCode, 0);
  await using ended = await startPrompt();
  await ended.terminal.type("map 6000/tcp -k\r");
  await ended.terminal.expect("[1]> ");
  await ended.terminal.signal(15);
  const { exitCode, output } = await ended.terminal.end();
  assertEquals(exitCode, 0);
  assertMatch(output, /Released mapping 1/);
});

Deno.test("in VS Code every command has its marks, complete and in order", async () => {
  await using prompt = await startPrompt({ env: { TERM_PROGRAM: "vscode" } });
  const { terminal } = prompt;
  let all = "";
  const commands: [string, string][] = [
    ["list", "0"],
    ["mpa; \\", "2"],
    ["revoke 7", "1"],
    ["map 6000/tcp -k", "0"],
  ];
  for (const [line] of commands) {
    await terminal.type(`${line}\r`);
    all += await terminal.expect(/633;D;\d\x07.*\]> \x1b\]633;B\x07.*\]> /);
  }
  // The first output begins with the B of the first prompt.
  assertEquals(marks(all), [
    "B",
    ...commands.flatMap(([line, code]) => {
      const text = line.replaceAll("\\", "\\\\").replaceAll(";", "\\x3b");
      return [`E;${text}`, "C", `D;${code}`, "A", "B"];
    }),
  ]);
  await terminal.type("\r");
  assertEquals(marks(await terminal.expect(/633;B\x07.*\]> /)), ["D", "A", "B"]);
  await terminal.type("exit\r");
  const { output } = await terminal.end();
  assertEquals(marks(output), ["E;exit", "C", "D;0"]);
});

Deno.test("in VS Code an alert ends the line being typed, and a new prompt begins", async () => {
  await using prompt = await startPrompt({ env: { TERM_PROGRAM: "vscode" } });
  const { terminal } = prompt;
  await terminal.type("map 6000/tcp -k\r");
  await terminal.expect(/633;D;0\x07.*\]> \x1b\]633;B\x07.*\]> /);
  await terminal.type("js void setTimeout(() => handle.mappings[0].renew(7200), 100)\r");
  await terminal.expect(/633;D;0\x07.*\]> \x1b\]633;B\x07.*\]> /);
  await terminal.type("lis");
  const alert = await terminal.expect(/granted for 2 h.*\]> \x1b\]633;B\x07.*\]> lis/);
  assertEquals(marks(alert), ["C", "A", "B"]);
  await terminal.type("t\r");
  assertEquals(marks(await terminal.expect(/633;D;0/)).slice(0, 2), ["E;list", "C"]);
});

Deno.test("in VS Code the folder is sent first, and progress while a command waits", async () => {
  const folder = await Deno.makeTempDir();
  await using terminal = Terminal.start({
    args: ["--simulate"],
    env: { TERM_PROGRAM: "vscode", XDG_STATE_HOME: folder },
  });
  const start = await terminal.expect("[0]> ");
  assertMatch(marks(start)[0] ?? "", /^P;Cwd=\//);
  assertEquals(marks(start).slice(1), ["A"]);
  await terminal.type("js gateway.server.silent = true\r");
  await terminal.expect(/D;0.*\]> /);
  await terminal.type("announce --timeout 1\r");
  const waiting = await terminal.expect(/D;1/);
  assertMatch(waiting, /\x1b\]9;4;3;0\x07.*\x1b\]9;4;0;0\x07/s);
  await terminal.type("\x04");
  await terminal.end();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("with NO_COLOR nothing is coloured or marked, and lines can still be edited", async () => {
  await using prompt = await startPrompt({ env: { NO_COLOR: "1", TERM_PROGRAM: "vscode" } });
  const { terminal } = prompt;
  await terminal.type("map 6001/tcp -k\x1b[D\x1b[D\x1b[D");
  await terminal.type("\x1b[D\x1b[D\x1b[D\x1b[D\x7f0\r");
  const shown = await terminal.expect(/203\.0\.113\.5:6000.*\[1\]> /);
  assertEquals(/\x1b\[[0-9;]*m|\x1b\]/.test(shown), false);
});

Deno.test("a dumb terminal gets plain lines", async () => {
  const folder = await Deno.makeTempDir();
  await using terminal = Terminal.start({
    args: ["--simulate"],
    env: { TERM: "dumb", TERM_PROGRAM: "vscode", XDG_STATE_HOME: folder },
  });
  await terminal.expect("pcp> ");
  await terminal.type("map 6000/tcp -k\n");
  const shown = await terminal.expect("[1]> ");
  assertEquals(shown.includes("\x1b"), false);
  assertMatch(shown, /203\.0\.113\.5:6000\r\n/);
  await terminal.type("mpa\n");
  await terminal.expect(/Unknown command "mpa".*\[1\]> /);
  await terminal.type("\x04");
  const { exitCode, output } = await terminal.end();
  assertEquals([exitCode, output.includes("\x1b")], [0, false]);
  assertMatch(output, /Released mapping 1/);
  await Deno.remove(folder, { recursive: true });
});
