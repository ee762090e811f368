# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables in the kernel: their own are taken over or put right, those of others are never touched."""

from rig import kernel
from rig.case import OPEN, Case, WireCase
from rig.traffic import Owner
from rig.wire import Wire

FOREIGN = '''
table ip6 keepalived {
  set vmacs { type ifname; elements = { "vrrp6", "vrrp7" }; }
  counter seen { packets 7 bytes 700 }
  chain out {
    type filter hook output priority filter - 1; policy accept;
    oifname @vmacs icmpv6 type mld2-listener-report counter packets 3 bytes 300 drop
  }
}
table inet filter {
  map verdicts { type ifname : verdict; elements = { "eth0" : accept }; }
  chain relocate { counter drop; }
}
table netdev vmac_mldfilter2 {
  chain egress_eth0 { counter; }
}
table inet vmac_mldfilter {
  chain output { type filter hook output priority 0; counter; }
}
table ip6 vmac_mldfilter2 { }
'''
FOREIGN_TABLES = (('ip6', 'keepalived'), ('inet', 'filter'), ('netdev', 'vmac_mldfilter2'), ('inet', 'vmac_mldfilter'),
                  ('ip6', 'vmac_mldfilter2'))


class Foreign(Case):
    """Tables of others, some of which look like ours: other families, other names."""

    configuration = OPEN

    starts = False

    def prepare(self):
        kernel.nft(FOREIGN)

    def test_never_touched(self):
        before = [kernel.foreign(*table) for table in FOREIGN_TABLES]
        self.daemon.start()
        self.root.set({f'vrrp{number}': {} for number in range(100)})
        self.root.add('vrrp6', action='drop')
        self.root.reset()
        self.root.remove('vrrp6')
        kernel.nft('delete table ip6 vmac_mldfilter')
        self.root.all_counters()
        self.daemon.restart()
        self.root.set({})
        self.assertEqual([kernel.foreign(*table) for table in FOREIGN_TABLES], before)


class Layout(Case):
    def test_as_the_design_says(self):
        self.root.add('vrrp6', action='drop', messages=['igmp', 'mld-listener-done'])
        listed = {family: kernel.foreign(family, kernel.TABLE) for family in ('ip6', 'ip')}
        for family, texts in {
                'ip6': ('type ifname . icmpv6_type : verdict', 'type ifname : iface_index',
                        'dup to ip6 daddr device oifname map @parents', 'oifname . icmpv6 type vmap @verdicts'),
                'ip': ('type ifname : verdict', 'type ifname : iface_index',
                       'dup to ip daddr device oifname map @parents', 'ip protocol 2 oifname vmap @verdicts')}.items():
            for text in (*texts, 'type filter hook output priority 10; policy accept;', 'counter'):
                with self.subTest(family=family, text=text):
                    self.assertIn(text, listed[family])

    def test_no_table_in_other_families(self):
        """Nor in netdev while there is no device to guard."""
        self.root.add('vrrp6')
        self.assertEqual(sorted(kernel.all_tables()), [('ip', kernel.TABLE), ('ip6', kernel.TABLE)])
        kernel.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far0')
        kernel.ip('link', 'add', 'v6', 'link', 'eth0', 'address', '00:00:5e:00:02:05', 'type', 'macvlan')
        self.wait_for_interface('v6')
        self.assertEqual(sorted(kernel.all_tables()),
                         [('ip', kernel.TABLE), ('ip6', kernel.TABLE), ('netdev', kernel.TABLE)])


