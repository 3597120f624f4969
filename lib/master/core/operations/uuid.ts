/** FNV-1a over the code units of a text, from a chosen start. */
function hash(text: string, start: number): number {
  let value = start
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/**
 * The uuid of the `serial`th operation of a master, base64 of 16 bytes: half of it tells this life of
 * the master from all others, whose ids differ, and half counts.
 */
export function operationUuid(masterId: string, serial: number): string {
  const words = [
    hash(masterId, 0x811c9dc5),
    hash(masterId, 0x2f0b4c27),
    Math.floor(serial / 0x1_0000_0000),
    serial >>> 0,
  ]
  const bytes = words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff))
  return btoa(String.fromCharCode(...bytes))
}
