// SPDX-License-Identifier: GPL-2.0-or-later
import { Alert } from '@patternfly/react-core/dist/esm/components/Alert';
import { Content } from '@patternfly/react-core/dist/esm/components/Content';
import { EmptyState, EmptyStateBody } from '@patternfly/react-core/dist/esm/components/EmptyState';
import { Page, PageSection } from '@patternfly/react-core/dist/esm/components/Page';
import { Spinner } from '@patternfly/react-core/dist/esm/components/Spinner';
import { Stack, StackItem } from '@patternfly/react-core/dist/esm/layouts/Stack';
import ExclamationCircleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon';
import { useState } from 'react';

import { openStores, StoresContext, useAccess, useService } from './context';
import { gettext as _ } from './i18n';
import { FindingsCard } from './views/findings-card';
import { InterfacesCard } from './views/interfaces-card';
import { Notices } from './views/notices';
import { OverviewCards } from './views/overview-cards';
import { Stopped } from './views/stopped';

export const App = () => {
    const [stores] = useState(openStores);
    return (
        <StoresContext.Provider value={stores}>
            <Page className="pf-m-no-sidebar" isContentFilled>
                <PageSection hasBodyWrapper={false} variant="secondary" isFilled aria-label={_("MLD filter")}>
                    <Content component="h1" className="page-title">{_("MLD filter")}</Content>
                    <Body />
                </PageSection>
            </Page>
        </StoresContext.Provider>
    );
};

const Body = () => {
    const { connection, problem } = useService();
    switch (connection) {
        case 'connecting':
            return <EmptyState headingLevel="h2" titleText={_("Connecting")} icon={Spinner} data-state="loading" />;
        case 'failed':
            return (
                <EmptyState headingLevel="h2" status="danger" icon={ExclamationCircleIcon}
                            titleText={_("The service cannot be reached")} id="failed">
                    <EmptyStateBody>{problem}</EmptyStateBody>
                </EmptyState>
            );
        case 'stopped':
            return <Stopped />;
        case 'running':
            return <Running />;
    }
};

const Running = () => (
    <Notices>
        <Stack hasGutter>
            <LimitedAccess />
            <StackItem><OverviewCards /></StackItem>
            <StackItem><InterfacesCard /></StackItem>
            <StackItem><FindingsCard /></StackItem>
        </Stack>
    </Notices>
);

/** Not while it is not known, and not to those whom polkit lets do everything as they are. */
const LimitedAccess = () => {
    const { administrator, allowed } = useAccess();
    if (administrator !== false || !Object.values(allowed).includes(false))
        return null;
    const nothing = Object.values(allowed).every(value => value === false);
    return (
        <StackItem>
            <Alert isInline component="h2" variant="warning" title={_("Limited access")} id="limited-access">
                {nothing
                    ? _("You can see everything here. To change something, turn on administrative access in the bar " +
                        "at the top.")
                    : _("You may not do everything here. To do the rest, turn on administrative access in the bar " +
                        "at the top.")}
            </Alert>
        </StackItem>
    );
};
