import type { AgentInfo, MachineId, Unavailability, maintenance, master } from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { removeAgent } from "./agents.ts"
import type { Context } from "./context.ts"
import { forgetAnswers, rescindInverseOffersOf } from "./inverse-offers.ts"
import { rescindOffersOf } from "./offers.ts"
import type { AgentRecord } from "./records.ts"
import { STORE_PATHS, type RegistryError } from "./registry.ts"
import type { MasterReply } from "./types.ts"

/** Version of the stored form. A reader accepts it and everything older. */
const SCHEMA = 1

/** The schedule and which of its machines are down, as one value: they change together. */
const SCHEDULE_KEY = `${STORE_PATHS.maintenance}schedule`

/** A machine of the schedule. */
export type ScheduledMachine = {
  readonly id: MachineId
  readonly mode: "DRAINING" | "DOWN"
  readonly unavailability: Unavailability
}

/** What the operator planned, and what is under way. */
export class MaintenanceBook {
  schedule: maintenance.Schedule = {}
  /** By machineKey. Machines that are not here are up. */
  readonly machines = new Map<string, ScheduledMachine>()
  /** Registered agents on scheduled machines. */
  readonly agents = new Set<AgentRecord>()

  /** The machine of an agent, if it is scheduled. */
  machineOf(agent: AgentRecord): ScheduledMachine | undefined {
    return this.machines.size === 0 ? undefined : this.machines.get(keyOfAgent(agent))
  }
}

/** Host names are compared without case. An agent is on a machine if host name and address match. */
const machineKey = ({ hostname = "", ip = "" }: MachineId): string =>
  `${hostname.toLowerCase()}/${ip}`

const keyOfAgent = (agent: { readonly info: AgentInfo; readonly address?: string | undefined }) =>
  machineKey({ hostname: agent.info.hostname, ip: agent.address })

/** How the machine that an agent with this host name and address runs on is scheduled. */
export const machineAt = (ctx: Context, info: AgentInfo, address: string | undefined) =>
  ctx.maintenance.machines.get(keyOfAgent({ info, address }))

/** A registered agent came, or told a new host name or address. */
export function placeAgent(ctx: Context, agent: AgentRecord): void {
  if (ctx.maintenance.machineOf(agent) === undefined) ctx.maintenance.agents.delete(agent)
  else ctx.maintenance.agents.add(agent)
}

const refuse = (message: string): MasterReply => ({ status: 400, message })

const nameOf = ({ hostname, ip }: MachineId): string =>
  `Machine '${JSON.stringify({ ...(hostname === undefined ? {} : { hostname }), ...(ip === undefined ? {} : { ip }) })}'`

/**
 * UPDATE_MAINTENANCE_SCHEDULE: the new schedule replaces the old one. Agents whose time changed have
 * their offers taken back, so that the next ones tell of it.
 * Source: apache/mesos: src/master/maintenance.cpp (validation, UpdateSchedule).
 */
export function updateSchedule(
  ctx: Context,
  { schedule }: master.CallUpdateMaintenanceSchedule,
): MasterReply {
  const problem = scheduleProblem(ctx, schedule)
  if (problem !== undefined) return refuse(problem)
  const before = new Map(ctx.maintenance.machines)
  setSchedule(ctx.maintenance, schedule, (key) => before.get(key)?.mode ?? "DRAINING")
  store(ctx)
  for (const agent of ctx.agents.values()) {
    const was = before.get(keyOfAgent(agent))?.unavailability
    const is = ctx.maintenance.machineOf(agent)?.unavailability
    if (JSON.stringify(was) !== JSON.stringify(is)) reschedule(ctx, agent)
  }
  return { status: 200 }
}

/** The times of an agent changed: what was offered and answered for the old ones counts no more. */
function reschedule(ctx: Context, agent: AgentRecord): void {
  placeAgent(ctx, agent)
  rescindOffersOf(ctx, agent)
  rescindInverseOffersOf(ctx, agent)
  forgetAnswers(ctx, agent)
}

function setSchedule(
  book: MaintenanceBook,
  schedule: maintenance.Schedule,
  modeOf: (key: string) => ScheduledMachine["mode"],
): void {
  book.schedule = schedule
  book.machines.clear()
  for (const { machineIds = [], unavailability } of schedule.windows ?? [])
    for (const id of machineIds) {
      const key = machineKey(id)
      book.machines.set(key, { id, mode: modeOf(key), unavailability })
    }
}

function scheduleProblem(ctx: Context, { windows = [] }: maintenance.Schedule): string | undefined {
  const seen = new Set<string>()
  for (const { machineIds = [], unavailability } of windows) {
    if (machineIds.length === 0) return "List of machines in the maintenance window is empty"
    if ((unavailability.duration?.nanoseconds ?? 0) < 0)
      return "Unavailability 'duration' is negative"
    const problem = machinesProblem(machineIds, seen)
    if (problem !== undefined) return problem
  }
  for (const [key, { id, mode }] of ctx.maintenance.machines)
    if (mode === "DOWN" && !seen.has(key))
      return `${nameOf(id)} is deactivated and cannot be removed from the schedule`
  for (const book of [ctx.agents, ctx.recovered, ctx.unreachable])
    for (const agent of book.values())
      if (agent.drain !== undefined && seen.has(keyOfAgent(agent)))
        return `Agent ${agent.id} on ${agent.info.hostname} is being drained: reactivate it first`
  return undefined
}

