import { expect, test } from "bun:test"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import { testAppVersion } from "#lib/marathon/core/test-app.ts"
import { appInfoText, encodeAppInfo, type AppEmbed } from "./app-info.ts"

const viewOf = (deployments: readonly string[]): MarathonView => {
  const view: Partial<MarathonView> = {
    instances: () => [],
    deploymentsOf: () => deployments,
  }
  return view as MarathonView
}

test("the text of an app is that of its encoding, whatever is embedded and however often it is asked for", () => {
  const app = testAppVersion({ cmd: 'echo "x"', labels: { a: "b" } })
  const changed = { ...app, instances: 7 }
  const embeds: AppEmbed[][] = [[], ["counts"], ["deployments"], ["counts", "deployments", "tasks"]]
  for (const each of [app, changed, app])
    for (const embed of embeds)
      for (const deployments of [[], ["d1"], []]) {
        const state = { view: viewOf(deployments), now: 0 }
        const asked = new Set(embed)
        expect(appInfoText(each, asked, state)).toBe(
          JSON.stringify(encodeAppInfo(each, asked, state)),
        )
      }
})
