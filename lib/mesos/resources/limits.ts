/** Limits of a task by the name of the resource, as this process made them or as JSON carries them. */
type Limits = Readonly<Record<string, { readonly value?: number | null | undefined }>>

/**
 * What a task may use of a resource at most, Infinity where it may use all there is; undefined where it
 * names no limit. JSON has no infinity: what comes over a link or out of a store says null for it.
 */
export function limitOf(limits: Limits | undefined, name: string): number | undefined {
  const limit = limits?.[name]
  return limit === undefined ? undefined : (limit.value ?? Infinity)
}
