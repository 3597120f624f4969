import { brandId } from "#lib/mesos/index.ts"
import type { TaskId } from "#lib/mesos/index.ts"
import { segmentsOf } from "../model/index.ts"
import type { PathId } from "../model/index.ts"

const TASK_PATTERN = /^(.+\.(?:instance-|marathon-)[^.]+)(?:\._app|\.([^.]+))\.(\d+)$/
const LEGACY_PATTERN = /^[^.].*\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\d+)?$/

/** "prod_web.instance-<uuid>" for "/prod/web". Source: marathon-api reference, section 6.1. */
export const instanceIdOf = (app: PathId, uuid: string): string =>
  `${segmentsOf(app).join("_")}.instance-${uuid}`

/** The id of an app instance's n-th task, counted from 1. */
export const taskIdOf = (instanceId: string, incarnation: number): TaskId =>
  brandId<TaskId>(`${instanceId}._app.${incarnation}`)

/** The instance that a task id names, or undefined for ids in other forms. */
export const instanceIdOfTask = (taskId: string): string | undefined =>
  TASK_PATTERN.exec(taskId)?.[1]

/** Whether a text has the form of a task id of Marathon, today's or an older one. */
export const isTaskId = (text: string): boolean =>
  TASK_PATTERN.test(text) ||
  /^.+\.(?:instance-|marathon-)[^.]+$/.test(text) ||
  LEGACY_PATTERN.test(text)

/** The app of an instance or task id as far as the id tells: "/prod/web" for "prod_web.instance-…". */
export const appIdOfTask = (id: string): PathId =>
  `/${(id.split(".instance-")[0] ?? id).split("_").join("/")}` as PathId
