import { err, ok } from "#lib/std/result.ts"
import type { AppSpec, PathId } from "../model/index.ts"
import { formatTimestamp, ROOT } from "../model/index.ts"
import type { Command, KillTarget, Refusal, Reply, RootView } from "./command.ts"
import type { Core } from "./core.ts"
import { CANCELLED, checkLocks, failDeployment, startDeployment } from "./deployments.ts"
import { decommission, killTask } from "./instances.ts"
import type { Deployment, GroupNode, Instance } from "./records.ts"
import { prepareChange } from "./root-change.ts"
import type { RestoringChange } from "./root-change.ts"

/** Carries out what the API asks. A refused command has changed nothing. */
export function takeCommand(core: Core, root: RootView, command: Command): Reply {
  switch (command.kind) {
    case "change":
      return takeChange(core, root, command)
    case "cancelDeployment":
      return cancel(core, command.deploymentId, command.force)
    case "kill":
      return command.scale ? killAndScale(core, command) : kill(core, command)
    case "resetDelay":
      return resetDelay(core, command.appId)
    default:
      return command satisfies never
  }
}

function takeChange(
  core: Core,
  root: RootView,
  command: Extract<Command, { readonly kind: "change" }>,
): Reply {
  const change = command.change(root)
  const reply = change.ok
    ? deploy(core, change.value, command)
    : err<Refusal>({ code: "rejected", rejection: change.error })
  if (!reply.ok && command.dryRun !== true)
    core.publish("group_change_failed", {
      groupId: command.groupId,
      version: formatTimestamp(core.now),
      reason: reply.error.code,
    })
  return reply
}

type DeployOptions = {
  readonly force: boolean
  readonly dryRun?: boolean | undefined
  readonly groupId: PathId
  /** Instances that the change means to end. */
  readonly victims?: readonly Instance[] | undefined
}

function deploy(core: Core, change: RestoringChange, options: DeployOptions): Reply {
  const prepared = prepareChange(core, change)
  if (!prepared.ok) return prepared
  if (options.dryRun === true) return ok({ kind: "steps", steps: prepared.value.steps })
  const locks = checkLocks(core, prepared.value.steps, options.force)
  if (!locks.ok) return locks
  for (const victim of options.victims ?? []) decommission(core, victim)
  const { id, version } = startDeployment(core, prepared.value, {
    superseded: locks.value,
    groupId: options.groupId,
  })
  return ok({ kind: "deployment", version, deploymentId: id })
}

function cancel(core: Core, deploymentId: string, force: boolean): Reply {
  const deployment = core.state.deployments.get(deploymentId)
  if (deployment === undefined) return err({ code: "unknownDeployment", deploymentId })
  if (!force) return deploy(core, revertOf(core, deployment), { force: true, groupId: ROOT })
  failDeployment(core, deployment, CANCELLED)
  return ok({ kind: "done" })
}

/** What undoes a deployment, relative to the root group as it is now. Source: section 5.7. */
function revertOf(core: Core, deployment: Deployment): RestoringChange {
  const apps = new Map<PathId, AppSpec | null>()
  for (const [id, before] of Object.entries(deployment.undo.apps)) apps.set(id as PathId, before)
  const groups = new Map<PathId, GroupNode | null>()
  for (const [id, before] of Object.entries(deployment.undo.groups))
    if (before !== null || isEmptyWithout(core, id as PathId, apps))
      groups.set(id as PathId, before)
  return { apps, groups, restore: new Set(apps.keys()) }
}

function isEmptyWithout(
  core: Core,
  group: PathId,
  reverted: ReadonlyMap<PathId, AppSpec | null>,
): boolean {
  const prefix = `${group}/`
  return !core.state.appIds().some((id) => id.startsWith(prefix) && reverted.get(id) !== null)
}

type Kill = Extract<Command, { readonly kind: "kill" }>

function kill(core: Core, command: Kill): Reply {
  const instances = targets(core, command.target)
  for (const instance of instances)
    if (command.wipe) decommission(core, instance)
    else killTask(core, instance)
  return ok({ kind: "killed", instances })
}

// Ends exactly the chosen instances and lowers each app's count by them, in one deployment.
function killAndScale(core: Core, command: Kill): Reply {
  const victims = targets(core, command.target).filter(
    ({ goal, task }) => goal === "Running" && task?.killRequestedAt === undefined,
  )
  const apps = new Map<PathId, AppSpec | null>()
  for (const { appId } of victims) {
    const app = apps.get(appId) ?? core.state.apps.get(appId)?.current
    if (app !== undefined && app !== null)
      apps.set(appId, { ...app, instances: Math.max(0, app.instances - 1) })
  }
  return deploy(core, { apps }, { force: command.force, groupId: ROOT, victims })
}

function targets(core: Core, target: KillTarget): readonly Instance[] {
  const { state } = core
  if (target.kind === "tasks") {
    const found = new Map<string, Instance>()
    for (const id of target.taskIds) {
      const instance = state.instanceOfTask(id)
      if (instance !== undefined) found.set(instance.id, instance)
    }
    return [...found.values()]
  }
  const host = target.host === undefined || target.host === "*" ? undefined : target.host
  return target.appIds
    .flatMap((id) => [...(state.apps.get(id)?.instances.values() ?? [])])
    .filter(({ task }) => task !== undefined)
    .filter(({ placement }) => host === undefined || placement?.host === host)
}

function resetDelay(core: Core, appId: PathId): Reply {
  const app = core.state.apps.get(appId)
  if (app === undefined || app.waiting.size === 0) return err<Refusal>({ code: "notQueued", appId })
  core.setDelays(app, [])
  for (const id of app.waiting) {
    const instance = app.instances.get(id)
    if (instance !== undefined) core.link.reviveWanted.add(instance.role)
  }
  return ok({ kind: "done" })
}
