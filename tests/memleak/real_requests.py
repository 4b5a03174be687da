# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""real_requests.py SECONDS PORT [TLS_PORT]: requests of many kinds to a server
on the loopback interface, for so long, from when
it is there until it has ended."""
import http.client
import socket
import ssl
import sys
import time

seconds, port, *tls_port = map(int, sys.argv[1:])
unchecked = ssl.create_default_context()
unchecked.check_hostname = False
unchecked.verify_mode = ssl.CERT_NONE


def several(connection):
    for method, path, body in (
            ("GET", "/page.html", None), ("GET", "/", None),
            ("HEAD", "/page.html", None), ("GET", "/missing", None),
            ("GET", "/again/page.html", None), ("GET", "/page.html?a=1", None),
            ("POST", "/page.html", b"x" * 20000)):
        try:
            connection.request(method, path, body,
                               {"Accept-Encoding": "gzip"})
            connection.getresponse().read()
        except ConnectionRefusedError:
            sys.exit()  # it has ended
        except Exception as error:
            print(method, path, repr(error), file=sys.stderr)
            connection.close()  # the next request opens it again
    connection.close()


def is_there():
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


end = time.monotonic() + seconds
while time.monotonic() < end and not is_there():
    time.sleep(0.1)
while time.monotonic() < end:
    several(http.client.HTTPConnection("127.0.0.1", port, timeout=10))
    if tls_port:
        several(http.client.HTTPSConnection("127.0.0.1", tls_port[0],
                                            timeout=10, context=unchecked))
