// SPDX-License-Identifier: GPL-2.0-or-later
import { Alert } from '@patternfly/react-core/dist/esm/components/Alert';
import {
    DescriptionList,
    DescriptionListDescription,
    DescriptionListGroup,
    DescriptionListTerm,
} from '@patternfly/react-core/dist/esm/components/DescriptionList';
import { Grid, GridItem } from '@patternfly/react-core/dist/esm/layouts/Grid';
import type { ReactNode } from 'react';

import { useService, useStores, useTraffic } from '../context';
import { bytes, format, gettext as _, ngettext, number } from '../i18n';
import { isProblem, sortFindings } from '../service/state';
import { type Counts, type Entry, MESSAGES } from '../service/types';
import { actionWord, messageWord, severityWord } from '../words';
import { Chart } from './chart';

export const InterfaceDetails = ({ entry }: { entry: Entry }) => {
    const { traffic } = useStores();
    const findings = sortFindings(useService().findings ?? [])
        .filter(finding => finding.interface === entry.name && isProblem(finding));
    const counts = useTraffic().interfaces?.[entry.name] ?? {};
    const messages = MESSAGES.filter(message => entry.messages.includes(message) || counts[message]);
    return (
        <Grid hasGutter lg={6}>
            {findings.map(({ id, severity, message }) => (
                <GridItem key={id + message} span={12}>
                    <Alert isInline isPlain component="h3" variant={severity === 'critical' ? 'danger' : 'warning'}
                           title={severityWord(severity)}>
                        {message}
                    </Alert>
                </GridItem>
            ))}
            <GridItem>
                <DescriptionList isHorizontal isCompact>
                    <Fact term={_("MAC")}>{entry.mac || '–'}</Fact>
                    <Fact term={_("Index")}>
                        {entry.present ? String(entry.ifindex) : _("The interface does not exist now")}
                    </Fact>
                    <Fact term={_("Action")}>
                        {entry.effectiveAction === entry.action
                            ? actionWord(entry.action)
                            : format(_("$0, because $1 is not possible: $2"), actionWord(entry.effectiveAction),
                                     actionWord(entry.action), entry.reason)}
                    </Fact>
                    <Fact term={_("Kept")}>
                        {entry.runtime ? _("Until the next boot") : _("Also after the next boot")}
                    </Fact>
                </DescriptionList>
                <DescriptionList isHorizontal isCompact aria-label={format(_("Messages of $0"), entry.name)}
                                 className="message-list">
                    {messages.map(message => (
                        <Fact key={message} term={messageWord(message)}>
                            <Amount message={message} counts={counts} />
                        </Fact>
                    ))}
                </DescriptionList>
            </GridItem>
            <GridItem>
                <Chart label={entry.name} series={traffic.interfaces.series(entry.name)} />
            </GridItem>
        </Grid>
    );
};

const Amount = ({ message, counts }: { message: string; counts: Counts }) => {
    const { packets = 0, bytes: size = 0 } = counts[message] ?? {};
    return (
        <span data-message={message} data-packets={packets} data-bytes={size}>
            {format(ngettext("$0 packet, $1", "$0 packets, $1", packets), number(packets), bytes(size))}
        </span>
    );
};

const Fact = ({ term, children }: { term: string; children: ReactNode }) => (
    <DescriptionListGroup>
        <DescriptionListTerm>{term}</DescriptionListTerm>
        <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
);
