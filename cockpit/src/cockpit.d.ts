// SPDX-License-Identifier: GPL-2.0-or-later
//
// What this page uses of base1/cockpit.js, which Cockpit itself brings.

interface CockpitEvents {
    addEventListener(event: string, listener: (...args: never[]) => void): void;
}

interface CockpitError {
    name?: string;
    problem?: string | null;
    message?: string;
}

interface DBusCallOptions {
    type: string;
    timeout?: number;
}

type DBusMatch = Partial<Record<'path' | 'interface' | 'member' | 'arg0', string>>;
type DBusSignalHandler = (path: string, iface: string, signal: string, args: unknown[]) => void;

interface DBusClient extends CockpitEvents {
    call(path: string, iface: string, method: string, args: unknown[], options: DBusCallOptions): Promise<unknown[]>;
    subscribe(match: DBusMatch, handler: DBusSignalHandler): { remove(): void };
    close(problem?: string): void;
}

interface CockpitPermission extends CockpitEvents {
    allowed: boolean | null;
}

interface SpawnOptions {
    superuser?: 'try' | 'require';
    err?: 'message' | 'ignore' | 'out';
}

interface Cockpit extends CockpitEvents {
    hidden: boolean;
    language: string;
    language_direction?: string;
    gettext(text: string): string;
    ngettext(singular: string, plural: string, n: number): string;
    dbus(name: string, options: { bus: 'system'; superuser?: 'try' | 'require' }): DBusClient;
    permission(options: { admin: true }): CockpitPermission;
    user(): Promise<{ id: number; name: string }>;
    spawn(command: string[], options?: SpawnOptions): Promise<string>;
    file(path: string): { read(): Promise<string | null>; close(): void };
    jump(path: string): void;
}

declare const cockpit: Cockpit;

declare module '*.css';
