import { readFile, writeFile } from "node:fs/promises"
import type { ContainerStatus, NetworkInfo } from "#lib/mesos/index.ts"
import type { ContainerId, Log } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { dnsOf } from "#lib/io/host/container-dns.ts"
import type { ContainerDns } from "#lib/io/host/container-dns.ts"
import { ipAddress } from "#lib/io/host/container-status.ts"
import { errorText } from "#lib/io/host/files.ts"
import { KeyedLock } from "#lib/io/host/keyed-lock.ts"
import { joinNetwork, leaveNetwork, portProblem, withPorts } from "./chain.ts"
import type { ChainCall, Membership } from "./chain.ts"
import { NetworkConfigs } from "./configs.ts"
import { containerFiles, reachableResolv } from "./container-files.ts"
import { parseJoinResult } from "./join-result.ts"
import { isNamespace, makeNetworkNamespace, removeNamespace } from "#lib/io/host/namespace.ts"
import { findPlugin, PLUGIN_TIMEOUT_MS } from "./plugin.ts"
import { endStrayPlugins } from "./stray-plugins.ts"
import { NetworkRecords } from "./records.ts"
import type { NetworkRecord } from "./records.ts"

/** Tries to leave a network whose plugins fail, and the wait between them. */
const LEAVE_TRIES = 3
const LEAVE_RETRY_MS = 500

/** After this long no further try is made: nobody hears of the container's end before. */
const LEAVE_PATIENCE_MS = 5000

/** How this machine resolves names, and what its own server asks in turn (systemd-resolved). */
const RESOLV_FILES = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

/** What container networks are made with. */
export type ContainerNetworksOptions = {
  /** Where what is known of containers in networks is kept, on a disk. */
  readonly directory: string
  /** Describes the networks (`--network_cni_config_dir`); without it there are none. */
  readonly configDirectory?: string | undefined
  /** Where plugins lie (`--network_cni_plugins_dir`). */
  readonly pluginDirectories: readonly string[]
  /** How names are resolved in networks whose plugins say nothing of it (`--default_container_dns`). */
  readonly dns?: ContainerDns | undefined
  /** Time of one plugin in milliseconds. */
  readonly pluginTimeoutMs?: number | undefined
  readonly log?: Log | undefined
}

/** Who wants to be in which networks. */
export type NetworkRequest = {
  /** Whose the networks are: the container itself, or the executor whose members share them. */
  readonly owner: ContainerId
  /** The container that uses them. */
  readonly holder: ContainerId
  /** At least one, each with a name. */
  readonly networks: readonly NetworkInfo[]
  /** By default the name of the owner. */
  readonly hostname?: string | undefined
}

/** The networks of a container, ready to be used. */
export type ContainerNetwork = {
  /** Path of the network namespace. */
  readonly namespace: string
  readonly hostname: string
  /** The files of the container's /etc, by their name there. */
  readonly files: readonly { readonly source: string; readonly target: string }[]
  /** As a container's status shows them. */
  readonly networkInfos: NonNullable<ContainerStatus["networkInfos"]>
}

/** The networks that a container asks for, those of its host left out. */
export const namedNetworks = (
  container: { readonly networkInfos?: readonly NetworkInfo[] | undefined } | undefined,
): readonly NetworkInfo[] =>
  (container?.networkInfos ?? []).filter(({ name }) => name !== undefined && name !== "")

/**
 * Puts containers into networks that CNI plugins make, and takes them out again: also those of an
 * earlier life of the agent, and those that a restart of the machine ended.
 */
export class ContainerNetworks {
  readonly #options: ContainerNetworksOptions
  readonly #configs: NetworkConfigs
  readonly #records: NetworkRecords
  readonly #lock = new KeyedLock()

  constructor(options: ContainerNetworksOptions) {
    this.#options = options
    this.#configs = new NetworkConfigs(options.configDirectory, options.log)
    this.#records = new NetworkRecords(options.directory)
  }

