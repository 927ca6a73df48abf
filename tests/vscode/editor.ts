import type { Installed } from "./install.ts";

/** A running code-server: VS Code, served to a browser. */
export interface Editor {
  /** The address of a folder, for the browser. */
  address(folder: string): string;
  /** Changes settings of the user. Returns the title of windows that are opened or reloaded from now on. */
  configure(settings: Record<string, unknown>): Promise<string>;
}

/** Starts code-server with an extension, with its state in the folder `home`. */
export async function startEditor(
  { node, codeServer }: Installed,
  extension: string,
  home: string,
  env: Record<string, string>,
): Promise<Editor> {
  const environment = { ...env, HOME: home, SHELL: "/bin/bash" };
  const args = [codeServer, "--install-extension", extension];
  const { success, stderr } = await new Deno.Command(node, {
    args,
    env: environment,
    clearEnv: true,
  }).output();
  if (!success) {
    throw new Error(`Cannot install the extension: ${new TextDecoder().decode(stderr)}`);
  }

  const user = `${home}/.local/share/code-server/User`;
  await Deno.mkdir(user, { recursive: true });
  let settings: Record<string, unknown> = { ...SETTINGS };
  let changes = 0;
  const configure = async (more: Record<string, unknown>): Promise<string> => {
    const title = `portcontrol ${++changes}`;
    settings = { ...settings, ...more, "window.title": title };
    await Deno.writeTextFile(`${user}/settings.json`, JSON.stringify(settings, null, 2));
    return title;
  };
  // Pictures show no user and no path.
  await Deno.writeTextFile(`${home}/.bashrc`, "PS1='$ '\n");
  // The editor reads PATH from a login shell, which does not keep the one it was started with.
  await Deno.writeTextFile(`${home}/.profile`, `export PATH=${JSON.stringify(env.PATH)}\n`);

  const child = new Deno.Command(node, {
    args: [codeServer, "--bind-addr", "127.0.0.1:0", ...OPTIONS],
    env: environment,
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const origin = await originOf(child.stdout);
  return {
    address: (folder) => `${origin}?folder=${encodeURIComponent(folder)}`,
    configure,
  };
}

/** Reads the output up to the line with the address, and drops the rest. */
async function originOf(output: ReadableStream<Uint8Array>): Promise<string> {
  const reader = output.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Cannot start code-server: ${printed}`);
    printed += value;
    const found = /listening on (http:\/\/\S+)/.exec(printed);
    if (found?.[1] === undefined) continue;
    (async () => {
      while (!(await reader.read()).done);
    })().catch(() => {}); // it ends with the process
    return found[1].endsWith("/") ? found[1] : `${found[1]}/`;
  }
}

const OPTIONS = [
  "--auth=none",
  "--disable-telemetry",
  "--disable-update-check",
  "--disable-getting-started-override",
];

/** Nothing opens by itself, and the terminal has its text in the page. */
const SETTINGS = {
  "security.workspace.trust.enabled": false,
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "editor.minimap.enabled": false,
  "[Log]": { "editor.wordWrap": "off" },
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "chat.disableAIFeatures": true,
  "terminal.integrated.gpuAcceleration": "off",
  "terminal.integrated.tabs.hideCondition": "never",
  "telemetry.telemetryLevel": "off",
};
