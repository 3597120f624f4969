import { fileURLToPath } from "node:url"

/** Starts the process that unpacks a layer from these sources. */
export const unpacker: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../unpack/main.ts", import.meta.url)),
]
