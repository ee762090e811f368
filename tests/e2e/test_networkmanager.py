# SPDX-License-Identifier: GPL-2.0-or-later
"""NetworkManager with networkmanager/10-vmac-mldfilter: the wire from the first frame of `con up` to the last of `con
down`, and which entries there are."""

import time

from e2e.rig.case import Case
from e2e.rig.container import until
from e2e.rig.network import Wire
from integration.rig.wire import MESSAGES, MLD

SCRIPT = '/usr/lib/NetworkManager/dispatcher.d/10-vmac-mldfilter'
PROFILES = '/etc/NetworkManager/system-connections'
OURS = '/var/lib/vmac-mldfilter-networkmanager'
PLAIN_MAC, VRRP_MAC = '02:00:00:00:02:09', '00:00:5e:00:02:07'
GROUP = 'ff02::1:ff00:99'  # which an interface with ADDRESS reports
ADDRESS = '2001:db8::99/64'
BOUND = 7.0  # seconds that the script may hold up NetworkManager: none of its calls begins after 5 s, or takes over 2 s

# Runs after ours at each event, so what it wrote down ours has seen.
WITNESS = '#!/bin/sh\necho "$1 $2 ${CONNECTION_EXTERNAL:-0}" >>/run/events\n'


class _NetworkManager(Case):
    """A machine with NetworkManager and the package, and eth0 with a profile that is not active yet."""

    def setUp(self):
        super().setUp()
        self.wire = Wire()
        self.vm = vm = self.container(wires=[self.wire])
        vm.write('/etc/NetworkManager/conf.d/case.conf', '[main]\nno-auto-default=*\n')
        vm.write('/etc/NetworkManager/dispatcher.d/99-witness', WITNESS, mode=0o755)
        vm.path('/etc/NetworkManager/dispatcher.d/pre-up.d').mkdir(parents=True, exist_ok=True)
        vm.path('/etc/NetworkManager/dispatcher.d/pre-up.d/99-witness').symlink_to('../99-witness')
        vm.enable('NetworkManager', 'NetworkManager-dispatcher')
        vm.boot()
        vm.install_package()
        # As on a router: the kernel joins ff02::2 too, and takes leave of it.
        vm.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1', 'net.ipv6.conf.default.forwarding=1')
        self.nmcli('con', 'add', 'type', 'ethernet', 'con-name', 'eth0', 'ifname', 'eth0', 'autoconnect', 'no',
                   'ipv4.method', 'disabled', 'ipv6.method', 'link-local')

    def nmcli(self, *words):
        return self.vm.run('nmcli', *words)

    def add_profile(self, name, interface='vip0', mac=PLAIN_MAC, *more):
        self.nmcli('con', 'add', 'type', 'macvlan', 'con-name', name, 'ifname', interface, 'dev', 'eth0',
                   'mode', 'private', 'cloned-mac', mac, 'autoconnect', 'no', 'ipv4.method', 'disabled',
                   'ipv6.method', 'manual', 'ipv6.addresses', ADDRESS, *more)

    def use_mld(self, version):
        self.vm.run('sysctl', '-qw', f'net.ipv6.conf.default.force_mld_version={version}')

    def up(self, name):
        """Returns when the wire has heard from the parent what the interface wanted to say."""
        mark = self.wire.frames.mark()
        self.nmcli('con', 'up', name)
        if name != 'eth0':
            self.wire.frames.wait(self.relocated(*MLD), after=mark)

    def up_without_service(self, name):
        """The service that learns which parent an interface has is away, so what it wants to say is dropped. Returns
        when its addresses are there, at which it wants to say most; gives the seconds that nmcli took."""
        start = time.monotonic()
        self.nmcli('con', 'up', name)
        took = time.monotonic() - start
        until(lambda: 'tentative' not in self.vm.run('ip', '-6', 'addr', 'show', 'dev', 'vip0'), 'vip0 has addresses')
        return took

    def relocated(self, *kinds):
        return lambda frame: frame.kind in kinds and frame.source == self.wire.mac and GROUP in frame.groups

    def down(self, name, interface='vip0'):
        """Returns when the interface is gone, and the dispatcher done with that."""
        before = self.events(interface, 'down')
        self.nmcli('con', 'down', name)
        until(lambda: not self.exists(interface) and self.events(interface, 'down') > before,
              f'{interface} is gone, and the dispatcher done')

    def exists(self, interface):
        return self.vm.attempt('ip', 'link', 'show', interface).status == 0

    def not_the_parents(self, after=0):
        """What left the machine in another name than that of eth0, and never should."""
        self.wire.fence()
        return [frame for frame in self.wire.arrived(*MESSAGES, after=after) if frame.source != self.wire.mac]

    def said(self):
        """What the script had to say, with its priority."""
        return [(line['PRIORITY'], line['MESSAGE']) for line in self.vm.journal('--unit=NetworkManager-dispatcher')
                if line['MESSAGE'].startswith('vmac-mldfilter:')]

    def said_warnings(self):
        return [message for priority, message in self.said() if priority == '4']

    def ours(self):
        return sorted(file.name for file in self.vm.path(OURS).glob('*'))

    def events(self, interface, action, external=0):
        """How many such events the dispatcher is done with in this boot."""
        file = self.vm.path('/run/events')
        lines = file.read_text(encoding='utf-8').splitlines() if file.exists() else []
        return lines.count(f'{interface} {action} {external}')


