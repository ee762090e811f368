# SPDX-License-Identifier: GPL-2.0-or-later
"""The page in Cockpit, as an administrator comes to it: a login, limited access, administrative access."""

import json
import os
import subprocess
from pathlib import Path

from e2e.rig.case import Case
from e2e.rig.network import Wire

DRIVER = Path(__file__).resolve().parents[1] / 'page' / 'login.mjs'
USER, PASSWORD = 'admin', 'correct horse battery'


class Page(Case):
    def test_login(self):
        """Log in with Chromium, see, become administrator, add an interface, start the service by its button."""
        self.vm = self.machine(wires=[Wire()])
        self.vm.run('useradd', '--create-home', '--shell=/bin/bash', '--groups=sudo', USER)
        self.vm.run('chpasswd', text=f'{USER}:{PASSWORD}\n')
        self.vm.write('/etc/cockpit/cockpit.conf', '[WebService]\nAllowUnencrypted = true\n')
        self.vm.set_up('eth0')
        self.vm.add_vmac()
        # As keepalived makes it: otherwise the audit has something to say.
        self.vm.run('sysctl', '--quiet', *(f'net.ipv6.conf.vrrp6.{each}' for each in (
            'accept_ra=0', 'autoconf=0', 'addr_gen_mode=1')))
        self.vm.run('ip', 'address', 'flush', 'dev', 'vrrp6')
        self.assertEqual([found for found in self.vm.call('Audit') if found['severity']['data'] != 'ok'], [])
        self.vm.systemctl('start', 'cockpit.socket')
        self.note(self.vm.run('cockpit-bridge', '--version').splitlines()[0])

        # Chromium is this machine's, in the network of the container: the address is the container's own.
        with subprocess.Popen(['node', DRIVER, 'http://127.0.0.1:9090', USER, PASSWORD], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, 'ENTER': f'--target={self.vm.leader} --net'}) as driver:
            for line in driver.stdout:
                told = json.loads(line)
                if 'check' in told:
                    self.check(told['check'], told['good'])
                    continue
                getattr(self, told['ask'])()
                driver.stdin.write('\n')
                driver.stdin.flush()
        self.assertEqual(driver.returncode, 0, 'what was done in Chromium')

    # --- what the driver asks for

    def added(self):
        self.check('the service has it', self.vm.interfaces().get('vrrp9', {}).get('origins'), ['api'])

    def stop(self):
        self.vm.systemctl('stop', 'vmac-mldfilter')

    def stopped(self):
        self.check('looking at it does not start the service', not self.vm.is_active('vmac-mldfilter'))

    def started(self):
        self.check('systemd has started it', self.vm.is_active('vmac-mldfilter'))
