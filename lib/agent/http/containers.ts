import type { agent as v1 } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { refuse } from "#lib/std/refuse.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { ContainerAnswer, ContainerCall } from "#lib/agent/core/nested/calls.ts"
import { parentOf, parseContainerId } from "#lib/agent/core/nested/container-id.ts"
import { takeInput } from "./input-stream.ts"
import type { AgentCall } from "./operator-request.ts"
import { replyOutput } from "./output-stream.ts"
import type { AgentHttpOptions } from "./ports.ts"

const SIGKILL = 9

/** The calls about containers. */
type Call = Extract<
  v1.Call,
  {
    readonly kind:
      | "launchContainer"
      | "waitContainer"
      | "killContainer"
      | "removeContainer"
      | "launchNestedContainer"
      | "waitNestedContainer"
      | "killNestedContainer"
      | "removeNestedContainer"
      | "launchNestedContainerSession"
      | "attachContainerOutput"
      | "attachContainerInput"
  }
>

/** The refusal of a call that the operator API's answers cannot carry. */
export type ContainerReply = v1.Response | Response

/** Answers a call about containers; undefined when it is another call. */
export async function serveContainers(
  options: AgentHttpOptions,
  read: AgentCall,
  signal: AbortSignal,
): Promise<ContainerReply | undefined> {
  const request = requestOf(read)
  if (request === undefined) return undefined
  if (!request.ok) {
    read.more?.cancel()
    return refuse(400, `Failed to validate agent::Call: ${request.error}`)
  }
  const answer = await options.driver.calls.ask(request.value, signal)
  if (answer === undefined) return new Response(null)
  return reply(options, read, answer)
}

async function reply(
  options: AgentHttpOptions,
  read: AgentCall,
  answer: ContainerAnswer,
): Promise<ContainerReply> {
  switch (answer.kind) {
    case "done":
      return new Response(null)
    case "exists":
      return new Response(null, { status: 202 })
    case "ended":
      return read.call.kind === "waitNestedContainer"
        ? { kind: "waitNestedContainer", ...answer.termination }
        : { kind: "waitContainer", ...answer.termination }
    case "refused":
      read.more?.cancel()
      return refuse(answer.status, answer.message)
    case "streams":
      return attach(options, read, answer)
    default:
      return answer satisfies never
  }
}

async function attach(
  { driver, clock }: AgentHttpOptions,
  { accepted, asRecords, more }: AgentCall,
  { spec, session }: Extract<ContainerAnswer, { readonly kind: "streams" }>,
): Promise<Response> {
  const hub = await driver.calls.attach(spec)
  const onEnd = (): void => {
    if (session !== undefined) driver.calls.endSession(session)
  }
  if (!hub.ok) {
    onEnd()
    more?.cancel()
    return refuse(500, hub.error)
  }
  if (more === undefined) {
    const reader = hub.value.read()
    return replyOutput({ reader, clock, accepted, asRecords: asRecords === true, onEnd })
  }
  const writer = hub.value.write()
  if (writer !== undefined) return takeInput(writer, more, () => driver.calls.leave(spec))
  more.cancel()
  return refuse(409, "Multiple input connections are not allowed")
}

/** What the call asks of the agent; the error says what is wrong with it. */
function requestOf(read: AgentCall): Result<ContainerCall, string> | undefined {
  const call = read.call as Call
  switch (call.kind) {
    case "launchContainer":
      return launchOf(call, ["launch_container", false])
    case "launchNestedContainer":
      return launchOf(call, ["launch_nested_container", true])
    case "launchNestedContainerSession":
      return launchOf(call, ["launch_nested_container_session", true])
    case "waitContainer":
      return about(call, "wait_container", (containerId) => ({ kind: "wait", containerId }))
    case "waitNestedContainer":
      return nested(call, "wait_nested_container", (containerId) => ({ kind: "wait", containerId }))
    case "killContainer":
      return about(call, "kill_container", killOf(call.signal))
    case "killNestedContainer":
      return nested(call, "kill_nested_container", killOf(call.signal))
    case "removeContainer":
      return about(call, "remove_container", (containerId) => ({ kind: "remove", containerId }))
    case "removeNestedContainer":
      return nested(call, "remove_nested_container", (containerId) => ({
        kind: "remove",
        containerId,
      }))
    case "attachContainerOutput":
      return about(call, "attach_container_output", (containerId) => ({
        kind: "attach",
        containerId,
      }))
    case "attachContainerInput":
      return inputOf(call)
    default:
      call satisfies never
      return undefined
  }
}

const killOf =
  (signal: number = SIGKILL) =>
  (containerId: ContainerId): ContainerCall => ({ kind: "kill", containerId, signal })

type Named = { readonly containerId: Parameters<typeof parseContainerId>[0] }

function about(
  call: Named,
  member: string,
  make: (containerId: ContainerId) => ContainerCall,
): Result<ContainerCall, string> {
  const containerId = parseContainerId(call.containerId)
  return containerId.ok
    ? ok(make(containerId.value))
    : err(`'${member}.container_id' is invalid: ${containerId.error}`)
}

function nested(
  call: Named,
  member: string,
  make: (containerId: ContainerId) => ContainerCall,
): Result<ContainerCall, string> {
  return call.containerId.parent === undefined
    ? err(`Expecting '${member}.container_id.parent' to be present`)
    : about(call, member, make)
}

type Launch = Extract<
  Call,
  {
    readonly kind: "launchContainer" | "launchNestedContainer" | "launchNestedContainerSession"
  }
>

function launchOf(call: Launch, [member, needsParent]: readonly [string, boolean]) {
  const problem = commandProblem(call)
  if (problem !== undefined) return err(`'${member}.command' is invalid: ${problem}`)
  const make = (containerId: ContainerId): ContainerCall => {
    const { command, container } = call
    const own = call.kind === "launchContainer" ? call : undefined
    return {
      kind: "launch",
      purpose: purposeOf(call, containerId),
      containerId,
      command,
      container,
      ...(own?.resources === undefined ? {} : { resources: own.resources }),
      ...(own?.limits === undefined ? {} : { limits: own.limits }),
    }
  }
  return needsParent ? nested(call, member, make) : about(call, member, make)
}

function purposeOf(call: Launch, containerId: ContainerId) {
  if (call.kind === "launchNestedContainerSession") return "session"
  return parentOf(containerId) === undefined ? "standalone" : "nested"
}

/** Source: apache/mesos: src/common/validation.cpp (validateCommandInfo). */
function commandProblem({ command }: Launch): string | undefined {
  for (const { name, type = "VALUE", value, secret } of command?.environment?.variables ?? []) {
    if (type === "SECRET" && secret === undefined)
      return `Environment variable '${name}' of type 'SECRET' must have a secret set`
    if (type === "VALUE" && value === undefined)
      return `Environment variable '${name}' of type 'VALUE' must have a value set`
    if (value?.includes("\0") === true)
      return `Environment variable '${name}' contains a NUL character`
  }
  return undefined
}

function inputOf(call: v1.CallAttachContainerInput): Result<ContainerCall, string> {
  if (call.type === undefined) return err("Expecting 'attach_container_input.type' to be present")
  if (call.type === "UNKNOWN") return err("'attach_container_input.type' is unknown")
  if (call.type !== "CONTAINER_ID")
    return err("Expecting 'attach_container_input.type' to be CONTAINER_ID")
  const { containerId } = call
  if (containerId === undefined)
    return err("Expecting 'attach_container_input.container_id' to be present")
  return about({ containerId }, "attach_container_input", (id) => ({
    kind: "attach",
    containerId: id,
  }))
}
