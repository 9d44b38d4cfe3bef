#!/usr/bin/env bash
# Two-way TLS: a server that asks its clients who they are (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"
need openssl openssl

# issue NAME CA: a key, and a certificate for it that CA signs.
issue() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 1 -out "$1.pem" 2>/dev/null
}
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -days 1 -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

phase "A school that knows its pupils"
say "So far the client has checked the server, and the server has accepted everybody. In two-way TLS both show a certificate. The school has a CA for its pupils, and the proxy accepts only clients with a certificate that this CA has signed:"
authority school
issue anna school
resolver resolver
proxy proxy --upstream "$resolver" --upstream-ca "$resolver_ca" --client-ca school.pem --trace trace
say "    proxyserver --client-ca school.pem ..."

phase "A client without a certificate"
run client "@$proxy" --ca cert.pem --short www.example.com
look "who ends the connection, and by which alert. The client had accepted the server's certificate before that."
expect_status 21
expect 'alert certificate_required'

phase "A client with a wrong one"
authority stranger
issue eve stranger
run client "@$proxy" --ca cert.pem --cert eve.pem --key eve.key --short www.example.com
look "another alert. Eve's certificate is in good order: but the proxy does not know the CA that signed it."
expect_status 21
expect 'alert unknown_ca'
await 2 ' closed ' trace
run grep ' closed ' trace
look "the same two closed connections, as the proxy logs them. The trace has no question from these clients: without a complete handshake the proxy reads none."
[ "$(grep -c ' query ' trace)" -eq 0 ] || fail "a question came through"

phase "A client with the right one"
run client "@$proxy" --ca cert.pem --cert anna.pem --key anna.key --eavesdropper +noall +answer www.example.com
look "in the right column, 'CertificateRequest' by the server and then 'Certificate' by the client. In the left column both are encrypted: in TLS 1.3 nobody on the path reads Anna's name. In TLS 1.2 everybody does."
expect_status 0
expect 'CertificateRequest'
quiz path

say
say "What you have learnt: TLS can prove both ends. The server's certificate protects the client from an impostor; the client's certificate decides who may ask."
say "To think about: the proxy refused Eve after the client thought that the handshake was over. Why can a client of TLS 1.3 learn of that only when it reads? And what has a school to do when Anna loses her key?"
