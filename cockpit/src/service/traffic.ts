// SPDX-License-Identifier: GPL-2.0-or-later
//
// The counters, read every two seconds, but only while somebody looks.

import { isGone, messageOf } from './errors';
import { History, INTERVAL, sum, total } from './rates';
import type { ServiceStore } from './service';
import { Store } from './store';
import type { Counters } from './types';
import { isVisible, onVisibility } from './visibility';
import { readCounters, type Tuple } from './wire';

export interface Traffic {
    /** Null until they were read once. */
    interfaces: Counters | null;
    guard: Counters | null;
    problem: string;
    /** One more with each reading: the histories are changed in place. */
    readings: number;
}

/** The name under which the history has everything together: no interface can have it. */
export const ALL = '';

type Reply = Record<string, Record<string, Tuple>>;

export class TrafficStore extends Store<Traffic> {
    readonly interfaces = new History();
    readonly guard = new History();
    private timer: ReturnType<typeof setTimeout> | undefined;
    private reading = false;

    constructor(private readonly service: ServiceStore) {
        super({ interfaces: null, guard: null, problem: '', readings: 0 });
        service.onConnection(() => { this.restart() });
        onVisibility(() => { this.schedule(0) });
    }

    /** Reads at once: after a reset, for one. */
    refresh(): void {
        this.schedule(0);
    }

    private restart(): void {
        this.interfaces.clear();
        this.guard.clear();
        this.update({ interfaces: null, guard: null, problem: '' });
        this.schedule(0);
    }

    private schedule(delay: number): void {
        clearTimeout(this.timer);
        if (isVisible() && this.service.connected)
            this.timer = setTimeout(() => { void this.read() }, delay);
    }

    private async read(): Promise<void> {
        const remote = this.service.connected;
        if (!remote || this.reading)
            return;
        this.reading = true;
        const start = performance.now();
        try {
            const [interfaces, guard] = await Promise.all([
                remote.call<Reply>('GetAllCounters'),
                remote.call<Reply>('GetGuardCounters'),
            ]);
            if (remote === this.service.connected)
                this.take(Date.now(), readCounters(interfaces), readCounters(guard));
        } catch (error) {
            if (remote === this.service.connected && !isGone(error))
                this.update({ problem: messageOf(error) });
        }
        this.reading = false;
        // A service that needs long for an answer is not asked again at once.
        const taken = performance.now() - start;
        this.schedule(remote === this.service.connected ? Math.max(INTERVAL - taken, INTERVAL / 2) : 0);
    }

    private take(time: number, interfaces: Counters, guard: Counters): void {
        const packets = (counters: Counters): Map<string, number> => {
            const all = new Map(Object.entries(counters).map(([name, counts]) => [name, sum(counts).packets]));
            return all.set(ALL, total(counters).packets);
        };
        this.interfaces.push(time, packets(interfaces));
        this.guard.push(time, packets(guard));
        this.update({ interfaces, guard, problem: '', readings: this.get().readings + 1 });
    }
}
