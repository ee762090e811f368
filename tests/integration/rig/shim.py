# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults that cannot be produced otherwise: shim.c, compiled and preloaded into the service."""

import contextlib
import os
from pathlib import Path

from .isolation import CASE, run


class Shim:
    """To be made before the daemon is started; then faults come and go."""

    def __init__(self, daemon):
        library = CASE / 'shim.so'
        self._faults = CASE / 'shim'
        self._faults.mkdir()
        self._faults.chmod(0o777)  # the worker notes there too, whoever it is
        run('cc', '-std=c11', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', library,
            Path(__file__).with_name('shim.c'), '-ldl')
        # A sanitizer wants to be the first library, but works as the second one.
        daemon.environment = {**daemon.environment, 'LD_PRELOAD': str(library), 'VMAC_SHIM': str(self._faults),
                              'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'}

    def set(self, fault, *words):
        """Replaced in one step: the service may look at any time."""
        new = self._faults / 'new'
        new.write_text(' '.join(map(str, words)), encoding='ascii')
        new.rename(self._faults / fault)

    def clear(self, fault):
        (self._faults / fault).unlink()

    def strokes(self, fault):
        """How often it has struck."""
        struck = self._faults / f'{fault}.struck'
        return struck.stat().st_size if struck.exists() else 0

    @contextlib.contextmanager
    def fault(self, name, *words):
        """It is there while this is open, and strikes at least once."""
        before = self.strokes(name)
        self.set(name, *words)
        try:
            yield
        finally:
            self.clear(name)
        assert self.strokes(name) > before, f'{name} never struck'
