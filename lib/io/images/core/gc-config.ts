import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { isRecord, parseJson } from "./manifest.ts"

/** When images that nobody uses are removed. Source: apache/mesos: docs/container-image.md. */
export type ImageGcConfig = {
  /** The share of the disk that is to be free, between 0 and 1. */
  readonly headroom: number
  /** How often the disk is looked at. */
  readonly intervalMs: number
  /** Names of images that stay. */
  readonly excluded: readonly string[]
}

/** The defaults of ImageGcConfig. */
export const DEFAULT_GC: ImageGcConfig = { headroom: 0.1, intervalMs: 3_600_000, excluded: [] }

/** Parses the JSON of `--image_gc_config`; the error names the member that is wrong. */
export function parseGcConfig(text: string): Result<ImageGcConfig, string> {
  const body = parseJson(text)
  if (!isRecord(body)) return err("it is no JSON object")
  const headroom = body["image_disk_headroom"] ?? DEFAULT_GC.headroom
  if (typeof headroom !== "number" || !(headroom >= 0 && headroom <= 1))
    return err("image_disk_headroom must be a number from 0 to 1")
  const watch = body["image_disk_watch_interval"]
  const nanoseconds = isRecord(watch) ? watch["nanoseconds"] : DEFAULT_GC.intervalMs * 1e6
  if (typeof nanoseconds !== "number" || !(nanoseconds >= 1e9 && nanoseconds < 2e15))
    return err("image_disk_watch_interval must have nanoseconds: a number from 1e9 on")
  const excluded = body["excluded_images"] ?? []
  if (!Array.isArray(excluded)) return err("excluded_images must be a list of images")
  const names = []
  for (const image of excluded as readonly unknown[]) {
    const docker = isRecord(image) ? image["docker"] : undefined
    const name = isRecord(docker) ? docker["name"] : undefined
    if (typeof name !== "string") return err("excluded_images must have a docker.name each")
    names.push(name)
  }
  return ok({ headroom, intervalMs: nanoseconds / 1e6, excluded: names })
}
