#!/usr/bin/env bash
# Post-quantum: what is recorded today, and decrypted later (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "Is there anything to see here?"
run client --groups X25519MLKEM768 --version
if [ "$status" -ne 0 ]; then
  say "Skipped: this exercise needs OpenSSL 3.5 or newer, and this one has no post-quantum groups. It is in Debian 13, for one."
  exit 0
fi
say "This OpenSSL has X25519MLKEM768."

phase "Record now, decrypt later"
say "Somebody records a connection today, and sees its two key shares. To compute the connection's keys from x25519 key shares, one needs a quantum computer, which nobody has yet. But the attacker can keep the recording and wait. So the key exchange must be strong enough today against a later quantum computer."
resolver resolver
run client "@$resolver" --ca "$resolver_ca" --groups x25519 --explain +noall +stats google.com
look "the two lines 'key_share', 32 octets each; and below 'TLS is open', who can read this later."
expect_status 0
expect 'TLS: TLSv1\.3, [A-Z0-9_]+, x25519, '
expect 'key_share: x25519, 32 octets'
expect 'x25519 is classical'
classical_hello=$(value 'ClientHello, [0-9]+' | tr -dc 0-9)
classical_bytes=$(value '[0-9]+ for handshake' | tr -dc 0-9)

phase "The same, with what OpenSSL offers by itself"
run client "@$resolver" --ca "$resolver_ca" --explain +noall +stats google.com
look "'key_share' again. X25519MLKEM768 is two key exchanges in one: x25519, in case that ML-KEM, which is young, has a flaw; and ML-KEM-768 (FIPS 203), which no quantum computer is known to break. Whoever wants the keys must break both."
expect_status 0
expect 'TLS: TLSv1\.3, [A-Z0-9_]+, X25519MLKEM768 \(hybrid, post-quantum\), '
expect 'key_share: X25519MLKEM768, 1216 octets \(1184 of ML-KEM-768 and 32 of x25519\)'
expect 'key_share: X25519MLKEM768, 1120 octets \(1088 of ML-KEM-768 and 32 of x25519\)'
expect 'X25519MLKEM768 is a hybrid'
quiz key-exchange
hybrid_hello=$(value 'ClientHello, [0-9]+' | tr -dc 0-9)
hybrid_bytes=$(value '[0-9]+ for handshake' | tr -dc 0-9)
[ "$hybrid_hello" -gt 1400 ] || fail "a ClientHello of $hybrid_hello octets"

phase "What it costs"
say "The ClientHello grew from $classical_hello octets to $hybrid_hello; all that we sent for the handshake, from $classical_bytes to $hybrid_bytes."
look "a packet of Ethernet carries 1,460 octets. Into how many does each ClientHello go, and what if a server, or a box on the way, takes for granted that it is one?"
run client "@$resolver" --ca "$resolver_ca" --timeline google.com +noall
look "the round trips are those of before: more octets, no more waiting. The second share in the ClientHello, of x25519, is for a server that has nothing newer."
expect_status 0
expect 'key shares of 1248 octets sent, 1120 received'
expect 'TLS handshake .* 1  TLSv1\.3, full'

phase "A server that wants neither"
resolver old --groups secp384r1
run client "@$old" --ca "$old_ca" --eavesdropper --timeline google.com +noall
look "HelloRetryRequest: the client guessed the wrong group, and that costs one more round trip. The groups are in clear in every hello: an attacker who records can see which connections are worth keeping."
expect_status 0
expect 'HelloRetryRequest'
expect 'TLS handshake .* 2  TLSv1\.3, full'

phase "Both legs, through the proxy"
proxy proxy --upstream "$resolver#lab.test" --upstream-ca "$resolver_ca" --trace trace
run client "@$proxy" --short google.com
expect_status 0
run grep -E ' (handshake|connected) ' trace
look "both legs are hybrid. If one leg were not, an attacker could record that one."
[ "$(grep -c 'group=X25519MLKEM768' trace)" -eq 2 ] || fail "a leg is not post-quantum"

say
say "What is not post-quantum yet: the certificate. Its signature must be safe only during the handshake: somebody who can forge signatures later cannot change a handshake of today."
