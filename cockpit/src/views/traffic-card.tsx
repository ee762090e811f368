// SPDX-License-Identifier: GPL-2.0-or-later
//
// What was kept from the wire, all in all, and what the guard had to catch.

import { Alert } from '@patternfly/react-core/dist/esm/components/Alert';
import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core/dist/esm/components/Card';
import { Skeleton } from '@patternfly/react-core/dist/esm/components/Skeleton';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';

import { useService, useStores, useTraffic } from '../context';
import { format, gettext as _, ngettext, number, rate } from '../i18n';
import { sum, total } from '../service/rates';
import { ALL } from '../service/traffic';
import { messageWord } from '../words';
import { Chart } from './chart';
import { PrivilegedButton } from './privileged';
import { ResetDialog } from './reset-dialog';

export const TrafficCard = () => {
    const { traffic } = useStores();
    const { interfaces, guard, problem, readings } = useTraffic();
    const [resetting, setResetting] = useState(false);
    const packets = (interfaces ? total(interfaces).packets : 0);
    return (
        <Card isFullHeight id="traffic" data-readings={readings}>
            <CardHeader actions={{
                actions: (
                    <PrivilegedButton permission="reset-counters" variant="secondary" size="sm" id="reset-all"
                                      onClick={() => { setResetting(true) }}>
                        {_("Reset counters")}
                    </PrivilegedButton>
                ),
                hasNoOffset: true,
            }}>
                <CardTitle component="h2">{_("Kept from the wire")}</CardTitle>
            </CardHeader>
            <CardBody>
                {problem && (
                    <Alert isInline component="h3" variant="warning" title={_("The counters cannot be read")}>
                        {problem}
                    </Alert>
                )}
                {interfaces && guard
                    ? (
                        <>
                            <p id="total-packets">
                                {format(ngettext("$0 packet of all interfaces", "$0 packets of all interfaces",
                                                 packets), number(packets))}
                            </p>
                            <Chart label={_("All interfaces")} series={traffic.interfaces.series(ALL)} />
                        </>
                    )
                    : !problem && <Skeleton height="140px" screenreaderText={_("Reading the counters")} />}
            </CardBody>
            {guard && <GuardTable />}
            {resetting && <ResetDialog names={[]} onClose={() => { setResetting(false) }} />}
        </Card>
    );
};

const GuardTable = () => {
    const { traffic } = useStores();
    const { properties } = useService();
    const guard = useTraffic().guard ?? {};
    const devices = Object.keys(guard).sort();
    if (devices.length === 0) {
        return (
            <CardBody>
                <p className="subtle" id="guard-empty">
                    {properties?.guardActive
                        ? _("The guard has no device to watch yet.")
                        : _("The guard is not active.")}
                </p>
            </CardBody>
        );
    }
    return (
        <Table variant="compact" borders={false} gridBreakPoint="" id="guard" className="guard"
               aria-label={_("Caught by the guard")}>
            <Thead>
                <Tr>
                    <Th modifier="wrap">{_("Guarded device")}</Th>
                    <Th modifier="wrap">{_("Caught")}</Th>
                    <Th modifier="wrap" className="number">{_("Packets")}</Th>
                    <Th modifier="wrap" className="number">{_("Per second")}</Th>
                </Tr>
            </Thead>
            <Tbody>
                {devices.slice(0, SHOWN).map(device => {
                    const now = traffic.guard.rate(device);
                    return (
                        <Tr key={device} data-guard={device} data-value={sum(guard[device]).packets}>
                            <Td dataLabel={_("Guarded device")}>{device}</Td>
                            <Td dataLabel={_("Caught")}>{caught(guard[device] ?? {}) || _("Nothing")}</Td>
                            <Td dataLabel={_("Packets")} className="number">{number(sum(guard[device]).packets)}</Td>
                            <Td dataLabel={_("Per second")} className="number">{now === null ? '–' : rate(now)}</Td>
                        </Tr>
                    );
                })}
            </Tbody>
        </Table>
    );
};

/** More devices than these are for mldfilterctl and monitoring; most machines have one or two. */
const SHOWN = 20;

const caught = (counts: Parameters<typeof sum>[0]): string => Object.entries(counts ?? {})
    .filter(([, count]) => (count?.packets ?? 0) > 0)
    .map(([message, count]) => `${messageWord(message)} ${number(count?.packets ?? 0)}`)
    .join(', ');
