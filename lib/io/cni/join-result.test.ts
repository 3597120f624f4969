import { expect, test } from "bun:test"
import { parseJoinResult } from "./join-result.ts"

const NO_DNS = { nameservers: [], search: [], options: [] }

test.each([
  ["0.2.0", { ip6: { ip: "fd00::2/64" }, ip4: { ip: "10.1.0.2/24", gateway: "10.1.0.1" } }],
  ["0.3.1", { ips: [{ version: "6", address: "fd00::2/64" }, { address: "10.1.0.2/24" }] }],
  ["1.0.0", { interfaces: [], ips: [{ address: "10.1.0.2/24" }, { address: "fd00::2/64" }] }],
])("an answer of version %s names addresses, those of IPv4 first", (cniVersion, answer) => {
  expect(parseJoinResult({ cniVersion, ...answer })).toEqual({
    addresses: ["10.1.0.2", "fd00::2"],
    dns: NO_DNS,
  })
})

test("an answer may say how names are resolved", () => {
  const dns = { nameservers: ["10.0.0.1"], domain: "a.b", search: ["b"], options: ["ndots:2"] }
  expect(parseJoinResult({ dns }).dns).toEqual(dns)
})

test("what makes no sense is left out", () => {
  const dns = { nameservers: "10.0.0.1", domain: "", search: [1] }
  expect(parseJoinResult({ ip4: "10.1.0.2", ips: [null, { address: 1 }], dns })).toEqual({
    addresses: [],
    dns: NO_DNS,
  })
  expect(parseJoinResult(undefined).addresses).toEqual([])
})
