// SPDX-License-Identifier: GPL-2.0-or-later
//
// From what Cockpit makes of D-Bus values to ours, and back. A variant is {t: signature, v: value} there.

import type { Action, Counters, Entry, Finding, Message, Options, Origin, Properties, Severity } from './types';

type Variant = { t: string; v: unknown };
export type Dictionary = Record<string, Variant>;

export type Tuple = [number, number];

function value<T>(dictionary: Dictionary, key: string, otherwise: T): T {
    return key in dictionary ? (dictionary[key]?.v as T) : otherwise;
}

export function readEntry(name: string, dictionary: Dictionary): Entry {
    const action = value<Action>(dictionary, 'action', 'relocate');
    return {
        name,
        action,
        effectiveAction: value(dictionary, 'effective-action', action),
        reason: value(dictionary, 'reason', ''),
        messages: value<Message[]>(dictionary, 'messages', []),
        origins: value<Origin[]>(dictionary, 'origins', []),
        runtime: value(dictionary, 'runtime', false),
        parent: value(dictionary, 'parent', ''),
        present: value(dictionary, 'present', false),
        ifindex: value(dictionary, 'ifindex', 0),
        mac: value(dictionary, 'mac', ''),
    };
}

export function readFinding(dictionary: Dictionary): Finding {
    return {
        interface: value(dictionary, 'interface', ''),
        severity: value<Severity>(dictionary, 'severity', 'warning'),
        id: value(dictionary, 'id', ''),
        message: value(dictionary, 'message', ''),
    };
}

/** @param before what is known already: a signal tells only what has changed. */
export function readProperties(dictionary: Dictionary, before?: Properties | null): Properties {
    return {
        version: value(dictionary, 'Version', before?.version ?? ''),
        interfaces: value(dictionary, 'Interfaces', before?.interfaces ?? []),
        autoDetect: value(dictionary, 'AutoDetect', before?.autoDetect ?? false),
        guardActive: value(dictionary, 'GuardActive', before?.guardActive ?? false),
        protected: value(dictionary, 'Protected', before?.protected ?? false),
        restorations: value(dictionary, 'Restorations', before?.restorations ?? 0),
        features: value(dictionary, 'Features', before?.features ?? []),
    };
}

export function readCounters(dictionary: Record<string, Record<string, Tuple>>): Counters {
    const readCounts = (messages: Record<string, Tuple>) => Object.fromEntries(
        Object.entries(messages).map(([message, [packets, bytes]]) => [message, { packets, bytes }]));
    return Object.fromEntries(
        Object.entries(dictionary).map(([name, messages]) => [name, readCounts(messages)]));
}

export function writeOptions(options: Options): Dictionary {
    const dictionary: Dictionary = {};
    if (options.action !== undefined)
        dictionary['action'] = { t: 's', v: options.action };
    if (options.parent !== undefined)
        dictionary['parent'] = { t: 's', v: options.parent };
    if (options.messages !== undefined)
        dictionary['messages'] = { t: 'as', v: options.messages };
    if (options.runtime !== undefined)
        dictionary['runtime'] = { t: 'b', v: options.runtime };
    return dictionary;
}
