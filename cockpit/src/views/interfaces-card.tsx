// SPDX-License-Identifier: GPL-2.0-or-later
import { Button } from '@patternfly/react-core/dist/esm/components/Button';
import { Card, CardHeader, CardTitle } from '@patternfly/react-core/dist/esm/components/Card';
import {
    EmptyState,
    EmptyStateActions,
    EmptyStateBody,
    EmptyStateFooter,
} from '@patternfly/react-core/dist/esm/components/EmptyState';
import { Pagination } from '@patternfly/react-core/dist/esm/components/Pagination';
import { SearchInput } from '@patternfly/react-core/dist/esm/components/SearchInput';
import { Skeleton } from '@patternfly/react-core/dist/esm/components/Skeleton';
import { Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core/dist/esm/components/Toolbar';
import PlusCircleIcon from '@patternfly/react-icons/dist/esm/icons/plus-circle-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useState } from 'react';

import { useService, useStores, useTraffic } from '../context';
import { gettext as _ } from '../i18n';
import { sum } from '../service/rates';
import { type Column, type Direction, matches, type Row, sortRows } from '../service/table';
import type { Entry } from '../service/types';
import { InterfaceDialog } from './interface-dialog';
import { InterfacesTable } from './interfaces-table';
import { PrivilegedButton } from './privileged';

/** With more than these, there is something to look for. */
const HANDFUL = 6;
const PAGE_SIZES = [20, 50, 100].map(value => ({ title: String(value), value }));

export const InterfacesCard = () => {
    const { entries } = useService();
    const [adding, setAdding] = useState(false);
    const add = (
        <PrivilegedButton permission="manage-interfaces" id="add-interface" variant="primary" size="sm"
                          onClick={() => { setAdding(true) }}>
            {_("Add interface")}
        </PrivilegedButton>
    );
    return (
        <Card id="interfaces">
            <CardHeader actions={{ actions: entries && entries.length > 0 ? add : null, hasNoOffset: true }}>
                <CardTitle component="h2">{_("Interfaces")}</CardTitle>
            </CardHeader>
            {!entries && <Skeleton height="8rem" screenreaderText={_("Reading the interfaces")} />}
            {entries?.length === 0 && <NoInterfaces add={add} />}
            {entries && entries.length > 0 && <Content entries={entries} />}
            {adding && <InterfaceDialog entry={null} onClose={() => { setAdding(false) }} />}
        </Card>
    );
};

const NoInterfaces = ({ add }: { add: React.ReactNode }) => {
    const { properties } = useService();
    return (
        <EmptyState headingLevel="h3" icon={PlusCircleIcon} titleText={_("No interfaces")} variant="sm"
                    id="no-interfaces">
            <EmptyStateBody>
                {properties?.autoDetect
                    ? _("Interfaces with a VRRP MAC appear here by themselves, as soon as keepalived or FRR " +
                        "make them. Others can be added by name.")
                    : _("Detection is off: add the virtual interfaces of your router by name.")}
            </EmptyStateBody>
            <EmptyStateFooter><EmptyStateActions>{add}</EmptyStateActions></EmptyStateFooter>
        </EmptyState>
    );
};

const Content = ({ entries }: { entries: Entry[] }) => {
    const { traffic } = useStores();
    const { interfaces } = useTraffic();
    const [filter, setFilter] = useState('');
    const [page, setPage] = useState(1);
    const [perPage, setPerPage] = useState(20);
    const [column, setColumn] = useState<Column>('name');
    const [direction, setDirection] = useState<Direction>('asc');

    const rows: Row[] = entries.filter(entry => matches(entry, filter)).map(entry => ({
        entry,
        packets: interfaces ? sum(interfaces[entry.name]).packets : null,
        rate: traffic.interfaces.rate(entry.name),
    }));
    const last = Math.max(1, Math.ceil(rows.length / perPage));
    const shown = Math.min(page, last);
    const sorted = sortRows(rows, column, direction).slice((shown - 1) * perPage, shown * perPage);
    const paginate = (isCompact: boolean) => (
        <Pagination
            id={isCompact ? 'interfaces-pages-top' : 'interfaces-pages-bottom'} isCompact={isCompact}
            variant={isCompact ? 'top' : 'bottom'}
            itemCount={rows.length} page={shown} perPage={perPage} perPageOptions={PAGE_SIZES}
            onSetPage={(_event, wanted) => { setPage(wanted) }}
            onPerPageSelect={(_event, size) => { setPerPage(size); setPage(1) }}
            titles={{
                items: '', page: '', ofWord: _("of"), perPageSuffix: _("per page"),
                paginationAriaLabel: _("Pages of interfaces"),
                toFirstPageAriaLabel: _("First page"), toLastPageAriaLabel: _("Last page"),
                toNextPageAriaLabel: _("Next page"), toPreviousPageAriaLabel: _("Previous page"),
                optionsToggleAriaLabel: _("Interfaces on a page"), currPageAriaLabel: _("Current page"),
                itemsPerPage: _("Interfaces on a page"),
            }}
        />
    );

    return (
        <>
            {entries.length > HANDFUL && (
                <Toolbar inset={{ default: 'insetMd' }}>
                    <ToolbarContent>
                        <ToolbarItem>
                            <SearchInput id="interfaces-filter" value={filter} aria-label={_("Filter interfaces")}
                                         placeholder={_("Filter interfaces")} resetButtonLabel={_("Clear the filter")}
                                         onChange={(_event, text) => { setFilter(text); setPage(1) }}
                                         onClear={() => { setFilter('') }} />
                        </ToolbarItem>
                        {entries.length > perPage && (
                            <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
                                {paginate(true)}
                            </ToolbarItem>
                        )}
                    </ToolbarContent>
                </Toolbar>
            )}
            {rows.length === 0
                ? (
                    <EmptyState headingLevel="h3" icon={SearchIcon} titleText={_("No interface matches")} variant="sm">
                        <EmptyStateFooter>
                            <EmptyStateActions>
                                <Button variant="link" onClick={() => { setFilter('') }}>
                                    {_("Clear the filter")}
                                </Button>
                            </EmptyStateActions>
                        </EmptyStateFooter>
                    </EmptyState>
                )
                : (
                    <InterfacesTable rows={sorted} column={column} direction={direction}
                                     onSort={(wanted, way) => { setColumn(wanted); setDirection(way) }} />
                )}
            {entries.length > perPage && paginate(false)}
        </>
    );
};
