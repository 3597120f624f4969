/** The absolute id of an app, pod or group: "/" for the root, otherwise "/a/b". */
export type PathId = string & { readonly brand: "PathId" }

/** The id of the root group. */
export const ROOT = "/" as PathId

/** What every segment of an id must match. Source: mesosphere/marathon: …/state/PathId.scala. */
export const SEGMENT_PATTERN =
  "^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|(\\.|\\.\\.)$"

const segmentPattern = new RegExp(`^(?:${SEGMENT_PATTERN.slice(1, -1)})$`)

/** The segments of an id, empty ones dropped: ["a", "b"] for "/a//b/". */
export const segmentsOf = (id: string): string[] => id.split("/").filter((part) => part !== "")

/** Why a text cannot be an id, or undefined when it can. Relative ids are judged as written. */
export function pathIdProblem(text: string): string | undefined {
  for (const segment of segmentsOf(text))
    if (!segmentPattern.test(segment))
      return `must fully match regular expression '${SEGMENT_PATTERN}'`
  return undefined
}

/** Resolves an id, relative to `base` unless it starts with "/"; "." and ".." are followed. */
export function resolvePathId(text: string, base: PathId = ROOT): PathId {
  const resolved: string[] = []
  const start = text.startsWith("/") ? [] : segmentsOf(base)
  for (const segment of [...start, ...segmentsOf(text)]) {
    if (segment === ".") continue
    if (segment === "..") resolved.pop()
    else resolved.push(segment)
  }
  return `/${resolved.join("/")}` as PathId
}

/** The group that holds the id; the root's parent is the root. */
export function parentOf(id: PathId): PathId {
  const cut = id.lastIndexOf("/")
  return (cut <= 0 ? "/" : id.slice(0, cut)) as PathId
}

/** The name of the top-level group that an id lies in or is, or undefined for the root. */
export const topSegment = (id: PathId): string | undefined => segmentsOf(id)[0]

/** Whether `id` lies below `group`, at any depth; a group does not lie below itself. */
export const isBelow = (id: PathId, group: PathId): boolean =>
  group === ROOT ? id !== ROOT : id.startsWith(`${group}/`)

/** All groups above an id, the nearest first, the root last; none for the root. */
export function ancestorsOf(id: PathId): PathId[] {
  const ancestors: PathId[] = []
  for (let at = id; at !== ROOT;) {
    at = parentOf(at)
    ancestors.push(at)
  }
  return ancestors
}
