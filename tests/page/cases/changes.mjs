// SPDX-License-Identifier: GPL-2.0-or-later
// What is done in the page, and what the wire says of it.

import assert from "node:assert/strict";

import { scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const vmacs = { vrrp6: "00:00:5e:00:02:05" };
const ALONE = "auto_detect = false\nguard = \"off\"\n";  // then nothing stops a VMAC but an entry of its own

scene("changes: an interface is added, and the wire falls silent", { vmacs, configuration: ALONE },
    async ({ stage, page }) => {
        const ui = new Ui(page);
        await ui.add.waitFor();
        assert.deepEqual(await stage.do("report", "vrrp6"), ["vmac"], "nothing to be silenced");
        await ui.addInterface("vrrp6");
        assert.deepEqual(await stage.do("report", "vrrp6"), ["parent"]);
        const { vrrp6 } = await stage.do("interfaces");
        assert.deepEqual([vrrp6.action, vrrp6.origins, vrrp6.messages.length], ["relocate", ["api"], 5]);
    });

scene("changes: all options of an interface", { vmacs, configuration: ALONE }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await stage.do("device", "up1");
    await ui.add.click();
    await ui.name.fill("vrrp6");
    await ui.parent.fill("up1");
    await ui.message("igmp").uncheck();
    await ui.message("nd-router-solicit").uncheck();
    await ui.kept.uncheck();
    await ui.submit.click();
    await ui.dialog.waitFor({ state: "detached" });
    await ui.row("vrrp6").filter({ hasText: "up1" }).waitFor();
    const { vrrp6 } = await stage.do("interfaces");
    assert.deepEqual([vrrp6.parent, vrrp6.runtime, vrrp6.messages], [
        "up1", true, ["mld-listener-report", "mld-listener-done", "mld2-listener-report"]]);
});

scene("changes: another action, and removed again", { vmacs, configuration: ALONE }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await stage.do("add", "vrrp6", {});
    await ui.act("vrrp6", "Change");
    await ui.action("drop").check();
    await ui.submit.click();
    await ui.dialog.waitFor({ state: "detached" });
    await ui.row("vrrp6").filter({ hasText: /drop/i }).waitFor();
    assert.equal((await stage.do("interfaces")).vrrp6["effective-action"], "drop");

    await ui.act("vrrp6", "Remove");
    await ui.confirm("Remove");
    await ui.row("vrrp6").waitFor({ state: "detached" });
    assert.deepEqual(await stage.do("interfaces"), {});
    assert.deepEqual(await stage.do("report", "vrrp6"), ["vmac"]);
});

scene("changes: dropped is not sent from anywhere", { vmacs, configuration: ALONE }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.add.click();
    await ui.name.fill("vrrp6");
    await ui.action("drop").check();
    await ui.submit.click();
    await ui.row("vrrp6").waitFor();
    assert.deepEqual(await stage.do("silent", "vrrp6"), []);
});

scene("changes: one that was detected is left alone, and filtered again", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.row("vrrp6").waitFor();
    assert.deepEqual(await stage.do("report", "vrrp6"), ["parent"]);
    await ui.act("vrrp6", "Leave alone");
    await ui.confirm("Leave alone");
    await ui.row("vrrp6").filter({ hasText: "Leave alone" }).waitFor();
    await ui.reach("attention");
    assert.deepEqual(await stage.do("report", "vrrp6"), ["vmac"]);
    await ui.act("vrrp6", "Filter again");
    await ui.reach("protected");
    assert.deepEqual(await stage.do("report", "vrrp6"), ["parent"]);
});
