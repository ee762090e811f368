// SPDX-License-Identifier: GPL-2.0-or-later
//
// What src/model/interface_name.cpp and src/model/options.cpp would refuse, said while one types. What both let
// through and the kernel does not is said by the service.

import { format, gettext as _ } from '../i18n';
import type { Entry, Message } from './types';

const LONGEST = 15;

/** Words that libnftables takes for numbers. */
const PROTOCOLS = ['tcp', 'udp', 'udplite', 'esp', 'ah', 'icmp', 'icmpv6', 'comp', 'dccp', 'sctp', 'redirect'];

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The white space of the kernel is that of Latin-1, byte by byte: a no-break space is, and so is half of "à". */
const isForbidden = (byte: number): boolean =>
    byte === 0x2f || byte === 0x3a || byte === 0 || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;

/** @returns why @p name cannot be the name of an interface; empty if it can. */
export function nameProblem(name: string): string {
    const bytes = encode(name);
    if (bytes.length === 0)
        return _("Enter a name of 1 to 15 bytes.");
    if (bytes.length > LONGEST)
        return format(_("This has $0 bytes; a name has 15 at most."), bytes.length);
    if (name === '.' || name === '..')
        return _("The kernel keeps “.” and “..” for itself.");
    if (bytes.some(isForbidden))
        return bytes.includes(0xa0) && !name.includes('\u00a0')
            ? _("The kernel takes a part of one of these letters for white space.")
            : _("The kernel accepts no “/”, “:” or white space in a name.");
    if (name.startsWith('@'))
        return _("nftables takes a leading “@” for the name of a set.");
    if (name.endsWith('\\*'))
        return _("nftables takes “\\*” at the end for “*”.");
    if (PROTOCOLS.includes(name))
        return _("nftables takes this word for a number.");
    return '';
}

export function newNameProblem(name: string, entries: readonly Entry[]): string {
    if (entries.some(entry => entry.name === name))
        return _("This interface is in the table already: change it there.");
    return nameProblem(name);
}

/** @param devices those of the host; null when they are not known. The service has the last word then. */
export function parentProblem(parent: string, name: string, devices: readonly string[] | null): string {
    if (parent === '')
        return '';
    if (parent === name)
        return _("An interface cannot be its own parent.");
    if (nameProblem(parent) !== '')
        return nameProblem(parent);
    if (devices && !devices.includes(parent))
        return _("There is no such device on this machine.");
    return '';
}

export const messagesProblem = (messages: readonly Message[]): string =>
    messages.length === 0 ? _("Choose at least one message.") : '';

/** @param text /proc/net/dev, which unlike /sys is always that of the network namespace of its reader. */
export function devicesOf(text: string): string[] {
    return text.split('\n').slice(2)
        .map(line => line.slice(0, Math.max(0, line.indexOf(':'))).trim())
        .filter(name => name !== '' && name !== 'lo')
        .sort();
}
