/** What a probe is for. */
export type ProbePurpose = "health" | "readiness"

/** Names one check of one task; it is the id of each probe of it too. */
export const probeKey = (purpose: ProbePurpose, index: number, taskId: string): string =>
  `${purpose} ${index} ${taskId}`

/** The parts of a probe key. */
export type ProbeName = {
  readonly purpose: ProbePurpose
  readonly index: number
  readonly taskId: string
}

/** Reads what `probeKey` made; undefined for anything else. */
export function parseProbeName(text: string): ProbeName | undefined {
  const [purpose, index, taskId] = text.split(" ")
  if (purpose !== "health" && purpose !== "readiness") return undefined
  if (taskId === undefined) return undefined
  return { purpose, index: Number(index), taskId }
}
