// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be done with one interface. One that was detected or is in the configuration cannot be removed, the service
// says StillDetected; it can be left alone, and be filtered again.

import { Dropdown, DropdownItem, DropdownList } from '@patternfly/react-core/dist/esm/components/Dropdown';
import { MenuToggle } from '@patternfly/react-core/dist/esm/components/MenuToggle';
import EllipsisVIcon from '@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon';
import { useState } from 'react';

import { useAllowed, useStores } from '../context';
import { format, gettext as _ } from '../i18n';
import { type Entry, isKept } from '../service/types';
import { ConfirmDialog } from './confirm-dialog';
import { InterfaceDialog } from './interface-dialog';
import { useNotify } from './notices';
import { useRefusal } from './privileged';
import { ResetDialog } from './reset-dialog';

type Dialog = 'change' | 'remove' | 'allow' | 'reset' | null;

export const RowActions = ({ entry }: { entry: Entry }) => {
    const { service } = useStores();
    const notify = useNotify();
    const [isOpen, setOpen] = useState(false);
    const [dialog, setDialog] = useState<Dialog>(null);
    const mayManage = useAllowed('manage-interfaces');
    const mayReset = useAllowed('reset-counters');
    const manageRefusal = useRefusal('manage-interfaces');
    const resetRefusal = useRefusal('reset-counters');
    const { name } = entry;
    const close = () => { setDialog(null) };
    const tip = (refusal: string) => (refusal ? { tooltipProps: { content: refusal } } : {});

    async function filterAgain() {
        try {
            await service.add(name, { action: 'relocate' });
            notify.done(format(_("$0 is filtered again"), name));
        } catch (error) {
            notify.failed(format(_("$0 was not changed"), name), error);
        }
    }

    const item = (id: string, label: string, run: () => void, isDanger = false) => (
        <DropdownItem key={id} isAriaDisabled={!mayManage} isDanger={isDanger} onClick={run} {...tip(manageRefusal)}>
            {label}
        </DropdownItem>
    );
    return (
        <>
            <Dropdown isOpen={isOpen} onOpenChange={setOpen} onSelect={() => { setOpen(false) }}
                      popperProps={{ position: 'right' }} shouldFocusToggleOnSelect
                      toggle={ref => (
                          <MenuToggle ref={ref} variant="plain" icon={<EllipsisVIcon />} isExpanded={isOpen}
                                      aria-label={format(_("Actions for $0"), name)}
                                      onClick={() => { setOpen(!isOpen) }} />
                      )}>
                <DropdownList>
                    {item('change', _("Change"), () => { setDialog('change') })}
                    {entry.action === 'allow'
                        ? item('again', _("Filter again"), () => { void filterAgain() })
                        : item('allow', _("Leave alone"), () => { setDialog('allow') })}
                    <DropdownItem key="reset" isAriaDisabled={!mayReset} {...tip(resetRefusal)}
                                  onClick={() => { setDialog('reset') }}>
                        {_("Reset counters")}
                    </DropdownItem>
                    {!isKept(entry) && item('remove', _("Remove"), () => { setDialog('remove') }, true)}
                </DropdownList>
            </Dropdown>
            {dialog === 'change' && <InterfaceDialog entry={entry} onClose={close} />}
            {dialog === 'reset' && <ResetDialog names={[name]} onClose={close} />}
            {dialog === 'remove' && (
                <ConfirmDialog
                    id="remove-dialog" isDanger title={format(_("Remove $0?"), name)} action={_("Remove")}
                    text={_("It is no longer looked after, and may speak MLD and IGMP in its own name again.")}
                    failure={format(_("$0 was not removed"), name)}
                    run={() => service.remove(name)} onClose={close}
                />
            )}
            {dialog === 'allow' && (
                <ConfirmDialog
                    id="allow-dialog" isDanger title={format(_("Leave $0 alone?"), name)} action={_("Leave alone")}
                    text={isKept(entry)
                        ? _("It cannot be removed, because it was detected or is in the configuration. Left alone, " +
                            "it stays in the table and may speak MLD and IGMP in its own name, until you choose " +
                            "“Filter again”.")
                        : _("It stays in the table and may speak MLD and IGMP in its own name, until you choose " +
                            "“Filter again”.")}
                    failure={format(_("$0 was not changed"), name)}
                    run={() => service.add(name, { action: 'allow' })} onClose={close}
                />
            )}
        </>
    );
};
