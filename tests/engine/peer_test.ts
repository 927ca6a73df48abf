/** PEER (RFC 6887 section 12). */

import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../src/wire/address.ts";
import { ResultCode } from "../../src/wire/result_code.ts";
import { goldenNonce } from "../helpers/golden.ts";
import { external4, peerSpec } from "../helpers/specs.ts";
import {
  assertGolden,
  goldenBytes,
  granted,
  mapOrPeer,
  scripted,
  Timeline,
} from "../helpers/timeline.ts";

Deno.test("the golden exchange: PEER gives what was assigned (C-12-1, defect 20)", () => {
  const t = new Timeline({ words: scripted(...goldenNonce) });
  const id = t.request(peerSpec());
  assertGolden(t.send().bytes, "peerRequest");
  t.receive(goldenBytes("peerSuccess"));
  assertEquals(t.state(id), { type: "running" });
  const assignment = t.events("granted")[0]?.assignment;
  assertEquals([assignment?.externalAddress, assignment?.externalPort], [external4, 51000]);
});

Deno.test("a suggestion that cannot be honoured ends it: the flow is not to be restored (C-12-3)", () => {
  const t = new Timeline();
  const id = t.request(peerSpec({ externalPort: 80 }));
  t.refuse(id, ResultCode.CannotProvideExternal, 30).takeSends();
  assertEquals(t.state(id), { type: "error", code: 11, name: "CANNOT_PROVIDE_EXTERNAL" });
  t.silentUntil(10_000_000);
});

Deno.test("any returned tuple is accepted, whatever was suggested (C-12-4)", () => {
  const { t, id } = granted(peerSpec({ externalPort: 80 }), { externalPort: 33333 });
  assertEquals(t.state(id), { type: "running" });
  assertEquals(t.events("granted")[0]?.assignment.externalPort, 33333);
});

Deno.test("a longer lifetime than requested is obeyed and reported (C-12-5, C-12-7)", () => {
  const { t } = granted(peerSpec({ lifetime: 1 }), { lifetime: 7440 });
  assertEquals(t.events("granted")[0]?.assignment.lifetime, 7440);
  assert(t.nextSend().at >= 3_720_000);
});

Deno.test("a flow that is managed under another nonce is held for its remaining life (C-12-6)", () => {
  const t = new Timeline();
  const id = t.request(peerSpec());
  t.refuse(id, ResultCode.NotAuthorized, 500).takeSends();
  t.silentUntil(499_999).at(500_000).send();
});

Deno.test("after a restart the old tuple is suggested (C-12-8, C-12.1-2)", () => {
  const { t } = granted(peerSpec(), { externalPort: 33333 });
  t.at(100_000).announce(0).at(105_000);
  const [{ request } = t.nextSend()] = t.takeSends();
  const { externalPort, externalAddress } = mapOrPeer(request);
  assertEquals([externalPort, externalAddress], [33333, external4]);
});

Deno.test("flows of one port to two peers are two mappings (C-12.4-1, defect 20)", () => {
  const t = new Timeline();
  const one = t.request(peerSpec());
  const other = t.request(peerSpec({ remoteAddress: IpAddress.parse("198.51.100.8") }));
  t.answer(other, { externalPort: 2 }).answer(one, { externalPort: 1 });
  const ports = t.events("granted").map(({ id, assignment }) => [id, assignment.externalPort]);
  assertEquals(ports, [[other, 2], [one, 1]]);
});

Deno.test("a PEER mapping that is not renewed expires (C-12-10)", () => {
  const { t, id } = granted(peerSpec(), { lifetime: 60 }, { lifetimes: 1 });
  t.silentUntil(60_000);
  assertEquals(t.state(id), { type: "expired" });
});
