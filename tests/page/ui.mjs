// SPDX-License-Identifier: GPL-2.0-or-later
// Where things are in the page, in English; by role and name, as a screen reader finds them, where more than English is
// asked for by id.

const WORDS = {
    "mld-listener-report": "MLDv1 report", "mld-listener-done": "MLDv1 done", "mld2-listener-report": "MLDv2 report",
    "nd-router-solicit": "Router solicitation", igmp: "IGMP",
    relocate: "Relocate", drop: "Drop", allow: "Leave alone",
};
export const MESSAGES = [
    "mld-listener-report", "mld-listener-done", "mld2-listener-report", "nd-router-solicit", "igmp",
];

export class Ui {
    // `page` is one of Playwright's, or the frame that Cockpit shows it in.
    constructor(page) {
        this.page = page;
        this.add = page.locator("#add-interface");
        this.start = page.locator("#start-service");
        this.limited = page.locator("#limited-access");
        this.empty = page.locator("#no-interfaces");
        this.problems = page.locator("#problems [data-finding]");
        this.lastRestoration = page.locator("#last-restoration");
        this.filter = page.getByRole("textbox", { name: "Filter interfaces" });
        this.dialog = page.getByRole("dialog");
        this.failure = page.locator("#interface-dialog-failure");
        this.name = page.locator("#interface-name");
        this.parent = page.locator("#interface-parent");
        this.kept = this.dialog.getByRole("checkbox", { name: "Also after the next boot" });
        this.submit = page.locator("#interface-apply");
    }

    // Until the overall state is this one of protected, attention, stopped.
    async reach(state) {
        await this.page.locator(`[data-state="${state}"]`).waitFor();
    }

    row(name) {
        return this.page.locator(`tr[data-interface="${name}"]`);
    }

    async names() {
        return this.page.locator("tr[data-interface]").evaluateAll(rows => rows.map(row => row.dataset.interface));
    }

    details(name) {
        return this.row(name).locator("button").first();
    }

    chart(name) {
        return this.page.getByRole("img", { name: `${name}: ` });
    }

    menu(name) {
        return this.page.getByRole("button", { name: `Actions for ${name}` });
    }

    item(what) {
        return this.page.getByRole("menuitem", { name: what, exact: true });
    }

    // Choose something from the menu of an interface.
    async act(name, what) {
        await this.menu(name).click();
        await this.item(what).click();
    }

    // The dialog that asks again: its button that does it has the name of what is done.
    async confirm(what) {
        await this.dialog.getByRole("button", { name: what, exact: true }).click();
        await this.dialog.waitFor({ state: "detached" });
    }

    action(action) {
        return this.dialog.getByRole("radio", { name: WORDS[action], exact: true });
    }

    message(message) {
        return this.dialog.getByRole("checkbox", { name: WORDS[message], exact: true });
    }

    // What is said to be wrong at a field: name, parent, messages.
    problem(field) {
        return this.page.locator(`#interface-${field}-help .pf-m-error`);
    }

    async addInterface(name) {
        await this.add.click();
        await this.name.fill(name);
        await this.submit.click();
        await this.dialog.waitFor({ state: "detached" });
        await this.row(name).waitFor();
    }

    // Whether a button cannot be used. It stays in reach of the keyboard, so it is not `disabled`.
    async isOff(button) {
        return await button.getAttribute("aria-disabled") === "true" || await button.isDisabled();
    }

    // A number that the page shows: until it is this one, or within these bounds. Returns it.
    async number(selector, attribute, least, most = least) {
        const found = await this.page.waitForFunction(([where, name, from, to]) => {
            const text = document.querySelector(where)?.getAttribute(name) || "NaN";
            return Number(text) >= from && Number(text) <= to ? { number: Number(text) } : false;
        }, [selector, attribute, least, most]);
        return (await found.jsonValue()).number;
    }

    packets(name, least, most) {
        return this.number(`tr[data-interface="${name}"] [data-counter="packets"]`, "data-value", least, most);
    }

    rate(name, least, most) {
        return this.number(`tr[data-interface="${name}"] [data-counter="rate"]`, "data-value", least, most);
    }

    restorations(number) {
        return this.number("[data-restorations]", "data-restorations", number);
    }
}
