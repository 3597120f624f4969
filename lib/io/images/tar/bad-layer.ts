/** A layer that cannot be used: no tar archive, cut off, or with an entry that must not be unpacked. */
export class BadLayer extends Error {
  override readonly name = "BadLayer"
}
