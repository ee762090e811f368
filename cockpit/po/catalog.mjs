// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a .po file to what cockpit.locale() takes. Cockpit sends po.LANGUAGE.js where a page asks for po.js, and newer
// ones po.manifest.LANGUAGE.js to the shell, for the labels in the menu.

import gettextParser from 'gettext-parser';

const MANIFEST = 'manifest.json';

export function readCatalog(content) {
    const { headers, translations } = gettextParser.po.parse(content, 'utf-8');
    const messages = Object.entries(translations).flatMap(([context, entries]) => Object.values(entries)
        .filter(({ msgid }) => msgid !== '')
        .map(message => ({
            key: context ? `${context}\u0004${message.msgid}` : message.msgid,
            plural: message.msgid_plural,
            texts: message.msgstr,
            isFuzzy: /\bfuzzy\b/.test(message.comments?.flag ?? ''),
            references: (message.comments?.reference ?? '').split(/\s+/),
        })));
    return { headers, messages };
}

/** C's expression is one of JavaScript too, once it is known to have nothing but numbers and operators in it. */
function pluralOf(forms) {
    const expression = /plural=([n0-9\s()?:!=<>&|%+-]+);?\s*$/.exec(forms ?? '')?.[1];
    if (!expression)
        throw new Error(`po: Plural-Forms are missing or not understood: ${forms}`);
    return `n => ${expression.trim()}`;
}

export function translationsOf(content) {
    const { headers, messages } = readCatalog(content);
    const head = `"":{"plural-forms":${pluralOf(headers['Plural-Forms'])},` +
        `"language":${JSON.stringify(headers.Language)},"language-direction":"ltr"}`;
    const script = wanted => {
        const lines = messages
            .filter(message => !message.isFuzzy && message.texts.every(Boolean) && message.references.some(wanted))
            .map(({ key, texts }) => `${JSON.stringify(key)}:${JSON.stringify([null, ...texts])}`);
        return `cockpit.locale({${[head, ...lines].join(',\n')}});\n`;
    };
    return {
        page: script(() => true),
        manifest: script(reference => reference === MANIFEST),
    };
}
