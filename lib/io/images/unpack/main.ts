import { unpackLayer } from "./unpack-layer.ts"

/** The process that unpacks one layer: its argument is the directory, its output the report. */
const report = await unpackLayer(process.argv.at(-1) ?? "")
process.stdout.write(JSON.stringify(report))
