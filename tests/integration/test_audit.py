# SPDX-License-Identifier: GPL-2.0-or-later
"""Audit: what it says of a host, and that it is true."""

import socket
import subprocess
from pathlib import Path

from rig import isolation, kernel
from rig.case import OPEN, Case, WireCase, tool
from rig.isolation import CASE, Namespace
from rig.record import Record
from rig.vmac import Vmac
from rig.wire import MESSAGES, Wire, quiet

AS_USER = ('setpriv --reuid=vmac-mldfilter --regid=vmac-mldfilter --clear-groups --no-new-privs '
           '--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin')
KEEPALIVED = '''global_defs {
  vrrp_version 3
  nftables keepalived
}
vrrp_instance v6 {
  state BACKUP
  interface eth0
  use_vmac vrrp1v6
  virtual_router_id 1
  priority 200
  virtual_ipaddress {
    fe80::1:1/64
    2001:db8::1/64
  }
}
'''


class Audited(Case):
    def findings(self):
        """{(interface, id): (severity, message)}; each kind is said once about an interface."""
        found = {}
        for finding in self.root.audit():
            key = finding['interface'], finding['id']
            self.assertNotIn(key, found)
            found[key] = finding['severity'], finding['message']
        return found

    def complaints(self):
        """All that is not ok, without words."""
        return {key: severity for key, (severity, _) in self.findings().items() if severity != 'ok'}

    def assert_said(self, interface, identity, severity, *texts):
        found = self.findings()
        self.assertIn((interface, identity), found)
        self.assertEqual(found[interface, identity][0], severity)
        for text in texts:
            self.assertIn(text, found[interface, identity][1])


class NoVmac(Audited):
    def test_is_well(self):
        self.assertEqual(self.root.audit(), [{'interface': '', 'severity': 'ok', 'id': 'protected',
                                              'message': 'The kernel holds the rules for 0 interfaces'}])

    def test_waits_for_an_interface(self):
        self.root.add('vrrp6')
        self.assert_said('vrrp6', 'interface-absent', 'ok', 'RemoveInterface')
        self.assertEqual(self.complaints(), {})


class AuditedWire(Audited, WireCase):
    """A VMAC that is set up as it should be."""

    configuration = OPEN

    def prepare(self):
        super().prepare()
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=0, autoconf=0)


