// SPDX-License-Identifier: GPL-2.0-or-later
//
// What org.vmac.MldFilter says, as values; see dbus/org.vmac.MldFilter.xml.

export const ACTIONS = ['relocate', 'drop', 'allow'] as const;
export type Action = (typeof ACTIONS)[number];

export const MESSAGES = [
    'mld-listener-report', 'mld-listener-done', 'mld2-listener-report', 'nd-router-solicit', 'igmp',
] as const;
export type Message = (typeof MESSAGES)[number];

export type Origin = 'config' | 'api' | 'detected';
export type Severity = 'ok' | 'warning' | 'critical';

export interface Entry {
    name: string;
    action: Action;
    effectiveAction: Action;
    reason: string;
    messages: Message[];
    origins: Origin[];
    runtime: boolean;
    parent: string;
    present: boolean;
    ifindex: number;
    mac: string;
}

export interface Finding {
    interface: string;
    severity: Severity;
    id: string;
    message: string;
}

export interface Properties {
    version: string;
    interfaces: string[];
    autoDetect: boolean;
    guardActive: boolean;
    protected: boolean;
    restorations: number;
    features: string[];
}

export interface Count {
    packets: number;
    bytes: number;
}

/** By message. */
export type Counts = Partial<Record<string, Count>>;

/** By interface, or by device of the guard. */
export type Counters = Record<string, Counts>;

/** What of an entry can be asked for; what is not there keeps its value. */
export interface Options {
    action?: Action;
    parent?: string;
    messages?: Message[];
    runtime?: boolean;
}

/** Whether an entry would be there without the bus: it cannot be removed then, only left alone. */
export const isKept = (entry: Entry): boolean => entry.origins.some(origin => origin !== 'api');
