// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cockpit says which theme is wanted: in localStorage for all frames, by an event for those that are open, and "auto"
// means what the system prefers. PatternFly looks for its own class, which differs between the versions that Cockpit
// has had, so it is set here.

const dark = window.matchMedia('(prefers-color-scheme: dark)');
let chosen: string | null = null;

function apply(): void {
    const style = chosen ?? localStorage.getItem('shell:style') ?? 'auto';
    const isDark = style === 'dark' || (style === 'auto' && dark.matches);
    document.documentElement.classList.toggle('pf-v6-theme-dark', isDark);
    window.dispatchEvent(new Event('theme-changed'));
}

export function followTheme(): void {
    window.addEventListener('storage', event => {
        if (event.key === 'shell:style') {
            chosen = null;
            apply();
        }
    });
    window.addEventListener('cockpit-style', event => {
        chosen = (event as CustomEvent<{ style?: string }>).detail?.style ?? null;
        apply();
    });
    dark.addEventListener('change', apply);
    apply();
}
