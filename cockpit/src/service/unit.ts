// SPDX-License-Identifier: GPL-2.0-or-later
//
// Starting the service, as an administrator.

const UNIT = 'vmac-mldfilter.service';

/** Where Cockpit shows the unit, and its journal. */
export const UNIT_PAGE = `/system/services#/${UNIT}`;
export const JOURNAL_PAGE = `/system/logs#/?prio=debug&service=${UNIT}`;

export class StartFailure extends Error {
    /** @param journal the last lines of the unit, empty if they cannot be read. */
    constructor(message: string, readonly journal: string) {
        super(message);
    }
}

/** Resolves when the service has said that it is ready: systemctl waits for that. */
export async function startUnit(): Promise<void> {
    try {
        await cockpit.spawn(['systemctl', 'start', UNIT], { superuser: 'require', err: 'message' });
    } catch (error) {
        const { message, problem } = error as CockpitError;
        throw await failure((message || problem || String(error)).trim());
    }
}

export async function failure(message: string): Promise<StartFailure> {
    const journal = await cockpit.spawn(
        ['journalctl', '--unit', UNIT, '--boot', '--lines=8', '--output=cat', '--no-pager', '--quiet'],
        { superuser: 'try', err: 'ignore' }).catch(() => '');
    return new StartFailure(message, journal.trim());
}
