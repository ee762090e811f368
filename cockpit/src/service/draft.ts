// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is in the dialog before it is applied.

import { messagesProblem, nameProblem, newNameProblem, parentProblem } from './names';
import { type Action, type Entry, type Message, MESSAGES, type Options } from './types';

export interface Draft {
    name: string;
    action: Action;
    /** Empty: the lower device of the macvlan. */
    parent: string;
    messages: Message[];
    runtime: boolean;
}

export interface Problems {
    name: string;
    parent: string;
    messages: string;
}

export const newDraft = (): Draft =>
    ({ name: '', action: 'relocate', parent: '', messages: [...MESSAGES], runtime: false });

export const draftOf = ({ name, action, parent, messages, runtime }: Entry): Draft =>
    ({ name, action, parent, messages: [...messages], runtime });

/** @param entry the one that is changed; null for a new one. */
export function problemsOf(
    draft: Draft, entry: Entry | null, entries: readonly Entry[], devices: readonly string[] | null,
): Problems {
    return {
        name: entry ? nameProblem(draft.name) : newNameProblem(draft.name, entries),
        // What it has is not its fault: the parent may be gone, and something else is to be changed.
        parent: entry?.parent === draft.parent ? '' : parentProblem(draft.parent, draft.name, devices),
        messages: messagesProblem(draft.messages),
    };
}

export const isGood = (problems: Problems): boolean => Object.values(problems).every(problem => problem === '');

const inOrder = (messages: readonly Message[]): Message[] => MESSAGES.filter(message => messages.includes(message));

/** @returns what to ask for: all that a new entry shall be, but of one that is there only what is to be another. */
export function optionsOf(draft: Draft, entry: Entry | null): Options {
    const messages = inOrder(draft.messages);
    if (!entry) {
        return {
            action: draft.action, messages, runtime: draft.runtime,
            ...(draft.parent === '' ? {} : { parent: draft.parent }),
        };
    }
    return {
        ...(draft.action === entry.action ? {} : { action: draft.action }),
        ...(draft.parent === entry.parent ? {} : { parent: draft.parent }),
        ...(messages.join() === inOrder(entry.messages).join() ? {} : { messages }),
        ...(draft.runtime === entry.runtime ? {} : { runtime: draft.runtime }),
    };
}
