// SPDX-License-Identifier: GPL-2.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { History, INTERVAL, KEPT, sum, total } from '../src/service/rates';

function fill(history: History, readings: (number | undefined)[], start = 0, name = 'a'): void {
    readings.forEach((packets, i) => {
        history.push(start + i * INTERVAL, new Map(packets === undefined ? [] : [[name, packets]]));
    });
}

test('one reading has no rate', () => {
    const history = new History();
    assert.equal(history.rate('a'), null);
    fill(history, [5]);
    assert.equal(history.rate('a'), null);
    assert.deepEqual(history.series('a').rates, [null]);
});

test('packets per second over ten seconds at most', () => {
    const history = new History();
    fill(history, [0, 4]);
    assert.equal(history.rate('a'), 2);
    fill(history, [4, 4, 4, 4, 4], 2 * INTERVAL);
    assert.equal(history.rate('a'), 0, 'what was more than ten seconds ago no longer counts');
});

test('each step of the series', () => {
    const history = new History();
    fill(history, [0, 4, 4, 5]);
    assert.deepEqual(history.series('a'), { times: [0, 2, 4, 6], rates: [null, 2, 0, 0.5] });
});

test('a counter that goes back was reset: no rate is negative', () => {
    const history = new History();
    fill(history, [100, 102, 0, 4]);
    assert.deepEqual(history.series('a').rates, [null, 1, null, 2]);
    assert.equal(history.rate('a'), 2);
});

test('nobody knows what was while the page was hidden', () => {
    const history = new History();
    fill(history, [0, 2]);
    fill(history, [1000, 1002], 60_000);
    assert.deepEqual(history.series('a').rates, [null, 1, null, 1]);
    assert.equal(history.rate('a'), 1);
});

test('an interface that comes later, and one that goes', () => {
    const history = new History();
    fill(history, [undefined, 10, 14]);
    assert.deepEqual(history.series('a').rates, [null, null, 2]);
    fill(history, [undefined], 3 * INTERVAL);
    assert.equal(history.rate('a'), null);
    assert.equal(history.rate('b'), null);
    assert.deepEqual(history.series('b').rates, [null, null, null, null]);
});

test('five minutes are kept, and then it is forgotten', () => {
    const history = new History();
    fill(history, Array.from({ length: 400 }, (_, i) => i));
    const { times, rates } = history.series('a');
    assert.equal(times.length, KEPT / INTERVAL);
    assert.equal(rates.length, times.length);
    assert.equal(rates.at(-1), 0.5);
    fill(history, new Array<undefined>(KEPT / INTERVAL).fill(undefined), 400 * INTERVAL);
    fill(history, [1], 600 * INTERVAL);
    assert.deepEqual(history.series('a').rates.filter(rate => rate !== null), [], 'as if it had never been there');
});

test('clear', () => {
    const history = new History();
    fill(history, [1, 2]);
    history.clear();
    assert.deepEqual(history.series('a'), { times: [], rates: [] });
});

test('a clock that was set back starts anew', () => {
    const history = new History();
    fill(history, [1, 2], 100_000);
    fill(history, [5, 9], 50_000);
    assert.deepEqual(history.series('a'), { times: [50, 52], rates: [null, 2] });
});

test('sums', () => {
    const counts = { igmp: { packets: 1, bytes: 40 }, 'mld-listener-done': { packets: 2, bytes: 144 } };
    assert.deepEqual(sum(counts), { packets: 3, bytes: 184 });
    assert.deepEqual(sum(undefined), { packets: 0, bytes: 0 });
    assert.deepEqual(total({ a: counts, b: { igmp: { packets: 1, bytes: 40 } }, c: {} }), { packets: 4, bytes: 224 });
});
