import { persistentVolumes, type Resource, type Resources } from "#lib/mesos/index.ts"
import type { ContainerFailure } from "#lib/ports/index.ts"
import { keys, put, remove } from "./checkpoint.ts"
import { say, type Turn } from "./turn.ts"
import { volumePlace, type VolumePlace } from "./volumes.ts"

/** Data that must go, and whether that is under way. */
type Doomed = { readonly place: VolumePlace; isUnderWay: boolean }

/**
 * The deletion of the data of destroyed volumes. It begins once it is stored that it shall, so one that
 * a crash cuts off is gone on with; until it is stored that it has ended no task starts on a new volume
 * at the same path. So nobody finds old data, and a late deletion takes no new data with it.
 */
export class VolumeRemovals {
  readonly #workDir: string
  readonly #doomed = new Map<string, Doomed>()

  /** `stored` is what the last life did not finish. */
  constructor(workDir: string, stored: readonly VolumePlace[]) {
    this.#workDir = workDir
    for (const place of stored) this.#doomed.set(place.path, { place, isUnderWay: false })
  }

  /** A new life begins: goes on with what the last one did not finish. */
  start(turn: Turn): void {
    for (const doomed of this.#doomed.values()) this.#begin(turn, doomed)
  }

  /** The volumes are destroyed: their data goes. */
  doom(turn: Turn, volumes: Resources): void {
    for (const volume of volumes) {
      const place = volumePlace(this.#workDir, volume)
      // Nothing was written since the last volume there was destroyed: one deletion does for both.
      const doomed = this.#doomed.get(place.path) ?? { place, isUnderWay: false }
      this.#doomed.set(place.path, doomed)
      put(turn, "doomed", keys.doomed(place.path), place)
      say(turn, "info", "deletes the data of a destroyed volume", { path: place.path })
      this.#begin(turn, doomed)
    }
  }

  /** Whether data of destroyed volumes must go before a task may use these; tries once more if that failed. */
  holdUp(turn: Turn, resources: Resources): boolean {
    const doomed = this.#among(resources)
    for (const one of doomed) this.#begin(turn, one)
    return doomed.length > 0
  }

  /** Whether data at a path keeps these resources from being used. */
  concerns(path: string, resources: Resources): boolean {
    return persistentVolumes(resources).some((volume) => this.pathOf(volume) === path)
  }

  /** The data is gone, or `error` says why not: then whoever needs the path, or the next life, tries again. */
  ended(turn: Turn, path: string, error: string | undefined): void {
    const doomed = this.#doomed.get(path)
    if (doomed === undefined) return
    doomed.isUnderWay = false
    if (error !== undefined)
      return say(turn, "error", "cannot delete the data of a volume", { path, error })
    this.#doomed.delete(path)
    remove(turn, keys.doomed(path))
  }

  /** Where the data of a volume lies. */
  pathOf(volume: Resource): string {
    return volumePlace(this.#workDir, volume).path
  }

  #among(resources: Resources): readonly Doomed[] {
    if (this.#doomed.size === 0) return []
    return persistentVolumes(resources).flatMap(
      (volume) => this.#doomed.get(this.pathOf(volume)) ?? [],
    )
  }

  #begin(turn: Turn, doomed: Doomed): void {
    if (doomed.isUnderWay) return
    doomed.isUnderWay = true
    turn.out.push({ kind: "removeVolume", ...doomed.place })
  }
}

/** Why a container does not start whose volume cannot be emptied. */
export const cannotDelete = (error: string): ContainerFailure => ({
  reason: "REASON_CONTAINER_LAUNCH_FAILED",
  message: `The data of the last volume of this id cannot be deleted: ${error}`,
})