class Host(AuditedWire):
    def test_is_well(self):
        self.assertEqual(self.complaints(), {})
        self.assert_said('', 'protected', 'ok', '1 interface, and the guard on eth0')
        self.assert_said('vrrp6', 'message-covered', 'ok', 'relocated to eth0 by its entry',
                         'Behind it stands the guard on eth0', *MESSAGES)

    def test_is_well_after_all_was_said(self):
        self.vmac.all_messages()
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=0)
        self.assertEqual(self.complaints(), {})

    def test_anybody_may_ask(self):
        self.assertEqual(self.nobody.audit(), self.root.audit())
        for finding in self.nobody.audit():
            self.assertEqual(finding.keys(), {'interface', 'severity', 'id', 'message'})
            self.assertIn(finding['severity'], ('ok', 'warning', 'critical'))

    def test_changes_nothing(self):
        with self.nothing_changes(), self.transactions(0), self.signals() as signals:
            self.root.audit()
        self.assertEqual(signals, [])

    def test_worst_first(self):
        self.root.add('vrrp6', action='allow')
        with self.daemon.halted():
            kernel.nft('delete table ip6 vmac_mldfilter')
        self.assertEqual([(finding['severity'], finding['interface']) for finding in self.root.audit()],
                         [('warning', ''), ('warning', 'vrrp6'), ('ok', '')])

    def test_restored(self):
        with self.daemon.halted():
            kernel.nft('flush ruleset')
        self.assert_said('', 'rules-restored', 'warning', '1 time', 'last changed by nft')

    def test_messages_that_left_meanwhile(self):
        """The kernel's own count, whatever our counters say. Until somebody has taken note of it."""
        kernel.sysctl('ipv6', 'vrrp6', force_mld_version=2)
        with self.daemon.halted():
            kernel.nft('flush ruleset')
            group = self.vmac_speaks()
            self.wire.frames.wait(lambda frame: group in frame.groups)
        self.assert_said('vrrp6', 'message-left', 'critical', 'mld2-listener-report have left')
        self.root.reset('vrrp6')
        self.assertNotIn(('vrrp6', 'message-left'), self.findings())

    def vmac_speaks(self, group='ff05::77'):
        kernel.join6('vrrp6', group)
        return group

    def test_messages_that_left_before_it_was_under_management(self):
        self.root.add('vrrp6', action='allow')
        group = self.vmac_speaks()
        self.wire.frames.wait(lambda frame: group in frame.groups)
        self.root.add('vrrp6', action='relocate')
        self.assertEqual(self.complaints(), {})

    def test_made_again(self):
        """Its counts begin at zero, and so does what is held against it."""
        self.vmac.all_messages()
        kernel.ip('link', 'del', 'vrrp6')
        self.vmac.make()
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=0)
        self.wait_for_interface('vrrp6')
        self.vmac.mld2_report()
        self.assertEqual(self.complaints(), {})

    def test_guard_has_caught_something(self):
        """What comes from another network namespace has no entry here."""
        elsewhere = Namespace('elsewhere')
        kernel.ip('link', 'set', 'vrrp6', 'netns', 'elsewhere')
        self.wait_for_no_interface('vrrp6')
        self.assertEqual(self.complaints(), {})
        with elsewhere.inside():
            quiet('vrrp6')
            kernel.bring_up('vrrp6')
            group = self.vmac_speaks('ff05::78')
        self.wire.frames.wait(lambda frame: group in frame.groups and frame.source == self.wire.mac)
        self.assert_said('eth0', 'guard-caught', 'warning', 'mld2-listener-report',
                         'in another network namespace above eth0')

    def test_exempt_by_action(self):
        self.root.add('vrrp6', action='allow')
        self.assertEqual(self.complaints(), {('vrrp6', 'message-exempt'): 'warning'})

    def test_exempt_by_messages(self):
        self.root.add('vrrp6', messages=['mld2-listener-report'])
        self.assert_said('vrrp6', 'message-exempt', 'warning', 'mld-listener-done, nd-router-solicit and igmp')

    def test_no_parent_to_relocate_to(self):
        kernel.ip('link', 'add', 'alone', 'type', 'veth', 'peer', 'name', 'peer')
        self.root.add('alone')
        self.assert_said('alone', 'relocation-impossible', 'warning', 'no parent was named')

    def test_name_that_cannot_be_written(self):
        kernel.ip('link', 'set', 'vrrp6', 'down')
        kernel.ip('link', 'set', 'vrrp6', 'name', '@v')
        self.wait_for_no_interface('vrrp6')
        self.assertEqual(self.complaints(), {('@v', 'not-managed'): 'warning'})
        self.assert_said('@v', 'message-covered', 'ok', 'sent with the MAC of eth0 by its guard')


class OwnUser(AuditedWire):
    """All facts can be read, and the tables of others listed, without being root."""

    starts = False

    def setUp(self):
        isolation.add_user('vmac-mldfilter', 990)
        super().setUp()
        isolation.run('chown', 'vmac-mldfilter', self.daemon.state)

    def test_sees_everything(self):
        self.daemon.start(AS_USER)
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=1, autoconf=1, addr_gen_mode=0)
        kernel.nft('table ip filter { chain OUTPUT { type filter hook output priority 0; oifname "vrrp6" drop } }')
        with self.daemon.halted():
            kernel.nft('delete table ip6 vmac_mldfilter')
            kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1)
            self.vmac.join6()
        self.assertEqual(self.complaints(), {
            ('vrrp6', 'message-left'): 'critical', ('', 'rules-restored'): 'warning',
            ('eth0', 'guard-caught'): 'warning', ('vrrp6', 'relocation-blocked'): 'warning',
            ('vrrp6', 'accept-ra'): 'warning', ('vrrp6', 'autoconf'): 'warning',
            ('vrrp6', 'eui64-address'): 'warning'})


