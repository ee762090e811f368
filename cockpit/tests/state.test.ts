// SPDX-License-Identifier: GPL-2.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sortFindings, stateOf } from '../src/service/state';
import { readProperties } from '../src/service/wire';
import { findingOf } from './entries';

const good = readProperties({ Protected: { t: 'b', v: true } });
const bad = readProperties({ Protected: { t: 'b', v: false } });

test('nothing is known before the service has answered', () => {
    assert.equal(stateOf(null, null).level, 'unknown');
    assert.equal(stateOf(good, null).level, 'unknown', 'protected is only said after the audit');
});

test('protected: the kernel has it, and the audit has nothing against it', () => {
    assert.deepEqual(stateOf(good, [findingOf('ok'), findingOf('ok')]), { level: 'protected', worst: null, others: 0 });
    assert.equal(stateOf(good, []).level, 'protected');
});

test('the worst finding speaks', () => {
    const warning = findingOf('warning', 'accept-ra', 'vrrp6');
    const critical = findingOf('critical', 'split-brain', 'vrrp7');
    assert.deepEqual(stateOf(good, [findingOf('ok'), warning]), { level: 'warning', worst: warning, others: 0 });
    assert.deepEqual(stateOf(good, [warning, critical, warning]), { level: 'critical', worst: critical, others: 2 });
});

test('not protected is critical whatever the audit says, and before it has said anything', () => {
    assert.equal(stateOf(bad, null).level, 'critical');
    assert.equal(stateOf(bad, [findingOf('ok')]).level, 'critical');
    assert.equal(stateOf(bad, [findingOf('warning')]).level, 'critical');
});

test('findings are sorted by severity only', () => {
    const findings = [
        findingOf('ok', 'a'), findingOf('warning', 'b'), findingOf('critical', 'c'), findingOf('warning', 'd'),
    ];
    assert.deepEqual(sortFindings(findings).map(({ id }) => id), ['c', 'b', 'd', 'a']);
    assert.equal(findings[0]?.id, 'a', 'in a copy');
});
