import type { OciUser } from "./oci.ts"

/** A line of /etc/passwd or /etc/group, as far as it matters. */
type Entry = { readonly name: string; readonly id: number; readonly rest: readonly string[] }

/** The text of a machine's or an image's account files. */
export type AccountFiles = { readonly passwd: string; readonly group: string }

const entries = (text: string): readonly Entry[] =>
  text.split("\n").flatMap((line) => {
    const [name = "", , id = "", ...rest] = line.split(":")
    return name !== "" && /^\d+$/.test(id) ? [{ name, id: Number(id), rest }] : []
  })

const find = (list: readonly Entry[], key: string): Entry | undefined =>
  list.find(({ name }) => name === key) ??
  (/^\d+$/.test(key) ? list.find(({ id }) => id === Number(key)) : undefined)

/** The numbers of the groups that list a user as a member. */
export const groupsOf = (group: string, name: string): readonly number[] =>
  entries(group)
    .filter(({ rest: [members = ""] }) => members.trim().split(",").includes(name))
    .map(({ id }) => id)

/**
 * Numbers of what an image calls its user: "name", "uid", "name:group" or "uid:gid". A number needs no
 * entry in the image's files, a name does: undefined when it has none.
 */
export function imageUser(user: string, files: AccountFiles): OciUser | undefined {
  const [account = "", group] = user.split(":")
  const found = find(entries(files.passwd), account)
  const uid = found?.id ?? numberOf(account)
  if (uid === undefined) return undefined
  const own = found === undefined ? 0 : (numberOf(found.rest[0] ?? "") ?? 0)
  const gid =
    group === undefined || group === ""
      ? own
      : (find(entries(files.group), group)?.id ?? numberOf(group))
  if (gid === undefined) return undefined
  const named = group === undefined && found !== undefined
  return { uid, gid, additionalGids: named ? groupsOf(files.group, found.name) : [] }
}

const numberOf = (text: string): number | undefined =>
  /^\d{1,10}$/.test(text) ? Number(text) : undefined
