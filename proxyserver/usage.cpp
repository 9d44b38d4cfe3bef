// What --help prints.
#include "proxyserver/options.h"

const char* const kUsage =
    R"(proxyserver: a DNS-over-TLS proxy, one thread per client connection.

  proxyserver [--listen URI]... [--upstream URI]... [options]

  --listen URI         where clients ask: tls://, tcp:// or udp://HOST[:PORT]; may be repeated
                       (default tls://127.0.0.1:8443; port 0 picks one); all addresses of a HOST that is a name.
                       proxy+tls:// and proxy+tcp://: clients come through a load balancer, see --proxy-from
  --upstream URI       the resolver asked: tls://HOST[:PORT][#NAME] or tcp://HOST[:PORT]; may be repeated, the
                       next is asked when one fails (default tls://1.1.1.1:853#cloudflare-dns.com, then
                       tls://8.8.8.8:853#dns.google); all of one kind, so that no query ever leaves in clear.
                       HOST is an address, or a name: it is looked up every minute, and when all its addresses
                       fail; each of them is an upstream. NAME is then that name, unless given
  --for SUFFIX         the upstream named before it is for names at and below SUFFIX alone; may be repeated. The
                       longest suffix counts; a query goes to no other upstreams than its suffix's. Names below
                       none go to those without --for (or --for .), and are refused if there are none
  --clear              an upstream with --for may be tcp://: what is asked of it leaves in clear
  --bootstrap ADDR[:PORT]
                       a plain DNS resolver to look these names up at (default: as the system does)
  --upstream-ca FILE   trust anchors for tls:// upstreams, PEM (default: the system's). NAME, or else the
                       address, must be among the certificate's subjectAltNames
  --pin sha256/BASE64  a public key that the upstream named before it must have in its chain, besides; may be
                       repeated, any one will do (a spare key's pin belongs there). --pin-only: the pin of its
                       own key is all that is checked, neither trust store nor name
  --policy P           ordered: the first upstream that works (default); fastest: the one that answers soonest
                       (once in 2s at most a query goes to another, to see how fast that is now)
  --retry-on RCODES    servfail, refused or both with a comma between: the upstream's answers that are passed on
                       only after one other has been asked (default: all are passed on at once)
  --cache MB           keep answers while their time lasts, in so many megabytes (default: none; every query goes to an
                       upstream); the same question of many at once is asked once
  --min-ttl SECONDS, --max-ttl SECONDS
                       what is kept is kept for so long at least, at most (defaults 0, 86400)
  --serve-stale SECONDS
                       when no upstream answers, give what expired at most so long ago (default: SERVFAIL)
  --client-ca FILE     two-way TLS: clients must show a certificate that these anchors vouch for
                       (all listeners must then be tls://)
  --cert FILE          certificate chain shown to clients (default cert.pem, else the installed demo one)
  --key FILE           its key (default key.pem)
  --announce NAME      tell who asks for _dns.resolver.arpa SVCB (RFC 9462) that TLS is spoken here, by the name NAME,
                       which the certificate must have (default: nothing is announced; never forwarded)
  --ticket-key-file FILE
                       keys of TLS session tickets that other copies have, too: 80 octets in base64 per line,
                       the first seals, all open (default: keys of its own, new ones twice a day)

  --allow CIDR         who may ask; may be repeated (default: loopback, private, link-local and unique-local
                       networks); others are closed on, or not answered over UDP
  --proxy-from CIDR    the load balancers that connect to proxy+ listeners; may be repeated. Their PROXY header, version
                       2, says who the client is: --allow, limits, logs and captures go by that; others are closed on

  --query-timeout T    a query has its answer, or SERVFAIL, after T (default 5s)
  --hedge-after T      an upstream silent for T: one other is asked too (default 2s)
  --drain-timeout T    told to stop (SIGTERM, SIGINT): what is still there is cut off after T (default 10s); a
                       second signal ends it at once
  --handshake-timeout T, --message-timeout T, --idle-timeout T, --write-timeout T
                       patience with clients: TLS handshake (5s), a message from its first octet to its
                       last (3s), between queries (10s; after eight messages in a row that are no queries it is closed
                       at once), taking answers (5s)
  --max-connections N  client connections at once; more wait in the listen queue (default 4096)
  --max-connections-per-client N
                       of them from one IPv4 address or IPv6 /64 (default 1024); more are closed
  --max-qps-per-client N, --max-handshakes-per-client N
                       queries, or new TLS connections, of such a client per second, twice as many at once
                       (default: any number); beyond: REFUSED (truncated over UDP), or closed
  --max-in-flight N    queries in flight per client connection; beyond, it is not read (default 64)
  --pool-size N        connections to each upstream at most (default 256)
  --udp-workers N      threads per udp:// listener (default 2)

  --pad POLICY         edns: queries that have an OPT are padded towards tls:// upstreams (default);
                       always: the others get an OPT for it, which is taken off the answer

  --user NAME[:GROUP]  started as root: become NAME, for good, once every port is bound and every file is open
                       (GROUP: with that group alone; default: NAME's groups)
  --log-level L        debug, info, warning or error (default info); events go to standard error
  --log-format F       text (default), or json: an object per line
  --query-log FILE     a line for each query that was answered, in that format, names included; -: standard output
  --query-log-privacy P
                       its client is shown by address (full, default), by a hash with a key of this run (hash), or
                       not at all (none). SIGUSR1 opens this file, and that of --trace, again
  --keylog FILE        TLS secrets of all legs, for Wireshark (also by SSLKEYLOGFILE in the environment)
  --capture FILE       the packets of all legs with those secrets, as pcapng: tshark -r FILE -d tls.port==8443,dns
  --trace FILE         what becomes of each query, a line per event, names included; -: standard error
  --config FILE        options from a file, too: long names without dashes, one a line, then blanks and the value; '#'
                       comments. The command line wins; of what may be repeated it replaces all that the file has
  --print-config       prints what is in force, as such a file, with where each value comes from
  --check[=online]     proves files, certificate, key and dates, without serving; with =online each upstream, too.
                       Exit code 0: no error; 1: options; 2: something here; 3: an upstream
  --metrics ADDR:PORT  /metrics for Prometheus, /healthz and /ready for probes, over HTTP (default: none; port 0 picks
                       one, which "metrics URL" tells)
  --help, --version

  An option that would have no effect, such as --cert without a tls:// listener, is an error.
  Sockets that systemd hands over (LISTEN_FDS) are listeners besides: proxyserver(8), SYSTEMD.
  A time T is 5, 2.5s or 300ms. "listening URI" is printed for each listener once it accepts.
  SIGHUP: reads its options and their files again, and says what needs a restart; changed certificates, keys and
  CA files are noticed without it. What is wrong changes nothing; no connection is dropped (man: RELOADING).
  Before it serves it gives up the file system (Landlock), but for the folders of these files, for the system's
  trust store if it needs that, and for /etc and the system's libraries if it looks names up without --bootstrap.

Examples
  proxyserver --upstream tcp://8.8.8.8                  DoT in, plain TCP out (the classroom's model)
  proxyserver --listen tcp://127.0.0.1:5300 --upstream tls://1.1.1.1#cloudflare-dns.com
)";