  /**
   * Joins the networks, or finds them joined by another container of the same owner. The error is a
   * text for people; what was done until then is undone.
   */
  join(request: NetworkRequest, signal: AbortSignal): Promise<Result<ContainerNetwork, string>> {
    return this.#lock.run(request.owner, () => this.#join(request, signal))
  }

  /** The networks of a container that joined them; undefined for one on those of its host. */
  async find(owner: ContainerId): Promise<ContainerNetwork | undefined> {
    const record = this.#records.holders.has(owner) ? await this.#records.read(owner) : undefined
    return record === undefined ? undefined : this.#describe(owner, record)
  }

  /**
   * A container uses the networks no more; with the last one they are left. Harmless when repeated, and
   * never fails: what cannot be given back is tried again when an agent starts.
   */
  async leave(owner: ContainerId, holder: ContainerId): Promise<void> {
    if (!this.#records.holders.has(owner)) return
    await this.#lock.run(owner, () => this.#undo(owner, holder))
  }

  /** Leaves the networks that no container uses which is known. */
  async removeOrphans(known: ReadonlySet<ContainerId>): Promise<void> {
    const unknown = await this.#records.holders.unknown(known)
    await Promise.all(unknown.map(({ owner, holder }) => this.leave(owner, holder)))
  }

  async #join(
    request: NetworkRequest,
    signal: AbortSignal,
  ): Promise<Result<ContainerNetwork, string>> {
    const { owner, holder, networks, hostname = owner } = request
    const memberships = await this.#memberships(networks)
    if (!memberships.ok) return memberships
    await this.#records.holders.hold(owner, holder)
    const before = await this.#records.read(owner)
    if (before && isJoined(before) && isNamespace(this.#records.namespace(owner)))
      return ok(this.#describe(owner, before))
    try {
      // An earlier attempt was cut short, or the machine was restarted since.
      if (before !== undefined) {
        await this.#leaveAll(owner, before)
        await removeNamespace(this.#records.namespace(owner))
      }
      const joined = await this.#joinAll(
        owner,
        { hostname, memberships: memberships.value },
        signal,
      )
      if (joined.ok) return joined
      await this.#undo(owner, holder)
      return joined
    } catch (cause) {
      await this.#undo(owner, holder)
      return err(`the container's network cannot be made: ${errorText(cause)}`)
    }
  }

  async #undo(owner: ContainerId, holder: ContainerId): Promise<void> {
    try {
      if (await this.#records.holders.release(owner, holder)) await this.#leave(owner)
    } catch (cause) {
      this.#warn(owner, errorText(cause))
    }
  }

  async #memberships(
    networks: readonly NetworkInfo[],
  ): Promise<Result<readonly Membership[], string>> {
    const memberships: Membership[] = []
    for (const [index, info] of networks.entries()) {
      const { name = "" } = info
      if (networks.findIndex((other) => other.name === name) < index)
        return err(`container network '${name}' is named twice: a container can join it once`)
      const problem = portProblem(info)
      if (problem !== undefined) return err(`container network '${name}' ${problem}`)
      const found = await this.#configs.find(name)
      if (!found.ok) return found
      const network = withPorts(found.value, info)
      const { pluginDirectories: directories } = this.#options
      const missing = network.plugins.find(
        ({ type }) => findPlugin(type, directories) === undefined,
      )
      if (missing !== undefined)
        return err(
          `container network '${name}' needs the CNI plugin '${missing.type}', which is not in ${directories.join(" or ")}`,
        )
      memberships.push({ network, info, interfaceName: `eth${index}` })
    }
    return ok(memberships)
  }

  async #joinAll(
    owner: ContainerId,
    asked: NetworkRecord,
    signal: AbortSignal,
  ): Promise<Result<ContainerNetwork, string>> {
    let record = asked
    // Before anything is taken, so that it is given back whatever happens.
    await this.#records.write(owner, record)
    await makeNetworkNamespace(this.#records.namespace(owner))
    for (const [index, membership] of asked.memberships.entries()) {
      const result = await joinNetwork(membership, this.#call(owner, signal))
      if (!result.ok)
        return err(
          `container network '${membership.network.name}' cannot be joined: ${result.error}`,
        )
      const joined = { ...membership, result: result.value }
      record = { ...record, memberships: record.memberships.with(index, joined) }
      await this.#records.write(owner, record)
    }
    await this.#writeFiles(owner, record)
    return ok(this.#describe(owner, record))
  }

  #call(owner: ContainerId, signal?: AbortSignal): ChainCall {
    const namespace = this.#records.namespace(owner)
    return {
      containerId: owner,
      // After a restart of the machine it is gone, and what is there is an empty file.
      namespace: isNamespace(namespace) ? namespace : "",
      directories: this.#options.pluginDirectories,
      timeoutMs: this.#options.pluginTimeoutMs ?? PLUGIN_TIMEOUT_MS,
      signal,
    }
  }

  async #writeFiles(owner: ContainerId, { hostname, memberships }: NetworkRecord): Promise<void> {
    const results = memberships.map(({ result }) => parseJoinResult(result))
    const { dns: byDefault = [] } = this.#options
    const said = [
      ...results.map(({ dns }) => dns),
      ...memberships.map(({ network }) => dnsOf(byDefault, { mode: "CNI", network: network.name })),
    ]
    const files = containerFiles({
      hostname,
      addresses: results.flatMap(({ addresses }) => addresses),
      dns: said.find((dns) => dns !== undefined && dns.nameservers.length > 0),
      machineResolv: await machineResolv(),
    })
    const place = this.#records.place(owner)
    for (const [name, text] of Object.entries(files))
      await writeFile(`${place}/${name}`, text, { mode: 0o644 })
  }

  #describe(owner: ContainerId, { hostname, memberships }: NetworkRecord): ContainerNetwork {
    const place = this.#records.place(owner)
    return {
      namespace: this.#records.namespace(owner),
      hostname,
      files: ["hosts", "hostname", "resolv.conf"].map((name) => ({
        source: `${place}/${name}`,
        target: `/etc/${name}`,
      })),
      networkInfos: memberships.map(({ network, info, result }) => ({
        ipAddresses: parseJoinResult(result).addresses.map(ipAddress),
        name: network.name,
        ...(info.portMappings === undefined ? {} : { portMappings: info.portMappings }),
      })),
    }
  }

  /** Leaves all networks; what a plugin does not give back stays recorded. */
  async #leave(owner: ContainerId): Promise<void> {
    const record = await this.#records.read(owner)
    const problems = record === undefined ? [] : await this.#leaveTrying(owner, record)
    await removeNamespace(this.#records.namespace(owner))
    if (problems.length === 0) await this.#records.holders.remove(owner)
    for (const problem of problems) this.#warn(owner, problem)
  }

  #warn(container: ContainerId, problem: string): void {
    this.#options.log?.write("warn", "a container network cannot be left, tried again later", {
      container,
      problem,
    })
  }

  async #leaveTrying(owner: ContainerId, record: NetworkRecord): Promise<readonly string[]> {
    const deadline = performance.now() + LEAVE_PATIENCE_MS
    for (let tries = 1; ; tries++) {
      const problems = await this.#leaveAll(owner, record)
      const enough = tries === LEAVE_TRIES || performance.now() > deadline
      if (problems.length === 0 || enough) return problems
      await Bun.sleep(LEAVE_RETRY_MS)
    }
  }

  async #leaveAll(owner: ContainerId, record: NetworkRecord): Promise<readonly string[]> {
    if (!isJoined(record)) await endStrayPlugins(this.#records.namespace(owner))
    const problems: string[] = []
    for (const membership of record.memberships.toReversed())
      problems.push(...(await leaveNetwork(membership, this.#call(owner))))
    return problems
  }
}

/** How this machine resolves names, as what is not on it can do too. */
async function machineResolv(): Promise<string> {
  const [used = "", behind = ""] = await Promise.all(
    RESOLV_FILES.map((path) => readFile(path, "utf8").catch(() => "")),
  )
  return reachableResolv(used, behind)
}

const isJoined = ({ memberships }: NetworkRecord): boolean =>
  memberships.every(({ result }) => result !== undefined)
