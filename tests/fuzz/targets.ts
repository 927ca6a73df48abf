import { client } from "./client_target.ts";
import { engine } from "./engine_target.ts";
import { framing } from "./framing_target.ts";
import { igd } from "./igd_machine_target.ts";
import { http, soap, ssdp, xml } from "./igd_targets.ts";
import { labWorld } from "./lab_target.ts";
import { repl } from "./repl_target.ts";
import { rpcLimits } from "./rpc_limits_target.ts";
import { rpc } from "./rpc_target.ts";
import { state } from "./state_target.ts";
import type { Target } from "./target.ts";
import { codec, decoders } from "./wire_targets.ts";
import { world } from "./world_target.ts";

/** All fuzz targets. */
export const TARGETS: readonly Target[] = [
  codec,
  decoders,
  ssdp,
  http,
  xml,
  soap,
  igd,
  engine,
  world,
  labWorld,
  client,
  framing,
  rpc,
  rpcLimits,
  repl,
  state,
];
