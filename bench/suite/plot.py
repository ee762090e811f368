# SPDX-License-Identifier: GPL-2.0-or-later
"""A plot with two logarithmic scales, as SVG: nothing has to be installed to draw it."""

import math
from html import escape

from changing import DISK, LIBRARY, NETLINK, SERVICE
from figures import TIME, formatted
from growing import HEAL, LIST, REBUILD, REMOVE

WIDTH, HEIGHT = 860, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 262, 46, 52
# What is drawn: its name in the figures, its label, its colour, and whether it is a rival's. The colours can be told
# apart by those who do not see all of them.
CURVES = (
    (HEAL, 'flush to restored', '#d55e00', False),
    (REBUILD, 'libnftables: make all of it', '#d55e00', True),
    (LIST, 'ListInterfaces', '#009e73', False),
    (REMOVE, 'RemoveInterface', '#cc79a7', False),
    (SERVICE, 'AddInterface', '#0072b2', False),
    (LIBRARY, 'libnftables: add one', '#0072b2', True),
    (NETLINK, 'netlink: add one', '#56b4e9', True),
    (DISK, 'disk: 2 kB, replaced', '#777777', True),
)


def growth(found):
    """The SVG for {size: {what: Figure}}."""
    sizes = sorted(found)
    values = [found[size][name].p50 for size in sizes for name, *_ in CURVES]
    bottom, top = (edge(math.log10(value)) for edge, value in ((math.floor, min(values)), (math.ceil, max(values))))
    right, base = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(size):
        return LEFT + (right - LEFT) * math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0])

    def y(value):
        return base - (base - TOP) * (math.log10(value) - bottom) / (top - bottom)

    parts = [f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">Median time of one operation, by the number '
             'of interfaces under management</text>']
    for power in range(bottom, top + 1):
        level = y(10 ** power)
        parts.append(f'<path d="M{LEFT} {level:.1f}H{right}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{level + 4:.1f}" text-anchor="end">{_tick(10.0 ** power)}</text>')
    for size in sizes:
        parts.append(f'<path d="M{x(size):.1f} {TOP}V{base}" stroke="#ddd"/>'
                     f'<text x="{x(size):.1f}" y="{base + 18}" text-anchor="middle">{size:,}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{base + 40}" text-anchor="middle">interfaces</text>')

    labels = _apart([(y(found[sizes[-1]][name].p50), name) for name, *_ in CURVES])
    for name, label, colour, is_rival in CURVES:
        points = ' '.join(f'{x(size):.1f},{y(found[size][name].p50):.1f}' for size in sizes)
        dash = ' stroke-dasharray="6 4"' if is_rival else ''
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.2"{dash}/>')
        if not is_rival:
            parts += [f'<circle cx="{x(size):.1f}" cy="{y(found[size][name].p50):.1f}" r="3.4" fill="{colour}"/>'
                      for size in sizes]
        last = found[sizes[-1]][name].p50
        parts.append(f'<path d="M{right + 5} {y(last):.1f}L{right + 16} {labels[name]:.1f}" stroke="{colour}" '
                     'stroke-width=".8"/>'
                     f'<text x="{right + 20}" y="{labels[name] + 4:.1f}" fill="{colour}">'
                     f'{escape(label)}, {formatted(last, TIME)}</text>')
    parts.append(f'<text x="{right + 20}" y="{TOP - 4}" fill="#555">at {sizes[-1]:,}; dashed: a rival</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            'font-family="sans-serif" font-size="12.5" fill="#222">\n'
            '<!-- SPDX-License-Identifier: GPL-2.0-or-later; made by bench/run -->\n'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + '\n'.join(parts) + '\n</svg>\n')


def _tick(seconds):
    return formatted(seconds * (1 + 1e-9), TIME).replace('.00', '').replace('.0', '')


def _apart(wanted, least=17):
    """{name: where its label stands}, none nearer to the next than `least`, and as near to where it belongs as that
    allows."""
    placed = []
    for level, name in sorted(wanted):
        placed.append([max(level, placed[-1][0] + least) if placed else level, name])
    overflow = placed[-1][0] - (HEIGHT - BOTTOM)
    if overflow > 0:
        for number in range(len(placed) - 1, -1, -1):
            most = placed[number + 1][0] - least if number + 1 < len(placed) else HEIGHT - BOTTOM
            placed[number][0] = min(placed[number][0], most)
    return {name: level for level, name in placed}
