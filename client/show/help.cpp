#include "client/show/help.h"

#include <fmt/format.h>

namespace client {

std::string_view help_text() {
  return R"(usage: client [@SERVER] NAME [TYPE] [CLASS] [NAME ...] [options]

Asks a DNS server over TLS and prints the answer as dig does. Without @SERVER it asks the proxy on this
machine, 127.0.0.1:8443; without TYPE, for an address (A). For a server on this machine it trusts cert.pem
only, for other servers the system's trust store; --ca changes that.

examples
  client google.com                      ask the local proxy for an IPv4 address
  client example.com MX example.net AAAA two questions over one connection
  client --short -x 192.0.2.1            the name of an address, nothing else
  client @1.1.1.1 example.org TXT        a public resolver, by the system's trust store
  client @udp://192.0.2.53 example.com   the same in clear, for comparison

where to ask
  @SERVER             [tls://|tcp://|udp://]HOST[:PORT][#NAME]; IPv6 with a port as [ADDRESS]:PORT
  -p, --port PORT     default 853 for tls, 53 for tcp and udp
  -4, -6              use only IPv4, or only IPv6, addresses of a host name
  +tcp, +notcp, +tls  over TCP, over UDP, over TLS (the default)
what to trust
  --ca FILE           PEM file of trust anchors; `system` for the system's store   (+tls-ca=FILE, +tls-ca);
                      default cert.pem for a server on this machine, `system` for any other
  --tls-name NAME     the name or address its certificate must carry, default HOST (+tls-hostname=NAME)
  --pin sha256/BASE64 a key that must also be in its chain; repeatable; --pin-only: check the pin only
  --cert FILE, --key FILE
                      the certificate to show a server that asks for one (two-way TLS)
  --insecure          accept any server; print the error that a strict client would give
  --tls-min, --tls-max 1.0|1.1|1.2|1.3
                      the versions to offer, default 1.2 and 1.3
  --groups LIST       the groups to offer for the key exchange, by OpenSSL's names: X25519MLKEM768:x25519
  --alpn NAME, --sni NAME
                      what to offer in place of "dot" and of the server's name; `none`: nothing
what to ask
  -t, --type TYPE     by name, or TYPEnn; -c, --class CLASS; -q, --query NAME
  -x, --reverse ADDR  the name of an address
  -f, --batch FILE    a question per line, NAME [TYPE] [CLASS]; - for standard input
  +[no]rec +[no]ad +[no]cd +[no]edns +bufsize=N
  --dnssec, --nsid, --keepalive
                      DO; the server's name; how long it keeps a connection        (+[no]dnssec ...)
  --cookie[=HEX]      a cookie, drawn at random unless given                       (+[no]cookie[=HEX])
  --subnet ADDR/LEN   the network that the answer is for                           (+subnet=ADDR/LEN)
  --pad N             pad to a multiple of N octets; 128 over TLS, 0: not at all   (+padding=N)
  +ednsopt=CODE[:HEX] any other EDNS option
  --fixed-id N        the first query's ID, to make two runs look the same; default random
what to show
  --short             the records' data alone                                      (+short)
  --json              a JSON object per question and line, by RFC 8427             (+json)
  --compare           the same by TLS, TCP and UDP, and what differs               (+compare)
  --clear-port PORT   where --compare finds the server's TCP and UDP, default 53
  --color auto|always|never
                      auto: on a terminal, unless NO_COLOR is set
  +[no]all +[no]cmd +[no]comments +[no]question +[no]answer +[no]authority +[no]additional +[no]stats
  --explain[=LEVEL]   the exchange step by step, then every octet of the messages, with its RFC; LEVEL is
                      short (a line per step), full (the default) or expert (what each record is made of, all
                      fields of the handshake)
  --eavesdropper      what someone on the path sees, beside what the two ends see
  --timeline          where the time went, and the round trips, as bars
  --bench N           N questions by each way to ask them: what TLS, tickets and open connections cost; TCP
                      and UDP in clear too, at --clear-port PORT of the same host, default 53
  --discover          ask @ADDRESS in clear where it takes TLS, and check that: verified, opportunistic, or
                      refused with the reason (RFC 9462)
files to write
  --chart FILE        the message sequence chart, .svg, .html or .txt; --proxy-trace FILE, which proxyserver
                      --trace wrote, adds the proxy's other leg
  --session FILE      the TLS session: the next run with the same FILE resumes it
  --keylog FILE       the TLS secrets, for Wireshark (also by SSLKEYLOGFILE in the environment)
  --capture FILE      the packets with those secrets, as pcapng
  --save FILE         the whole run; `client --replay FILE` shows it again in any view, and sends nothing
what to ask you about the run
  --quiz              hide parts of the run and ask about them; type each answer on a line of its own
  --quiz-sheet, --quiz-key
                      the questions for paper, and the answers with the reasons; with --json for programs.
                      Both need one run: --replay FILE
  --seed N            another N gives other questions; --quiz-theme WORD: questions about WORD come first
and
  --timeout SECONDS   for the whole run, default 6; 300ms is a time too            (+time=SECONDS)
  --glossary [WORD]   what a word of DNS or TLS means, and where to see it
  -h, --help; -v, --version

exit codes: 0 a reply came (NXDOMAIN too), 1 usage, 9 no reply in time, 10 internal, 20 refused or
unreachable, 21 TLS handshake, 22 untrusted issuer, 23 wrong name, 24 certificate out of date, 25 wrong pin,
26 CA, certificate or key file unusable, 27 closed early or damaged, 28 malformed or mismatched reply
)";
}

std::string version_text() {
  return fmt::format("client {} (dns-over-tls)\n", CLIENT_VERSION);
}

}  // namespace client
