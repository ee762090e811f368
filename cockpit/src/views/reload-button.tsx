// SPDX-License-Identifier: GPL-2.0-or-later
import { useState } from 'react';

import { useStores } from '../context';
import { gettext as _ } from '../i18n';
import { useNotify } from './notices';
import { PrivilegedButton } from './privileged';

export const ReloadButton = () => {
    const { service } = useStores();
    const notify = useNotify();
    const [busy, setBusy] = useState(false);

    async function reload() {
        setBusy(true);
        try {
            await service.reload();
            notify.done(_("The configuration was read again"));
        } catch (error) {
            notify.failed(_("The configuration was not taken over"), error);
        }
        setBusy(false);
    }

    return (
        <PrivilegedButton permission="reload" variant="secondary" size="sm" id="reload" isLoading={busy}
                          onClick={() => { void reload() }}>
            {_("Reload configuration")}
        </PrivilegedButton>
    );
};
