// SPDX-License-Identifier: GPL-2.0-or-later

/** Whether anybody can see the page: the tab of the browser is in front, and in it Cockpit shows this page. */
export const isVisible = (): boolean => document.visibilityState === 'visible' && !cockpit.hidden;

export function onVisibility(handler: () => void): void {
    document.addEventListener('visibilitychange', handler);
    cockpit.addEventListener('visibilitychange', handler);
}
