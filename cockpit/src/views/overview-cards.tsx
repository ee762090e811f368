// SPDX-License-Identifier: GPL-2.0-or-later
import { Button } from '@patternfly/react-core/dist/esm/components/Button';
import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core/dist/esm/components/Card';
import {
    DescriptionList,
    DescriptionListDescription,
    DescriptionListGroup,
    DescriptionListTerm,
} from '@patternfly/react-core/dist/esm/components/DescriptionList';
import { Icon } from '@patternfly/react-core/dist/esm/components/Icon';
import { Label, LabelGroup } from '@patternfly/react-core/dist/esm/components/Label';
import { Spinner } from '@patternfly/react-core/dist/esm/components/Spinner';
import { Title } from '@patternfly/react-core/dist/esm/components/Title';
import { Flex, FlexItem } from '@patternfly/react-core/dist/esm/layouts/Flex';
import { Grid, GridItem } from '@patternfly/react-core/dist/esm/layouts/Grid';
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import ExclamationCircleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon';
import ExclamationTriangleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon';
import type { ReactNode } from 'react';

import { useService } from '../context';
import { format, gettext as _, ngettext, number, time } from '../i18n';
import type { Restoration } from '../service/service';
import { type Level, type State, stateOf } from '../service/state';
import type { Properties } from '../service/types';
import { JOURNAL_PAGE } from '../service/unit';
import { TrafficCard } from './traffic-card';
import { ReloadButton } from './reload-button';

export const OverviewCards = () => (
    <Grid hasGutter md={6}>
        <GridItem><StateCard /></GridItem>
        <GridItem><TrafficCard /></GridItem>
    </Grid>
);

const StateCard = () => {
    const { properties, findings, restorations } = useService();
    const state = stateOf(properties, findings);
    return (
        <Card isFullHeight id="state" data-state={wordOf(state.level)} data-level={state.level}>
            <CardHeader actions={{ actions: <ReloadButton />, hasNoOffset: true }}>
                <CardTitle component="h2">{_("Protection")}</CardTitle>
            </CardHeader>
            <CardBody>
                <Flex alignItems={{ default: 'alignItemsFlexStart' }} flexWrap={{ default: 'nowrap' }}
                      aria-live="polite" id="state-summary">
                    <FlexItem><LevelIcon level={state.level} /></FlexItem>
                    <FlexItem flex={{ default: 'flex_1' }}>
                        <Title headingLevel="h3" size="lg">{levelTitle(state.level, properties)}</Title>
                        <Reason state={state} properties={properties} />
                    </FlexItem>
                </Flex>
            </CardBody>
            <CardBody>{properties && <Facts properties={properties} restorations={restorations} />}</CardBody>
        </Card>
    );
};

/** For those who look for one of two words: protected or attention. */
const wordOf = (level: Level): string => (level === 'warning' || level === 'critical' ? 'attention' : level);

const LevelIcon = ({ level }: { level: Level }) => {
    switch (level) {
        case 'protected': return <Icon status="success" size="xl"><CheckCircleIcon /></Icon>;
        case 'warning': return <Icon status="warning" size="xl"><ExclamationTriangleIcon /></Icon>;
        case 'critical': return <Icon status="danger" size="xl"><ExclamationCircleIcon /></Icon>;
        case 'unknown': return <Spinner size="lg" aria-label={_("Checking")} />;
    }
};

function levelTitle(level: Level, properties: Properties | null): string {
    switch (level) {
        case 'protected': return _("Protected");
        case 'warning': return _("Attention");
        case 'critical': return properties?.protected === false ? _("Not protected") : _("Attention: messages get out");
        case 'unknown': return _("Checking");
    }
}

const Reason = ({ state, properties }: { state: State; properties: Properties | null }) => {
    const { entries } = useService();
    if (state.level === 'unknown')
        return null;
    if (state.level === 'protected') {
        const count = entries?.length ?? 0;
        return count === 0
            ? <p>{_("There is no interface to look after, and the audit has nothing against that.")}</p>
            : (
                <p>{format(ngettext("$0 interface does not speak MLD or IGMP in its own name.",
                                    "$0 interfaces do not speak MLD or IGMP in their own name.", count),
                           number(count))}
                </p>
            );
    }
    if (!state.worst)
        return <p>{properties?.protected ? null : _("The kernel does not hold the rules that it must.")}</p>;
    return (
        <>
            <p>{state.worst.interface ? `${state.worst.interface}: ` : ''}{state.worst.message}</p>
            {state.others > 0 && (
                <Button variant="link" isInline id="more-findings" onClick={showFindings}>
                    {format(ngettext("and $0 finding more", "and $0 findings more", state.others),
                            number(state.others))}
                </Button>
            )}
        </>
    );
};

function showFindings() {
    const findings = document.getElementById('findings');
    findings?.scrollIntoView({ block: 'start' });
    findings?.focus();
}

const Facts = ({ properties, restorations }: { properties: Properties; restorations: Restoration[] }) => {
    const last = restorations[0];
    return (
        <DescriptionList isHorizontal isCompact data-restorations={properties.restorations}>
            <Fact term={_("Guard")} id="guard-active">
                {properties.guardActive ? _("Active: also catches what nobody has announced") : _("Not active")}
            </Fact>
            <Fact term={_("Detection")} id="auto-detect">
                {properties.autoDetect ? _("Interfaces with a VRRP MAC come by themselves") : _("Off")}
            </Fact>
            <Fact term={_("Restorations")} id="restorations">
                {properties.restorations === 0
                    ? _("None since the service started")
                    : (
                        <>
                            {format(ngettext("$0 since the service started", "$0 since the service started",
                                             properties.restorations), number(properties.restorations))}
                            {last && (
                                <div className="subtle" id="last-restoration">
                                    <span className="restoration-time">{time(last.time)}</span>{': '}{last.cause}
                                </div>
                            )}
                            <div>
                                <Button variant="link" isInline onClick={() => { cockpit.jump(JOURNAL_PAGE) }}>
                                    {_("Show the journal")}
                                </Button>
                            </div>
                        </>
                    )}
            </Fact>
            <Fact term={_("Features")} id="features">
                {properties.features.length > 0
                    ? (
                        <LabelGroup numLabels={8} aria-label={_("Features")}>
                            {properties.features.map(feature => <Label key={feature} isCompact>{feature}</Label>)}
                        </LabelGroup>
                    )
                    : _("Nothing: the kernel was not read back")}
            </Fact>
            <Fact term={_("Version")} id="version">{properties.version}</Fact>
        </DescriptionList>
    );
};

const Fact = ({ term, id, children }: { term: string; id: string; children: ReactNode }) => (
    <DescriptionListGroup>
        <DescriptionListTerm>{term}</DescriptionListTerm>
        <DescriptionListDescription id={id}>{children}</DescriptionListDescription>
    </DescriptionListGroup>
);
