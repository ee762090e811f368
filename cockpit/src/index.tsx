// SPDX-License-Identifier: GPL-2.0-or-later
import '@patternfly/react-core/dist/styles/base.css';
import 'uplot/dist/uPlot.min.css';

import { createRoot } from 'react-dom/client';

import { App } from './app';
import { gettext as _, language } from './i18n';
import { followTheme } from './theme';
// After what the components bring: it has the last word.
import './page.css';

followTheme();
document.documentElement.lang = language();
document.documentElement.dir = cockpit.language_direction ?? 'ltr';
document.title = _("MLD filter");

const element = document.getElementById('app');
if (element)
    createRoot(element).render(<App />);
