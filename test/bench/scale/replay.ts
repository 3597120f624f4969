/**
 * A new leader of the largest cluster, all in this process: what the agents say when they register
 * again is read from a file, as it would be from sockets, and then the large documents are written.
 * Prints processor time per phase, garbage collection in other threads included: a busy machine does
 * not change it much. `bun test/bench/scale/replay.ts [hold|decline|suppress] [gets] [document]`; add
 * `--cpu-prof` to see where the time goes.
 */
import { heapStats } from "bun:jsc"
import { createReadStream, existsSync, writeFileSync, appendFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "#lib/io/index.ts"
import { createMasterApi, MasterDriver, type LinkId } from "#lib/master/index.ts"
import { parseResources, type AgentId, type FrameworkId, type Resources } from "#lib/mesos/index.ts"
import type { ExecutorId, FrameworkInfo, Task, TaskId } from "#lib/mesos/index.ts"
import { MemoryStore } from "#lib/runtime/index.ts"
import { residentMib } from "../../fixtures/daemons.ts"
import { waitFor } from "../../fixtures/wait.ts"
import { LagMeter } from "./lag-meter.ts"
import { FULL_SIZE } from "./sizes.ts"

const { agents, tasks, frameworks, roles } = FULL_SIZE
const [answer = "hold", gets = "4", only] = process.argv.slice(2)

function resources(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

const AGENT_RESOURCES = resources("cpus:32;mem:131072;disk:1000000;ports:[31000-32000]")
const frameworkId = (n: number): FrameworkId => `M-${String(n).padStart(4, "0")}` as FrameworkId
const agentId = (n: number): AgentId => `M-S${n}` as AgentId
const roleOf = (n: number): string => `role-${n % roles}`

const frameworkInfo = (n: number): FrameworkInfo & { readonly id: FrameworkId } => ({
  id: frameworkId(n),
  user: "svc",
  name: `framework-${n}`,
  principal: `svc-${n}`,
  webuiUrl: `http://10.1.0.${n}:8080`,
  hostname: `h${n}.example.com`,
  failoverTimeout: 604_800,
  checkpoint: true,
  roles: [roleOf(n)],
  capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }],
})

/** One instance of a service in a Docker container, as Marathon launches it and an agent tells of it. */
function task(owner: number, agent: number, serial: number, port: number): Task {
  const app = Math.floor(serial / 25)
  const name = `web-${app}.team-${owner}`
  const uuid = crypto.randomUUID()
  const taskId = `team-${owner}_web-${app}.instance-${uuid}._app.1` as TaskId
  return {
    name,
    taskId,
    frameworkId: frameworkId(owner),
    agentId: agentId(agent),
    state: "TASK_RUNNING",
    resources: resources(`cpus:0.5;mem:512;disk:100;ports:[${port}-${port}]`).map((resource) => ({
      ...resource,
      allocationRole: roleOf(owner),
    })),
    labels: {
      labels: [
        { key: "team", value: `team-${owner}` },
        { key: "HAPROXY_GROUP", value: "external" },
        { key: "HAPROXY_0_VHOST", value: `${name}.example.com` },
      ],
    },
    container: {
      type: "DOCKER",
      docker: {
        image: `registry.example.com/team-${owner}/web:${app}`,
        network: "HOST",
        privileged: false,
        forcePullImage: false,
        parameters: [],
      },
      volumes: [],
    },
    discovery: {
      visibility: "FRAMEWORK",
      name,
      ports: { ports: [{ number: port, name: "http", protocol: "tcp" }] },
    },
    user: "svc",
    statuses: [
      {
        taskId,
        agentId: agentId(agent),
        state: "TASK_RUNNING",
        source: "SOURCE_EXECUTOR",
        timestamp: Date.now() / 1000,
        uuid: Buffer.from(uuid.replaceAll("-", ""), "hex").toString("base64"),
        executorId: taskId as string as ExecutorId,
        containerStatus: {
          containerId: { value: uuid },
          networkInfos: [
            {
              ipAddresses: [{ protocol: "IPv4", ipAddress: `10.${agent >> 8}.${agent & 255}.1` }],
            },
          ],
        },
      },
    ],
    statusUpdateState: "TASK_RUNNING",
  }
}

const registration = (agent: number, running: readonly Task[]): object => ({
  kind: "register",
  agentId: agentId(agent),
  info: {
    hostname: `node-${agent}.example.com`,
    port: 5051,
    resources: AGENT_RESOURCES,
    attributes: [],
  },
  version: "1.12.0",
  capabilities: ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"],
  checkpointedResources: [],
  frameworks: [...new Set(running.map((each) => each.frameworkId))].map((id) =>
    frameworkInfo(Number(id.slice(2))),
  ),
  executors: [],
  tasks: running,
})

