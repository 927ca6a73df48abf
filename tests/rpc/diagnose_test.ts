import { assertEquals } from "@std/assert";
import { ClientDiagnoseRequest, MappingReadyRequest, MappingRequest } from "../../rpc/mod.ts";
import {
  diagnosis as diagnosisSchema,
  mapping as mappingSchema,
} from "../../rpc/result_schemas.ts";
import { RpcHarness } from "./harness.ts";

Deno.test("client/diagnose answers what its schema says, and leaves no mapping", async () => {
  await using harness = await RpcHarness.withClient({ externalAddress: "100.64.0.9" });
  const diagnosis = await harness.settled(
    harness.rpc.sendRequest(ClientDiagnoseRequest, { clientId: 1 }),
  );
  assertEquals(diagnosisSchema().parse(diagnosis), diagnosis);
  assertEquals([diagnosis.ok, diagnosis.protocol, diagnosis.addressKind], [false, "PCP", "shared"]);
  assertEquals(diagnosis.findings.map(({ code }) => code), [
    "pcp",
    "carrierNat",
    "upSince",
    "hears",
  ]);
  assertEquals(harness.host.server.mappings.size, 0);
});

Deno.test("the mapping behind a private address has globallyReachable false, as the schema says", async () => {
  await using harness = await RpcHarness.withClient({ externalAddress: "10.0.0.9" });
  await harness.rpc.sendRequest(MappingRequest, {
    clientId: 1,
    kind: "inbound",
    internalPort: 6000,
    lifetime: 60,
  });
  const mapping = await harness.settled(
    harness.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals(mapping.assigned?.globallyReachable, false);
  assertEquals(mappingSchema().parse(mapping), mapping);
});
