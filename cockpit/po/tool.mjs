// SPDX-License-Identifier: GPL-2.0-or-later
//
// Keeps the texts of the page and their translations together:
//
//   node po/tool.mjs          writes vmac-mldfilter.pot and takes new texts over into each .po, untranslated
//   node po/tool.mjs --check  fails if the .pot is old, or a translation is missing, fuzzy, or has lost a $0
//
// Texts are the arguments of _() and ngettext(), found by the parser of TypeScript, and the labels of manifest.json.

import gettextParser from 'gettext-parser';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const po = dirname(fileURLToPath(import.meta.url));
const root = dirname(po);
const LICENCE = 'SPDX-License-Identifier: GPL-2.0-or-later';
const template = join(po, 'vmac-mldfilter.pot');

function* sources(folder) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory())
            yield* sources(path);
        else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
            yield path;
    }
}

/** @returns the text that @p node is, in one piece or several with a + between them; null if it is none. */
function textOf(node) {
    if (ts.isStringLiteralLike(node))
        return node.text;
    if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken)
        return null;
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === null || right === null ? null : left + right;
}

/** @returns a Map from msgid to {plural, references}, in the order of the sources. */
function collect() {
    const texts = new Map();
    const take = (msgid, plural, reference) => {
        const text = texts.get(msgid) ?? { plural, references: new Set() };
        text.plural ??= plural;
        text.references.add(reference);
        texts.set(msgid, text);
    };
    const visit = (node, file, reference) => {
        if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
            const called = node.expression.text;
            const count = called === '_' ? 1 : called === 'ngettext' ? 2 : 0;
            const strings = node.arguments.slice(0, count).map(textOf);
            if (strings.includes(null))
                throw new Error(`${reference}: ${called}() takes texts, not expressions: ${node.getText(file)}`);
            if (count > 0)
                take(strings[0], strings[1], reference);
        }
        ts.forEachChild(node, child => visit(child, file, reference));
    };
    for (const path of [...sources(join(root, 'src'))].sort()) {
        const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
        const reference = relative(root, path);
        if (reference !== join('src', 'i18n.ts'))
            visit(file, file, reference);
    }
    const { menu = {}, tools = {} } = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8'));
    for (const item of [...Object.values(menu), ...Object.values(tools)]) {
        take(item.label, undefined, 'manifest.json');
    }
    return texts;
}

function compile(headers, texts, translated) {
    const translations = { '': {} };
    for (const [msgid, { plural, references }] of texts) {
        const old = translated.get(msgid);
        translations[''][msgid] = {
            msgid,
            msgid_plural: plural,
            msgstr: old?.texts ?? (plural && !headers.Language ? ['', ''] : ['']),
            comments: { reference: [...references].join('\n'), ...(old?.isFuzzy ? { flag: 'fuzzy' } : {}) },
        };
    }
    translations[''][''] = { msgid: '', msgstr: [''], comments: { translator: LICENCE } };
    return gettextParser.po.compile({ charset: 'utf-8', headers, translations }, { foldLength: 110 }).toString() + '\n';
}

function read(path) {
    const parsed = gettextParser.po.parse(readFileSync(path), 'utf-8');
    const messages = Object.values(parsed.translations['']).filter(({ msgid }) => msgid !== '');
    return {
        headers: parsed.headers,
        messages: new Map(messages.map(message => [message.msgid, {
            texts: message.msgstr, isFuzzy: /\bfuzzy\b/.test(message.comments?.flag ?? ''),
        }])),
    };
}

const placeholders = text => [...new Set(text.match(/\$\d/g) ?? [])].sort().join();

function* problems(file, texts, fresh) {
    if (readFileSync(template, 'utf8') !== fresh)
        yield 'vmac-mldfilter.pot is not that of the sources; npm run po';
    for (const name of file) {
        const { messages } = read(join(po, name));
        for (const [msgid, { plural }] of texts) {
            const message = messages.get(msgid);
            if (!message || message.texts.some(text => text === ''))
                yield `${name}: not translated: ${msgid}`;
            else if (message.isFuzzy)
                yield `${name}: fuzzy: ${msgid}`;
            else if (message.texts.some(text => placeholders(text) !== placeholders(plural ?? msgid)))
                yield `${name}: other placeholders than in: ${msgid}`;
        }
        for (const msgid of messages.keys()) {
            if (!texts.has(msgid))
                yield `${name}: no longer in the sources: ${msgid}`;
        }
    }
}

const texts = collect();
const files = readdirSync(po).filter(name => name.endsWith('.po')).sort();
const pot = compile({
    'Project-Id-Version': 'vmac-mldfilter',
    'MIME-Version': '1.0',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Transfer-Encoding': '8bit',
}, texts, new Map());

if (process.argv.includes('--check')) {
    const found = [...problems(files, texts, pot)];
    for (const problem of found)
        console.error(problem);
    process.exitCode = found.length > 0 ? 1 : 0;
    if (found.length === 0)
        console.log(`po: ${texts.size} texts, all of them in ${files.join(', ')}`);
} else {
    writeFileSync(template, pot);
    for (const name of files) {
        const { headers, messages } = read(join(po, name));
        writeFileSync(join(po, name), compile(headers, texts, messages));
    }
    console.log(`po: ${texts.size} texts`);
}
