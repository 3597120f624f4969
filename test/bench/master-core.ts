/**
 * The bare master machine under load: no sockets, no JSON, no store. Prints processor time per phase.
 * Usage: bun test/bench/master-core.ts [agents] [tasks per agent] [idle frameworks]
 */
import { Master, type MasterEffect, type MasterInput } from "#lib/master/index.ts"
import type { LinkId, RequestId, StreamId } from "#lib/master/index.ts"
import { parseResources, type AgentId, type Offer, type Resources } from "#lib/mesos/index.ts"
import type { FrameworkId, TaskId, TaskInfo } from "#lib/mesos/index.ts"

const [agents = 5_000, tasksPerAgent = 10, idleFrameworks = 0] = process.argv.slice(2).map(Number)

function resources(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

const info = { id: "M", ip: 0, port: 5050, hostname: "m1" }
const recovered = Master.recover({ info, seed: 1 }, [], 0)
if (!recovered.ok) throw new Error(recovered.error.message)
const master = recovered.value

let now = 0
let requests = 0
let offered: Offer[] = []
let effects = 0
const launched: TaskInfo[] = []

/** Does what the runtime loop does, in batches, and notes what the bench needs of the effects. */
function run(inputs: Iterable<MasterInput>): void {
  let out: MasterEffect[] = []
  let size = 0
  let wake = false
  const finish = (): void => {
    effects += out.length
    for (const effect of out) {
      if (effect.kind === "event" && effect.event.kind === "offers")
        for (const offer of effect.event.offers ?? []) offered.push(offer)
      else if (effect.kind === "send" && effect.message.kind === "runTask")
        launched.push(effect.message.task)
      else if (effect.kind === "wakeAt") wake = effect.at <= now
    }
    out = []
    size = 0
    if (!wake) return
    wake = false
    master.step({ kind: "wake" }, now, out)
    finish()
  }
  for (const input of inputs) {
    master.step(input, now, out)
    if (++size >= 512) finish()
  }
  finish()
}

function measure(name: string, count: number, work: () => void): void {
  const before = process.cpuUsage()
  work()
  // Processor time, garbage collection in other threads included: a busy machine does not change it much.
  const { user, system } = process.cpuUsage(before)
  const us = user + system
  const rate = `${String(Math.round(us / 1000)).padStart(6)} ms  ${(us / count).toFixed(2).padStart(8)} us each`
  console.log(`${name.padEnd(34)} ${String(count).padStart(7)} in ${rate}`)
}

const agentResources = resources("cpus:32;mem:131072;disk:100000;ports:[31000-32000]")
const link = (n: number): LinkId => `link-${n}` as LinkId
const stream = "stream" as StreamId
const capabilities = [{ type: "MULTI_ROLE" as const }, { type: "PARTITION_AWARE" as const }]

function* registrations(): Iterable<MasterInput> {
  for (let n = 0; n < agents; n++) {
    yield { kind: "linkOpened", link: link(n), address: "10.0.0.1" }
    yield {
      kind: "linkMessage",
      link: link(n),
      message: {
        kind: "register",
        info: { hostname: `a${n}`, resources: agentResources },
        version: "1.12.0",
        capabilities: ["MULTI_ROLE", "HIERARCHICAL_ROLE"],
        checkpointedResources: [],
        frameworks: [],
        executors: [],
        tasks: [],
      },
    }
  }
}

function subscribeInput(name: string, to: StreamId, suppressed: boolean): MasterInput {
  const frameworkInfo = { user: "svc", name, failoverTimeout: 3600, roles: [name], capabilities }
  const suppressedRoles = suppressed ? [name] : []
  return { kind: "subscribe", stream: to, subscribe: { frameworkInfo, suppressedRoles } }
}

let serial = 0
const task = (agentId: AgentId, port: number): TaskInfo => ({
  name: "web",
  taskId: `web.${serial++}` as TaskId,
  agentId,
  resources: resources(`cpus:0.1;mem:64;ports:[${port}-${port}]`),
  command: { value: "sleep 1000", environment: { variables: [{ name: "PORT", value: "1" }] } },
  labels: { labels: [{ key: "team", value: "blue" }] },
})

let frameworkId = "M-0000" as FrameworkId
const call = (
  body: Extract<MasterInput, { readonly kind: "call" }>["call"],
  from: StreamId = stream,
): MasterInput => ({
  kind: "call",
  request: ++requests as RequestId,
  stream: from,
  frameworkId,
  call: body,
})

const linkOf = (agentId: AgentId): LinkId => link(Number(agentId.slice("M-S".length)))

function* updates(state: "TASK_RUNNING" | "TASK_FINISHED"): Iterable<MasterInput> {
  for (const { taskId, agentId } of launched) {
    const status = { taskId, agentId, state, uuid: "AAAAAAAAAAAAAAAAAAAAAA==", timestamp: 1 }
    const message = { kind: "update", frameworkId, status, latestState: state } as const
    yield { kind: "linkMessage", link: linkOf(agentId), message }
  }
}

function* acknowledgements(): Iterable<MasterInput> {
  for (const { taskId, agentId } of launched)
    yield call({ kind: "acknowledge", agentId, taskId, uuid: "AAAAAAAAAAAAAAAAAAAAAA==" })
}

measure("agents registered", agents, () => run(registrations()))
for (let n = 0; n < idleFrameworks; n++) {
  const idle = `idle-${n}` as StreamId
  frameworkId = `M-${String(n).padStart(4, "0")}` as FrameworkId
  run([subscribeInput(`idle${n}`, idle, n % 2 === 0)])
  const refusals = offered.map(({ id }) =>
    call({ kind: "decline", offerIds: [id], filters: { refuseSeconds: 86_400 } }, idle),
  )
  offered = []
  run(refusals)
}
frameworkId = `M-${String(idleFrameworks).padStart(4, "0")}` as FrameworkId
offered = []
measure("framework subscribed, offers", agents, () => run([subscribeInput("web", stream, false)]))
console.log(`  ${offered.length} offers`)
const accepts: MasterInput[] = offered.map((offer) =>
  call({
    kind: "accept",
    offerIds: [offer.id],
    operations: [
      {
        kind: "launch",
        taskInfos: Array.from({ length: tasksPerAgent }, (_, i) => task(offer.agentId, 31_000 + i)),
      },
    ],
    filters: { refuseSeconds: 5 },
  }),
)
measure("tasks launched", offered.length * tasksPerAgent, () => run(accepts))
measure("TASK_RUNNING", launched.length, () => run(updates("TASK_RUNNING")))
measure("acknowledged", launched.length, () => run(acknowledgements()))
offered = []
now += 5_000
measure("filters ended, offered again", agents, () => run([{ kind: "wake" }]))
console.log(`  ${offered.length} offers`)
const declines = offered.map(({ id }) => call({ kind: "decline", offerIds: [id] }))
measure("offers declined", agents, () => run(declines))
measure("revived", agents, () => run([call({ kind: "revive" })]))
measure("TASK_FINISHED", launched.length, () => run(updates("TASK_FINISHED")))
measure("acknowledged", launched.length, () => run(acknowledgements()))
measure("metrics snapshots", 10, () => {
  for (let i = 0; i < 10; i++) master.view.metrics(now)
})
console.log(`${effects} effects, ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB resident`)
