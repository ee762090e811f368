// SPDX-License-Identifier: GPL-2.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';

// @ts-expect-error a script of the build, without types
import { translationsOf } from '../po/catalog.mjs';

const head = 'msgid ""\nmsgstr ""\n"Language: xx\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n';
const po = `${head}
#: src/app.tsx
msgid "page"
msgstr "Seite \\"1\\""

#: src/app.tsx
#: manifest.json
msgid "label"
msgstr "Name"

#: src/app.tsx
msgid "$0 thing"
msgid_plural "$0 things"
msgstr[0] "$0 Ding"
msgstr[1] "$0 Dinge"

#: src/app.tsx
#, fuzzy
msgid "fuzzy"
msgstr "falsch"

#: src/app.tsx
msgid "missing"
msgstr ""
`;

interface Locale {
    [msgid: string]: (string | null)[];
}

/** What cockpit.locale() gets. */
function run(script: string): Locale & { '': { 'plural-forms': (n: number) => number | boolean; language: string } } {
    let got: unknown;
    runInContext(script, createContext({ cockpit: { locale: (data: unknown) => { got = data } } }));
    return got as ReturnType<typeof run>;
}

test('what Cockpit takes', () => {
    const { page } = translationsOf(po) as { page: string };
    const locale = run(page);
    assert.equal(locale[''].language, 'xx');
    assert.equal(Number(locale['']['plural-forms'](1)), 0);
    assert.equal(Number(locale['']['plural-forms'](2)), 1);
    assert.deepEqual([...locale['page'] ?? []], [null, 'Seite "1"']);
    assert.deepEqual([...locale['$0 thing'] ?? []], [null, '$0 Ding', '$0 Dinge']);
    assert.deepEqual(Object.keys(locale).sort(), ['', '$0 thing', 'label', 'page'], 'neither fuzzy nor missing ones');
});

test('the menu gets its labels only', () => {
    const { manifest } = translationsOf(po) as { manifest: string };
    assert.deepEqual(Object.keys(run(manifest)).sort(), ['', 'label']);
});

test('plural forms that are no expression are refused', () => {
    assert.throws(() => { translationsOf(head.replace('(n != 1)', 'alert(n)')) }, /Plural-Forms/);
});
