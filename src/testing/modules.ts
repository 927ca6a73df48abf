/** What the simulated server needs at once besides the library: `src/modules.ts` tells why it is listed. */

import "./agenda.ts";
import "./counters.ts";
import "./heap.ts";
import "./host.ts";
import "./server.ts";
import "./server_answer.ts";
import "./server_map.ts";
import "./server_mapping.ts";
import "./server_natpmp.ts";
import "./server_news.ts";
import "./server_observer.ts";
import "./server_option_rules.ts";
import "./server_options.ts";
import "./server_peer.ts";
import "./server_reply.ts";
import "./server_responder.ts";
import "./server_script.ts";
import "./server_table.ts";
import "./server_validate.ts";
import "./server_violations.ts";
