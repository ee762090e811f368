// SPDX-License-Identifier: GPL-2.0-or-later
// What a run prints: a line for each case, all about one that failed, and at the end "N passed, N failed".

export default async function* report(source) {
    let passed = 0;
    let failed = 0;
    for await (const { type, data } of source) {
        if (type === "test:stdout" || type === "test:stderr")
            yield data.message;
        if (type !== "test:pass" && type !== "test:fail" || data.skip !== undefined)
            continue;
        const seconds = (data.details.duration_ms / 1000).toFixed(1);
        if (type === "test:pass") {
            passed += 1;
            yield `ok     ${data.name} (${seconds} s)\n`;
        } else {
            failed += 1;
            const error = data.details.error.cause ?? data.details.error;
            yield `FAILED ${data.name} (${seconds} s)\n${error.stack ?? error}\n`;
        }
    }
    yield `${passed} passed, ${failed} failed\n`;
}
