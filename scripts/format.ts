/** `npm run format`: writes every file as oxfmt wants it. */
import { capture, tool } from "./shell.ts"

const { code, output } = await capture([tool("oxfmt")])
if (output !== "") console.log(output)
process.exit(code)
