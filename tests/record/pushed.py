#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""pushed.py DIR [STATUS...] - a server that takes POST /ingest as Pyroscope does, and keeps
each as DIR/N.pb.gz (the profile) and DIR/N.json (the query, headers, other parts); of OTLP
the body as DIR/N.otlp. The first requests get these statuses instead, "hang" none at all. Prints its port, and ends with its
standard input."""
import email.parser
import email.policy
import http.server
import json
import sys
import threading
import time
import urllib.parse

where, statuses = sys.argv[1], sys.argv[2:]
kept = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        global kept
        body = self.rfile.read(int(self.headers['Content-Length']))
        status = statuses.pop(0) if statuses else '200'
        if status == 'hang':
            time.sleep(60)
            return
        if status == '200':
            self.keep(body)
        self.send_response(int(status))
        self.send_header('Content-Length', '0')
        self.end_headers()

    def keep(self, body):
        global kept
        kept += 1
        if self.headers['Content-Type'] == 'application/x-protobuf':
            with open(f'{where}/{kept}.otlp', 'wb') as out:
                out.write(body)
            with open(f'{where}/{kept}.json', 'w') as out:
                json.dump({'path': self.path, 'headers': dict(self.headers)}, out)
            return
        head = f'Content-Type: {self.headers["Content-Type"]}\r\n\r\n'.encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        parts = {part.get_param('name', header='content-disposition'):
                 part.get_payload(decode=True) for part in message.iter_parts()}
        url = urllib.parse.urlsplit(self.path)
        with open(f'{where}/{kept}.pb.gz', 'wb') as out:
            out.write(parts['profile'])
        with open(f'{where}/{kept}.json', 'w') as out:
            json.dump({'path': url.path, 'query': dict(urllib.parse.parse_qsl(url.query)),
                       'headers': dict(self.headers),
                       'types': json.loads(parts['sample_type_config'])}, out)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
