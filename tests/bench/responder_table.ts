/** What a responder counts. */
export interface Counts {
  /** Requests seen, those that were dropped on purpose included. */
  requests: number;
  /** Different nonces among them since the last restart or reset. */
  nonces: number;
  /**
   * The same nonce and lifetime again within 10 s and 2/5 of the lifetime, in one life of the server: no renewal comes
   * that early (RFC 6887 section 11.2.1).
   */
  retransmissions: number;
  /** Requests of lifetime 0. */
  deletions: number;
  /** Requests that were dropped on purpose. */
  dropped: number;
  /** ANNOUNCE requests; they are not among the requests. */
  announces: number;
  /** Datagrams that are no request. */
  malformed: number;
  /** The most requests of one nonce since the last restart or reset. */
  most: number;
  /** When the first and the last request came, on the clock of the caller. */
  first: number;
  last: number;
}

/** What a responder does besides answering. */
export interface ResponderOptions {
  /** The lifetime it grants, in seconds; 0 for what is asked. */
  readonly lifetime: number;
  /** How many of a hundred requests it drops, and the seed of that. */
  readonly drop: number;
  readonly seed: number;
}

/**
 * Answers MAP, PEER and ANNOUNCE as a server would that has enough of everything, and knows no options: no object is made for a
 * request, so that the bench measures the client. Not a strict server, that is `src/testing/server/simulated_server.ts`.
 */
export class ResponderTable {
  counts: Counts = noCounts();
  readonly #options: ResponderOptions;
  /** Nonces in open addressing: three words, and beside them count, lifetime and time of the last request. */
  #nonces = new Int32Array(SLOTS * 3);
  #asked = new Uint16Array(SLOTS);
  #lifetimes = new Uint32Array(SLOTS);
  #times = new Float64Array(SLOTS);
  #random: number;
  #startedAt: number;

  /** @param now Milliseconds on a clock of the caller. The server is two days old already, so that a restart shows. */
  constructor(options: ResponderOptions, now: number) {
    this.#options = options;
    this.#random = options.seed | 0;
    this.#startedAt = now - 172_800_000;
  }

  /** Forgets everything and begins a new epoch (RFC 6887 section 8.5). */
  restart(now: number): void {
    this.#startedAt = now;
    this.reset();
  }

  /** Counts from zero. */
  reset(): void {
    this.counts = noCounts();
    this.#nonces.fill(0);
    this.#asked.fill(0);
  }

  /**
   * Writes the answer to the request of `length` octets into `reply`, whose octets it overwrites.
   *
   * @returns The length of the answer, 0 for none.
   */
  answer(request: DataView, length: number, reply: DataView, now: number): number {
    const { counts } = this;
    const opcode = length < 24 || request.getUint8(0) !== 2 ? 255 : request.getUint8(1);
    if (opcode === 0) {
      counts.announces++;
      return writeAnswer(request, reply, opcode, 0, (now - this.#startedAt) / 1_000);
    }
    if (opcode > 2 || length < lengthOf(opcode)) {
      counts.malformed++;
      return 0;
    }
    counts.requests++;
    if (counts.first === 0) counts.first = now;
    counts.last = now;
    const lifetime = request.getUint32(4);
    if (lifetime === 0) counts.deletions++;
    const granted = lifetime === 0 ? 0 : this.#options.lifetime || lifetime;
    const early = Math.min(10_000, granted * 400) || 10_000;
    this.#note(request, lifetime, now, early);
    if (this.#drops()) {
      counts.dropped++;
      return 0;
    }
    return writeAnswer(request, reply, opcode, granted, (now - this.#startedAt) / 1_000);
  }

  #note(request: DataView, lifetime: number, now: number, early: number): void {
    const { counts } = this;
    const slot = this.#slotOf(request.getInt32(24), request.getInt32(28), request.getInt32(32));
    const asked = this.#asked[slot] ?? 0;
    if (asked === 0) counts.nonces++;
    else if (this.#lifetimes[slot] === lifetime && now - (this.#times[slot] ?? 0) < early) {
      counts.retransmissions++;
    }
    this.#asked[slot] = asked + 1;
    if (asked >= counts.most) counts.most = asked + 1;
    this.#lifetimes[slot] = lifetime;
    this.#times[slot] = now;
  }

  /** Where that nonce is, or is to be. */
  #slotOf(w0: number, w1: number, w2: number): number {
    let slot = (Math.imul(w0, 0x9e3779b1) ^ Math.imul(w1, 0x85ebca6b) ^ w2) >>> 14;
    while (this.#asked[slot] !== 0) {
      const at = 3 * slot;
      const nonces = this.#nonces;
      if (nonces[at] === w0 && nonces[at + 1] === w1 && nonces[at + 2] === w2) return slot;
      slot = (slot + 1) & (SLOTS - 1);
    }
    this.#nonces[3 * slot] = w0;
    this.#nonces[3 * slot + 1] = w1;
    this.#nonces[3 * slot + 2] = w2;
    return slot;
  }

  #drops(): boolean {
    if (this.#options.drop === 0) return false;
    this.#random = Math.imul(this.#random, 1_664_525) + 1_013_904_223 | 0;
    return (this.#random >>> 8) % 100 < this.#options.drop;
  }
}

/** RFC 6887 sections 7.2, 11.1 and 12.1: what was asked comes back, with the external address 20.30.40.1. */
function writeAnswer(
  request: DataView,
  reply: DataView,
  opcode: number,
  lifetime: number,
  epoch: number,
): number {
  const length = lengthOf(opcode);
  for (let at = 24; at < length; at += 4) reply.setInt32(at, request.getInt32(at));
  reply.setInt32(0, 0x0280_0000 | opcode << 16);
  reply.setUint32(4, lifetime);
  reply.setUint32(8, epoch);
  for (let at = 12; at < 24; at += 4) reply.setInt32(at, 0);
  if (opcode === 0) return length;
  const internalPort = request.getUint16(40);
  reply.setUint16(42, lifetime === 0 ? 0 : request.getUint16(42) || internalPort);
  reply.setInt32(44, 0);
  reply.setInt32(48, 0);
  reply.setInt32(52, 0xffff);
  reply.setInt32(56, 0x141e_2801);
  return length;
}

/** Without options: of ANNOUNCE, MAP and PEER (RFC 6887 sections 14.1, 11.1 and 12.1). */
function lengthOf(opcode: number): number {
  return opcode === 0 ? 24 : 40 + 20 * opcode;
}

function noCounts(): Counts {
  return {
    requests: 0,
    nonces: 0,
    retransmissions: 0,
    deletions: 0,
    dropped: 0,
    announces: 0,
    malformed: 0,
    most: 0,
    first: 0,
    last: 0,
  };
}

/** Four times the most mappings of any row; a power of two. */
const SLOTS = 262_144;
