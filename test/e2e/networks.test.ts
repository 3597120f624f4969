/** Networks of containers: joined through real plugins by a real agent, on a machine of their own. */
import { expect } from "bun:test"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { rootFileSystem } from "../fixtures/busybox-image.ts"
import {
  addressesOf,
  inSandbox,
  launchGroup,
  networkParts as parts,
  on,
  onMachine,
  subscribe,
  testNetworks,
  traces,
  type NetworkScene as Scene,
} from "../fixtures/network-scene.ts"
import { testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import type { AgentPlace } from "../fixtures/world.ts"

const scene = testNetworks()

/** Whether some task has written a text to its standard output. */
const anywhere = ({ workDir }: AgentPlace, text: string): boolean =>
  [...new Bun.Glob("**/containers/*/stdout").scanSync({ cwd: workDir })].some((path) =>
    readFileSync(`${workDir}/${path}`, "utf8").includes(text),
  )

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
  healthChecks: [
    { protocol: "MESOS_HTTP", path: "/page", portIndex: 0, intervalSeconds: 1, delaySeconds: 0 },
  ],
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
  const { agent, machine, marathon, networks, start } = at
  networks.mesosBridge("net", 77)
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

testWith(...parts)("members of a group share a network, but for who names another", async () => {
  const at = await scene()
  at.networks.bridge("other", 78)
  const framework = await subscribe(at)
  const asks = "until busybox wget -qO- http://127.0.0.1:8080/page; do sleep 0.1; done; sleep 600"
  await launchGroup(framework, on("net"), {
    serves: { command: "echo shared >page; exec busybox httpd -f -p 8080 -h ." },
    asks: { command: asks },
    alone: { command: "ip -o -4 addr show eth0; sleep 600", container: on("other") },
  })
  for (const id of ["serves", "asks", "alone"]) await framework.until(id, "TASK_RUNNING")
  expect(addressesOf(framework, "serves")).toEqual([["net", "192.168.77.2"]])
  expect(addressesOf(framework, "asks")).toEqual([["net", "192.168.77.2"]])
  expect(addressesOf(framework, "alone")).toEqual([["other", "192.168.78.2"]])
  await waitFor("one member to hear another", () => anywhere(at.place, "shared\n"))
  expect(anywhere(at.place, "inet 192.168.78.2/24")).toBe(true)
  await framework.call({ type: "KILL", kill: { task_id: { value: "asks" } } })
  for (const id of ["serves", "asks", "alone"]) await framework.until(id, "TASK_KILLED")
  await waitFor("the networks to be left", () => traces(at) === "")
})

testWith(...parts)("a task whose network cannot be joined fails, saying why", async () => {
  const at = await scene()
  at.networks.plugin(
    "broken",
    `[ $CNI_COMMAND = DEL ] && exit; echo '{"msg":"no address is left"}'; exit 1`,
  )
  at.networks.describe("broken.conf", { name: "broken", type: "broken" })
  const framework = await subscribe(at)
  const failure = async (network: string): Promise<object | undefined> => {
    const offer = await framework.offer()
    await framework.launch(offer, { taskId: network, command: "true", container: on(network) })
    await framework.until(network, "TASK_FAILED")
    return framework.statuses.findLast(({ task_id }) => task_id.value === network)
  }
  expect(await failure("missing")).toMatchObject({
    reason: "REASON_CONTAINER_LAUNCH_FAILED",
    message: `container network 'missing' is not known: this agent has broken, mesos-bridge, net, described in ${at.networks.directory}`,
  })
  expect(await failure("broken")).toMatchObject({
    reason: "REASON_CONTAINER_LAUNCH_FAILED",
    message:
      "container network 'broken' cannot be joined: plugin 'broken' failed to ADD: no address is left",
  })
  expect(traces(at)).toBe("")
})

testWith(...parts)("what an agent was about to join when it was killed is left", async () => {
  const at = await scene()
  const { agent, networks, place, start } = at
  const [began, left] = [`${place.workDir}.began`, `${place.workDir}.left`]
  networks.plugin(
    "slow",
    `case $CNI_COMMAND in
ADD) if [ -e ${began} ]; then exec /usr/lib/cni/bridge; fi
  /usr/lib/cni/bridge >/dev/null; touch ${began}; sleep 600;;
DEL) /usr/lib/cni/bridge; touch ${left};;
esac`,
  )
  networks.bridge("slow", 79, { type: "slow" })
  const framework = await subscribe(at)
  await framework.launch(await framework.offer(), {
    taskId: "cut",
    command: "sleep 600",
    container: on("slow"),
  })
  await waitFor("the plugin to be at work", () => existsSync(began))
  expect(traces(at)).not.toBe("")
  await agent.end("SIGKILL")
  await start()
  await waitFor("the network to be left", () => existsSync(left))
  // The next attempt takes the next address: no two containers have one for a while.
  await framework.until("cut", "TASK_RUNNING")
  expect(addressesOf(framework, "cut")).toEqual([["slow", "192.168.79.3"]])
  await framework.call({ type: "KILL", kill: { task_id: { value: "cut" } } })
  await framework.until("cut", "TASK_KILLED")
  await waitFor("the network to be left", () => traces(at) === "")
})

testWith(...parts)("nothing is kept of networks, whenever the agent is killed", async () => {
  const at = await scene()
  const { place, start } = at
  const framework = await subscribe(at)
  let agent = at.agent
  // From before the first plugin is called to after the end of the task.
  for (const delayMs of [0, 20, 60, 120, 200, 300, 450, 700]) {
    const taskId = `after-${delayMs}`
    const command = "sleep 0.2; exit 7"
    await framework.launch(await framework.offer(), { taskId, command, container: on("net") })
    await Bun.sleep(delayMs)
    await agent.end("SIGKILL")
    agent = await start()
    const last = await waitFor("its end", () =>
      framework.statuses.findLast(
        ({ task_id, state }) => task_id.value === taskId && /FAILED|LOST|DROPPED/.test(state),
      ),
    )
    // An agent that is killed before it hears of a task has lost it.
    if (last.reason !== "REASON_RECONCILIATION")
      expect(last.message).toBe("Command exited with status 7")
  }
  await waitFor("the networks to be left", () => traces(at) === "")
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
  expect(mounts).not.toContain(place.workDir)
})

/** A directory that agents take images from, with "box:1": busybox, in an archive of `docker save`. */
async function imageDirectory(folder: string): Promise<readonly string[]> {
  const image = `${folder}/image`
  const layer = new Uint8Array(await rootFileSystem())
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(layer).digest("hex")}`
  const config = { config: { Env: ["PATH=/bin"] }, rootfs: { type: "layers", diff_ids: [digest] } }
  const machine = { os: "linux", architecture: process.arch === "x64" ? "amd64" : process.arch }
  await Bun.write(`${image}/layer.tar`, layer)
  await Bun.write(`${image}/config.json`, JSON.stringify({ ...machine, ...config }))
  const entry = { Config: "config.json", RepoTags: ["box:1"], Layers: ["layer.tar"] }
  await Bun.write(`${image}/manifest.json`, JSON.stringify([entry]))
  mkdirSync(`${folder}/images`)
  const tar = ["tar", "-C", image, "-cf", `${folder}/images/box:1.tar`, "."]
  expect(Bun.spawnSync(tar).success).toBe(true)
  return ["--docker-registry", `${folder}/images`]
}

testWith(...parts)("an image runs on Marathon's bridge, and is checked there", async () => {
  const at = await scene(imageDirectory)
  const { machine, marathon } = at
  await marathon.run({
    id: "/bridged",
    cmd: "cp /etc/hosts /www; hostname >/www/name; exec httpd -f -p 80 -h /www",
    container: {
      type: "MESOS",
      docker: { image: "box:1" },
      portMappings: [{ containerPort: 80, hostPort: 0 }],
    },
    networks: [{ mode: "container/bridge" }],
    healthChecks: [
      {
        protocol: "COMMAND",
        command: { value: "wget -qO- 127.0.0.1:80/name" },
        intervalSeconds: 1,
        delaySeconds: 0,
      },
    ],
  })
  const [task] = await waitFor("the app to be healthy", async () => {
    const healthy = await marathon.healthyTasks("/bridged")
    return healthy.length === 1 ? healthy : undefined
  })
  const page = async (name: string): Promise<string> =>
    (await fetch(`http://${machine.address}:${task?.ports[0]}/${name}`)).text()
  const [container] = await containers(at)
  const [network] = container?.status.network_infos ?? []
  expect(network?.name).toBe("mesos-bridge")
  const address = network?.ip_addresses[0]?.ip_address
  expect(address).toStartWith("172.31.254.")
  expect(await page("hosts")).toEndWith(`${address} ${await page("name")}`)
  await marathon.removeAll()
  await waitFor("the network to be left", () => traces(at) === "")
  expect(existsSync(`/var/lib/cni/networks/mesos-bridge/${address}`)).toBe(false)
})
