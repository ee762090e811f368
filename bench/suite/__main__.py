# SPDX-License-Identifier: GPL-2.0-or-later
"""The suite, in namespaces of its own; bench/run starts it when everything is built and says how it is used."""

import argparse
import contextlib
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True  # nothing of a run stays in the source tree
sys.path.insert(1, str(ROOT / 'tests' / 'integration'))

# pylint: disable=wrong-import-position
import changing  # noqa: E402
import growing  # noqa: E402
import living  # noqa: E402
import plot  # noqa: E402
import reading  # noqa: E402
import stage  # noqa: E402
import table  # noqa: E402
import traffic  # noqa: E402
import weighing  # noqa: E402
from context import Context  # noqa: E402
from rig import isolation  # noqa: E402

INSIDE = 'VMAC_MLDFILTER_BENCH_INSIDE'
ROWS = {
    'add': changing.add, 'beside': changing.add_beside, 'firewalld': changing.firewalld, 'set': changing.set_many,
    'start': living.start, 'counters': reading.counters, 'heal': living.heal, 'growth': growing.growth,
    'udp': traffic.udp, 'memory': weighing.memory, 'idle': weighing.idle,
}
PAGE, PLOT = ROOT / 'docs' / 'performance.md', ROOT / 'docs' / 'images' / 'growth.svg'


def parse(arguments):
    parser = argparse.ArgumentParser(prog='bench/run')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--only', nargs='+', choices=ROWS, default=list(ROWS), metavar='ROW')
    parser.add_argument('--json', type=Path)
    parser.add_argument('--docs', action='store_true')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--disk', type=Path, help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    if parsed.docs and (parsed.quick or parsed.only != list(ROWS)):
        parser.error('--docs is for all rows, measured in full')
    return parsed


class Progress:
    """One line that says what is measured now, where somebody looks."""

    def __init__(self, stream):
        self._stream = stream
        self._row = ''

    def row(self, name):
        self._row = name

    def told(self, text):
        if self._stream.isatty():
            print(f'\r\033[K{self._row}: {text}', end='', file=self._stream, flush=True)

    def end(self):
        if self._stream.isatty():
            print('\r\033[K', end='', file=self._stream, flush=True)


def measure(arguments, progress):
    """The lines of the rows that were asked for, those that could not be measured, and what was kept for the plot."""
    lines, broken = [], []
    with tempfile.TemporaryDirectory(prefix='rows-', dir=arguments.disk) as disk:
        progress.told('compiling the rivals')
        context = Context(Path(disk), stage.compile_programs(ROOT / 'build' / 'bench'), arguments.quick, progress.told)
        for name in arguments.only:
            progress.row(name)
            begin = time.monotonic()
            try:
                with context:
                    lines += ROWS[name](context)
            except Exception:  # pylint: disable=broad-except  # the other rows can still be measured
                progress.end()
                broken.append(name)
                print(f'{name} was not measured:\n{traceback.format_exc()}', file=sys.__stderr__, flush=True)
            print(f'{name}: {time.monotonic() - begin:.1f} s', file=sys.__stderr__)
        progress.end()
    return lines, broken, context.kept


def run(arguments):
    isolation.furnish()
    progress = Progress(sys.stderr)
    with open(arguments.disk / 'log', 'a', encoding='utf-8') as log, contextlib.redirect_stderr(log):
        lines, broken, kept = measure(arguments, progress)
    text = table.markdown(lines)
    quick = 'Quick: few repetitions. ' if arguments.quick else ''
    print(f'{table.about()} {quick}Medians; in brackets p99, or the worst of less than 100.\n\n{text}', flush=True)
    if arguments.json:
        arguments.json.write_text(table.as_json(lines, kept.get('growth', {})), encoding='utf-8')
    if arguments.docs and not broken:
        table.put_between_marks(PAGE, f'{table.about()}\n\n{text}')
        PLOT.write_text(plot.growth(kept['growth']), encoding='utf-8')
    return judge(lines, broken, arguments.quick)


def judge(lines, broken, quick):
    """Zero where all is well. In the quick form only what is far off counts: the margins are for a busy machine."""
    failed = [line for line in lines if (line.is_far_off if quick else line.verdict == 'NO')]
    for line in failed:
        bound = line.wide if quick else line.must
        compared = f' / {line.rival}' if line.rival else ''
        print(f'{line.row}: {line.what}{compared}: {line.value:.3g}, which is not {bound}')
    judged = sum(1 for line in lines if (line.wide if quick else line.must))
    print(f'{judged - len(failed)} passed, {len(failed) + len(broken)} failed')
    return 1 if failed or broken else 0


def main():
    arguments = parse(sys.argv[1:])
    if arguments.list:
        for name, row in ROWS.items():
            print(f'{name:<10} {row.__doc__.splitlines()[0]}')
        return 0
    if INSIDE not in os.environ:
        if missing := isolation.missing_privileges():
            sys.exit(f'the benchmarks need {", ".join(missing)}')
        os.environ[INSIDE] = '1'
        isolation.reexecute(str(Path(__file__).parent), *sys.argv[1:])
    return run(arguments)


if __name__ == '__main__':
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads that wait for signals must not hold up the end
