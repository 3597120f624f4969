import { networkInterfaces } from "node:os"

/** How long what the machine's addresses were is believed, where a peer is not among them. */
const STALE_MS = 1_000

/** An address without what only tells how it was reached: IPv4 within IPv6, the zone of a link. */
const plain = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*/, "")

/** Whether an address is a loopback address. */
export const isLoopback = (address: string): boolean =>
  address === "::1" || plain(address).startsWith("127.")

/**
 * Tells whether a peer is a process of this machine: its address is a loopback address or one of the
 * machine's own, which nobody else gets answers at. Containers with a network of their own are not.
 */
export class OwnAddresses {
  readonly #read: () => Iterable<string>
  readonly #now: () => number
  #known: ReadonlySet<string> = new Set()
  #readAt = Number.NEGATIVE_INFINITY

  constructor(
    read: () => Iterable<string> = machineAddresses,
    now: () => number = () => performance.now(),
  ) {
    this.#read = read
    this.#now = now
  }

  has(address: string): boolean {
    if (isLoopback(address)) return true
    const own = plain(address)
    if (this.#known.has(own)) return true
    // Addresses come and go; asking for them has a cost, which strangers must not set.
    const now = this.#now()
    if (now - this.#readAt < STALE_MS) return false
    this.#readAt = now
    this.#known = new Set([...this.#read()].map(plain))
    return this.#known.has(own)
  }
}

function* machineAddresses(): Generator<string> {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { address } of addresses ?? []) yield address
}
