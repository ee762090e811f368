// SPDX-License-Identifier: GPL-2.0-or-later
// Who may do what: polkit says, and the page shows it before anybody tries.

import assert from "node:assert/strict";

import { scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const rule = answer => `polkit.addRule(function(action, subject) {
    return subject.user == "alice" && action.id == "org.vmac.mldfilter.manage-interfaces"
        ? polkit.Result.${answer} : polkit.Result.NO;
});\n`;

scene("access: who may not change anything sees everything, and why he cannot", {
    user: "alice", vmacs: { vrrp6: "00:00:5e:00:02:05" },
}, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.reach("protected");
    await ui.row("vrrp6").waitFor();
    await ui.limited.waitFor();
    assert.ok(await ui.isOff(ui.add));
    await ui.add.hover();
    await page.getByRole("tooltip", { name: "The user alice is not permitted to change interfaces" }).waitFor();
    await ui.menu("vrrp6").click();
    for (const what of ["Change", "Leave alone", "Reset counters"])
        assert.ok(await ui.isOff(ui.item(what)), what);
    await page.keyboard.press("Escape");
    await stage.do("speak", "vrrp6", "mld1_report", "mld1_done");
    await stage.do("hush", "vrrp6");
    await ui.packets("vrrp6", (await stage.do("packets"))[0].vrrp6);
});

scene("access: a rule of polkit's is heeded at once, without asking the page", {
    user: "alice",
}, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.limited.waitFor();
    await stage.do("rules", rule("YES"));
    await ui.addInterface("vrrp7");
    assert.deepEqual(Object.keys(await stage.do("interfaces")), ["vrrp7"]);
    await stage.do("rules", rule("NO"));
    await page.locator('#add-interface[aria-disabled="true"]').waitFor();
    await stage.do("rules", rule("YES"));
    await page.locator('#add-interface:not([aria-disabled="true"])').waitFor();
});

scene("access: a call that is denied after all keeps what was typed", { user: "alice" }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await stage.do("rules", rule("YES"));
    await ui.add.click();
    await ui.name.fill("vrrp7");
    await stage.do("rules", rule("NO"));
    await ui.submit.click();
    await ui.failure.waitFor();
    assert.equal(await ui.name.inputValue(), "vrrp7");
    assert.deepEqual(await stage.do("interfaces"), {});
    await stage.do("rules", rule("YES"));
    await ui.submit.click();
    await ui.dialog.waitFor({ state: "detached" });
    await ui.row("vrrp7").waitFor();
});
