// The HTTP/1.1 that the metrics are asked for in: what is a request, and what is refused (RFC 9112).
#include "proxyserver/watching/http_request.h"

#include "tests/support/catch.h"

using namespace std::string_literals;
using Catch::Matchers::Contains;

TEST_CASE("requests in order are taken, whatever fields they have") {
  struct Case {
    std::string octets;
    std::string path;
    bool reads = true, head_only = false;
  };
  const Case cases[] = {
      {"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "/metrics"},
      {"HEAD /ready HTTP/1.1\r\nhOST:a:9153\r\nAccept: */*\r\n\r\n", "/ready", true, true},
      {"GET /metrics HTTP/1.0\r\n\r\n", "/metrics"},
      {"GET /metrics?debug=1 HTTP/1.1\r\nHost:\r\n\r\n", "/metrics"},
      {"GET http://127.0.0.1:9153/healthz HTTP/1.1\r\nHost: a\r\n\r\n", "/healthz"},
      {"GET http://127.0.0.1:9153 HTTP/1.1\r\nHost: a\r\n\r\n", "/"},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "/"},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "/metrics", false},
      {"get /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "/metrics", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\ttab\r\n\r\n", "/"},
      {"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n", "/a"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.octets);
    const auto request = http::parse(one.octets);
    REQUIRE(request.has_value());
    CHECK(request->error == 0);
    CHECK(request->path == one.path);
    CHECK(request->reads == one.reads);
    CHECK(request->head_only == one.head_only);
  }
}

TEST_CASE("what is no request in order is refused with the status that says why") {
  struct Case {
    std::string octets;
    unsigned status;
  };
  const Case cases[] = {
      {"GET /metrics HTTP/1.1\r\n\r\n", 400},                 // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},  // two
      {"GET /\r\n\r\n", 400},                                 // HTTP/0.9
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},            // an empty target, or a blank in it
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET metrics HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},              // HTTP/2's preface (RFC 9113 §3.4)
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},            // RFC 9112 §5.1
      {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},  // §5.2
      {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n: none\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n", 400},  // a bare LF
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},     // a bare CR (§2.2)
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"s, 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01", 400},  // TLS
      {"\x00\x1d\x12\x34"s, 400},         // DNS
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /" + std::string(5000, 'a'), 414},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(5000, 'a'), 431},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(5000, 'a') + "\r\n\r\n", 431},
  };
  for (const Case& one : cases) {
    CAPTURE(one.octets.substr(0, 80), one.octets.size());
    const auto request = http::parse(one.octets);
    REQUIRE(request.has_value());
    CHECK(request->error == one.status);
  }
}

TEST_CASE("a request may come octet by octet") {
  const std::string whole = "\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(http::parse(std::string_view(whole).substr(0, size)).has_value());
  }
  CHECK(http::parse(whole)->path == "/metrics");
}

TEST_CASE("a response says its length, its time and that the connection ends, HEAD's has no content") {
  http::Response response;
  response.status = 405;
  response.content = "no\n";
  response.allow = "GET, HEAD";
  const std::string head =
      "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\nCache-Control: no-store\r\n"
      "Connection: close\r\nAllow: GET, HEAD\r\n\r\n";
  CHECK(http::to_wire(response, false, 784111777) == head + "no\n");
  CHECK(http::to_wire(response, true, 784111777) == head);
}
