// SPDX-License-Identifier: GPL-2.0-or-later
import { Alert } from '@patternfly/react-core/dist/esm/components/Alert';
import { Button } from '@patternfly/react-core/dist/esm/components/Button';
import { Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core/dist/esm/components/Modal';
import { useState } from 'react';

import { gettext as _ } from '../i18n';
import { messageOf } from '../service/errors';

interface Props {
    id: string;
    title: string;
    text: string;
    /** What the button does, and whether that takes something away. */
    action: string;
    isDanger?: boolean;
    failure: string;
    run: () => Promise<void>;
    onClose: () => void;
}

export const ConfirmDialog = ({ id, title, text, action, isDanger = false, failure, run, onClose }: Props) => {
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState('');

    async function confirm() {
        setBusy(true);
        setProblem('');
        try {
            await run();
            onClose();
        } catch (error) {
            setProblem(messageOf(error));
            setBusy(false);
        }
    }

    return (
        <Modal isOpen variant="small" position="top" id={id} onClose={onClose}
               aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`}>
            <ModalHeader title={title} labelId={`${id}-title`}
                         {...(isDanger ? { titleIconVariant: 'warning' as const } : {})} />
            <ModalBody id={`${id}-text`}>
                {problem && (
                    <Alert isInline component="h2" variant="danger" title={failure} className="dialog-alert">
                        {problem}
                    </Alert>
                )}
                {text}
            </ModalBody>
            <ModalFooter>
                <Button variant={isDanger ? 'danger' : 'primary'} isLoading={busy} isDisabled={busy}
                        onClick={() => { void confirm() }}>
                    {action}
                </Button>
                <Button variant="link" onClick={onClose}>{_("Cancel")}</Button>
            </ModalFooter>
        </Modal>
    );
};
