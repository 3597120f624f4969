import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { NetworkInfo } from "#lib/mesos/index.ts"
import type { ContainerId, Log } from "#lib/ports/index.ts"
import { ContainerNetworks } from "./container-networks.ts"
import type { NetworkRequest } from "./container-networks.ts"
import { isNamespace } from "#lib/io/host/namespace.ts"
import { FakePlugins } from "./testing/fake-plugins.ts"

const usable = process.getuid?.() === 0 && Bun.which("ip") !== null
const never = new AbortController().signal
const one = "one" as ContainerId
const group = "pod" as ContainerId
const [first, second] = ["pod.a", "pod.b"] as [ContainerId, ContainerId]

let fake: FakePlugins
let networks: ContainerNetworks
let warnings: string[]

const log: Log = {
  enabled: () => true,
  write: (_level, _message, fields) => warnings.push(String(fields?.["problem"])),
}
const open = (): ContainerNetworks =>
  new ContainerNetworks({
    directory: `${fake.root}/networks`,
    configDirectory: fake.configs,
    pluginDirectories: [fake.plugins],
    dns: [
      { mode: "CNI", network: "net", dns: { nameservers: ["9.9.9.8"], search: [], options: [] } },
    ],
    log,
  })

beforeEach(() => {
  fake = new FakePlugins()
  warnings = []
  networks = open()
  fake.plugin("fake", { address: "10.1.0.2" })
  fake.network({ name: "net", type: "fake", cniVersion: "0.4.0", args: { own: 1 } })
})
afterEach(async () => {
  fake.plugin("fake", "*) ;;")
  for (const holder of [one, first, second])
    for (const owner of [one, group]) await networks.leave(owner, holder)
  fake[Symbol.dispose]()
})

const join = (
  names: readonly (string | NetworkInfo)[],
  more: Partial<NetworkRequest> = {},
  signal = never,
) => {
  const infos = names.map((name) => (typeof name === "string" ? { name } : name))
  return networks.join({ owner: one, holder: one, networks: infos, ...more }, signal)
}
const namespace = (owner: ContainerId = one): string => `${fake.root}/networks/${owner}/ns`
const kept = (): readonly string[] =>
  existsSync(`${fake.root}/networks`) ? readdirSync(`${fake.root}/networks`) : []

