// SPDX-License-Identifier: GPL-2.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { devicesOf, messagesProblem, nameProblem, newNameProblem, parentProblem } from '../src/service/names';
import { entryOf } from './entries';

test('names that the kernel and nftables accept', () => {
    const names = ['e', 'eth0', 'vrrp.10', '-', '*', 'a@b', 'a,b', '"', '$x', 'exactly15bytes_',
        '接口一', 'été', '...'];
    for (const name of names)
        assert.equal(nameProblem(name), '', name);
});

test('names that they do not accept', () => {
    const names = ['', '.', '..', 'sixteen-bytes-xx', '接口接口接口',
        'a/b', 'a:b', 'a b', 'a\tb', 'a\vb', '\n', 'a\0b'];
    for (const name of names)
        assert.notEqual(nameProblem(name), '', JSON.stringify(name));
});

test('white space is what it is in Latin-1, byte by byte', () => {
    assert.match(nameProblem('a\u00a0b'), /white space in a name/);
    assert.match(nameProblem('à'), /part of one of these letters/);
    assert.equal(nameProblem('a\u2003'), '', 'an em space has none of its bytes');
});

test('the length is that in bytes', () => {
    assert.match(nameProblem('接口接口接口'), /18 bytes/);
});

test('words of nftables', () => {
    for (const name of ['@set', 'x\\*', 'tcp', 'icmpv6', 'redirect'])
        assert.notEqual(nameProblem(name), '', name);
    for (const name of ['tcp0', 'TCP', '\\*x', 'x*'])
        assert.equal(nameProblem(name), '', name);
});

test('a name that is in the table is not new', () => {
    assert.match(newNameProblem('vrrp6', [entryOf('vrrp6')]), /already/);
    assert.equal(newNameProblem('vrrp7', [entryOf('vrrp6')]), '');
    assert.notEqual(newNameProblem('', []), '');
});

test('a parent is a device of the machine, or nothing', () => {
    assert.equal(parentProblem('', 'vrrp6', ['eth0']), '');
    assert.equal(parentProblem('eth0', 'vrrp6', ['eth0']), '');
    assert.notEqual(parentProblem('eth1', 'vrrp6', ['eth0']), '');
    assert.notEqual(parentProblem('vrrp6', 'vrrp6', ['vrrp6']), '');
});

test('where the devices are not known, the service has the last word', () => {
    assert.equal(parentProblem('eth1', 'vrrp6', null), '');
    assert.notEqual(parentProblem('a b', 'vrrp6', null), '');
});

test('one message at least', () => {
    assert.notEqual(messagesProblem([]), '');
    assert.equal(messagesProblem(['igmp']), '');
});

test('/proc/net/dev', () => {
    assert.deepEqual(devicesOf([
        'Inter-|   Receive                                                |  Transmit',
        ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs',
        '    lo: 1 2 3', '  eth0:1234567890 2 3', 'v.10@é: 0 0', '',
    ].join('\n')), ['eth0', 'v.10@é']);
    assert.deepEqual(devicesOf(''), []);
});
