/**
 * A process that plays many agents against one master over real WebSockets:
 * `bun simulated-agents.ts <ws url> <count> <join token>`. Each registers, answers pings and says
 * TASK_RUNNING to every task at once. It prints one JSON line a second: how many are registered and
 * how many tasks were acknowledged.
 */
import type { AgentToMaster, MasterToAgent, TaskInfo } from "#lib/mesos/index.ts"

const [url = "", count = "0", token = ""] = process.argv.slice(2)

/** Connections that are being opened at the same time. */
const OPENING = 200

const seen = { registered: 0, launched: 0, acknowledged: 0, closed: 0 }
const report = (): void => void process.stdout.write(`${JSON.stringify(seen)}\n`)

let updates = 0

/** A new uuid for each update: sixteen bytes in base64. */
function nextUuid(): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32BE(++updates)
  return bytes.toString("base64")
}

function running(agentId: string, frameworkId: string, task: TaskInfo): AgentToMaster {
  return {
    kind: "update",
    frameworkId,
    latestState: "TASK_RUNNING",
    status: {
      taskId: task.taskId,
      agentId,
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      timestamp: Date.now() / 1000,
      uuid: nextUuid(),
      executorId: task.taskId,
      containerStatus: {
        networkInfos: [{ ipAddresses: [{ protocol: "IPv4", ipAddress: "127.0.0.1" }] }],
      },
    },
  } as unknown as AgentToMaster
}

const scalar = (name: string, amount: number) => ({
  name,
  value: { kind: "scalar" as const, milli: amount * 1000 },
  reservations: [],
})

const registration = (index: number): AgentToMaster => ({
  kind: "register",
  info: {
    hostname: `agent-${index}`,
    port: 5051,
    resources: [
      scalar("cpus", 4),
      scalar("disk", 10_000),
      scalar("mem", 4096),
      {
        name: "ports",
        value: { kind: "ranges", ranges: [{ begin: 31_000, end: 32_000 }] },
        reservations: [],
      },
    ],
    attributes: [],
  },
  version: "1.12.0",
  capabilities: ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"],
  checkpointedResources: [],
  frameworks: [],
  executors: [],
  tasks: [],
})

function open(index: number, opened: () => void): void {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } })
  let agentId = ""
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify([registration(index)]))
    opened()
  })
  socket.addEventListener("close", () => {
    if (seen.closed++ === 0) report()
  })
  socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
    const out: AgentToMaster[] = []
    for (const message of JSON.parse(data) as MasterToAgent[])
      switch (message.kind) {
        case "registered":
          agentId = message.agentId
          seen.registered++
          break
        case "ping":
          out.push({ kind: "pong", sequence: message.sequence })
          break
        case "runTask":
          seen.launched++
          out.push(running(agentId, message.framework.id ?? "", message.task))
          break
        case "acknowledge":
          seen.acknowledged++
          break
        default:
          break
      }
    if (out.length > 0) socket.send(JSON.stringify(out))
  })
}

let next = 0
const openNext = (): void => {
  if (next < Number(count)) open(next++, openNext)
}
for (let i = 0; i < OPENING; i++) openNext()

function tick(): void {
  report()
  setTimeout(tick, 100)
}
tick()