describe.skipIf(!usable)("a container that joins networks", () => {
  test("has a namespace, files of its own and its addresses, until it leaves", async () => {
    fake.plugin("other", { address: "fd00::2" })
    fake.network({ name: "six", type: "other" })
    const joined = await join(["net", "six"], { hostname: "host" })
    expect(joined).toMatchObject({
      ok: true,
      value: {
        namespace: namespace(),
        hostname: "host",
        networkInfos: [
          { name: "net", ipAddresses: [{ protocol: "IPv4", ipAddress: "10.1.0.2" }] },
          { name: "six", ipAddresses: [{ protocol: "IPv6", ipAddress: "fd00::2" }] },
        ],
      },
    })
    expect(isNamespace(namespace())).toBe(true)
    const file = (name: string) => readFileSync(`${fake.root}/networks/one/${name}`, "utf8")
    expect(file("hosts")).toContain("10.1.0.2 host\n")
    expect(file("resolv.conf")).toBe("nameserver 9.9.9.8\n")
    expect(await networks.find(one)).toEqual(joined.ok ? joined.value : undefined)
    await networks.leave(one, one)
    await networks.leave(one, one)
    expect(fake.calls).toEqual([
      `ADD fake one eth0 ${namespace()}`,
      `ADD other one eth1 ${namespace()}`,
      `DEL other one eth1 ${namespace()}`,
      `DEL fake one eth0 ${namespace()}`,
    ])
    expect(kept()).toEqual([])
    expect(await networks.find(one)).toBeUndefined()
  })

  test("tells plugins what its task said of the network, to leave it what they answered", async () => {
    const network_info = { name: "net", labels: { labels: [{ key: "a", value: "b" }] } }
    await join([network_info])
    const asked = {
      name: "net",
      type: "fake",
      cniVersion: "0.4.0",
      args: { own: 1, "org.apache.mesos": { network_info } },
    }
    expect(fake.told("fake", "ADD")).toEqual(asked)
    await networks.leave(one, one)
    expect(fake.told("fake", "DEL")).toEqual({
      ...asked,
      prevResult: { ips: [{ address: "10.1.0.2/24" }] },
    })
  })

  test("passes from plugin to plugin of a list, with the ports for who wants them", async () => {
    fake.plugin("second", `ADD) echo '{"ips":[{"address":"10.1.0.3/24"}]}';;`)
    fake.network({
      name: "list",
      cniVersion: "1.0.0",
      plugins: [{ type: "fake" }, { type: "second", capabilities: { portMappings: true } }],
    })
    const portMappings = [{ hostPort: 8080, containerPort: 80 }]
    const joined = await join([{ name: "list", portMappings }])
    expect(joined).toMatchObject({
      value: { networkInfos: [{ ipAddresses: [{ ipAddress: "10.1.0.3" }], portMappings }] },
    })
    expect(fake.told("fake", "ADD")).not.toHaveProperty("runtimeConfig")
    expect(fake.told("second", "ADD")).toMatchObject({
      name: "list",
      cniVersion: "1.0.0",
      prevResult: { ips: [{ address: "10.1.0.2/24" }] },
      runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] },
    })
    await networks.leave(one, one)
    expect(fake.calls.map((line) => line.split(" ", 2).join(" "))).toEqual([
      "ADD fake",
      "ADD second",
      "DEL second",
      "DEL fake",
    ])
  })

  test("needs the standard port mapper where its interface plugin knows no ports", async () => {
    fake.plugin("bridge", { address: "10.1.0.2" })
    fake.network({ name: "plain", type: "bridge" })
    const ports = { name: "plain", portMappings: [{ hostPort: 1, containerPort: 2 }] }
    expect(await join([ports])).toEqual({
      ok: false,
      error: `container network 'plain' needs the CNI plugin 'portmap', which is not in ${fake.plugins}`,
    })
    fake.plugin("portmap", { address: "10.1.0.2" })
    expect(await join([ports])).toMatchObject({ ok: true })
    expect(fake.told("portmap", "ADD")).toMatchObject({
      runtimeConfig: { portMappings: [{ hostPort: 1, containerPort: 2, protocol: "tcp" }] },
    })
  })

  test.each([
    [["none"], "container network 'none' is not known"],
    [["net", "net"], "container network 'net' is named twice"],
  ])("of the names %j is refused", async (names, problem) => {
    expect(await join(names)).toEqual({ ok: false, error: expect.stringContaining(problem) })
    expect(kept()).toEqual([])
  })

  test.each([
    [{ hostPort: 80, containerPort: 0 }, "a port is a number from 1 to 65535"],
    [{ hostPort: 65_536, containerPort: 80 }, "a port is a number from 1 to 65535"],
    [{ hostPort: 80, containerPort: 80, protocol: "gre" }, "tcp, udp or sctp, not 'gre'"],
  ])("of the ports %j is refused before a plugin hears of them", async (mapping, problem) => {
    const refused = await join([{ name: "net", portMappings: [mapping] }])
    expect(refused).toEqual({ ok: false, error: expect.stringContaining(problem) })
    expect(fake.calls).toEqual([])
    expect(kept()).toEqual([])
  })

  test("leaves all of them when one cannot be joined", async () => {
    fake.plugin("broken", `ADD) echo '{"msg":"no address left"}'; exit 1;;`)
    fake.network({ name: "full", type: "broken" })
    expect(await join(["net", "full"])).toEqual({
      ok: false,
      error:
        "container network 'full' cannot be joined: plugin 'broken' failed to ADD: no address left",
    })
    expect(fake.calls.slice(2)).toEqual([
      `DEL broken one eth1 ${namespace()}`,
      `DEL fake one eth0 ${namespace()}`,
    ])
    expect(kept()).toEqual([])
  })

  test("leaves them when its launch is given up", async () => {
    fake.plugin("fake", "ADD) sleep 1000;;")
    const controller = new AbortController()
    const joining = join(["net"], {}, controller.signal)
    while (fake.calls.length === 0) await Bun.sleep(5)
    controller.abort()
    expect(await joining).toMatchObject({ ok: false, error: expect.stringContaining("given up") })
    expect(fake.calls).toHaveLength(2)
    expect(kept()).toEqual([])
  })

  test("leaves with what it was joined with, whatever became of the description", async () => {
    await join(["net"])
    fake.network({ name: "net", type: "other" })
    networks = open()
    await networks.leave(one, one)
    expect(fake.calls[1]).toBe(`DEL fake one eth0 ${namespace()}`)
  })
})

