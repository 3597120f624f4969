import { join } from "node:path"
import { RecordDecoder } from "#lib/mesos/index.ts"
import { residentMib, startMaster, temporaryFolder } from "../fixtures/daemons.ts"
import { waitFor } from "../fixtures/wait.ts"
import { CallClient } from "./call-client.ts"
import { atLeast, atMost, type Benchmark, type BenchResult } from "./result.ts"

const AGENTS = 5_000
const TASKS = 50_000

type Offer = {
  readonly id: { readonly value: string }
  readonly agent_id: { readonly value: string }
}
type Event = {
  readonly type: string
  readonly subscribed?: { readonly framework_id: { readonly value: string } }
  readonly offers?: { readonly offers: readonly Offer[] }
  readonly update?: {
    readonly status: {
      readonly state: string
      readonly uuid?: string
      readonly task_id: { readonly value: string }
      readonly agent_id: { readonly value: string }
    }
  }
}

/** What a framework has seen, and when (milliseconds of `performance.now`). */
type Progress = {
  running: number
  accepted: number
  firstOfferAt: number
  lastAcceptAt: number
  lastRunningAt: number
}

/** A framework that speaks the HTTP v1 API and launches ten small tasks on every offer it gets. */
async function runFramework(port: number): Promise<{ readonly progress: Progress; stop(): void }> {
  const progress: Progress = {
    running: 0,
    accepted: 0,
    firstOfferAt: 0,
    lastAcceptAt: 0,
    lastRunningAt: 0,
  }
  const abort = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/scheduler`, {
    method: "POST",
    signal: abort.signal,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({
      type: "SUBSCRIBE",
      subscribe: {
        framework_info: {
          user: "root",
          name: "bench",
          failover_timeout: 60,
          checkpoint: true,
          roles: ["bench"],
          capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }],
        },
      },
    }),
  })
  if (!response.ok || response.body === null)
    throw new Error(`SUBSCRIBE: ${response.status} ${await response.text()}`)
  const calls = new CallClient("/api/v1/scheduler", {
    "Mesos-Stream-Id": response.headers.get("mesos-stream-id") ?? "",
  })
  await calls.connect(port)
  void readEvents(response.body, calls, progress).catch((cause: unknown) => {
    if (!abort.signal.aborted) console.error(`the stream ended: ${String(cause)}`)
  })
  return {
    progress,
    stop: () => {
      abort.abort()
      calls.close()
    },
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  calls: CallClient,
  progress: Progress,
): Promise<void> {
  const decoder = new RecordDecoder(64 * 1024 * 1024)
  const text = new TextDecoder()
  let frameworkId = ""
  for await (const chunk of body) {
    const records = decoder.push(chunk)
    if (!records.ok) throw new Error(records.error.message)
    for (const record of records.value) {
      const event = JSON.parse(text.decode(record)) as Event
      if (event.subscribed) frameworkId = event.subscribed.framework_id.value
      for (const offer of event.offers?.offers ?? []) accept(frameworkId, offer, calls, progress)
      if (event.update) acknowledge(frameworkId, event.update, calls, progress)
    }
  }
}

const scalar = (name: string, value: number) => ({
  name,
  type: "SCALAR",
  scalar: { value },
  allocation_info: { role: "bench" },
})

function accept(frameworkId: string, offer: Offer, calls: CallClient, progress: Progress): void {
  const now = performance.now()
  progress.firstOfferAt ||= now
  const left = TASKS - progress.accepted
  const count = Math.min(TASKS / AGENTS, left)
  const task_infos = Array.from({ length: count }, () => ({
    name: "task",
    task_id: { value: `task-${progress.accepted++}` },
    agent_id: offer.agent_id,
    resources: [scalar("cpus", 0.1), scalar("mem", 32)],
    command: { value: "exec sleep 1000" },
  }))
  if (count > 0) progress.lastAcceptAt = now
  calls.post(
    JSON.stringify({
      framework_id: { value: frameworkId },
      type: "ACCEPT",
      accept: {
        offer_ids: [offer.id],
        operations: count > 0 ? [{ type: "LAUNCH", launch: { task_infos } }] : [],
        filters: { refuse_seconds: 600 },
      },
    }),
  )
}

function acknowledge(
  frameworkId: string,
  { status }: NonNullable<Event["update"]>,
  calls: CallClient,
  progress: Progress,
): void {
  if (status.state === "TASK_RUNNING") {
    progress.running++
    progress.lastRunningAt = performance.now()
  }
  if (status.uuid === undefined) return
  calls.post(
    JSON.stringify({
      framework_id: { value: frameworkId },
      type: "ACKNOWLEDGE",
      acknowledge: { agent_id: status.agent_id, task_id: status.task_id, uuid: status.uuid },
    }),
  )
}

/** Plays the agents in a process of their own, and tells what they have seen. */
function startAgents(url: string, token: string) {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "simulated-agents.ts"), url, `${AGENTS}`, token],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  )
  const seen = { registered: 0, launched: 0, acknowledged: 0, closed: 0 }
  void (async () => {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      rest = lines.pop() ?? ""
      const last = lines.at(-1)
      if (last) Object.assign(seen, JSON.parse(last))
    }
  })()
  return {
    seen,
    stop: async () => {
      child.kill()
      await child.exited
    },
  }
}

async function run(executable: string): Promise<readonly BenchResult[]> {
  const folder = temporaryFolder()
  const master = await startMaster(executable, folder.path, { args: ["--log-level", "warn"] })
  const link = `ws://127.0.0.1:${master.ports.mesos}/api/agent-link`
  const agents = startAgents(link, master.joinToken())
  try {
    await waitFor(
      `${AGENTS} agents to register`,
      () => agents.seen.registered === AGENTS && agents.seen.closed === 0,
      120_000,
    )
    const idleMib = residentMib(master.pid)
    const started = performance.now()
    const framework = await runFramework(master.ports.mesos)
    const { progress } = framework
    await waitFor(
      `${TASKS} tasks to run and be acknowledged`,
      () => progress.running >= TASKS && agents.seen.acknowledged >= TASKS,
      60_000,
    )
    const seconds = (performance.now() - started) / 1000
    framework.stop()
    const accepting = (progress.lastAcceptAt - progress.firstOfferAt) / 1000
    const updating = (progress.lastRunningAt - progress.firstOfferAt) / 1000
    return [
      atMost("launch-50k", seconds, "s", 10),
      atLeast("accepted-offers", AGENTS / accepting, "1/s", null),
      atLeast("status-updates", TASKS / updating, "1/s", null),
      atMost("master-memory-5k-agents", idleMib, "MiB", null),
      atMost("master-memory-50k-tasks", residentMib(master.pid), "MiB", null),
    ]
  } catch (cause) {
    throw new Error(`agents: ${JSON.stringify(agents.seen)}\n${master.output().slice(-2_000)}`, {
      cause,
    })
  } finally {
    await agents.stop()
    await master.end()
    folder.remove()
  }
}

/** 50,000 tasks on 5,000 agents, real sockets all the way, to acknowledged TASK_RUNNING. */
export const launch: Benchmark = { name: "launch-50k", run }
