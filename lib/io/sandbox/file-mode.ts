import { constants } from "node:fs"

/** The letter with which ls(1) begins the mode of each type of file. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [constants.S_IFDIR, "d"],
  [constants.S_IFLNK, "l"],
  [constants.S_IFCHR, "c"],
  [constants.S_IFBLK, "b"],
  [constants.S_IFIFO, "p"],
  [constants.S_IFSOCK, "s"],
])

/** A file's type and permissions as ls(1) prints them, such as "drwxr-x--T". */
export function fileMode(mode: number): string {
  const type = TYPES.get(mode & constants.S_IFMT) ?? "-"
  const special = [mode & 0o4000, mode & 0o2000, mode & 0o1000]
  const groups = [6, 3, 0].map((shift, index) => {
    const bits = (mode >> shift) & 7
    const letter = index === 2 ? "t" : "s"
    const execute = bits & 1 ? "x" : "-"
    const last = special[index] ? (bits & 1 ? letter : letter.toUpperCase()) : execute
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`
  })
  return type + groups.join("")
}
