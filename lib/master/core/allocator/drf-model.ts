/**
 * Hierarchical DRF written the slow way, for tests: everything is counted and sorted anew for each
 * question, and nothing is remembered but who holds what and who was served how often.
 */

/** Amounts in thousandths by the name of a scalar. */
export type ModelAmounts = Record<string, number>

/** A framework under one role. */
export type ModelClient = {
  readonly role: string
  readonly name: string
  active: boolean
  readonly held: ModelAmounts
}

/** The clients of a cluster and their order. */
export class DrfModel {
  readonly clients: ModelClient[] = []
  readonly total: ModelAmounts = {}
  readonly weights = new Map<string, number>()
  /** How often something was given to a client below a node. */
  readonly #served = new Map<string, number>()

  /** A client with nothing. */
  join(role: string, name: string): ModelClient {
    const client = { role, name, active: true, held: {} }
    this.clients.push(client)
    return client
  }

  /** The cluster grows by so much, or shrinks. */
  grow(amounts: Readonly<ModelAmounts>, sign: 1 | -1 = 1): void {
    for (const [name, milli] of Object.entries(amounts))
      this.total[name] = (this.total[name] ?? 0) + sign * milli
  }

  /** A client gets something. */
  give(client: ModelClient, amounts: Readonly<ModelAmounts>): void {
    for (const [name, milli] of Object.entries(amounts))
      client.held[name] = (client.held[name] ?? 0) + milli
    for (const node of nodesAbove(client)) this.#served.set(node, (this.#served.get(node) ?? 0) + 1)
  }

  /** A client gives something back. */
  take(client: ModelClient, amounts: Readonly<ModelAmounts>): void {
    for (const [name, milli] of Object.entries(amounts))
      client.held[name] = (client.held[name] ?? 0) - milli
  }

  /** The dominant share of all clients at or below a node, by its weight. */
  share(node: string): number {
    const sums: ModelAmounts = {}
    for (const client of this.clients)
      if (nodesAbove(client).includes(node))
        for (const [name, milli] of Object.entries(client.held))
          sums[name] = (sums[name] ?? 0) + milli
    let share = 0
    for (const [name, sum] of Object.entries(sums)) {
      const total = this.total[name] ?? 0
      if (total > 0) share = Math.max(share, sum / total)
    }
    return share / (this.weights.get(node) ?? 1)
  }

  /** The active clients, the one whose turn it is first: by share, by times served, by name. */
  order(): ModelClient[] {
    const pathOf = (client: ModelClient) =>
      nodesAbove(client).map(
        (node) => [this.share(node), this.#served.get(node) ?? 0, node] as const,
      )
    return this.clients
      .filter(({ active }) => active)
      .map((client) => ({ client, path: pathOf(client) }))
      .sort((a, b) => {
        for (let i = 0; i < a.path.length && i < b.path.length; i++) {
          const [x, y] = [a.path[i], b.path[i]]
          if (x === undefined || y === undefined || x[2] === y[2]) continue
          return x[0] - y[0] || x[1] - y[1] || (x[2] < y[2] ? -1 : 1)
        }
        return 0
      })
      .map(({ client }) => client)
  }
}

/** The nodes that a client is below, from the top: its role's path, the role's own clients, itself. */
function nodesAbove({ role, name }: ModelClient): readonly string[] {
  const components = role.split("/")
  const roles = components.map((_, i) => components.slice(0, i + 1).join("/"))
  return [...roles, `${role}/.`, `${role}/./${name}`]
}
