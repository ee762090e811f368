// SPDX-License-Identifier: GPL-2.0-or-later
import { Alert } from '@patternfly/react-core/dist/esm/components/Alert';
import { Button } from '@patternfly/react-core/dist/esm/components/Button';
import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core/dist/esm/components/Card';
import { EmptyState, EmptyStateBody } from '@patternfly/react-core/dist/esm/components/EmptyState';
import { ExpandableSection } from '@patternfly/react-core/dist/esm/components/ExpandableSection';
import { Label } from '@patternfly/react-core/dist/esm/components/Label';
import { Pagination } from '@patternfly/react-core/dist/esm/components/Pagination';
import { Skeleton } from '@patternfly/react-core/dist/esm/components/Skeleton';
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';

import { useService, useStores } from '../context';
import { format, gettext as _, ngettext, number, time } from '../i18n';
import { isProblem, sortFindings } from '../service/state';
import type { Finding, Severity } from '../service/types';
import { severityWord } from '../words';

const PER_PAGE = 20;

export const FindingsCard = () => {
    const { service } = useStores();
    const { findings, audited, auditing, auditProblem } = useService();
    const [showsGood, setShowsGood] = useState(false);
    const problems = sortFindings(findings ?? []).filter(isProblem);
    const good = (findings ?? []).filter(finding => !isProblem(finding));
    return (
        <Card id="findings" tabIndex={-1}>
            <CardHeader actions={{
                actions: (
                    <Button variant="secondary" size="sm" id="audit" isLoading={auditing} isAriaDisabled={auditing}
                            onClick={() => { void service.audit() }}>
                        {_("Check again")}
                    </Button>
                ),
                hasNoOffset: true,
            }}>
                <CardTitle component="h2">{_("Audit")}</CardTitle>
                {audited && <span className="subtle">{format(_("Checked at $0"), time(audited))}</span>}
            </CardHeader>
            {auditProblem && (
                <CardBody>
                    <Alert isInline component="h3" variant="danger" title={_("The audit failed")}>
                        {auditProblem}
                    </Alert>
                </CardBody>
            )}
            {!findings && !auditProblem && (
                <CardBody><Skeleton height="4rem" screenreaderText={_("Checking")} /></CardBody>
            )}
            {findings && problems.length === 0 && (
                <EmptyState headingLevel="h3" icon={CheckCircleIcon} status="success" variant="xs"
                            titleText={_("All is well")} id="audit-good">
                    <EmptyStateBody>{_("There is nothing to do.")}</EmptyStateBody>
                </EmptyState>
            )}
            {problems.length > 0 && <Findings id="problems" label={_("What to do")} findings={problems} />}
            {good.length > 0 && (
                <CardBody>
                    <ExpandableSection
                        isExpanded={showsGood} onToggle={(_event, isExpanded) => { setShowsGood(isExpanded) }}
                        toggleId="good-toggle" contentId="good"
                        toggleText={format(ngettext("$0 check is all right", "$0 checks are all right", good.length),
                                           number(good.length))}
                    >
                        {showsGood && <Findings id="good-findings" label={_("What is all right")} findings={good} />}
                    </ExpandableSection>
                </CardBody>
            )}
        </Card>
    );
};

function colourOf(severity: Severity): 'success' | 'warning' | 'danger' {
    switch (severity) {
        case 'ok': return 'success';
        case 'critical': return 'danger';
        default: return 'warning';
    }
}

const Findings = ({ id, label, findings }: { id: string; label: string; findings: Finding[] }) => {
    const [page, setPage] = useState(1);
    const last = Math.max(1, Math.ceil(findings.length / PER_PAGE));
    const shown = Math.min(page, last);
    return (
        <>
            <Table variant="compact" aria-label={label} id={id} className="findings">
                <Thead>
                    <Tr>
                        <Th width={10} modifier="fitContent">{_("Severity")}</Th>
                        <Th width={15}>{_("Interface")}</Th>
                        <Th>{_("Finding")}</Th>
                    </Tr>
                </Thead>
                <Tbody>
                    {findings.slice((shown - 1) * PER_PAGE, shown * PER_PAGE).map((finding, index) => (
                        <Tr key={`${finding.interface} ${finding.id} ${String(index)}`} data-finding={finding.id}>
                            <Td dataLabel={_("Severity")} modifier="nowrap">
                                <Label isCompact status={colourOf(finding.severity)}>
                                    {severityWord(finding.severity)}
                                </Label>
                            </Td>
                            <Td dataLabel={_("Interface")}>{finding.interface || _("This machine")}</Td>
                            <Td dataLabel={_("Finding")}>{finding.message}</Td>
                        </Tr>
                    ))}
                </Tbody>
            </Table>
            {last > 1 && (
                <Pagination id={`${id}-pages`} isCompact itemCount={findings.length} page={shown} perPage={PER_PAGE}
                            perPageOptions={[]} onSetPage={(_event, wanted) => { setPage(wanted) }}
                            titles={{
                                paginationAriaLabel: label, ofWord: _("of"),
                                toNextPageAriaLabel: _("Next page"), toPreviousPageAriaLabel: _("Previous page"),
                            }} />
            )}
        </>
    );
};
