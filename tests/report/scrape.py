#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""scrape.py PROMETHEUS DIR METRICS QUERY... - a Prometheus scrapes the file METRICS as
OpenMetrics, and answers each query: a line of JSON for each. DIR is its own."""
import http.server
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

program, directory, metrics = sys.argv[1:4]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(metrics, 'rb') as file:
            body = file.read()
        self.send_response(200)
        self.send_header('Content-Type',
                         'application/openmetrics-text; version=1.0.0; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def ask(base, path):
    # no proxy of the environment is asked about this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(base + path, timeout=10) as answer:
        return json.load(answer)['data']


def wait_for(base, what):
    until = time.time() + 120
    while time.time() < until:
        try:
            found = what(base)
            if found:
                return found
        except OSError:
            pass
        time.sleep(0.2)
    return None


def query(base, text):
    found = ask(base, '/api/v1/query?query=' + urllib.parse.quote(text))
    return found['result']


def main():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(directory + '/prometheus.yml', 'w') as config:
        json.dump({'scrape_configs': [{
            'job_name': 'dwunw', 'scrape_interval': '1s', 'scrape_timeout': '1s',
            'static_configs': [{'targets': ['127.0.0.1:%d' % server.server_port]}]}]}, config)
    port = free_port()
    with open(directory + '/said', 'w') as said:
        process = subprocess.Popen(
            [program, '--config.file=' + directory + '/prometheus.yml',
             '--storage.tsdb.path=' + directory + '/data',
             '--web.listen-address=127.0.0.1:%d' % port], stdout=said, stderr=said)
    base = 'http://127.0.0.1:%d' % port
    try:
        targets = wait_for(base, lambda b: [t for t in ask(b, '/api/v1/targets')['activeTargets']
                                            if t['health'] != 'unknown'])
        print(json.dumps([[t['health'], t['lastError']] for t in targets or []]))
        for text in sys.argv[4:]:
            wait_for(base, lambda b: query(b, 'up'))
            found = query(base, text)
            print(json.dumps(sorted([sorted((k, v) for k, v in one['metric'].items()
                                            if k not in ('instance', 'job')), one['value'][1]]
                                    for one in found)))
    finally:
        process.terminate()
        process.wait()


main()
