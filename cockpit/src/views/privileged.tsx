// SPDX-License-Identifier: GPL-2.0-or-later
import { Button, type ButtonProps } from '@patternfly/react-core/dist/esm/components/Button';
import { Tooltip } from '@patternfly/react-core/dist/esm/components/Tooltip';

import { useAccess, useAllowed } from '../context';
import { format, gettext as _ } from '../i18n';
import type { Permission } from '../service/access';

/** Why something cannot be done by this user; empty if it can, or while nobody knows yet. */
export function useRefusal(permission: Permission): string {
    const { allowed, user, problem } = useAccess();
    if (allowed[permission] !== false)
        return '';
    if (problem)
        return format(_("polkit does not tell what you may do: $0"), problem);
    switch (permission) {
        case 'manage-interfaces':
            return format(_("The user $0 is not permitted to change interfaces"), user);
        case 'reset-counters':
            return format(_("The user $0 is not permitted to reset counters"), user);
        case 'reload':
            return format(_("The user $0 is not permitted to reload the configuration"), user);
    }
}

interface Props extends Omit<ButtonProps, 'isDisabled' | 'isAriaDisabled' | 'ref'> {
    permission: Permission;
}

/** A button that says why when it may not be used; it keeps the focus then, so that a keyboard finds that out too. */
export const PrivilegedButton = ({ permission, ...props }: Props) => {
    const refusal = useRefusal(permission);
    const button = <Button {...props} isAriaDisabled={!useAllowed(permission)} />;
    return refusal ? <Tooltip content={refusal}>{button}</Tooltip> : button;
};
