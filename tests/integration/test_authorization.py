# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may call what: each method that changes something, under each answer that there can be."""

from rig import bus, isolation, polkit
from rig.case import POLKIT_POLICY, Case, WireCase


class _Change(Case):
    """One method that changes something. `change` calls it, `changed` tells whether it was carried out."""

    action = polkit.MANAGE

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')

    def assert_denied(self, error='AccessDenied'):
        with self.refused(error, self.action):
            self.change(self.nobody)
        self.assertFalse(self.changed())

    def assert_allowed(self, caller):
        self.change(caller)
        self.assertTrue(self.changed())

    def test_root_needs_no_polkit(self):
        self.assert_allowed(self.root)

    def test_without_polkit_denied(self):
        self.assert_denied()

    def test_polkit_says_no(self):
        polkit.Mock(self.bus)
        self.assert_denied()

    def test_polkit_says_yes_to_another_action(self):
        polkit.Mock(self.bus).allow(*(action for action in polkit.ACTIONS if action != self.action))
        self.assert_denied()

    def test_polkit_says_yes(self):
        polkit.Mock(self.bus).allow(self.action)
        self.assert_allowed(self.nobody)

    def test_polkit_wants_a_password_and_may_not_ask(self):
        authority = polkit.WantsPassword(self.bus)
        self.assert_denied('InteractiveAuthorizationRequired')
        subject = ('system-bus-name', {'name': self.nobody.name})
        self.assertEqual(authority.asked(), [(subject, self.action, False)])

    def test_polkit_wants_a_password_and_may_ask(self):
        authority = polkit.WantsPassword(self.bus)
        self.nobody.interactive = True
        self.assert_allowed(self.nobody)
        self.assertEqual([interactive for _, _, interactive in authority.asked()], [True])


class AddInterface(_Change):
    def change(self, caller):
        return caller.add('vrrp7')

    def changed(self):
        return 'vrrp7' in self.root.list()


class RemoveInterface(_Change):
    def change(self, caller):
        return caller.remove('vrrp6')

    def changed(self):
        return 'vrrp6' not in self.root.list()


class SetInterfaces(_Change):
    def change(self, caller):
        return caller.set({'vrrp8': {}})

    def changed(self):
        return list(self.root.list()) == ['vrrp8']


class ResetCounters(_Change, WireCase):
    action = polkit.RESET

    def setUp(self):
        super().setUp()
        self.vmac.mld1_report()
        self.settle()
        self.assertFalse(self.changed())

    def change(self, caller):
        return caller.call('ResetCounters', '(as)', [])

    def changed(self):
        return self.root.counters('vrrp6')['mld-listener-report'] == (0, 0)


class Reload(_Change):
    action = polkit.RELOAD

    def setUp(self):
        super().setUp()
        self.daemon.configure('[interface.vrrp9]\n')

    def change(self, caller):
        return caller.call('Reload')

    def changed(self):
        return 'vrrp9' in self.root.list()


class Reading(Case):
    """What changes nothing is open to every local user, polkit or not."""

    def test_open_to_everybody(self):
        self.root.add('vrrp6')
        self.assertEqual(self.nobody.list(), self.root.list())
        self.assertEqual(self.nobody.counters('vrrp6'), self.root.counters('vrrp6'))
        self.assertEqual(self.nobody.all_counters(), self.root.all_counters())
        self.assertEqual(self.nobody.guard_counters(), self.root.guard_counters())
        self.assertEqual(self.nobody.audit(), self.root.audit())
        self.assertEqual(self.nobody.ruleset(), self.root.ruleset())
        self.assertEqual(self.nobody.properties(), self.root.properties())
        self.assertEqual(self.nobody.introspect(), self.root.introspect())


