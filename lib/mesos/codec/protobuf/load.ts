import type { Protobuf } from "./protobuf.ts"

let loading: Promise<Protobuf> | undefined

/**
 * The codec of protobuf. It is loaded at the first call and kept: a process that meets no client of
 * protobuf never holds the library.
 */
export const loadProtobuf = (): Promise<Protobuf> => (loading ??= load())

async function load(): Promise<Protobuf> {
  const { Protobuf } = await import("./protobuf.ts")
  return new Protobuf()
}
