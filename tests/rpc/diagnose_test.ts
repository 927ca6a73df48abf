import { assertEquals } from "@std/assert";
import { ClientDiagnoseRequest, MappingReadyRequest, MappingRequest } from "../../rpc/mod.ts";
import {
  diagnosis as diagnosisSchema,
  mapping as mappingSchema,
} from "../../rpc/result_schemas.ts";
import { World } from "./world.ts";

Deno.test("client/diagnose answers what its schema says, and leaves no mapping", async () => {
  await using world = await World.withClient({ externalAddress: "100.64.0.9" });
  const diagnosis = await world.settled(
    world.rpc.sendRequest(ClientDiagnoseRequest, { clientId: 1 }),
  );
  assertEquals(diagnosisSchema().parse(diagnosis), diagnosis);
  assertEquals([diagnosis.ok, diagnosis.protocol, diagnosis.addressKind], [false, "PCP", "shared"]);
  assertEquals(diagnosis.findings.map(({ code }) => code), [
    "pcp",
    "carrierNat",
    "upSince",
    "hears",
  ]);
  assertEquals(world.host.server.mappings.size, 0);
});

Deno.test("a mapping that is not reached from everywhere says so, as the schema has it", async () => {
  await using world = await World.withClient({ externalAddress: "10.0.0.9" });
  await world.rpc.sendRequest(MappingRequest, {
    clientId: 1,
    kind: "inbound",
    internalPort: 6000,
    lifetime: 60,
  });
  const mapping = await world.settled(world.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }));
  assertEquals(mapping.assigned?.globallyReachable, false);
  assertEquals(mappingSchema().parse(mapping), mapping);
});
