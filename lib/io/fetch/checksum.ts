import { createReadStream } from "node:fs"
import type { Checksum } from "./uri.ts"

/** Fails, naming both, when the content of a file does not hash to what was said. */
export async function verify(path: string, checksum: Checksum): Promise<void> {
  const hash = new Bun.CryptoHasher(checksum.algorithm)
  const content: AsyncIterable<Uint8Array> = createReadStream(path)
  for await (const chunk of content) hash.update(chunk)
  const hex = hash.digest("hex")
  if (hex !== checksum.hex)
    throw new Error(
      `its ${checksum.algorithm} is ${hex}, not ${checksum.hex}: the file was changed, or the checksum is wrong`,
    )
}
