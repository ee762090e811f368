// SPDX-License-Identifier: GPL-2.0-or-later
// Chromium, the person before it, and what is wrong with a page whatever a case is about.

import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

export const PATIENCE = 20_000; // milliseconds until what must appear counts as never appearing
const FLAGS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
];
const LANGUAGES = { en: { locale: "en-US", cookie: "en-us" }, zh_CN: { locale: "zh-CN", cookie: "zh-cn" } };

// In the namespaces that these options of nsenter say.
export async function launch(enter) {
    return chromium.launch({
        executablePath: fileURLToPath(new URL("chromium", import.meta.url)),
        chromiumSandbox: false,
        args: FLAGS,
        env: { ...process.env, ENTER: enter },
        timeout: PATIENCE,
    });
}

// A browser window as a person has it: `theme` light or dark, `language` en or zh_CN, `width` in pixels.
export async function person(browser, address, { theme = "light", language = "en", width = 1280, height = 900 } = {}) {
    const { locale, cookie } = LANGUAGES[language];
    const context = await browser.newContext({ locale, viewport: { width, height }, reducedMotion: "reduce" });
    context.setDefaultTimeout(PATIENCE);
    await context.addCookies([{ name: "CockpitLang", value: cookie, url: address }]);
    await context.addInitScript(style => window.localStorage.setItem("shell:style", style), theme);
    return context;
}

// What the page complains of from now on, or asks others than Cockpit for. Where Cockpit's shell and its own pages are
// beside ours, they may log what they like.
export function watch(page, address) {
    const complaints = [];
    const { host } = new URL(address);
    const complain = (where, text) => /\/vmac-mldfilter\//.test(where) && complaints.push(text);
    page.on("console", message => ["error", "warning"].includes(message.type()) &&
        complain(message.location().url, `the page logged: ${message.text()} (${message.location().url})`));
    page.on("pageerror", error => complain(error.stack, `the page threw: ${error.stack}`));
    page.on("response", response => response.status() >= 400 &&
        complain(response.url(), `${response.status()}: ${response.url()}`));
    page.on("request", request => new URL(request.url()).host !== host && !/^(data|blob):/.test(request.url()) &&
        complaints.push(`the page asked for ${request.url()}`));
    return complaints;
}
