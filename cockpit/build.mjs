// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes dist/, which is the Cockpit package: `node build.mjs [--watch]`. Needs node_modules/ only, no network.

import { context } from 'esbuild';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { translationsOf } from './po/catalog.mjs';
import { licencesOf } from './licences.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
process.chdir(here);

/** PatternFly's base has fonts and pictures that this page never shows: slanted text, icons as a font, backgrounds. */
const leanBase = {
    name: 'lean-base',
    setup(build) {
        build.onLoad({ filter: /react-core\/dist\/styles\/base\.css$/ }, async ({ path }) => ({
            contents: (await readFile(path, 'utf8'))
                .replace(/@font-face\s*\{[^}]*\}/g, face => (/Italic|pficon/.test(face) ? '' : face))
                .replace(/url\("\.\/assets\/images\/[^"]*"\)/g, 'none'),
            loader: 'css',
            resolveDir: dirname(path),
        }));
    },
};

/** What is not made by esbuild: the page itself, the manifest, translations, licences. */
const rest = {
    name: 'rest',
    setup(build) {
        build.onEnd(async result => {
            if (result.errors.length > 0)
                return;
            await cp('src/index.html', join(dist, 'index.html'));
            await cp('manifest.json', join(dist, 'manifest.json'));
            for (const file of (await readdir('po')).filter(name => name.endsWith('.po'))) {
                const language = file.slice(0, -'.po'.length);
                const { page, manifest } = translationsOf(await readFile(join('po', file)));
                await writeFile(join(dist, `po.${language}.js`), page);
                await writeFile(join(dist, `po.manifest.${language}.js`), manifest);
            }
            await writeFile(join(dist, 'LICENSES.txt'), await licencesOf(Object.keys(result.metafile.inputs)));
        });
    },
};

const options = {
    entryPoints: ['src/index.tsx'],
    outdir: dist,
    bundle: true,
    minify: true,
    target: ['chrome109', 'firefox102', 'safari16'],  // what was current when Debian 12 was released
    jsx: 'automatic',
    loader: { '.woff2': 'file' },
    assetNames: 'fonts/[name]',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',  // LICENSES.txt has them all
    metafile: true,
    logLevel: 'info',
    plugins: [leanBase, rest],
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const building = await context(options);
if (process.argv.includes('--watch')) {
    await building.watch();
} else {
    try {
        await building.rebuild();
    } catch {
        process.exitCode = 1;  // esbuild has said why
    }
    await building.dispose();
}
