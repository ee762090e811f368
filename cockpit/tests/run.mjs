// SPDX-License-Identifier: GPL-2.0-or-later
//
// The unit tests: bundled by esbuild, run by node's own test runner. `node tests/run.mjs [FILE…]`

import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = wanted.length > 0 ? wanted : readdirSync(here).filter(name => name.endsWith('.test.ts'))
    .map(name => join(here, name));
const outdir = mkdtempSync(join(tmpdir(), 'page-tests-'));
try {
    await build({
        entryPoints: files, outdir, bundle: true, platform: 'node', format: 'cjs', outExtension: { '.js': '.cjs' },
        sourcemap: 'inline', logLevel: 'warning',
    });
    const tests = readdirSync(outdir).map(name => join(outdir, name));
    const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...tests], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
} finally {
    rmSync(outdir, { recursive: true });
}
