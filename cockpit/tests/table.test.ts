// SPDX-License-Identifier: GPL-2.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { matches, type Row, sortRows } from '../src/service/table';
import { entryOf } from './entries';

const rows: Row[] = [
    { entry: entryOf('vrrp10', { parent: 'eth1' }), packets: 5, rate: null },
    { entry: entryOf('vrrp2', { effectiveAction: 'drop' }), packets: 50, rate: 1 },
    { entry: entryOf('vrrp3', { origins: ['detected'] }), packets: null, rate: 0.5 },
];
const names = (sorted: Row[]): string[] => sorted.map(({ entry }) => entry.name);

test('numbers in names count as numbers', () => {
    assert.deepEqual(names(sortRows(rows, 'name', 'asc')), ['vrrp2', 'vrrp3', 'vrrp10']);
    assert.deepEqual(names(sortRows(rows, 'name', 'desc')), ['vrrp10', 'vrrp3', 'vrrp2']);
});

test('what is not known is less than nothing', () => {
    assert.deepEqual(names(sortRows(rows, 'packets', 'desc')), ['vrrp2', 'vrrp10', 'vrrp3']);
    assert.deepEqual(names(sortRows(rows, 'rate', 'asc')), ['vrrp10', 'vrrp3', 'vrrp2']);
});

test('equals stay in the order of their names', () => {
    assert.deepEqual(names(sortRows(rows, 'parent', 'desc')), ['vrrp10', 'vrrp2', 'vrrp3']);
    assert.deepEqual(names(sortRows(rows, 'origin', 'asc')), ['vrrp2', 'vrrp10', 'vrrp3']);
    assert.deepEqual(names(sortRows(rows, 'action', 'asc')), ['vrrp2', 'vrrp3', 'vrrp10']);
});

test('the filter looks for each word, everywhere', () => {
    const entry = entryOf('vrrp6', { origins: ['detected'] });
    for (const text of ['', 'VRRP', 'eth0', '5e:00:02', 'relocate', 'detected', 'eth0 vrrp6', ' vrrp6 '])
        assert.ok(matches(entry, text), text);
    for (const text of ['vrrp7', 'vrrp6 eth1', 'config'])
        assert.ok(!matches(entry, text), text);
});
