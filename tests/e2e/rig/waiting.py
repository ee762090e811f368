# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for what makes no event that a process outside the container could wait for."""

import time

PATIENCE = 60.0  # seconds until something that must happen counts as never happening


def until(condition, what, patience=PATIENCE):
    """Look again and again. Returns what the condition returned."""
    deadline = time.monotonic() + patience
    while not (met := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {patience:g} s in vain until {what}')
        time.sleep(0.02)
    return met
