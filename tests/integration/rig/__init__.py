# SPDX-License-Identifier: GPL-2.0-or-later
"""What the integration cases stand on: the unmodified daemon, a bus, a kernel and a wire of their own."""