/** Why the machines cannot be named so in one call; `seen` collects their keys. */
function machinesProblem(ids: readonly MachineId[], seen: Set<string>): string | undefined {
  for (const id of ids) {
    const { hostname = "", ip = "" } = id
    if (hostname === "" && ip === "") return "Both 'hostname' and 'ip' for a machine are empty"
    if (ip !== "" && !isIpv4(ip)) return `Failed to parse IP '${ip}'`
    const key = machineKey(id)
    if (seen.has(key)) return `${nameOf(id)} appears more than once in the schedule`
    seen.add(key)
  }
  return undefined
}

const isIpv4 = (text: string): boolean => {
  const parts = text.split(".")
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)
}

/** START_MAINTENANCE: the agents there are shut down and removed, and may not register meanwhile. */
export function startMaintenance(ctx: Context, { machines = [] }: master.CallStartMaintenance) {
  const keys = checkedKeys(ctx, machines, "DRAINING", "brought down")
  if (!keys.ok) return refuse(keys.error)
  const { maintenance: book } = ctx
  for (const key of keys.value) {
    const machine = book.machines.get(key)
    if (machine !== undefined) book.machines.set(key, { ...machine, mode: "DOWN" })
  }
  store(ctx)
  for (const agent of book.agents) {
    if (!keys.value.has(keyOfAgent(agent))) continue
    const message = "Operator initiated 'Machine DOWN'"
    ctx.send(agent, { kind: "shutdown", message })
    removeAgent(ctx, agent, { why: message, metric: "reason_unregistered" })
  }
  return { status: 200 }
}

/** STOP_MAINTENANCE: the machines are up again and leave the schedule. */
export function stopMaintenance(ctx: Context, { machines = [] }: master.CallStopMaintenance) {
  const keys = checkedKeys(ctx, machines, "DOWN", "brought up")
  if (!keys.ok) return refuse(keys.error)
  const { maintenance: book } = ctx
  const windows = (book.schedule.windows ?? []).flatMap((window) => {
    const machineIds = window.machineIds?.filter((id) => !keys.value.has(machineKey(id))) ?? []
    return machineIds.length === 0 ? [] : [{ ...window, machineIds }]
  })
  const before = new Map(book.machines)
  setSchedule(book, { windows }, (key) => before.get(key)?.mode ?? "DRAINING")
  store(ctx)
  return { status: 200 }
}

function checkedKeys(
  ctx: Context,
  ids: readonly MachineId[],
  mode: ScheduledMachine["mode"],
  goal: string,
): Result<ReadonlySet<string>, string> {
  if (ids.length === 0) return err("List of machines is empty")
  const seen = new Set<string>()
  const problem = machinesProblem(ids, seen)
  if (problem !== undefined) return err(problem)
  for (const id of ids) {
    const machine = ctx.maintenance.machines.get(machineKey(id))
    if (machine === undefined) return err(`${nameOf(id)} is not part of a maintenance schedule`)
    if (machine.mode !== mode)
      return err(`${nameOf(id)} is not in ${mode} mode and cannot be ${goal}`)
  }
  return ok(seen)
}

/** Who is about to be, or is, under maintenance, with what frameworks answered. */
export function maintenanceStatus(ctx: Context): maintenance.ClusterStatus {
  const machines = [...ctx.maintenance.machines]
  const agentsAt = new Map<string, AgentRecord[]>()
  for (const agent of ctx.maintenance.agents) {
    const key = keyOfAgent(agent)
    agentsAt.set(key, [...(agentsAt.get(key) ?? []), agent])
  }
  const statusesAt = (key: string) =>
    (agentsAt.get(key) ?? []).flatMap((agent) => ctx.inverseOffers.answersOf(agent))
  return {
    drainingMachines: machines.flatMap(([key, { id, mode }]) =>
      mode === "DRAINING" ? [{ id, statuses: statusesAt(key) }] : [],
    ),
    downMachines: machines.flatMap(([, { id, mode }]) => (mode === "DOWN" ? [id] : [])),
  }
}

function store(ctx: Context): void {
  const { schedule, machines } = ctx.maintenance
  if (machines.size === 0) return void ctx.out.push({ kind: "delete", key: SCHEDULE_KEY })
  const down = [...machines].flatMap(([key, { mode }]) => (mode === "DOWN" ? [key] : []))
  ctx.out.push({ kind: "put", key: SCHEDULE_KEY, value: { schema: SCHEMA, schedule, down } })
}

/** Takes over what was stored, in this version or an older one. */
export function restoreMaintenance(
  ctx: Context,
  key: string,
  value: unknown,
): Result<void, RegistryError> {
  const unreadable = (what: string): Result<void, RegistryError> =>
    err({
      code: "unreadable",
      key,
      message: `The stored maintenance schedule ${key} is unreadable: ${what}. Restore the state from a backup.`,
    })
  if (key !== SCHEDULE_KEY) return unreadable("its key is unknown")
  if (typeof value !== "object" || value === null) return unreadable("it is not an object")
  const { schema, schedule, down } = value as {
    readonly schema?: unknown
    readonly schedule?: maintenance.Schedule
    readonly down?: readonly string[]
  }
  if (typeof schema !== "number") return unreadable("it has no schema version")
  if (schema > SCHEMA) return unreadable(`schema ${schema} is newer than ${SCHEMA}; upgrade dcos`)
  if (!Array.isArray(schedule?.windows)) return unreadable("it has no windows")
  if (!Array.isArray(down)) return unreadable("it does not say which machines are down")
  const isDown = new Set(down)
  setSchedule(ctx.maintenance, schedule, (each) => (isDown.has(each) ? "DOWN" : "DRAINING"))
  return ok(undefined)
}
