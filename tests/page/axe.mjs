// SPDX-License-Identifier: GPL-2.0-or-later
// What axe-core finds wrong with the page as it is now.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");

// One text for each violation; none if all is well.
export async function violations(page) {
    // Not as a script of the page, which its content security policy forbids: as somebody at the console types it.
    if (!await page.evaluate(() => "axe" in window))
        await page.evaluate(`{ ${source} }`);
    const { violations, passes } = await page.evaluate(() => window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }));
    if (passes.length < 10)
        throw new Error("axe looked at next to nothing");
    return violations.map(({ id, help, nodes }) =>
        `axe: ${id}: ${help}\n${nodes.map(node => `    ${node.html}\n    ${node.failureSummary}`).join("\n")}`);
}
