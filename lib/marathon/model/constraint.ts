import { list, text } from "./reader.ts"
import type { Problems } from "./reader.ts"

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

/** A constraint as written: [field, operator] or [field, operator, value]. */
export type ConstraintInput = readonly string[]

/** Reads a constraint; only types are checked. */
export const constraintInput = list(text())

const OPERATORS: readonly ConstraintOperator[] = [
  "UNIQUE",
  "CLUSTER",
  "GROUP_BY",
  "LIKE",
  "MAX_PER",
  "UNLIKE",
  "IS",
]

const isOperator = (text: string): text is ConstraintOperator =>
  OPERATORS.some((operator) => operator === text)

/**
 * Makes a constraint of what was written, or notes what is wrong with it at `path`. Operators are
 * taken in any case.
 * Source: mesosphere/marathon: …/validation/SchedulingValidation.scala.
 */
export function parseConstraint(
  input: ConstraintInput,
  path: string,
  problems: Problems,
): Constraint | undefined {
  const [field, name, value] = input
  if (field === undefined || name === undefined || input.length > 3) {
    problems.add(path, "Each constraint must have either 2 or 3 fields")
    return undefined
  }
  const operator = name.toUpperCase()
  const problem = isOperator(operator) ? valueProblem(operator, value) : UNKNOWN_OPERATOR
  if (field === "") problems.add(path, "missing field for constraint declaration")
  if (problem !== undefined) problems.add(path, problem)
  if (field === "" || problem !== undefined || !isOperator(operator)) return undefined
  return value === undefined ? { field, operator } : { field, operator, value }
}

const UNKNOWN_OPERATOR =
  "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"

function valueProblem(operator: ConstraintOperator, value: string | undefined): string | undefined {
  switch (operator) {
    case "UNIQUE":
      return value === undefined || value === "" ? undefined : "UNIQUE does not accept a value"
    case "CLUSTER":
      return undefined
    case "GROUP_BY":
      return value === undefined || isInteger(value)
        ? undefined
        : "GROUP BY must define an integer value or else no value at all"
    case "MAX_PER":
      return isInteger(value) ? undefined : "MAX_PER requires an integer value"
    case "LIKE":
    case "UNLIKE":
      if (value === undefined || value === "")
        return "LIKE and UNLIKE require a non-empty, regular expression value"
      return isPattern(value) ? undefined : "is not a valid regular expression"
    case "IS":
      return value !== undefined && /^[a-zA-Z0-9_/.-]+$/.test(value)
        ? undefined
        : "IS only supports Mesos text and float values (see http://mesos.apache.org/documentation/latest/attributes-resources/)"
    default:
      return operator satisfies never
  }
}

const isInteger = (value: string | undefined): boolean =>
  value !== undefined && /^[+-]?\d{1,9}$/.test(value)

function isPattern(value: string): boolean {
  try {
    return new RegExp(value) instanceof RegExp
  } catch {
    return false
  }
}

/** The constraint as it stands on the wire. */
export const encodeConstraint = ({ field, operator, value }: Constraint): readonly string[] =>
  value === undefined ? [field, operator] : [field, operator, value]
