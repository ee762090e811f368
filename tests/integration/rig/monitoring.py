# SPDX-License-Identifier: GPL-2.0-or-later
"""The real node_exporter and the real Prometheus, on the loopback of the case's own network."""

import datetime
import http.server
import json
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from .isolation import CASE
from .record import DEADLINE, Record

TEXTFILES = CASE / 'textfiles'
FILE = TEXTFILES / 'vmac-mldfilter.prom'
_EXPORTER, _PROMETHEUS, _RECEIVER = '127.0.0.1:9100', '127.0.0.1:9090', '127.0.0.1:9093'
# Not by way of a proxy that the environment may name.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

_CONFIGURATION = '''global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files:
  - rules.yml
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['{exporter}']
alerting:
  alertmanagers:
    - static_configs:
        - targets: ['{receiver}']
'''


def until(condition, what):
    """Ask again and again: neither program tells when it has read something. Returns what the condition returned."""
    deadline = time.monotonic() + DEADLINE
    while not (met := condition()):
        assert time.monotonic() < deadline, f'waited {DEADLINE:g} s in vain until {what}'
        time.sleep(0.05)
    return met


def without_delays(rules):
    """Alert rules that fire at once: how long they wait is what promtool tests."""
    text, number = re.subn(r'(?m)^( +for): .*$', r'\1: 0s', rules)
    assert number, 'no rule waits'
    return text


class Exporter:
    """node_exporter with nothing but the textfile collector, as somebody who may only read what everybody may."""

    def __init__(self):
        TEXTFILES.mkdir()
        self._process = subprocess.Popen(
            ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', 'prometheus-node-exporter',
             f'--web.listen-address={_EXPORTER}', '--collector.disable-defaults', '--collector.textfile',
             f'--collector.textfile.directory={TEXTFILES}', '--log.level=warn'], stdin=subprocess.DEVNULL)
        until(lambda: _listens(_EXPORTER, self._process), 'node_exporter listens')

    def text(self):
        """What it answers who scrapes it."""
        with _opener.open(f'http://{_EXPORTER}/metrics', timeout=DEADLINE) as answer:
            return answer.read().decode()


class Alert:
    """What is sent to an Alertmanager about one alert."""

    def __init__(self, told):
        self.labels, self.annotations = told['labels'], told['annotations']
        self.name = self.labels['alertname']
        # One that goes on is said to end some minutes from now, in case nothing more is heard.
        ends = datetime.datetime.fromisoformat(re.sub(r'(\.\d{6})\d*Z$|Z$', r'\1+00:00', told['endsAt']))
        self.fires = ends > datetime.datetime.now(datetime.timezone.utc)

    def __repr__(self):
        return f'{"firing" if self.fires else "resolved"}: {self.labels}'


class Prometheus:
    """Scrapes the exporter each second, and judges these rules as often. What it alerts is recorded in `alerts`."""

    def __init__(self, rules):
        self.alerts = Record('alert')
        self._receive()
        home = CASE / 'prometheus'
        home.mkdir()
        (home / 'rules.yml').write_text(rules, encoding='utf-8')
        configuration = _CONFIGURATION.format(exporter=_EXPORTER, receiver=_RECEIVER)
        (home / 'prometheus.yml').write_text(configuration, encoding='utf-8')
        self._process = subprocess.Popen(
            ['prometheus', f'--config.file={home / "prometheus.yml"}', f'--storage.tsdb.path={home / "data"}',
             f'--web.listen-address={_PROMETHEUS}', '--log.level=warn'], cwd=home, stdin=subprocess.DEVNULL)
        until(lambda: _listens(_PROMETHEUS, self._process) and self._is_ready(), 'Prometheus is ready')

    def _receive(self):
        """Stand where an Alertmanager would."""
        alerts = self.alerts

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                for told in json.loads(self.rfile.read(int(self.headers['Content-Length']))):
                    alerts.add(Alert(told))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        address, port = _RECEIVER.split(':')
        server = http.server.ThreadingHTTPServer((address, int(port)), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    @staticmethod
    def _is_ready():
        try:
            with _opener.open(f'http://{_PROMETHEUS}/-/ready', timeout=DEADLINE) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    @staticmethod
    def _ask(path, **parameters):
        address = f'http://{_PROMETHEUS}/api/v1/{path}?{urllib.parse.urlencode(parameters)}'
        try:
            with _opener.open(address, timeout=DEADLINE) as answer:
                return json.load(answer)['data']
        except urllib.error.HTTPError as error:
            raise AssertionError(f'{parameters or path}: {error.read().decode()}') from None

    def query(self, expression):
        """[(labels, value)] at present."""
        return [(each['metric'], float(each['value'][1]))
                for each in self._ask('query', query=expression)['result']]

    def values(self, expression, *labels):
        """{value of the label: value}, of several labels a tuple, of none the only value."""
        found = {tuple(about.get(label, '') for label in labels): value for about, value in self.query(expression)}
        if not labels:
            return found.get(())
        return {key[0] if len(labels) == 1 else key: value for key, value in found.items()}

    def wait_for(self, expected, expression, *labels):
        """Until values() are these."""
        until(lambda: self.values(expression, *labels) == expected,
              f'{expression} is {expected}, not {self.values(expression, *labels)}')

    def metric_names(self):
        return set(self._ask('label/__name__/values'))

    def wait_for_alert(self, name, fires=True, after=0, **labels):
        """The alert with these labels among others."""
        return self.alerts.wait(lambda alert: alert.name == name and alert.fires == fires
                                and labels.items() <= alert.labels.items(), after)

    def firing(self):
        """The names of the alerts that fire at present."""
        return {each['labels']['alertname'] for each in self._ask('alerts')['alerts'] if each['state'] == 'firing'}


def _listens(address, process):
    assert process.poll() is None, f'{process.args[0]} ended with {process.returncode}'
    host, port = address.split(':')
    with socket.socket() as connection:
        return connection.connect_ex((host, int(port))) == 0
