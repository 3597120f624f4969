import { UNLIMITED } from "./spec.ts"
import type { OciProcess, OciSpec } from "./oci.ts"

/** The kernel's number for no limit at all, which no JavaScript number is. */
const RLIM_INFINITY = "18446744073709551615"

/** The text of a configuration, or of a process of one, with limits that are none spelled out. */
export const encodeSpec = (spec: OciSpec | OciProcess): string =>
  JSON.stringify(spec).replaceAll(
    new RegExp(`"(soft|hard)":${UNLIMITED}\\b`, "g"),
    `"$1":${RLIM_INFINITY}`,
  )
