// SPDX-License-Identifier: GPL-2.0-or-later
import { Label, LabelGroup } from '@patternfly/react-core/dist/esm/components/Label';
import { Tooltip } from '@patternfly/react-core/dist/esm/components/Tooltip';
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';

import { format, gettext as _, number, rate } from '../i18n';
import { type Column, COLUMNS, type Direction, type Row } from '../service/table';
import type { Entry } from '../service/types';
import { actionWord, originWord } from '../words';
import { InterfaceDetails } from './interface-details';
import { RowActions } from './row-actions';

interface Props {
    rows: Row[];
    column: Column;
    direction: Direction;
    onSort: (column: Column, direction: Direction) => void;
}

function titleOf(column: Column): string {
    switch (column) {
        case 'name': return _("Interface");
        case 'action': return _("Action");
        case 'parent': return _("Parent");
        case 'origin': return _("Origin");
        case 'packets': return _("Packets");
        case 'rate': return _("Per second");
    }
}

const isNumber = (column: Column): boolean => column === 'packets' || column === 'rate';

export const InterfacesTable = ({ rows, column, direction, onSort }: Props) => {
    const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
    const toggle = (name: string) => {
        setOpen(before => {
            const now = new Set(before);
            if (!now.delete(name))
                now.add(name);
            return now;
        });
    };

    return (
        <Table variant="compact" isExpandable aria-label={_("Interfaces")} id="interfaces-table" className="interfaces">
            <Thead>
                <Tr>
                    <Th screenReaderText={_("Details")} />
                    {COLUMNS.map((name, index) => (
                        <Th key={name} {...(isNumber(name) ? { className: 'number' } : {})}
                            sort={{
                                columnIndex: index,
                                sortBy: { index: COLUMNS.indexOf(column), direction },
                                onSort: (_event, _index, way) => { onSort(name, way) },
                            }}>
                            {titleOf(name)}
                        </Th>
                    ))}
                    <Th screenReaderText={_("Actions")} />
                </Tr>
            </Thead>
            {rows.map((row, index) => (
                <Rows key={row.entry.name} row={row} index={index} isOpen={open.has(row.entry.name)}
                      onToggle={() => { toggle(row.entry.name) }} />
            ))}
        </Table>
    );
};

interface RowsProps {
    row: Row;
    index: number;
    isOpen: boolean;
    onToggle: () => void;
}

const Rows = ({ row: { entry, packets, rate: now }, index, isOpen, onToggle }: RowsProps) => (
    <Tbody isExpanded={isOpen}>
        <Tr data-interface={entry.name} isContentExpanded={isOpen}>
            <Td expand={{ rowIndex: index, isExpanded: isOpen, onToggle, expandId: 'details' }}
                aria-label={format(_("Details of $0"), entry.name)} />
            <Td dataLabel={titleOf('name')}>
                <span className="name-cell">{entry.name}</span>
                {!entry.present && <>{' '}<Label isCompact variant="outline">{_("Not there")}</Label></>}
            </Td>
            <Td dataLabel={titleOf('action')}><div><ActionLabel entry={entry} /></div></Td>
            <Td dataLabel={titleOf('parent')}>{entry.parent || '–'}</Td>
            <Td dataLabel={titleOf('origin')}>
                <LabelGroup numLabels={3} aria-label={titleOf('origin')}>
                    {entry.origins.map(origin => (
                        <Label key={origin} isCompact variant="outline">{originWord(origin)}</Label>
                    ))}
                </LabelGroup>
            </Td>
            <Td dataLabel={titleOf('packets')} className="number" data-counter="packets" data-value={packets ?? ''}>
                {packets === null ? '–' : number(packets)}
            </Td>
            <Td dataLabel={titleOf('rate')} className="number" data-counter="rate" data-value={now ?? ''}>
                {now === null ? '–' : rate(now)}
            </Td>
            <Td isActionCell><RowActions entry={entry} /></Td>
        </Tr>
        {isOpen && (
            <Tr isExpanded>
                <Td colSpan={8}>
                    <ExpandableRowContent><InterfaceDetails entry={entry} /></ExpandableRowContent>
                </Td>
            </Tr>
        )}
    </Tbody>
);

/** The action in force. Where it is not the one asked for, that one and the reason are a hover or a focus away. */
const ActionLabel = ({ entry }: { entry: Entry }) => {
    if (entry.effectiveAction === entry.action) {
        return (
            <Label isCompact color={entry.action === 'allow' ? 'grey' : 'blue'}>{actionWord(entry.action)}</Label>
        );
    }
    return (
        <Tooltip content={format(_("$0 was asked for: $1"), actionWord(entry.action), entry.reason)}>
            <Label isCompact color={entry.present ? 'orange' : 'grey'} tabIndex={0}>
                {actionWord(entry.effectiveAction)}
            </Label>
        </Tooltip>
    );
};
