import type { App, AppSpec } from "./app.ts"
import { isResident } from "./resident.ts"
import { equal } from "#lib/std/equal.ts"
import type { Problems } from "./reader.ts"

type ResidentContext = {
  readonly path: string
  readonly problems: Problems
  readonly force: boolean
}

/** Notes changes that an app whose data lies reserved on agents cannot make. */
export function checkResident(
  next: AppSpec,
  current: App,
  { path, problems, force }: ResidentContext,
): void {
  if (!isResident(current) && !isResident(next)) return
  if (!equal(volumesOf(current), volumesOf(next)))
    problems.add(path, "Persistent volumes can not be changed!")
  if (!isResident(current)) return
  if ((["cpus", "mem", "disk", "gpus"] as const).some((name) => current[name] !== next[name]))
    problems.add(path, "Resident Tasks may not change resource requirements!")
  if (!equal(hostPortsOf(current), hostPortsOf(next)))
    problems.add(path, "Resident Tasks may not change host ports!")
  if (current.role !== next.role && !force)
    problems.add(
      `${path}/role`,
      "It is not possible to change the role for existing reservations. If you proceed with this change, all existing instances will continue to under the previous role. Only new instances will be allocated with the new role. In order to continue, retry your request with ?force=true",
    )
}

const volumesOf = (app: AppSpec): unknown =>
  (app.container?.volumes ?? []).filter((volume) => volume.kind === "persistent")

const hostPortsOf = (app: AppSpec): unknown => [
  app.requirePorts ? app.portDefinitions.map(({ port }) => port) : app.portDefinitions.length,
  (app.container?.portMappings ?? []).map(({ hostPort }) => hostPort ?? null),
]
