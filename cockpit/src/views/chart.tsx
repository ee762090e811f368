// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packets per second over the last minutes. The chart is a picture: what it shows is said in words too.

import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

import { format, gettext as _, minute, rate } from '../i18n';
import { KEPT, type Series } from '../service/rates';

const HEIGHT = 140;

/** The height of the scale while nothing happens, so that one packet does not look like a storm. */
const QUIET = 1;

/** So that a peak is not cut off. */
const HEADROOM = 1.1;

const colour = (element: Element, token: string): string => getComputedStyle(element).getPropertyValue(token).trim();

function open(element: HTMLElement, series: Series): uPlot {
    const text = colour(element, '--pf-t--global--text--color--subtle');
    const grid = colour(element, '--pf-t--global--border--color--default');
    const line = colour(element, '--pf-t--chart--color--blue--300') ||
        colour(element, '--pf-t--global--color--brand--default');
    const font = `12px ${getComputedStyle(element).fontFamily}`;
    const lines = { stroke: grid, width: 1 };
    const axis: uPlot.Axis = { stroke: text, font, grid: lines, ticks: lines };
    return new uPlot({
        width: Math.max(element.clientWidth, 100),
        height: HEIGHT,
        cursor: { show: false },
        legend: { show: false },
        scales: {
            x: { time: true, range: () => { const now = Date.now() / 1000; return [now - KEPT / 1000, now] } },
            y: { range: (_chart, _low, high) => [0, Math.max(high ?? 0, QUIET) * HEADROOM] },
        },
        axes: [
            { ...axis, values: (_chart, ticks) => ticks.map(tick => minute(new Date(tick * 1000))), space: 60 },
            { ...axis, values: (_chart, ticks) => ticks.map(rate), size: 48 },
        ],
        series: [{}, { stroke: line, width: 2, fill: `${line}33`, points: { show: false } }],
    }, data(series), element);
}

const data = ({ times, rates }: Series): uPlot.AlignedData => [times, rates];

interface Props {
    /** What it is a chart of, for those who do not see it. */
    label: string;
    series: Series;
}

export const Chart = ({ label, series }: Props) => {
    const element = useRef<HTMLDivElement>(null);
    const chart = useRef<uPlot | null>(null);
    const latest = useRef(series);

    useEffect(() => {
        const target = element.current;
        if (!target)
            return undefined;
        const redraw = () => {
            chart.current?.destroy();
            chart.current = open(target, latest.current);
        };
        redraw();
        const observer = new ResizeObserver(() => {
            chart.current?.setSize({ width: Math.max(target.clientWidth, 100), height: HEIGHT });
        });
        observer.observe(target);
        window.addEventListener('theme-changed', redraw);
        return () => {
            window.removeEventListener('theme-changed', redraw);
            observer.disconnect();
            chart.current?.destroy();
            chart.current = null;
        };
    }, []);

    useEffect(() => {
        latest.current = series;
        chart.current?.setData(data(series));
    }, [series]);

    return (
        <figure className="chart">
            <div role="img" aria-label={`${label}: ${summary(series)}`} ref={element} className="chart-canvas" />
            <figcaption className="chart-summary">{summary(series)}</figcaption>
        </figure>
    );
};

function summary({ times, rates }: Series): string {
    const known = rates.filter(value => value !== null);
    if (known.length === 0)
        return _("Packets per second: measuring …");
    const highest = Math.max(...known);
    const seconds = times.reduce((sum, now, i) => sum + (rates[i] === null ? 0 : now - (times[i - 1] ?? now)), 0);
    const packets = times.reduce((sum, now, i) => sum + (rates[i] ?? 0) * (now - (times[i - 1] ?? now)), 0);
    return format(_("Packets per second: $0 on average, $1 at most, in the last five minutes"),
                  rate(seconds > 0 ? packets / seconds : 0), rate(highest));
}
