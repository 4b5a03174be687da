#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""page.py CHROMIUM PAGE [SCREENSHOT] < STEPS - a page in a browser without a screen.

STEPS is a line of JavaScript each, run in the page one after another; each one's value
is printed as a line of JSON. The line "click X Y" presses the mouse there, "type TEXT"
sends keys, "seconds" are those of a processor that the page's thread has used. What the page asks the network for
and what its script throws comes behind, as {"requests": [...], "errors": [...]}. It
speaks the DevTools protocol through the browser's pipes 3 and 4.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile


class Browser:
    def __init__(self, program, profile):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()

        def pipes():
            # they may be 3 and 4 already, the wrong way round
            a, b = os.dup(to_read), os.dup(from_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, '--headless=new', '--no-sandbox', '--disable-gpu',
             '--remote-debugging-pipe', '--no-first-run', '--mute-audio',
             '--disable-background-networking', '--disable-component-update',
             '--disable-dev-shm-usage', '--window-size=1400,1000',
             '--user-data-dir=' + profile, 'about:blank'],
            close_fds=False, preexec_fn=pipes, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.out, self.into = to_write, from_read
        self.left, self.number, self.events = b'', 0, []

    def receive(self):
        while b'\0' not in self.left:
            part = os.read(self.into, 1 << 16)
            if not part:
                sys.exit('the browser has ended')
            self.left += part
        message, self.left = self.left.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        os.write(self.out, json.dumps(message).encode() + b'\0')
        while True:
            answer = self.receive()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    sys.exit('%s: %s' % (method, answer['error']))
                return answer['result']
            self.events.append(answer)

    def until(self, method):
        while True:
            for event in self.events:
                if event.get('method') == method:
                    return event
            self.events.append(self.receive())


def evaluate(browser, session, expression):
    answer = browser.call('Runtime.evaluate', session, expression=expression,
                          returnByValue=True, awaitPromise=True)
    if 'exceptionDetails' in answer:
        return 'exception: ' + json.dumps(answer['exceptionDetails'])
    return answer['result'].get('value')


def step(browser, session, line):
    word, _, rest = line.partition(' ')
    if word == 'click':
        x, y = map(float, rest.split())
        for kind in 'mousePressed', 'mouseReleased':
            browser.call('Input.dispatchMouseEvent', session, type=kind, x=x, y=y,
                         button='left', clickCount=1)
        return 'clicked'
    if word == 'clickat':  # the middle of the element that the expression gives
        x, y = evaluate(browser, session,
                        '(e => { e.scrollIntoView({ block: "center" });'
                        'const r = e.getBoundingClientRect();'
                        'return [r.x + r.width / 2, r.y + r.height / 2]; })(%s)' % rest)
        return step(browser, session, 'click %f %f' % (x, y))
    if word == 'seconds':  # of a processor, that the page's thread has used
        metrics = browser.call('Performance.getMetrics', session)['metrics']
        return next(m['value'] for m in metrics if m['name'] == 'TaskDuration')
    if word == 'type':
        browser.call('Input.insertText', session, text=rest)
        return 'typed'
    return evaluate(browser, session, line)


def main():
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(sys.argv[1], profile)
        target = browser.call('Target.createTarget', url='about:blank')['targetId']
        session = browser.call('Target.attachToTarget', targetId=target,
                               flatten=True)['sessionId']
        browser.call('Performance.enable', session, timeDomain='threadTicks')
        for domain in 'Page', 'Network', 'Runtime', 'Log':
            browser.call(domain + '.enable', session)
        page = 'file://' + os.path.abspath(sys.argv[2])
        browser.call('Page.navigate', session, url=page)
        browser.until('Page.loadEventFired')
        for line in sys.stdin:
            if line.strip():
                print(json.dumps(step(browser, session, line.rstrip('\n'))), flush=True)
        if len(sys.argv) > 3:
            shot = browser.call('Page.captureScreenshot', session,
                                captureBeyondViewport=True)
            with open(sys.argv[3], 'wb') as out:
                out.write(base64.b64decode(shot['data']))
        requests = [event['params']['request']['url'] for event in browser.events
                    if event.get('method') == 'Network.requestWillBeSent']
        errors = [event for event in browser.events
                  if event.get('method') in ('Runtime.exceptionThrown', 'Log.entryAdded',
                                             'Page.javascriptDialogOpening')]
        print(json.dumps({'requests': [url for url in requests if url != page],
                          'errors': errors}))
        browser.call('Browser.close')
        browser.process.wait()


main()
