import { readdir, readFile } from "node:fs/promises"
import type { Log } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { errorText } from "#lib/io/host/files.ts"
import { MESOS_BRIDGE } from "./mesos-bridge.ts"
import { parseNetwork } from "./network.ts"
import type { Network } from "./network.ts"

/** Names of files that describe networks, as all users of the interface name them. */
const CONFIG_FILE = /\.(conf|conflist|json)$/

/** Problems that were told already, so that a broken file does not fill the log. */
const TOLD_MAX = 1000

/**
 * The networks that every agent has, and those that a directory describes. It is read at each launch, so that a network which was
 * added or changed needs no restart.
 */
export class NetworkConfigs {
  readonly #directory: string | undefined
  readonly #log: Log | undefined
  readonly #told = new Set<string>()

  constructor(directory: string | undefined, log: Log | undefined) {
    this.#directory = directory
    this.#log = log
  }

  /** The network of a name; the error is a text for people. */
  async find(name: string): Promise<Result<Network, string>> {
    const networks = await this.#read()
    const network = networks.get(name)
    if (network !== undefined) return ok(network)
    const unknown = `container network '${name}' is not known`
    const known = [...networks.keys()].toSorted().join(", ")
    if (this.#directory === undefined)
      return err(
        `${unknown}: this agent has ${known}, and others in the directory that --network_cni_config_dir names`,
      )
    return err(`${unknown}: this agent has ${known}, described in ${this.#directory}`)
  }

  async #read(): Promise<ReadonlyMap<string, Network>> {
    const described = this.#directory === undefined ? [] : await this.#readAll(this.#directory)
    return new Map([[MESOS_BRIDGE.name, MESOS_BRIDGE], ...described])
  }

  async #readAll(directory: string): Promise<ReadonlyMap<string, Network>> {
    const networks = new Map<string, Network>()
    const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
      this.#tell(directory, errorText(cause))
      return []
    })
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
    for (const file of files.filter((name) => CONFIG_FILE.test(name)).toSorted()) {
      const path = `${directory}/${file}`
      const network = await readFile(path, "utf8").then(parseNetwork, (cause: unknown) =>
        err(errorText(cause)),
      )
      if (!network.ok) this.#tell(path, network.error)
      else if (networks.has(network.value.name))
        this.#tell(path, `network '${network.value.name}' is described by another file too`)
      else networks.set(network.value.name, network.value)
    }
    return networks
  }

  #tell(path: string, problem: string): void {
    const text = `${path}: ${problem}`
    if (this.#told.has(text)) return
    if (this.#told.size >= TOLD_MAX) this.#told.clear()
    this.#told.add(text)
    this.#log?.write("warn", "left out a description of a container network", { path, problem })
  }
}
