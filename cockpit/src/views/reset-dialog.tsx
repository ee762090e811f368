// SPDX-License-Identifier: GPL-2.0-or-later
import { useStores } from '../context';
import { format, gettext as _ } from '../i18n';
import { ConfirmDialog } from './confirm-dialog';

interface Props {
    /** None: all, and the guard. */
    names: string[];
    onClose: () => void;
}

export const ResetDialog = ({ names, onClose }: Props) => {
    const { service, traffic } = useStores();
    return (
        <ConfirmDialog
            id="reset-dialog"
            title={names[0] === undefined ? _("Reset all counters?") : format(_("Reset the counters of $0?"), names[0])}
            text={_("They count from zero again, for everybody who reads them: monitoring too.")}
            action={_("Reset")}
            failure={_("The counters were not reset")}
            run={async () => {
                await service.resetCounters(names);
                traffic.refresh();
            }}
            onClose={onClose}
        />
    );
};
