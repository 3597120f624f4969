import { expect, test } from "bun:test"
import { apiHost, listenHosts } from "./settings.ts"

test.each([
  ["0.0.0.0", false, "127.0.0.1"],
  ["::", false, "127.0.0.1"],
  ["0.0.0.0", true, "m1"],
  ["127.0.0.2", false, "m1"],
])("a master on %s, open to others: %p, is reached at %s", (listenIp, insecureApi, host) => {
  expect(apiHost({ hostname: "m1", insecureApi, listenIp })).toBe(host)
})

test.each([
  ["127.0.0.1", false, ["127.0.0.1"]],
  ["0.0.0.0", false, ["0.0.0.0"]],
  ["10.0.0.1", false, ["10.0.0.1", "127.0.0.1"]],
  ["10.0.0.1", true, ["10.0.0.1"]],
])(
  "a master told to listen on %s (everybody asks: %p) listens on %j",
  (listenIp, insecureApi, hosts) => {
    expect(listenHosts({ hostname: "m1", insecureApi, listenIp })).toEqual(hosts)
  },
)
