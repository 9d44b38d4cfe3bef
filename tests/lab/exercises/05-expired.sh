#!/usr/bin/env bash
# Expired: a certificate that was good until yesterday (5 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "Yesterday's certificate"
resolver resolver --fault expired
run client "@$resolver" --ca "$resolver_ca" google.com
look "the date, and for how long it has been out of date. Why is the date checked at all, when the key is the same as yesterday?"
expect_status 24
expect 'has expired'
expect 'ago'
quiz trust
