/** What a probe is for. */
export type ProbePurpose = "health" | "readiness"

/** Names one check of one task; the id of each probe of it is the key and the time it was asked. */
export const probeKey = (purpose: ProbePurpose, index: number, taskId: string): string =>
  `${purpose} ${index} ${taskId}`

/** The parts of a probe key or id; `askedAt` only in ids. */
export type ProbeName = {
  readonly purpose: ProbePurpose
  readonly index: number
  readonly taskId: string
  readonly askedAt: number | undefined
}

/** Reads a probe key or id that `probeKey` began. */
export function parseProbeName(text: string): ProbeName | undefined {
  const [purpose, index, taskId, askedAt] = text.split(" ")
  if (purpose !== "health" && purpose !== "readiness") return undefined
  if (taskId === undefined) return undefined
  return {
    purpose,
    index: Number(index),
    taskId,
    askedAt: askedAt === undefined ? undefined : Number(askedAt),
  }
}
