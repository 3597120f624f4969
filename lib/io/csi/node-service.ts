import { Client, credentials, status } from "@grpc/grpc-js"
import type { ServiceError } from "@grpc/grpc-js"
import type { VolumeSourceCsiVolumeVolumeCapability } from "#lib/mesos/index.ts"
import { decodeCsi, encodeCsi } from "./messages.ts"
import type { CsiMessage } from "./messages.ts"

/** How long a plugin may take for one call: attaching a disk of a cloud takes a minute. */
const CALL_MS = 120_000

/** Tries of a call that a plugin is too busy for, or not there yet, and the wait before the second. */
const ATTEMPTS = 5
const RETRY_MS = 200

/** A plugin that stages volumes before it publishes them says so by this number. */
const STAGE_UNSTAGE_VOLUME = 1

/** The numbers of access modes. */
const ACCESS_MODES = {
  UNKNOWN: 0,
  SINGLE_NODE_WRITER: 1,
  SINGLE_NODE_READER_ONLY: 2,
  MULTI_NODE_READER_ONLY: 3,
  MULTI_NODE_SINGLE_WRITER: 4,
  MULTI_NODE_MULTI_WRITER: 5,
} as const

/** How a plugin is reached. */
export type NodeServiceOptions = {
  /** What it is called, for people. */
  readonly plugin: string
  /** Such as unix:///run/plugin.sock. */
  readonly address: string
  readonly callTimeoutMs?: number | undefined
  readonly retryMs?: number | undefined
}

/** A volume as it is staged and published. */
export type NodeVolume = {
  readonly volumeId: string
  readonly capability: VolumeSourceCsiVolumeVolumeCapability
  readonly context: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
}

/**
 * The node service of one CSI plugin, version 1, over one connection; close it after use. Calls fail
 * with a text that names the plugin, the call, gRPC's status and what the plugin says. Each may be
 * repeated, as the interface wants them all to be.
 * Source: https://github.com/container-storage-interface/spec/blob/master/spec.md.
 */
export class NodeService implements Disposable {
  readonly #options: NodeServiceOptions
  readonly #client: Client

  constructor(options: NodeServiceOptions) {
    this.#options = options
    this.#client = new Client(options.address, credentials.createInsecure())
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }

  /** Waits until the plugin is ready; tells whether it stages volumes. */
  async ready(signal: AbortSignal): Promise<{ readonly stages: boolean }> {
    const { ready } = await this.#call("Identity", "Probe", {}, signal)
    if (isRecord(ready) && ready["value"] !== true)
      throw new Error(`the CSI plugin '${this.#options.plugin}' is not ready`)
    const { capabilities } = await this.#call("Node", "NodeGetCapabilities", {}, signal)
    const stages =
      Array.isArray(capabilities) &&
      capabilities.some((each: unknown) => rpcOf(each) === STAGE_UNSTAGE_VOLUME)
    return { stages }
  }

  /** Makes the volume ready on this machine, at a directory that exists. */
  async stage(volume: NodeVolume, stagingTargetPath: string, signal: AbortSignal): Promise<void> {
    const request = { ...common(volume), stagingTargetPath }
    await this.#call("Node", "NodeStageVolume", request, signal)
  }

  async unstage(volumeId: string, stagingTargetPath: string, signal: AbortSignal): Promise<void> {
    await this.#call("Node", "NodeUnstageVolume", { volumeId, stagingTargetPath }, signal)
  }

  /** Mounts the volume at a path that the plugin makes. */
  async publish(
    volume: NodeVolume,
    where: {
      readonly stagingTargetPath?: string | undefined
      readonly targetPath: string
      readonly readonly: boolean
    },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call("Node", "NodePublishVolume", { ...common(volume), ...where }, signal)
  }

  async unpublish(volumeId: string, targetPath: string, signal: AbortSignal): Promise<void> {
    await this.#call("Node", "NodeUnpublishVolume", { volumeId, targetPath }, signal)
  }

  async #call<Method extends MethodName>(
    service: "Identity" | "Node",
    method: Method,
    request: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const path = `/csi.v1.${service}/${method}`
    const bytes = encodeCsi(`${method}Request`, request)
    for (let attempt = 1; ; attempt++)
      try {
        const answer = await this.#ask(path, bytes, signal)
        return decodeCsi(`${method}Response`, answer)
      } catch (cause) {
        signal.throwIfAborted()
        if (attempt < ATTEMPTS && isTransient(cause)) {
          await Bun.sleep((this.#options.retryMs ?? RETRY_MS) * 2 ** (attempt - 1))
          continue
        }
        throw new Error(
          `the CSI plugin '${this.#options.plugin}' failed to ${method}: ${describe(cause)}`,
          { cause },
        )
      }
  }

  #ask(path: string, bytes: Buffer, signal: AbortSignal): Promise<Buffer> {
    const deadline = Date.now() + (this.#options.callTimeoutMs ?? CALL_MS)
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const cancel = (): void => call.cancel()
      const call = this.#client.makeUnaryRequest(
        path,
        (same: Buffer) => same,
        (same: Buffer) => same,
        bytes,
        { deadline },
        (error, answer) => {
          signal.removeEventListener("abort", cancel)
          if (error !== null) reject(error)
          else resolve(answer ?? Buffer.alloc(0))
        },
      )
      signal.addEventListener("abort", cancel)
    })
  }
}

/** The calls that are made. */
type MethodName = {
  [Name in CsiMessage]: Name extends `${infer Method}Request` ? Method : never
}[CsiMessage]

const common = ({ volumeId, capability, context, secrets }: NodeVolume) => ({
  volumeId,
  volumeCapability: {
    ...(capability.block === undefined ? {} : { block: {} }),
    ...(capability.mount === undefined ? {} : { mount: capability.mount }),
    accessMode: { mode: ACCESS_MODES[capability.accessMode.mode] },
  },
  secrets,
  volumeContext: context,
})

function rpcOf(capability: unknown): unknown {
  const rpc = isRecord(capability) ? capability["rpc"] : undefined
  return isRecord(rpc) ? rpc["type"] : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isServiceError = (cause: unknown): cause is ServiceError =>
  cause instanceof Error && "code" in cause && "details" in cause

/** A plugin that is being restarted, or works on the same volume already. */
const isTransient = (cause: unknown): boolean =>
  isServiceError(cause) && (cause.code === status.UNAVAILABLE || cause.code === status.ABORTED)

function describe(cause: unknown): string {
  if (!isServiceError(cause)) return cause instanceof Error ? cause.message : String(cause)
  return `${status[cause.code]}: ${cause.details}`
}