/** Writes down what all agents say, a line each, unless an earlier run did. */
function prepare(path: string): void {
  if (existsSync(path)) return
  writeFileSync(path, "")
  const owned = new Float64Array(frameworks)
  for (let agent = 0; agent < agents; agent++) {
    const first = Math.floor((agent * tasks) / agents)
    const last = Math.floor(((agent + 1) * tasks) / agents)
    const running = Array.from({ length: last - first }, (_, i) => {
      const owner = (7 * agent + Math.floor(i / 3)) % frameworks
      const serial = owned[owner] ?? 0
      owned[owner] = serial + 1
      return task(owner, agent, serial, 31_000 + ((17 * agent + i) % 1000))
    })
    appendFileSync(path, `${JSON.stringify([agent, registration(agent, running)])}\n`)
  }
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const lag = new LagMeter()

async function measure<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  lag.reset()
  const [cpu, wall] = [cpuMs(), performance.now()]
  const result = await work()
  const [spent, took] = [cpuMs() - cpu, performance.now() - wall]
  const { p99, max } = lag.read()
  console.log(
    `${name.padEnd(26)} ${spent.toFixed(0).padStart(6)} ms cpu ${took.toFixed(0).padStart(6)} ms wall, lag p99 ${p99.toFixed(1)} max ${max.toFixed(1)} ms, ${residentMib(process.pid).toFixed(0)} MiB`,
  )
  return result
}

function start(store: MemoryStore, registered: () => void): Promise<MasterDriver> {
  const pong = (link: LinkId, sequence: number): void =>
    void started?.linkMessages(link, [{ kind: "pong", sequence }])
  let started: MasterDriver | undefined
  return MasterDriver.start({
    master: { info: { id: "M", ip: 0, port: 5050, hostname: "m1", version: "1.12.0" }, seed: 1 },
    store,
    clock: systemClock,
    log: { enabled: () => false, write: () => {} },
    links: {
      send: (link, messages) => {
        // Encoded as a link would.
        JSON.stringify(messages)
        for (const message of messages)
          if (message.kind === "registered") registered()
          else if (message.kind === "ping") pong(link, message.sequence)
      },
      close: (link, reason) => console.error(`link ${link} closed: ${reason}`),
    },
    newId: () => crypto.randomUUID(),
    onFatal: (cause) => {
      console.error(cause)
      process.exit(1)
    },
  }).then((result) => {
    if (!result.ok) throw new Error(result.error.message)
    return (started = result.value)
  })
}

/** What an earlier leader has left in its store. */
async function admitted(): Promise<MemoryStore> {
  const store = new MemoryStore()
  let registered = 0
  const driver = await start(store, () => registered++)
  for (let agent = 0; agent < agents; agent++) {
    driver.linkOpened(`${agent}` as LinkId, "10.0.0.1")
    driver.linkMessages(`${agent}` as LinkId, [registration(agent, [])])
  }
  await waitFor("all agents to be admitted", () => registered === agents)
  await driver.stop()
  return store
}

let offers = 0

function subscribe(driver: MasterDriver, n: number): void {
  const info = frameworkInfo(n)
  const stream = driver.subscribe(
    {
      frameworkId: info.id,
      subscribe: {
        frameworkInfo: info,
        suppressedRoles: answer === "suppress" ? [roleOf(n)] : [],
      },
    },
    {
      events: (events) => {
        // Encoded as a stream would.
        JSON.stringify(events)
        for (const event of events)
          if (event.kind === "offers") {
            offers += event.offers?.length ?? 0
            if (answer === "hold") continue
            for (const { id } of event.offers ?? [])
              void driver.take({
                frameworkId: info.id,
                stream,
                call: { kind: "decline", offerIds: [id], filters: { refuseSeconds: 86_400 } },
              })
          }
      },
      end: () => {},
    },
  )
}

async function registerAll(driver: MasterDriver, path: string): Promise<void> {
  let rest = ""
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 65_536 })) {
    const lines = (rest + String(chunk)).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const [agent, message] = JSON.parse(line) as [number, unknown]
      driver.linkOpened(`${agent}` as LinkId, "10.0.0.1")
      driver.linkMessages(`${agent}` as LinkId, [message])
    }
  }
}

const path = join(tmpdir(), `dcos-replay-${agents}-${tasks}.jsonl`)
prepare(path)
const store = await admitted()
Bun.gc(true)
lag.start()
let registered = 0
const driver = await measure("recovered", () => start(store, () => registered++))
await measure("all agents are back", async () => {
  for (let n = 0; n < frameworks; n++) subscribe(driver, n)
  await registerAll(driver, path)
  await waitFor("all agents to be back", () => registered === agents, 60_000, 5)
})
console.log(`  ${offers} offers`)
const build = { version: "1.12.0", buildDate: "", buildTime: 0, buildUser: "bench" }
const log = { enabled: () => false, write: () => {} }
const api = createMasterApi({ master: driver, clock: systemClock, log, build, flags: {} })
for (const document of only === undefined ? ["state-summary", "state"] : [only])
  for (let i = 0; i < Number(gets); i++)
    await measure(`/${document}`, async () => {
      const response = await api.fetch(new Request(`http://localhost/${document}`))
      let bytes = 0
      for await (const chunk of response.body ?? []) bytes += chunk.length
      return bytes
    })
await measure("garbage collected", () => Bun.gc(true))
const { heapSize, extraMemorySize, objectTypeCounts } = heapStats()
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
console.log(`heap ${mib(heapSize)}, of which outside of its blocks ${mib(extraMemorySize)}`)
const counts = Object.entries(objectTypeCounts).toSorted(([, a], [, b]) => b - a)
for (const [type, count] of counts.slice(0, 12)) console.log(`  ${type.padEnd(24)} ${count}`)
process.exit(0)
