import { nodeNetwork } from "../../src/transport/node.ts";
import { endToEnd } from "./scenarios.ts";

endToEnd(nodeNetwork);
