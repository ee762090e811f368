// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers: those of the service, to the last one.

import assert from "node:assert/strict";

import { scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const vmacs = { vrrp6: "00:00:5e:00:02:05", vrrp7: "00:00:5e:00:02:07" };
const ROUND = Array(5).fill(["mld1_report", "mld1_done"]).flat();

scene("counters: they move, with rates and a chart", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.packets("vrrp6", 0, Infinity);
    let before = 0;
    for (const turn of [1, 2]) {
        await stage.do("speak", "vrrp6", ...ROUND);
        const [{ vrrp6 }] = await stage.do("packets");
        assert.ok(vrrp6 > before, `the service counted nothing in turn ${turn}`);
        before = await ui.packets("vrrp6", vrrp6, Infinity);
        await ui.rate("vrrp6", 0.1, 100);
    }
    await ui.rate("vrrp7", 0);
    await stage.do("hush", "vrrp6");
    await ui.packets("vrrp6", (await stage.do("packets"))[0].vrrp6);
    await ui.details("vrrp6").click();
    await ui.chart("vrrp6").waitFor();
});

scene("counters: reset", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await stage.do("speak", "vrrp6", ...ROUND);
    await stage.do("speak", "vrrp7", ...ROUND);
    await ui.packets("vrrp6", 1, Infinity);
    await ui.packets("vrrp7", 1, Infinity);
    await stage.do("hush", "vrrp6");
    await stage.do("hush", "vrrp7");
    await ui.act("vrrp6", "Reset counters");
    await ui.confirm("Reset");
    await ui.packets("vrrp6", 0);
    assert.equal((await stage.do("packets"))[0].vrrp6, 0);
    await ui.packets("vrrp7", 1, Infinity);
});

// Nobody has this one under management, so only the guard sees it.
scene("counters: what the guard catches", {
    vmacs: { vrrp6: vmacs.vrrp6 }, configuration: "auto_detect = false\nguard = [\"eth0\"]\n",
}, async ({ stage, page }) => {
    const ui = new Ui(page);
    assert.deepEqual(await stage.do("report", "vrrp6"), ["parent"]);
    await stage.do("hush", "vrrp6");
    const [, { eth0 }] = await stage.do("packets");
    assert.ok(eth0 > 0);
    await ui.number('[data-guard="eth0"]', "data-value", eth0);
});
