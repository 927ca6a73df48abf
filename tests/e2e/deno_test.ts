import { denoNetwork } from "../../src/transport/deno.ts";
import { endToEnd } from "./scenarios.ts";

endToEnd(denoNetwork);