class UnderOurName(WireCase):
    """What stands under our name at start and is not what we would have made."""

    starts = False

    def setUp(self):
        super().setUp()
        self.daemon.configure('[interface.vrrp6]\n')

    def assert_put_right(self):
        self.daemon.start()
        self.assertTrue(self.root.properties()['Protected'])
        self.assert_in_force('vrrp6', parent='eth0')
        self.vmac.mld1_report()
        self.assert_relocated()

    def test_nothing(self):
        self.assert_put_right()

    def test_other_content(self):
        kernel.nft('table ip6 vmac_mldfilter { chain output { type filter hook output priority 0; policy drop; } }')
        self.assert_put_right()
        self.assertNotIn('policy drop', kernel.foreign('ip6', kernel.TABLE))

    def test_map_of_another_type(self):
        kernel.nft('table ip6 vmac_mldfilter { map verdicts { type ifname : verdict; elements = { "x" : drop } ; } }')
        self.assert_put_right()

    def test_set_in_place_of_a_map(self):
        kernel.nft('table ip vmac_mldfilter { set parents { type ipv4_addr; } }')
        self.assert_put_right()

    def test_dormant(self):
        kernel.nft('table ip6 vmac_mldfilter { flags dormant; }')
        self.assert_put_right()

    def test_guard_of_another_make(self):
        kernel.nft('table netdev vmac_mldfilter { set registered { type ipv4_addr; } ; chain egress_eth0 '
                   '{ type filter hook egress device "eth0" priority 0; policy accept; } }')
        self.assert_put_right()
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_guard_of_a_device_that_needs_none(self):
        Wire('eth9', 'far9', self.wire.namespace)
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('add chain netdev vmac_mldfilter egress_eth9 '
                   '{ type filter hook egress device "eth9" priority 0; policy accept; }')
        self.assert_put_right()
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_guard_missing(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('delete table netdev vmac_mldfilter')
        self.assert_put_right()
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_guard_with_another_mac(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        listed = kernel.foreign('netdev', kernel.TABLE)
        self.assertIn(self.wire.mac, listed)
        kernel.nft('delete table netdev vmac_mldfilter\n' + listed.replace(self.wire.mac, '02:00:00:00:00:bb'))
        self.assert_put_right()
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_one_family_missing(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('delete table ip vmac_mldfilter')
        self.assert_put_right()

    def test_one_element_missing(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('delete element ip6 vmac_mldfilter verdicts { "vrrp6" . mld2-listener-report }')
        self.assert_put_right()

    def test_one_element_too_many(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('add element ip6 vmac_mldfilter verdicts { "eth0" . echo-request : drop }')
        self.assert_put_right()
        self.assertEqual({interface for interface, _ in kernel.verdicts()}, {'vrrp6'})

    def test_wrong_verdict(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('delete element ip6 vmac_mldfilter verdicts { "vrrp6" . 131 }\n'
                   'add element ip6 vmac_mldfilter verdicts { "vrrp6" . 131 : accept }')
        self.assert_put_right()

    def test_rule_missing(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('flush chain ip6 vmac_mldfilter output')
        self.assert_put_right()

    def test_rule_before_ours(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('insert rule ip6 vmac_mldfilter output accept')
        self.assert_put_right()

    def test_rules_in_the_wrong_order(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('flush chain ip6 vmac_mldfilter relocate\n'
                   'add rule ip6 vmac_mldfilter relocate drop\n'
                   'add rule ip6 vmac_mldfilter relocate dup to ip6 daddr device oifname map @parents')
        self.assert_put_right()

    def test_chain_without_hook(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        kernel.nft('delete table ip6 vmac_mldfilter\ntable ip6 vmac_mldfilter { chain output { } ; }')
        self.assert_put_right()

    def test_wrong_priority(self):
        self.daemon.start()
        self.daemon.stop_cleanly()
        listed = kernel.foreign('ip6', kernel.TABLE)
        self.assertIn('priority 10', listed)
        kernel.nft('delete table ip6 vmac_mldfilter\n' + listed.replace('priority 10', 'priority -200'))
        self.assert_put_right_without_wire()

    def assert_put_right_without_wire(self):
        self.daemon.start()
        self.assertIn('priority 10', kernel.foreign('ip6', kernel.TABLE))
        self.assert_in_force('vrrp6', parent='eth0')


class WhileRunning(Case):
    """Somebody changes our tables under our hands, and somebody calls: whatever is seen first, the answer is right and
    the tables are. That they are put right without a call is in test_healing."""

    configuration = OPEN

    def setUp(self):
        super().setUp()
        self.root.set({'vrrp6': {}, 'vrrp7': {}})

    def assert_next_change_puts_right(self):
        self.assertTrue(self.root.add('vrrp8'))
        for name in ('vrrp6', 'vrrp7', 'vrrp8'):
            self.assert_in_force(name)
        self.assertTrue(self.root.properties()['Protected'])

    def test_ruleset_flushed(self):
        kernel.nft('flush ruleset')
        self.assert_next_change_puts_right()

    def test_ruleset_flushed_and_the_same_asked_for_again(self):
        """Who asks again has perhaps seen that it is not so."""
        for call in (lambda: self.root.add('vrrp6'), lambda: self.root.set({'vrrp6': {}, 'vrrp7': {}}),
                     lambda: self.root.remove('never-there')):
            kernel.nft('flush ruleset')
            self.assertFalse(call())
            self.assert_in_force('vrrp6')
            self.assert_in_force('vrrp7')

    def test_one_table_deleted(self):
        kernel.nft('delete table ip vmac_mldfilter')
        self.assert_next_change_puts_right()

    def test_chain_flushed(self):
        kernel.nft('flush chain ip6 vmac_mldfilter output')
        self.root.counters('vrrp6')
        self.assertIn('@verdicts', kernel.foreign('ip6', kernel.TABLE))

    def test_element_deleted(self):
        kernel.nft('delete element ip vmac_mldfilter verdicts { "vrrp7" }')
        self.root.counters('vrrp6')
        self.assert_in_force('vrrp7')

    def test_interface_removed_whose_element_is_gone(self):
        kernel.nft('delete element ip vmac_mldfilter verdicts { "vrrp7" }')
        self.assertTrue(self.root.remove('vrrp7'))
        self.assertEqual(kernel.protected('vrrp7'), set())
        self.assert_in_force('vrrp6')


class Refused(Case):
    """A kernel that refuses the transaction."""

    configuration = OPEN

    starts = False

    def test_at_start(self):
        self.daemon.configure('[interface.vrrp6]\n')
        owner = Owner().take()
        self.daemon.start()
        self.assertFalse(self.root.properties()['Protected'])
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assertRegex(self.daemon.status(), '(?i)not permitted')
        with self.refused('KernelRejected', 'not permitted'):
            self.root.add('vrrp7')
        owner.go()
        self.wait_for_property('Protected', True)
        self.assert_in_force('vrrp6')
        self.assertTrue(self.root.add('vrrp7'))

    def test_while_running(self):
        """Half of a transaction would show in the other family."""
        self.daemon.start()
        self.root.add('vrrp6')
        with self.daemon.halted():  # or it would be faster
            kernel.nft('delete table ip6 vmac_mldfilter')
            owner = Owner().take()
        for call in (lambda: self.root.add('vrrp7'),
                     lambda: self.root.remove('vrrp6'),
                     lambda: self.root.set({'vrrp8': {}})):
            with self.refused('KernelRejected', 'not permitted'):
                call()
        owner.go()
        self.assertTrue(self.root.add('vrrp7'))
        self.assert_in_force('vrrp6')
        self.assert_in_force('vrrp7')
        self.assertTrue(self.root.properties()['Protected'])
