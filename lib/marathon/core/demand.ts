import type { Core } from "./core.ts"
import { nextLaunch } from "./offers.ts"

/** A revive is repeated once, this much later: the first may cross with declines under way. */
const REPEAT_REVIVE_MS = 5000

/**
 * Asks for offers in roles where something can be launched, and for none where nothing can, so that an
 * idle Marathon holds nothing back. Called at the end of each step.
 */
export function settleDemand(core: Core): void {
  const { link, now } = core
  if (!link.connected) return
  const wanted: string[] = []
  for (const role of link.roles) {
    const launchable = canLaunch(core, role)
    if (!launchable) {
      link.reviveWanted.delete(role)
      if (!link.suppressed.has(role)) {
        link.suppressed.add(role)
        core.call({ kind: "suppress", roles: [role] })
      }
    } else if (link.reviveWanted.has(role) || link.suppressed.has(role)) wanted.push(role)
  }
  if (wanted.length === 0) return
  const allowedAt = link.lastReviveAt + core.options.minReviveIntervalMs
  if (now < allowedAt) return core.alarms.set("revive", allowedAt)
  for (const role of wanted) {
    link.reviveWanted.delete(role)
    link.suppressed.delete(role)
  }
  link.lastReviveAt = now
  core.call({ kind: "revive", roles: wanted })
  core.alarms.set("repeatRevive", now + REPEAT_REVIVE_MS)
}

/** Asks again for offers in every role in which something still waits. */
export function repeatRevive(core: Core): void {
  const roles = [...core.link.roles].filter((role) => canLaunch(core, role))
  if (roles.length === 0 || !core.link.connected) return
  for (const role of roles) core.link.suppressed.delete(role)
  core.link.lastReviveAt = core.now
  core.call({ kind: "revive", roles })
}

/** Forgets delays that are over: their apps can be launched again. */
export function takeDelayAlarms(core: Core): void {
  for (;;) {
    const id = core.delayAlarms.takeDue(core.now)
    if (id === undefined) return
    for (const role of rolesOf(core, id)) core.link.reviveWanted.add(role)
    const app = core.state.apps.get(id)
    if (app !== undefined) core.armDelay(app)
  }
}

/** Lets launches go on that waited for tokens. */
export function refillTokens(core: Core): void {
  core.link.launchTokens = core.options.launchTokens
  for (const role of core.state.waiting.keys()) core.link.reviveWanted.add(role)
}

function rolesOf(core: Core, id: Parameters<Core["state"]["ensureApp"]>[0]): ReadonlySet<string> {
  const app = core.state.apps.get(id)
  const roles = new Set<string>()
  for (const waiting of app?.waiting ?? []) {
    const instance = app?.instances.get(waiting)
    if (instance !== undefined) roles.add(instance.role)
  }
  return roles
}

function canLaunch(core: Core, role: string): boolean {
  if (core.link.launchTokens <= 0) {
    if (core.state.waiting.has(role) && !core.alarms.has("tokens"))
      core.alarms.set("tokens", core.now + core.options.launchTokenRefreshMs)
    return false
  }
  for (const id of core.state.waiting.get(role) ?? []) {
    const next = nextLaunch(core, core.state.ensureApp(id), role)
    if (next !== undefined && next.at <= core.now) return true
  }
  return false
}
