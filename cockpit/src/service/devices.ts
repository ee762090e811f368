// SPDX-License-Identifier: GPL-2.0-or-later

import { devicesOf } from './names';

/** The network devices of the machine; null when they cannot be read. */
export async function readDevices(): Promise<string[] | null> {
    const file = cockpit.file('/proc/net/dev');
    try {
        const text = await file.read();
        return text === null ? null : devicesOf(text);
    } catch {
        return null;
    } finally {
        file.close();
    }
}
