/** One allocation pass of the bare master machine, in this process, at the full size. */
import {
  Master,
  type LinkId,
  type MasterEffect,
  type MasterInput,
  type RequestId,
  type StreamId,
} from "#lib/master/index.ts"
import {
  parseResources,
  type FrameworkId,
  type Offer,
  type Resources,
  type Task,
} from "#lib/mesos/index.ts"
import { atMost, median, type Benchmark, type BenchResult } from "./result.ts"
import { FULL_SIZE } from "./scale/sizes.ts"

/** The agents that change between two passes: one in a hundred. */
const CHANGED = FULL_SIZE.agents / 100

/** A day: until then nobody is offered again what it declined. */
const REFUSE_SECONDS = 86_400

/** Passes after which each framework in turn has declined the agents that change. */
const PASSES = FULL_SIZE.frameworks

function resources(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

const AGENT_RESOURCES = resources("cpus:32;mem:131072;disk:1000000;ports:[31000-32000]")

const frameworkId = (n: number): FrameworkId => `F-${n % FULL_SIZE.frameworks}` as FrameworkId
const roleOf = (n: number): string => `role-${n % FULL_SIZE.roles}`
const streamOf = (n: number): StreamId => `stream-${n}` as StreamId

const frameworkInfo = (n: number) => ({
  id: frameworkId(n),
  user: "svc",
  name: `framework-${n}`,
  failoverTimeout: 3600,
  roles: [roleOf(n)],
  capabilities: [{ type: "MULTI_ROLE" as const }, { type: "PARTITION_AWARE" as const }],
})

function tasksOf(agent: number, agentId: string): Task[] {
  const { agents, tasks, frameworks } = FULL_SIZE
  const first = Math.floor((agent * tasks) / agents)
  const last = Math.floor(((agent + 1) * tasks) / agents)
  return Array.from({ length: last - first }, (_, i) => {
    const owner = (agent + (i % 3)) % frameworks
    return {
      name: "web",
      taskId: `web.${first + i}`,
      frameworkId: frameworkId(owner),
      agentId,
      state: "TASK_RUNNING",
      resources: resources(`cpus:0.5;mem:512;disk:100;ports:[${31_000 + i}-${31_000 + i}]`).map(
        (resource) => ({ ...resource, allocationRole: roleOf(owner) }),
      ),
    } as unknown as Task
  })
}

/** A master that steps at once and keeps the offers it makes. */
class Bench {
  readonly #master: Master
  /** The outstanding offers, by agent, with the stream that got them. */
  readonly offers = new Map<string, { readonly offer: Offer; readonly stream: StreamId }>()
  #requests = 0
  #wakeDue = false

  constructor() {
    const info = { id: "M", ip: 0, port: 5050, hostname: "m1" }
    const recovered = Master.recover({ info, seed: 1 }, [], 0)
    if (!recovered.ok) throw new Error(recovered.error.message)
    this.#master = recovered.value
  }

  step(input: MasterInput): void {
    const out: MasterEffect[] = []
    this.#master.step(input, 0, out)
    for (const effect of out)
      if (effect.kind === "wakeAt") this.#wakeDue ||= effect.at <= 0
      else if (effect.kind === "event" && effect.event.kind === "offers")
        for (const offer of effect.event.offers ?? [])
          this.offers.set(offer.agentId, { offer, stream: effect.stream })
  }

  /** Wakes the machine until it wants no more; returns the milliseconds it took. */
  pass(): number {
    const started = performance.now()
    while (this.#wakeDue) {
      this.#wakeDue = false
      this.step({ kind: "wake" })
    }
    return performance.now() - started
  }

  decline(agentId: string): void {
    const outstanding = this.offers.get(agentId)
    this.offers.delete(agentId)
    if (outstanding === undefined) return
    const { offer, stream } = outstanding
    this.step({
      kind: "call",
      request: ++this.#requests as RequestId,
      stream,
      frameworkId: offer.frameworkId,
      call: {
        kind: "decline",
        offerIds: [offer.id],
        filters: { refuseSeconds: REFUSE_SECONDS },
      },
    })
  }
}

/** Registers everybody; every agent's free resources are then offered to somebody. */
function fill(bench: Bench): void {
  for (let n = 0; n < FULL_SIZE.frameworks; n++) {
    const subscribe = { frameworkInfo: frameworkInfo(n) }
    bench.step({ kind: "subscribe", stream: streamOf(n), frameworkId: frameworkId(n), subscribe })
  }
  for (let n = 0; n < FULL_SIZE.agents; n++) {
    const link = `link-${n}` as LinkId
    bench.step({ kind: "linkOpened", link, address: "10.0.0.1" })
    bench.step({
      kind: "linkMessage",
      link,
      message: {
        kind: "register",
        info: { hostname: `node-${n}`, resources: AGENT_RESOURCES },
        version: "1.12.0",
        capabilities: ["MULTI_ROLE", "HIERARCHICAL_ROLE"],
        checkpointedResources: [],
        frameworks: [],
        executors: [],
        tasks: tasksOf(n, `M-S${n}`),
      },
    })
  }
  bench.pass()
  if (bench.offers.size !== FULL_SIZE.agents) throw new Error("an agent was not offered")
}

function run(): Promise<readonly BenchResult[]> {
  const bench = new Bench()
  fill(bench)
  const agents = Array.from({ length: CHANGED }, (_, n) => `M-S${n * 100}`)
  const times: number[] = []
  for (let round = 0; round < PASSES; round++) {
    for (const agentId of agents) bench.decline(agentId)
    times.push(bench.pass())
  }
  const sorted = times.toSorted((a, b) => a - b)
  return Promise.resolve([
    atMost("allocation-pass", median(times), "ms", null),
    atMost("allocation-pass-p99", sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0, "ms", 100),
  ])
}

/**
 * Offers of one agent in a hundred are declined, and what is free there is offered to others; two
 * hundred times over, so that in the end all frameworks but one have declined it and are passed over.
 */
export const allocation: Benchmark = {
  name: "allocation",
  measures: ["allocation-pass", "allocation-pass-p99"],
  run,
}
