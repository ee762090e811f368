// SPDX-License-Identifier: GPL-2.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { draftOf, isGood, newDraft, optionsOf, problemsOf } from '../src/service/draft';
import { isKept, MESSAGES } from '../src/service/types';
import { entryOf } from './entries';

test('a new entry asks for all that the dialog shows', () => {
    assert.deepEqual(optionsOf({ ...newDraft(), name: 'vrrp6' }, null),
                     { action: 'relocate', messages: [...MESSAGES], runtime: false });
    assert.equal(optionsOf({ ...newDraft(), name: 'vrrp6', parent: 'eth0' }, null).parent, 'eth0');
});

test('a change asks for what is to be another only', () => {
    const entry = entryOf('vrrp6');
    assert.deepEqual(optionsOf(draftOf(entry), entry), {});
    assert.deepEqual(optionsOf({ ...draftOf(entry), action: 'drop' }, entry), { action: 'drop' });
    assert.deepEqual(optionsOf({ ...draftOf(entry), parent: '' }, entry), { parent: '' });
    assert.deepEqual(optionsOf({ ...draftOf(entry), runtime: true }, entry), { runtime: true });
});

test('the order in which messages were chosen is nothing to ask for', () => {
    const entry = entryOf('vrrp6', { messages: ['igmp', 'mld-listener-report'] });
    assert.deepEqual(optionsOf({ ...draftOf(entry), messages: ['mld-listener-report', 'igmp'] }, entry), {});
    assert.deepEqual(optionsOf({ ...draftOf(entry), messages: ['igmp', 'mld-listener-done'] }, entry),
                     { messages: ['mld-listener-done', 'igmp'] });
});

test('the draft does not change the entry', () => {
    const entry = entryOf('vrrp6');
    draftOf(entry).messages.pop();
    assert.equal(entry.messages.length, MESSAGES.length);
});

test('what is wrong with it', () => {
    const entries = [entryOf('vrrp6')];
    const draft = { ...newDraft(), name: 'vrrp7', parent: 'eth0' };
    assert.ok(isGood(problemsOf(draft, null, entries, ['eth0'])));
    assert.ok(problemsOf({ ...draft, name: 'vrrp6' }, null, entries, ['eth0']).name);
    assert.ok(problemsOf({ ...draft, parent: 'eth9' }, null, entries, ['eth0']).parent);
    assert.ok(problemsOf({ ...draft, messages: [] }, null, entries, ['eth0']).messages);
});

test('an entry whose parent is gone can still be changed', () => {
    const entry = entryOf('vrrp6', { parent: 'eth9' });
    assert.ok(isGood(problemsOf({ ...draftOf(entry), action: 'drop' }, entry, [entry], ['eth0'])));
    assert.ok(!isGood(problemsOf({ ...draftOf(entry), parent: 'eth8' }, entry, [entry], ['eth0'])));
});

test('only what nothing but the bus keeps can be removed', () => {
    assert.ok(!isKept(entryOf('a')));
    assert.ok(isKept(entryOf('a', { origins: ['api', 'detected'] })));
    assert.ok(isKept(entryOf('a', { origins: ['config'] })));
});
