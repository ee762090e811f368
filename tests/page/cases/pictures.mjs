// SPDX-License-Identifier: GPL-2.0-or-later
// The pictures for the README: three interfaces of a router that speak now and then, in the page and on a terminal.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";

import { pass, scene } from "../scene.mjs";
import { Ui } from "../ui.mjs";

const vmacs = { "vrrp1v4": "00:00:5e:00:01:01", "vrrp1v6": "00:00:5e:00:02:01", "vrrp2v6": "00:00:5e:00:02:02" };
const COLUMNS = 100;
const ROWS = 24;
const LARGEST = 150_000; // bytes
// How many rounds in each ten seconds: quiet, a failover, nearly quiet.
const STORY = [0, 1, 0, 1, 1, 0, 2, 6, 9, 7, 4, 2, 1, 1, 0, 1, 0, 1, 2, 1, 0, 1, 3, 1, 1, 0, 2, 1, 3, 2];

const STYLE = `
    body { margin: 0; }
    pre { box-sizing: border-box; width: max-content; min-width: ${COLUMNS}ch; margin: 0;
          padding: 1em; background: #1e1e1e; color: #d4d4d4; font: 14px/1.4 "DejaVu Sans Mono", monospace; }
    .sgr-1 { font-weight: bold; }
    .sgr-2 { color: #909090; }
    .sgr-31 { color: #f48771; }
    .sgr-32 { color: #89d185; }
    .sgr-33 { color: #e5c07b; }`;

// A line of a terminal, whose colours (ECMA-48: SGR) become classes.
function toHtml(line) {
    const [first, ...painted] = line.replace(/[&<>]/g, letter => `&#${letter.charCodeAt(0)};`).split("\x1b[");
    return first + painted.map(part => {
        const [, codes, text] = part.match(/^([0-9;]*)m(.*)$/);
        return `<span class="${codes.split(";").map(code => `sgr-${code}`).join(" ")}">${text}</span>`;
    }).join("");
}

async function speak(stage, rounds) {
    for (let round = 0; round < rounds; round += 1) {
        await stage.do("speak", "vrrp1v6", "mld2_report");
        await stage.do("speak", "vrrp2v6", "mld1_report", ...round % 2 ? ["mld1_done"] : []);
        await stage.do("speak", "vrrp1v4", "igmp2_leave");
    }
}

async function photograph(page, name) {
    const file = join(process.env.VMAC_PAGE_PICTURES, name);
    await page.screenshot({ path: file });
    assert.ok(statSync(file).size <= LARGEST, `${file} has ${statSync(file).size} bytes`);
}

// Five minutes after the page was opened, in the time of the page.
scene("pictures: page.png", { vmacs, clock: true, width: 1200, height: 728 }, async ({ stage, page }) => {
    const ui = new Ui(page);
    await ui.reach("protected");
    for (const rounds of STORY) {
        await speak(stage, rounds);
        await pass(10, page, stage);
    }
    await ui.row("vrrp2v6").waitFor();
    await photograph(page, "page.png");
});

// After half a minute.
scene("pictures: watch.png", { vmacs }, async ({ stage, page }) => {
    await stage.do("watch", STORY.length * 2, COLUMNS, ROWS);
    for (const [number, rounds] of STORY.entries()) {
        await stage.do("watched", number * 2 + 1);
        await speak(stage, rounds);  // between two looks, the last time before the last one
    }
    const lines = await stage.do("last_picture");
    const terminal = await page.context().newPage();
    await terminal.setContent(`<!DOCTYPE html><style>${STYLE}</style><pre>${lines.map(toHtml).join("\n")}</pre>`);
    const { width, height } = await terminal.locator("pre").boundingBox();
    await terminal.setViewportSize({ width: Math.ceil(width), height: Math.ceil(height) });
    await photograph(terminal, "watch.png");
    await terminal.close();
});
