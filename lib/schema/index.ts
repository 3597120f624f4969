export { compileSchema } from "./compile.ts"
export type { CompiledSchema, SchemaIssue } from "./compile.ts"
