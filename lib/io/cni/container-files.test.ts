import { expect, test } from "bun:test"
import { containerFiles, reachableResolv } from "./container-files.ts"

const input = {
  hostname: "one",
  addresses: ["fd00::2", "10.1.0.2"],
  dns: undefined,
  machineResolv: "nameserver 9.9.9.9\n",
}

test("a container knows itself by its first address of IPv4", () => {
  expect(containerFiles(input).hostname).toBe("one\n")
  expect(containerFiles(input).hosts).toBe(
    "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.1.0.2 one\n",
  )
  expect(containerFiles({ ...input, addresses: ["fd00::2"] }).hosts).toEndWith("fd00::2 one\n")
  expect(containerFiles({ ...input, addresses: [] }).hosts).toEndWith("127.0.0.1 one\n")
})

test("it resolves names as its machine does, unless the network says otherwise", () => {
  expect(containerFiles(input)["resolv.conf"]).toBe("nameserver 9.9.9.9\n")
  const own = {
    nameservers: ["10.0.0.1", "10.0.0.2"],
    domain: "a.b",
    search: ["a.b", "b"],
    options: ["ndots:2"],
  }
  expect(containerFiles({ ...input, dns: own })["resolv.conf"]).toBe(
    "domain a.b\nsearch a.b b\noptions ndots:2\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n",
  )
})

test("a server on the machine's loopback interface gives way to those that it asks", () => {
  const stub = "nameserver 127.0.0.53\noptions edns0\n"
  const real = "nameserver 10.0.0.1\n"
  expect(reachableResolv(stub, real)).toBe(real)
  expect(reachableResolv("nameserver ::1\n", real)).toBe(real)
  expect(reachableResolv(real, "nameserver 10.0.0.2\n")).toBe(real)
  expect(reachableResolv(`${stub}${real}`, "nameserver 10.0.0.2\n")).toBe(`${stub}${real}`)
  expect(reachableResolv(stub, "")).toBe(stub)
})
