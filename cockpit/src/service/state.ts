// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one state of the host, from all that is known.

import type { Finding, Properties, Severity } from './types';

export type Level = 'protected' | 'warning' | 'critical' | 'unknown';

export interface State {
    level: Level;
    /** The worst finding, where there is one worse than ok. */
    worst: Finding | null;
    /** How many findings more are not ok. */
    others: number;
}

const WEIGHT: Record<Severity, number> = { ok: 0, warning: 1, critical: 2 };

export const isProblem = (finding: Finding): boolean => finding.severity !== 'ok';

/** The worst first, as the service has them; those of one interface stay together in their order. */
export const sortFindings = (findings: readonly Finding[]): Finding[] =>
    [...findings].sort((a, b) => WEIGHT[b.severity] - WEIGHT[a.severity]);

/** Protected is only what the kernel has confirmed and the audit has nothing against. */
export function stateOf(properties: Properties | null, findings: readonly Finding[] | null): State {
    if (!properties)
        return { level: 'unknown', worst: null, others: 0 };
    const problems = sortFindings(findings ?? []).filter(isProblem);
    const worst = problems[0] ?? null;
    const others = Math.max(0, problems.length - 1);
    if (!properties.protected || worst?.severity === 'critical')
        return { level: 'critical', worst, others };
    if (worst)
        return { level: 'warning', worst, others };
    return { level: findings ? 'protected' : 'unknown', worst: null, others: 0 };
}
