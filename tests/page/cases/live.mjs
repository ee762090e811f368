// SPDX-License-Identifier: GPL-2.0-or-later
// The page shows what others do, because the service tells it, and asks for nothing but counters.

import assert from "node:assert/strict";

import { pass, scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const vmacs = { vrrp6: "00:00:5e:00:02:05" };
const OPEN = "own_tables = false\n";
const COUNTERS = new Set(["GetAllCounters", "GetGuardCounters"]);

scene("live: what others add, change and remove, and interfaces that come", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.row("vrrp6").waitFor();
    await stage.do("add", "vrrp9", {});
    await ui.row("vrrp9").waitFor();
    await stage.do("add", "vrrp9", { action: "drop" });
    await ui.row("vrrp9").filter({ hasText: /drop/i }).waitFor();
    await stage.do("vmac", "vrrp7", "00:00:5e:00:02:07");
    await ui.row("vrrp7").filter({ hasText: "eth0" }).waitFor();
    await stage.do("remove", "vrrp9");
    await ui.row("vrrp9").waitFor({ state: "detached" });
    assert.deepEqual(await ui.names(), ["vrrp6", "vrrp7"]);
});

scene("live: rules that somebody has damaged", { vmacs, configuration: OPEN }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.reach("protected");
    await ui.restorations(0);
    for (const times of [1, 2]) {
        await stage.do("damage");
        await ui.restorations(times);
    }
    await ui.reach("attention");  // messages may have got out
    await ui.lastRestoration.filter({ hasText: /\bnft\b.*process \d+/ }).waitFor();
});

// What the page asks the service for while so many seconds pass for it.
async function during(seconds, page, stage) {
    await stage.do("calls");
    await pass(seconds, page, stage);
    return stage.do("calls");
}

scene("live: it asks for counters only, and for nothing while nobody looks", { vmacs, clock: true },
    async ({ stage, page }) => {
        const ui = new Ui(page);
        await ui.reach("protected");
        await ui.packets("vrrp6", 0, Infinity);
        await during(5, page, stage);  // what is put off for a moment when the page opens
        const asked = await during(20, page, stage);
        const polls = asked.filter(member => member === "GetAllCounters").length;
        assert.ok(polls >= 2 && polls <= 11, `asked for counters ${polls} times in 20 s`);
        assert.deepEqual(asked.filter(member => !COUNTERS.has(member)), []);

        await page.evaluate(() => {
            Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
            Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
            document.dispatchEvent(new Event("visibilitychange"));
        });
        await during(4, page, stage);  // what was on its way
        assert.deepEqual(await during(60, page, stage), [], "it asked while it was hidden");

        await page.evaluate(() => {
            delete document.visibilityState;
            delete document.hidden;
            document.dispatchEvent(new Event("visibilitychange"));
        });
        await stage.do("speak", "vrrp6", "mld1_report");
        await stage.do("hush", "vrrp6");
        await during(4, page, stage);
        await ui.packets("vrrp6", (await stage.do("packets"))[0].vrrp6);
    });
