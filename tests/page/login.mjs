// SPDX-License-Identifier: GPL-2.0-or-later
// What an administrator does in Chromium from the login on, for tests/e2e/test_cockpit.py:
//     login.mjs ADDRESS USER PASSWORD
// $ENTER says where Chromium runs. Prints a line of JSON for each thing that was looked at,
// {"check": TEXT, "good": …}, and for each thing that the case has to do or to look at, {"ask": NAME}, after which it
// waits for a line.

import { join } from "node:path";
import { createInterface } from "node:readline";

import { launch, person, watch } from "./browser.mjs";
import { Ui } from "./ui.mjs";

const [address, user, password] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = what => process.stdout.write(`${JSON.stringify(what)}\n`);

// What is so, or will be in a moment: `look` returns when it is, or throws.
async function check(what, look) {
    try {
        await look();
        say({ check: what, good: true });
    } catch (error) {
        say({ check: what, good: false });
        throw error;
    }
}

async function ask(name) {
    say({ ask: name });
    await lines.next();
}

async function logIn(page) {
    await page.goto(`${address}/vmac-mldfilter`);
    await page.locator("#login-user-input").fill(user);
    await page.locator("#login-password-input").fill(password);
    await page.locator("#login-button").click();
}

// Cockpit's own, of its shell. That of 287 says at the end, in the same dialog, that it was done; that of 337 does not.
async function becomeAdministrator(page) {
    await page.getByRole("button", { name: "Limited access" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByRole("button", { name: "Authenticate" }).click();
    await dialog.getByRole("button", { name: "Authenticate" }).waitFor({ state: "detached" });
    if (await dialog.isVisible())
        await dialog.getByRole("button", { name: "Close" }).first().click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText("Administrative access", { exact: true }).first().waitFor();
}

async function visit(page) {
    const ours = page.frameLocator('iframe[name="cockpit1:localhost/vmac-mldfilter"]');
    const ui = new Ui(ours);
    await logIn(page);
    await check("the page opens in Cockpit, and says that all is well", () => ui.reach("protected"));
    await check("the menu has it", () => page.getByRole("link", { name: "MLD filter" }).first().waitFor());
    await check("the interface is in its table", () => ui.row("vrrp6").waitFor());
    await check("without administrative access it says so", () => ui.limited.waitFor());
    await check("and its button cannot be used", async () => {
        if (!await ui.isOff(ui.add))
            throw new Error("it can");
    });
    await becomeAdministrator(page);
    await check("with administrative access that is over", () => ui.limited.waitFor({ state: "detached" }));
    await check("an interface is added", () => ui.addInterface("vrrp9"));
    await ask("added");
    await ask("stop");
    await check("it says that the service is stopped", () => ui.reach("stopped"));
    await ask("stopped");
    await ui.start.click();
    await check("its button starts the service", () => ui.reach("protected"));
    await ask("started");
    await check("and what was added is there", () => ui.row("vrrp9").waitFor());
}

const browser = await launch(process.env.ENTER);
const context = await person(browser, address);
const page = await context.newPage();
const complaints = watch(page, address);
try {
    await visit(page);
    await check("nobody was asked but Cockpit, and nothing was logged as an error", () => {
        if (complaints.length)
            throw new Error(complaints.join("\n"));
    });
} catch (error) {
    console.error(error, complaints);
    console.error(await page.locator("body").innerText());
    if (process.env.VMAC_PAGE_FAILURES)
        await page.screenshot({ path: join(process.env.VMAC_PAGE_FAILURES, "login.png") });
    process.exitCode = 1;
} finally {
    await browser.close();
}
process.exit();
