// SPDX-License-Identifier: GPL-2.0-or-later
//
// What went wrong or was done without a dialog to say it in.

import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core/dist/esm/components/Alert';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';

import { gettext as _ } from '../i18n';
import { messageOf } from '../service/errors';

interface Notice {
    id: number;
    variant: 'success' | 'danger';
    title: string;
    text: string;
}

interface Notify {
    done(title: string): void;
    failed(title: string, error: unknown): void;
}

const Context = createContext<Notify>({ done: () => undefined, failed: () => undefined });

export const useNotify = (): Notify => useContext(Context);

let last = 0;

export const Notices = ({ children }: { children: ReactNode }) => {
    const [notices, setNotices] = useState<Notice[]>([]);
    const close = useCallback((id: number) => { setNotices(all => all.filter(notice => notice.id !== id)) }, []);
    const [notify] = useState<Notify>(() => {
        const add = (notice: Omit<Notice, 'id'>) => {
            last += 1;
            const id = last;
            setNotices(all => [...all, { ...notice, id }]);
        };
        return {
            done: title => { add({ variant: 'success', title, text: '' }) },
            failed: (title, error) => { add({ variant: 'danger', title, text: messageOf(error) }) },
        };
    });

    return (
        <Context.Provider value={notify}>
            {children}
            <AlertGroup isToast isLiveRegion aria-label={_("Notices")}>
                {notices.map(({ id, variant, title, text }) => (
                    <Alert key={id} component="h2" variant={variant} title={title}
                           timeout={variant === 'success' ? 5000 : false}
                           onTimeout={() => { close(id) }}
                           actionClose={<AlertActionCloseButton title={title} onClose={() => { close(id) }} />}>
                        {text}
                    </Alert>
                ))}
            </AlertGroup>
        </Context.Provider>
    );
};
