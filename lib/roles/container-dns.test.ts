import { expect, test } from "bun:test"
import { parseDefaultDns } from "./container-dns.ts"

const dns = { nameservers: ["10.0.0.1"], search: ["a.b"], options: ["ndots:2"] }

test("each network has what is said of it", () => {
  const json = {
    mesos: [
      { network_mode: "CNI", dns },
      { network_mode: "CNI", network_name: "net", dns },
    ],
    docker: [{ network_mode: "BRIDGE", dns: { nameservers: ["10.0.0.2"] } }],
  }
  expect(parseDefaultDns(json)).toEqual({
    ok: true,
    value: {
      mesos: [
        { mode: "CNI", dns },
        { mode: "CNI", network: "net", dns },
      ],
      docker: [{ mode: "BRIDGE", dns: { nameservers: ["10.0.0.2"], search: [], options: [] } }],
    },
  })
})

test.each([
  [[], "must be a JSON object"],
  [{ mesos: {} }, "'mesos' must be a list"],
  [{ mesos: [1] }, "'mesos': every entry must be an object"],
  [{ mesos: [{ network_mode: "USER", dns }] }, "'network_mode' must be CNI"],
  [{ docker: [{ network_mode: "HOST", dns }] }, "'network_mode' must be BRIDGE or USER"],
  [{ docker: [{ network_mode: "BRIDGE", network_name: "a", dns }] }, "BRIDGE has none"],
  [{ mesos: [{ network_mode: "CNI", dns: 1 }] }, "'dns' must be an object"],
  [{ mesos: [{ network_mode: "CNI", dns: { search: ["a b"] } }] }, "must be lists of words"],
  [
    {
      mesos: [
        { network_mode: "CNI", dns },
        { network_mode: "CNI", dns },
      ],
    },
    "'mesos' says twice what network 'CNI' has",
  ],
])("%j is refused", (json, problem) => {
  expect(parseDefaultDns(json)).toEqual({ ok: false, error: expect.stringContaining(problem) })
})
