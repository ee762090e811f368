// SPDX-License-Identifier: GPL-2.0-or-later
// Everything without a mouse.

import assert from "node:assert/strict";

import { scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const vmacs = { vrrp6: "00:00:5e:00:02:05" };
const LONGEST_WAY = 60; // keystrokes

// Press Tab until the focus is there.
async function tabTo(page, locator) {
    const target = await locator.elementHandle();
    for (let step = 0; step < LONGEST_WAY; step += 1) {
        if (await target.evaluate(element => element === document.activeElement))
            return;
        await page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not lead to ${locator}`);
}

const focused = async (page, locator) => {
    const target = await locator.elementHandle();
    await page.waitForFunction(element => element === document.activeElement, target);
};

scene("keyboard: add, look, change and remove without a mouse", { vmacs }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.row("vrrp6").waitFor();
    await tabTo(page, ui.add);
    await page.keyboard.press("Enter");
    await focused(page, ui.name);
    await page.keyboard.press("Escape");
    await ui.dialog.waitFor({ state: "detached" });
    await focused(page, ui.add);

    await page.keyboard.press("Enter");
    await focused(page, ui.name);
    await page.keyboard.type("vrrp7");
    await tabTo(page, ui.action("relocate"));
    await page.keyboard.press("ArrowDown");
    assert.ok(await ui.action("drop").isChecked());
    await tabTo(page, ui.submit);
    await page.keyboard.press("Enter");
    await ui.row("vrrp7").waitFor();
    assert.equal((await stage.do("interfaces")).vrrp7.action, "drop");
    await ui.dialog.waitFor({ state: "detached" });

    await tabTo(page, ui.details("vrrp6"));
    await page.keyboard.press("Enter");
    await ui.chart("vrrp6").waitFor();

    await tabTo(page, ui.menu("vrrp7"));
    await page.keyboard.press("Enter");
    await ui.item("Remove").waitFor();
    for (let step = 0; step < 5; step += 1) {
        if (await page.evaluate(() => document.activeElement.textContent.includes("Remove")))
            break;
        await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await ui.dialog.waitFor();
    await tabTo(page, ui.dialog.getByRole("button", { name: "Remove" }));
    await page.keyboard.press("Enter");
    await ui.row("vrrp7").waitFor({ state: "detached" });
});