class Wires(_NetworkManager):
    def test_vrrp_mac(self):
        """A VRRP MAC needs no switch: silent from the first frame to the last, and nothing stays after con down."""
        self.add_profile('vr7', 'vr7', VRRP_MAC)
        self.up('eth0')
        for _ in range(2):
            self.up('vr7')
            self.check('it was detected, and that is all', self.vm.interfaces()['vr7']['origins'], ['detected'])
            self.down('vr7', 'vr7')
            self.check('nothing is under management after con down', self.vm.interfaces(), {})
        # NetworkManager 1.52 lets it speak before it gives it this MAC; that is nobody's MAC, so nobody is misled.
        self.check('no message left with the VRRP MAC', self.wire.leaks(), [])
        self.check('the script had nothing to say', self.said(), [])

    def test_other_mac_mld1(self):
        """Any MAC and the switch, the profile known before its parent came up: silent to the last Done."""
        self.silent(1)

    def test_other_mac_mld2(self):
        """The same with MLDv2."""
        self.silent(2)

    def silent(self, version):
        self.use_mld(version)
        self.add_profile('vmac-vip0')
        self.up('eth0')
        self.check('it is under management when its parent is up', list(self.vm.interfaces()), ['vip0'])
        for attempt in ('first', 'second'):
            self.up('vmac-vip0')
            mark = self.wire.frames.mark()
            self.down('vmac-vip0')
            self.check(f'at the {attempt} con up and down nothing left but in the name of eth0',
                       self.not_the_parents(), [])
        if version == 1:
            self.check('it would have said Done, which came from eth0',
                       self.wire.arrived('mld-listener-done', source=self.wire.mac, after=mark))
        self.check('no warning was logged', self.said_warnings(), [])

    def test_vrrp_mac_with_switch(self):
        """With the switch too, an interface with a VRRP MAC speaks with no MAC at all, whichever NetworkManager gives
        it; and when the switch goes while it is up, that is no cause for alarm."""
        self.add_profile('vmac-vr7', 'vr7', VRRP_MAC)
        self.up('eth0')
        self.up('vmac-vr7')
        self.check('nothing left but in the name of eth0', self.not_the_parents(), [])
        self.check('it was both named and detected', self.vm.interfaces()['vr7']['origins'], ['api', 'detected'])
        self.nmcli('con', 'modify', 'vmac-vr7', 'con-name', 'vr7')
        self.vm.run(SCRIPT)
        self.check('it is still protected', self.vm.interfaces()['vr7']['effective-action'], 'relocate')
        self.down('vr7', 'vr7')
        until(lambda: not self.vm.interfaces(), 'its entry is gone')
        self.check('nothing left but in the name of eth0 afterwards', self.not_the_parents(), [])
        self.check('no warning was logged', self.said_warnings(), [])

    def test_boot(self):
        """NetworkManager brings parent and VMAC up at once when it starts: silent, for the entry is there before."""
        self.add_profile('vmac-vip0')
        self.vm.run(SCRIPT)
        for profile in ('vmac-vip0', 'eth0'):
            self.nmcli('con', 'modify', profile, 'autoconnect', 'yes')
        self.vm.power_off()
        mark = self.wire.frames.mark()
        self.vm.boot()
        self.wire.frames.wait(self.relocated(*MLD), after=mark)
        self.check('from the first frame on, nothing left but in the name of eth0', self.not_the_parents(), [])

    def test_profile_made_later(self):
        """A profile made while its parent is up: NetworkManager tells of it too late, at pre-up. From then on it
        holds; and from the first frame on after the script was run by hand."""
        self.up('eth0')
        self.add_profile('vmac-vip0')
        self.nmcli('con', 'up', 'vmac-vip0')
        self.note(f'messages that got out before pre-up: {len(self.not_the_parents())}')
        self.check('con up ended with an entry', list(self.vm.interfaces()), ['vip0'])
        self.down('vmac-vip0')
        mark = self.wire.frames.mark()
        self.up('vmac-vip0')
        self.check('the second time it is silent', self.not_the_parents(after=mark), [])
        self.down('vmac-vip0')
        self.nmcli('con', 'delete', 'vmac-vip0')

        self.add_profile('vmac-vip1', 'vip1', '02:00:00:00:02:0a')
        self.check('by hand it says what it did', self.vm.attempt(SCRIPT).errors.splitlines(),
                   ['<6>vmac-mldfilter: vip0: removed', '<6>vmac-mldfilter: vip1: added'])
        mark = self.wire.frames.mark()
        self.up('vmac-vip1')
        self.check('silent from the first frame on', self.not_the_parents(after=mark), [])


