#!/usr/bin/env bash
# Metrics: a fault, seen as a graph (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "A proxy that counts"
resolver resolver --ca-dir ca
resolver_process=${started[-1]}
proxy proxy --upstream "$resolver" --upstream-ca ca/ca.pem --query-timeout 400ms --metrics 127.0.0.1:0
metrics_port=$(sed -n 's|^metrics http://.*:||p' proxy.log)
say "With --metrics everybody can read the proxy's counters by HTTP: curl http://127.0.0.1:$metrics_port/metrics. Bash can ask too:"
scrape() {
  {
    printf 'GET /metrics HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n' >&7
    cat <&7
  } 7<>"/dev/tcp/127.0.0.1/$metrics_port"
}
declare -f scrape | sed 's/^/    /'
client "@$proxy" --ca cert.pem --short one.tag.test >/dev/null
quiz answer
scrape >page
run grep -E '^dot_proxy_(answers_total|upstream_failing|queries_total).*(} [1-9]|failing)' page
look "a line is a name, labels in braces, and a number. Most numbers only grow: a graph shows how fast."
expect '^dot_proxy_answers_total\{.*rcode="NOERROR".*\} [1-9]'

phase "A fault, and the graph"
say "We read the counters ten times. Before each reading a client asks five questions. After the third reading somebody stops the resolver; after the sixth somebody starts it again. Each # is a good answer, each x a SERVFAIL."
counted() { awk -v rcode="rcode=\"$1\"" '/^dot_proxy_answers_total/ && index($0, rcode) { sum += $NF } END { print sum + 0 }' page; }
bar() { printf "%$1s" '' | tr ' ' "$2"; }
names=(a.tag.test b.tag.test c.tag.test d.tag.test e.tag.test)
good_before=$(counted NOERROR) bad_before=$(counted SERVFAIL)
printf '\n    look  answers  resolver fails\n' | tee graph
for tick in 1 2 3 4 5 6 7 8 9 10; do
  client "@$proxy" --ca cert.pem --short "${names[@]}" >/dev/null 2>&1 || true
  scrape >page
  good=$(counted NOERROR) bad=$(counted SERVFAIL)
  failing=$(sed -n 's/^dot_proxy_upstream_failing{.*} //p' page)
  printf '    %4d  %-7s  %s\n' "$tick" "$(bar $((good - good_before)) '#')$(bar $((bad - bad_before)) x)" "${failing/0/-}" | tee -a graph
  good_before=$good bad_before=$bad
  case $tick in
    3)
      kill "$resolver_process"
      wait "$resolver_process" 2>/dev/null || true
      ;;
    6)
      start resolver_again labresolver --listen "$resolver" --zone "$root/tests/lab/classroom.zone" --ca-dir ca
      # Its first answer ends the fault; the proxy tries a resolver that failed after a quarter of a second.
      until client "@$proxy" --ca cert.pem --short back.tag.test 2>/dev/null | grep -q .; do :; done
      scrape >page
      good_before=$(counted NOERROR) bad_before=$(counted SERVFAIL)
      ;;
  esac
done
look "where the fault begins and ends, and that no question went unanswered: each x is an answer, SERVFAIL, within 400 ms. The gauge 'fails' says that the proxy knows."
# shellcheck disable=SC2034  # expect reads it
output=$(cat graph)
expect '^ +3  #{4,6} +-$'
expect '^ +5  x{4,6} +1$'
expect '^ +10  #{4,6} +-$'

phase "Why"
scrape >page
run grep -E '^dot_proxy_(queries_failed_total|queries_sent_again_total|upstream_connections_failed_total).* [1-9]' page
expect 'dot_proxy_queries_failed_total.* [1-9]'
look "'cause' and 'reason': which kind of failure it was. A graph says that something is wrong; the labels say where to look."

say
say "What you have learnt: counters cost almost nothing. They show a fault, but not who asked for what."
say "To think about: a real system looks every 15 seconds. Which faults does it never see? And which curve should give an alarm at night: the good answers, or the SERVFAILs?"
