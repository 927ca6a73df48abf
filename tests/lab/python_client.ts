import { CommandProcess } from "./command_process.ts";
import type { Router } from "./router.ts";

/** A command for rpc_agent.py. */
export type PythonCommand =
  | { do: "inbound"; name: string; port: number; protocol: string; lifetime: number }
  | {
    do: "outbound";
    name: string;
    port: number;
    protocol: string;
    lifetime: number;
    remoteAddress: string;
    remotePort: number;
  }
  | { do: "renew"; name: string; lifetime: number }
  | { do: "ready" | "revoke" | "get"; name: string }
  | { do: "announce" | "externalAddress" | "diagnose" | "discover" };

/** Python on the inside host, with the server of this repository under the Deno that runs this test. */
export class PythonClient extends CommandProcess<PythonCommand> {
  constructor(lab: Router) {
    super(lab.inside([
      "env",
      `PCP_RPC_COMMAND='${Deno.execPath()}' run -A '${ROOT}rpc/main.ts'`,
      "python3",
      `${ROOT}tests/lab/rpc_agent.py`,
    ]));
  }
}

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);
