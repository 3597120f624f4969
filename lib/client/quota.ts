import { connectMarathon, connectMesos, type ClientContext } from "./connect.ts"
import type { Quantities, StateRole } from "./mesos/types.ts"

/** The most that a role may have of each resource; absent is no limit. Memory and disk in MiB. */
export type QuotaLimits = {
  readonly cpus?: number | undefined
  readonly mem?: number | undefined
  readonly disk?: number | undefined
  readonly gpus?: number | undefined
}

/** The quota of a role as JSON shows it. */
export type ListedQuota = {
  readonly role: string
  readonly consumed: Quantities
  readonly guarantee: Quantities
  readonly limit: Quantities
}

const hasQuota = ({ quota }: StateRole): boolean =>
  Object.keys(quota?.limit ?? {}).length > 0 || Object.keys(quota?.guarantee ?? {}).length > 0

const listed = ({ name, quota }: StateRole): ListedQuota => ({
  role: name,
  consumed: quota?.consumed ?? {},
  guarantee: quota?.guarantee ?? {},
  limit: quota?.limit ?? {},
})

/** The limits that the flags of `dcos quota create` and `update` say. Fails when one is no amount. */
export function readLimits(flags: {
  readonly cpu?: string | undefined
  readonly mem?: string | undefined
  readonly disk?: string | undefined
  readonly gpu?: string | undefined
}): QuotaLimits {
  const amount = (name: keyof typeof flags): number | undefined => {
    const text = flags[name]
    if (text === undefined) return undefined
    if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text)
    throw new Error(`--${name} ${text}: must be an amount such as 2 or 0.5`)
  }
  return { cpus: amount("cpu"), mem: amount("mem"), disk: amount("disk"), gpus: amount("gpu") }
}

/** The quotas of a cluster. A quota belongs to a top-level group of Marathon: its role has that name. */
export class QuotaClient {
  readonly #context: ClientContext

  constructor(context: ClientContext) {
    this.#context = context
  }

  /** The quotas of groups that exist, in order of their names. */
  async list(): Promise<readonly ListedQuota[]> {
    const groups = await this.#groups()
    const roles = await (await connectMesos(this.#context)).roles()
    return roles.filter((role) => groups.has(role.name) && hasQuota(role)).map(listed)
  }

  /** The quota of a role, whether or not there is such a group; undefined when there is none. */
  async find(role: string): Promise<ListedQuota | undefined> {
    const roles = await (await connectMesos(this.#context)).roles()
    const found = roles.find((one) => one.name === role)
    return found !== undefined && hasQuota(found) ? listed(found) : undefined
  }

  /** Whether there is a top-level group of that name. */
  async hasGroup(name: string): Promise<boolean> {
    return (await this.#groups()).has(name)
  }

  /** Sets the limits of a role. With `force` they may be below what the role has now. */
  async set(role: string, limits: QuotaLimits, force: boolean): Promise<void> {
    const given = Object.entries(limits).filter(([, value]) => value !== undefined)
    const values = Object.fromEntries(given.map(([name, value]) => [name, { value }]))
    await (
      await connectMesos(this.#context)
    ).operate({
      type: "UPDATE_QUOTA",
      update_quota: { force, quota_configs: [{ role, guarantees: null, limits: values }] },
    })
  }

  async remove(role: string): Promise<void> {
    const mesos = await connectMesos(this.#context)
    await mesos.operate({ type: "REMOVE_QUOTA", remove_quota: { role } })
  }

  async #groups(): Promise<ReadonlySet<string>> {
    const root = await (await connectMarathon(this.#context)).rootGroup()
    return new Set((root.groups ?? []).map(({ id }) => id.replace(/^\//, "")))
  }
}
