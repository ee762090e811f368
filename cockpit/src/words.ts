// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words of the bus for people.

import { gettext as _ } from './i18n';
import type { Action, Message, Origin, Severity } from './service/types';

export function actionWord(action: Action): string {
    switch (action) {
        case 'relocate': return _("Relocate");
        case 'drop': return _("Drop");
        case 'allow': return _("Leave alone");
        default: return action;
    }
}

export function actionHelp(action: Action): string {
    switch (action) {
        case 'relocate': return _("Send from the parent, with the parent's own MAC. Switches keep knowing the groups.");
        case 'drop': return _("Send nothing. Snooping switches may forget the groups of the virtual address.");
        case 'allow': return _("Do nothing with this interface.");
        default: return '';
    }
}

export function originWord(origin: Origin): string {
    switch (origin) {
        case 'config': return _("Configuration");
        case 'api': return _("Added");
        case 'detected': return _("Detected");
        default: return origin;
    }
}

export function messageWord(message: string): string {
    switch (message as Message) {
        case 'mld-listener-report': return _("MLDv1 report");
        case 'mld-listener-done': return _("MLDv1 done");
        case 'mld2-listener-report': return _("MLDv2 report");
        case 'nd-router-solicit': return _("Router solicitation");
        case 'igmp': return _("IGMP");
        default: return message;
    }
}

export function severityWord(severity: Severity): string {
    switch (severity) {
        case 'ok': return _("All right");
        case 'warning': return _("Warning");
        case 'critical': return _("Critical");
        default: return severity;
    }
}
