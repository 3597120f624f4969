import type { BaseEffect, Machine } from "#lib/runtime/index.ts"
import { ok, type Result } from "#lib/std/result.ts"
import type { RegistryError } from "./registry.ts"
import type { MasterEffect, MasterInput, MasterOptions } from "./types.ts"
import type { MasterView } from "./views.ts"

/** The master: a machine over agents, frameworks, offers and tasks. */
export class Master implements Machine<MasterInput, MasterEffect> {
  declare readonly view: MasterView

  /** The master as the stored entries under MASTER_STORE_PREFIX describe it. */
  static recover(
    _options: MasterOptions,
    _entries: readonly (readonly [key: string, value: unknown])[],
    _now: number,
  ): Result<Master, RegistryError> {
    return ok(new Master())
  }

  step(input: MasterInput, _now: number, _out: (MasterEffect | BaseEffect)[]): void {
    throw new Error(`the master machine does not take ${input.kind} yet`)
  }
}
