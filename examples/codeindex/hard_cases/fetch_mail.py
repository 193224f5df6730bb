"""Nightly POP3 fetch, from before Python 3."""

import poplib
import sys


class Fetcher:
    def __init__(self, host, user, password):
        self.box = poplib.POP3(host)
        self.box.user(user)
        self.box.pass_(password)

    def fetch(self):
        count = len(self.box.list()[1])
        print "fetching %d messages" % count
        for number in range(1, count + 1):
            yield "\n".join(self.box.retr(number)[1])


def main():
    try:
        for message in Fetcher(*sys.argv[1:4]).fetch():
            print message
    except poplib.error_proto, error:
        print >>sys.stderr, "mail server said no:", error
        sys.exit(1)


if __name__ == "__main__":
    main()