class Entries(_NetworkManager):
    def test_life(self):
        """An entry goes with its profile, or when that loses the switch; not before."""
        self.add_profile('vmac-vip0')
        self.up('eth0')
        self.up('vmac-vip0')
        self.down('vmac-vip0')
        self.check('after con down it is there, for the next con up', list(self.vm.interfaces()), ['vip0'])
        self.check('a reboot does not change that',
                   self.vm.reboot() and (list(self.vm.interfaces()), self.ours()), (['vip0'], ['vip0']))
        self.up('eth0')
        self.up('vmac-vip0')
        self.nmcli('con', 'delete', 'vmac-vip0')
        until(lambda: not self.vm.interfaces(), 'the entry of a profile deleted while it was active is gone')

        self.add_profile('vmac-vip0')
        self.vm.run(SCRIPT)
        self.check('a new one', list(self.vm.interfaces()), ['vip0'])
        self.nmcli('con', 'delete', 'vmac-vip0')
        self.up('eth0')
        self.check('of a profile deleted while it was not active, it goes when its parent comes up next',
                   self.vm.interfaces(), {})

        self.add_profile('vmac-vip0')
        self.vm.run(SCRIPT)
        self.nmcli('con', 'modify', 'vmac-vip0', 'con-name', 'plain')
        self.nmcli('con', 'up', 'plain')
        self.check('it goes when a profile without the switch comes up', self.vm.interfaces(), {})
        self.check('nothing is remembered', self.ours(), [])
        self.check('no warning was logged', self.said_warnings(), [])

    def test_administrators(self):
        """An entry that the administrator made is his: neither changed nor removed."""
        self.vm.call('AddInterface', 'sa{sv}', 'vip0', '1', 'action', 's', 'drop')
        was = self.vm.interfaces()['vip0']
        self.add_profile('vmac-vip0')
        self.up('eth0')
        self.nmcli('con', 'up', 'vmac-vip0')
        self.down('vmac-vip0')
        self.nmcli('con', 'delete', 'vmac-vip0')
        self.vm.run(SCRIPT)
        self.check('it is as it was', self.vm.interfaces().get('vip0'), was)
        self.check('the script does not take it for its own', self.ours(), [])

    def test_names(self):
        """Names that a shell, busctl or a path could take for something else are names."""
        names = ['$(id>v)', '-x', '@v', 'a"b\\c', 'a\\"', "it's", 'v*', 'vw[$i]', 'ü']
        for index, name in enumerate(names):
            self.add_profile(f'vmac-{index}', name)
        said = self.vm.attempt(SCRIPT).errors
        self.check('@v, which nftables cannot write, is refused, and told',
                   '<4>vmac-mldfilter: @v was not added' in said)
        names.remove('@v')
        self.check('all others are entries', sorted(self.vm.interfaces()), sorted(names))
        self.check('nothing was run', not self.vm.path('/v').exists())
        self.nmcli('con', 'delete', *(f'vmac-{index}' for index in range(len(names) + 1)))
        self.vm.run(SCRIPT)
        self.check('and all go', self.vm.interfaces(), {})

    def test_external(self):
        """An interface that somebody else made is none of its business, whatever NetworkManager calls its profile."""
        self.up('eth0')
        self.vm.run('ip', 'link', 'add', 'vmac-x', 'link', 'eth0', 'address', PLAIN_MAC, 'type', 'macvlan')
        self.vm.run('ip', 'link', 'set', 'vmac-x', 'up')
        self.vm.run('ip', 'addr', 'add', ADDRESS, 'dev', 'vmac-x')
        until(lambda: self.events('vmac-x', 'up', external=1), 'the dispatcher is done with vmac-x')
        self.check('NetworkManager has a profile of that name',
                   'vmac-x:macvlan' in self.nmcli('-t', '-f', 'NAME,TYPE', 'con', 'show').splitlines())
        self.vm.run(SCRIPT)
        self.check('it is not under management', self.vm.interfaces(), {})
        self.check('the script had nothing to say', self.said(), [])

    def test_user_data(self):
        """The action of the user data of a profile, with any name; what is no action is told, and protects."""
        self.add_profile('plain')
        self.up('eth0')
        self.check('without a switch, no entry', self.vm.interfaces(), {})
        for word, action in (('drop', 'drop'), ('allow', 'allow'), ('relocate', 'relocate')):
            self.say_in_profile(word)
            self.nmcli('con', 'up', 'plain')
            self.check(f'{word}: that is its action', self.vm.interfaces()['vip0']['action'], action)
            self.down('plain')
        self.check('no warning was logged', self.said_warnings(), [])
        self.say_in_profile('drop')
        self.vm.run(SCRIPT)
        self.say_in_profile('sing "aloud"')
        self.nmcli('con', 'up', 'plain')
        self.check('what is no action: relocate', self.vm.interfaces()['vip0']['action'], 'relocate')
        self.check('and a warning', 'must be relocate, drop or allow' in ' '.join(self.said_warnings()))
        self.down('plain')
        self.say_in_profile(None)
        self.nmcli('con', 'up', 'plain')
        self.check('when the user data goes, the entry does', self.vm.interfaces(), {})

    def say_in_profile(self, action):
        """nmcli can show and set everything but user data, so it is written into the file of the profile."""
        file = f'{PROFILES}/plain.nmconnection'
        text = self.vm.read(file).partition('[user]')[0]
        self.vm.write(file, text + (f'[user]\nvmac-mldfilter.action={action}\n' if action else ''), mode=0o600)
        self.nmcli('con', 'load', file)


