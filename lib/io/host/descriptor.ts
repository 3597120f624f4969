import { closeSync } from "node:fs"

/** An open file of this process; closed when who holds it is done. */
export class Descriptor implements Disposable {
  readonly fd: number

  constructor(fd: number) {
    this.fd = fd
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}
