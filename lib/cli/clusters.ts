import type { Terminal } from "./context.ts"
import { fail } from "./failure.ts"
import { noCluster } from "./no-cluster.ts"
import { createSettings, type Settings } from "./settings.ts"
import { encodeToml, parseToml, type Config } from "./toml.ts"

/** Files of the client may hold a token, so only their owner reads them. */
const PRIVATE = 0o600

/** One configured cluster. */
export type Cluster = {
  readonly id: string
  readonly configPath: string
  readonly config: Config
  readonly attached: boolean
}

/** The settings of one cluster as its file has them, whatever the environment says. */
export const settingsOf = (cluster: Cluster): Settings => createSettings(cluster.config, {})

/** What the store uses of the terminal. */
export type ClusterTerminal = Pick<Terminal, "files" | "env" | "homeDir" | "newId" | "fetch">

/** The name shown for a cluster: its own, or else its id. */
export const clusterName = (cluster: Cluster): string =>
  String(cluster.config.get("cluster.name") ?? cluster.id)

/**
 * The clusters a user has set up, in `$DCOS_DIR/clusters/<id>/` (default `~/.dcos`), each with a
 * `dcos.toml`; an empty file `attached` marks the current one.
 * Source: dcos/dcos-cli: pkg/config, whose files and rules these are.
 */
export class ClusterStore {
  readonly #terminal: ClusterTerminal

  constructor(terminal: ClusterTerminal) {
    this.#terminal = terminal
  }

  /** Folder of all client files. */
  get dir(): string {
    return this.#terminal.env["DCOS_DIR"] || `${this.#terminal.homeDir}/.dcos`
  }

  /** All configured clusters by id. A single-cluster file of CLI 0.4 is adopted on the way. */
  async list(): Promise<readonly Cluster[]> {
    await this.#adoptOldFile()
    const ids = await this.#terminal.files.list(`${this.dir}/clusters`)
    const clusters = await Promise.all(ids.map((id) => this.#read(id)))
    return clusters.filter((cluster) => cluster !== undefined)
  }

  /**
   * The cluster of this call: the file named by `DCOS_CONFIG`, or the cluster named by
   * `DCOS_CLUSTER`, or the only one, or the attached one; undefined when there is none. Fails when
   * the name matches none or the choice is ambiguous.
   */
  async current(): Promise<Cluster | undefined> {
    const { env } = this.#terminal
    if (env["DCOS_CONFIG"]) return this.#readFile("", env["DCOS_CONFIG"], true)
    const clusters = await this.list()
    const wanted = env["DCOS_CLUSTER"]
    if (wanted)
      return only(clusters.filter((one) => one.id === wanted || clusterName(one) === wanted))
    if (clusters.length === 1) return clusters[0]
    const attached = clusters.filter((cluster) => cluster.attached)
    if (attached.length > 1)
      return fail("multiple clusters are attached. Please run `dcos cluster attach <cluster-name>`")
    return attached[0]
  }

  /** The cluster of this call; ends the command when there is none. */
  async required(): Promise<Cluster> {
    return (await this.current()) ?? (await noCluster(this.#terminal))
  }

  /**
   * The cluster of this call, or a new one that is attached: settings may come before any set-up,
   * as `dcos config set core.dcos_url ...` did in the days of one cluster.
   */
  async currentOrNew(): Promise<Cluster> {
    const current = await this.current()
    if (current !== undefined) return current
    const cluster = await this.save(this.#terminal.newId(), new Map())
    await this.attach(cluster.id)
    return cluster
  }

  /** The cluster of that name, id or unique id prefix; fails when there is none or several. */
  async find(name: string): Promise<Cluster> {
    const clusters = await this.list()
    const exact = clusters.filter((one) => one.id === name || clusterName(one) === name)
    return only(exact.length > 0 ? exact : clusters.filter((one) => one.id.startsWith(name)))
  }

  /** Creates a cluster or replaces the configuration of the one with that id. */
  async save(id: string, config: Config): Promise<Cluster> {
    const path = this.#pathOf(id)
    await this.#terminal.files.writeText(path, encodeToml(config), PRIVATE)
    return { id, configPath: path, config, attached: false }
  }

  /** Replaces the configuration of a known cluster. */
  async update(cluster: Cluster, config: Config): Promise<void> {
    await this.#terminal.files.writeText(cluster.configPath, encodeToml(config), PRIVATE)
  }

  /** Makes a cluster the current one. */
  async attach(id: string): Promise<void> {
    await this.#terminal.files.writeText(`${this.dir}/clusters/${id}/attached`, "", PRIVATE)
    for (const other of await this.#terminal.files.list(`${this.dir}/clusters`))
      if (other !== id) await this.#terminal.files.remove(`${this.dir}/clusters/${other}/attached`)
  }

  /** Forgets a cluster. */
  async remove(id: string): Promise<void> {
    await this.#terminal.files.remove(`${this.dir}/clusters/${id}`)
  }

  #pathOf(id: string): string {
    return `${this.dir}/clusters/${id}/dcos.toml`
  }

  async #read(id: string): Promise<Cluster | undefined> {
    const path = this.#pathOf(id)
    if (!(await this.#terminal.files.exists(path))) return undefined
    const attached = await this.#terminal.files.exists(`${this.dir}/clusters/${id}/attached`)
    return this.#readFile(id, path, attached)
  }

  async #readFile(id: string, path: string, attached: boolean): Promise<Cluster> {
    const parsed = parseToml((await this.#terminal.files.readText(path)) ?? "")
    if (!parsed.ok) return fail(`cannot read ${path}: ${parsed.error}`)
    return { id, configPath: path, config: parsed.value, attached }
  }

  async #adoptOldFile(): Promise<void> {
    const { files, newId } = this.#terminal
    const old = `${this.dir}/dcos.toml`
    if (!(await files.exists(old))) return
    if ((await files.list(`${this.dir}/clusters`)).length > 0) return
    const id = newId()
    await this.save(id, (await this.#readFile(id, old, true)).config)
    await this.attach(id)
    await files.remove(old)
  }
}

function only(matches: readonly Cluster[]): Cluster {
  const [match, ...others] = matches
  if (match === undefined) return fail("no match found")
  return others.length === 0 ? match : fail("multiple matches found")
}
