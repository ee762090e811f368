// SPDX-License-Identifier: GPL-2.0-or-later

import { gettext as _ } from '../i18n';

const DENIED = new Set([
    'org.freedesktop.DBus.Error.AccessDenied',
    'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
]);
const GONE = new Set([
    'org.freedesktop.DBus.Error.ServiceUnknown',
    'org.freedesktop.DBus.Error.NameHasNoOwner',
    'org.freedesktop.DBus.Error.NoReply',
    'org.freedesktop.DBus.Error.Disconnected',
]);

const nameOf = (error: unknown): string => (error as CockpitError)?.name ?? '';

export const isDenied = (error: unknown): boolean =>
    DENIED.has(nameOf(error)) || (error as CockpitError)?.problem === 'access-denied';

/** The service went away while it was asked. That it did is told by its name on the bus. */
export const isGone = (error: unknown): boolean => {
    const problem = (error as CockpitError)?.problem;
    return GONE.has(nameOf(error)) || problem === 'disconnected' || problem === 'not-found';
};

/** What to show: the words of the service as they are. */
export function messageOf(error: unknown): string {
    if (isDenied(error))
        return _("You are not allowed to do this. Turn on administrative access, or ask the administrator.");
    if (isGone(error))
        return _("The service has stopped. Nothing is known of what became of the change.");
    const { message, problem } = (error ?? {}) as CockpitError;
    return message || problem || String(error);
}
