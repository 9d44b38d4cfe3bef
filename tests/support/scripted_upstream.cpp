#include "tests/support/scripted_upstream.h"

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/issue/issue.h"
#include "common/tls/tls_stream.h"

using Status = net::IoResult::Status;

ScriptedUpstream::ScriptedUpstream(net::Transport transport, Script script, std::optional<Sluggish> manner)
    : transport_(transport),
      script_(std::move(script)),
      manner_(manner),
      listener_(net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 128)),
      stopping_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (transport == net::Transport::tls) {
    tls::IssueOptions options;
    options.common_name = "scripted upstream";
    options.names = {"IP:127.0.0.1"};
    const tls::Identity identity = tls::issue_self_signed(options);
    tls::write_file(directory_.file("cert.pem"), identity.certificate, false);
    tls::write_file(directory_.file("key.pem"), identity.key, true);
    context_.emplace(directory_.file("cert.pem"), directory_.file("key.pem"));
  }
  accepting_ = std::thread([this] { accept_all(); });
}

ScriptedUpstream::~ScriptedUpstream() {
  eventfd_write(stopping_.get(), 1);
  accepting_.join();
  for (std::thread& connection : connections_) connection.join();
}

Arguments ScriptedUpstream::as_upstream() const {
  const std::string address = net::SocketAddress::of_socket(listener_.get()).to_string();
  if (transport_ == net::Transport::tcp) return {"--upstream", "tcp://" + address};
  return {"--upstream", "tls://" + address, "--upstream-ca", directory_.file("cert.pem")};
}

std::vector<ScriptedUpstream::Seen> ScriptedUpstream::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

bool ScriptedUpstream::closed(std::size_t connection, net::Deadline deadline) const {
  std::unique_lock lock(mutex_);
  return change_.wait_until(lock, deadline.when(), [&] { return closed_.at(connection); });
}

bool ScriptedUpstream::wait(int fd, int limit_ms) const {
  pollfd entries[2] = {{fd, POLLIN, 0}, {stopping_.get(), POLLIN, 0}};
  return poll(entries, 2, limit_ms) != 0 && entries[1].revents == 0;
}

void ScriptedUpstream::accept_all() {
  while (wait(listener_.get())) {
    net::UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) continue;
    const std::scoped_lock lock(mutex_);
    closed_.push_back(false);
    connections_.emplace_back([this, number = closed_.size() - 1, fd = std::move(socket)]() mutable {
      serve(std::move(fd), number);
    });
  }
}

void ScriptedUpstream::serve(net::UniqueFd socket, std::size_t number) {
  try {
    std::unique_ptr<net::Stream> stream;
    if (context_)
      stream = std::make_unique<tls::TlsStream>(std::move(socket), *context_, "proxy");
    else
      stream = std::make_unique<net::TcpStream>(std::move(socket), "proxy");
    talk(*stream, number);
  } catch (const std::exception&) {
    // The proxy went away, as it may.
  }
  const std::scoped_lock lock(mutex_);
  closed_[number] = true;
  change_.notify_all();
}

void ScriptedUpstream::talk(net::Stream& stream, std::size_t number) {
  net::FrameReader reader;
  const int limit_ms = manner_ ? static_cast<int>(manner_->idle_limit.count()) : -1;
  while (wait(stream.fd(), limit_ms)) {
    net::IoResult result{Status::done};
    while ((result = reader.fill(stream)).status == Status::done)
      while (const auto query = reader.next()) {
        const std::scoped_lock lock(mutex_);
        seen_.push_back({Bytes(query->begin(), query->end()), number});
        const Bytes answer = script_(seen_.back());
        if (!answer.empty()) net::write_frame(stream, answer, net::Deadline::in(kPatience));
        if (manner_) break;
      }
    if (result.status == Status::closed) return;
  }
}

dns::Message answer_to(const dns::Message& query) {
  dns::Message answer;
  answer.header = query.header;
  answer.header.qr = answer.header.ra = true;
  answer.questions = query.questions;
  if (query.edns) answer.edns.emplace();
  return answer;
}
