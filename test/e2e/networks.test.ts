/** Networks of containers: joined through real plugins by a real agent, on a machine of their own. */
import { expect } from "bun:test"
import { readFileSync } from "node:fs"
import { CniNetworks, cniPlugins } from "../fixtures/cni.ts"
import { networksOf } from "../fixtures/leaks.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { networkNamespaces } from "../fixtures/network-namespace.ts"
import { command, rootUser, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type AgentPlace } from "../fixtures/world.ts"

const open = testWorlds()
const tools = ["runc", "conmon", "busybox", "iptables", "nsenter"].map(command)
const parts = [rootUser, networkNamespaces(), cniPlugins, ...tools]

/** A machine with a master, an agent that knows the network "net", and their Marathon. */
async function scene() {
  const world = open()
  const machine = world.machine()
  const networks = new CniNetworks(world.path)
  networks.bridge("net", 77)
  const master = await world.master({ machine })
  const place = await world.place("agent", networks.args, machine)
  const start = () => world.agent(master, place)
  const agent = await start()
  const marathon = new Marathon(master.marathonUrl)
  return { world, machine, networks, master, place, start, agent, marathon }
}
type Scene = Awaited<ReturnType<typeof scene>>

/** What a command on the machine writes. */
function onMachine({ machine }: Scene, line: string): string {
  const { stdout, stderr } = Bun.spawnSync(machine.command(["sh", "-c", line]))
  return stdout.toString() + stderr.toString()
}

/** Interfaces of containers, rules for their ports and their addresses, as far as the machine has any. */
const traces = (at: Scene): string =>
  [
    onMachine(at, "ip -o link show type veth | grep -v ': eth0@'"),
    onMachine(at, "iptables -t nat -S 2>&1 | grep -e '-d 192.168' -e CNI-DN- || true"),
    ...networksOf(at.world.path).map(({ what }) => `${what}\n`),
  ].join("")

/** A file of the only sandbox there is; empty until it is there. */
function inSandbox({ workDir }: AgentPlace, name: string): string {
  const [path] = [...new Bun.Glob(`**/runs/*/${name}`).scanSync({ cwd: workDir })]
  return path === undefined ? "" : readFileSync(`${workDir}/${path}`, "utf8")
}

type Address = { readonly protocol: string; readonly ip_address: string }
type Containers = readonly {
  readonly status: {
    readonly network_infos: readonly { readonly name: string; readonly ip_addresses: Address[] }[]
  }
  readonly statistics: { readonly net_rx_bytes?: number }
}[]

/** The agent's own view of its containers. */
const containers = async ({ machine, place }: Scene): Promise<Containers> =>
  (await (await fetch(`http://${machine.address}:${place.port}/containers`)).json()) as Containers

/** An app that serves its sandbox on port 8080 of its network. */
const served = {
  id: "/served",
  cmd: "echo content >page; hostname >name; cp /etc/hosts hosts; exec busybox httpd -f -p 8080 -h .",
  container: {
    type: "MESOS",
    portMappings: [{ containerPort: 8080, hostPort: 0, name: "http" }],
  },
  networks: [{ mode: "container", name: "net" }],
  healthChecks: [{ protocol: "MESOS_HTTP", path: "/page", portIndex: 0, intervalSeconds: 1 }],
  backoffSeconds: 3600,
}

testWith(...parts)("an app has an address, and a port of its machine", async () => {
  const at = await scene()
  const { machine, marathon, place } = at
  await marathon.run(served)
  const [task] = await waitFor("the app to be healthy", async () => {
    const healthy = await marathon.healthyTasks("/served")
    return healthy.length === 1 ? healthy : undefined
  })
  const { ipAddresses } = task as unknown as { ipAddresses: unknown }
  expect(ipAddresses).toEqual([{ ipAddress: "192.168.77.2", protocol: "IPv4" }])
  expect(onMachine(at, "busybox wget -qO- http://192.168.77.2:8080/page")).toBe("content\n")
  const answer = await fetch(`http://${machine.address}:${task?.ports[0]}/page`)
  expect(await answer.text()).toBe("content\n")
  expect(inSandbox(place, "hosts")).toEndWith(`192.168.77.2 ${inSandbox(place, "name")}`)
  const [container] = await containers(at)
  expect(container?.status.network_infos).toMatchObject([
    { name: "net", ip_addresses: [{ protocol: "IPv4", ip_address: "192.168.77.2" }] },
  ])
  expect(container?.statistics.net_rx_bytes).toBeGreaterThan(0)
  expect(traces(at)).toContain("192.168.77.2")
  await marathon.removeAll()
  await waitFor("the network to be left", () => traces(at) === "")
})

testWith(...parts)("networks outlive a killed agent, and are left by the next", async () => {
  const at = await scene()
  const { agent, machine, marathon, start } = at
  const [task] = await marathon.run(served)
  await agent.end("SIGKILL")
  const page = `http://${machine.address}:${task?.ports[0]}/page`
  expect(await (await fetch(page)).text()).toBe("content\n")
  await start()
  const [container] = await waitFor("the container to be found", async () => {
    const found = await containers(at)
    return found.length === 1 ? found : undefined
  })
  expect(container?.status.network_infos).toMatchObject([
    { name: "net", ip_addresses: [{ ip_address: "192.168.77.2" }] },
  ])
  await marathon.removeAll()
  await waitFor("the network to be left", () => traces(at) === "")
})