class Away(_NetworkManager):
    def setUp(self):
        super().setUp()
        # NetworkManager waits for duplicate address detection, for up to two seconds.
        self.vm.run('sysctl', '-qw', 'net.ipv6.conf.default.dad_transmits=0')

    def test_stopped(self):
        """A service that was stopped stays so; con up is not held up, and the journal tells."""
        self.add_profile('vmac-vip0')
        self.up('eth0')
        self.vm.systemctl('stop', 'vmac-mldfilter')
        took = self.up_without_service('vmac-vip0')
        self.note(f'con up took {took:.2f} s')
        self.check('con up took less than two seconds', took < 2)
        self.check('it was not started', not self.vm.is_active('vmac-mldfilter'))
        self.check('the rules hold all the same', self.not_the_parents(), [])
        self.check('one warning was logged', ['the service does not answer' in each for each in self.said_warnings()],
                   [True])

    def test_hanging(self):
        """A service that does not answer holds NetworkManager up for as long as it says, and no longer."""
        self.add_profile('vmac-vip0')
        self.up('eth0')
        self.vm.run('kill', '-STOP', self.vm.main_pid())
        took = self.up_without_service('vmac-vip0')
        self.note(f'con up took {took:.2f} s')
        self.check(f'con up took less than {BOUND:g} s', took < BOUND)
        self.check('it had to wait, so the service did hang', took > 2)
        self.check('one warning was logged', ['the service does not answer' in each for each in self.said_warnings()],
                   [True])
        self.vm.run('kill', '-CONT', self.vm.main_pid())

    def test_nothing_to_do(self):
        """Without a VMAC profile, nobody is asked or told anything, be the service there or not."""
        self.add_profile('plain')
        self.vm.systemctl('stop', 'vmac-mldfilter')
        self.up('eth0')
        self.nmcli('con', 'up', 'plain')
        self.down('plain')
        self.check('the script had nothing to say', self.said(), [])
