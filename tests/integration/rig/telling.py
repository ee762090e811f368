# SPDX-License-Identifier: GPL-2.0-or-later
"""What `systemctl status` shows, which comes another way than signals and answers, and so a little earlier or later."""

import re


def wait_for_status(daemon, pattern):
    """Until the status line is one that begins so."""
    def said(message):
        return any(re.match(pattern, line.removeprefix('STATUS=')) for line in message.splitlines()
                   if line.startswith('STATUS='))
    mark = daemon.notified.mark()
    if not re.match(pattern, daemon.status()):
        daemon.notified.wait(said, mark)
