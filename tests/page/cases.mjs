// SPDX-License-Identifier: GPL-2.0-or-later
// All cases, in this order.

if (process.env.VMAC_PAGE_PICTURES) {
    await import("./cases/pictures.mjs");
} else {
    for (const file of ["changes", "mistakes", "live", "counters", "service", "access", "keyboard", "scale", "states"])
        await import(`./cases/${file}.mjs`);
}
