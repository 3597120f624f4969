import { randomBytes } from "node:crypto"

/** Four unsigned 32-bit words that nobody can guess. */
export function randomSeed(): readonly [number, number, number, number] {
  const bytes = randomBytes(16)
  return [
    bytes.readUInt32BE(0),
    bytes.readUInt32BE(4),
    bytes.readUInt32BE(8),
    bytes.readUInt32BE(12),
  ]
}
