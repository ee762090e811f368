// SPDX-License-Identifier: GPL-2.0-or-later
//
// Adding an interface, and changing one.

import { Alert } from '@patternfly/react-core/dist/esm/components/Alert';
import { Button } from '@patternfly/react-core/dist/esm/components/Button';
import { Checkbox } from '@patternfly/react-core/dist/esm/components/Checkbox';
import { Form, FormGroup, FormHelperText } from '@patternfly/react-core/dist/esm/components/Form';
import { HelperText, HelperTextItem } from '@patternfly/react-core/dist/esm/components/HelperText';
import { Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core/dist/esm/components/Modal';
import { Radio } from '@patternfly/react-core/dist/esm/components/Radio';
import { TextInput } from '@patternfly/react-core/dist/esm/components/TextInput';
import { type FormEvent, useEffect, useState } from 'react';

import { useService, useStores } from '../context';
import { format, gettext as _ } from '../i18n';
import { readDevices } from '../service/devices';
import { type Draft, draftOf, isGood, newDraft, optionsOf, problemsOf } from '../service/draft';
import { messageOf } from '../service/errors';
import { ACTIONS, type Entry, type Message, MESSAGES } from '../service/types';
import { actionHelp, actionWord, messageWord } from '../words';

interface Props {
    /** The one to change; null for a new one. */
    entry: Entry | null;
    onClose: () => void;
}

export const InterfaceDialog = ({ entry, onClose }: Props) => {
    const { service } = useStores();
    const entries = useService().entries ?? [];
    const [draft, setDraft] = useState<Draft>(() => (entry ? draftOf(entry) : newDraft()));
    const [named, setNamed] = useState(false);
    const [devices, setDevices] = useState<string[] | null>(null);
    const [busy, setBusy] = useState(false);
    const [failure, setFailure] = useState('');
    const problems = problemsOf(draft, entry, entries, devices);
    const change = (part: Partial<Draft>) => { setDraft(before => ({ ...before, ...part })) };

    useEffect(() => { void readDevices().then(setDevices) }, []);

    async function apply(event: FormEvent) {
        event.preventDefault();
        setNamed(true);
        if (!isGood(problems) || busy)
            return;
        setBusy(true);
        setFailure('');
        try {
            await service.add(draft.name, optionsOf(draft, entry));
            onClose();
        } catch (error) {
            setFailure(messageOf(error));
            setBusy(false);
        }
    }

    return (
        <Modal isOpen variant="medium" position="top" id="interface-dialog" onClose={onClose}
               aria-labelledby="interface-dialog-title">
            <ModalHeader title={entry ? format(_("Change $0"), entry.name) : _("Add an interface")}
                         labelId="interface-dialog-title" />
            <ModalBody>
                {failure && (
                    <Alert isInline component="h2" variant="danger" id="interface-dialog-failure"
                           className="dialog-alert"
                           title={entry ? _("The interface was not changed") : _("The interface was not added")}>
                        {failure}
                    </Alert>
                )}
                <Form id="interface-form" isHorizontal onSubmit={event => { void apply(event) }}>
                    {!entry && (
                        <FormGroup label={_("Name")} fieldId="interface-name" isRequired>
                            <TextInput id="interface-name" value={draft.name} isRequired autoFocus autoComplete="off"
                                       list="interface-devices" spellCheck={false}
                                       validated={named && problems.name ? 'error' : 'default'}
                                       aria-describedby="interface-name-help"
                                       onChange={(_event, name) => { setNamed(true); change({ name }) }} />
                            <Devices id="interface-devices" names={devices?.filter(
                                device => !entries.some(({ name }) => name === device))} />
                            <Help id="interface-name-help" problem={named ? problems.name : ''}
                                  text={_("It need not exist yet: it is filtered from its first moment on.")} />
                        </FormGroup>
                    )}
                    <FormGroup role="radiogroup" label={_("Action")} fieldId="interface-action" isStack>
                        {ACTIONS.map(action => (
                            <Radio key={action} id={`interface-action-${action}`} name="interface-action"
                                   label={actionWord(action)} description={actionHelp(action)}
                                   isChecked={draft.action === action} onChange={() => { change({ action }) }} />
                        ))}
                    </FormGroup>
                    <FormGroup label={_("Parent")} fieldId="interface-parent">
                        <TextInput id="interface-parent" value={draft.parent} autoComplete="off" spellCheck={false}
                                   list="interface-parents" placeholder={_("Lower device of the macvlan")}
                                   validated={problems.parent ? 'error' : 'default'}
                                   aria-describedby="interface-parent-help"
                                   onChange={(_event, parent) => { change({ parent }) }} />
                        <Devices id="interface-parents" names={devices?.filter(device => device !== draft.name)} />
                        <Help id="interface-parent-help" problem={problems.parent}
                              text={_("Device to send from. Empty: the lower device of the macvlan.")} />
                    </FormGroup>
                    <FormGroup role="group" label={_("Messages")} fieldId="interface-messages" isStack>
                        {MESSAGES.map(message => (
                            <Checkbox key={message} id={`interface-message-${message}`} label={messageWord(message)}
                                      description={message === 'nd-router-solicit'
                                          ? `${message}. ${_("Always dropped: it carries the MAC inside.")}` : message}
                                      isChecked={draft.messages.includes(message)}
                                      onChange={(_event, checked) => {
                                          change({ messages: toggled(draft.messages, message, checked) });
                                      }} />
                        ))}
                        <Help id="interface-messages-help" problem={problems.messages} text="" />
                    </FormGroup>
                    <FormGroup role="group" label={_("Keep")} fieldId="interface-keep">
                        <Checkbox id="interface-keep" label={_("Also after the next boot")} isChecked={!draft.runtime}
                                  onChange={(_event, kept) => { change({ runtime: !kept }) }} />
                    </FormGroup>
                </Form>
            </ModalBody>
            <ModalFooter>
                <Button type="submit" form="interface-form" variant="primary" id="interface-apply" isLoading={busy}
                        isDisabled={busy} isAriaDisabled={!isGood(problems)}>
                    {entry ? _("Save") : _("Add")}
                </Button>
                <Button variant="link" onClick={onClose}>{_("Cancel")}</Button>
            </ModalFooter>
        </Modal>
    );
};

const toggled = (messages: Message[], message: Message, wanted: boolean): Message[] =>
    (wanted ? [...messages, message] : messages.filter(other => other !== message));

/** What the browser offers while one types. */
const Devices = ({ id, names = [] }: { id: string; names: string[] | undefined }) => (
    <datalist id={id}>{names.map(name => <option key={name} value={name} />)}</datalist>
);

const Help = ({ id, problem, text }: { id: string; problem: string; text: string }) => (
    <FormHelperText>
        <HelperText id={id} isLiveRegion>
            {(problem || text) && (
                <HelperTextItem variant={problem ? 'error' : 'default'}>{problem || text}</HelperTextItem>
            )}
        </HelperText>
    </FormHelperText>
);
