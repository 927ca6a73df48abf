import { SystemError } from "../../src/discovery/discovery_error.ts";
import type { LocalAddress, PlainGateway, System } from "../../src/discovery/system.ts";
import type { Family } from "../../src/wire/address.ts";

/** The answers of a fake system. Programs are keyed by their command line; a missing one fails. */
export interface Answers {
  readonly platform?: string;
  readonly programs?: Record<string, string | SystemError>;
  readonly addresses?: readonly LocalAddress[] | SystemError;
  readonly gateways?: Partial<Record<Family, PlainGateway | SystemError>>;
}

/** A system that returns the given answers. */
export class FakeSystem implements System {
  readonly platform: string;
  /** The command lines that were run. */
  readonly ran: string[] = [];
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.platform = answers.platform ?? "linux";
    this.#answers = answers;
  }

  run(program: string, args: readonly string[]): Promise<string> {
    const command = [program, ...args].join(" ");
    this.ran.push(command);
    const unreachable = new SystemError("programFailed", `"${program}" said "Unreachable"`);
    return settle(this.#answers.programs?.[command] ?? unreachable);
  }

  addresses(): Promise<readonly LocalAddress[]> {
    return settle(this.#answers.addresses ?? []);
  }

  defaultGateway(family: Family): Promise<PlainGateway | undefined> {
    return settle(this.#answers.gateways?.[family]);
  }
}

/** One local address, as in `local("eth0", "192.168.1.2/24")`. */
export function local(name: string, cidr: string, scopeId?: number): LocalAddress {
  const [address = "", prefix] = cidr.split("/");
  return { interface: name, address, prefixLength: Number(prefix), scopeId };
}

function settle<T>(answer: T | SystemError): Promise<T> {
  return answer instanceof SystemError ? Promise.reject(answer) : Promise.resolve(answer);
}
