import { afterAll, expect, test } from "bun:test"
import type { HealthCheck } from "#lib/mesos/index.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import { TestPlace } from "#lib/io/testing/containers.ts"
import type {
  CommandOutcome,
  CommandRequest,
  ContainerRuntime,
  ProbeLimits,
  ProbeOutcome,
  ProbeTarget,
} from "#lib/ports/index.ts"
import { ContainerProber } from "./container-prober.ts"

const place = new TestPlace()
afterAll(() => place[Symbol.dispose]())
const spec = place.spec("true")
const { signal } = new AbortController()

/** A prober over a container that answers as told, and what it was asked. */
function fixture(answer: {
  probe?: ProbeOutcome
  command?: CommandOutcome
  address?: string
  network?: string
}) {
  const asked: { target?: ProbeTarget; limits?: ProbeLimits; request?: CommandRequest } = {}
  const runtime = {
    network: () => Promise.resolve(answer.network),
    address: () => Promise.resolve(answer.address ?? "127.0.0.1"),
    runIn: (_spec: unknown, request: CommandRequest) => {
      asked.request = request
      return answer.command === undefined
        ? Promise.reject(new Error("no daemon"))
        : Promise.resolve(answer.command)
    },
  } as Partial<ContainerRuntime> as ContainerRuntime
  const prober = new ContainerProber({
    runtimeOf: () => runtime,
    prober: {
      probe: (target, limits) => {
        asked.target = target
        asked.limits = limits
        return Promise.resolve(answer.probe ?? { kind: "tcp" })
      },
    },
  })
  return { asked, prober }
}

const failed: ProbeOutcome = { kind: "failed", message: "refused", timedOut: false }
const timedOut: ProbeOutcome = { kind: "failed", message: "late", timedOut: true }

test("HTTP is healthy from 200 to 399", async () => {
  for (const [statusCode, healthy] of [
    [199, false],
    [200, true],
    [399, true],
    [400, false],
  ] as const) {
    const { prober } = fixture({ probe: { kind: "http", statusCode } })
    const verdict = await prober.health(spec, { http: { port: 80 } }, signal)
    expect(verdict).toEqual({ healthy, message: healthy ? "" : `HTTP status ${statusCode}` })
  }
})

test("probes the container's address with the check's own timeout", async () => {
  const { asked, prober } = fixture({ address: "172.17.0.2" })
  const http = { port: 8080, path: "/health", scheme: "https" }
  await prober.health(spec, { http, timeoutSeconds: 3 }, signal)
  expect(asked.target).toEqual({
    kind: "http",
    scheme: "https",
    host: "172.17.0.2",
    port: 8080,
    path: "/health",
  })
  expect(asked.limits?.timeoutMs).toBe(3000)
})

test("asks at the loopback address of a network that the container has of its own", async () => {
  const network = "/proc/7/ns/net"
  const { asked, prober } = fixture({ address: "172.17.0.2", network })
  await prober.health(spec, { tcp: { port: 80 } }, signal)
  expect(asked.target).toEqual({ kind: "tcp", host: "127.0.0.1", network, port: 80 })
  await prober.health(spec, { http: { port: 80, protocol: "IPv6" } }, signal)
  expect(asked.target).toMatchObject({ host: "::1", network })
  await prober.check(spec, { http: { port: 80 } }, signal)
  expect(asked.target).toMatchObject({ kind: "http", host: "127.0.0.1", network })
  await prober.check(spec, { tcp: { port: 80 } }, signal)
  expect(asked.target).toMatchObject({ kind: "tcp", host: "127.0.0.1", network })
})

test("takes 20 seconds and the path / by default, and ::1 for IPv6", async () => {
  const { asked, prober } = fixture({})
  await prober.health(spec, { http: { port: 80, protocol: "IPv6" } }, signal)
  expect(asked.target).toMatchObject({ host: "::1", path: "/" })
  expect(asked.limits?.timeoutMs).toBe(20_000)
})

test("TCP is healthy when connected, and says why not otherwise", async () => {
  const check: HealthCheck = { tcp: { port: 80 } }
  expect(await fixture({}).prober.health(spec, check, signal)).toMatchObject({ healthy: true })
  expect(await fixture({ probe: failed }).prober.health(spec, check, signal)).toEqual({
    healthy: false,
    message: "refused",
  })
})

test("COMMAND is healthy when it exits with 0, and quotes its output otherwise", async () => {
  const verdictOf = (command?: CommandOutcome) =>
    fixture(command === undefined ? {} : { command }).prober.health(
      spec,
      { command: { value: "x" } },
      signal,
    )
  expect(await verdictOf({ kind: "exited", status: 0, output: "fine" })).toMatchObject({
    healthy: true,
  })
  expect(await verdictOf({ kind: "exited", status: exitedStatus(2), output: "bad\n" })).toEqual({
    healthy: false,
    message: "the command exited with status 2: bad",
  })
  expect(await verdictOf({ kind: "exited", status: signaledStatus(9), output: "" })).toEqual({
    healthy: false,
    message: "the command terminated with signal SIGKILL",
  })
  expect(await verdictOf({ kind: "timedOut" })).toMatchObject({ healthy: false })
  expect(await verdictOf()).toEqual({
    healthy: false,
    message: "the command could not be run: no daemon",
  })
})

test("a check reports what it saw, and nothing when there was no answer", async () => {
  const command = { command: { command: { value: "x" } } }
  const run = (
    check: Parameters<ContainerProber["check"]>[1],
    answer: Parameters<typeof fixture>[0],
  ) => fixture(answer).prober.check(spec, check, signal)
  const exit3: CommandOutcome = { kind: "exited", status: exitedStatus(3), output: "" }
  expect(await run(command, { command: exit3 })).toEqual({
    type: "COMMAND",
    command: { exitCode: 3 },
  })
  expect(await run(command, { command: { kind: "timedOut" } })).toEqual({
    type: "COMMAND",
    command: {},
  })
  const http = { http: { port: 80 } }
  expect(await run(http, { probe: { kind: "http", statusCode: 503 } })).toEqual({
    type: "HTTP",
    http: { statusCode: 503 },
  })
  expect(await run(http, { probe: failed })).toEqual({ type: "HTTP", http: {} })
  const tcp = { tcp: { port: 80 } }
  expect(await run(tcp, {})).toEqual({ type: "TCP", tcp: { succeeded: true } })
  expect(await run(tcp, { probe: failed })).toEqual({ type: "TCP", tcp: { succeeded: false } })
  expect(await run(tcp, { probe: timedOut })).toEqual({ type: "TCP", tcp: {} })
})
