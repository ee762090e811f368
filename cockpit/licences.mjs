// SPDX-License-Identifier: GPL-2.0-or-later

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const packageOf = path => /(?:^|\/)(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

/** @returns what LICENSES.txt says: every package of which @p inputs has a file, and the fonts,
 * each with its licence in full. */
export async function licencesOf(inputs) {
    const folders = [...new Set(inputs.map(packageOf).filter(Boolean))].sort();
    const sections = [];
    for (const folder of folders) {
        const { name, version, license, homepage } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
        const file = (await readdir(folder)).find(entry => /^licen[cs]e(\.|$)/i.test(entry));
        if (!file)
            throw new Error(`${name} comes without the text of its licence: it must be added here`);
        const text = await readFile(join(folder, file), 'utf8');
        sections.push(`${name} ${version}\n${homepage ?? ''}\nLicence: ${license}\n\n${text.trim()}\n`);
    }
    if (inputs.some(input => input.endsWith('.woff2')))
        sections.push(`Fonts, which come with PatternFly\n\n${await readFile('licences/fonts.txt', 'utf8')}`);
    return 'The page itself is part of vmac-mldfilter, GPL-2.0-or-later. These packages are bundled in it:\n\n' +
        sections.join(`\n${'-'.repeat(80)}\n\n`);
}