describe.skipIf(!usable)("members of a group", () => {
  test("join once, and leave with the last", async () => {
    const [a, b] = await Promise.all([
      join(["net"], { owner: group, holder: first }),
      join(["net"], { owner: group, holder: second }),
    ])
    expect(a).toEqual(b)
    await networks.leave(group, first)
    expect(fake.calls).toHaveLength(1)
    networks = open()
    await networks.leave(group, second)
    expect(fake.calls).toHaveLength(2)
    expect(kept()).toEqual([])
  })
})

describe.skipIf(!usable)("networks of an earlier life", () => {
  test("are left where nobody knows their container", async () => {
    await join(["net"])
    await join(["net"], { owner: group, holder: first })
    networks = open()
    await networks.removeOrphans(new Set([one, first]))
    expect(fake.calls).toHaveLength(2)
    await networks.removeOrphans(new Set([first]))
    expect(kept()).toEqual([group])
    await networks.removeOrphans(new Set())
    expect(kept()).toEqual([])
  })

  test("are left without a namespace where a restart of the machine took it", async () => {
    await join(["net"])
    Bun.spawnSync(["umount", namespace()])
    await networks.leave(one, one)
    expect(fake.calls[1]).toBe("DEL fake one eth0")
    expect(kept()).toEqual([])
  })

  test("whose join was cut short are left before they are joined again", async () => {
    await join(["net"])
    const file = `${fake.root}/networks/one/network.json`
    const record = JSON.parse(readFileSync(file, "utf8"))
    delete record.memberships[0].result
    await Bun.write(file, JSON.stringify(record))
    networks = open()
    expect(await join(["net"])).toMatchObject({ ok: true })
    expect(fake.calls.map((line) => line.slice(0, 3))).toEqual(["ADD", "DEL", "ADD"])
  })

  test("whose plugin is still at work are left after its end", async () => {
    const done = `${fake.root}/done`
    fake.plugin(
      "fake",
      `ADD) sh -c 'until [ -e ${fake.root}/go ]; do sleep 0.01; done; touch ${done}';;`,
    )
    const joining = join(["net"])
    while (fake.calls.length === 0) await Bun.sleep(5)
    // Another life, which does not know of the first.
    await open().leave(one, one)
    await Bun.write(`${fake.root}/go`, "")
    await joining
    expect(fake.calls.slice(0, 2).map((line) => line.slice(0, 3))).toEqual(["ADD", "DEL"])
    expect(existsSync(done)).toBe(false)
  })

  test("that cannot be left are tried again by the next", async () => {
    await join(["net"])
    fake.plugin("fake", `DEL) echo '{"msg":"busy"}'; exit 1;;`)
    await networks.leave(one, one)
    expect(warnings).toEqual(["plugin 'fake' failed to DEL: busy"])
    expect(isNamespace(namespace())).toBe(false)
    expect(kept()).toEqual([one])
    fake.plugin("fake", "DEL) ;;")
    networks = open()
    await networks.removeOrphans(new Set())
    expect(kept()).toEqual([])
  })
})
