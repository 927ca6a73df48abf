/**
 * The checks of the params of every method: the schemas of methods.ts as data.
 *
 * Written by `deno task openrpc` from methods.ts; do not edit.
 */
import type { Method } from "./types.ts";
import type { Check } from "./value_check.ts";

/** By method. */
export const PARAM_CHECKS: { readonly [M in Method]: Check } = {
  "initialize": {
    "type": "object",
    "members": {
      "clientInfo": {
        "type": "object",
        "members": {
          "name": { "type": "string" },
          "version": { "type": "string", "optional": true },
        },
        "open": true,
        "optional": true,
      },
      "processId": {
        "type": "anyOf",
        "checks": [{ "type": "null" }, { "type": "integer", "least": 1 }],
        "optional": true,
      },
    },
    "open": true,
  },
  "shutdown": { "type": "object", "members": {} },
  "rpc.discover": { "type": "object", "members": {} },
  "discover": { "type": "object", "members": {} },
  "simulator/start": {
    "type": "object",
    "members": {
      "protocols": {
        "type": "list",
        "items": { "type": "oneOf", "values": ["pcp", "nat-pmp", "upnp"] },
        "most": 3,
        "optional": true,
      },
      "lifetime": { "type": "integer", "least": 1, "most": 4294967295, "optional": true },
      "minLifetime": { "type": "integer", "least": 1, "most": 4294967295, "optional": true },
      "externalAddress": {
        "type": "string",
        "format": "ipv4",
        "rule": "Must be an IPv4 address",
        "optional": true,
      },
      "port": { "type": "integer", "least": 1, "most": 65535, "optional": true },
    },
  },
  "simulator/stop": {
    "type": "object",
    "members": { "simulatorId": { "type": "integer", "least": 1 } },
  },
  "client/start": {
    "type": "object",
    "members": {
      "client": {
        "type": "string",
        "format": "address",
        "rule": "Must be an IPv4 or IPv6 address",
        "optional": true,
      },
      "server": {
        "type": "anyOf",
        "checks": [{
          "type": "string",
          "format": "server",
          "rule": "Must be an IPv4 or IPv6 address, or a host name",
        }, {
          "type": "list",
          "items": {
            "type": "string",
            "format": "server",
            "rule": "Must be an IPv4 or IPv6 address, or a host name",
          },
          "most": 16,
        }],
        "rule": "Must be an IPv4 or IPv6 address, a host name, or a list of them, 16 at most",
        "optional": true,
      },
      "anycast": { "type": "boolean", "optional": true },
      "state": { "type": "string", "least": 1, "most": 4096, "optional": true },
      "protocols": {
        "type": "list",
        "items": { "type": "oneOf", "values": ["pcp", "nat-pmp", "upnp"] },
        "most": 3,
        "optional": true,
      },
      "port": { "type": "integer", "least": 1, "most": 65535, "optional": true },
      "announcePort": { "type": "integer", "least": 1, "most": 65535, "optional": true },
      "multicast": { "type": "boolean", "optional": true },
      "watch": {
        "type": "anyOf",
        "checks": [{ "type": "boolean" }, {
          "type": "object",
          "members": { "interval": { "type": "integer", "least": 100, "most": 86400000 } },
        }],
        "rule": 'Must be true, false or {"interval": n} with n from 100 milliseconds',
        "optional": true,
      },
      "waitForNetwork": { "type": "boolean", "optional": true },
      "allowThirdParty": { "type": "boolean", "optional": true },
      "shutdownTimeout": { "type": "integer", "least": 0, "most": 60000, "optional": true },
    },
  },
  "client/startAll": {
    "type": "object",
    "members": {
      "protocols": {
        "type": "list",
        "items": { "type": "oneOf", "values": ["pcp", "nat-pmp", "upnp"] },
        "most": 3,
        "optional": true,
      },
      "port": { "type": "integer", "least": 1, "most": 65535, "optional": true },
      "announcePort": { "type": "integer", "least": 1, "most": 65535, "optional": true },
      "multicast": { "type": "boolean", "optional": true },
      "watch": {
        "type": "anyOf",
        "checks": [{ "type": "boolean" }, {
          "type": "object",
          "members": { "interval": { "type": "integer", "least": 100, "most": 86400000 } },
        }],
        "rule": 'Must be true, false or {"interval": n} with n from 100 milliseconds',
        "optional": true,
      },
      "waitForNetwork": { "type": "boolean", "optional": true },
      "allowThirdParty": { "type": "boolean", "optional": true },
      "shutdownTimeout": { "type": "integer", "least": 0, "most": 60000, "optional": true },
    },
  },
  "client/list": { "type": "object", "members": {} },
  "client/announce": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1 } },
  },
  "client/externalAddress": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1 } },
  },
  "client/diagnose": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1 } },
  },
  "client/prefix64": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1 } },
  },
  "client/stats": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1 } },
  },
  "client/leftovers": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1 } },
  },
  "client/deleteLeftovers": {
    "type": "object",
    "members": {
      "clientId": { "type": "integer", "least": 1 },
      "mapping": {
        "type": "object",
        "members": {
          "server": { "type": "string" },
          "port": { "type": "integer" },
          "client": { "type": "string" },
          "kind": { "type": "oneOf", "values": ["inbound", "outbound"] },
          "protocol": { "type": "integer" },
          "internalPort": { "type": "integer" },
          "lifetime": { "type": "integer" },
          "nonce": { "type": "string" },
          "externalAddress": { "type": "string" },
          "externalPort": { "type": "integer" },
          "expiresAt": { "type": "string" },
          "grantedBy": { "type": "oneOf", "values": ["pcp", "nat-pmp", "upnp"], "optional": true },
          "options": { "type": "string" },
          "remoteAddress": { "type": "string", "optional": true },
          "remotePort": { "type": "integer", "optional": true },
        },
        "open": true,
        "optional": true,
      },
    },
  },
  "client/trace": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1 }, "on": { "type": "boolean" } },
  },
  "client/shutdown": {
    "type": "object",
    "members": {
      "clientId": { "type": "integer", "least": 1 },
      "keep": { "type": "boolean", "optional": true },
    },
  },
  "mapping/request": {
    "type": "object",
    "members": {
      "clientId": { "type": "integer", "least": 1 },
      "kind": { "type": "oneOf", "values": ["inbound", "outbound"] },
      "internalPort": { "type": "integer", "least": 0, "most": 65535 },
      "lifetime": { "type": "integer", "least": 1, "most": 4294967295 },
      "protocol": {
        "type": "anyOf",
        "checks": [{ "type": "oneOf", "values": ["tcp"] }, { "type": "oneOf", "values": ["udp"] }, {
          "type": "integer",
          "least": 0,
          "most": 255,
        }],
        "rule": 'Must be "tcp", "udp" or a number from 0 to 255',
        "optional": true,
      },
      "requestType": {
        "type": "anyOf",
        "checks": [{ "type": "oneOf", "values": ["once"] }, {
          "type": "oneOf",
          "values": ["keepAlive"],
        }, { "type": "object", "members": { "repeat": { "type": "integer", "least": 1 } } }],
        "rule": 'Must be "once", "keepAlive" or {"repeat": n} with n from 1',
        "optional": true,
      },
      "externalPort": { "type": "integer", "least": 1, "most": 65535, "optional": true },
      "externalAddress": {
        "type": "string",
        "format": "address",
        "rule": "Must be an IPv4 or IPv6 address",
        "optional": true,
      },
      "thirdParty": {
        "type": "string",
        "format": "address",
        "rule": "Must be an IPv4 or IPv6 address",
        "optional": true,
      },
      "thirdPartyId": {
        "type": "string",
        "pattern": "^([0-9a-fA-F]{2})+$",
        "rule": "Must be hexadecimal digits in pairs",
        "optional": true,
      },
      "description": { "type": "string", "optional": true },
      "preferFailure": { "type": "boolean", "optional": true },
      "filters": {
        "type": "list",
        "items": {
          "type": "object",
          "members": {
            "address": {
              "type": "string",
              "format": "address",
              "rule": "Must be an IPv4 or IPv6 address",
            },
            "prefix": { "type": "integer", "least": 0, "most": 128 },
            "port": { "type": "integer", "least": 0, "most": 65535 },
          },
        },
        "most": 42,
        "optional": true,
      },
      "portSet": {
        "type": "object",
        "members": {
          "size": { "type": "integer", "least": 1, "most": 65535 },
          "parity": { "type": "boolean", "optional": true },
        },
        "optional": true,
      },
      "remoteAddress": {
        "type": "string",
        "format": "address",
        "rule": "Must be an IPv4 or IPv6 address",
        "optional": true,
      },
      "remotePort": { "type": "integer", "least": 1, "most": 65535, "optional": true },
    },
  },
  "mapping/ready": {
    "type": "object",
    "members": { "mappingId": { "type": "integer", "least": 1 } },
  },
  "mapping/get": {
    "type": "object",
    "members": { "mappingId": { "type": "integer", "least": 1 } },
  },
  "mapping/list": {
    "type": "object",
    "members": { "clientId": { "type": "integer", "least": 1, "optional": true } },
  },
  "mapping/renew": {
    "type": "object",
    "members": {
      "mappingId": { "type": "integer", "least": 1 },
      "lifetime": { "type": "integer", "least": 1, "most": 4294967295 },
    },
  },
  "mapping/revoke": {
    "type": "object",
    "members": { "mappingId": { "type": "integer", "least": 1 } },
  },
};
