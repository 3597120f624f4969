/** How large the simulated cluster is. */
export type ScaleSize = {
  readonly agents: number
  readonly tasks: number
  readonly frameworks: number
  readonly roles: number
  /** Frameworks hold offers until they are told to launch, and keep what they do not need. */
  readonly patient?: true
}

/** The largest cluster that is known of, and then some. */
export const FULL_SIZE: ScaleSize = { agents: 30_000, tasks: 250_000, frameworks: 200, roles: 50 }
