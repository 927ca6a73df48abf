/**
 * `deno task record`: runs a session of the prompt in a real terminal (tmux) and draws what the terminal shows, colours
 * included, as a picture: docs/pictures/prompt.svg.
 */

// deno-lint-ignore-file no-console -- a command line tool
import { ROOT } from "./repository.ts";

const COLUMNS = 92;
const ROWS = 44;

/** Each line that is typed, and what the terminal shows when it is done. */
const SESSION: readonly (readonly [string, RegExp])[] = [
  ["map 6000/tcp --keep-alive", /\[1\]> $/],
  ["map 5353/udp --external-port 5353 --lifetime 600", /\[2\]> $/],
  ["js gateway.changeExternalAddress('203.0.113.9')", /mapping 2.*reached at[^]*\[2\]> $/],
  ["list", /\[2\]> $/],
  ["show 1", /history[^]*\[2\]> $/],
  ["revoke 5353/udp", /\[1\]> $/],
  ["mpa 6000", /did you mean[^]*\[1\]> $/],
];

async function main(): Promise<number> {
  const socket = `pcp-record-${Deno.pid}`;
  const tmux = (...args: string[]): Promise<string> =>
    run("tmux", ["-u", "-L", socket, "-f", "/dev/null", ...args]);
  const state = await Deno.makeTempDir();
  const program = `"${Deno.execPath()}" run -A --quiet repl.ts --simulate`;
  try {
    await tmux(
      "new-session",
      "-d",
      "-x",
      String(COLUMNS),
      "-y",
      String(ROWS),
      "-e",
      `XDG_STATE_HOME=${state}`,
      "-e",
      "NO_COLOR=",
      "-e",
      "LANG=C.UTF-8",
      "-c",
      new URL(ROOT).pathname,
      program,
    );
    const shown = async (pattern: RegExp): Promise<void> => {
      const end = performance.now() + 20_000;
      for (;;) {
        const screen = (await tmux("capture-pane", "-p", "-J")).trimEnd();
        if (pattern.test(`${screen} `)) return;
        if (performance.now() > end) {
          throw new Error(`The terminal does not show ${pattern}:\n${screen}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await shown(/\[0\]> $/);
    for (const [line, pattern] of SESSION) {
      await tmux("send-keys", "-l", line);
      await shown(new RegExp(`${RegExp.escape(line)} $`));
      await tmux("send-keys", "Enter");
      await shown(new RegExp(`${RegExp.escape(line)}\\n[^]*${pattern.source}`));
    }
    const picture = draw((await tmux("capture-pane", "-p", "-e")).trimEnd().split("\n"));
    await Deno.writeTextFile(new URL("docs/pictures/prompt.svg", ROOT), picture);
    console.log(`docs/pictures/prompt.svg: ${picture.length} characters`);
    return 0;
  } finally {
    await tmux("kill-server").catch(() => {
      // The server ended together with its program.
    });
    await Deno.remove(state, { recursive: true });
  }
}

/** Lines with colours as SVG. */
export function draw(lines: readonly string[]): string {
  const width = COLUMNS * CELL.width + 2 * MARGIN;
  const height = lines.length * CELL.height + 2 * MARGIN;
  const rows = lines.map((line, index) => {
    const y = MARGIN + index * CELL.height + CELL.baseline;
    return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${spansOf(line).join("")}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    "<title>A session of the prompt, recorded in a terminal</title>",
    `<rect width="100%" height="100%" rx="6" fill="${COLOURS.background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="${COLOURS.text}">`,
    ...rows,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** The pieces of a line, each in its colour. `textLength` keeps the columns whatever the font. */
function spansOf(line: string): string[] {
  let style = "";
  let bold = false;
  const spans: string[] = [];
  // Text and colour codes alternate.
  for (const [index, part] of line.split(SGR).entries()) {
    if (index % 2 === 0) {
      if (part === "") continue;
      const length = [...part].length * CELL.width;
      const weight = bold ? ' font-weight="bold"' : "";
      spans.push(`<tspan textLength="${length}"${weight}${style}>${escape(part)}</tspan>`);
      continue;
    }
    for (const code of part === "" ? [0] : part.split(";").map(Number)) {
      if (code === 0) [style, bold] = ["", false];
      if (code === 1) bold = true;
      if (code === 2) style = ' opacity="0.6"';
      if (code === 39) style = "";
      const colour = COLOURS[code];
      if (colour !== undefined) style = ` fill="${colour}"`;
    }
  }
  return spans;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (!success) throw new Error(`Cannot run "${program}": ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const CELL = { width: 8.4, height: 19, baseline: 14 };
const MARGIN = 14;

/** By SGR code; the colours of VS Code's dark terminal. */
const COLOURS: Readonly<Record<string | number, string>> = {
  background: "#1e1e1e",
  text: "#cccccc",
  31: "#f14c4c",
  32: "#23d18b",
  33: "#f5f543",
  36: "#29b8db",
};

// deno-lint-ignore no-control-regex -- colour codes
const SGR = /\x1b\[([0-9;]*)m/;

if (import.meta.main) Deno.exit(await main());