class Configured(AuditedWire):
    starts = False

    def start(self, text):
        self.daemon.configure(text)
        self.daemon.start()

    def test_nobody_protects(self):
        self.start('auto_detect = false\nguard = "off"\n')
        self.assertEqual(self.complaints(), {('vrrp6', 'message-uncovered'): 'critical', ('', 'guard-off'): 'warning',
                                             ('vrrp6', 'not-managed'): 'warning'})
        self.assert_said('vrrp6', 'message-uncovered', 'critical', 'AddInterface', *MESSAGES)
        self.root.add('vrrp6')
        self.assertEqual(self.complaints(), {('', 'guard-off'): 'warning'})

    def test_guard_alone(self):
        self.start('auto_detect = false\nguard = ["eth0"]\n')
        self.assertEqual(self.complaints(), {('vrrp6', 'not-managed'): 'warning'})
        self.assert_said('vrrp6', 'not-managed', 'warning', 'auto_detect', 'guard alone')

    def test_too_many(self):
        Vmac('vrrp7', mac='00:00:5e:00:02:07')
        self.start('max_interfaces = 1\n')
        unmanaged = ({'vrrp6', 'vrrp7'} - self.root.list().keys()).pop()
        self.assert_said(unmanaged, 'not-managed', 'warning', 'max_interfaces (1)')


class Foreign(AuditedWire):
    """The tables of others."""

    def test_keepalived_as_it_is(self):
        keepalived = self.start_keepalived()
        self.assert_said('vrrp1v6', 'message-covered', 'ok', "by keepalived's own table",
                         'relocated to eth0 by its entry')
        self.assert_said('vrrp1v6', 'keepalived-incomplete', 'ok', 'mld-listener-done')
        self.assertNotIn('critical', self.complaints().values())
        keepalived.terminate()
        keepalived.wait()

    def test_keepalived_alone(self):
        self.daemon.configure('auto_detect = false\nguard = "off"\n')
        self.root.reload()
        keepalived = self.start_keepalived()
        self.assert_said('vrrp1v6', 'message-uncovered', 'critical', 'mld-listener-done')
        self.assert_said('vrrp1v6', 'keepalived-incomplete', 'warning', 'mld-listener-done')
        self.assertNotIn('mld2-listener-report', self.findings()['vrrp1v6', 'message-uncovered'][1])
        kernel.nft('flush ruleset')
        self.assert_said('vrrp1v6', 'message-uncovered', 'critical', 'mld2-listener-report')
        self.assertNotIn(('vrrp1v6', 'keepalived-incomplete'), self.findings())
        keepalived.terminate()
        keepalived.wait()

    def start_keepalived(self):
        kernel.ip('address', 'add', 'fe80::2/64', 'dev', 'eth0', 'nodad')
        configuration = CASE / 'keepalived.conf'
        configuration.write_text(KEEPALIVED, encoding='ascii')
        keepalived = subprocess.Popen([tool('keepalived'), '--dont-fork', '--log-console',
                                       f'--use-file={configuration}'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True)
        log = Record('line of keepalived')
        log.follow(iter(keepalived.stdout.readline, ''))
        log.wait(lambda line: 'Entering BACKUP STATE' in line)
        kernel.until(lambda: ('ip6', 'keepalived') in kernel.all_tables(), 'for the table of keepalived')
        kernel.until(lambda: 'vrrp1v6' in kernel.foreign('ip6', 'keepalived'), 'for its interface in there')
        return keepalived

    def test_firewall_that_drops_before_us(self):
        kernel.nft('table ip filter { chain OUTPUT { type filter hook output priority 0; oifname "vrrp6" '
                   'ip protocol igmp drop } }')
        self.assertEqual(self.complaints(), {('vrrp6', 'relocation-blocked'): 'warning'})
        self.assert_said('vrrp6', 'message-covered', 'ok', 'igmp: dropped by table ip filter')
        kernel.nft('delete table ip filter')
        self.assertEqual(self.complaints(), {})

    def test_firewall_that_drops_what_was_relocated(self):
        """A copy that leaves through the parent meets the rules for the parent."""
        kernel.nft('table ip6 filter { chain OUTPUT { type filter hook output priority 0; oifname "eth0" '
                   'icmpv6 type mld2-listener-report drop } }')
        self.vmac.mld2_report()
        self.vmac.mld1_report()
        self.assertNotIn('mld2-listener-report', [frame.kind for frame in self.settle().relocated])
        self.assertEqual(self.complaints(), {('vrrp6', 'relocation-blocked'): 'warning'})
        self.assert_said('vrrp6', 'relocation-blocked', 'warning', 'drops mld2-listener-report on eth0')

    def test_firewall_that_drops_elsewhere(self):
        kernel.nft('table ip filter { chain OUTPUT { type filter hook output priority 0; policy drop; '
                   'oifname { "eth0", "vrrp6" } accept } }\n'
                   'table ip6 filter { chain OUTPUT { type filter hook output priority 0; policy drop; '
                   'oifname "eth*" accept; oifname "vrrp*" accept } }')
        self.assertEqual(self.complaints(), {})

    def test_firewall_of_iptables(self):
        """The type of an ICMPv6 message is in an extension, which nobody but iptables can read."""
        self.ip6tables('-A', 'OUTPUT', '-o', 'vrrp6', '-p', 'icmpv6', '--icmpv6-type', '143', '-j', 'DROP')
        self.assert_said('vrrp6', 'firewall-unreadable', 'warning', 'table ip6 filter may drop',
                         'mld2-listener-report', "iptables' match icmp6")
        kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1)
        self.wire.frames.wait(lambda frame, group=self.vmac.join6(): group in frame.groups)
        self.assertNotIn('mld-listener-report', self.findings()['vrrp6', 'firewall-unreadable'][1],
                         'what comes to our rule is not dropped before')
        self.ip6tables('-F', 'OUTPUT')
        self.assertEqual(self.complaints(), {})

    @staticmethod
    def ip6tables(*words):
        subprocess.run([tool('ip6tables-nft'), *words], check=True)

    def test_table_over_which_libnftables_aborts(self):
        pid = self.daemon.process.pid
        name = b'\xff'.decode(errors='surrogateescape')
        kernel.nft('table ip6 filter { chain output { type filter hook output priority 0; '
                   f'oifname "{name}" drop }} }}')
        self.assert_said('vrrp6', 'firewall-unreadable', 'warning', 'libnftables crashed')
        self.assertTrue(self.daemon.running)
        self.assertEqual(self.daemon.process.pid, pid)
        kernel.nft('delete table ip6 filter')
        self.assertEqual(self.complaints(), {})

    def test_is_not_listed_again_while_nothing_changes(self):
        """Listing starts a process. What others have asked for a minute ago is still true."""
        self.root.audit()
        children = Path(f'/proc/{self.daemon.process.pid}/stat').read_text(encoding='ascii')
        self.assertEqual(self.root.audit(), self.root.audit())
        after = Path(f'/proc/{self.daemon.process.pid}/stat').read_text(encoding='ascii')
        minor_faults_of_children = 10
        self.assertEqual(children.split()[minor_faults_of_children], after.split()[minor_faults_of_children])


