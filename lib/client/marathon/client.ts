import { ApiError } from "#lib/client/errors.ts"
import type { Call, Http } from "#lib/client/http.ts"
import {
  expectList,
  expectMember,
  expectObject,
  textOf,
  type JsonObject,
} from "#lib/client/json.ts"
import {
  queueItemId,
  type App,
  type Deployment,
  type DeploymentResult,
  type Group,
  type QueueItem,
  type Task,
} from "./types.ts"

const LOCKED = "changes blocked: deployment already in progress for"

/** An id as Marathon writes it: absolute, with one leading slash and none at the end. */
export const absoluteId = (id: string): string => `/${id.replace(/^\/+/, "").replace(/\/+$/, "")}`

/** The item of the launch queue for an app; fails when it waits for nothing. */
export function findQueued(queue: readonly QueueItem[], id: string): QueueItem {
  const item = queue.find((one) => queueItemId(one) === absoluteId(id))
  if (item !== undefined) return item
  throw new Error(
    queue.length === 0
      ? "no apps found in Marathon queue"
      : `couldn't find app ${absoluteId(id)} in Marathon queue`,
  )
}

/** Ids are paths; each segment is encoded, the slashes between stay. */
const encodeId = (id: string): string => absoluteId(id).split("/").map(encodeURIComponent).join("/")

