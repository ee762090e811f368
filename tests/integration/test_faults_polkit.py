# SPDX-License-Identifier: GPL-2.0-or-later
"""A polkit that hangs, dies or lies. Whatever it does, a yes counts only for what was asked, from who was asked, once.

That it says no, wants a password or is not there is in test_authorization.
"""

from gi.repository import Gio, GLib

from rig import bus, polkit, processes
from rig.authority import NO, YES, Authority, send
from rig.case import POLKIT_POLICY, Case
from rig.shim import Shim


class _Asked(Case):
    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')
        self.authority = Authority(self.bus)

    def begin(self, name='vrrp7', caller=None):
        """A call, and the question that comes of it."""
        answer = (caller or self.nobody).begin('AddInterface', '(sa{sv})', name, {})
        return answer, self.authority.next()

    def assert_denied(self, answer, *texts):
        with self.assertRaises(bus.BusError) as raised:
            answer.get()
        self.assertEqual(raised.exception.name, 'AccessDenied')
        for text in (polkit.MANAGE, *texts):
            self.assertIn(text, raised.exception.text)
        self.assertEqual(self.root.list().keys(), {'vrrp6'})


class Garbage(_Asked):
    """Answers of other types than polkit's. None of them is a yes."""

    ANSWERS = {
        'nothing': ('()', ()),
        'a text': ('(s)', ('yes',)),
        'a yes without structure': ('(b)', (True,)),
        'too little': ('((bb))', ((True, False),)),
        'numbers': ('((uua{ss}))', ((1, 0, {}),)),
        'other details': ('((bba{sv}))', ((True, False, {}),)),
        'no structure': ('(bba{ss})', (True, False, {})),
        'wrapped once more': ('(v)', (GLib.Variant('(bba{ss})', (True, False, {})),)),
        'a list': ('(a(bba{ss}))', ([(True, False, {})],)),
    }

    def test_types(self):
        for what, (signature, values) in self.ANSWERS.items():
            with self.subTest(what), self.nothing_changes():
                answer, question = self.begin()
                question.answer(signature, values)
                self.assert_denied(answer)
        answer, question = self.begin()
        question.answer(*YES)
        self.assertEqual(answer.get(), (True,))

    def test_both_yes_and_a_challenge(self):
        """polkit never says so. Yes is what it says first."""
        answer, question = self.begin()
        question.answer('((bba{ss}))', ((True, True, {'polkit.retains_authorization_after_challenge': '1'}),))
        self.assertEqual(answer.get(), (True,))

    def test_details_without_end(self):
        answer, question = self.begin()
        question.answer('((bba{ss}))', ((False, False, {str(number): 'x' * 100 for number in range(20_000)}),))
        self.assert_denied(answer)

    def test_errors(self):
        for name, text in (('org.freedesktop.PolicyKit1.Error.Failed', 'Action is not registered'),
                           ('org.freedesktop.DBus.Error.NoReply', 'no reply'),
                           ('org.freedesktop.DBus.Error.AccessDenied', 'denied'),
                           ('com.example.Yes', ''),
                           ('com.example.Yes', 'x' * 100_000)):
            with self.subTest(name), self.nothing_changes():
                answer, question = self.begin()
                question.fail(name, text)
                self.assert_denied(answer, text[:100])


class Belongs(_Asked):
    """An answer is the answer to one question."""

    def test_in_another_order(self):
        """The last question is answered first."""
        calls = [self.begin(f'vrrp{number}') for number in range(10, 20)]
        for number, (_, question) in reversed(list(enumerate(calls))):
            question.answer(*(YES if number % 2 else NO))
        for number, (answer, _) in enumerate(calls):
            if number % 2:
                self.assertEqual(answer.get(), (True,))
            else:
                with self.assertRaises(bus.BusError) as raised:
                    answer.get()
                self.assertEqual(raised.exception.name, 'AccessDenied')
        self.assertEqual(self.root.list().keys(), {'vrrp6', *(f'vrrp{number}' for number in range(11, 20, 2))})

    def test_yes_to_another_action(self):
        """Of the same caller, asked before and after."""
        self.daemon.configure('[interface.configured]\n')
        before = self.nobody.begin('Reload')
        reload_before = self.authority.next()
        answer, question = self.begin()
        after = self.nobody.begin('ResetCounters', '(as)', [])
        reset_after = self.authority.next()
        self.assertEqual([each.action for each in (reload_before, question, reset_after)],
                         [polkit.RELOAD, polkit.MANAGE, polkit.RESET])
        reload_before.answer(*YES)
        reset_after.answer(*YES)
        self.assertEqual((before.get(), after.get()), ((), ()))
        self.assertFalse(answer.there)
        question.answer(*NO)
        with self.assertRaisesRegex(bus.BusError, 'AccessDenied'):
            answer.get()
        self.assertEqual(self.root.list().keys(), {'configured', 'vrrp6'})

    def test_yes_to_another_caller(self):
        other = self.bus.caller(bus.NOBODY)
        answer, question = self.begin()
        others, others_question = self.begin('vrrp8', other)
        others_question.answer(*YES)
        self.assertEqual(others.get(), (True,))
        self.assertFalse(answer.there)
        self.root.remove('vrrp8')
        question.answer(*NO)
        self.assert_denied(answer)

    def test_yes_after_no(self):
        answer, question = self.begin()
        question.answer(*NO)
        question.answer(*YES)
        self.assert_denied(answer)

    def test_answered_by_somebody_else(self):
        """With the right number, to the right address: the caller himself, and a stranger."""
        for forger in (self.nobody, self.bus.caller(bus.NOBODY), self.bus.caller()):
            answer, question = self.begin()
            forged = Gio.DBusMessage.new()
            forged.set_message_type(Gio.DBusMessageType.METHOD_RETURN)
            forged.set_destination(question.asker)
            forged.set_reply_serial(question.serial)
            forged.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
            forged.set_body(GLib.Variant(*YES))
            send(forger.connection, forged)
            self.root.list()  # what the service got before this it has looked at
            self.assertFalse(answer.there)
            question.answer(*NO)
            self.assert_denied(answer)

    def test_the_authority_is_another_one_by_now(self):
        """What the former was asked is a no, and the new one is asked what comes now."""
        answer, _ = self.begin()
        bus.call(self.authority.connection, bus.BUS, 'ReleaseName', '(s)', bus.POLKIT[0])
        self.authority.connection.close_sync(None)
        self.assert_denied(answer)
        self.authority = Authority(self.bus)
        answer, question = self.begin()
        question.answer(*YES)
        self.assertEqual(answer.get(), (True,))


