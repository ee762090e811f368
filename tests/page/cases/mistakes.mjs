// SPDX-License-Identifier: GPL-2.0-or-later
// What is wrong is said while one types, and what the service refuses where it was typed.

import assert from "node:assert/strict";

import { scene } from "../scene.mjs";
import { MESSAGES, Ui } from "../ui.mjs";

const vmacs = { vrrp6: "00:00:5e:00:02:05" };
const BAD = ["a/b", "a b", "a:b", ".", "..", "sixteen-letters.", "网网网网网网", "vrrp6"];
const GOOD = ["x", "fifteen-letters", "网网网网网", "vrrp6.10", "a@b"];

scene("mistakes: names, while one types", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.row("vrrp6").waitFor();
    await ui.add.click();
    for (const name of BAD) {
        await ui.name.fill(name);
        await ui.problem("name").waitFor();
        assert.equal(await ui.name.getAttribute("aria-invalid"), "true", name);
        assert.ok(await ui.isOff(ui.submit), `${name} can be added`);
    }
    for (const name of GOOD) {
        await ui.name.fill(name);
        await ui.problem("name").waitFor({ state: "detached" });
        assert.notEqual(await ui.name.getAttribute("aria-invalid"), "true", name);
        assert.ok(!await ui.isOff(ui.submit), `${name} cannot be added`);
        await stage.do("add", name, {});  // the service is of the same opinion
        await stage.do("remove", name);
    }
    for (const name of BAD.slice(0, -1))
        await assert.rejects(stage.do("add", name, {}), /InvalidName/, name);
});

scene("mistakes: parents and messages, while one types", { vmacs }, async ({ page }) => {
    const ui = new Ui(page);
    await ui.row("vrrp6").waitFor();
    await ui.add.click();
    await ui.name.fill("vrrp7");
    await ui.parent.fill("nothere0");
    await ui.problem("parent").waitFor();
    assert.ok(await ui.isOff(ui.submit));
    await ui.parent.fill("eth0");
    await ui.problem("parent").waitFor({ state: "detached" });
    for (const message of MESSAGES)
        await ui.message(message).uncheck();
    await ui.problem("messages").waitFor();
    assert.ok(await ui.isOff(ui.submit));
    await ui.message("igmp").check();
    await ui.problem("messages").waitFor({ state: "detached" });
    assert.ok(!await ui.isOff(ui.submit));
});

scene("mistakes: what the service refuses stays in the dialog", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.row("vrrp6").waitFor();
    await ui.add.click();
    await ui.name.fill("vrrp7");
    await ui.action("drop").check();
    await stage.do("write_protect");
    await ui.submit.click();
    await ui.failure.filter({ hasText: "Read-only file system" }).waitFor();
    assert.equal(await ui.name.inputValue(), "vrrp7");
    assert.ok(await ui.action("drop").isChecked());
    assert.equal(await ui.row("vrrp7").count(), 0);
    await stage.do("make_writable");
    await ui.submit.click();
    await ui.dialog.waitFor({ state: "detached" });
    await ui.row("vrrp7").waitFor();
});
