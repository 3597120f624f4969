/** What JSON can carry. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/** One change of the store. Keys are paths such as "/agents/<id>"; values are JSON. */
export type Write =
  | { readonly kind: "put"; readonly key: string; readonly value: unknown }
  | { readonly kind: "delete"; readonly key: string }

/**
 * A durable, ordered map from path to JSON value. A rejected promise is a fault (disk, network, a
 * lost lease): the caller stops its process and recovers from the store at the next start.
 */
export interface Store {
  /** All entries whose key starts with `prefix`, in ascending key order (code units). */
  scan(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]>
  /**
   * Makes all writes durable as one transaction, or none of them. A store that can answer at once
   * returns undefined instead of a promise, so that a commit costs no turn of the event loop.
   */
  commit(writes: readonly Write[]): Promise<void> | undefined
  /** Releases what the store holds; no call may follow. */
  close(): Promise<void>
}
