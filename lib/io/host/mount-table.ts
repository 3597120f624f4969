/** One line of a mount table. */
export type Mount = {
  /** What of the file system is mounted. */
  readonly root: string
  /** Where. */
  readonly path: string
  /** Whether mounts below it reach others who share it. */
  readonly shared: boolean
}

/** Reads a mount table, such as /proc/self/mountinfo; the upper of two mounts at one place comes later. */
export const parseMounts = (mountinfo: string): readonly Mount[] =>
  mountinfo.split("\n").flatMap((line) => {
    const [, , , root, path, , ...more] = line.split(" ")
    if (root === undefined || path === undefined) return []
    const tags = more.slice(0, more.indexOf("-"))
    const shared = tags.some((tag) => tag.startsWith("shared:"))
    return [{ root: unescaped(root), path: unescaped(path), shared }]
  })

/** The mount that a path lies in. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const below = (mount: Mount): boolean =>
    mount.path === "/" || path === mount.path || path.startsWith(`${mount.path}/`)
  const [first, ...others] = mounts.filter(below)
  return others.reduce(
    (best, each) => (best && best.path.length > each.path.length ? best : each),
    first,
  )
}

/** Blanks and the like are octal numbers there. Source: proc(5). */
const unescaped = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
