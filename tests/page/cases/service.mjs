// SPDX-License-Identifier: GPL-2.0-or-later
// The service comes and goes while the page is open.

import assert from "node:assert/strict";

import { scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const vmacs = { vrrp6: "00:00:5e:00:02:05" };

scene("service: stopped and started while the page is open", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.reach("protected");
    for (const end of ["stop", "kill"]) {
        await stage.do(end);
        await ui.reach("stopped");
        await ui.start.waitFor();
        assert.equal(await ui.row("vrrp6").count(), 0, "it still shows what it cannot know");
        assert.deepEqual(await stage.do("report", "vrrp6"), ["parent"], "the rules outlive the service");
        await stage.do("start");
        await ui.reach("protected");
        await ui.row("vrrp6").waitFor();
    }
    await ui.addInterface("vrrp7");
});

scene("service: looking at the page does not start it", { service: false, vmacs }, async ({ stage, page, open }) => {
    const ui = new Ui(page);
    await ui.reach("stopped");
    await stage.do("calls");
    const another = await open({});
    await new Ui(another.page).reach("stopped");
    await page.reload();
    await ui.reach("stopped");
    assert.deepEqual(await stage.do("calls"), [], "it was called, which would start it");
    await stage.do("start");
    await ui.reach("protected");
    await new Ui(another.page).reach("protected");
    assert.deepEqual(another.complaints, []);
});

scene("service: a start that fails says why", { service: false }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.start.click();  // there is no systemd here
    await page.getByText(/System has not been booted with systemd|Failed to connect to bus|org\.freedesktop\.systemd1/)
        .first().waitFor();
    await ui.start.waitFor();
    await stage.do("start");
    await ui.reach("protected");
});
