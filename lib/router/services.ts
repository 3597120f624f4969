/** Where requests for a service go. */
export type ServiceTarget = {
  /** Base URL of the service, such as "http://10.0.0.5:31005". */
  readonly url: string
  /** Whether `/service/<name>` is cut off the path (label DCOS_SERVICE_REWRITE_REQUEST_URLS). */
  readonly rewrite: boolean
}

/** Path segments that are tried as a service's name at most. */
const SEGMENTS_MAX = 10

/**
 * Finds the service that a path below `/service/` names. The first one, two, … segments are tried,
 * reversed and joined with dots ("group/app" is "app.group"); the shortest that resolves wins.
 * `prefix` is the part of the path that named it, `rest` what follows (with its slash).
 */
export function resolveService(
  path: string,
  lookUp: (name: string) => ServiceTarget | undefined,
): { readonly target: ServiceTarget; readonly prefix: string; readonly rest: string } | undefined {
  const segments = path.split("/")
  const tried: string[] = []
  for (const segment of segments.slice(0, SEGMENTS_MAX)) {
    if (segment === "") return undefined
    tried.push(segment)
    const target = lookUp(tried.toReversed().join("."))
    if (target !== undefined)
      return {
        target,
        prefix: `/service/${tried.join("/")}`,
        rest: `/${segments.slice(tried.length).join("/")}`,
      }
  }
  return undefined
}
