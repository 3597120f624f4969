import type { ImageConfig } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { architectureOf, isRecord, parseJson, textsOf } from "./manifest.ts"
import { isDigest } from "./reference.ts"

/** The configuration blob of an image. */
export type ImageDescription = {
  readonly config: ImageConfig
  /** The digests of the unpacked tars, the lowest first. */
  readonly layers: readonly string[]
  /** Empty where the image does not say. */
  readonly os: string
  readonly architecture: string
}

/** Parses the configuration blob of an OCI or Docker image. Source: OCI image-spec: config.md. */
export function parseDescription(text: string): Result<ImageDescription, string> {
  const body = parseJson(text)
  if (!isRecord(body)) return err("its configuration is no JSON object")
  const { rootfs, os, architecture } = body
  const layers = isRecord(rootfs) ? textList(rootfs["diff_ids"]) : undefined
  if (layers === undefined || !layers.every(isDigest))
    return err("its configuration does not list the digests of its layers")
  const config = isRecord(body["config"]) ? body["config"] : {}
  const command = textList(config["Cmd"])
  const entrypoint = textList(config["Entrypoint"])
  const environment = textList(config["Env"])
  if (command === undefined || entrypoint === undefined || environment === undefined)
    return err("its configuration has an Entrypoint, Cmd or Env that is no list of texts")
  return ok({
    config: {
      entrypoint,
      command,
      environment: Object.fromEntries(
        environment.flatMap((entry) => {
          const equals = entry.indexOf("=")
          return equals <= 0 ? [] : [[entry.slice(0, equals), entry.slice(equals + 1)]]
        }),
      ),
      user: textOf(config["User"]),
      workingDirectory: textOf(config["WorkingDir"]),
      volumes: isRecord(config["Volumes"]) ? Object.keys(config["Volumes"]) : [],
      stopSignal: textOf(config["StopSignal"]),
      labels: isRecord(config["Labels"]) ? textsOf(config["Labels"]) : {},
    },
    layers,
    os: textOf(os) ?? "",
    architecture: architectureOf(textOf(architecture) ?? ""),
  })
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined

/** A list of texts, empty where there is none; undefined where it is something else. */
function textList(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return []
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined
}
