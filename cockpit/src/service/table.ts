// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which rows the table of interfaces shows, and in which order.

import type { Entry } from './types';

export const COLUMNS = ['name', 'action', 'parent', 'origin', 'packets', 'rate'] as const;
export type Column = (typeof COLUMNS)[number];
export type Direction = 'asc' | 'desc';

export interface Row {
    entry: Entry;
    /** Null until it was counted. */
    packets: number | null;
    rate: number | null;
}

/** @param text every word of it must be in the name, the parent, the MAC, the action or the origins. */
export function matches(entry: Entry, text: string): boolean {
    const all = [entry.name, entry.parent, entry.mac, entry.action, entry.effectiveAction, ...entry.origins]
        .join('\n').toLowerCase();
    return text.toLowerCase().split(/\s+/).every(word => all.includes(word));
}

const keyOf = ({ entry, packets, rate }: Row, column: Column): string | number => {
    switch (column) {
        case 'name': return entry.name;
        case 'action': return entry.effectiveAction;
        case 'parent': return entry.parent;
        case 'origin': return entry.origins.join();
        case 'packets': return packets ?? -1;
        case 'rate': return rate ?? -1;
    }
};

/** Numbers in names count as numbers: vrrp2 before vrrp10. */
const collator = new Intl.Collator('en', { numeric: true });

const compare = (a: string | number, b: string | number): number =>
    (typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b)));

export function sortRows(rows: readonly Row[], column: Column, direction: Direction): Row[] {
    const sign = direction === 'asc' ? 1 : -1;
    return [...rows].sort((a, b) =>
        sign * compare(keyOf(a, column), keyOf(b, column)) || compare(a.entry.name, b.entry.name));
}
