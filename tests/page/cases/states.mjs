// SPDX-License-Identifier: GPL-2.0-or-later
// Each state that the page can be in, in both themes and both languages: axe-core finds nothing wrong, nothing sticks
// out to the right, and whoever wants to look at it gets a picture of it, with all that there is to scroll to.

import assert from "node:assert/strict";
import { join } from "node:path";

import { violations } from "../axe.mjs";
import { scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const vmacs = { vrrp6: "00:00:5e:00:02:05", vrrp7: "00:00:5e:00:02:07", vrrp4: "00:00:5e:00:01:04" };
const ALONE = "auto_detect = false\nguard = \"off\"\n";
const ROUND = Array(5).fill(["mld1_report", "mld1_done", "mld2_report"]).flat();
const VARIANTS = ["light", "dark"].flatMap(theme => ["en", "zh_CN"].map(language => ({ theme, language })));

// Until nothing moves any more but what never ends. Runs in the page.
async function settled() {
    await document.fonts.ready;
    const passing = document.getAnimations().filter(each => each.effect.getComputedTiming().endTime < Infinity);
    await Promise.allSettled(passing.map(each => each.finished));
}

// state(NAME, OPTIONS, PREPARE, SHOW): PREPARE(stage) once, SHOW(ui, stage) for each variant until it can be seen.
function state(name, options, prepare, show) {
    scene(`states: ${name}`, options, async ({ stage, open }) => {
        await prepare(stage);
        for (const variant of VARIANTS) {
            const { page, complaints, context } = await open({ height: 1400, ...options, ...variant });
            const what = `${name.replaceAll(" ", "-")}.${variant.theme}.${variant.language}`;
            await show(new Ui(page), stage);
            await page.evaluate(settled);
            if (process.env.VMAC_PAGE_SCREENSHOTS)
                await page.screenshot({ path: join(process.env.VMAC_PAGE_SCREENSHOTS, `${what}.png`) });
            const wrong = [...complaints, ...await violations(page)];
            assert.equal(wrong.length, 0, `${what}:\n${wrong.join("\n")}`);
            const [wide, room] = await page.evaluate(() =>
                [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
            assert.ok(wide <= room, `${what} is ${wide} wide, in a window of ${room}`);
            const { theme, language } = await page.evaluate(() => ({
                theme: document.documentElement.classList.contains("pf-v6-theme-dark") ? "dark" : "light",
                language: document.documentElement.lang,
            }));
            assert.equal(theme, variant.theme);
            assert.equal(language.slice(0, 2), variant.language.slice(0, 2));
            await context.close();
        }
    });
}

const nothing = async () => {};

async function busy(stage) {
    for (const name of Object.keys(vmacs))
        await stage.do("speak", name, ...ROUND);
}

state("protected", { vmacs }, busy, async ui => {
    await ui.reach("protected");
    await ui.packets("vrrp6", 1, Infinity);
});

state("attention", { vmacs }, stage => stage.do("add", "vrrp7", { action: "allow" }),
    ui => ui.problems.first().waitFor());

state("not protected", { vmacs, configuration: ALONE }, nothing, ui => ui.problems.first().waitFor());

state("empty", {}, nothing, ui => ui.empty.waitFor());

state("no service", { service: false }, nothing, ui => ui.reach("stopped"));

state("limited access", { user: "alice", vmacs }, busy, ui => ui.limited.waitFor());

state("add with an error", { vmacs }, nothing, async ui => {
    await ui.reach("protected");
    await ui.add.click();
    await ui.name.fill("much too long a name");
    await ui.problem("name").waitFor();
});

state("details", { vmacs }, busy, async (ui, stage) => {
    await ui.details("vrrp6").click();
    await ui.chart("vrrp6").waitFor();
    await ui.packets("vrrp6", 1, Infinity);
    await busy(stage);
    await ui.rate("vrrp6", 0.1, Infinity);
});

state("restored", { vmacs, configuration: "own_tables = false\n" }, nothing, async (ui, stage) => {
    await ui.row("vrrp6").waitFor();
    await stage.do("damage");
    await ui.lastRestoration.waitFor();
    const { Restorations: times } = await stage.do("properties");
    await ui.problems.filter({ hasText: `restored, ${times} time` }).waitFor();  // messages may have got out
    await ui.reach("attention");
});

state("narrow", { vmacs, width: 400, height: 2600 }, busy, async ui => {
    await ui.reach("protected");
    await ui.packets("vrrp6", 1, Infinity);
});

state("narrow dialog", { vmacs, width: 400 }, nothing, async ui => {
    await ui.reach("protected");
    await ui.add.click();
    await ui.name.waitFor();
});
