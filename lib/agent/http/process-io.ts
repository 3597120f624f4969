import { encodeRecords, loadProtobuf, type MediaType } from "#lib/mesos/index.ts"
import type { ContainerOutput } from "#lib/ports/index.ts"

const PROCESS_IO = "mesos.v1.agent.ProcessIO"

/** Turns what a container writes into records of ProcessIO. */
export type OutputEncoder = {
  data(piece: ContainerOutput): Uint8Array
  /** `intervalMs`: when the next one comes. */
  heartbeat(intervalMs: number): Uint8Array
}

/** An encoder for records of this type. */
export async function outputEncoder(type: MediaType): Promise<OutputEncoder> {
  const encode = await recordEncoder(type)
  return {
    data: ({ stream, data }) =>
      encode({
        type: "DATA",
        data: { type: stream === "stdout" ? "STDOUT" : "STDERR", data: base64(data) },
      }),
    heartbeat: (intervalMs) =>
      encode({
        type: "CONTROL",
        control: {
          type: "HEARTBEAT",
          heartbeat: { interval: { nanoseconds: intervalMs * 1_000_000 } },
        },
      }),
  }
}

async function recordEncoder(
  type: MediaType,
): Promise<(message: Readonly<Record<string, unknown>>) => Uint8Array> {
  switch (type) {
    case "application/json":
      return (message) => encodeRecords([JSON.stringify(message)])
    case "application/x-protobuf": {
      const protobuf = await loadProtobuf()
      return (message) => encodeRecords([protobuf.fromJson(PROCESS_IO, message)])
    }
    default:
      return type satisfies never
  }
}

const base64 = (bytes: Uint8Array): string => bytes.toBase64()

/** The bytes of a base64 text; undefined when it is none. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text)
  } catch {
    return undefined
  }
}
