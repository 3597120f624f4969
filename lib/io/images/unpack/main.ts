import { unpackLayer } from "./unpack-layer.ts"

/** The process that unpacks one layer; its output is the report. */
const [, , directory = "", parent] = process.argv
process.stdout.write(JSON.stringify(await unpackLayer(directory, Number(parent))))
