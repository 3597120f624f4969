import { pathIdProblem, resolvePathId, ROOT } from "./path-id.ts"
import type { PathId } from "./path-id.ts"
import type { Problems } from "./reader.ts"

/** What a relative id is relative to, and where it stands in the body. */
export type IdPlace = {
  readonly base: PathId
  readonly path: string
  readonly problems: Problems
}

const RESERVED = ["restart", "tasks", "versions", ".", ".."]

/** Makes an id absolute, noting at "<path>/id" what is wrong with it as the id of an app. */
export function parseAppId(text: string, place: IdPlace): PathId {
  const id = parseId(text, place)
  const at = `${place.path}/id`
  if (id === ROOT) place.problems.add(at, "must not be root")
  const last = text.slice(text.lastIndexOf("/") + 1)
  if (RESERVED.includes(last))
    place.problems.add(
      at,
      `must not end with any of the following reserved keywords: ${RESERVED.join(", ")}`,
    )
  return id
}

/** Makes an id absolute, noting at "<path>/id" what is wrong with it. */
export function parseId(text: string, { base, path, problems }: IdPlace): PathId {
  const problem = pathIdProblem(text)
  if (problem !== undefined) problems.add(`${path}/id`, problem)
  return resolvePathId(text, base)
}

/** Makes dependencies absolute, noting at "<path>/dependencies(<i>)" what is wrong with them. */
export function parseDependencies(
  texts: readonly string[] | undefined,
  { base, path, problems }: IdPlace,
): readonly PathId[] | undefined {
  if (texts === undefined) return undefined
  const ids = texts.map((text, i) => {
    const problem = pathIdProblem(text)
    if (problem !== undefined) problems.add(`${path}/dependencies(${i})`, problem)
    return resolvePathId(text, base)
  })
  return [...new Set(ids)]
}
