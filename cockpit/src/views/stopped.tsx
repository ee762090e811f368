// SPDX-License-Identifier: GPL-2.0-or-later
import { Alert } from '@patternfly/react-core/dist/esm/components/Alert';
import { Button } from '@patternfly/react-core/dist/esm/components/Button';
import { CodeBlock, CodeBlockCode } from '@patternfly/react-core/dist/esm/components/CodeBlock';
import {
    EmptyState,
    EmptyStateActions,
    EmptyStateBody,
    EmptyStateFooter,
} from '@patternfly/react-core/dist/esm/components/EmptyState';
import { Tooltip } from '@patternfly/react-core/dist/esm/components/Tooltip';
import PowerOffIcon from '@patternfly/react-icons/dist/esm/icons/power-off-icon';
import { useState } from 'react';

import { useAccess, useStores } from '../context';
import { format, gettext as _ } from '../i18n';
import { failure as failureOf, JOURNAL_PAGE, type StartFailure, startUnit, UNIT_PAGE } from '../service/unit';

/** It is on the bus before systemctl returns: this is for one that ends at once. */
const PATIENCE = 5000;

export const Stopped = () => {
    const { service } = useStores();
    const { administrator, user } = useAccess();
    const [starting, setStarting] = useState(false);
    const [failure, setFailure] = useState<StartFailure | null>(null);

    async function start() {
        setStarting(true);
        setFailure(null);
        try {
            await startUnit();
            if (!await service.appeared(PATIENCE))
                throw await failureOf(_("systemctl has started it, but it does not answer on the bus."));
        } catch (error) {
            setFailure(error as StartFailure);
        }
        setStarting(false);
    }

    const refusal = format(_("The user $0 is not permitted to start services"), user);
    const button = (
        <Button variant="primary" id="start-service" isLoading={starting} isDisabled={starting}
                isAriaDisabled={administrator !== true} onClick={() => { void start() }}>
            {_("Start the service")}
        </Button>
    );
    return (
        <EmptyState headingLevel="h2" icon={PowerOffIcon} titleText={_("The service is not running")} id="stopped"
                    data-state="stopped">
            <EmptyStateBody>
                {_("Rules that it has left in the kernel stay in force, but nothing looks after them: new " +
                    "interfaces are not protected.")}
            </EmptyStateBody>
            <EmptyStateFooter>
                {failure && (
                    <Alert isInline component="h3" variant="danger" id="start-failed"
                           title={_("The service did not start")} className="start-failure">
                        <p>{failure.message}</p>
                        {failure.journal && (
                            <CodeBlock><CodeBlockCode>{failure.journal}</CodeBlockCode></CodeBlock>
                        )}
                    </Alert>
                )}
                <EmptyStateActions>
                    {administrator === false
                        ? <Tooltip content={refusal}>{button}</Tooltip>
                        : button}
                </EmptyStateActions>
                <EmptyStateActions>
                    <Button variant="link" onClick={() => { cockpit.jump(UNIT_PAGE) }}>
                        {_("Show the service")}
                    </Button>
                    <Button variant="link" onClick={() => { cockpit.jump(JOURNAL_PAGE) }}>
                        {_("Show its journal")}
                    </Button>
                </EmptyStateActions>
            </EmptyStateFooter>
        </EmptyState>
    );
};
