/** What is kept of a mapping so that a later run can have it again, or delete it. Plain JSON. */
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
  /** Seconds: the wanted lifetime, or the granted one if that is longer. */
  readonly lifetime: number;
  /** The mapping nonce as 24 hexadecimal digits. A secret: who knows it can delete the mapping. */
  readonly nonce: string;
  /** The external address, assigned or suggested. */
  readonly externalAddress: string;
  /** The external port, assigned or suggested; 0 for none. */
  readonly externalPort: number;
  /** When it ends at the server as far as is known, in ISO 8601; a renewal that was never answered adds a lifetime. */
  readonly expiresAt: string;
  /** The options of the request as sent, as hexadecimal digits. */
  readonly options: string;
  /** The remote peer of an outbound mapping. */
  readonly remoteAddress?: string;
  /** The port of that peer. */
  readonly remotePort?: number;
}

/**
 * Where a client keeps its mappings across restarts: the nonces above all, without which a server lets nobody renew or
 * delete them (RFC 6887 section 11.3).
 */
export interface Store {
  /**
   * What was saved last; called once, before anything is saved.
   *
   * @throws {StoreError} If it cannot be read, or belongs to another running client.
   */
  load(): Promise<readonly StoredMapping[]>;
  /** Replaces all that is kept. When it resolves, the new state survives a crash. */
  save(mappings: readonly StoredMapping[]): Promise<void>;
  /** Lets others use it. */
  close(): Promise<void>;
}
