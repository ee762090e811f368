// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts, numbers and times as the user reads them. Works without Cockpit too, in English, so that unit tests can run.

const base = typeof cockpit === 'undefined' ? undefined : cockpit;

export const gettext = (text: string): string => base?.gettext(text) ?? text;

export const ngettext = (singular: string, plural: string, n: number): string =>
    base?.ngettext(singular, plural, n) ?? (n === 1 ? singular : plural);

/** Puts the arguments where $0, $1, … stand. */
export const format = (text: string, ...args: (string | number)[]): string =>
    text.replace(/\$(\d)/g, (whole, index: string) => String(args[Number(index)] ?? whole));

/** A BCP 47 tag: Cockpit says zh_CN. */
export const language = (): string => (base?.language || 'en').replace('_', '-').replace(/[.@].*/, '');

export const number = (value: number): string => new Intl.NumberFormat(language()).format(value);

export const bytes = (value: number): string => {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
    let power = 0;
    while (value >= 1000 && power < units.length - 1) {
        value /= 1000;
        power += 1;
    }
    return new Intl.NumberFormat(language(), {
        style: 'unit', unit: units[power], unitDisplay: power === 0 ? 'long' : 'short', maximumSignificantDigits: 3,
    }).format(value);
};

/** Packets per second; two digits are all that can be told from some seconds. */
export const rate = (value: number): string =>
    new Intl.NumberFormat(language(), { maximumSignificantDigits: 2 }).format(value);

export const time = (date: Date): string =>
    new Intl.DateTimeFormat(language(), { timeStyle: 'medium' }).format(date);

/** For the axis of a chart, where seconds are not told apart. */
export const minute = (date: Date): string =>
    new Intl.DateTimeFormat(language(), { timeStyle: 'short' }).format(date);
