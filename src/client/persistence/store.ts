import type { Protocol } from "../../engine/protocol.ts";
import type { UpnpRecord } from "../../engine/upnp_io.ts";

/** A mapping as a store keeps it, so that a later run can continue or delete it. Plain JSON. */
export interface StoredMapping {
  /** The server's address. */
  readonly server: string;
  /** The server's UDP port. */
  readonly port: number;
  /** The client's address. */
  readonly client: string;
  /** Inbound (MAP) or outbound (PEER). */
  readonly kind: "inbound" | "outbound";
  /** IANA protocol number. */
  readonly protocol: number;
  /** Port on this host; 0 for all ports. */
  readonly internalPort: number;
  /** Seconds: the requested lifetime, or the granted one if that is longer. */
  readonly lifetime: number;
  /** The mapping nonce as 24 hexadecimal digits. A secret: with it anyone can delete the mapping (RFC 6887 section 18). */
  readonly nonce: string;
  /** The external address, assigned or suggested. */
  readonly externalAddress: string;
  /** The external port, assigned or suggested; 0 for none. */
  readonly externalPort: number;
  /** When the mapping ends at the server as far as is known, in ISO 8601; an unanswered renewal adds one lifetime. */
  readonly expiresAt: string;
  /** The protocol in which the server granted it; absent if it did not, as far as is known. */
  readonly grantedBy?: Protocol;
  /** What is needed to keep or delete a mapping that was made over UPnP; absent for others. */
  readonly upnp?: StoredUpnp;
  /** It is over, and the server may hold it until `expiresAt`: its nonce serves the same request. Absent otherwise. */
  readonly ended?: true;
  /** The options of the request as hexadecimal digits. */
  readonly options: string;
  /** The remote peer's address; outbound mappings only. */
  readonly remoteAddress?: string;
  /** The remote peer's port; outbound mappings only. */
  readonly remotePort?: number;
}

/** What is needed to keep or delete a mapping that was made over UPnP. Plain JSON. */
export interface StoredUpnp extends UpnpRecord {
  /** The program left it at the gateway on purpose. */
  readonly kept?: true;
}

/**
 * Where a client keeps its mappings across restarts, with their nonces: without its nonce a mapping can be neither renewed nor
 * deleted (RFC 6887 section 11.3).
 */
export interface Store {
  /**
   * Returns what was saved last. Called once, before the first `save`.
   *
   * @throws {StoreError} If the store cannot be read, or another client uses it.
   */
  load(): Promise<readonly StoredMapping[]>;
  /** Replaces everything that was saved. When it resolves, the mappings survive a crash. */
  save(mappings: readonly StoredMapping[]): Promise<void>;
  /** Makes the store available to other clients. */
  close(): Promise<void>;
}
