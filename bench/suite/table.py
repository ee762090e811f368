# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of the figures, for people and for programs."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path

from figures import digits

HEAD = ('what', 'service', 'rival', 'its figure', 'ratio', 'must', 'aim', 'holds')
MARKS = ('<!-- figures -->\n', '<!-- end -->\n')


def cells(line):
    ratio = digits(line.value) if line.other else ''
    return (line.what, str(line.own), line.rival, str(line.other or ''), ratio, str(line.must or ''),
            str(line.aim or ''), line.verdict)


def markdown(lines):
    """Of the same width in all rows, so that it can be read as it is."""
    rows = [HEAD, *(cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    left = {0, 2, 7}

    def drawn(row):
        return '| ' + ' | '.join(text.ljust(width) if column in left else text.rjust(width)
                                 for column, (text, width) in enumerate(zip(row, widths))) + ' |'
    rule = '|' + '|'.join('-' * (width + 2) if column in left else '-' * (width + 1) + ':'
                          for column, width in enumerate(widths)) + '|'
    return '\n'.join([drawn(rows[0]), rule, *map(drawn, rows[1:])]) + '\n'


def about():
    """On what it was measured, in one line."""
    processor = re.search(r'^model name\s*: (.*)$', Path('/proc/cpuinfo').read_text(encoding='utf-8'), re.MULTILINE)
    nft = subprocess.run(['nft', '--version'], capture_output=True, text=True, check=True).stdout.split()[1]
    system = platform.freedesktop_os_release()['PRETTY_NAME']
    return (f'{system}, Linux {os.uname().release.split("-")[0]}, nftables {nft.removeprefix("v")}, '
            f'{os.cpu_count()} × {processor[1].strip() if processor else os.uname().machine}.')


def as_json(lines, growth):
    """`growth` is {size: {what: Figure}}, or nothing."""
    def figure(each):
        return each and {'unit': each.unit, 'number': len(each.values), 'p50': each.p50, 'p99': each.p99,
                         'least': min(each.values), 'most': each.worst}
    return json.dumps({'about': about(), 'lines': [
        {'row': line.row, 'what': line.what, 'service': figure(line.own), 'rival': line.rival or None,
         'its': figure(line.other), 'value': line.value, 'must': str(line.must or ''), 'aim': str(line.aim or ''),
         'wide': str(line.wide or ''), 'holds': line.verdict} for line in lines],
        'growth': {size: {what: each.p50 for what, each in of_size.items()} for size, of_size in growth.items()},
    }, indent=1, ensure_ascii=False)


def put_between_marks(path, text):
    """Replace what stands between the marks of a document."""
    whole = path.read_text(encoding='utf-8')
    start, end = whole.index(MARKS[0]) + len(MARKS[0]), whole.index(MARKS[1])
    path.write_text(whole[:start] + text + whole[end:], encoding='utf-8')
