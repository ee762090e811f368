// SPDX-License-Identifier: GPL-2.0-or-later
import { type Entry, type Finding, MESSAGES, type Severity } from '../src/service/types';

export const entryOf = (name: string, part: Partial<Entry> = {}): Entry => ({
    name, action: 'relocate', effectiveAction: 'relocate', reason: '', messages: [...MESSAGES], origins: ['api'],
    runtime: false, parent: 'eth0', present: true, ifindex: 7, mac: '00:00:5e:00:02:05', ...part,
});

export const findingOf = (severity: Severity, id = 'protected', name = ''): Finding =>
    ({ interface: name, severity, id, message: `${id} of ${name}` });
