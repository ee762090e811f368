# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that speak VRRP in the routers of the lab: keepalived, and FRR's vrrpd with its zebra."""

import shutil

INTERFACE = "vrrp1v6"
VMAC = "00:00:5e:00:02:01"
VIRTUAL_ADDRESS = "2001:db8::1"

_KEEPALIVED = """global_defs {{
  vrrp_version 3
  nftables keepalived
}}
vrrp_instance v6 {{
  state BACKUP
  interface eth0
  use_vmac {interface}
  virtual_router_id 1
  priority {priority}
  virtual_ipaddress {{
    fe80::1:1/64
    {address}/64
  }}
}}
"""
_FRR = """interface eth0
 vrrp 1 version 3
 vrrp 1 priority {priority}
 vrrp 1 ipv6 {address}
"""


class Keepalived:
    """Makes the interface with the virtual MAC itself, and rules of its own for it."""

    def __init__(self, node, priority, work):
        self.node, self.work = node, work
        self._text = _KEEPALIVED.format(interface=INTERFACE, priority=priority, address=VIRTUAL_ADDRESS)
        self._process = None

    def start(self, tools, found):
        """`found` waits until the service knows the interface; keepalived does not ask."""
        del found
        configuration = self.work / f"{self.node}.conf"
        configuration.write_text(self._text)
        # The routers share a /run, and whoever finds a pid file of the other locked takes itself for running already.
        pid_files = [f"--{kind}={self.work}/{self.node}-{kind}"
                     for kind in ("pid", "vrrp_pid", "checkers_pid", "bfd_pid")]
        self._process = tools.start(f"keepalived-{self.node}", self.node, [
            "keepalived", "--dont-fork", "--log-console", "--log-detail", f"--use-file={configuration}", *pid_files])

    def must_run(self):
        self._process.must_run()

    def wait_until_started(self):
        self._process.must_say("Entering BACKUP STATE")

    def wait_until_master(self):
        """Whoever starts before would have 0.4 s to hear of it: too little on a busy machine."""
        self._process.must_say("Entering MASTER STATE")

    def became_master(self):
        return "Entering MASTER" in self._process.text()

    def text(self):
        return self._process.text()


class Frr:
    """Wants the interface to be there, as its manual says how, and holds it down while the router is BACKUP."""

    def __init__(self, node, priority, work):
        self.node, self.work = node, work
        self._text = _FRR.format(priority=priority, address=VIRTUAL_ADDRESS)
        self._zebra = self._vrrpd = None

    def start(self, tools, found):
        directory = self.work / f"{self.node}-frr"
        directory.mkdir()
        shutil.chown(directory, "frr", "frr")  # which user they become
        configuration = self.work / f"{self.node}.conf"
        configuration.write_text(self._text)
        common = ["-z", str(directory / "zserv"), "--vty_socket", str(directory), "-A", "127.0.0.1", "-P", "0",
                  "--log", "stdout", "--log-level", "debugging"]
        self._zebra = tools.start(f"zebra-{self.node}", self.node, [
            "/usr/lib/frr/zebra", *common, "-i", str(directory / "zebra.pid"), "-f", "/dev/null"])
        tools.until((directory / "zserv").exists, self._zebra, "zebra to listen")

        for words in (("add", INTERFACE, "link", "eth0", "type", "macvlan", "mode", "bridge"),
                      ("set", INTERFACE, "addrgenmode", "random"),
                      ("set", INTERFACE, "address", VMAC)):
            tools.run("ip", "-n", self.node, "link", *words)
        # No duplicate address detection: the other router has the same address, on purpose. And its solicitations move
        # the virtual MAC too, in the moment before vrrpd holds the interface down; they are not what this is about.
        tools.run("ip", "netns", "exec", self.node, "sh", "-c",
                  f"echo 0 >/proc/sys/net/ipv6/conf/{INTERFACE}/dad_transmits")
        tools.run("ip", "-n", self.node, "addr", "add", f"{VIRTUAL_ADDRESS}/64", "dev", INTERFACE)
        # The first virtual MAC on a device races with the service, and may win on a busy machine. Other tests have that.
        found()
        tools.run("ip", "-n", self.node, "link", "set", INTERFACE, "up")
        self._vrrpd = tools.start(f"vrrpd-{self.node}", self.node, [
            "/usr/lib/frr/vrrpd", *common, "-i", str(directory / "vrrpd.pid"), "-f", str(configuration)])

    def must_run(self):
        for process in (self._zebra, self._vrrpd):
            process.must_run()

    def wait_until_master(self):
        """Its first advert can get lost while the interface comes up, so that somebody who began to
        wait at the same time would become MASTER too."""
        self._vrrpd.must_say("Backup -> Master")

    def became_master(self):
        return "Backup -> Master" in self._vrrpd.text()

    def text(self):
        return self._zebra.text() + self._vrrpd.text()


PROGRAMS = {"keepalived": Keepalived, "frr": Frr}
