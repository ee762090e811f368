// SPDX-License-Identifier: GPL-2.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readCounters, readEntry, readFinding, readProperties, writeOptions } from '../src/service/wire';

test('an entry as ListInterfaces has it', () => {
    assert.deepEqual(readEntry('vrrp6', {
        action: { t: 's', v: 'relocate' }, 'effective-action': { t: 's', v: 'drop' },
        reason: { t: 's', v: 'no parent' },
        messages: { t: 'as', v: ['igmp'] }, origins: { t: 'as', v: ['api', 'detected'] }, runtime: { t: 'b', v: true },
        parent: { t: 's', v: '' }, present: { t: 'b', v: true }, ifindex: { t: 'u', v: 4 }, mac: { t: 's', v: '02::' },
    }), {
        name: 'vrrp6', action: 'relocate', effectiveAction: 'drop', reason: 'no parent', messages: ['igmp'],
        origins: ['api', 'detected'], runtime: true, parent: '', present: true, ifindex: 4, mac: '02::',
    });
});

test('a finding', () => {
    assert.deepEqual(readFinding({
        interface: { t: 's', v: 'vrrp6' }, severity: { t: 's', v: 'critical' }, id: { t: 's', v: 'split-brain' },
        message: { t: 's', v: 'do this' },
    }), { interface: 'vrrp6', severity: 'critical', id: 'split-brain', message: 'do this' });
});

test('PropertiesChanged tells only what has changed', () => {
    const before = readProperties({
        Version: { t: 's', v: '1' }, Protected: { t: 'b', v: true }, Restorations: { t: 't', v: 3 },
        Features: { t: 'as', v: ['mld'] }, GuardActive: { t: 'b', v: true },
    });
    assert.deepEqual(readProperties({ Restorations: { t: 't', v: 4 }, Protected: { t: 'b', v: false } }, before),
                     { ...before, restorations: 4, protected: false });
});

test('counters', () => {
    assert.deepEqual(readCounters({ vrrp6: { igmp: [2, 80] }, vrrp7: {} }),
                     { vrrp6: { igmp: { packets: 2, bytes: 80 } }, vrrp7: {} });
});

test('only the options that are asked for', () => {
    assert.deepEqual(writeOptions({}), {});
    assert.deepEqual(writeOptions({ action: 'allow' }), { action: { t: 's', v: 'allow' } });
    assert.deepEqual(writeOptions({ parent: '', messages: ['igmp'], runtime: false }), {
        parent: { t: 's', v: '' }, messages: { t: 'as', v: ['igmp'] }, runtime: { t: 'b', v: false },
    });
});
