# SPDX-License-Identifier: GPL-2.0-or-later
"""What a row of the table is given: how much to measure, places to do it in, copies of what the service has made."""

import contextlib

import stage as stages
from figures import interleave

MANY = 4096


class Context:
    """`told` is called with what happens now. All that was opened is closed when the row is done."""

    def __init__(self, disk, programs, quick, told):
        self.quick, self.told, self._programs = quick, told, programs
        self._disk = disk
        self._opened = contextlib.ExitStack()
        self._number = 0
        self.kept = {}  # what one row has measured and another one shows too

    def times(self, full, quick):
        return quick if self.quick else full

    def interleave(self, full, quick, rivals, what=''):
        """{name: Figure} of so many rounds, in the full form and in the quick one."""
        return interleave(self.times(full, quick), self.times(60, 4), rivals, lambda text: self.told(what + text))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._opened.close()
        self._opened = contextlib.ExitStack()

    def place(self):
        self._number += 1
        place = stages.Place(f'p{self._number}', self._programs)
        self._opened.callback(place.close)
        return place

    def stage(self, interfaces=0, configuration=stages.OPEN, bare=False, text='', watchdog=0):
        """A service that has so many interfaces besides "anchor", beside a ruleset of somebody else's in `text`.
        `watchdog` is the interval that systemd would tell it, in seconds."""
        self._number += 1
        place = stages.Place(f's{self._number}', self._programs)
        if text:
            place.nft('-f', '-', text=text)
        stage = stages.Stage(place, self._disk, configuration, bare, watchdog)
        self._opened.callback(stage.close)
        if interfaces:
            stage.fill(interfaces)
        return stage

    def stage_in(self, namespace, configuration):
        """A service in a network namespace that is there, for the caller to close."""
        return stages.Stage(stages.Namespace(namespace, self._programs), self._disk, configuration, bare=True)

    def watched(self, seconds):
        watched = stages.Watched(self._programs['watchdog'], seconds)
        self._opened.callback(watched.close)
        return watched

    def sender(self):
        """The program that sends packets."""
        return self._programs['sender']

    def firewalld(self):
        self._number += 1
        firewalld = stages.Firewalld(stages.Place(f'f{self._number}', self._programs))
        self._opened.callback(firewalld.close)
        return firewalld

    def copy_of(self, tables, text=''):
        """A place with these tables, but nobody to look after them; beside a ruleset of somebody else's in `text`."""
        place = self.place()
        if text:
            place.nft('-f', '-', text=text)
        place.rival.ask('run', self.file(tables.rebuild()))
        return place

    def file(self, text):
        """A file with this text, for a rival to run."""
        self._number += 1
        path = self._disk / f'{self._number}.json'
        path.write_text(text, encoding='utf-8')
        return path

    def scratch(self):
        """A directory on the same disk as the service's state."""
        self._number += 1
        path = self._disk / f'scratch{self._number}'
        path.mkdir()
        return path
