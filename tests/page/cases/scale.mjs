// SPDX-License-Identifier: GPL-2.0-or-later
// As many interfaces as the service takes.

import assert from "node:assert/strict";

import { scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const MOST = 4096;
const names = Array.from({ length: MOST }, (_, number) => `vrrp${String(number).padStart(4, "0")}`);

scene("scale: 4096 interfaces do not freeze it", {}, async ({ stage, page }) => {
    const ui = new Ui(page);
    await stage.do("set", names);
    await ui.row("vrrp0000").waitFor();
    assert.ok((await ui.names()).length <= 100, "all rows at once");
    await ui.filter.fill("vrrp40");
    await ui.row("vrrp4000").waitFor();
    assert.ok((await ui.names()).every(name => name.includes("vrrp40")));

    // How long whoever uses it has to wait at most, for anything, while counters come in.
    const longest = await page.evaluate(() => new Promise(resolve => {
        let slowest = 0;
        let before = performance.now();
        const start = before;
        const step = now => {
            slowest = Math.max(slowest, now - before);
            before = now;
            if (now - start < 5000)
                requestAnimationFrame(step);
            else
                resolve(slowest);
        };
        requestAnimationFrame(step);
    }));
    console.log(`note   with ${MOST} interfaces it stood still for ${Math.round(longest)} ms at most`);
    assert.ok(longest < 1000, `it stood still for ${longest} ms`);
});
