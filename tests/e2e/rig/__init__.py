# SPDX-License-Identifier: GPL-2.0-or-later
"""Booted containers of a Debian release, wires between them, and cases that judge what happens there.

What a case needs: case.Case, container.Container, network.Wire and network.Switch, routers.Lab.
"""
