/** Identifies a framework: "<master id>-<four digits>" when the master chose it. */
export type FrameworkId = string & { readonly brand: "FrameworkId" }
/** Identifies an agent: "<master id>-S<number>". */
export type AgentId = string & { readonly brand: "AgentId" }
/** Identifies an offer or inverse offer: "<master id>-O<number>". */
export type OfferId = string & { readonly brand: "OfferId" }
/** Identifies a task within its framework; chosen by the framework. */
export type TaskId = string & { readonly brand: "TaskId" }
/** Identifies an executor within its framework and agent; chosen by the framework. */
export type ExecutorId = string & { readonly brand: "ExecutorId" }
/** Identifies an offer operation within its framework; chosen by the framework. */
export type OperationId = string & { readonly brand: "OperationId" }
/** Identifies a resource provider of an agent. */
export type ResourceProviderId = string & { readonly brand: "ResourceProviderId" }

/** The branded ids, all of which are strings on the inside and `{"value": …}` on the wire. */
export type Id =
  | FrameworkId
  | AgentId
  | OfferId
  | TaskId
  | ExecutorId
  | OperationId
  | ResourceProviderId

const encoder = new TextEncoder()

/**
 * Why a text cannot be an id chosen by a framework, or undefined when it can: 1 to 255 bytes, not "."
 * or "..", no slash, backslash or control character.
 * Source: apache/mesos: src/common/validation.cpp.
 */
export function idProblem(text: string): string | undefined {
  if (text.length === 0) return "ID must not be empty"
  if (encoder.encode(text).length > 255) return "ID must not be greater than 255 characters"
  if (text === "." || text === "..") return `'${text}' is disallowed`
  // Half a character is stored as another, and so two ids would be one.
  if (!text.isWellFormed()) return `'${text.toWellFormed()}' contains invalid characters`
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (character === "/" || character === "\\" || code < 0x20 || code === 0x7f)
      return `'${text}' contains invalid characters`
  }
  return undefined
}

/** Brands a text as an id. Only parsers at the edge and the owners of an id space call it. */
export const brandId = <T extends Id>(text: string): T => text as T