class Bridge(Audited):
    """The parent is a bridge of this host."""

    def prepare(self):
        wire = Wire('port0')
        kernel.ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '1')
        kernel.ip('link', 'set', wire.near, 'master', 'br0')
        kernel.ip('link', 'set', 'br0', 'up')
        Vmac(parent='br0')
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=0)

    def test_snoops_and_vmac_relocates(self):
        self.assertEqual(self.complaints(), {})

    def test_snoops_and_vmac_drops(self):
        self.root.add('vrrp6', action='drop')
        self.assertEqual(self.complaints(), {('vrrp6', 'split-brain'): 'critical'})
        kernel.ip('link', 'set', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
        kernel.until(lambda: not self.complaints())


class Setup(AuditedWire):
    def test_router_advertisements(self):
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=1, autoconf=1, forwarding=0)
        self.assertEqual(self.complaints(), {('vrrp6', 'accept-ra'): 'warning', ('vrrp6', 'autoconf'): 'warning'})
        kernel.sysctl('ipv6', 'vrrp6', forwarding=1)
        self.assertEqual(self.complaints(), {})

    def test_address_of_the_shared_mac(self):
        kernel.sysctl('ipv6', 'vrrp6', addr_gen_mode=0)
        self.assertEqual(self.complaints(), {('vrrp6', 'eui64-address'): 'warning'})
        kernel.ip('link', 'set', 'vrrp6', 'addrgenmode', 'random')
        self.assertEqual(self.complaints(), {})

    def test_other_manager(self):
        index = socket.if_nametoindex('vrrp6')
        state = Path(f'/run/NetworkManager/devices/{index}')
        state.parent.mkdir(parents=True)
        state.write_text('[device]\nmanaged=true\nnm-owned=false\n', encoding='ascii')
        self.assertEqual(self.complaints(), {('vrrp6', 'other-manager'): 'warning'})
        state.write_text('[device]\nmanaged=false\nnm-owned=false\n', encoding='ascii')
        self.assertEqual(self.complaints(), {})
