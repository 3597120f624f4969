import type { Instance } from "#lib/marathon/core/records.ts"
import { resolvePathId } from "#lib/marathon/model/index.ts"
import type { App, PathId } from "#lib/marathon/model/index.ts"
import { json, refuse } from "./answer.ts"
import type { ApiRequest, Resource } from "./api-request.ts"
import { noApp, noGroup } from "./change/context.ts"
import { appsBelow } from "./encode/group.ts"
import { encodeTask, withTasks } from "./encode/task.ts"
import { killTasks, taskIdProblem } from "./kill.ts"
import { tasksAsText, wantsText } from "./tasks-text.ts"

/** /v2/apps/{id}/tasks, where the id may end in "*" for all apps below a group. */
export const appTasks = (segments: readonly string[]): Resource => {
  const all = segments.at(-1) === "*"
  const id = resolvePathId(`/${(all ? segments.slice(0, -1) : segments).join("/")}`)
  return {
    produces: ["application/json", "text/plain"],
    GET: (request) => listTasks(request, id, all),
    DELETE: (request) => killAll(request, id, all),
  }
}

function appsMeant({ view }: ApiRequest, id: PathId, all: boolean): readonly App[] | Response {
  if (all) return view.group(id) === undefined ? refuse(noGroup(id).error) : appsBelow(id, view)
  const app = view.app(id)
  return app === undefined ? refuse(noApp(id).error) : [app]
}

function listTasks(request: ApiRequest, id: PathId, all: boolean): Response {
  const apps = appsMeant(request, id, all)
  if (apps instanceof Response) return apps
  if (wantsText(request)) return tasksAsText(request, apps)
  const instances = apps.flatMap((app) => withTasks(request.view.instances(app.id)))
  return json({ tasks: instances.map(encodeTask) })
}

async function killAll(request: ApiRequest, id: PathId, all: boolean): Promise<Response> {
  const apps = appsMeant(request, id, all)
  if (apps instanceof Response) return apps
  const host = request.query.get("host") ?? "*"
  return killTasks(
    request,
    { kind: "apps", appIds: apps.map((app) => app.id), host },
    (instances) => ({ tasks: instances.map(encodeTask) }),
  )
}

/** /v2/apps/{id}/tasks/{taskId}. */
export const appTask = (id: PathId, taskId: string): Resource => ({
  DELETE: (request) => {
    const { view } = request
    if (view.app(id) === undefined) return refuse(noApp(id).error)
    const problem = taskIdProblem(taskId)
    if (problem !== undefined) return refuse({ code: "badRequest", message: problem })
    if (view.instanceOfTask(taskId)?.appId !== id)
      return refuse({ code: "notFound", message: `Task '${taskId}' does not exist` })
    return killTasks(request, { kind: "tasks", taskIds: [taskId] }, (instances) => ({
      task: instances.map((instance: Instance) => encodeTask(instance))[0],
    }))
  },
})
