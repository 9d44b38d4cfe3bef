// What --help prints.
#include "proxyserver/options.h"

const char* const kUsage =
    R"(proxyserver: a DNS-over-TLS proxy, one thread per client connection.

  proxyserver [--listen URI]... [--upstream URI]... [options]

  --listen URI         accept clients here: tls://, tcp:// or udp://HOST[:PORT]; repeatable (default
                       tls://127.0.0.1:8443; port 0 picks a free one). A HOST that is a name: on all its addresses.
                       proxy+tls:// and proxy+tcp:// are for clients behind a load balancer: see --proxy-from
  --upstream URI       ask this resolver: tls://HOST[:PORT][#NAME] or tcp://HOST[:PORT]; repeatable, the next one is
                       asked when one fails (default tls://1.1.1.1:853#cloudflare-dns.com, then
                       tls://8.8.8.8:853#dns.google). Do not mix tls:// and tcp://: with tls:// no query leaves in
                       clear. HOST is an address or a name. A name is looked up every minute, and again when all its
                       addresses fail; each address is one upstream. Without #NAME the certificate must carry HOST
  --for SUFFIX         ask the upstream before this option only for names at and below SUFFIX; repeatable. The longest
                       suffix counts, and its queries go to no other upstream. Names that match no suffix go to the
                       upstreams without --for (or with --for .); if there are none, they are refused
  --clear              allow an upstream with --for to be tcp://: its queries leave in clear
  --bootstrap ADDR[:PORT]
                       look up upstreams' names at this plain DNS resolver (default: as the system does)
  --upstream-ca FILE   PEM file of CAs that may sign for tls:// upstreams (default: the system's trust store). The
                       certificate must carry NAME or, without one, the address in its subjectAltNames
  --pin sha256/BASE64  the certificate chain of the upstream before this option must also have this public key;
                       repeatable: one match is enough (add the pin of a spare key)
  --pin-only           check only the pin of the server's own key, not the trust store and not the name
  --policy P           ordered: ask the first upstream that works (default); fastest: the one that answers soonest
                       (at most once in 2s one query also goes to another, to measure it)
  --retry-on RCODES    servfail, refused, or both with a comma between: on such an answer ask one other upstream
                       first (default: pass every answer on at once)
  --cache MB           keep answers until their TTL ends, in this many megabytes (default: keep none). When many
                       clients ask the same question at once, the upstream is asked once
  --min-ttl SECONDS, --max-ttl SECONDS
                       with --cache: the shortest and the longest time to keep an answer (defaults 0, 86400)
  --serve-stale SECONDS
                       when no upstream answers, use kept answers that expired at most this long ago (default:
                       SERVFAIL)
  --client-ca FILE     two-way TLS: serve only clients with a certificate that a CA in FILE has signed (all listeners
                       must then be tls://)
  --cert FILE          show clients this certificate chain (default cert.pem, else the installed demo one)
  --key FILE           its key (default key.pem)
  --announce NAME      answer _dns.resolver.arpa SVCB (RFC 9462): this server speaks TLS, and its name is NAME, which
                       the certificate must have (default: announce nothing; such queries are never forwarded)
  --ticket-key-file FILE
                       keys of TLS session tickets, shared with other copies of the proxy: 80 octets in base64 per
                       line; the first key encrypts, every key decrypts (default: own keys, new ones twice a day)

  --allow CIDR         answer these clients only; repeatable (default: loopback, private, link-local and unique-local
                       networks). Connections of others are closed, and their UDP queries get no answer
  --proxy-from CIDR    the load balancers that connect to proxy+ listeners; repeatable. Their PROXY header, version 2,
                       says who the client is: --allow, limits, logs and captures use that address. Connections
                       from elsewhere are closed

  --query-timeout T    end each query after T with SERVFAIL if no answer has come (default 5s)
  --hedge-after T      when an upstream is silent for T, ask one other upstream too (default 2s)
  --drain-timeout T    after SIGTERM or SIGINT, cut connections that are still open after T (default 10s); a second
                       signal stops the program at once
  --handshake-timeout T, --message-timeout T, --idle-timeout T, --write-timeout T
                       how long to wait for a client: TLS handshake (5s); one message, first octet to last (3s); the next
                       query (10s; after eight messages in a row that are no queries the connection is closed at
                       once); the client to take an answer (5s)
  --max-connections N  client connections at once; more wait in the listen queue (default 4096)
  --max-connections-per-client N
                       of these from one IPv4 address or IPv6 /64; more are closed (default 1024)
  --max-qps-per-client N, --max-handshakes-per-client N
                       queries, or new TLS connections, per second from one such client, and up to 2 x N in one burst
                       (default: no limit). More queries get REFUSED (truncated over UDP), more connections are closed
  --max-in-flight N    queries in flight per client connection; at the limit the proxy stops reading (default 64)
  --pool-size N        connections to each upstream at most (default 256)
  --udp-workers N      threads per udp:// listener (default 2)

  --pad POLICY         edns: pad queries that have an OPT on their way to tls:// upstreams (default); always: give the
                       other queries an OPT for it, and remove it from the answer

  --user NAME[:GROUP]  when started as root: become NAME once every port is bound and every file is open, for good
                       (with GROUP: in that group only; default: NAME's groups)
  --log-level L        debug, info, warning or error (default info); events go to standard error
  --log-format F       text (default), or json: one object per line
  --query-log FILE     write a line for each answered query, in that format, names included; -: standard output
  --query-log-privacy P
                       show its client by address (full, default), by a hash with a key of this run (hash), or not at
                       all (none). SIGUSR1 opens this file, and that of --trace, again
  --keylog FILE        write the TLS secrets of all legs, for Wireshark (also by SSLKEYLOGFILE in the environment)
  --capture FILE       write the packets of all legs with those secrets, as pcapng; to read it:
                       tshark -r FILE -d tls.port==8443,dns
  --trace FILE         write what happens to each query, one line per event, names included; -: standard error
  --config FILE        read options from a file too: long names without dashes, one a line, then blanks and the value;
                       '#' begins a comment. The command line wins; for a repeatable option it replaces all values
  --print-config       print what is in force, as such a file, and where each value comes from
  --check[=online]     check files, certificate, key and dates, then exit; =online checks each upstream too.
                       Exit code 0: no error; 1: options; 2: something on this machine; 3: an upstream
  --metrics ADDR:PORT  serve /metrics for Prometheus, /healthz and /ready for probes, over HTTP (default: none; port 0
                       picks a free one, and the line "metrics URL" says which)
  --help, --version

  An option that would have no effect, such as --cert without a tls:// listener, is an error.
  Sockets that systemd hands over (LISTEN_FDS) are listeners too: proxyserver(8), SYSTEMD.
  A time T is 5, 2.5s or 300ms. "listening URI" is printed for each listener once it accepts.
  SIGHUP: read the options and their files again, and log what needs a restart. Changed certificate, key and CA files
  are noticed without it. If a new file or option is wrong, the old one stays; no connection is dropped.
  Before it serves, the proxy drops its access to the file system (Landlock). It keeps the folders of these files,
  the system's trust store if it needs it, and /etc and the system's libraries if it looks up names without
  --bootstrap.

Examples
  proxyserver --upstream tcp://8.8.8.8                  DoT in, plain TCP out (the classroom's model)
  proxyserver --listen tcp://127.0.0.1:5300 --upstream tls://1.1.1.1#cloudflare-dns.com
)";
