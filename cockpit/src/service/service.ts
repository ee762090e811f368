// SPDX-License-Identifier: GPL-2.0-or-later
//
// The service as the page shows it: kept up to date by signals while it owns its name.

import { Remote } from './bus';
import { isGone, messageOf } from './errors';
import { Store } from './store';
import type { Entry, Finding, Options, Properties } from './types';
import { type Dictionary, readEntry, readFinding, readProperties, writeOptions } from './wire';

export const NAME = 'org.vmac.MldFilter';
const PATH = '/org/vmac/MldFilter';

/** Many signals come at once, and each audit reads the whole ruleset of the machine. */
const AUDIT_DELAY = 400;
const EVENTS_KEPT = 20;

export interface Restoration {
    time: Date;
    cause: string;
}

export interface Snapshot {
    connection: 'connecting' | 'stopped' | 'running' | 'failed';
    /** Why there is no connection, for failed; empty otherwise. */
    problem: string;
    properties: Properties | null;
    entries: Entry[] | null;
    findings: Finding[] | null;
    /** When the findings were found; null before. */
    audited: Date | null;
    auditing: boolean;
    auditProblem: string;
    /** Since the page was opened and the service was started, the last one first. */
    restorations: Restoration[];
}

const NOTHING: Snapshot = {
    connection: 'connecting', problem: '', properties: null, entries: null, findings: null, audited: null,
    auditing: false, auditProblem: '', restorations: [],
};

const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : Number(a.name > b.name));

export class ServiceStore extends Store<Snapshot> {
    private owner: string | null = null;
    private remote: Remote | null = null;
    private auditTimer: ReturnType<typeof setTimeout> | undefined;
    private auditAgain = false;
    private readonly changedListeners = new Set<() => void>();

    constructor() {
        super(NOTHING);
    }

    get connected(): Remote | null {
        return this.remote;
    }

    /** Calls @p handler when the channel to the service is another one, or none. */
    onConnection(handler: () => void): void {
        this.changedListeners.add(handler);
    }

    /** @returns whether the service is on the bus, at the latest after @p milliseconds. */
    appeared(milliseconds: number): Promise<boolean> {
        return new Promise(resolve => {
            const finish = () => {
                clearTimeout(timer);
                unsubscribe();
                resolve(this.remote !== null);
            };
            const unsubscribe = this.subscribe(() => { if (this.remote) finish() });
            const timer = setTimeout(finish, milliseconds);
            if (this.remote)
                finish();
        });
    }

    fail(error: CockpitError): void {
        this.disconnect();
        this.update({ ...NOTHING, connection: 'failed', problem: messageOf(error) });
    }

    setOwner(owner: string | null): void {
        this.owner = owner;
        this.update({ restorations: [] });  // those of another run of the service
        this.reconnect();
    }

    /** A new channel: with other rights than before, or to another process. */
    reconnect(): void {
        this.disconnect();
        if (this.owner === null) {
            this.update({ ...NOTHING, connection: 'stopped' });
            this.announce();
            return;
        }
        const remote = new Remote(this.owner, PATH, NAME);
        this.remote = remote;
        remote.onSignal((signal, args) => { this.signalled(signal, args) });
        remote.onProperties((changed, invalidated) => { this.propertiesChanged(changed, invalidated) });
        this.announce();
        void this.readAll(remote);
    }

    async add(name: string, options: Options): Promise<void> {
        await this.change(remote => remote.call('AddInterface', 'sa{sv}', name, writeOptions(options)));
    }

    async remove(name: string): Promise<void> {
        await this.change(remote => remote.call('RemoveInterface', 's', name));
    }

    /** @param names none: all, and the guard. */
    async resetCounters(names: string[]): Promise<void> {
        await this.change(remote => remote.call('ResetCounters', 'as', names));
    }

    async reload(): Promise<void> {
        await this.change(remote => remote.call('Reload'));
    }

    /** Signals tell what the service does; the list is read again where they may not have said all. */
    async refresh(): Promise<void> {
        const remote = this.remote;
        if (!remote)
            return;
        try {
            await this.readEntries(remote);
            this.auditSoon();
        } catch (error) {
            if (remote === this.remote)
                this.fail(error as CockpitError);
        }
    }

    async audit(): Promise<void> {
        const remote = this.remote;
        if (!remote)
            return;
        if (this.get().auditing) {
            this.auditAgain = true;
            return;
        }
        this.update({ auditing: true });
        try {
            const findings = await remote.call<Dictionary[]>('Audit');
            if (remote === this.remote)
                this.update({ findings: findings.map(readFinding), audited: new Date(), auditProblem: '' });
        } catch (error) {
            if (remote === this.remote && !isGone(error))
                this.update({ auditProblem: messageOf(error) });
        }
        if (remote !== this.remote)
            return;
        this.update({ auditing: false });
        if (this.auditAgain) {
            this.auditAgain = false;
            this.auditSoon();
        }
    }

    private announce(): void {
        for (const handler of this.changedListeners)
            handler();
    }

    private disconnect(): void {
        clearTimeout(this.auditTimer);
        this.auditAgain = false;
        const remote = this.remote;
        this.remote = null;
        if (this.get().auditing)
            this.update({ auditing: false });
        remote?.close();
    }

    private async change(call: (remote: Remote) => Promise<unknown>): Promise<void> {
        if (!this.remote)
            throw Object.assign(new Error(), { problem: 'disconnected' });
        await call(this.remote);
        void this.refresh();
    }

    private async readAll(remote: Remote): Promise<void> {
        try {
            const properties = readProperties(await remote.properties());
            if (remote !== this.remote)
                return;
            this.update({ connection: 'running', problem: '', properties });
            await this.readEntries(remote);
            await this.audit();
        } catch (error) {
            // Its name goes from the bus in a moment, and then setOwner() is called.
            if (remote === this.remote && !isGone(error))
                this.fail(error as CockpitError);
        }
    }

    private async readEntries(remote: Remote): Promise<void> {
        try {
            const list = await remote.call<[string, Dictionary][]>('ListInterfaces');
            if (remote === this.remote)
                this.update({ entries: list.map(([name, dictionary]) => readEntry(name, dictionary)) });
        } catch (error) {
            if (!isGone(error))
                throw error;
        }
    }

    private auditSoon(): void {
        clearTimeout(this.auditTimer);
        this.auditTimer = setTimeout(() => { void this.audit() }, AUDIT_DELAY);
    }

    private signalled(signal: string, args: unknown[]): void {
        const entries = this.get().entries ?? [];
        const name = args[0] as string;
        if (signal === 'InterfaceAdded' || signal === 'InterfaceChanged') {
            const entry = readEntry(name, args[1] as Dictionary);
            this.update({ entries: [...entries.filter(other => other.name !== name), entry].sort(byName) });
        } else if (signal === 'InterfaceRemoved') {
            this.update({ entries: entries.filter(entry => entry.name !== name) });
        } else if (signal === 'RulesetRestored') {
            const restoration = { time: new Date(), cause: name };
            this.update({ restorations: [restoration, ...this.get().restorations].slice(0, EVENTS_KEPT) });
        }
        this.auditSoon();
    }

    private propertiesChanged(changed: Dictionary, invalidated: string[]): void {
        const { properties } = this.get();
        if (!properties)
            return;
        if (invalidated.length > 0 && this.remote) {
            const remote = this.remote;
            remote.properties().then(
                all => { if (remote === this.remote) this.update({ properties: readProperties(all) }) },
                () => { /* it is gone: setOwner() follows */ });
        } else {
            this.update({ properties: readProperties(changed, properties) });
        }
        this.auditSoon();
    }
}
