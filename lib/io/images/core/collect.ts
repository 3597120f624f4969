/** An image as the choice of what to remove sees it. */
export type Candidate = {
  readonly reference: string
  readonly layers: readonly string[]
}

/** What there is to choose from. */
export type Choice = {
  /** Those used longest ago first. */
  readonly images: readonly Candidate[]
  /** Bytes of each layer. */
  readonly layers: ReadonlyMap<string, number>
  /** The layers that each holder uses. */
  readonly held: readonly ReadonlySet<string>[]
  /** Names of images to keep. */
  readonly excluded: ReadonlySet<string>
  /** Enough when so many bytes become free; without it, all that may go goes. */
  readonly bytesWanted?: number | undefined
}

/** What is to be removed. */
export type Removal = { readonly images: readonly string[]; readonly layers: readonly string[] }

/**
 * Chooses the images to remove: those that nobody holds, the longest unused first. A layer goes with the
 * last image that has it; what belongs to no image, as after a pull that failed, goes first.
 */
export function chooseRemoval(choice: Choice): Removal {
  const { images, layers, held, excluded, bytesWanted = Number.POSITIVE_INFINITY } = choice
  const uses = new Map<string, number>()
  for (const image of images)
    for (const layer of new Set(image.layers)) uses.set(layer, (uses.get(layer) ?? 0) + 1)
  const heldLayers = new Set(held.flatMap((ids) => [...ids]))
  const gone: string[] = []
  let bytes = 0
  const drop = (layer: string): void => {
    if (heldLayers.has(layer) || !layers.has(layer)) return
    gone.push(layer)
    bytes += layers.get(layer) ?? 0
  }
  for (const layer of layers.keys()) if (!uses.has(layer)) drop(layer)
  const removed: string[] = []
  for (const image of images) {
    if (bytes >= bytesWanted) break
    const isHeld = held.some((ids) => image.layers.every((layer) => ids.has(layer)))
    if (isHeld || excluded.has(image.reference)) continue
    removed.push(image.reference)
    for (const layer of new Set(image.layers)) {
      const left = (uses.get(layer) ?? 0) - 1
      uses.set(layer, left)
      if (left === 0) drop(layer)
    }
  }
  return { images: removed, layers: gone }
}
