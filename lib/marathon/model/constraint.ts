/** How a constraint compares the field of an offer with its value and with placed instances. */
export type ConstraintOperator =
  | "UNIQUE"
  | "CLUSTER"
  | "GROUP_BY"
  | "MAX_PER"
  | "LIKE"
  | "UNLIKE"
  | "IS"

/** One placement rule. `field` is "hostname", "@hostname", "@region", "@zone" or an agent attribute. */
export type Constraint = {
  readonly field: string
  readonly operator: ConstraintOperator
  readonly value?: string | undefined
}
