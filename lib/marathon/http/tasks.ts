import { list, object, Problems, required, text } from "#lib/marathon/model/index.ts"
import type { Encoded } from "#lib/marathon/model/index.ts"
import type { Instance } from "#lib/marathon/core/records.ts"
import { json, refuse } from "./answer.ts"
import type { ApiRequest, Resolve } from "./api-request.ts"
import { isRunning, isStaged } from "./encode/task-counts.ts"
import { encodeTask, servicePorts, withTasks } from "./encode/task.ts"
import { killTasks, taskIdProblem } from "./kill.ts"
import { tasksAsText, wantsText } from "./tasks-text.ts"

/** Everything below /v2/tasks. */
export const resolveTasks: Resolve = ([verb, ...rest]) => {
  if (rest.length > 0) return undefined
  if (verb === undefined) return { GET: listTasks, produces: ["application/json", "text/plain"] }
  return verb === "delete" ? { POST: killListed } : undefined
}

const MATCHES: Readonly<Record<string, (instance: Instance) => boolean>> = {
  running: isRunning,
  staging: isStaged,
}

function listTasks(request: ApiRequest): Response {
  const { view, query } = request
  const apps = [...view.apps()]
  if (wantsText(request)) return tasksAsText(request, apps)
  const wanted = [...query.getAll("status"), ...query.getAll("status[]")].flatMap((status) => {
    const name = status.toLowerCase()
    const matches = Object.hasOwn(MATCHES, name) ? MATCHES[name] : undefined
    return matches === undefined ? [] : [matches]
  })
  const tasks = apps.flatMap((app): Encoded[] =>
    withTasks(view.instances(app.id))
      .filter((instance) => wanted.length === 0 || wanted.some((matches) => matches(instance)))
      .map((instance) => ({ ...encodeTask(instance), servicePorts: servicePorts(app) })),
  )
  return json({ tasks })
}

const killBody = object<{ ids: readonly string[] }>({ ids: required(list(text())) })

async function killListed(request: ApiRequest): Promise<Response> {
  const body = await request.json()
  if (!body.ok) return refuse(body.error)
  const problems = new Problems()
  const read = killBody(body.value, "", problems)
  if (read === undefined || !problems.none) return refuse(problems.rejected("badTypes").error)
  for (const id of read.ids) {
    const problem = taskIdProblem(id)
    if (problem !== undefined) return refuse({ code: "badRequest", message: problem })
  }
  return killTasks(request, { kind: "tasks", taskIds: read.ids }, (instances) => ({
    tasks: instances.map(encodeTask),
  }))
}
