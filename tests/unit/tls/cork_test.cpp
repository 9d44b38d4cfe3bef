// Many messages, a TLS record each, in one system call: FrameWriter::flush_each() on a corked stream.
#include <fmt/format.h>

#include "common/net/framing.h"
#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using Status = net::IoResult::Status;

namespace {

struct SendCounter final : net::Watcher {
  int sends = 0;
  void sent(ByteView) noexcept override { ++sends; }
  void received(ByteView) noexcept override {}
};

// A server and a client that have shaken hands.
struct Pair {
  tls::ServerContext server_context = classroom().server();
  tls::ClientContext client_context{classroom().options()};
  End server{server_context};
  End client{client_context};

  Pair() { shake(client, server); }

  // What the client reads of what is on its way to it; `wire` goes in pieces that fit into the socket.
  void deliver(net::FrameReader& reader, std::vector<std::string>& messages) {
    const Bytes wire = server.cable.take();
    for (std::size_t at = 0; at < wire.size(); at += kPiece) {
      client.cable.give(ByteView(wire).subspan(at, std::min(kPiece, wire.size() - at)));
      while (reader.fill(client.stream).status == Status::done || client.stream.has_buffered())
        while (const auto message = reader.next()) messages.emplace_back(message->begin(), message->end());
    }
  }
  static constexpr std::size_t kPiece = 30'000;
};

std::size_t records_in(ByteView wire) {  // a header of 5 octets, its last two the length (RFC 8446 §5.1)
  std::size_t count = 0;
  for (std::size_t at = 0; at + 5 <= wire.size(); ++count)
    at += 5 + (static_cast<std::size_t>(wire[at + 3]) << 8 | wire[at + 4]);
  return count;
}

}  // namespace

TEST_CASE("Three messages flushed each are three records and one system call") {
  Pair pair;
  pair.server.cable.take();
  SendCounter counter;
  pair.server.stream.watch(counter);
  net::FrameWriter writer;
  for (const char* const text : {"one", "two", "three"}) writer.add(octets(text));
  CHECK(writer.flush_each(pair.server.stream) == Status::done);
  CHECK(writer.empty());
  CHECK(counter.sends == 1);
  const Bytes wire = pair.server.cable.take();
  CHECK(records_in(wire) == 3);
}

TEST_CASE("A message longer than a record is flushed whole") {
  Pair pair;
  const std::string text(65535, 'x');
  net::FrameWriter writer;
  writer.add(octets(text));
  net::FrameReader reader;
  std::vector<std::string> messages;
  for (int step = 0; step < 100 && messages.empty(); ++step) {
    writer.flush_each(pair.server.stream);
    pair.deliver(reader, messages);
  }
  REQUIRE(messages.size() == 1);
  CHECK((messages[0] == text));
  CHECK_THROWS_AS(writer.add(octets(text + 'x')), std::length_error);
  CHECK(writer.empty());
}

TEST_CASE("What a full socket does not take stays, counts as unwritten, and arrives in order later") {
  Pair pair;
  net::FrameWriter writer;
  std::size_t added = 0;
  const auto text = [](std::size_t number) { return fmt::format("{:0>2000}", number); };
  while (writer.flush_each(pair.server.stream) == Status::done) {
    for (int i = 0; i < 10; ++i) writer.add(octets(text(added++)));
  }
  const std::size_t unwritten = writer.size();
  CHECK(unwritten > 0);
  writer.add(octets(text(added++)));  // joins behind what is half on its way
  CHECK(writer.flush_each(pair.server.stream) == Status::want_write);
  CHECK(writer.size() == unwritten + 2 + 2000);

  net::FrameReader reader;
  std::vector<std::string> messages;
  for (int step = 0; step < 1000 && messages.size() < added; ++step) {
    pair.deliver(reader, messages);
    writer.flush_each(pair.server.stream);
  }
  CHECK(writer.empty());
  REQUIRE(messages.size() == added);
  for (std::size_t i = 0; i < added; ++i) CHECK((messages[i] == text(i)));
}
