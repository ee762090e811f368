// SPDX-License-Identifier: GPL-2.0-or-later

/** A value that is replaced, never changed, and those who want to know when: what useSyncExternalStore() asks for. */
export class Store<T extends object> {
    private readonly listeners = new Set<() => void>();

    constructor(private value: T) {}

    readonly get = (): T => this.value;

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => { this.listeners.delete(listener) };
    };

    protected update(change: Partial<T>): void {
        this.value = { ...this.value, ...change };
        for (const listener of this.listeners)
            listener();
    }
}
