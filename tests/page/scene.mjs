// SPDX-License-Identifier: GPL-2.0-or-later
// A case: a stage of its own, Chromium, and the page in it. Whatever a case is about, it also fails when the page logs
// an error or a warning, when something that it asks for is not there, and when it asks anybody but Cockpit.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { launch, person, watch } from "./browser.mjs";
import { Stage } from "./stage.mjs";

const wanted = (process.env.VMAC_PAGE_CASES ?? "").split("\n").filter(Boolean);

// scene(NAME, OPTIONS, CASE): CASE gets `stage` (see ./stage), `page` (of Playwright), and the rest below.
// OPTIONS, besides those of person():
//   user           who has the session: root or alice
//   configuration  of the service
//   vmacs          {name: MAC} of interfaces on the wire
//   service        whether it runs when the page is opened
//   clock          the time of the page can be moved: page.clock
export function scene(name, options, run) {
    if (wanted.length && !wanted.some(part => name.startsWith(part)))
        return;
    if (process.env.VMAC_PAGE_LIST)
        console.log(name);
    else
        test(name, () => play(name, options, run));
}

async function play(name, options, run) {
    const { user = "root", configuration = "", vmacs = {}, service = true, clock = false } = options;
    const stage = new Stage();
    let browser, page, done;
    try {
        await stage.do("configure", configuration);
        for (const [vmac, mac] of Object.entries(vmacs))
            await stage.do("vmac", vmac, mac);
        if (service)
            await stage.do("start");
        const address = await stage.do("open", user);
        browser = await launch(`--target=${stage.leader} --net --mount --pid`);
        const open = async variant => {
            const context = await person(browser, address, variant);
            const another = await context.newPage();
            const complaints = watch(another, address);
            if (clock)
                await another.clock.install();
            await another.goto(address);
            return { page: another, complaints, context };
        };
        const opened = await open(options);
        page = opened.page;
        await run({ stage, page, open });
        if (opened.complaints.length)
            throw new Error(opened.complaints.join("\n"));
        if (service)
            await stage.do("end_well");
        done = true;
    } finally {
        if (!done) {
            await keep(page, name).catch(error => console.log(`no picture: ${error.message}`));
            console.log(`What the stage said:\n${stage.said}`);
        }
        await browser?.close();
        await stage.end();
    }
}

// Let so many seconds pass for a page whose clock can be moved, second by second: if a minute had passed at once,
// Cockpit would take its connection for dead. After each, all that the page has asked for is answered: the bridge has
// passed the questions on, the service has answered them, and the bridge has passed the answers back.
export async function pass(seconds, page, stage) {
    const bridge = () => page.evaluate(() => window.cockpit.file("/proc/version").read());
    await page.clock.pauseAt(await page.evaluate(() => Date.now()) + 1);
    for (let second = 0; second < seconds; second += 1) {
        await page.clock.runFor(1_000);
        await bridge();
        await stage.do("properties");
        await bridge();
    }
    await page.clock.resume();
}

async function keep(page, name) {
    const directory = process.env.VMAC_PAGE_FAILURES;
    if (!page || !directory)
        return;
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `${name.replace(/[^a-z0-9]+/gi, "-")}.png`);
    await page.screenshot({ path: file, fullPage: true });
    console.log(`What it looked like: ${file}`);
}
