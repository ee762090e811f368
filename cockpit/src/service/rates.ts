// SPDX-License-Identifier: GPL-2.0-or-later
//
// Rates from counters: the last five minutes of each, in memory only.

import type { Count, Counters, Counts } from './types';

export const INTERVAL = 2000;
export const KEPT = 5 * 60 * 1000;
const CAPACITY = KEPT / INTERVAL;

/** A rate is told over this time: over 2 s, messages that come every few seconds would flicker. */
const WINDOW = 10_000;

/** Longer than this between two readings, and nobody knows what was in between: the page was hidden. */
const GAP = 3 * INTERVAL;

export interface Series {
    /** Seconds, as Date.now() / 1000. */
    times: number[];
    /** Packets per second since the reading before; null where that is not known. */
    rates: (number | null)[];
}

export const sum = (counts: Counts | undefined): Count => {
    const total = { packets: 0, bytes: 0 };
    for (const count of Object.values(counts ?? {})) {
        total.packets += count?.packets ?? 0;
        total.bytes += count?.bytes ?? 0;
    }
    return total;
};

export const total = (counters: Counters): Count => {
    const all = { packets: 0, bytes: 0 };
    for (const counts of Object.values(counters)) {
        const { packets, bytes } = sum(counts);
        all.packets += packets;
        all.bytes += bytes;
    }
    return all;
};

/** One ring of readings for each name; NaN where the name was not there. */
export class History {
    private readonly times: number[] = [];
    private readonly values = new Map<string, number[]>();

    /** @param packets by name. Names that are gone for the whole time that is kept are forgotten. */
    push(time: number, packets: ReadonlyMap<string, number>): void {
        if (time <= (this.times.at(-1) ?? -Infinity))
            this.clear();  // somebody has set the clock back
        const before = this.times.length;
        const expired = Math.max(0, before + 1 - CAPACITY);
        this.times.push(time);
        this.times.splice(0, expired);
        for (const name of packets.keys()) {
            if (!this.values.has(name))
                this.values.set(name, new Array<number>(before).fill(NaN));
        }
        for (const [name, values] of this.values) {
            values.push(packets.get(name) ?? NaN);
            values.splice(0, expired);
            if (values.every(Number.isNaN))
                this.values.delete(name);
        }
    }

    clear(): void {
        this.times.length = 0;
        this.values.clear();
    }

    /** Packets per second now; null when one reading is all there is. */
    rate(name: string): number | null {
        const values = this.values.get(name);
        const last = this.times.length - 1;
        const now = this.times[last];
        if (!values || now === undefined || Number.isNaN(values[last]))
            return null;
        let sent = 0;
        let start = now;
        for (let i = last; i > 0 && now - (this.times[i - 1] ?? 0) <= WINDOW; i -= 1) {
            const step = this.step(values, i);
            if (step === null)
                break;
            sent += step;
            start = this.times[i - 1] ?? now;
        }
        return start === now ? null : sent / ((now - start) / 1000);
    }

    series(name: string): Series {
        const values = this.values.get(name) ?? [];
        return {
            times: this.times.map(time => time / 1000),
            rates: this.times.map((time, i) => {
                const step = this.step(values, i);
                return step === null ? null : step / ((time - (this.times[i - 1] ?? time)) / 1000);
            }),
        };
    }

    /** Packets between reading @p i and the one before. A counter that went back was reset. */
    private step(values: number[], i: number): number | null {
        const [before, now] = [values[i - 1], values[i]];
        const [start, end] = [this.times[i - 1], this.times[i]];
        if (before === undefined || now === undefined || start === undefined || end === undefined)
            return null;
        if (Number.isNaN(before) || Number.isNaN(now) || end <= start || end - start > GAP || now < before)
            return null;
        return now - before;
    }
}
