import { assertEquals } from "@std/assert";
import { ClientDiagnoseRequest, MappingReadyRequest, MappingRequest } from "../../rpc/mod.ts";
import {
  diagnosis as diagnosisSchema,
  mapping as mappingSchema,
} from "../../rpc/result_schemas.ts";
import { RpcLab } from "./rpc_lab.ts";

Deno.test("client/diagnose answers what its schema says, and leaves no mapping", async () => {
  await using lab = await RpcLab.withClient({ externalAddress: "100.64.0.9" });
  const diagnosis = await lab.settled(
    lab.rpc.sendRequest(ClientDiagnoseRequest, { clientId: 1 }),
  );
  assertEquals(diagnosisSchema().parse(diagnosis), diagnosis);
  assertEquals([diagnosis.ok, diagnosis.protocol, diagnosis.addressKind], [false, "PCP", "shared"]);
  assertEquals(diagnosis.findings.map(({ code }) => code), [
    "pcp",
    "carrierNat",
    "upSince",
    "hears",
  ]);
  assertEquals(lab.host.server.mappings.size, 0);
});

Deno.test("the mapping behind a private address has globallyReachable false, as the schema says", async () => {
  await using lab = await RpcLab.withClient({ externalAddress: "10.0.0.9" });
  await lab.rpc.sendRequest(MappingRequest, {
    clientId: 1,
    kind: "inbound",
    internalPort: 6000,
    lifetime: 60,
  });
  const mapping = await lab.settled(
    lab.rpc.sendRequest(MappingReadyRequest, { mappingId: 1 }),
  );
  assertEquals(mapping.assigned?.globallyReachable, false);
  assertEquals(mapping.assigned?.reachProblem, "doubleNat");
  assertEquals(mappingSchema().parse(mapping), mapping);
});
