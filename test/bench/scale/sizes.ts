/** How large the simulated cluster is. */
export type ScaleSize = {
  readonly agents: number
  readonly tasks: number
  readonly frameworks: number
  readonly roles: number
}

/** The largest cluster that is known of, and then some. */
export const FULL_SIZE: ScaleSize = { agents: 30_000, tasks: 250_000, frameworks: 200, roles: 50 }
