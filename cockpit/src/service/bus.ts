// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who owns a name on the system bus, and calls to that owner.
//
// A channel of Cockpit to a well-known name starts the service when it opens, in all versions; looking must not. So the
// bus itself is asked who owns the name, and the channel goes to that owner's unique name, which nothing can activate.

import type { Dictionary } from './wire';

const BUS = 'org.freedesktop.DBus';
const BUS_PATH = '/org/freedesktop/DBus';

export class NameWatch {
    private readonly client = cockpit.dbus(BUS, { bus: 'system' });

    /** @param changed gets the unique name, or null while nobody owns @p name; @param failed why there is no bus. */
    constructor(
        name: string,
        private readonly changed: (owner: string | null) => void,
        private readonly failed: (error: CockpitError) => void,
    ) {
        let signalled = false;
        this.client.subscribe(
            { path: BUS_PATH, interface: BUS, member: 'NameOwnerChanged', arg0: name },
            (_path, _interface, _signal, args) => {
                signalled = true;
                this.changed((args[2] as string) || null);
            });
        this.client.call(BUS_PATH, BUS, 'GetNameOwner', [name], { type: 's' }).then(
            ([owner]) => { signalled || this.changed(owner as string) },
            (error: CockpitError) => {
                if (error.name !== `${BUS}.Error.NameHasNoOwner`)
                    this.failed(error);
                else if (!signalled)
                    this.changed(null);
            });
        this.client.addEventListener('close', ((_event: unknown, options: CockpitError) => {
            this.failed(options ?? {});
        }) as (...args: never[]) => void);
    }
}

/** One object of one owner of a name. */
export class Remote {
    private readonly client: DBusClient;

    constructor(owner: string, private readonly path: string, private readonly interfaceName: string) {
        this.client = cockpit.dbus(owner, { bus: 'system', superuser: 'try' });
    }

    async call<T>(method: string, type = '', ...args: unknown[]): Promise<T> {
        const reply = await this.client.call(this.path, this.interfaceName, method, args, { type });
        return reply[0] as T;
    }

    async properties(): Promise<Dictionary> {
        const reply = await this.client.call(
            this.path, 'org.freedesktop.DBus.Properties', 'GetAll', [this.interfaceName], { type: 's' });
        return reply[0] as Dictionary;
    }

    onSignal(handler: (signal: string, args: unknown[]) => void): void {
        this.client.subscribe(
            { path: this.path, interface: this.interfaceName },
            (_path, _interface, signal, args) => handler(signal, args));
    }

    onProperties(handler: (changed: Dictionary, invalidated: string[]) => void): void {
        this.client.subscribe(
            { path: this.path, interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' },
            (_path, _interface, _signal, [name, changed, invalidated]) => {
                if (name === this.interfaceName)
                    handler(changed as Dictionary, invalidated as string[]);
            });
    }

    close(): void {
        this.client.close();
    }
}