/** The Marathon API v2. Ids may be given with or without the leading slash. */
export class MarathonClient {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** `GET /v2/info`. */
  async info(): Promise<JsonObject> {
    return expectObject(await this.#http.json({ path: "/v2/info" }), "Marathon")
  }

  /** The text that Marathon answers to a ping. */
  async ping(): Promise<string> {
    return (await (await this.#http.succeed({ path: "/ping" })).text()).replaceAll('"', "").trim()
  }

  async apps(): Promise<readonly App[]> {
    return expectMember(await this.#http.json({ path: "/v2/apps" }), "apps", "Marathon")
  }

  /** The app, or undefined when there is none of that id. */
  async findApp(id: string): Promise<App | undefined> {
    const answer = await this.#http.jsonIfFound({ path: `/v2/apps${encodeId(id)}` })
    if (answer === undefined) return undefined
    return expectObject(expectObject<JsonObject>(answer, "Marathon")["app"], "Marathon")
  }

  /** Creates an app; the answer carries its first deployment. */
  async addApp(app: JsonObject): Promise<App> {
    return expectObject(
      await this.#change("app", { method: "POST", path: "/v2/apps/", json: app }),
      "Marathon",
    )
  }

  async updateApp(id: string, change: JsonObject, force: boolean): Promise<DeploymentResult> {
    const path = `/v2/apps${encodeId(id)}`
    return this.#deploy("app", { method: "PUT", path, json: change, query: forced(force) })
  }

  /** Removes an app; Marathon overrides running deployments here unless told not to. */
  async removeApp(id: string, force: boolean): Promise<DeploymentResult> {
    const path = `/v2/apps${encodeId(id)}`
    return this.#deploy("app", { method: "DELETE", path, query: forced(force) })
  }

  async restartApp(id: string, force: boolean): Promise<DeploymentResult> {
    const path = `/v2/apps${encodeId(id)}/restart`
    return this.#deploy("app", { method: "POST", path, query: forced(force) })
  }

  /** Kills the tasks of an app, all or those on one host; answers those killed. */
  async killAppTasks(id: string, host: string | undefined): Promise<readonly Task[]> {
    const path = `/v2/apps${encodeId(id)}/tasks`
    const answer = await this.#change("app", { method: "DELETE", path, query: { host } })
    return expectMember(answer, "tasks", "Marathon")
  }

  /** Kills all tasks of an app and scales it to zero. */
  async scaleToZero(id: string): Promise<DeploymentResult> {
    const path = `/v2/apps${encodeId(id)}/tasks`
    return this.#deploy("app", { method: "DELETE", path, query: { scale: true } })
  }

  /** Versions of an app, newest first; undefined when there is no such app. */
  async appVersions(id: string): Promise<readonly string[] | undefined> {
    const answer = await this.#http.jsonIfFound({ path: `/v2/apps${encodeId(id)}/versions` })
    if (answer === undefined) return undefined
    const { versions } = expectObject<{ versions?: unknown }>(answer, "Marathon")
    return Array.isArray(versions) ? versions.map(String) : []
  }

  async appVersion(id: string, version: string): Promise<JsonObject> {
    const path = `/v2/apps${encodeId(id)}/versions/${encodeURIComponent(version)}`
    return expectObject(await this.#http.json({ path }), "Marathon")
  }

  async deployments(): Promise<readonly Deployment[]> {
    return expectList(await this.#http.json({ path: "/v2/deployments" }), "Marathon")
  }

  /** Reverts what a deployment did, in a deployment of its own. */
  async rollbackDeployment(id: string): Promise<DeploymentResult> {
    const path = `/v2/deployments/${encodeURIComponent(id)}`
    return expectObject(await this.#http.json({ method: "DELETE", path }), "Marathon")
  }

  /** Stops a deployment where it is. */
  async stopDeployment(id: string): Promise<void> {
    const path = `/v2/deployments/${encodeURIComponent(id)}`
    await this.#http.succeed({ method: "DELETE", path, query: { force: true } })
  }

  async queue(embedOffers = false): Promise<readonly QueueItem[]> {
    const query = { embed: embedOffers ? "lastUnusedOffers" : undefined }
    const answer = await this.#http.json({ path: "/v2/queue", query })
    return expectMember(answer, "queue", "Marathon")
  }

  /** Ends the back-off of an app. */
  async resetDelay(id: string): Promise<void> {
    await this.#http.succeed({ method: "DELETE", path: `/v2/queue${encodeId(id)}/delay` })
  }

  async tasks(): Promise<readonly Task[]> {
    return expectMember(await this.#http.json({ path: "/v2/tasks" }), "tasks", "Marathon")
  }

  /** Kills tasks by id; answers those killed, or the deployment that scales their apps down. */
  async killTasks(
    ids: readonly string[],
    { scale, wipe }: { readonly scale: boolean; readonly wipe: boolean },
  ): Promise<{ readonly tasks?: readonly Task[]; readonly deploymentId?: string }> {
    const query = { scale, wipe }
    const call: Call = { method: "POST", path: "/v2/tasks/delete", query, json: { ids } }
    return expectObject(await this.#change("app", call), "Marathon")
  }

  /** The root group with all below it. */
  async rootGroup(): Promise<Group> {
    return expectObject(await this.#http.json({ path: "/v2/groups" }), "Marathon")
  }

  /** The group, or undefined when there is none of that id. */
  async findGroup(id: string, version?: string): Promise<Group | undefined> {
    const suffix = version === undefined ? "" : `/versions/${encodeURIComponent(version)}`
    const path = `/v2/groups${encodeId(id).replace(/\/$/, "")}${suffix}`
    const answer = await this.#http.jsonIfFound({ path })
    return answer === undefined ? undefined : expectObject(answer, "Marathon")
  }

  /** Versions of a group, as Marathon lists them. */
  async groupVersions(id: string): Promise<readonly string[]> {
    const path = `/v2/groups${encodeId(id).replace(/\/$/, "")}/versions`
    const answer = await this.#http.json({ path })
    return Array.isArray(answer) ? answer.map(String) : []
  }

  async addGroup(group: JsonObject): Promise<DeploymentResult> {
    return this.#deploy("group", { method: "POST", path: "/v2/groups", json: group })
  }

  async updateGroup(id: string, change: JsonObject, force: boolean): Promise<DeploymentResult> {
    const path = `/v2/groups${encodeId(id)}`
    return this.#deploy("group", { method: "PUT", path, json: change, query: forced(force) })
  }

  async removeGroup(id: string, force: boolean): Promise<DeploymentResult> {
    const path = `/v2/groups${encodeId(id)}`
    return this.#deploy("group", { method: "DELETE", path, query: forced(force) })
  }

  async leader(): Promise<string> {
    const answer = expectObject<JsonObject>(
      await this.#http.json({ path: "/v2/leader" }),
      "Marathon",
    )
    return textOf(answer["leader"], "")
  }

  /** Makes the leader step down; answers what it says. */
  async abdicate(): Promise<string> {
    const answer = await this.#http.json({ method: "DELETE", path: "/v2/leader" })
    return textOf(expectObject<JsonObject>(answer, "Marathon")["message"], "")
  }

  async #deploy(kind: "app" | "group", call: Call): Promise<DeploymentResult> {
    return expectObject(await this.#change(kind, call), "Marathon")
  }

  async #change(kind: "app" | "group", call: Call): Promise<unknown> {
    const response = await this.#http.send(call)
    if (response.ok) return this.#http.parse(response, call)
    const error = await this.#http.errorOf(response)
    if (error.status !== 409 || !isLock(error)) throw error
    throw new ApiError(`${LOCKED} ${kind}`, error.status, error.body)
  }
}

const forced = (force: boolean) => ({ force: force ? true : undefined })

/** A refusal because of a running deployment, not because the id is taken. */
const isLock = ({ body }: ApiError): boolean =>
  typeof body === "object" && body !== null && "deployments" in body