class Late(_Asked):
    def test_long_after_others(self):
        """The world has changed meanwhile: what was asked for is there already, with options that stay."""
        answer, question = self.begin('vrrp7')
        removal = self.nobody.begin('RemoveInterface', '(s)', 'vrrp6')
        removal_question = self.authority.next()
        self.root.set({'vrrp7': {'action': 'drop'}})
        question.answer(*YES)
        removal_question.answer(*YES)
        self.assertEqual((answer.get(), removal.get()), ((False,), (False,)))  # somebody was faster
        self.assert_in_force('vrrp7', action='drop')

    def test_callers_who_have_left(self):
        callers = [self.bus.caller(bus.NOBODY) for _ in range(6)]
        calls = [self.begin(f'vrrp{number}', caller) for number, caller in enumerate(callers, 10)]
        for caller in callers:
            caller.connection.close_sync(None)
        for _, question in calls:
            question.answer(*NO)
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assertTrue(self.root.add('vrrp7'))


class TooLate(_Asked):
    """A person may look for a password for five minutes. After that the answer is no, and stays no."""

    PATIENCE = 300

    def prepare(self):
        self.shim = Shim(self.daemon)

    def test_answers_to_a_question_that_is_closed(self):
        answer, question = self.begin()
        self.shim.set('clock.passed', self.PATIENCE - 10)
        self.root.list()
        self.assertFalse(answer.there)
        self.shim.set('clock.passed', self.PATIENCE + 10)
        self.root.list()
        self.assert_denied(answer, 'polkit did not answer')
        answer, new_question = self.begin()
        question.answer(*YES)
        self.root.list()
        self.assertFalse(answer.there)
        new_question.answer(*NO)
        self.assert_denied(answer)


class Hangs(Case):
    """The real polkitd, stopped."""

    RULE = 'polkit.addRule(function(action, subject) { return polkit.Result.YES; });'

    def setUp(self):
        super().setUp()
        self.polkit = polkit.Real(self.bus, POLKIT_POLICY, self.RULE)
        self.assertTrue(self.nobody.add('vrrp6'))

    def test_goes_on(self):
        with processes.halted(processes.only('polkitd')):
            answer = self.nobody.begin('AddInterface', '(sa{sv})', 'vrrp7', {})
            self.assertTrue(self.root.add('vrrp8'))
            self.assertEqual(self.nobody.list().keys(), {'vrrp6', 'vrrp8'})
            self.assertEqual(self.nobody.all_counters().keys(), {'vrrp6', 'vrrp8'})
            self.assertFalse(answer.there)
        self.assertEqual(answer.get(), (True,))
        self.assert_in_force('vrrp7')

    def test_is_killed(self):
        with processes.halted(processes.only('polkitd')):
            answer = self.nobody.begin('AddInterface', '(sa{sv})', 'vrrp7', {})
            self.root.list()
            self.polkit.stop()
        with self.refused('AccessDenied', polkit.MANAGE, 'polkit did not answer'):
            answer.get()
        with self.refused('AccessDenied', polkit.MANAGE, 'polkit did not answer'):
            self.nobody.add('vrrp7')

    def test_the_service_ends(self):
        with processes.halted(processes.only('polkitd')):
            self.nobody.begin('AddInterface', '(sa{sv})', 'vrrp7', {})
            self.root.list()
            self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
