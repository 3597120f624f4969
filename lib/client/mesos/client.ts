import type { Http } from "#lib/client/http.ts"
import { expectList, expectMember, expectObject } from "#lib/client/json.ts"
import { AgentContainers } from "./containers.ts"
import type {
  FileEntry,
  FilePiece,
  MasterState,
  StateAgent,
  StateRole,
  StateSummary,
  StateTask,
} from "./types.ts"

/** The Mesos master, and through it the sandboxes on its agents. */
export class MesosClient {
  readonly #master: Http
  readonly #agentOf: (agent: Pick<StateAgent, "id" | "pid">) => Http

  constructor(master: Http, agentOf: (agent: Pick<StateAgent, "id" | "pid">) => Http) {
    this.#master = master
    this.#agentOf = agentOf
  }

  /** All agents, frameworks and tasks. */
  async state(): Promise<MasterState> {
    return expectObject(await this.#master.json({ path: "/state" }), "the Mesos master")
  }

  /** The short form of the state. */
  async stateSummary(): Promise<StateSummary> {
    return expectObject(await this.#master.json({ path: "/state-summary" }), "the Mesos master")
  }

  /** What roles hold and may hold. */
  async roles(): Promise<readonly StateRole[]> {
    return expectMember(await this.#master.json({ path: "/roles" }), "roles", "the Mesos master")
  }

  /** Removes a framework with all its tasks. */
  async teardown(frameworkId: string): Promise<void> {
    await this.operate({ type: "TEARDOWN", teardown: { framework_id: { value: frameworkId } } })
  }

  /** Makes a call of the operator API that changes something; rejects with the master's refusal. */
  async operate(call: {
    readonly type: string
    readonly [member: string]: unknown
  }): Promise<void> {
    await this.#master.succeed({ method: "POST", path: "/api/v1", json: call })
  }

  /** The containers of an agent. */
  containersOf(agent: Pick<StateAgent, "id" | "pid">): AgentContainers {
    return new AgentContainers(this.#agentOf(agent))
  }

  /** Entries of a folder in a sandbox; undefined when there is no such path. */
  async browse(agent: StateAgent, path: string): Promise<readonly FileEntry[] | undefined> {
    const answer = await this.#agentOf(agent).jsonIfFound({
      path: "/files/browse",
      query: { path },
    })
    return answer === undefined ? undefined : expectList(answer, "the agent")
  }

  /**
   * `length` bytes from `offset` of a file; without offset no data but the size. Undefined when
   * there is no such file.
   */
  async read(
    agent: StateAgent,
    path: string,
    part: { readonly offset?: number; readonly length?: number } = {},
  ): Promise<FilePiece | undefined> {
    const query = { path, ...part }
    const answer = await this.#agentOf(agent).jsonIfFound({ path: "/files/read", query })
    return answer === undefined ? undefined : expectObject(answer, "the agent")
  }

  /** The bytes of a file; undefined when there is no such file. */
  async download(agent: StateAgent, path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const http = this.#agentOf(agent)
    const response = await http.send({ path: "/files/download", query: { path } })
    if (response.status === 404) return undefined
    if (!response.ok) throw await http.errorOf(response)
    return response.body ?? emptyStream()
  }
}

async function* emptyStream(): AsyncGenerator<Uint8Array> {}

/**
 * The virtual path of a task's sandbox on its agent. A task without executor of its own runs in one
 * named like it; a nested container has its folder inside its parent's.
 */
export function sandboxOf(task: StateTask): string {
  const executor = task.executor_id || task.id
  const container = task.statuses?.at(-1)?.container_status?.container_id
  const nested: string[] = []
  for (let at = container; at?.parent !== undefined; at = at.parent)
    nested.unshift("containers", at.value)
  const base = `/frameworks/${task.framework_id}/executors/${executor}/runs/latest`
  return [base, ...nested].join("/")
}