class Asynchronous(Case):
    """Polkit waits for a person. Nobody else waits for polkit."""

    def setUp(self):
        super().setUp()
        self.authority = polkit.Mock(self.bus)
        self.authority.allow(*polkit.ACTIONS)
        self.authority.hang()
        self.answer = self.nobody.begin('AddInterface', '(sa{sv})', 'vrrp6', {})
        self.root.list()  # answered after the other call came in, so polkit has been asked

    def test_others_are_served_meanwhile(self):
        self.assertTrue(self.root.add('vrrp7'))
        self.assertEqual(self.nobody.list().keys(), {'vrrp7'})
        self.assertFalse(self.answer.there)
        self.authority.release()
        self.assertEqual(self.answer.get(), (True,))
        self.assertEqual(self.root.list().keys(), {'vrrp6', 'vrrp7'})

    def test_the_world_may_have_changed_when_the_answer_comes(self):
        self.root.add('vrrp6')
        self.authority.release()
        self.assertEqual(self.answer.get(), (False,))

    def test_the_caller_may_be_gone_when_the_answer_comes(self):
        mark = self.bus.signals.mark()
        self.nobody.connection.close_sync(None)
        self.bus.signals.wait(lambda signal: signal.member == 'NameOwnerChanged'
                              and signal.values[0] == self.nobody.name, mark)
        self.authority.release()
        self.root.list()
        self.assertTrue(self.daemon.running)

    def test_polkit_goes_before_it_answers(self):
        with self.nothing_changes():
            self.authority.stop()
            with self.assertRaises(bus.BusError) as raised:
                self.answer.get()
        self.assertEqual(raised.exception.name, 'AccessDenied')

    def test_the_service_ends_cleanly_while_polkit_thinks(self):
        self.assertEqual(self.daemon.stop(), 0)


class RealPolkit(Case):
    """The real polkitd with the policy file that is shipped."""

    RULE = '''
        polkit.addRule(function(action, subject) {
            if (action.id == "org.vmac.mldfilter.manage-interfaces" && subject.user == "nobody") {
                return polkit.Result.YES;
            }
        });'''

    def test_asks_for_a_password_by_default(self):
        polkit.Real(self.bus, POLKIT_POLICY)
        for change in (lambda: self.nobody.add('vrrp6'), lambda: self.nobody.reset(), self.nobody.reload):
            with self.refused('InteractiveAuthorizationRequired'):
                change()

    def test_nobody_there_to_type_it(self):
        polkit.Real(self.bus, POLKIT_POLICY)
        self.nobody.interactive = True
        with self.refused('AccessDenied', polkit.MANAGE):
            self.nobody.add('vrrp6')

    def test_a_rule_of_the_administrator_allows(self):
        polkit.Real(self.bus, POLKIT_POLICY, self.RULE)
        self.assertTrue(self.nobody.add('vrrp6'))
        with self.refused('InteractiveAuthorizationRequired', polkit.RELOAD):
            self.nobody.reload()


class OwnUser(Case):
    """As the unit runs it: user vmac-mldfilter with CAP_NET_ADMIN and nothing else."""

    starts = False
    AS_USER = ('setpriv --reuid=vmac-mldfilter --regid=vmac-mldfilter --clear-groups --no-new-privs '
               '--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin')

    def setUp(self):
        isolation.add_user('vmac-mldfilter', 990)
        super().setUp()
        isolation.run('chown', 'vmac-mldfilter', self.daemon.state)

    def test_owns_the_name_and_works(self):
        self.daemon.start(self.AS_USER)
        self.assertTrue(self.root.add('vrrp6'))
        self.assert_in_force('vrrp6')

    def test_may_ask_the_real_polkit(self):
        polkit.Real(self.bus, POLKIT_POLICY, RealPolkit.RULE)
        self.daemon.start(self.AS_USER)
        self.assertTrue(self.nobody.add('vrrp6'))
        with self.refused('InteractiveAuthorizationRequired', polkit.RESET):
            self.nobody.reset()


class BusPolicy(Case):
    starts = False

    def test_nobody_else_may_own_the_name(self):
        with self.assertRaises(bus.BusError) as raised:
            bus.call(self.nobody.connection, bus.BUS, 'RequestName', '(su)', bus.NAME, 0)
        self.assertEqual(raised.exception.name, 'AccessDenied')
