// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the user may do. With administrative access, everything: calls come from root then, which the service does not
// ask polkit about. Otherwise polkit is asked what it would answer the service, without a prompt: the subject is the
// bridge, whose own name on the bus Cockpit does not tell in all versions, but whose process any child of it knows.

import { messageOf } from './errors';
import { Store } from './store';

const PREFIX = 'org.vmac.mldfilter.';
export const PERMISSIONS = ['manage-interfaces', 'reset-counters', 'reload'] as const;
export type Permission = (typeof PERMISSIONS)[number];

export interface Access {
    /** Null until it is known. */
    administrator: boolean | null;
    allowed: Record<Permission, boolean | null>;
    user: string;
    /** Why nobody knows what is allowed, which is nothing then; empty otherwise. */
    problem: string;
}

const POLKIT = 'org.freedesktop.PolicyKit1';
const AUTHORITY = '/org/freedesktop/PolicyKit1/Authority';
const AUTHORITY_INTERFACE = 'org.freedesktop.PolicyKit1.Authority';

type Subject = [string, Record<string, { t: string; v: unknown }>];

const all = (allowed: boolean | null): Access['allowed'] =>
    ({ 'manage-interfaces': allowed, 'reset-counters': allowed, reload: allowed });

export class AccessStore extends Store<Access> {
    private readonly permission = cockpit.permission({ admin: true });
    private polkit: DBusClient | null = null;
    private subject: Promise<Subject> | null = null;
    private round = 0;

    constructor(private readonly administratorChanged: () => void) {
        super({ administrator: null, allowed: all(null), user: '', problem: '' });
        void cockpit.user().then(user => { this.update({ user: user.name }) });
        this.permission.addEventListener('changed', () => { this.reconsider() });
        this.reconsider();
    }

    private reconsider(): void {
        const { administrator } = this.get();
        const now = this.permission.allowed;
        if (now === administrator && now !== null)
            return;
        if (now) {
            this.round += 1;
            this.update({ administrator: true, allowed: all(true), problem: '' });
        } else if (now === false) {
            this.update({ administrator: false });
            void this.ask();
        }
        if (administrator !== null && now !== null)
            this.administratorChanged();
    }

    private connect(): DBusClient {
        if (!this.polkit) {
            const polkit = cockpit.dbus(POLKIT, { bus: 'system' });
            polkit.subscribe({ path: AUTHORITY, interface: AUTHORITY_INTERFACE, member: 'Changed' },
                             () => { void this.ask() });
            polkit.addEventListener('close', () => { this.polkit = null });
            this.polkit = polkit;
        }
        return this.polkit;
    }

    private async bridge(): Promise<Subject> {
        const [user, pid] = await Promise.all([
            cockpit.user(),
            cockpit.spawn(['/bin/sh', '-c', 'echo $PPID'], { err: 'message' }),
        ]);
        return ['unix-process', {
            pid: { t: 'u', v: Number(pid) },
            'start-time': { t: 't', v: 0 },  // polkit looks it up
            uid: { t: 'i', v: user.id },
        }];
    }

    private async ask(): Promise<void> {
        if (this.get().administrator !== false)
            return;
        this.round += 1;
        const round = this.round;
        this.update({ problem: '' });
        const answers = await Promise.all(PERMISSIONS.map(permission => this.check(permission)));
        if (round === this.round) {
            const [manage = false, reset = false, reload = false] = answers;
            this.update({ allowed: { 'manage-interfaces': manage, 'reset-counters': reset, reload } });
        }
    }

    private async check(permission: Permission): Promise<boolean> {
        try {
            this.subject ??= this.bridge();
            const [answer] = await this.connect().call(
                AUTHORITY, AUTHORITY_INTERFACE, 'CheckAuthorization',
                [await this.subject, PREFIX + permission, {}, 0, ''], { type: '(sa{sv})sa{ss}us' });
            return (answer as [boolean])[0];
        } catch (error) {
            this.subject = null;
            this.update({ problem: messageOf(error) });
            return false;
        }
    }
}
