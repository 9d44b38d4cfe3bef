// The proxy's capture, where there is no memory. All of this program's memory comes through here; not under a
// sanitizer, which brings an operator new of its own.
#if !SANITIZED
#include "proxyserver/watching/capture.h"

#include <cstdlib>
#include <new>
#include <sys/socket.h>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

thread_local bool out_of_memory = false;

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = out_of_memory ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
// Inlined, GCC 12 would take their free() for the wrong partner of operator new.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

TEST_CASE("what there is no memory for is missing from the capture, and nothing ends") {
  const TempDir directory;
  const std::string file = directory.file("run.pcapng");
  const auto address = net::SocketAddress::parse("127.0.0.1", 53).value();
  const net::UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  const Bytes octets(100, 'x');
  Capture capture(file);
  CapturedConnection connection(capture, socket.get(), net::SocketAddress::of_socket(socket.get()),
                                CapturedConnection::Side::connecting);
  const std::size_t before = content_of(file).size();
  out_of_memory = true;
  capture.add_secret("CLIENT_RANDOM 00 00");
  capture.add_datagram(address, address, octets);
  connection.sent(octets);
  connection.closed(true);
  out_of_memory = false;
  CHECK(content_of(file).size() == before);
  capture.add_secret("CLIENT_RANDOM 00 00");
  CHECK(content_of(file).find("CLIENT_RANDOM 00 00") != std::string::npos);
}
#endif
