# SPDX-License-Identifier: GPL-2.0-or-later
"""The units as they are installed: what they confine, and in which order they start. No systemd runs for this."""

import configparser
import os
import subprocess
import unittest
from pathlib import Path

from rig.case import tool

BUILD = Path(os.environ['BUILD_ROOT'])
NAMES = ('vmac-mldfilter.service', 'vmac-mldfilter-restore.service')

# systemd-networkd's list, and what goes beyond it. `systemd-analyze security` knows some of them only.
CONFINED = {
    'User': 'vmac-mldfilter', 'AmbientCapabilities': 'CAP_NET_ADMIN', 'CapabilityBoundingSet': 'CAP_NET_ADMIN',
    'NoNewPrivileges': 'yes', 'LockPersonality': 'yes', 'MemoryDenyWriteExecute': 'yes', 'PrivateDevices': 'yes',
    'PrivateMounts': 'yes', 'PrivateTmp': 'yes', 'DevicePolicy': 'closed', 'ProtectClock': 'yes',
    'ProtectControlGroups': 'yes', 'ProtectHome': 'yes', 'ProtectHostname': 'yes', 'ProtectKernelLogs': 'yes',
    'ProtectKernelModules': 'yes', 'ProtectKernelTunables': 'yes', 'ProtectProc': 'invisible',
    'ProtectSystem': 'strict', 'RemoveIPC': 'yes', 'RestrictAddressFamilies': 'AF_UNIX AF_NETLINK',
    'IPAddressDeny': 'any', 'RestrictNamespaces': 'yes', 'RestrictRealtime': 'yes', 'RestrictSUIDSGID': 'yes',
    'SystemCallArchitectures': 'native', 'SystemCallErrorNumber': 'EPERM', 'UMask': '0077',
    'StateDirectory': 'vmac-mldfilter', 'StateDirectoryMode': '0750',
    'RuntimeDirectory': 'vmac-mldfilter', 'RuntimeDirectoryPreserve': 'yes',
}
HIGHEST_EXPOSURE = 12  # tenths


class Unit:
    """The settings of a file, each a list of what it is set to, line by line."""

    def __init__(self, path):
        self.lines = path.read_text(encoding='utf-8').splitlines()
        self.settings = {}
        for line in self.lines:
            if '=' in line and not line.startswith('#'):
                name, value = line.split('=', 1)
                self.settings.setdefault(name, []).append(value)

    def words(self, name):
        return set(' '.join(self.settings.get(name, ())).split())


class Units(unittest.TestCase):
    def setUp(self):
        self.units = {name: Unit(BUILD / 'systemd' / name) for name in NAMES}

    def test_confined(self):
        for name, unit in self.units.items():
            for directive, value in CONFINED.items():
                with self.subTest(name, directive=directive):
                    self.assertEqual(unit.settings.get(directive), [value])

    def test_exposure(self):
        """By systemd's own rating, of the files and not of a running system."""
        for name in NAMES:
            done = subprocess.run([tool('systemd-analyze'), 'security', '--offline=yes', '--no-pager',
                                   f'--threshold={HIGHEST_EXPOSURE}', BUILD / 'systemd' / name],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_before_any_network(self):
        for name, unit in self.units.items():
            with self.subTest(name):
                self.assertIn('network-pre.target', unit.words('Before') & unit.words('Wants'))
                self.assertEqual(unit.settings['DefaultDependencies'], ['no'])
                self.assertLessEqual({'local-fs.target', 'systemd-sysusers.service', 'nftables.service'},
                                     unit.words('After'))
                self.assertIn('shutdown.target', unit.words('Before') & unit.words('Conflicts'))
                self.assertEqual(unit.settings['WantedBy'], ['multi-user.target'])
        self.assertIn(NAMES[0], self.units[NAMES[1]].words('Before'))

    def test_without_the_bus(self):
        """What is behind dbus.socket is behind sysinit.target, which may be behind the network."""
        for name, unit in self.units.items():
            for relation in ('After', 'Requires', 'Wants', 'BindsTo', 'Requisite'):
                with self.subTest(name, relation=relation):
                    self.assertEqual({word for word in unit.words(relation) if 'dbus' in word}, set())
        self.assertNotIn('BusName', self.units[NAMES[1]].settings)

    def test_kept_alive(self):
        main = self.units[NAMES[0]].settings
        self.assertEqual((main['Type'], main['BusName'], main['Restart'], main['StartLimitIntervalSec'], main['Alias']),
                         (['notify'], ['org.vmac.MldFilter'], ['on-failure'], ['0'],
                          ['dbus-org.vmac.MldFilter.service']))
        self.assertEqual((main['WatchdogSec'], 'RestartSec' in main), (['1min'], True))

    def test_started_by_the_first_call(self):
        """The file of the bus names the unit, which has the alias that systemd looks for."""
        activation = configparser.ConfigParser(interpolation=None)
        activation.optionxform = str
        activation.read(BUILD / 'dbus' / 'org.vmac.MldFilter.service')
        self.assertEqual(dict(activation['D-BUS Service']),
                         {'Name': 'org.vmac.MldFilter', 'Exec': '/bin/false', 'User': 'root',
                          'SystemdService': NAMES[0]})

    def test_restores_once(self):
        restore = self.units[NAMES[1]].settings
        self.assertEqual((restore['Type'], restore['RemainAfterExit'], restore['TimeoutStartSec']),
                         (['oneshot'], ['yes'], ['30s']))
        self.assertTrue(restore['ExecStart'][0].endswith('/vmac-mldfilterd --restore'), restore['ExecStart'])
